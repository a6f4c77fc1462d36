"""A tenant's matured decisions as rows: what was chosen, how probably, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from eitp.v1.page_pb2 import PageSection
from eitp.v1.state_pb2 import EmotionLabel

from eitp_server.errors import Conflict, Reason
from eitp_server.interventions.outcome import SUCCESSES
from eitp_server.services.experiment import WINDOW_US
from eitp_server.storage.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

    from eitp_server.bandit.trial import Trial
    from eitp_server.storage.database import Readable

COLUMNS: Final = (
    "decision_id",
    "decided_at",
    "vertical",
    "label",
    "page_section",
    "eligible",
    "arm",
    "probability",
    "propensity",
    "reward",
    "holdout",
    "delivered",
    "snapshot_id",
    "policy_version",
)
NONE: Final = "none"
"""What 'no intervention' is called: an empty name would look like a missing one."""
PORTION: Final = 2_000
"""Decisions that are read at once."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class DecisionSheet:
    """Turns decisions into rows, and counts what it leaves out."""

    with_holdout: bool = False
    none: str = NONE
    written: int = 0
    held_out: int = 0
    """Decisions about held-out visitors that were left out."""
    censored: int = 0
    """Decisions left out because what came of them can never be known."""

    @property
    def matured(self) -> int:
        """How many decisions were looked at."""
        return self.written + self.held_out + self.censored

    def rows(self, trials: Iterable[Trial]) -> Iterator[Sequence[object]]:
        """Yield the rows of `COLUMNS`; raises `Conflict` where `none` is an intervention's name."""
        for trial in trials:
            if trial.censored:
                self.censored += 1
            elif trial.decision.holdout and not self.with_holdout:
                self.held_out += 1
            else:
                self.written += 1
                yield self._row(trial)

    def _row(self, trial: Trial) -> Sequence[object]:
        decision, cell = trial.decision, trial.decision.cell
        if self.none in decision.arms:
            raise Conflict(
                Reason.FIELD_INVALID,
                f"An intervention is called {self.none}; 'no intervention' needs another name.",
                metadata={"definition_id": self.none},
            )
        # A held-out visitor saw nothing, whatever was drawn: weighing that draw would be wrong.
        shown = "" if decision.holdout else decision.chosen
        chance = decision.probabilities[decision.arms.index(decision.chosen)]
        return (
            decision.decision_id,
            _moment(decision.decided_at_us),
            cell.vertical,
            _name(EmotionLabel, cell.label, "EMOTION_LABEL_"),
            _name(PageSection, cell.page_section, "PAGE_SECTION_"),
            "|".join(arm or self.none for arm in decision.arms),
            shown or self.none,
            "" if decision.holdout else chance,
            decision.propensity,
            int(trial.converted),
            _truth(decision.holdout),
            _truth(trial.delivered),
            decision.snapshot_id,
            decision.policy_version,
        )


async def write_decisions(
    database: Readable,
    tenant_id: str,
    now_us: int,
    sheet: DecisionSheet,
    write: Callable[[Iterable[Sequence[object]]], object],
    *,
    portion: int = PORTION,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write the tenant's matured decisions, oldest first, and return how many have not matured.

    Reads in portions, so that any number of decisions fits into memory; `progress` is told how many
    were looked at.
    """
    trials = Trials(database, successes=SUCCESSES, window_us=WINDOW_US)
    through_us, is_all = 0, False
    while not is_all:
        found = await trials.matured(tenant_id, through_us, now_us, portion)
        through_us, is_all = found.through_us, found.is_all
        write(sheet.rows(found.trials))
        progress(sheet.matured)
    return (await trials.pending(tenant_id, through_us)).decisions.total


def _moment(at_us: int) -> str:
    moment = _EPOCH + timedelta(microseconds=at_us)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _name(enum: EnumTypeWrapper, number: int, prefix: str) -> str:
    known = enum.DESCRIPTOR.values_by_number.get(number)
    return str(number) if known is None else known.name.removeprefix(prefix).lower()


def _truth(value: object) -> str:
    return "true" if value else "false"
