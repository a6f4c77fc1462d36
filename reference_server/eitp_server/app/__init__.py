"""The composition root: builds every part once and joins them.

`stores` is what outlives the process, `core` the tick, `beside` the slow paths, `roster` the
services, `server` brings all of it up and down.
"""

from __future__ import annotations

from eitp_server.app.development import DevelopmentKeys, create_development_tenant
from eitp_server.app.scope import ALL_SCOPES
from eitp_server.app.server import Server, running

__all__ = [
    "ALL_SCOPES",
    "DevelopmentKeys",
    "Server",
    "create_development_tenant",
    "running",
]
