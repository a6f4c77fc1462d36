"""How calls arrive: the gRPC server, the web server, and the boundary that both pass.

The boundary authenticates, validates, limits, and turns domain errors into statuses.
"""
