"""When the running experiment of a tenant is kept, and how one goes on after a restart."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from eitp_server.bandit.study import METHODOLOGY, Study
from eitp_server.storage.studies import Checkpoint, StudyTerms, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.bandit.guardrail import GuardrailMetric
    from eitp_server.bandit.study import Promotion
    from eitp_server.bandit.visitors import Visitor
    from eitp_server.storage.studies import KeptStudies, Studies
    from eitp_server.storage.trials import Matured

_LOG: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How much may be folded that a restart would have to fold again."""

    trials: int = 500
    """So many are worth a checkpoint at the end of a look."""
    seconds: float = 600.0
    """Time after which any are worth it."""
    catching_up: int = 2_000
    """So many are worth one in the middle of a look: a transaction writes about as many visitors,
    and the tick waits for it."""


class Running:
    """A study that grows, how far it has come, and how much of that is kept."""

    def __init__(
        self, study: Study, *, through_us: int = 0, saved_at_us: int | None = None
    ) -> None:
        """Go on from a study that was kept at `saved_at_us`, or begin with one that was not."""
        self.study = study
        self.through_us = through_us
        self.saved_at_us = saved_at_us
        self.unsaved = 0
        """Trials that were folded since."""

    def fold(self, matured: Matured) -> None:
        """Fold what has matured after `through_us`."""
        for trial in matured.trials:
            self.study.fold(trial)
        self.unsaved += len(matured.trials)
        self.through_us = matured.through_us

    def is_past(self, promotion: Promotion) -> bool:
        """Return whether it is too late to follow a promotion."""
        return promotion.at_us < self.through_us and not self.study.follows(promotion)


class KeptExperiments:
    """Finds where running studies go on, and leaves what is kept as it is."""

    def __init__(self, studies: KeptStudies, window_us: int) -> None:
        """Look into `studies`; outcomes count within `window_us`."""
        self._kept = studies
        self._window_us = window_us

    async def load(
        self, tenant_id: str, margins: Mapping[GuardrailMetric, float]
    ) -> Running | None:
        """Return where a tenant's study goes on, None when nothing usable is kept."""
        try:
            found = await self._kept.get(tenant_id, self._terms(margins))
            if found is None:
                return None
            kept, met = found
            study = await asyncio.to_thread(lambda: Study.load(kept.parts(), met))
        except Exception:  # noqa: BLE001 # whatever is wrong with it, the decisions are all there
            _LOG.exception("a checkpoint cannot be read: all is counted anew", tenant_id=tenant_id)
            return None
        return Running(study, through_us=kept.through_us, saved_at_us=kept.saved_at_us)

    def _terms(self, margins: Mapping[GuardrailMetric, float]) -> StudyTerms:
        tolerated = {str(int(metric)): float(margin) for metric, margin in margins.items()}
        return StudyTerms(
            methodology=METHODOLOGY,
            margins=json.dumps(tolerated, sort_keys=True),
            window_us=self._window_us,
        )


class Checkpoints(KeptExperiments):
    """Keeps running studies; whatever goes wrong, a study can be folded anew."""

    def __init__(self, studies: Studies, window_us: int, rhythm: Rhythm | None = None) -> None:
        """Keep them in `studies`; outcomes count within `window_us`."""
        super().__init__(studies, window_us)
        self._studies = studies
        self._rhythm = rhythm or Rhythm()

    async def keep(self, tenant_id: str, running: Running, now_us: int) -> None:
        """Write where a study stands in the place of what was kept; it must not grow meanwhile."""
        try:
            if running.saved_at_us is None:
                await self._studies.forget(tenant_id)
            checkpoint, changed = await asyncio.to_thread(self._taken, running, now_us)
            await self._studies.keep(tenant_id, checkpoint, changed)
        except Exception:  # noqa: BLE001 # nothing is lost but time at the next restart
            _LOG.exception("a checkpoint could not be written", tenant_id=tenant_id)
            return
        running.study.met.kept()
        running.saved_at_us, running.unsaved = now_us, 0

    def is_due(self, running: Running, now_us: int, *, is_all: bool) -> bool:
        """Return whether enough was folded; `is_all` at the end of a look."""
        if not is_all:
            return running.unsaved >= self._rhythm.catching_up
        rested_us = now_us - (running.saved_at_us or 0)
        is_old = rested_us >= self._rhythm.seconds * 1e6
        return running.unsaved >= (1 if is_old else self._rhythm.trials)

    def _taken(self, running: Running, now_us: int) -> tuple[Checkpoint, list[Visitor]]:
        study = running.study
        checkpoint = Checkpoint(
            terms=self._terms(study.margins),
            through_us=running.through_us,
            saved_at_us=now_us,
            document=as_text(study.dump()),
        )
        return checkpoint, study.met.changed()
