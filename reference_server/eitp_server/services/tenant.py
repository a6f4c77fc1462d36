"""What the services need to know of a tenant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What a packet says of the shop."""

    vertical: str
    region: str
    rules: Mapping[str, int] = field(default_factory=dict[str, int])
    """Thresholds of its own, by the names of `eitp.v1.SignalRules`."""
    holdout_share: float | None = None
    """Share of its visitors that never get an intervention; None is the server's default."""


class Tenants(Protocol):
    """Reads tenants from memory."""

    def facts(self, tenant_id: str) -> TenantFacts:
        """Return the facts of a tenant that a credential named."""
        ...
