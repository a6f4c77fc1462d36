"""The history of the schema, one file per change, run by Alembic; `migration.py` is the way in."""
