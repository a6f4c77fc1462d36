"""What survives a restart: the log port, its adapters, the tables and their migrations.

The rest of the server reaches it through ports and never sees a database.
"""
