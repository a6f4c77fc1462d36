"""Matured decisions with everything that was heard of afterwards, tenant by tenant."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select

from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.trial import Trial
from eitp_server.storage.log import StoppedRow
from eitp_server.storage.rows import decision_from
from eitp_server.storage.tables import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlmodel import Session

    from eitp_server.storage.database import Readable

# The tables themselves and not their records: a record takes ten times as long to make.
_DECISIONS = Record.metadata.tables["decisions"].c
_OUTCOMES = Record.metadata.tables["outcomes"].c
_INTERVENTIONS = Record.metadata.tables["interventions"].c
_ACKNOWLEDGEMENTS = Record.metadata.tables["acknowledgements"].c
_CENSORED = Record.metadata.tables["censored_decisions"].c
_STOPPED = Record.metadata.tables["stopped_interventions"].c
_DELIVERED: Final = frozenset({1, 2, 3, 4})
"""Dispositions that say that the page had it: delivered, shown, clicked, dismissed."""
_DISMISSED: Final = 4
HARMFUL: Final = {
    5: GuardrailMetric.BOUNCE,
    6: GuardrailMetric.DISMISSAL,
    7: GuardrailMetric.COMPLAINT,
}
"""Outcome kinds that tell of a harm."""
_SETTLING_US: Final = 60_000_000
"""Time after the end of a window in which the tick that saw it may still be committing."""


class Arm(NamedTuple):
    """What was chosen, as the shopper saw it at that time."""

    definition_id: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matured:
    """Decisions of one tenant that matured, and how far they were read."""

    trials: tuple[Trial, ...]
    """In the order of decision."""
    through_us: int
    """Decisions up to here are among them, or were asked for before."""
    is_all: bool
    """Whether nothing more has matured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many there are."""

    total: int
    by_arm: Mapping[Arm, int]
    """Without those of the holdout; 0 for an arm that was only eligible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Decisions of one tenant that are not read yet, because their window is open."""

    decisions: Counted
    visitors: frozenset[str]
    holdout_share: float | None
    """At the newest of them; None when there is none."""


class Trials:
    """Reads decisions and what came of them; every method sees one tenant only."""

    def __init__(self, database: Readable, *, successes: Collection[int], window_us: int) -> None:
        """Read from `database`; `successes` are outcome kinds, `window_us` is when they count."""
        self._database = database
        self._successes = frozenset(successes)
        self.window_us = window_us

    async def matured(
        self, tenant_id: str, after_us: int, now_us: int, portion: int | None = None
    ) -> Matured:
        """Return the decisions taken after `after_us` that have matured by `now_us`.

        With a `portion` only the first so many, and those of the same microsecond.
        What is heard of them after their window changes nothing, so reading in parts gives the same
        as reading at once. A success counts for every decision of the visitor whose window it falls
        into: an experiment asks whether visitors buy, not which decision is credited. It is heard
        of once a decision says whose session it came from; what a session without any reports is
        nobody's.
        """
        latest_us = max(now_us - self.window_us - _SETTLING_US, after_us)

        def look(connection: Connection) -> Matured:
            end_us = portion and _portion_end(connection, tenant_id, after_us, latest_us, portion)
            through_us = latest_us if end_us is None else end_us
            return Matured(
                trials=tuple(self._trials(connection, tenant_id, after_us, through_us)),
                through_us=through_us,
                is_all=end_us is None,
            )

        return await self._read(look)

    async def pending(self, tenant_id: str, after_us: int) -> Pending:
        """Return what there is of the decisions taken after `after_us`."""
        table = _DECISIONS
        after = (table.tenant_id == tenant_id, table.decided_at_us > after_us)
        visitors = select(table.visitor_hash, table.session_id).where(*after).distinct()
        newest = (
            select(table.holdout_share).where(*after).order_by(table.decided_at_us.desc()).limit(1)
        )

        def look(connection: Connection) -> Pending:
            return Pending(
                decisions=_counted(connection, *after),
                visitors=frozenset(who or session for who, session in connection.execute(visitors)),
                holdout_share=connection.execute(newest).scalar(),
            )

        return await self._read(look)

    async def late(self, tenant_id: str) -> Counted:
        """Count the successes that were credited to decisions that had matured by then."""
        decision, outcome = _DECISIONS, _OUTCOMES
        conditions = (
            outcome.tenant_id == tenant_id,
            outcome.kind.in_(self._successes),
            decision.tenant_id == tenant_id,
            decision.decision_id == outcome.decision_id,
            outcome.received_at_us > decision.decided_at_us + self.window_us,
        )
        return await self._read(lambda connection: _counted(connection, *conditions))

    async def stops(self, tenant_id: str) -> tuple[StoppedRow, ...]:
        """Return what guardrails have stopped so far."""
        statement = select(*_STOPPED).where(_STOPPED.tenant_id == tenant_id)

        def look(connection: Connection) -> tuple[StoppedRow, ...]:
            return tuple(StoppedRow(**row) for row in connection.execute(statement).mappings())

        return await self._read(look)

    async def _read(self, look: Callable[[Connection], Any]) -> Any:
        def job(session: Session) -> Any:
            return look(session.connection())

        return await self._database.read(job)

    def _trials(
        self, connection: Connection, tenant_id: str, after_us: int, through_us: int
    ) -> Iterable[Trial]:
        until_us = through_us + self.window_us
        heard = self._heard(connection, tenant_id, after_us, until_us)
        shown = _shown(connection, tenant_id, after_us, through_us, self.window_us)
        censored = _censored(connection, tenant_id, after_us, until_us)
        table = _DECISIONS
        statement = (
            select(*table)
            .where(
                table.tenant_id == tenant_id,
                table.decided_at_us > after_us,
                table.decided_at_us <= through_us,
            )
            .order_by(table.decided_at_us, table.decision_id)
        )
        for row in connection.execute(statement):
            yield self._trial(row, heard, shown, censored)

    def _heard(
        self, connection: Connection, tenant_id: str, after_us: int, until_us: int
    ) -> _Heard:
        table = _OUTCOMES
        reported = (
            table.tenant_id == tenant_id,
            table.received_at_us > after_us,
            table.received_at_us <= until_us,
            table.kind.in_(self._successes | HARMFUL.keys()),
        )
        statement = select(
            table.session_id, table.kind, table.occurred_at_us, table.received_at_us
        ).where(*reported)
        reporting = select(table.session_id).where(*reported)
        known = _visitors(connection, tenant_id, reporting)
        heard = _Heard()
        ordered = statement.order_by(table.occurred_at_us, table.received_at_us)
        for session_id, kind, occurred_us, received_us in connection.execute(ordered):
            who, since_us = known.get(session_id, (session_id, received_us))
            times = (occurred_us, max(received_us, since_us))
            if kind in self._successes:
                heard.successes[who].append(times)
            else:
                heard.harms[who, HARMFUL[kind]].append(times)
        return heard

    def _trial(
        self,
        row: Any,
        heard: _Heard,
        shown: Mapping[str, tuple[bool, bool]],
        censored: Mapping[str, int],
    ) -> Trial:
        who, begin = row.visitor_hash or row.session_id, row.decided_at_us
        end = begin + self.window_us
        delivered, dismissed = shown.get(row.decision_id, (False, False))
        harms = {
            metric
            for metric in HARMFUL.values()
            if _within(heard.harms.get((who, metric), ()), begin, end)
        }
        if dismissed:
            harms.add(GuardrailMetric.DISMISSAL)
        converted = _within(heard.successes.get(who, ()), begin, end)
        return Trial(
            decision=decision_from(row),
            converted=converted,
            censored=censored.get(row.decision_id, end + 1) <= end and not converted,
            delivered=delivered,
            harms=frozenset(harms),
        )


class _Heard:
    """When each report of a visitor's occurred and was heard of, in that order."""

    def __init__(self) -> None:
        self.successes: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.harms: dict[tuple[str, GuardrailMetric], list[tuple[int, int]]] = defaultdict(list)


