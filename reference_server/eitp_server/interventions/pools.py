"""What the tenants of a vertical that agreed to it find out together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from eitp_server.bandit.pool import PooledStudy, by_kind
from eitp_server.errors import Missing
from eitp_server.interventions.common_order import in_common_order
from eitp_server.interventions.definition import InterventionKind
from eitp_server.interventions.proof import Claim
from eitp_server.storage.patterns import SHARED

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from eitp_server.bandit.arm_study import Promotion
    from eitp_server.bandit.node import Node
    from eitp_server.bandit.trial import Trial
    from eitp_server.interventions.catalogue import Catalogue
    from eitp_server.interventions.proven import Proven
    from eitp_server.storage.trials import Trials

OUTSIDE = InterventionKind.CUSTOM.name
"""What no other shop has: a shop's own inventions, and what is not known any more."""
SLICE_SECONDS: Final = 0.05
"""Time for which a thread folds before everything else has its turn for as long."""
_HELD: Final = 10_000
"""Trials of all members together that are held at once, unless there are more than 200 members."""
_LEAST_READ: Final = 50
_MOST_READ: Final = 1_000
"""Trials of one member that are read at once: with few, each takes longer to read; with many, a
reader is held for long."""


def portion_for(members: int) -> int:
    """Return how many trials of each of so many members are read, and held, at once."""
    return min(max(_HELD // max(members, 1), _LEAST_READ), _MOST_READ)


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

    def __init__(
        self,
        trials: Trials,
        catalogue: Callable[[], Catalogue],
        *,
        portion: Callable[[int], int] = portion_for,
        slice_seconds: float = SLICE_SECONDS,
    ) -> None:
        """Read from `trials`; `catalogue()` knows what each intervention was.

        `portion(members)` is how many trials of each member are read at once, and a thread folds
        for `slice_seconds`; neither changes what comes out.
        """
        self._trials = trials
        self._catalogue = catalogue
        self._portion = portion
        self._slice_seconds = slice_seconds
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
        catalogue = self._catalogue()
        async for stretch in in_common_order(
            self._trials, members, pool.through_us, now_us, self._portion(len(members))
        ):
            while stretch.trials:
                folded = asyncio.to_thread(
                    self._fold_some, pool.study, stretch.trials, vertical, catalogue
                )
                # Nobody waits for the study, and everybody for the interpreter.
                await asyncio.sleep(await folded)
            pool.through_us = stretch.through_us
        self._pools[vertical] = pool
        return pool.study

    def _fold_some(
        self, study: PooledStudy, trials: deque[Trial], vertical: str, catalogue: Catalogue
    ) -> float:
        """Fold the first of `trials` and take them away; return how many seconds that took."""
        begun, seconds = monotonic(), 0.0
        while trials and seconds <= self._slice_seconds:
            trial = trials.popleft()
            if trial.decision.cell.vertical == vertical:
                kinds = by_kind(trial.decision, _kinds(trial.decision.cell.tenant_id, catalogue))
                study.fold(replace(trial, decision=kinds))
            seconds = monotonic() - begun
        return seconds


def _kinds(tenant_id: str, catalogue: Catalogue) -> Callable[[str, int], str]:
    def kind(arm: str, epoch: int) -> str:
        try:
            return catalogue.get(tenant_id, arm, epoch).kind.name
        except Missing:
            return OUTSIDE

    return kind


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
