"""What is known about carrying interventions over to other verticals."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select

from eitp_server.storage.tables import Meta, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlmodel import Session

    from eitp_server.storage.database import Database, Readable

SHARED: Final = ""
"""In place of a tenant: a finding over several of them, to be read by all that agreed."""

JUDGED: Final = "transfers_judged_us"
"""In `meta`: the moment of the last judgement of all tenants that was finished."""

_TABLE = Record.metadata.tables["transfers"]
_COLUMNS = _TABLE.c


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One finding."""

    tenant_id: str
    transfer_id: str
    kind: int
    """A `eitp.v1.InterventionKind`."""
    label: int
    """0: any, as with the section."""
    page_section: int
    verdict: int
    """A `eitp.v1.TransferVerdict`."""
    probability_positive: float | None
    """None when there is too little data for one."""
    computed_at_us: int
    document: Mapping[str, Any]
    """The observed effects, and what follows from them, as JSON values."""

    @property
    def rank(self) -> tuple[float, str]:
        """Surest first: by probability descending, those without one last, ties by identity."""
        sure = 2.0 if self.probability_positive is None else 1.0 - self.probability_positive
        return sure, self.transfer_id


class KeptTransfers:
    """Reads findings."""

    def __init__(self, database: Readable) -> None:
        """Read from `database`."""
        self._database = database

    async def all(self, tenant_ids: Collection[str]) -> list[TransferRow]:
        """Return the findings of tenants, SHARED being one of them, surest first."""
        statement = select(*_COLUMNS).where(_COLUMNS.tenant_id.in_(tenant_ids))

        def look(session: Session) -> list[TransferRow]:
            rows: Any = session.connection().execute(statement)
            found = [
                TransferRow(**{**row._asdict(), "document": json.loads(row.document)})
                for row in rows
            ]
            return sorted(found, key=lambda row: row.rank)

        return await self._database.read(look)

    async def judged_us(self) -> int:
        """Return the moment of the last judgement that was finished, 0 before the first one."""

        def look(session: Session) -> int:
            mark = session.get(Meta, JUDGED)
            return int(mark.value) if mark else 0

        return await self._database.read(look)


class Transfers(KeptTransfers):
    """Reads and replaces findings."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        super().__init__(database)
        self._writable = database

    async def replace(self, tenant_id: str, rows: Sequence[TransferRow]) -> None:
        """Put findings in the place of all that the tenant, or SHARED, had."""
        written = [
            {
                **{name: getattr(row, name) for name in _COLUMNS.keys()},  # noqa: SIM118
                "document": json.dumps(row.document, allow_nan=False),
            }
            for row in rows
        ]

        def job(session: Session) -> None:
            connection = session.connection()
            connection.execute(delete(_TABLE).where(_COLUMNS.tenant_id == tenant_id))
            if written:
                connection.execute(_TABLE.insert(), written)

        await self._writable.write(job)

    async def mark_judged(self, at_us: int) -> None:
        """Keep that all was judged as of a moment."""

        def job(session: Session) -> None:
            session.merge(Meta(key=JUDGED, value=str(at_us)))

        await self._writable.write(job)
