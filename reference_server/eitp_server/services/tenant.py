"""What the services need to know of a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What a packet says of the shop."""

    vertical: str
    region: str


class Tenants(Protocol):
    """Reads tenants from memory."""

    def facts(self, tenant_id: str) -> TenantFacts:
        """Return the facts of a tenant that a credential named."""
        ...
