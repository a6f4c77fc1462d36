"""Matured decisions with everything that was heard of afterwards, tenant by tenant."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.study import Trial
from eitp_server.storage.tables import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlmodel import Session

    from eitp_server.storage.database import Readable

# The tables themselves and not their records: a record takes ten times as long to make.
_DECISIONS = Record.metadata.tables["decisions"].c
_OUTCOMES = Record.metadata.tables["outcomes"].c
_INTERVENTIONS = Record.metadata.tables["interventions"].c
_ACKNOWLEDGEMENTS = Record.metadata.tables["acknowledgements"].c
_CENSORED = Record.metadata.tables["censored_decisions"].c
_DELIVERED: Final = frozenset({1, 2, 3, 4})
"""Dispositions that say that the page had it: delivered, shown, clicked, dismissed."""
_DISMISSED: Final = 4
HARMFUL: Final = {
    5: GuardrailMetric.BOUNCE,
    6: GuardrailMetric.DISMISSAL,
    7: GuardrailMetric.COMPLAINT,
}
"""Outcome kinds that tell of a harm."""
_SETTLING_US: Final = 5_000_000
"""Time after the end of a window in which the tick that saw it may still be committing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matured:
    """Decisions of one tenant that matured, and how far they were read."""

    trials: tuple[Trial, ...]
    """In the order of decision."""
    through_us: int
    """Decisions up to here are among them, or were asked for before."""
    pending: int
    """Decisions whose window is open."""
    pending_by_arm: Mapping[str, int]


class Trials:
    """Reads decisions and what came of them; every method sees one tenant only."""

    def __init__(self, database: Readable, *, successes: Collection[int], window_us: int) -> None:
        """Read from `database`; `successes` are outcome kinds, `window_us` is when they count."""
        self._database = database
        self._successes = frozenset(successes)
        self._window_us = window_us

    async def matured(self, tenant_id: str, after_us: int, now_us: int) -> Matured:
        """Return the decisions taken after `after_us` that have matured by `now_us`.

        Whatever is heard of them later changes nothing, so reading in two parts gives the same as
        reading at once. A success counts for every decision of the visitor whose window it falls
        into: an experiment asks whether visitors buy, not which decision is credited.
        """

        def look(session: Session) -> Matured:
            return self._read(session.connection(), tenant_id, after_us, now_us)

        return await self._database.read(look)

    async def late(self, tenant_id: str) -> dict[str, int]:
        """Return by arm how many successes were credited to decisions that had matured by then."""
        decision, outcome = _DECISIONS, _OUTCOMES
        statement = (
            select(decision.chosen, func.count().label("successes"))
            .where(
                outcome.tenant_id == tenant_id,
                outcome.kind.in_(self._successes),
                decision.tenant_id == tenant_id,
                decision.decision_id == outcome.decision_id,
                outcome.received_at_us > decision.decided_at_us + self._window_us,
            )
            .group_by(decision.chosen)
        )

        def look(session: Session) -> dict[str, int]:
            found: Iterable[Any] = session.connection().execute(statement)
            return {row.chosen: row.successes for row in found}

        return await self._database.read(look)

    def _read(self, connection: Connection, tenant_id: str, after_us: int, now_us: int) -> Matured:
        through_us = max(now_us - self._window_us - _SETTLING_US, after_us)
        # Visitors are known by their decisions, and those of a session may be older than the part.
        visitors = _visitors(connection, tenant_id, after_us - self._window_us)
        heard = self._heard(connection, tenant_id, after_us, visitors)
        shown = _shown(connection, tenant_id, after_us)
        censored = _censored(connection, tenant_id)
        rows = _decisions(connection, tenant_id, after_us)
        matured = [row for row in rows if row.decided_at_us <= through_us]
        pending: dict[str, int] = defaultdict(int)
        for row in rows[len(matured) :]:
            pending[row.chosen] += not row.holdout
        return Matured(
            trials=tuple(self._trial(row, heard, shown, censored) for row in matured),
            through_us=through_us,
            pending=len(rows) - len(matured),
            pending_by_arm=pending,
        )

    def _heard(
        self,
        connection: Connection,
        tenant_id: str,
        since_us: int,
        visitors: Mapping[str, str],
    ) -> _Heard:
        table = _OUTCOMES
        statement = (
            select(table.session_id, table.kind, table.occurred_at_us, table.received_at_us)
            .where(table.tenant_id == tenant_id, table.received_at_us >= since_us)
            .order_by(table.occurred_at_us, table.received_at_us)
        )
        heard = _Heard()
        for session_id, kind, occurred_us, received_us in connection.execute(statement):
            who = visitors.get(session_id, session_id)
            if kind in self._successes:
                heard.successes[who].append((occurred_us, received_us))
            elif kind in HARMFUL:
                heard.harms[who].append((occurred_us, received_us, HARMFUL[kind]))
        return heard

    def _trial(
        self,
        row: Any,
        heard: _Heard,
        shown: Mapping[str, tuple[bool, bool]],
        censored: Collection[str],
    ) -> Trial:
        decision = _decision(row)
        who, begin = row.visitor_hash or row.session_id, row.decided_at_us
        end = begin + self._window_us
        delivered, dismissed = shown.get(row.decision_id, (False, False))
        harms = {
            metric
            for occurred_us, received_us, metric in heard.harms.get(who, ())
            if begin <= occurred_us and received_us <= end
        }
        if dismissed:
            harms.add(GuardrailMetric.DISMISSAL)
        converted = _within(heard.successes.get(who, ()), begin, end)
        return Trial(
            decision=decision,
            converted=converted,
            censored=row.decision_id in censored and not converted,
            delivered=delivered,
            harms=frozenset(harms),
        )


