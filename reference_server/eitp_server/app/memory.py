"""Gives memory back to the system that the C library would keep."""

from __future__ import annotations

import ctypes
from typing import Final

_KEEP: Final = 0


def give_back() -> None:
    """Return free pages of the heap; takes some milliseconds, and nothing without glibc.

    The copy of the state that becomes a snapshot consists of hundreds of arrays. Once they are
    freed, the library would keep their room for as long as something small lies behind it.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(_KEEP)
