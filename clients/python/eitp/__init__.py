"""The Python client of the Emotional Intelligence Transfer Protocol."""

from __future__ import annotations

__all__: list[str] = []
