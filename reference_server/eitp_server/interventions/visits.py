"""The sessions that the policy remembers, forgotten a fixed time after they were last touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp_server.interventions.visit import Cells, OpenDecision, Visit, from_json, written
from eitp_server.storage.line import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Visits:
    """Visits by tenant and session, and by the decisions taken in them."""

    def __init__(self, retention_us: int) -> None:
        self._retention_us = retention_us
        self._visits: dict[tuple[str, str], Visit] = {}
        """Least recently touched first."""
        self._by_decision: dict[str, Visit] = {}

    def __len__(self) -> int:
        return len(self._visits)

    def find(self, tenant_id: str, session_id: str) -> Visit | None:
        """Return a visit without touching it."""
        return self._visits.get((tenant_id, session_id))

    def touch(self, tenant_id: str, session_id: str, now_us: int) -> Visit:
        """Return the visit, new if need be, and count its retention from now."""
        visit = self._visits.pop((tenant_id, session_id), None)
        if visit is None:
            visit = Visit(tenant_id=tenant_id, session_id=session_id)
        self._visits[tenant_id, session_id] = visit
        self.changed(visit)
        visit.touched_at_us = now_us
        self._drop(visit.trim(now_us - self._retention_us))
        return visit

    def changed(self, visit: Visit) -> None:
        """Take note that a visit is about to change without being touched."""
        visit.line = None

    def add(self, visit: Visit, decision: OpenDecision) -> None:
        """Append a decision to its visit."""
        self.changed(visit)
        visit.decided += 1
        visit.decisions.append(decision)
        self._by_decision[decision.decision_id] = visit

    def with_decision(
        self, tenant_id: str, decision_id: str, now_us: int
    ) -> tuple[Visit, OpenDecision] | None:
        """Return a decision of the tenant and its visit; another tenant's is as good as unknown."""
        visit = self._by_decision.get(decision_id)
        if visit is None or visit.tenant_id != tenant_id:
            return None
        decision = next(d for d in visit.decisions if d.decision_id == decision_id)
        expired = now_us - decision.decided_at_us > self._retention_us
        return None if expired else (visit, decision)

    def expire(self, now_us: int) -> None:
        """Forget the visits that were last touched longer ago than the retention."""
        while self._visits:
            visit = next(iter(self._visits.values()))
            if now_us - visit.touched_at_us <= self._retention_us:
                return
            self.forget(visit.tenant_id, visit.session_id)

    def forget(self, tenant_id: str, session_id: str) -> None:
        """Forget a session now."""
        visit = self._visits.pop((tenant_id, session_id), None)
        if visit is not None:
            self._drop(visit.decisions)

    def dump(self) -> list[str]:
        """Return a line of JSON per visit, least recently touched first.

        A snapshot is taken while everybody waits, and few visits change between two of them: the
        others keep their lines.
        """
        return [visit.line or written(visit) for visit in self._visits.values()]

    def load(self, lines: Sequence[str]) -> None:
        """Take the visits from `dump`, and keep the lines for the next one."""
        cells = Cells()
        self._visits, self._by_decision = {}, {}
        for line, state in zip(lines, read(lines), strict=True):
            visit = from_json(state, cells)
            visit.line = line
            self._visits[visit.tenant_id, visit.session_id] = visit
            for decision in visit.decisions:
                self._by_decision[decision.decision_id] = visit

    def _drop(self, decisions: Iterable[OpenDecision]) -> None:
        for decision in decisions:
            del self._by_decision[decision.decision_id]
