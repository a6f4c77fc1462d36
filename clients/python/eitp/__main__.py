"""Runs the command line as `python -m eitp`."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
