"""Keeps the running experiment of each tenant up to date with what has matured."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.study import Study
from eitp_server.interventions.checkpoints import Running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping

    from eitp_server.bandit.guardrail import GuardrailMetric
    from eitp_server.bandit.study import Promotion
    from eitp_server.interventions.checkpoints import Checkpoints, KeptExperiments
    from eitp_server.storage.trials import Counted, Pending, Trials

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
    pending_visitors: int
    """Visitors that wait to be counted: all their decisions are pending."""


class Analyst:
    """Reads what has matured since it looked last, and folds it; nothing is read twice.

    What it knows follows from the tables, so a restart only costs the time to read them again; with
    checkpoints, to read what came after the last. Whoever must not write goes on from what
    another keeps.
    """

    def __init__(
        self,
        trials: Trials,
        margins: Callable[[str], Margins],
        now_us: Callable[[], int],
        promotions: Callable[[str], Awaitable[Iterable[Promotion]]] | None = None,
        *,
        checkpoints: Checkpoints | None = None,
        kept: KeptExperiments | None = None,
        portion: int = PORTION,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Read from `trials`; `margins` gives the harm that a tenant tolerates.

        `promotions` gives what a tenant has promoted so far, to be counted anew from there. What
        is known is kept in `checkpoints`, and goes on from there, or from what is `kept` where
        nothing is to be written. `progress` is told how many decisions a look has folded so far.
        """
        self._trials = trials
        self._margins = margins
        self._now_us = now_us
        self._promotions = promotions
        self._checkpoints = checkpoints
        self._kept = checkpoints or kept
        self._portion = portion
        self._progress = progress
        self._running: dict[str, Running] = {}
        self._looking: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def examine(self, tenant_id: str) -> Examined:
        """Return the tenant's experiment as it is now.

        Reads in portions: a caller that gives up leaves what was read so far to the next one.
        """
        async with self._looking[tenant_id]:
            running = await self._of(tenant_id)
            now_us = self._now_us()
            folded, is_all = 0, False
            while not is_all:
                matured = await self._trials.matured(
                    tenant_id, running.through_us, now_us, self._portion
                )
                try:
                    # Nobody may read half a portion again.
                    await _to_the_end(asyncio.to_thread(running.fold, matured))
                except Exception:
                    # It may be folded in part: begin anew.
                    del self._running[tenant_id]
                    raise
                folded, is_all = folded + len(matured.trials), matured.is_all
                self._progress(folded)
                await self._keep(tenant_id, running, now_us, is_all=is_all)
            return await self._seen(tenant_id, running)

    async def _of(self, tenant_id: str) -> Running:
        study = Study(self._margins(tenant_id))
        promotions = tuple(await self._promotions(tenant_id)) if self._promotions else ()
        known = self._running.get(tenant_id)
        # Under other margins other arms would have been stopped, and at other times.
        if known is None or known.study.margins != study.margins:
            known = self._kept and await self._kept.load(tenant_id, study.margins)
        if known is None or any(known.is_past(promotion) for promotion in promotions):
            known = Running(study)
        for promotion in promotions:
            known.study.follow(promotion)
        self._running[tenant_id] = known
        return known

    async def _keep(self, tenant_id: str, running: Running, now_us: int, *, is_all: bool) -> None:
        if self._checkpoints and self._checkpoints.is_due(running, now_us, is_all=is_all):
            # Nothing may be folded while it is written.
            await _to_the_end(self._checkpoints.keep(tenant_id, running, now_us))

    async def _seen(self, tenant_id: str, running: Running) -> Examined:
        study, through_us = running.study, running.through_us
        pending = await self._trials.pending(tenant_id, through_us)

        def waiting() -> int:
            return sum(visitor not in study.met for visitor in pending.visitors)

        return Examined(
            study=await asyncio.to_thread(study.copy),
            through_us=through_us,
            pending=pending,
            late=await self._trials.late(tenant_id),
            pending_visitors=await asyncio.to_thread(waiting),
        )


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for the end of `work`, even when the caller has given up."""
    working = asyncio.ensure_future(work)
    given_up: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait({working})
        except asyncio.CancelledError as error:
            given_up = error
    working.result()
    if given_up is not None:
        raise given_up
