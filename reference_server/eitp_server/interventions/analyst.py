"""Keeps the running experiment of each tenant up to date with what has matured."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eitp_server.bandit.study import Study

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from eitp_server.bandit.guardrail import GuardrailMetric
    from eitp_server.bandit.study import Promotion
    from eitp_server.storage.trials import Counted, Matured, Pending, Trials

    Margins = Mapping[GuardrailMetric, float]

PORTION: Final = 2_000
"""Decisions that are read and folded at once: a fraction of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A tenant's experiment, and what does not count in it."""

    study: Study
    """A copy: what is folded later does not change it."""
    through_us: int
    """Decisions up to here are in the study."""
    pending: Pending
    late: Counted
    """Successes that came after the window."""

    @property
    def pending_visitors(self) -> int:
        """Visitors that wait to be counted: all their decisions are pending."""
        return sum(not self.study.knows(visitor) for visitor in self.pending.visitors)


class Analyst:
    """Reads what has matured since it looked last, and folds it; nothing is read twice.

    What it knows follows from the tables, so a restart only costs the time to read them again.
    """

    def __init__(
        self,
        trials: Trials,
        margins: Callable[[str], Margins],
        now_us: Callable[[], int],
        promotions: Callable[[str], Awaitable[Iterable[Promotion]]] | None = None,
        *,
        portion: int = PORTION,
    ) -> None:
        """Read from `trials`; `margins` gives the harm that a tenant tolerates.

        `promotions` gives what a tenant has promoted so far, to be counted anew from there.
        """
        self._trials = trials
        self._margins = margins
        self._now_us = now_us
        self._promotions = promotions
        self._portion = portion
        self._running: dict[str, _Running] = {}
        self._looking: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def examine(self, tenant_id: str) -> Examined:
        """Return the tenant's experiment as it is now.

        Reads in portions: a caller that gives up leaves what was read so far to the next one.
        """
        async with self._looking[tenant_id]:
            running = await self._of(tenant_id)
            now_us = self._now_us()
            is_all = False
            while not is_all:
                matured = await self._trials.matured(
                    tenant_id, running.through_us, now_us, self._portion
                )
                try:
                    await _to_the_end(running.fold, matured)
                except Exception:
                    # It may be folded in part: begin anew.
                    del self._running[tenant_id]
                    raise
                is_all = matured.is_all
            return Examined(
                study=await asyncio.to_thread(running.study.copy),
                through_us=running.through_us,
                pending=await self._trials.pending(tenant_id, running.through_us),
                late=await self._trials.late(tenant_id),
            )

    async def _of(self, tenant_id: str) -> _Running:
        study = Study(self._margins(tenant_id))
        known = self._running.get(tenant_id)
        # Under other margins other arms would have been stopped, and at other times.
        if known is None or known.study.margins != study.margins:
            known = self._running[tenant_id] = _Running(study)
        for promotion in await self._promotions(tenant_id) if self._promotions else ():
            known.study.follow(promotion)
        return known


class _Running:
    def __init__(self, study: Study) -> None:
        self.study = study
        self.through_us = 0

    def fold(self, matured: Matured) -> None:
        for trial in matured.trials:
            self.study.fold(trial)
        self.through_us = matured.through_us


async def _to_the_end(fold: Callable[[Matured], None], matured: Matured) -> None:
    """Fold in a thread. Who gives up waits all the same: nobody may read half a portion again."""
    folding = asyncio.ensure_future(asyncio.to_thread(fold, matured))
    given_up: asyncio.CancelledError | None = None
    while not folding.done():
        try:
            await asyncio.wait({folding})
        except asyncio.CancelledError as error:
            given_up = error
    folding.result()
    if given_up is not None:
        raise given_up
