"""The running experiment of a tenant: read, judged, and put into words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from math import floor
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.bandit.arm_study import ArmCounts, ArmStudy, watches_for
from eitp_server.bandit.decision import ANY, Cell
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.lift import overall
from eitp_server.bandit.policy_table import DEFAULT, POLICY_VERSION
from eitp_server.bandit.selection import best_probabilities, expected_loss
from eitp_server.bandit.verdict import Conclusion, conclude
from eitp_server.bandit.verdict import Findings as Evidence
from eitp_server.storage.trials import Arm

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from eitp_server.bandit.guardrail import Guardrail
    from eitp_server.bandit.lift import Lift
    from eitp_server.bandit.study import Study
    from eitp_server.interventions.analyst import Analyst, Examined
    from eitp_server.interventions.policy import Policy
    from eitp_server.storage.log import StoppedRow
    from eitp_server.storage.tenant import Learning, Tenant

WINDOW_US: Final = 86_400 * 1_000_000
"""Time after a decision within which an outcome counts for it: as long as one is credited to it."""
MOST_ARMS: Final = 200
"""What the protocol's message can list."""


class ArmStatus(IntEnum):
    """Whether an arm takes part in the choice; the numbers are the protocol's."""

    ACTIVE = 1
    STOPPED = 2
    RETIRED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What decides now, as far as it is known."""

    holdout_share: float
    is_own_holdout: bool = False
    """Whether the tenant chose that share; else it is the server's."""
    policy_version: str = POLICY_VERSION
    exploration_floor: float
    chances: Mapping[str, float] = field(default_factory=dict[str, float])
    """Probability of each arm that may be chosen."""
    means: Mapping[str, float] = field(default_factory=dict[str, float])
    """Posterior mean of the conversion rate of each arm that something was learnt of."""
    losses: Mapping[str, float] = field(default_factory=dict[str, float])
    """Expected loss of choosing each arm for good; empty before anything was learnt."""
    retired: Collection[str] = ()
    stops: Mapping[str, StoppedRow] = field(default_factory=dict[str, "StoppedRow"])
    """The stops in force, by arm."""
    promotion_margin: float = 0.0
    """What the lower bound of a lift must exceed to be proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFindings:
    """One choice that the policy has."""

    definition_id: str
    epoch: int
    """The revision since which the shopper sees the same; what was before is not counted."""
    status: ArmStatus
    counts: ArmCounts
    pending: int
    late: int
    chance: float
    mean: float | None
    loss: float | None
    """Conversions per visitor that choosing it for good would lose, as far as is known."""
    lift: Lift | None
    guardrails: tuple[Guardrail, ...]
    stop: StoppedRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that one look at the experiment gives."""

    examined: Examined
    standing: Standing
    evidence: Evidence
    """What the conclusion rests on."""
    conclusion: Conclusion
    arms: tuple[ArmFindings, ...]
    """By identity, so that "no intervention" comes first."""
    computed_us: int


class Experiments:
    """Looks at the experiments of tenants that a policy is deciding for."""

    def __init__(
        self,
        analyst: Analyst,
        policy: Callable[[], Policy],
        tenant: Callable[[str], Tenant],
        now_us: Callable[[], int],
        *,
        holdout_share: float,
    ) -> None:
        """Read what has matured from `analyst` and what decides now from `policy()`.

        `holdout_share` is that of the tenants that did not choose one.
        """
        self._analyst = analyst
        self._policy = policy
        self._tenant = tenant
        self._now_us = now_us
        self._holdout_share = holdout_share

    async def examine(self, tenant_id: str, definition_id: str = "") -> Findings:
        """Look at a tenant's experiment, at one intervention only when it is named.

        Raises Missing(DEFINITION_UNKNOWN) for one that neither the catalogue nor the experiment
        knows.
        """
        examined = await self._analyst.examine(tenant_id)
        arms = known_arms(examined).keys()
        if definition_id and definition_id not in arms:
            # Its first revision is there even if it was deleted.
            self._policy().catalogue.get(tenant_id, definition_id, 1)
        standing = standing_of(
            self._policy(),
            self._tenant(tenant_id),
            {*arms, definition_id},
            holdout_share=self._holdout_share,
        )
        return judge(examined, standing, now_us=self._now_us(), definition_id=definition_id)


