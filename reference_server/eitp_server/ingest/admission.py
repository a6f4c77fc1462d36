"""Which batches are applied: each once, in order, with a bounded wait for missing ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.ingest.session_table import DIGESTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from eitp_server.ingest.session_table import SessionColumns

WAIT_US: Final = 2_000_000
"""How long a batch that came too early waits for the missing ones."""
MAX_WAITING: Final = 8
"""Batches that wait at most; one more, and the missing ones are given up."""
MAX_AHEAD: Final = 1024
"""How far ahead of the next sequence a batch may be."""
_LOST: Final = 0
"""Digest of a batch that was given up, which one batch in 2**32 has by chance."""


class Verdict(IntEnum):
    """What becomes of a batch."""

    APPLIED = 0
    DUPLICATE = 1
    WAITING = 2
    CONFLICT = 3
    TOO_FAR_AHEAD = 4
    BROKEN = 5
    TOO_LATE = 6


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch that came before its turn."""

    payload: bytes
    digest: int
    since_us: int


@dataclass(slots=True, kw_only=True)
class Admitted:
    """Verdicts of one tick."""

    verdict: NDArray[np.int8]
    """(B,) a `Verdict` for each new batch."""
    released: list[tuple[int, int, bytes]] = field(default_factory=list["tuple[int, int, bytes]"])
    """(slot, sequence, payload) of batches that had waited and are applied now."""


