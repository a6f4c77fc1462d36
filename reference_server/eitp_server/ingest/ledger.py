"""The ledger of forecasts: each waits until it is known how its session ended, then teaches.

A session's first packet with a known state is its forecast, and it never changes. It is resolved
as a success when a conversion or a lead was reported, as abandoned when an abandonment or a bounce
was reported and no success, or when the session ended and nothing was reported within half an
hour. A report counts a minute after it came: whatever else comes in that minute, in whatever order
and however often, leads to the same end. What comes later changes nothing. A forecast that was not
made before its outcome happened is void.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from eitp_server.classification.calibration import FORETOLD
from eitp_server.ingest.calibrators import Calibrators
from eitp_server.ingest.forecast import FAILURES, SUCCESSES, forecast, from_json, written
from eitp_server.storage.log import Resolution

if TYPE_CHECKING:
    from eitp_server.classification.packet import Packet
    from eitp_server.ingest.forecast import Forecast, Name
    from eitp_server.storage.log import ForecastRow, OutcomeRow

MAX_OPEN: Final = 200_000
"""Forecasts that may wait at a time, about 1 kB each; the tenant with most makes room."""
SILENCE_US: Final = 30 * 60 * 1_000_000
"""Log time after a session's end without a report after which it counts as abandoned."""
SETTLING_US: Final = 60 * 1_000_000
"""Log time after the first report within which others may overrule it."""
_FEW: Final = 1_000


