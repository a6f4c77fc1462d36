"""The command line `eitp`: one module per command, and what they share in `terminal`."""

from __future__ import annotations

from .app import app, main

__all__ = ["app", "main"]
