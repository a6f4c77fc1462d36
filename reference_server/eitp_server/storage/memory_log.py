"""The log port in the memory of the process: nothing survives it."""

from __future__ import annotations

import uuid
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from eitp_server.storage.fault import TickOutOfOrder
from eitp_server.storage.log import Writes
from eitp_server.storage.refusal import require_kept, storage_full

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from eitp_server.classification.packet import Packet
    from eitp_server.storage.log import InterventionRow

_PROCESS = 1


class _Numbered(Protocol):
    @property
    def tenant_id(self) -> str: ...
    @property
    def session_id(self) -> str: ...
    @property
    def number(self) -> int: ...


Numbered = TypeVar("Numbered", bound=_Numbered)


class MemoryLog:
    """Envelopes and what they caused, kept until the process ends."""

    def __init__(self, *, capacity: int | None = None) -> None:
        """Start empty; `capacity` limits the bytes of all kept envelopes together."""
        self._incarnation = str(uuid.uuid4())
        self._capacity = capacity
        self._envelopes: dict[int, bytes] = {}
        self._last = 0
        self._oldest = 1
        self._oldest_packet = 1
        self.written = Writes()
        """Everything that was committed beside the envelopes and not forgotten."""

    @property
    def incarnation(self) -> str:
        """Identity of this log's life: every instance has its own."""
        return self._incarnation

    @property
    def durability(self) -> int:
        """PROCESS: what was committed ends with the process."""
        return _PROCESS

    @property
    def committed_by(self) -> str:
        """Nobody of another version: no other process ever wrote here."""
        return ""

    async def commit(self, tick: int, envelope: bytes, writes: Writes) -> None:
        """Append the envelope with its writes, all or nothing.

        Raises `TickOutOfOrder` unless `tick` is the next one, and `Exhausted(STORAGE_FULL)`
        beyond the capacity.
        """
        if tick != self._last + 1:
            raise TickOutOfOrder(tick, self._last + 1)
        if self._capacity is not None and self._size() + len(envelope) > self._capacity:
            raise storage_full()
        self._envelopes[tick] = envelope
        self._last = tick
        self._keep(writes)

    async def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (tick, envelope) above `after` in order.

        Raises `OutOfRange(CURSOR_COMPACTED)` when the next one was trimmed.
        """
        while after < self._last:
            require_kept(after, self._oldest)
            after += 1
            yield after, self._envelopes[after]

    async def last(self) -> int:
        """Return the highest committed tick, 0 when there is none."""
        return self._last

    async def trim(self, before: int) -> None:
        """Forget envelopes with a tick below `before`."""
        while self._oldest < min(before, self._last + 1):
            del self._envelopes[self._oldest]
            self._oldest += 1

    async def forget_packets(self, before_number: int) -> None:
        """Forget packets with a feed number below `before_number`."""
        last, _ = await self.last_numbers()
        self._oldest_packet = max(self._oldest_packet, min(before_number, last + 1))
        self.written.packets = [
            packet for packet in self.written.packets if packet.number >= self._oldest_packet
        ]

    async def packets(
        self, tenant_id: str, after: int, limit: int, *, session_id: str = ""
    ) -> Sequence[Packet]:
        """Return kept packets of a tenant with a feed number above `after`, ascending.

        Raises `OutOfRange(CURSOR_COMPACTED)` with metadata `oldest` when some of them are gone.
        """
        require_kept(after, self._oldest_packet)
        return _page(self.written.packets, tenant_id, session_id, after, limit)

    async def interventions(
        self, tenant_id: str, after: int, limit: int, *, session_id: str = ""
    ) -> Sequence[InterventionRow]:
        """Return kept interventions with a feed number above `after`, ascending."""
        return _page(self.written.interventions, tenant_id, session_id, after, limit)

    async def last_numbers(self) -> tuple[int, int]:
        """Return the highest packet number and the highest intervention number, 0 when none."""
        packets, interventions = self.written.packets, self.written.interventions
        return (
            packets[-1].number if packets else self._oldest_packet - 1,
            interventions[-1].number if interventions else 0,
        )

    async def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _size(self) -> int:
        return sum(map(len, self._envelopes.values()))

    def _keep(self, writes: Writes) -> None:
        self.written.packets += writes.packets
        self.written.decisions += writes.decisions
        self.written.interventions += writes.interventions
        self.written.acknowledgements += writes.acknowledgements
        self.written.outcomes += writes.outcomes
        self.written.forecasts += writes.forecasts
        self.written.censored += writes.censored
        self.written.stopped += writes.stopped
        self.written.dead_letters += writes.dead_letters


def _page(
    rows: Iterable[Numbered], tenant_id: str, session_id: str, after: int, limit: int
) -> list[Numbered]:
    wanted = (
        row
        for row in rows
        if row.number > after and row.tenant_id == tenant_id and session_id in ("", row.session_id)
    )
    return list(islice(wanted, limit))