class Admission:
    """Per-session order over the session table.

    Almost every batch is the next one of its session; those are settled for all sessions at once.
    Only sessions that are out of order are looked at one by one.
    """

    def __init__(self, sessions: SessionColumns) -> None:
        self._sessions = sessions
        self._waiting: dict[int, dict[int, Waiting]] = {}

    def admit(
        self,
        slot: NDArray[np.int64],
        sequence: NDArray[np.int64],
        digest: NDArray[np.uint32],
        broken: NDArray[np.bool_],
        payload: list[bytes],
        now_us: int,
    ) -> Admitted:
        """Decide on the batches of a tick, all arrays (B,) in arrival order."""
        admitted = Admitted(verdict=np.zeros(len(slot), np.int8))
        order = np.argsort(slot, kind="stable")
        by_slot, by_sequence = slot[order], sequence[order]
        expected = self._sessions.next_sequence[by_slot] + _rank(by_slot)
        odd = (by_sequence != expected) | broken[order]
        if self._waiting:
            odd |= np.isin(by_slot, list(self._waiting))
        odd_slots = np.unique(by_slot[odd])
        plain = ~np.isin(by_slot, odd_slots) if len(odd_slots) else np.ones(len(slot), np.bool_)
        self._sessions.next_sequence[by_slot[plain]] = expected[plain] + 1
        self._sessions.digest[by_slot[plain], by_sequence[plain] % DIGESTS] = digest[order[plain]]
        indices: list[int] = order[~plain].tolist()
        for index in indices:
            admitted.verdict[index] = self._one(
                int(slot[index]),
                int(sequence[index]),
                Waiting(payload[index], int(digest[index]), now_us),
                broken=bool(broken[index]),
                released=admitted.released,
            )
        return admitted

    def overdue(self, now_us: int) -> list[tuple[int, int, bytes]]:
        """Give up what was waited for too long; return (slot, sequence, payload) released by it."""
        released: list[tuple[int, int, bytes]] = []
        for slot in self._due_slots(now_us):
            self._give_up(slot, released)
        return released

    def skip(self, now_us: int) -> None:
        """Drop all that waits in sessions that waited too long, and count it as lost."""
        for slot in self._due_slots(now_us):
            waiting = self._waiting.pop(slot)
            following = max(waiting) + 1
            missing = range(
                max(int(self._sessions.next_sequence[slot]), following - DIGESTS), following
            )
            self._sessions.digest[slot, [sequence % DIGESTS for sequence in missing]] = _LOST
            self._sessions.lost[slot] += following - self._sessions.next_sequence[slot]
            self._sessions.next_sequence[slot] = following

    def next_due_us(self) -> int | None:
        """Return the log time at which `overdue` has something to do."""
        since = (w.since_us for waiting in self._waiting.values() for w in waiting.values())
        oldest = min(since, default=None)
        return None if oldest is None else oldest + WAIT_US

    def waiting(self, slot: int) -> int:
        """Return how many batches of a session wait."""
        return len(self._waiting.get(slot, ()))

    def forget(self, slots: Iterable[int]) -> None:
        """Drop what waits in slots that are being freed."""
        for slot in slots:
            self._waiting.pop(slot, None)

    def dump(self) -> list[Any]:
        """Return what waits, JSON-able."""
        return [
            [slot, sequence, batch.payload.hex(), batch.digest, batch.since_us]
            for slot, waiting in sorted(self._waiting.items())
            for sequence, batch in sorted(waiting.items())
        ]

    def load(self, document: list[Any]) -> None:
        """Take over what `dump` returned."""
        self._waiting = {}
        for slot, sequence, payload, digest, since_us in document:
            batch = Waiting(bytes.fromhex(payload), digest, since_us)
            self._waiting.setdefault(slot, {})[sequence] = batch

    def _one(
        self,
        slot: int,
        sequence: int,
        batch: Waiting,
        *,
        broken: bool,
        released: list[tuple[int, int, bytes]],
    ) -> Verdict:
        if broken:
            return Verdict.BROKEN
        following = int(self._sessions.next_sequence[slot])
        if sequence < following:
            return self._repeated(slot, sequence, following, batch.digest)
        if sequence == following:
            self._apply(slot, sequence, batch.digest)
            self._release(slot, released)
            return Verdict.APPLIED
        if sequence > following + MAX_AHEAD:
            return Verdict.TOO_FAR_AHEAD
        waiting = self._waiting.setdefault(slot, {})
        if sequence in waiting:
            same = waiting[sequence].digest == batch.digest
            return Verdict.DUPLICATE if same else Verdict.CONFLICT
        waiting[sequence] = batch
        if len(waiting) > MAX_WAITING:
            self._give_up(slot, released)
        return Verdict.WAITING

    def _repeated(self, slot: int, sequence: int, following: int, digest: int) -> Verdict:
        if sequence <= following - 1 - DIGESTS:
            return Verdict.DUPLICATE
        known = int(self._sessions.digest[slot, sequence % DIGESTS])
        if known == _LOST:
            return Verdict.TOO_LATE
        return Verdict.DUPLICATE if known == digest else Verdict.CONFLICT

    def _apply(self, slot: int, sequence: int, digest: int) -> None:
        self._sessions.digest[slot, sequence % DIGESTS] = digest
        self._sessions.next_sequence[slot] = sequence + 1

    def _release(self, slot: int, released: list[tuple[int, int, bytes]]) -> None:
        waiting: Mapping[int, Waiting] = self._waiting.get(slot, {})
        while (sequence := int(self._sessions.next_sequence[slot])) in waiting:
            batch = self._waiting[slot].pop(sequence)
            self._apply(slot, sequence, batch.digest)
            released.append((slot, sequence, batch.payload))
        if not waiting:
            self._waiting.pop(slot, None)

    def _give_up(self, slot: int, released: list[tuple[int, int, bytes]]) -> None:
        first = min(self._waiting[slot])
        following = int(self._sessions.next_sequence[slot])
        for missing in range(max(following, first - DIGESTS), first):
            self._sessions.digest[slot, missing % DIGESTS] = _LOST
        self._sessions.lost[slot] += first - following
        self._sessions.next_sequence[slot] = first
        self._release(slot, released)

    def _due_slots(self, now_us: int) -> list[int]:
        return [
            slot
            for slot, waiting in sorted(self._waiting.items())
            if min(batch.since_us for batch in waiting.values()) + WAIT_US <= now_us
        ]


def _rank(sorted_slot: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each element's position within its run of equal values."""
    position = np.arange(len(sorted_slot))
    first = np.ones(len(sorted_slot), np.bool_)
    first[1:] = sorted_slot[1:] != sorted_slot[:-1]
    return position - np.maximum.accumulate(np.where(first, position, 0))
