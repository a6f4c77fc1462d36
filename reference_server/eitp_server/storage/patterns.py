"""The table of what was proven to help, every version of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from eitp_server.storage.page import Page, Position, cut, newest_first
from eitp_server.storage.tables import ProvenPattern

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlmodel import Session
    from sqlmodel.sql.expression import SelectOfScalar

    from eitp_server.storage.database import Database

SHARED = ""
"""In place of a tenant: proven over several of them, to be read by all."""


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

    async def get(self, tenant_id: str, pattern_id: str) -> PatternRow | None:
        """Return the newest version of a pattern of the tenant's own or a shared one."""
        statement = _newest(tenant_id).where(ProvenPattern.pattern_id == pattern_id)
        records = await self._all(statement)
        return PatternRow(**records[0].model_dump()) if records else None

    async def page(
        self,
        tenant_id: str,
        limit: int,
        *,
        after: Position | None = None,
        statuses: Collection[int] = (),
    ) -> Page[PatternRow]:
        """Return the tenant's own patterns and the shared ones, newest promotion first.

        Without `statuses` those in every status.
        """
        statement = _newest(tenant_id)
        if statuses:
            statement = statement.where(col(ProvenPattern.status).in_(statuses))
        time, key = col(ProvenPattern.promoted_at_us), col(ProvenPattern.pattern_id)
        records = await self._all(newest_first(statement, time, key, after, limit))
        page = cut(records, limit, lambda row: Position(row.promoted_at_us, row.pattern_id))
        return page.map(lambda record: PatternRow(**record.model_dump()))

    async def _all(self, statement: SelectOfScalar[ProvenPattern]) -> Sequence[ProvenPattern]:
        def look(session: Session) -> Sequence[ProvenPattern]:
            return session.exec(statement).all()

        return await self._database.read(look)


def _newest(tenant_id: str) -> SelectOfScalar[ProvenPattern]:
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
    return select(ProvenPattern).where(
        col(ProvenPattern.tenant_id).in_((tenant_id, SHARED)), ProvenPattern.version == newest
    )
