"""The sessions that the policy remembers, forgotten a fixed time after they were last touched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from eitp_server.interventions.visit import OpenDecision, Visit, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable


class Visits:
    """Visits by tenant and session, and by the decisions taken in them."""

    def __init__(self, retention_us: int) -> None:
        self._retention_us = retention_us
        self._visits: dict[tuple[str, str], Visit] = {}
        """Least recently touched first."""
        self._by_decision: dict[str, Visit] = {}
        self._lines: dict[tuple[str, str], str] = {}
        """What `dump` made of the visits that have not changed since."""

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
        self._lines.pop((visit.tenant_id, visit.session_id), None)

    def add(self, visit: Visit, decision: OpenDecision) -> None:
        """Append a decision to its visit."""
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
            self.changed(visit)
            self._drop(visit.decisions)

    def dump(self) -> list[str]:
        """Return a line of JSON per visit, least recently touched first.

        A snapshot is taken while everybody waits, and few visits change between two of them: the
        lines of the others are kept.
        """
        for name, visit in self._visits.items():
            if name not in self._lines:
                self._lines[name] = json.dumps(to_json(visit), separators=(",", ":"))
        return [self._lines[name] for name in self._visits]

    def load(self, lines: Iterable[str]) -> None:
        """Take the visits from `dump`."""
        visits = [from_json(json.loads(line)) for line in lines]
        self._lines = {}
        self._visits = {(visit.tenant_id, visit.session_id): visit for visit in visits}
        self._by_decision = {d.decision_id: visit for visit in visits for d in visit.decisions}

    def _drop(self, decisions: Iterable[OpenDecision]) -> None:
        for decision in decisions:
            del self._by_decision[decision.decision_id]
