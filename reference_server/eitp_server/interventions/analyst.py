"""Keeps the running experiment of each tenant up to date with what has matured."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.bandit.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eitp_server.bandit.guardrail import GuardrailMetric
    from eitp_server.bandit.study import Trial
    from eitp_server.storage.trials import Trials

    Margins = Mapping[GuardrailMetric, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A tenant's experiment, and what does not count in it."""

    study: Study
    through_us: int
    """Decisions up to here are in the study."""
    pending: int
    """Decisions whose window is open."""
    pending_by_arm: Mapping[str, int]
    late_by_arm: Mapping[str, int]
    """Successes that came after the window."""


class Analyst:
    """Reads what has matured since it looked last, and folds it; nothing is read twice.

    What it knows follows from the tables, so a restart only costs the time to read them again.
    """

    def __init__(
        self, trials: Trials, margins: Callable[[str], Margins], now_us: Callable[[], int]
    ) -> None:
        """Read from `trials`; `margins` gives the harm that a tenant tolerates."""
        self._trials = trials
        self._margins = margins
        self._now_us = now_us
        self._studies: dict[str, Study] = {}
        self._through_us: dict[str, int] = defaultdict(int)
        self._looking: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def examine(self, tenant_id: str) -> Examined:
        """Return the tenant's experiment as it is now."""
        async with self._looking[tenant_id]:
            study = self._studies.get(tenant_id) or Study(self._margins(tenant_id))
            after_us = self._through_us[tenant_id]
            matured = await self._trials.matured(tenant_id, after_us, self._now_us())
            await asyncio.to_thread(_fold, study, matured.trials)
            self._studies[tenant_id] = study
            self._through_us[tenant_id] = matured.through_us
            return Examined(
                study=study,
                through_us=matured.through_us,
                pending=matured.pending,
                pending_by_arm=matured.pending_by_arm,
                late_by_arm=await self._trials.late(tenant_id),
            )


def _fold(study: Study, trials: tuple[Trial, ...]) -> None:
    for trial in trials:
        study.fold(trial)
