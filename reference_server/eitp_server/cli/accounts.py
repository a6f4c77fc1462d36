"""The tenants in the data directory: read also beside a server, changed only without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from eitp_server.cli.console import require_data, with_accounts
from eitp_server.cli.records import require_tenant
from eitp_server.config import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.storage.accounts import Accounts
    from eitp_server.storage.database import Database
    from eitp_server.storage.tenant import Tenant


async def read_tenants() -> list[Tenant]:
    """Return all tenants by identity.

    Raises FileNotFoundError when no data are there.
    """
    from eitp_server.storage.sqlite_reader import reading
    from eitp_server.storage.tenants import Tenants

    directory = Settings().data_dir
    if directory is None:
        return []
    require_data(directory)
    async with reading(directory) as database:
        # These read and write; here they only read.
        tenants = Tenants(cast("Database", database))
        await tenants.refresh()
        return tenants.all()


async def read_tenant(tenant_id: str) -> Tenant:
    """Return a tenant, and refuse one that there is not."""
    tenants = {tenant.tenant_id: tenant for tenant in await read_tenants()}
    require_tenant(tenant_id, list(tenants), "TENANT_ID")
    return tenants[tenant_id]


async def change_tenant(tenant_id: str, change: Callable[[Tenant], Tenant]) -> Tenant:
    """Put in a tenant's place what `change` makes of it; refuse one that there is not."""

    async def job(accounts: Accounts) -> Tenant:
        known = [tenant.tenant_id for tenant in accounts.tenants.all()]
        require_tenant(tenant_id, known, "TENANT_ID")
        return await accounts.tenants.change(tenant_id, change)

    return await with_accounts(job)
