"""The errors of the boundary itself, each in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp_server.errors import Exhausted, Invalid, Reason, Unavailable, Unimplemented

if TYPE_CHECKING:
    from eitp_server.errors import Violation

RETRY_AFTER_SECONDS = 1.0


def draining() -> Unavailable:
    """Return the error of every call that a server gets, or still has, while it shuts down."""
    return Unavailable(
        Reason.DRAINING, "The server is shutting down.", retry_after=RETRY_AFTER_SECONDS
    )


def not_implemented(path: str) -> Unimplemented:
    """Return the error of a call that this server does not offer."""
    return Unimplemented(
        Reason.NOT_IMPLEMENTED,
        f"This server does not offer {path}; GetCapabilities lists what it offers.",
        metadata={"method": path},
    )


def unknown_encoding(name: str) -> Unimplemented:
    """Return the error of a compression that no transport here knows."""
    return Unimplemented(
        Reason.NOT_IMPLEMENTED,
        f"Messages compressed with {name} are not understood; gzip and identity are.",
        metadata={"encoding": name},
    )


def too_large(limit: int) -> Exhausted:
    """Return the error of a message above `limit` bytes."""
    return Exhausted(
        Reason.MESSAGE_TOO_LARGE,
        f"The message holds more than {limit} bytes; send less at once.",
        metadata={"limit": str(limit)},
    )


def too_late(seconds: float | None) -> Exhausted:
    """Return the error of a call that took longer than it may."""
    return Exhausted(
        Reason.OVERLOADED,
        f"The server did not finish the call within {seconds} s.",
        retry_after=RETRY_AFTER_SECONDS,
    )


def malformed(what: str) -> Invalid:
    """Return the error of bytes that are no message."""
    return Invalid(Reason.MALFORMED_MESSAGE, what)


def invalid(broken: tuple[Violation, ...]) -> Invalid:
    """Return the error of a message that breaks rules of its schema."""
    first = broken[0]
    more = f" ({len(broken) - 1} more)" if len(broken) > 1 else ""
    where = f"{first.field}: " if first.field else ""
    return Invalid(Reason.FIELD_INVALID, f"{where}{first.description}{more}", violations=broken)