def _within(reports: Sequence[tuple[int, int]], begin: int, end: int) -> bool:
    """Return whether one occurred from `begin` on and was heard of by `end`."""
    first = bisect_left(reports, (begin, 0))
    return any(heard_us <= end for _, heard_us in reports[first:])


def _portion_end(
    connection: Connection, tenant_id: str, after_us: int, latest_us: int, portion: int
) -> int | None:
    """Return when the last decision of a portion was taken, None when fewer are left."""
    table = _DECISIONS
    statement = (
        select(table.decided_at_us)
        .where(
            table.tenant_id == tenant_id,
            table.decided_at_us > after_us,
            table.decided_at_us <= latest_us,
        )
        .order_by(table.decided_at_us)
        .offset(portion - 1)
        .limit(1)
    )
    return connection.execute(statement).scalar()


def _visitors(connection: Connection, tenant_id: str, sessions: Any) -> dict[str, tuple[str, int]]:
    """Return whose each of the sessions is, and when its first decision said so."""
    table = _DECISIONS
    first_us = func.min(table.decided_at_us)
    statement = (
        select(table.session_id, table.visitor_hash, first_us)
        .where(
            table.tenant_id == tenant_id,
            table.session_id.in_(sessions),
            table.visitor_hash != "",
        )
        .group_by(table.session_id, table.visitor_hash)
        .order_by(first_us.desc())
    )
    return {session: (who, since_us) for session, who, since_us in connection.execute(statement)}


