"""API keys as the boundary asks for them, answered from the accounts in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.services.tenant import TenantFacts
from eitp_server.storage.api_key import KeyKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.storage.accounts import Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """What the boundary needs to know of a key that works."""

    tenant_id: str
    key_id: str
    is_secret: bool
    scopes: frozenset[str]
    origins: frozenset[str]


class Keyring:
    """The keys and the facts of all tenants."""

    def __init__(self, accounts: Accounts, clock_us: Callable[[], int]) -> None:
        self._accounts = accounts
        self._clock_us = clock_us

    def lookup(self, presented: str) -> KnownKey | None:
        """Return the record of a key that works now; None for any other text."""
        key = self._accounts.keys.authenticate(presented, self._clock_us())
        tenant = self._accounts.tenants.get(key.tenant_id) if key else None
        if key is None or (tenant is None and key.tenant_id):
            return None
        return KnownKey(
            tenant_id=key.tenant_id,
            key_id=key.key_id,
            is_secret=key.kind == KeyKind.SECRET,
            scopes=key.scopes,
            origins=frozenset(tenant.allowed_origins if tenant else ()),
        )

    def works(self, tenant_id: str, key_id: str) -> bool:
        """Tell whether the tenant's key of that identity still works."""
        return self._accounts.keys.opens(tenant_id, key_id, self._clock_us())

    def is_suspended(self, tenant_id: str) -> bool:
        """Tell whether the operator stopped the tenant."""
        tenant = self._accounts.tenants.get(tenant_id)
        return tenant is not None and tenant.suspended

    def lists_origin(self, origin: str) -> bool:
        """Tell whether any tenant lists the Origin."""
        return any(origin in t.allowed_origins for t in self._accounts.tenants.all())

    def facts(self, tenant_id: str) -> TenantFacts:
        """Return what a packet says of a tenant's shop."""
        tenant = self._accounts.tenants.get(tenant_id)
        return TenantFacts(
            vertical=tenant.vertical if tenant else "",
            region=tenant.region if tenant else "",
            rules=tenant.rules if tenant else {},
            holdout_share=tenant.learning.holdout_share if tenant else None,
        )
