"""The tenants of a server: changed in the database, read from memory."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from sqlmodel import select

from eitp_server.errors import Conflict, Missing, Reason
from eitp_server.storage import tables
from eitp_server.storage.tenant import Tenant, canonical_origin, canonical_origins

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from eitp_server.storage.database import Database


class Tenants:
    """What changes is in the database before the method returns, and in memory right after."""

    def __init__(self, database: Database) -> None:
        """Know no tenant before `refresh`."""
        self._database = database
        self._tenants: dict[str, Tenant] = {}

    async def refresh(self) -> None:
        """Read all tenants again."""
        tenants = await self._database.read(_all)
        self._tenants = {tenant.tenant_id: tenant for tenant in tenants}

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, None when there is none of that name."""
        return self._tenants.get(tenant_id)

    def all(self) -> list[Tenant]:
        """Return all tenants by identity."""
        return sorted(self._tenants.values(), key=lambda tenant: tenant.tenant_id)

    def allow_origin(self, tenant_id: str, origin: str) -> bool:
        """Tell whether a page of `origin` may use the tenant's publishable keys."""
        tenant = self._tenants.get(tenant_id)
        return tenant is not None and canonical_origin(origin) in tenant.allowed_origins

    async def create(self, tenant: Tenant) -> Tenant:
        """Add a tenant and return it as it is kept; raises `Conflict` when the name is taken."""
        kept = _canonical(tenant)

        def job(session: Session) -> None:
            if session.get(tables.Tenant, kept.tenant_id):
                raise Conflict(
                    Reason.FIELD_INVALID,
                    f"The name {kept.tenant_id} is taken by another tenant.",
                    metadata={"tenant_id": kept.tenant_id},
                )
            session.add(_record(kept))

        await self._database.write(job)
        self._tenants[kept.tenant_id] = kept
        return kept

    async def change(self, tenant_id: str, change: Callable[[Tenant], Tenant]) -> Tenant:
        """Put in a tenant's place what `change` makes of it, and return that.

        No other change comes between, and when `change` raises everything stays as it was.
        Raises `Missing` when there is no such tenant.
        """

        def job(session: Session) -> Tenant:
            record = session.get(tables.Tenant, tenant_id)
            if record is None:
                raise unknown_tenant(tenant_id)
            changed = _canonical(change(_tenant(record)))
            session.merge(_record(changed))
            return changed

        changed = self._tenants[tenant_id] = await self._database.write(job)
        return changed


def unknown_tenant(tenant_id: str) -> Missing:
    """Return the error of a call on a tenant that does not exist."""
    return Missing(
        Reason.FIELD_INVALID,
        f"There is no tenant {tenant_id}.",
        metadata={"tenant_id": tenant_id},
    )


def _all(session: Session) -> list[Tenant]:
    return [_tenant(record) for record in session.exec(select(tables.Tenant))]


def _canonical(tenant: Tenant) -> Tenant:
    return replace(tenant, allowed_origins=canonical_origins(tenant.allowed_origins))


def _record(tenant: Tenant) -> tables.Tenant:
    fields = asdict(tenant)
    fields.update(allowed_origins=json.dumps(tenant.allowed_origins))
    return tables.Tenant(**fields)


def _tenant(record: tables.Tenant) -> Tenant:
    fields = record.model_dump(exclude={"allowed_origins"})
    return Tenant(**fields, allowed_origins=tuple(json.loads(record.allowed_origins)))