def _counted(connection: Connection, *conditions: Any) -> Counted:
    table = _DECISIONS
    kinds = (table.chosen, table.arms, table.epochs, table.holdout)
    statement = select(*kinds, func.count()).where(*conditions).group_by(*kinds)
    total, by_arm = 0, defaultdict[Arm, int](int)
    for chosen, arms, epochs, holdout, count in connection.execute(statement):
        total += count
        names = json.loads(arms)
        of_arm = dict(zip(names, json.loads(epochs or "[]") or [0] * len(names), strict=True))
        for name, epoch in of_arm.items():
            by_arm[Arm(name, epoch)] += 0 if holdout or name != chosen else count
    return Counted(total=total, by_arm=by_arm)


def _shown(
    connection: Connection, tenant_id: str, after_us: int, through_us: int, window_us: int
) -> dict[str, tuple[bool, bool]]:
    """Return of each decision whether its intervention was delivered, and whether dismissed."""
    sent, told = _INTERVENTIONS, _ACKNOWLEDGEMENTS
    statement = select(sent.decision_id, told.disposition).where(
        sent.tenant_id == tenant_id,
        sent.created_at_us > after_us,
        sent.created_at_us <= through_us,
        told.tenant_id == tenant_id,
        told.intervention_id == sent.intervention_id,
        told.at_us <= sent.created_at_us + window_us,
    )
    shown: dict[str, tuple[bool, bool]] = {}
    for decision_id, disposition in connection.execute(statement):
        delivered, dismissed = shown.get(decision_id, (False, False))
        shown[decision_id] = (
            delivered or disposition in _DELIVERED,
            dismissed or disposition == _DISMISSED,
        )
    return shown


def _censored(
    connection: Connection, tenant_id: str, after_us: int, until_us: int
) -> dict[str, int]:
    """Return when each decision was given up."""
    statement = select(_CENSORED.decision_id, _CENSORED.at_us).where(
        _CENSORED.tenant_id == tenant_id, _CENSORED.at_us > after_us, _CENSORED.at_us <= until_us
    )
    found: Iterable[Any] = connection.execute(statement)
    return {row.decision_id: row.at_us for row in found}
