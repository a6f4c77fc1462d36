"""The table of what was proven to help, every version of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from eitp_server.storage.page import Page, Position, cut
from eitp_server.storage.tables import ProvenPattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session
    from sqlmodel.sql.expression import SelectOfScalar

    from eitp_server.storage.database import Database

SHARED = ""
"""In place of a tenant: proven over several of them, to be read by those that agreed to that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRow:
    """One version of the finding that an intervention helps in a scope."""

    tenant_id: str
    pattern_id: str
    version: int
    status: int
    """A `eitp.v1.PatternStatus`."""
    vertical: str | None
    """None when it holds in every vertical; likewise label and section."""
    label: int | None
    page_section: int | None
    definition_id: str
    kind: int
    """A `eitp.v1.InterventionKind`."""
    units: int
    lift: float | None
    lower_bound: float | None
    fresh_lift: float | None
    fresh_lower_bound: float | None
    promoted_at_us: int
    expires_at_us: int
    document: str
    """Canonical JSON of the whole `eitp.v1.ProvenPattern`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternFilter:
    """Which patterns are listed; what is left out excludes nothing."""

    statuses: Collection[int] = ()
    in_use_at_us: int | None = None
    """Only those whose time has not run out by then."""
    own: bool = True
    """The tenant's own are among them."""
    shared: bool = True
    """Those that tenants share are among them."""
    vertical: str = ""
    """Only what holds there; so for label and section."""
    label: int = 0
    page_section: int = 0
    definition_id: str = ""
    kind: int = 0


EVERYTHING = PatternFilter()


class Patterns:
    """Keeps every version and shows the newest of each pattern."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def keep(self, patterns: Sequence[PatternRow]) -> None:
        """Write versions, together or not at all; one that is there already is replaced."""

        def job(session: Session) -> None:
            for pattern in patterns:
                session.merge(ProvenPattern(**asdict(pattern)))

        await self._database.write(job)

    async def get(
        self, tenant_id: str, pattern_id: str, *, shared: bool = True
    ) -> PatternRow | None:
        """Return the newest version of a pattern of the tenant's own, or a `shared` one."""
        statement = _newest(_readers(tenant_id, own=True, shared=shared))
        records = await self._all(statement.where(ProvenPattern.pattern_id == pattern_id))
        return PatternRow(**records[0].model_dump()) if records else None

    async def page(
        self,
        tenant_id: str,
        limit: int,
        *,
        after: Position | None = None,
        wanted: PatternFilter = EVERYTHING,
    ) -> Page[PatternRow]:
        """Return patterns in their newest version, newest promotion first, ties by identity."""
        time, key = col(ProvenPattern.promoted_at_us), col(ProvenPattern.pattern_id)
        statement = _newest(_readers(tenant_id, own=wanted.own, shared=wanted.shared))
        statement = statement.where(*_conditions(wanted))
        if after:
            behind = and_(time == after.at_us, key > after.key)
            statement = statement.where(or_(time < after.at_us, behind))
        records = await self._all(statement.order_by(time.desc(), key).limit(limit + 1))
        page = cut(records, limit, lambda row: Position(row.promoted_at_us, row.pattern_id))
        return page.map(lambda record: PatternRow(**record.model_dump()))

    async def newest(self, tenant_id: str) -> tuple[PatternRow, ...]:
        """Return the newest version of each pattern of the tenant's own, or of `SHARED` ones."""
        records = await self._all(_newest((tenant_id,)).order_by(col(ProvenPattern.pattern_id)))
        return tuple(PatternRow(**record.model_dump()) for record in records)

    async def with_status(self, statuses: Collection[int]) -> tuple[PatternRow, ...]:
        """Return all patterns of all tenants that now have one of `statuses`."""
        tenant, key = col(ProvenPattern.tenant_id), col(ProvenPattern.pattern_id)
        statement = _newest(None).where(col(ProvenPattern.status).in_(statuses))
        records = await self._all(statement.order_by(tenant, key))
        return tuple(PatternRow(**record.model_dump()) for record in records)

    async def _all(self, statement: SelectOfScalar[ProvenPattern]) -> Sequence[ProvenPattern]:
        def look(session: Session) -> Sequence[ProvenPattern]:
            return session.exec(statement).all()

        return await self._database.read(look)


def _readers(tenant_id: str, *, own: bool, shared: bool) -> tuple[str, ...]:
    return (*((tenant_id,) if own else ()), *((SHARED,) if shared else ()))


def _newest(tenant_ids: Collection[str] | None) -> SelectOfScalar[ProvenPattern]:
    other = aliased(ProvenPattern)
    newest = (
        select(func.max(other.version))
        .where(
            other.tenant_id == ProvenPattern.tenant_id,
            other.pattern_id == ProvenPattern.pattern_id,
        )
        .correlate(ProvenPattern)
        .scalar_subquery()
    )
    statement = select(ProvenPattern).where(ProvenPattern.version == newest)
    if tenant_ids is None:
        return statement
    return statement.where(col(ProvenPattern.tenant_id).in_(tenant_ids))


def _conditions(wanted: PatternFilter) -> Iterator[ColumnElement[bool]]:
    table = ProvenPattern
    if wanted.statuses:
        yield col(table.status).in_(wanted.statuses)
    if wanted.in_use_at_us is not None:
        yield col(table.expires_at_us) > wanted.in_use_at_us
    for column, value in (
        (col(table.vertical), wanted.vertical),
        (col(table.label), wanted.label),
        (col(table.page_section), wanted.page_section),
    ):
        if value:
            yield or_(column.is_(None), column == value)
    if wanted.definition_id:
        yield col(table.definition_id) == wanted.definition_id
    if wanted.kind:
        yield col(table.kind) == wanted.kind
