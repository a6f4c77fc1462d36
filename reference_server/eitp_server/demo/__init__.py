"""The demo: a server, shoppers that play recordings through its public interface, and a picture.

Knows the server only as a process to start; everything else goes through `eitp.client`.
"""

from __future__ import annotations

from .run import run_demo

__all__ = ["run_demo"]