class Ledger:
    """The forecasts that wait, and what the resolved ones taught."""

    def __init__(self, capacity: int = MAX_OPEN) -> None:
        self.calibrators = Calibrators()
        self._capacity = capacity
        self._open: dict[Name, Forecast] = {}
        """Oldest first."""
        self._of_tenant: dict[str, dict[Name, None]] = {}
        """The names that each tenant has in `_open`, oldest first."""
        self._timers: list[tuple[int, Name]] = []
        """A heap of due times; one that its forecast does not name any more is void."""

    def __len__(self) -> int:
        return len(self._open)

    def foretell(self, packet: Packet, *, risk: float, holdout: bool) -> list[ForecastRow]:
        """Keep the first forecast of a session; return what had to make room for it.

        `packet` is the shipped one, `risk` what was given out in its place. A session that is
        opened again before its end was settled goes on with the forecast that it has.
        """
        if (packet.tenant_id, packet.session_id) in self._open:
            return []
        made_room: list[ForecastRow] = []
        if len(self._open) >= self._capacity:
            oldest = self._open[self._next_to_go()]
            self._drop(oldest)
            made_room.append(oldest.row(Resolution.FORGOTTEN, packet.emitted_at_us))
        made = forecast(packet, risk=risk, holdout=holdout)
        self._add(made)
        return made_room

    def claim(self, packet: Packet) -> None:
        """Note a label that foretells something, with the confidence that it was shipped with."""
        found = self._open.get((packet.tenant_id, packet.session_id))
        if found is None or packet.label not in FORETOLD or packet.label in found.claims:
            return
        assert packet.confidence is not None
        found.claims[int(packet.label)] = (packet.confidence, packet.emitted_at_us)
        self._changed(found)

    def treat(self, tenant_id: str, session_id: str) -> None:
        """Note that an intervention was sent to a session."""
        found = self._open.get((tenant_id, session_id))
        if found is not None and not found.treated:
            found.treated = True
            self._changed(found)

    def report(self, outcome: OutcomeRow, now_us: int) -> bool:
        """Take a reported outcome; return whether it tells how its session ended."""
        if outcome.kind not in SUCCESSES and outcome.kind not in FAILURES:
            return False
        found = self._open.get((outcome.tenant_id, outcome.session_id))
        if found is not None:
            if not found.reported:
                self._wait(found, now_us + SETTLING_US)
            found.note(outcome)
            self._changed(found)
        return True

    def ended(self, tenant_id: str, session_id: str, now_us: int) -> None:
        """Note that a session was closed or has expired."""
        found = self._open.get((tenant_id, session_id))
        if found is not None and not found.reported:
            self._wait(found, now_us + SILENCE_US)

    def all_ended(self, now_us: int) -> None:
        """Note that every session has ended."""
        for tenant_id, session_id in list(self._open):
            self.ended(tenant_id, session_id, now_us)

    def reopened(self, tenant_id: str, session_id: str) -> None:
        """Note that a session is opened again: its end is not near any more."""
        found = self._open.get((tenant_id, session_id))
        if found is not None and not found.reported:
            found.due_us = None
            self._changed(found)

    def forget(self, tenant_id: str, session_id: str) -> None:
        """Forget a session now, for erasure; what others taught names nobody."""
        found = self._open.get((tenant_id, session_id))
        if found is not None:
            self._drop(found)

    def next_due_us(self) -> int | None:
        """Return when the next forecast is to be resolved, None when none is."""
        while self._timers:
            due_us, name = self._timers[0]
            found = self._open.get(name)
            if found is not None and found.due_us == due_us:
                return due_us
            heapq.heappop(self._timers)
        return None

    def resolve(self, now_us: int) -> list[ForecastRow]:
        """Resolve what is due, learn from it, and return it in the order of due times and names."""
        rows: list[ForecastRow] = []
        while (due_us := self.next_due_us()) is not None and due_us <= now_us:
            _, name = heapq.heappop(self._timers)
            rows.append(self._resolve(self._open[name], now_us))
        return rows

    def skip(self, now_us: int) -> list[ForecastRow]:
        """Forget what is due without learning from it, and return it."""
        rows: list[ForecastRow] = []
        while (due_us := self.next_due_us()) is not None and due_us <= now_us:
            _, name = heapq.heappop(self._timers)
            due = self._open[name]
            self._drop(due)
            rows.append(due.row(Resolution.FORGOTTEN, now_us))
        return rows

    def dump(self) -> bytes:
        """Return the whole state as lines of JSON; equal states give equal bytes.

        The first line says how many tenants follow, then come a line for each tenant and one for
        each forecast that waits, oldest first. A snapshot is taken while everybody waits: the lines
        of forecasts that have not changed are kept.
        """
        tenants = self.calibrators.dump()
        waiting = [item.line or written(item) for item in self._open.values()]
        return "\n".join((str(len(tenants)), *tenants, *waiting)).encode()

    def load(self, state: bytes) -> None:
        """Take over what `dump` returned, and keep the lines for the next one."""
        count, *lines = state.decode().split("\n")
        self.calibrators.load(lines[: int(count)])
        self._open, self._of_tenant = {}, {}
        for item in from_json(lines[int(count) :]):
            self._add(item)
        self._set_timers()

    def _resolve(self, due: Forecast, now_us: int) -> ForecastRow:
        self._drop(due)
        resolution, end_us = due.resolution()
        row = due.row(resolution, now_us)
        if row.abandoned is not None:
            claims = due.claims_before(end_us)
            self.calibrators.learn(due.tenant_id, due.risk_logit, claims, abandoned=row.abandoned)
        return row

    def _wait(self, found: Forecast, due_us: int) -> None:
        found.due_us = due_us
        heapq.heappush(self._timers, (due_us, found.name))
        self._changed(found)
        # Whoever opens and closes a session all the time leaves void timers behind.
        if len(self._timers) > 2 * len(self._open) + _FEW:
            self._set_timers()

    def _set_timers(self) -> None:
        waiting = self._open.items()
        self._timers = [(item.due_us, name) for name, item in waiting if item.due_us is not None]
        heapq.heapify(self._timers)

    def _changed(self, found: Forecast) -> None:
        found.line = None

    def _next_to_go(self) -> Name:
        """Return the oldest of the tenant with most: nobody is pushed out by another's crowd."""
        tenant = max(sorted(self._of_tenant), key=lambda tenant: len(self._of_tenant[tenant]))
        return next(iter(self._of_tenant[tenant]))

    def _add(self, made: Forecast) -> None:
        name = made.name
        self._open[name] = made
        self._of_tenant.setdefault(made.tenant_id, {})[name] = None

    def _drop(self, found: Forecast) -> None:
        del self._open[found.name]
        own = self._of_tenant[found.tenant_id]
        del own[found.name]
        if not own:
            del self._of_tenant[found.tenant_id]
