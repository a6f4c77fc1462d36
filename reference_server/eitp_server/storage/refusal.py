"""What a caller hears when the log has no room, or no longer has what was asked for."""

from __future__ import annotations

from eitp_server.errors import Exhausted, OutOfRange, Reason

_RETRY_AFTER_SECONDS = 30.0


def storage_full() -> Exhausted:
    """Return the error of every write that finds no room."""
    return Exhausted(
        Reason.STORAGE_FULL,
        "The server's storage is full; nothing of this was written.",
        retry_after=_RETRY_AFTER_SECONDS,
    )


def require_kept(after: int, oldest: int) -> None:
    """Raise `OutOfRange(CURSOR_COMPACTED)` when the position after `after` is below `oldest`."""
    if after + 1 < oldest:
        raise OutOfRange(
            Reason.CURSOR_COMPACTED,
            f"Positions right after {after} are not kept any more; the oldest kept is {oldest}.",
            metadata={"after": str(after), "oldest": str(oldest)},
        )
