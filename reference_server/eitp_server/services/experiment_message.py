"""The wire form of an experiment."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from eitp.v1 import experiment_pb2, lift_pb2
from eitp.v1.time_window_pb2 import TimeWindow

from eitp_server.bandit.lift import gain
from eitp_server.bandit.study import METHODOLOGY
from eitp_server.services.experiment import WINDOW_US
from eitp_server.services.moment import duration, timestamp

if TYPE_CHECKING:
    from eitp_server.bandit.guardrail import Guardrail
    from eitp_server.bandit.lift import Lift
    from eitp_server.bandit.study import Study
    from eitp_server.services.experiment import ArmFindings, Findings


def experiment_message(findings: Findings) -> experiment_pb2.Experiment:
    """Return the wire form of findings."""
    evidence, conclusion = findings.evidence, findings.conclusion
    study, standing = findings.examined.study, findings.standing
    return experiment_pb2.Experiment(
        window=_window(study),
        outcome_window=duration(WINDOW_US / 1e6),
        units=study.visitors,
        policy_version=standing.policy_version,
        holdout_share=standing.holdout_share,
        exploration_floor=standing.exploration_floor,
        arms=[_arm(arm) for arm in findings.arms],
        overall=None if evidence.overall is None else _lift(evidence.overall),
        propensity_audit=experiment_pb2.PropensityAudit(**asdict(evidence.propensity_audit)),
        sample_ratio=experiment_pb2.SampleRatio(**asdict(evidence.sample_ratio)),
        outcome_loss=experiment_pb2.OutcomeLoss(**asdict(evidence.outcome_loss)),
        verdict=conclusion.verdict.value,  # pyright: ignore[reportArgumentType]  # same numbers, by test
        statement=conclusion.statement,
        caveats=conclusion.caveats,
        computed_at=timestamp(findings.computed_us),
        methodology_id=METHODOLOGY,
        incremental_conversions=_incremental(evidence.overall),
    )


def _window(study: Study) -> TimeWindow | None:
    first, last = study.first_decided_at_us, study.last_decided_at_us
    if first is None or last is None:
        return None
    return TimeWindow(start=timestamp(first), end=timestamp(last + 1))


def _arm(arm: ArmFindings) -> experiment_pb2.ExperimentArm:
    return experiment_pb2.ExperimentArm(
        definition_id=arm.definition_id,
        definition_revision=arm.epoch,
        status=arm.status.value,  # pyright: ignore[reportArgumentType]  # same numbers, by test
        decisions=arm.counts.decisions,
        delivered=arm.counts.delivered,
        pending=arm.pending,
        censored=arm.counts.censored,
        late_conversions=arm.late,
        current_probability=arm.chance,
        posterior_mean=arm.mean,
        expected_loss=arm.loss,
        lift=None if arm.lift is None else _lift(arm.lift),
        guardrails=[_guardrail(arm, guardrail) for guardrail in arm.guardrails],
    )


def _lift(lift: Lift) -> lift_pb2.Lift:
    fields: dict[str, Any] = {**asdict(lift), "method": lift.method.value}
    return lift_pb2.Lift(**fields)


def _incremental(overall: Lift | None) -> experiment_pb2.IncrementalConversions | None:
    found = None if overall is None else gain(overall)
    return None if found is None else experiment_pb2.IncrementalConversions(**asdict(found))


def _guardrail(arm: ArmFindings, guardrail: Guardrail) -> experiment_pb2.Guardrail:
    stop = arm.stop
    is_stopped = stop is not None and (stop.metric, stop.epoch) == (guardrail.metric, arm.epoch)
    return experiment_pb2.Guardrail(
        metric=guardrail.metric.value,  # pyright: ignore[reportArgumentType]  # same numbers, by test
        margin=guardrail.margin,
        harm=guardrail.harm,
        harm_lower_bound=guardrail.harm_lower_bound,
        alpha=guardrail.alpha,
        stopped_at=timestamp(stop.at_us) if stop is not None and is_stopped else None,
    )
