"""What outlives the process: the log, the tables, the snapshots and the secret."""

from __future__ import annotations

import asyncio
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.ingest.reducer import REDUCER_VERSION
from eitp_server.storage.accounts import Accounts
from eitp_server.storage.snapshot import MemorySnapshots, Snapshots
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from eitp_server.storage.tenants import unknown_tenant

if TYPE_CHECKING:
    from contextlib import AsyncExitStack
    from pathlib import Path

    from eitp_server.config import Settings
    from eitp_server.ingest.recovery import Snapshots as KeptSnapshots
    from eitp_server.storage.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The stores of one data directory, open."""

    database: SQLiteDatabase
    log: SQLiteLog
    snapshots: KeptSnapshots
    accounts: Accounts
    secret: bytes
    """32 bytes that key every hash and draw of this server's data."""
    signing_seed: bytes

    def tenant(self, tenant_id: str) -> Tenant:
        """Return a tenant. Raises `Missing` when there is none of that name."""
        tenant = self.accounts.tenants.get(tenant_id)
        if tenant is None:
            raise unknown_tenant(tenant_id)
        return tenant


async def open_stores(settings: Settings, stack: AsyncExitStack) -> Stores:
    """Open the stores, which close with `stack`."""
    database = await SQLiteDatabase.open(settings.data_dir, synchronous=settings.synchronous)
    log = await SQLiteLog.open(database, reducer_version=REDUCER_VERSION)
    stack.push_async_callback(log.close)
    secret = await asyncio.to_thread(_secret, settings)
    snapshots = (
        MemorySnapshots()
        if settings.data_dir is None
        else Snapshots(
            settings.data_dir / "snapshots",
            incarnation=log.incarnation,
            reducer_version=REDUCER_VERSION,
        )
    )
    return Stores(
        database=database,
        log=log,
        snapshots=snapshots,
        accounts=await Accounts.open(database),
        secret=secret[:32],
        signing_seed=secret[32:],
    )


def _secret(settings: Settings) -> bytes:
    """Return the 64 secret bytes of this server's data, made at the first start."""
    if settings.data_dir is None:
        return secrets.token_bytes(64)
    path = settings.data_dir / "secret.key"
    if not path.exists():
        _keep(path, secrets.token_bytes(64))
    return path.read_bytes()


def _keep(path: Path, content: bytes) -> None:
    """Write a file for nobody else's eyes, so that after a crash it is whole or not there."""
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
