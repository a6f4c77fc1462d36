"""Runs the command line as `python -m eitp_server`."""

from __future__ import annotations

from eitp_server.cli import main

if __name__ == "__main__":
    main()
