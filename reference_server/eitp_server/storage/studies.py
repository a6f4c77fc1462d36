"""How far the running experiment of each tenant has come, so that a restart goes on from there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select, text

from eitp_server.bandit.lines import encode
from eitp_server.bandit.visitors import Visitor, Visitors
from eitp_server.storage.tables import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlmodel import Session

    from eitp_server.storage.database import Database, Readable

FORGOTTEN_AT_ONCE: Final = 2_000
"""Visitors, at most, that are deleted before others may write."""
_READ_AT_ONCE: Final = 2_000

_CHECKPOINTS = Record.metadata.tables["study_checkpoints"]
_VISITORS = Record.metadata.tables["study_visitors"]
# SQLAlchemy has a way of its own to say this for every kind of database.
PUT_VISITOR: Final = text(
    "INSERT INTO study_visitors (tenant_id, visitor, counted, held_out)"
    " VALUES (:tenant_id, :visitor, :counted, :held_out)"
    " ON CONFLICT (tenant_id, visitor)"
    " DO UPDATE SET counted = excluded.counted, held_out = excluded.held_out"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTerms:
    """What a study depends on beside the decisions: under other terms it would be another one."""

    methodology: str
    margins: str
    """Canonical JSON."""
    window_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A study without its visitors, at a moment."""

    terms: StudyTerms
    through_us: int
    """Decisions up to here are in it."""
    saved_at_us: int
    document: str
    """From `as_text`."""

    def parts(self) -> Iterator[dict[str, Any]]:
        """Yield the parts of the document one by one. Raises ValueError for what is no JSON."""
        return map(json.loads, self.document.split("\n"))


class KeptStudies:
    """Reads the checkpoint of each tenant, and everybody whom its study had met by then."""

    def __init__(self, database: Readable) -> None:
        """Read from `database`."""
        self._readable = database

    async def get(self, tenant_id: str, terms: StudyTerms) -> tuple[Checkpoint, Visitors] | None:
        """Return what is kept of a tenant, None when there is nothing under these terms."""

        def look(session: Session) -> tuple[Checkpoint, Visitors] | None:
            connection = session.connection()
            own = select(*_CHECKPOINTS.c).where(_CHECKPOINTS.c.tenant_id == tenant_id)
            row: Any = connection.execute(own).first()
            if row is None or _terms(row) != terms:
                return None
            kept = Checkpoint(
                terms=terms,
                through_us=row.through_us,
                saved_at_us=row.saved_at_us,
                document=row.document,
            )
            return kept, Visitors(_visitors(connection, tenant_id))

        return await self._readable.read(look)


class Studies(KeptStudies):
    """Keeps one checkpoint of each tenant, and the visitors that belong to it.

    Only the process whose study it is writes it: what two would write does not fit together.
    Anybody may read, because the two are written in one transaction and read in one.
    """

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        super().__init__(database)
        self._database = database

    async def keep(
        self, tenant_id: str, checkpoint: Checkpoint, changed: Sequence[Visitor]
    ) -> None:
        """Write a checkpoint and the visitors who have changed since the last, all or nothing.

        Raises `Exhausted(STORAGE_FULL)` when there is no room.
        """
        terms = asdict(checkpoint.terms)
        row = {
            **terms,
            "tenant_id": tenant_id,
            "through_us": checkpoint.through_us,
            "saved_at_us": checkpoint.saved_at_us,
            "document": checkpoint.document,
        }
        visitors = [_row(tenant_id, visitor) for visitor in changed]

        def job(session: Session) -> None:
            connection = session.connection()
            connection.execute(delete(_CHECKPOINTS).where(_CHECKPOINTS.c.tenant_id == tenant_id))
            connection.execute(_CHECKPOINTS.insert().values(**row))
            if visitors:
                connection.execute(PUT_VISITOR, visitors)

        await self._database.write(job)

    async def forget(self, tenant_id: str) -> None:
        """Forget the checkpoint of a tenant, and then the visitors step by step.

        There is one writer, and all that the tick stores would wait for a single long step.
        Visitors who are left when it is interrupted are nobody's: forget again before writing.
        """
        table = _VISITORS.c
        some = select(table.visitor).where(table.tenant_id == tenant_id).limit(FORGOTTEN_AT_ONCE)
        own = delete(_CHECKPOINTS).where(_CHECKPOINTS.c.tenant_id == tenant_id)
        few = delete(_VISITORS).where(table.tenant_id == tenant_id, table.visitor.in_(some))

        def job(session: Session) -> int:
            connection = session.connection()
            connection.execute(own)
            return connection.execute(few).rowcount

        while await self._database.write(job) == FORGOTTEN_AT_ONCE:
            pass


def as_text(parts: Iterable[Mapping[str, Any]]) -> str:
    """Return JSON values as the document of a checkpoint, each in a line of its own.

    Encoding lets nobody else run, so it is done in parts. Numbers come back as they were, bit for
    bit, those that are not finite included.
    """
    return "\n".join(map(encode, parts))


def _terms(row: Any) -> StudyTerms:
    return StudyTerms(methodology=row.methodology, margins=row.margins, window_us=row.window_us)


def _visitors(connection: Connection, tenant_id: str) -> Iterator[Visitor]:
    table = _VISITORS.c
    statement = (
        select(table.visitor, table.counted, table.held_out)
        .where(table.tenant_id == tenant_id)
        .execution_options(yield_per=_READ_AT_ONCE)
    )
    rows: Iterable[Any] = connection.execute(statement)
    for name, counted, held_out in rows:
        yield Visitor(name, int.from_bytes(counted, "little"), held_out)


def _row(tenant_id: str, visitor: Visitor) -> dict[str, Any]:
    size = (visitor.counted.bit_length() + 7) // 8
    return {
        "tenant_id": tenant_id,
        "visitor": visitor.name,
        "counted": visitor.counted.to_bytes(size, "little"),
        "held_out": visitor.held_out,
    }
