"""The tables of a data directory for one who only looks, also while a server writes them."""

from __future__ import annotations

import asyncio
import errno
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from eitp_server.errors import Missing, Reason
from eitp_server.storage import tables
from eitp_server.storage.migration import HEAD, revision
from eitp_server.storage.sqlite_connection import read_engine
from eitp_server.storage.sqlite_database import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from sqlalchemy import Engine

Result = TypeVar("Result")


class SQLiteReader:
    """Reads one file; takes no lock, writes nothing and never checkpoints."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def read(self, job: Callable[[Session], Result]) -> Result:
        """Run `job` on one consistent view of the tables, in a thread."""
        return await asyncio.to_thread(self._read, job)

    async def tenant_ids(self) -> list[str]:
        """Return the names of all tenants, ascending."""
        statement = select(tables.Tenant.tenant_id).order_by(tables.Tenant.tenant_id)
        return await self.read(lambda session: list(session.exec(statement)))

    def _read(self, job: Callable[[Session], Result]) -> Result:
        with Session(self._engine) as session:
            return job(session)


@asynccontextmanager
async def reading(directory: Path) -> AsyncGenerator[SQLiteReader]:
    """Read the database in `directory` until the block ends.

    Raises `FileNotFoundError` when there is none and `Missing(RESOURCE_UNKNOWN)` when it cannot be
    read or its schema is not the one that this version reads.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no database of a server", str(path))
    engine = read_engine(path)
    try:
        await asyncio.to_thread(_require_current, engine)
        yield SQLiteReader(engine)
    except DBAPIError as error:
        raise Missing(
            Reason.RESOURCE_UNKNOWN,
            f"{path} cannot be read as the database of a server: {error.orig}",
            metadata={"path": str(path)},
        ) from error
    finally:
        engine.dispose()


def _require_current(engine: Engine) -> None:
    with engine.connect() as connection:
        found = revision(connection)
    if found != HEAD:
        raise Missing(
            Reason.RESOURCE_UNKNOWN,
            f"the database has schema {found or 'none'} and this version reads {HEAD}; "
            "a server of this version brings it there when it starts",
            metadata={"found": found or "", "expected": HEAD},
        )
