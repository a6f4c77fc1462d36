"""Every version of what was proven, kept for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp_server.bandit.pattern import DemotionReason, PatternStatus
from eitp_server.interventions.pattern_document import pattern, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.bandit.arm_study import Promotion
    from eitp_server.interventions.proven import Proven
    from eitp_server.storage.patterns import Patterns

LIVE = (PatternStatus.PROMOTED, PatternStatus.CONFIRMED)
"""What may be used."""


class Archive:
    """Reads and writes patterns by the version."""

    def __init__(self, patterns: Patterns) -> None:
        """Keep them in `patterns`."""
        self._patterns = patterns

    async def newest(self, tenant_id: str) -> dict[str, Proven]:
        """Return the newest version of each of the tenant's own patterns, by identity."""
        found = map(pattern, await self._patterns.newest(tenant_id))
        return {item.pattern_id: item for item in found}

    async def live(self) -> tuple[Proven, ...]:
        """Return all that may be used, of all tenants and shared."""
        return tuple(map(pattern, await self._patterns.with_status(LIVE)))

    async def refuted(self) -> tuple[Proven, ...]:
        """Return all that fresh data took back, of all tenants and shared."""
        demoted = map(pattern, await self._patterns.with_status((PatternStatus.DEMOTED,)))
        return tuple(
            item for item in demoted if item.life.demotion_reason is DemotionReason.REFUTED
        )

    async def promotions(self, tenant_id: str) -> list[Promotion]:
        """Return the last promotion of each of the tenant's patterns."""
        return [item.made for item in (await self.newest(tenant_id)).values()]

    async def keep(self, patterns: Sequence[Proven]) -> None:
        """Write versions, together or not at all."""
        if patterns:
            await self._patterns.keep([row(item) for item in patterns])
