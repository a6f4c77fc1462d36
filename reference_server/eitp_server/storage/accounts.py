"""Who may call and on which terms: tenants and their keys, changed on disk and read from memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.storage.api_keys import ApiKeys
from eitp_server.storage.tenants import Tenants

if TYPE_CHECKING:
    from typing import Self

    from eitp_server.storage.database import Database


@dataclass(frozen=True, slots=True)
class Accounts:
    """All tenants and keys of a server, in memory, so that no call costs a query."""

    tenants: Tenants
    keys: ApiKeys

    @classmethod
    async def open(cls, database: Database) -> Self:
        """Return the accounts in `database`."""
        accounts = cls(Tenants(database), ApiKeys(database))
        await accounts.refresh()
        return accounts

    async def refresh(self) -> None:
        """Read everything again: another process may have changed it."""
        await self.tenants.refresh()
        await self.keys.refresh()
