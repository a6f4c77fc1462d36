"""How many visitors of each tenant are held out, as the log has it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eitp_server.bandit.choice import Experiment


class Holdouts:
    """The share in force for each tenant: part of the state, because decisions depend on it.

    A server that starts with another share decides by it from the next session on that is opened;
    what it replays it decides as it did.
    """

    def __init__(self, usual: Experiment) -> None:
        """Deal chance as `usual` says, until a tenant's share is told."""
        self._usual = usual
        self._told: dict[str, Experiment] = {}

    def of(self, tenant_id: str) -> Experiment:
        """Return how chance is dealt for a tenant."""
        return self._told.get(tenant_id, self._usual)

    def tell(self, tenant_id: str, share: float) -> None:
        """Hold out `share` of a tenant's visitors, 0..1, from now on."""
        known = self._told.get(tenant_id)
        if known is None or known.holdout_share != share:
            self._told[tenant_id] = replace(self._usual, holdout_share=share)

    def dump(self) -> list[tuple[str, float]]:
        """Return the shares as JSON values; equal states give equal values, order included."""
        return sorted((tenant_id, told.holdout_share) for tenant_id, told in self._told.items())

    def load(self, state: Iterable[tuple[str, float]]) -> None:
        """Take over what `dump` returned."""
        self._told = {}
        for tenant_id, share in state:
            self.tell(tenant_id, share)
