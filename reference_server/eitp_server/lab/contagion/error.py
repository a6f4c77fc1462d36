"""The one error of contagion over files: what was given cannot be read or judged."""

from __future__ import annotations


class ContagionError(Exception):
    """The message says what is wrong, in which file, column and row, and what would be right."""
