"""The one error of an off-policy estimate: the files cannot be read or do not fit together."""

from __future__ import annotations


class OffPolicyError(Exception):
    """The message says what was wrong, in which file, column and row, and what would be right."""
