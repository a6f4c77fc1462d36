"""What the log's transactions left in the tables, tenant by tenant and page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import tuple_
from sqlmodel import col, select

from eitp_server.storage import tables
from eitp_server.storage.log import (
    AcknowledgementRow,
    DeadLetterRow,
    InterventionRow,
    OutcomeRow,
)
from eitp_server.storage.page import Page, Position, cut, newest_first
from eitp_server.storage.rows import decision_from, packet_from, row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session
    from sqlmodel.sql.expression import SelectOfScalar

    from eitp_server.bandit.decision import Decision
    from eitp_server.classification.packet import Packet
    from eitp_server.storage.database import Database

Scalar = TypeVar("Scalar")
Record = TypeVar("Record", bound=tables.Record)


@dataclass(frozen=True, slots=True)
class KeptDeadLetter:
    """A dead letter with its name among all of the tenant."""

    dead_letter_id: str
    letter: DeadLetterRow


class Queries:
    """Reads what was committed; every method sees one tenant only."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def packet(self, tenant_id: str, packet_id: str) -> Packet | None:
        """Return one emotional event."""
        event = await self._get(tables.EmotionalEvent, tenant_id, packet_id)
        return event and packet_from(row_of(event))

    async def decision(self, tenant_id: str, decision_id: str) -> Decision | None:
        """Return one decision."""
        record = await self._get(tables.RecordedDecision, tenant_id, decision_id)
        return record and decision_from(record)

    async def intervention(self, tenant_id: str, intervention_id: str) -> InterventionRow | None:
        """Return one triggered intervention."""
        record = await self._get(tables.Intervention, tenant_id, intervention_id)
        return record and InterventionRow(**record.model_dump())

    async def outcome(self, tenant_id: str, outcome_id: str) -> OutcomeRow | None:
        """Return one outcome."""
        record = await self._get(tables.Outcome, tenant_id, outcome_id)
        return record and OutcomeRow(**record.model_dump())

    async def decisions(
        self, tenant_id: str, limit: int, *, after: Position | None = None, session_id: str = ""
    ) -> Page[Decision]:
        """Return decisions, newest first."""
        table = tables.RecordedDecision
        statement = select(table).where(table.tenant_id == tenant_id)
        if session_id:
            statement = statement.where(table.session_id == session_id)
        time, key = col(table.decided_at_us), col(table.decision_id)
        rows = await self._all(newest_first(statement, time, key, after, limit))
        page = cut(rows, limit, lambda row: Position(row.decided_at_us, row.decision_id))
        return page.map(decision_from)

    async def delivered(self, tenant_id: str, decision_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the decisions whose intervention reached a page, by the page's word."""
        shown, report = tables.Intervention, tables.Acknowledgement
        of_it = (col(report.tenant_id) == shown.tenant_id) & (
            col(report.intervention_id) == shown.intervention_id
        )
        statement = select(shown.decision_id).join(report, of_it)
        wanted = col(shown.decision_id).in_(decision_ids)
        return frozenset(await self._all(statement.where(shown.tenant_id == tenant_id, wanted)))

    async def interventions(
        self, tenant_id: str, limit: int, *, after: Position | None = None, session_id: str = ""
    ) -> Page[InterventionRow]:
        """Return triggered interventions, newest first."""
        table = tables.Intervention
        statement = select(table).where(table.tenant_id == tenant_id)
        if session_id:
            statement = statement.where(table.session_id == session_id)
        time, key = col(table.created_at_us), col(table.intervention_id)
        rows = await self._all(newest_first(statement, time, key, after, limit))
        page = cut(rows, limit, lambda row: Position(row.created_at_us, row.intervention_id))
        return page.map(lambda row: InterventionRow(**row.model_dump()))

    async def acknowledgements(
        self, tenant_id: str, intervention_id: str
    ) -> list[AcknowledgementRow]:
        """Return what pages reported of an intervention, in the order of time."""
        table = tables.Acknowledgement
        statement = (
            select(table)
            .where(table.tenant_id == tenant_id, table.intervention_id == intervention_id)
            .order_by(col(table.at_us), col(table.disposition))
        )
        return [AcknowledgementRow(**row.model_dump()) for row in await self._all(statement)]

    async def outcomes(
        self, tenant_id: str, limit: int, *, after: Position | None = None, decision_id: str = ""
    ) -> Page[OutcomeRow]:
        """Return outcomes by the time of their report, newest first."""
        table = tables.Outcome
        statement = select(table).where(table.tenant_id == tenant_id)
        if decision_id:
            statement = statement.where(table.decision_id == decision_id)
        time, key = col(table.received_at_us), col(table.outcome_id)
        rows = await self._all(newest_first(statement, time, key, after, limit))
        page = cut(rows, limit, lambda row: Position(row.received_at_us, row.outcome_id))
        return page.map(lambda row: OutcomeRow(**row.model_dump()))

    async def dead_letters(
        self, tenant_id: str, limit: int, *, after: str = ""
    ) -> list[KeptDeadLetter]:
        """Return dead letters behind the one named `after`, oldest first."""
        table = tables.DeadLetter
        tick, ordinal = col(table.tick), col(table.ordinal)
        statement = select(table).where(table.tenant_id == tenant_id)
        if after:
            statement = statement.where(tuple_(tick, ordinal) > _place(after))
        statement = statement.order_by(tick, ordinal).limit(limit)
        return [_kept(row) for row in await self._all(statement)]

    async def dead_letter(self, tenant_id: str, dead_letter_id: str) -> KeptDeadLetter | None:
        """Return one dead letter."""
        letter = await self._get(tables.DeadLetter, tenant_id, *_place(dead_letter_id))
        return letter and _kept(letter)

    async def _get(self, table: type[Record], *key: str | int) -> Record | None:
        return await self._database.read(lambda session: session.get(table, key))

    async def _all(self, statement: SelectOfScalar[Scalar]) -> Sequence[Scalar]:
        def look(session: Session) -> Sequence[Scalar]:
            return session.exec(statement).all()

        return await self._database.read(look)


def _kept(record: tables.DeadLetter) -> KeptDeadLetter:
    letter = DeadLetterRow(**record.model_dump(exclude={"ordinal"}))
    return KeptDeadLetter(f"{record.tick}-{record.ordinal}", letter)


def _place(dead_letter_id: str) -> tuple[int, int]:
    tick, _, ordinal = dead_letter_id.partition("-")
    return (int(tick), int(ordinal)) if tick.isdecimal() and ordinal.isdecimal() else (0, 0)
