"""What the tenants of a vertical that agreed to it find out together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eitp_server.bandit.pool import PooledStudy, by_kind
from eitp_server.errors import Missing
from eitp_server.interventions.definition import InterventionKind
from eitp_server.interventions.proof import Claim
from eitp_server.storage.patterns import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from eitp_server.bandit.arm_study import Promotion
    from eitp_server.bandit.node import Node
    from eitp_server.bandit.trial import Trial
    from eitp_server.interventions.catalogue import Catalogue
    from eitp_server.interventions.proven import Proven
    from eitp_server.storage.trials import Trials

OUTSIDE = InterventionKind.CUSTOM.name
"""What no other shop has: a shop's own inventions, and what is not known any more."""


@dataclass(slots=True)
class _Pool:
    members: frozenset[str]
    promotions: frozenset[Promotion]
    study: PooledStudy
    through_us: int = 0


class Pools:
    """Folds what tenants have in common, by kind of intervention and in the order of decision.

    What a pool knows follows from the tables, from who is in it and from what was promoted; when
    one of the latter changes it is made anew, so that nothing of a tenant stays that left.
    """

    def __init__(self, trials: Trials, catalogue: Callable[[], Catalogue]) -> None:
        """Read from `trials`; `catalogue()` knows what each intervention was."""
        self._trials = trials
        self._catalogue = catalogue
        self._pools: dict[str, _Pool] = {}

    async def study(
        self,
        vertical: str,
        members: Collection[str],
        promotions: Iterable[Promotion],
        now_us: int,
    ) -> PooledStudy:
        """Return what `members` know of `vertical` at `now_us`."""
        wanted = (frozenset(members), frozenset(promotions))
        pool = self._pools.pop(vertical, None)
        if pool is None or (pool.members, pool.promotions) != wanted:
            pool = _Pool(*wanted, study=PooledStudy(wanted[1]))
        trials: list[Trial] = []
        through_us = pool.through_us
        for member in sorted(members):
            # All members are read up to one moment, so they come equally far.
            through_us = await self._read(member, pool.through_us, now_us, trials)
        trials = [trial for trial in trials if trial.decision.cell.vertical == vertical]
        await asyncio.to_thread(self._fold, pool.study, trials)
        pool.through_us = through_us
        self._pools[vertical] = pool
        return pool.study

    async def _read(self, tenant_id: str, after_us: int, now_us: int, into: list[Trial]) -> int:
        """Add what has matured after `after_us`, and return how far that goes."""
        while True:
            matured = await self._trials.matured(tenant_id, after_us, now_us)
            into += matured.trials
            after_us = matured.through_us
            if matured.is_all:
                return after_us

    def _fold(self, study: PooledStudy, trials: list[Trial]) -> None:
        trials.sort(key=lambda each: (each.decision.decided_at_us, each.decision.decision_id))
        catalogue = self._catalogue()
        for trial in trials:
            tenant_id = trial.decision.cell.tenant_id

            def kind(arm: str, epoch: int, tenant_id: str = tenant_id) -> str:
                try:
                    return catalogue.get(tenant_id, arm, epoch).kind.name
                except Missing:
                    return OUTSIDE

            study.fold(replace(trial, decision=by_kind(trial.decision, kind)))


def shared_claims(
    study: PooledStudy, known: Mapping[str, Proven], is_expressible: Callable[[Node], bool]
) -> Iterator[Claim]:
    """Yield what may be claimed of kinds: only what enough tenants stand behind.

    What followed a promotion is left out while too few do: the evidence is empty then.
    """
    by_arm = {(item.scope, item.arm): item for item in known.values()}
    for (scope, kind), found in study.findings.items():
        if kind == OUTSIDE or not found.is_shareable or not is_expressible(scope):
            continue
        pattern = by_arm.get((scope, kind))
        pooled = study.since(pattern.made) if pattern else found
        yield Claim(
            tenant_id=SHARED,
            scope=scope,
            definition_id="",
            epoch=0,
            kind=InterventionKind[kind],
            known=pattern,
            evidence=pooled.shareable,
            tenants=pooled.tenants,
        )
