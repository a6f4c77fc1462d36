"""The one error of a transfer table: what it says cannot be analysed."""

from __future__ import annotations


class TransferError(Exception):
    """The message says what was wrong, where, and what would be right."""