def standing_of(
    policy: Policy, tenant: Tenant, arms: Collection[str], *, holdout_share: float
) -> Standing:
    """Return what a running policy does with `arms` in a moment about which it knows nothing.

    Held out is what the tenant chose, else `holdout_share`: the next session is opened with it.
    """
    tenant_id, learning = tenant.tenant_id, tenant.learning
    enabled = {
        item.definition_id for item in policy.catalogue.definitions(tenant_id) if item.enabled
    }
    stops = policy.stopped(tenant_id)
    retired = {arm for arm in arms if arm and arm not in enabled}
    able = sorted({"", *arms} - retired - stops.keys())
    cell = Cell(tenant_id=tenant_id, vertical=tenant.vertical, label=ANY, page_section=ANY)
    table = policy.table
    exploration = table.explorations().get(tenant_id, DEFAULT)
    # Not the table's snapshot: it would take note of the question and learn for it.
    alpha, beta = np.array(table.shapes(cell, able), dtype=np.float64).T
    chances = exploration.probabilities(best_probabilities(alpha, beta))
    learnt = table.known().get(cell)
    losses = np.clip(expected_loss(alpha, beta), 0.0, 1.0).tolist() if learnt else ()
    return Standing(
        holdout_share=learning.held_out(holdout_share),
        is_own_holdout=learning.holdout_share is not None,
        exploration_floor=exploration.floor_of(len(able)),
        chances=dict(zip(able, chances.tolist(), strict=True)),
        means={arm: a / (a + b) for arm, (a, b) in learnt.shapes.items()} if learnt else {},
        losses=dict(zip(able, losses, strict=False)),
        retired=retired,
        stops=stops,
    )


def margins_of(learning: Learning) -> dict[GuardrailMetric, float]:
    """Return the harm that a tenant tolerates where it says so."""
    return {GuardrailMetric[name.upper()]: most for name, most in learning.guardrails.items()}


def known_arms(examined: Examined) -> dict[str, int]:
    """Return the epoch of every arm that was eligible, and of "no intervention"."""
    newest = {"": 0} | {arm: counts.epoch for arm, counts in examined.study.counts.items()}
    for arm, epoch in examined.pending.decisions.by_arm:
        newest[arm] = max(newest.get(arm, 0), epoch)
    return newest


def judge(
    examined: Examined, standing: Standing, *, now_us: int, definition_id: str = ""
) -> Findings:
    """Return what the experiment says; of one intervention only when it is named."""
    study, epochs = examined.study, known_arms(examined)
    ratio, system = study.ratio, study.system
    if not study.visitors:
        # Nobody was drawn yet: what is promised is what decides now.
        ratio = ratio.fold(treated=0, holdout=0, holdout_share=standing.holdout_share)
    lift = overall(system.sums, system.e_process) if standing.holdout_share else None
    asked = {"", definition_id} if definition_id else _most_decided(study, epochs)
    arms = (_arm(examined, standing, arm, epochs.get(arm, 0)) for arm in sorted(asked))
    evidence = Evidence(
        holdout_share=standing.holdout_share,
        overall=lift,
        # Cut, not rounded: "7 of 7 days" must not be said of less.
        days=floor(10 * system.days) / 10,
        sample_ratio=ratio.report(),
        propensity_audit=study.audit.report(),
        outcome_loss=study.loss.report(),
        pending_units=examined.pending_visitors,
        censored_units=study.censored_visitors,
        late_conversions=examined.late.total,
        interventions=sum(counts.decisions for arm, counts in study.counts.items() if arm),
        delivered=sum(counts.delivered for counts in study.counts.values()),
        stopped_arms=len(standing.stops),
    )
    return Findings(
        examined=examined,
        standing=standing,
        evidence=evidence,
        conclusion=conclude(evidence),
        arms=tuple(arms),
        computed_us=now_us,
    )


def _most_decided(study: Study, epochs: Mapping[str, int]) -> set[str]:
    def decisions(arm: str) -> int:
        return study.counts[arm].decisions if arm in study.counts else 0

    ranked = sorted(epochs.keys() - {""}, key=lambda arm: (-decisions(arm), arm))
    return {"", *ranked[: MOST_ARMS - 1]}


def _arm(examined: Examined, standing: Standing, arm: str, epoch: int) -> ArmFindings:
    study, place = examined.study, Arm(arm, epoch)
    counts = study.counts.get(arm, ArmCounts(epoch=epoch))
    watched = study.watched().get(arm)
    if watched is None or watched.epoch != epoch:
        watched = ArmStudy(number=0, epoch=epoch, watches=watches_for(study.margins))
    is_measured = arm and standing.holdout_share
    return ArmFindings(
        definition_id=arm,
        epoch=epoch,
        status=_status(standing, arm),
        counts=counts if counts.epoch == epoch else ArmCounts(epoch=epoch),
        pending=examined.pending.decisions.by_arm.get(place, 0),
        late=examined.late.by_arm.get(place, 0),
        chance=standing.chances.get(arm, 0.0),
        mean=standing.means.get(arm),
        loss=standing.losses.get(arm),
        lift=watched.lift if is_measured else None,
        guardrails=tuple(watch.report() for watch in watched.watches.values()) if arm else (),
        stop=standing.stops.get(arm),
    )


def _status(standing: Standing, arm: str) -> ArmStatus:
    if arm in standing.retired:
        return ArmStatus.RETIRED
    return ArmStatus.STOPPED if arm in standing.stops else ArmStatus.ACTIVE
