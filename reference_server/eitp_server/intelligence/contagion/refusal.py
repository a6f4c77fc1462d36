"""Why there is no analysis: a reason that a program can read, and a sentence for people."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What keeps series from being analysed."""

    INSUFFICIENT = "INSUFFICIENT"
    """Fewer than two regions, or fewer than 240 minutes in which all of them have a value."""
    UNSTABLE = "UNSTABLE"
    """The fitted system does not settle: its spectral radius is 0.999 or more."""
    CONSTANT = "CONSTANT"
    """A series does not move."""
    DUPLICATE = "DUPLICATE"
    """A series is another one, up to its level and its scale."""
    SINGULAR = "SINGULAR"
    """A series is a sum of others or of its own past, so that no fit is the only one."""
    UNDERDETERMINED = "UNDERDETERMINED"
    """There are fewer rows than parameters to fit."""
    NOT_FINITE = "NOT_FINITE"
    """A value is missing or infinite where none may be."""


class Refused(Exception):
    """There is no analysis; the message says why and what would be right."""

    def __init__(self, reason: Reason, explanation: str) -> None:
        super().__init__(f"{reason}: {explanation}")
        self.reason = reason
        self.explanation = explanation
