"""The live sessions: who they are, and the columns that admission and the clock need."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.signals.slot_table import SlotTable, column
from eitp_server.volatility.cell import CellCodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_LEAST_GROWTH: Final = 256
DIGESTS: Final = 64
"""Batches per session whose content is remembered, to tell a repeat from a contradiction."""


@dataclass(slots=True)
class SessionColumns(SlotTable):
    """What the hot path needs of each session."""

    next_sequence: NDArray[np.int64] = column("i8", fill=1)
    """Sequence of the next batch in order."""
    digest: NDArray[np.uint32] = column("u4", shape=(DIGESTS,))
    """CRC-32 of the latest applied batches, at sequence modulo DIGESTS."""
    clock_offset_ms: NDArray[np.int64] = column("i8")
    """Session clock minus client clock."""
    last_ms: NDArray[np.int64] = column("i8", fill=-1)
    """Session clock of the latest event, -1 before the first."""
    seen_us: NDArray[np.int64] = column("i8")
    """Log time of the latest input."""
    target: NDArray[np.int64] = column("i8")
    """Element that the pointer is over."""
    role: NDArray[np.uint8] = column("u1")
    section: NDArray[np.uint8] = column("u1")
    page_type: NDArray[np.uint8] = column("u1")
    cart: NDArray[np.uint8] = column("u1")
    pointer: NDArray[np.uint8] = column("u1")
    pages: NDArray[np.uint16] = column("u2")
    """Pages seen."""
    active: NDArray[np.bool_] = column("?")
    lost: NDArray[np.int32] = column("i4")
    """Batches given up as missing."""
    clock_repairs: NDArray[np.int32] = column("i4")
    """Times that the client's clock stepped back or leapt ahead."""
    dropped: NDArray[np.int64] = column("i8")
    """Events that the client had to throw away."""
    foretold: NDArray[np.bool_] = column("?")
    """How the session ends was foretold, or is known already: no first forecast is due any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """What does not change while a session lives."""

    session_id: str
    tenant_id: str
    visitor_hash: str
    consent_interventions: bool
    vertical: str
    region: str
    opened_us: int


class Sessions:
    """Slots for live sessions; names lead to slots, slots to facts.

    Slots are handed out lowest-freed-last, the same way on every replay.
    """

    def __init__(self, capacity: int = 256) -> None:
        self.columns = SessionColumns.allocate(capacity)
        self.info: list[SessionInfo | None] = [None] * capacity
        self._slots: dict[str, dict[bytes, int]] = {}
        """By tenant and by session id as it stands in a message."""
        self.codes = CellCodes()
        self.code: NDArray[np.int32] = np.zeros(capacity, np.int32)
        """(capacity,) the number of each session's tenant, trade and region in `codes`, which names
        them in the order of appearance; no part of the state."""
        self._free = list(range(capacity - 1, -1, -1))
        self._lines = [b""] * capacity
        """What `dump` says of each session."""

    def __len__(self) -> int:
        return len(self.info) - len(self._free)

    @property
    def capacity(self) -> int:
        """Slots there are, used or free."""
        return len(self.info)

    def names(self, tenant_id: str) -> Mapping[bytes, int]:
        """Return the slots of a tenant's sessions by session id in UTF-8."""
        return self._slots.get(tenant_id, {})

    def find(self, tenant_id: str, session_id: str) -> int | None:
        """Return the slot of a session, None when the tenant has none of that name."""
        return self.names(tenant_id).get(session_id.encode())

    def open(self, info: SessionInfo) -> int:
        """Return the fresh slot of a new session; its rows must be reset by the caller's tables."""
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self._set(slot, info)
        self._slots.setdefault(info.tenant_id, {})[info.session_id.encode()] = slot
        self.columns.reset(np.array([slot]))
        self.columns.active[slot] = True
        return slot

    def consent(self, slot: int, *, interventions: bool) -> None:
        """Note what the shopper agrees to from now on."""
        info = self.info[slot]
        assert info is not None, f"slot {slot} is not in use"
        if info.consent_interventions != interventions:
            self._set(slot, replace(info, consent_interventions=interventions))

    def close(self, slot: int) -> SessionInfo:
        """Free the slot of a session and return who it was."""
        info = self.info[slot]
        assert info is not None, f"slot {slot} is not in use"
        names = self._slots[info.tenant_id]
        del names[info.session_id.encode()]
        if not names:
            del self._slots[info.tenant_id]
        self.info[slot] = None
        self._lines[slot] = b""
        self.columns.active[slot] = False
        self._free.append(slot)
        return info

    def used(self) -> NDArray[np.int64]:
        """Return the slots in use, ascending."""
        return np.flatnonzero(self.columns.active)

    def dump(self) -> bytes:
        """Return everything but the columns as lines of JSON: slots first, then each session."""
        head = json.dumps({"capacity": self.capacity, "free": self._free}).encode()
        return b"\n".join((head, *(line for line in self._lines if line)))

    def load(self, state: bytes) -> NDArray[np.int64]:
        """Take over what `dump` returned but for the columns; return the slots in use."""
        head, *lines = state.split(b"\n")
        document = json.loads(head)
        while self.capacity < document["capacity"]:
            self._grow()
        self._free = list(document["free"])
        self._slots = {}
        self.info = [None] * self.capacity
        self._lines = [b""] * self.capacity
        # Read at once: there may be many, and a server that starts is waited for.
        live: list[tuple[int, dict[str, Any]]] = json.loads(b"[" + b",".join(lines) + b"]")
        for (slot, facts), line in zip(live, lines, strict=True):
            info = SessionInfo(**facts)
            self._place(slot, info)
            self._lines[slot] = line
            self._slots.setdefault(info.tenant_id, {})[info.session_id.encode()] = slot
        return np.array([slot for slot, _ in live], np.int64)

    def _set(self, slot: int, info: SessionInfo) -> None:
        self._place(slot, info)
        self._lines[slot] = json.dumps([slot, asdict(info)]).encode()

    def _place(self, slot: int, info: SessionInfo) -> None:
        self.info[slot] = info
        self.code[slot] = self.codes.code(info.tenant_id, info.vertical, info.region)

    def _grow(self) -> None:
        # By a quarter: many columns take their memory before a session needs it.
        old = self.capacity
        more = max(old // 4, _LEAST_GROWTH)
        self.code = np.concatenate([self.code, np.zeros(more, np.int32)])
        self.columns.grow(old + more)
        self.info += [None] * more
        self._lines += [b""] * more
        self._free = list(range(old + more - 1, old - 1, -1)) + self._free
