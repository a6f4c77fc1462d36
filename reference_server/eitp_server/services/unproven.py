"""What a proof of each intervention still takes, where it is nearest to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.bandit.e_process import EProcess
from eitp_server.bandit.lift import weighted
from eitp_server.bandit.promotion import Candidate, judge

if TYPE_CHECKING:
    from collections.abc import Collection

    from eitp_server.bandit.arm_study import ArmStudy
    from eitp_server.bandit.node import Node
    from eitp_server.bandit.promotion import Unmet
    from eitp_server.bandit.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """An intervention of which nothing is proven."""

    definition_id: str
    place: Node
    """Where the fewest conditions are missing, and of such places the one with most evidence."""
    unmet: tuple[Unmet, ...]
    """Empty when the next look promotes it."""


def unproven(
    study: Study, *, margin: float, proven: Collection[str], stopped: Collection[str]
) -> list[Unproven]:
    """Return what is missing for each intervention but the `proven` ones, by name.

    All places and interventions are judged together, as for a promotion.
    """
    places = list(study.arms)
    alarms = {
        "sample_ratio_alarm": study.ratio.report().alarm,
        "propensity_audit_alarm": study.audit.report().alarm,
        "outcome_loss_alarm": study.loss.report().alarm,
    }
    candidates = [
        Candidate(
            lift=weighted(found.evidence.sums, found.evidence.e_process),
            over_nothing=weighted(found.evidence.over_nothing, EProcess.start()),
            days=found.evidence.days,
            concentration=found.evidence.concentration(place),
            guardrail_stop=arm in stopped,
            **alarms,
        )
        for (place, arm), found in study.arms.items()
    ]
    nearest: dict[str, tuple[tuple[int, float], Unproven]] = {}
    for (place, arm), verdict in zip(places, judge(candidates, margin=margin), strict=True):
        if arm in proven:
            continue
        rank = len(verdict.unmet), -_evidence(study.arms[place, arm])
        if arm not in nearest or rank < nearest[arm][0]:
            nearest[arm] = rank, Unproven(definition_id=arm, place=place, unmet=verdict.unmet)
    return [found for _, found in (nearest[arm] for arm in sorted(nearest))]


def _evidence(study: ArmStudy) -> float:
    return float(study.evidence.e_process.log_e)
