"""Guardrails: harm stops an arm for good, within the margin it does not, chance hardly ever."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from eitp_server.bandit.confidence_sequence import lower_bound
from eitp_server.bandit.guardrail import JUDGED_EACH, JUDGED_FROM, GuardrailMetric, Watch
from eitp_server.bandit.pseudo_outcome import EffectSums, Side, SideSums, Unit

WATCH = Watch(metric=GuardrailMetric.BOUNCE, margin=0.02, guardrails=5)


def crowd(
    count: int, *, arm: float, holdout: float, seed: int = 1, share: float = 0.5, scale: float = 1.0
) -> list[Unit]:
    """Units of which the arm harms a share `arm` and the holdout suffers a share `holdout`."""
    rng = np.random.default_rng(seed)
    sides = rng.choice(3, size=count, p=[0.9 * (1 - share), 0.9 * share, 0.1])
    rate = np.array([0.0, arm, holdout])[sides]
    harmed = (rng.random(count) < rate) * scale
    return [
        Unit(side=Side(side), outcome=harm, arm_propensity=0.9 * share, holdout_share=0.1)
        for side, harm in zip(sides.tolist(), harmed.tolist(), strict=True)
    ]


def played(units: list[Unit], watch: Watch = WATCH) -> Watch:
    for unit in units:
        watch = watch.fold(unit, beside(unit), now_us=watch.sums.units)
    return watch


def beside(unit: Unit) -> Unit | None:
    """The unit against doing nothing, which is all that the others are chosen for."""
    if unit.side is Side.HOLDOUT:
        return None
    share = unit.arm_propensity / 0.9
    side = Side.ARM if unit.side is Side.ARM else Side.HOLDOUT
    return Unit(side=side, outcome=unit.outcome, arm_propensity=share, holdout_share=1 - share)


def test_harm_beyond_the_margin_stops_the_arm_for_good() -> None:
    units = crowd(4_000, arm=0.5, holdout=0.2)
    stopped = played(units)
    when = stopped.stopped_at_us
    assert when is not None
    before = played(units[: when + 1 - JUDGED_EACH])
    assert before.stopped_at_us is None
    assert before.harm_lower_bound is None or before.harm_lower_bound <= 0.02
    bound = played(units[: when + 1]).harm_lower_bound
    assert bound is not None
    assert bound > 0.02
    better = crowd(4_000, arm=0.0, holdout=0.6, seed=2)
    assert played(better, stopped).stopped_at_us == when


def test_harm_within_the_margin_stops_nothing() -> None:
    watch = played(crowd(4_000, arm=0.3, holdout=0.2), replace(WATCH, margin=0.15))
    found = watch.report()
    assert found.harm == pytest.approx(0.1, abs=0.05)
    assert found.stopped_at_us is None


def test_an_arm_that_does_better_is_not_stopped() -> None:
    found = played(crowd(4_000, arm=0.1, holdout=0.4), replace(WATCH, margin=0.0)).report()
    assert found.harm is not None
    assert found.harm < 0
    assert found.stopped_at_us is None


def test_harm_that_those_who_were_shown_nothing_suffer_too_stops_nothing() -> None:
    rng = np.random.default_rng(5)
    units = crowd(4_000, arm=0.5, holdout=0.1)
    later = [
        replace(unit, outcome=float(rng.random() < 0.5)) if unit.side is Side.OTHER else unit
        for unit in units
    ]
    found = played(later)
    assert found.harm_lower_bound is not None
    assert found.harm_lower_bound > found.margin
    assert found.harm_lower_bound_over_nothing is not None
    assert found.harm_lower_bound_over_nothing < found.margin
    assert found.stopped_at_us is None


def test_guardrails_of_an_arm_share_its_error_rate() -> None:
    units = crowd(3_000, arm=0.3, holdout=0.2)
    one, five = (played(units, replace(WATCH, guardrails=many)).report() for many in (1, 5))
    assert (one.alpha, five.alpha) == (0.05, 0.01)
    assert one.harm == five.harm
    assert one.harm_lower_bound is not None
    assert five.harm_lower_bound is not None
    assert five.harm_lower_bound < one.harm_lower_bound


def test_no_bound_is_taken_before_both_sides_were_seen() -> None:
    units = crowd(3_000, arm=0.9, holdout=0.0)
    watch = WATCH
    for unit in units:
        watch = watch.fold(unit, beside(unit), now_us=0)
        seen = min(watch.sums.arm.units, watch.sums.holdout.units)
        assert (watch.report().harm_lower_bound is None) == (seen < JUDGED_FROM)
        assert (watch.report().harm is None) == (seen < JUDGED_FROM)


def test_latency_is_measured_in_its_own_unit() -> None:
    watch = Watch(metric=GuardrailMetric.RESPONSE_LATENCY, margin=100.0, guardrails=1)
    found = played(crowd(6_000, arm=0.6, holdout=0.2, scale=1_000.0), watch)
    report = found.report()
    assert report.harm == pytest.approx(400.0, abs=80.0)
    sums = found.sums
    assert report.harm_lower_bound == lower_bound(sums.mean, sums.variance, sums.units)
    assert found.stopped_at_us is not None


def test_a_restart_changes_nothing() -> None:
    units = crowd(2_000, arm=0.5, holdout=0.2)
    copy = Watch.load(json.loads(json.dumps(played(units[:700]).dump())))
    assert played(units[700:], copy) == played(units)
    assert json.dumps(copy.dump()) == json.dumps(played(units[:700]).dump())


def rare(*, cautious: bool) -> float:
    """The share of 2,000 arms without harm that are stopped: a harm of 0.4 % and margin 0.

    The arm has all of the traffic but for the holdout, and is looked at each 250 units.
    """
    rng = np.random.default_rng(20_240_527)
    stopped = 0
    treated = rng.binomial(225, 0.004, (1_000, 60)).cumsum(axis=1)
    held = rng.binomial(25, 0.004, (1_000, 60)).cumsum(axis=1)
    for x, y in zip(treated.tolist(), held.tolist(), strict=True):
        stopped += any(
            is_stopped(harmed, suffered, look, cautious=cautious)
            for look, (harmed, suffered) in enumerate(zip(x, y, strict=True), start=1)
            if look >= 4
        )
    return stopped / 1_000


def is_stopped(harmed: int, suffered: int, look: int, *, cautious: bool) -> bool:
    sums = EffectSums(
        units=250 * look,
        phi=harmed / 0.9 - suffered / 0.1,
        squared_phi=harmed / 0.9**2 + suffered / 0.1**2,
        arm=weighted(225 * look, harmed, 0.9),
        holdout=weighted(25 * look, suffered, 0.1),
    )
    if not cautious:
        return bool(lower_bound(sums.mean, sums.variance, sums.units) > 0)
    bound = Watch(
        metric=GuardrailMetric.COMPLAINT, margin=0.0, guardrails=1, sums=sums
    ).harm_lower_bound
    return bound is not None and bound > 0


def weighted(units: int, total: int, propensity: float) -> SideSums:
    return SideSums(
        units=units,
        total=total,
        weight=units / propensity,
        squared_weight=units / propensity**2,
    )


def test_a_rare_harm_hardly_ever_stops_an_arm_that_does_none() -> None:
    assert rare(cautious=True) <= 0.05


def test_the_observed_variance_alone_breaks_the_same_promise() -> None:
    assert rare(cautious=False) > 0.05