class _Heard:
    def __init__(self) -> None:
        self.successes: dict[str, list[tuple[int, int]]] = defaultdict(list)
        """When each success of a visitor occurred and was received, in that order."""
        self.harms: dict[str, list[tuple[int, int, GuardrailMetric]]] = defaultdict(list)


def _within(successes: Sequence[tuple[int, int]], begin: int, end: int) -> bool:
    """Return whether one occurred from `begin` on and was received by `end`."""
    first = bisect_left(successes, (begin, 0))
    return any(received_us <= end for _, received_us in successes[first:])


def _visitors(connection: Connection, tenant_id: str, since_us: int) -> dict[str, str]:
    table = _DECISIONS
    statement = select(table.session_id, table.visitor_hash).where(
        table.tenant_id == tenant_id, table.decided_at_us > since_us, table.visitor_hash != ""
    )
    found: Iterable[Any] = connection.execute(statement)
    return {row.session_id: row.visitor_hash for row in found}


def _decisions(connection: Connection, tenant_id: str, after_us: int) -> Sequence[Any]:
    table = _DECISIONS
    statement = (
        select(*table)
        .where(table.tenant_id == tenant_id, table.decided_at_us > after_us)
        .order_by(table.decided_at_us, table.decision_id)
    )
    return connection.execute(statement).all()


def _shown(connection: Connection, tenant_id: str, after_us: int) -> dict[str, tuple[bool, bool]]:
    """Return of each decision whether its intervention was delivered, and whether dismissed."""
    sent, told = _INTERVENTIONS, _ACKNOWLEDGEMENTS
    statement = select(sent.decision_id, told.disposition).where(
        sent.tenant_id == tenant_id,
        sent.created_at_us > after_us,
        told.tenant_id == tenant_id,
        told.intervention_id == sent.intervention_id,
    )
    shown: dict[str, tuple[bool, bool]] = {}
    for decision_id, disposition in connection.execute(statement):
        delivered, dismissed = shown.get(decision_id, (False, False))
        shown[decision_id] = (
            delivered or disposition in _DELIVERED,
            dismissed or disposition == _DISMISSED,
        )
    return shown


def _censored(connection: Connection, tenant_id: str) -> frozenset[str]:
    statement = select(_CENSORED.decision_id).where(_CENSORED.tenant_id == tenant_id)
    found: Iterable[Any] = connection.execute(statement)
    return frozenset(row[0] for row in found)


def _decision(row: Any) -> Decision:
    return Decision(
        decision_id=row.decision_id,
        session_id=row.session_id,
        visitor_hash=row.visitor_hash,
        cell=Cell(
            tenant_id=row.tenant_id,
            vertical=row.vertical,
            label=row.label,
            page_section=row.page_section,
        ),
        packet_id=row.packet_id,
        decided_at_us=row.decided_at_us,
        arms=tuple(json.loads(row.arms)),
        probabilities=tuple(json.loads(row.probabilities)),
        chosen=row.chosen,
        propensity=row.propensity,
        draw=row.draw,
        holdout=row.holdout,
        holdout_share=row.holdout_share,
        snapshot_id=row.snapshot_id,
        policy_version=row.policy_version,
        epochs=tuple(json.loads(row.epochs or "[]")),
    )
