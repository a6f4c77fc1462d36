"""Lifts: the golden vectors, what is withheld, and how often a bandit's bounds err when watched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.confidence_sequence import lower_bound
from eitp_server.bandit.e_process import Batch, EProcess
from eitp_server.bandit.lift import Lift, LiftMethod, difference, gain, overall, weighted
from eitp_server.bandit.pseudo_outcome import EffectSums, Side, SideSums, Unit, pseudo_outcome
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NO_BET = EProcess.start()


def side(conversions: int, units: int, propensity: float) -> SideSums:
    return SideSums(
        units=units,
        total=float(conversions),
        weight=units / propensity,
        squared_weight=units / propensity**2,
    )


def sums(treated: tuple[int, int], holdout: tuple[int, int]) -> EffectSums:
    """Counts of both sides with the share that they have."""
    units = treated[1] + holdout[1]
    shares = [max(each[1], 1) / max(units, 1) for each in (treated, holdout)]
    return EffectSums(units=units, arm=side(*treated, shares[0]), holdout=side(*holdout, shares[1]))


@pytest.fixture(scope="module", params=range(3))
def vector(request: pytest.FixtureRequest, eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")["lift"][request.param]


def test_lift_of_the_system_is_that_of_the_vector(vector: dict[str, Any]) -> None:
    counts = sums(tuple(vector["treated"]), tuple(vector["holdout"]))
    found = difference(counts, NO_BET, tightest_at=5_000)
    absolute = vector["absolute"]
    for value, expected in (
        (found.estimate, absolute["point"]),
        (found.interval_low, absolute["cs_lo"]),
        (found.interval_high, absolute["cs_hi"]),
        (found.lower_bound, absolute["one_sided_lcb"]),
        (found.relative, vector["log_rr"]["rr"] - 1),
    ):
        assert value == pytest.approx(expected, rel=0.0, abs=1e-9)
    assert (found.treated_conversions, found.treated_units) == tuple(vector["treated"])
    assert (found.holdout_conversions, found.holdout_units) == tuple(vector["holdout"])
    assert found.effective_sample_size == pytest.approx(
        min(found.treated_units, found.holdout_units)
    )


def test_gain_is_the_lift_of_those_who_were_treated() -> None:
    lift = difference(sums((312, 9_500), (21, 1_000)), NO_BET)
    found = gain(lift)
    assert found is not None
    assert found.estimate == pytest.approx(312 - 9_500 * 0.021)
    assert lift.lower_bound is not None
    assert found.lower_bound == pytest.approx(9_500 * lift.lower_bound)
    assert found.interval_low < found.lower_bound < found.estimate < found.interval_high


counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts)
def test_a_lift_keeps_the_rules_of_the_protocol(
    treated: tuple[int, int], holdout: tuple[int, int]
) -> None:
    found = overall(sums(treated, holdout), NO_BET)
    bounds = (found.estimate, found.lower_bound, found.interval_low, found.interval_high)
    if min(treated[1], holdout[1]) < 100:
        assert bounds == (None, None, None, None)
        assert found.relative is None
        assert gain(found) is None
    else:
        assert None not in bounds
        low, estimate, high = found.interval_low, found.estimate, found.interval_high
        assert low is not None
        assert estimate is not None
        assert high is not None
        assert -1 <= estimate <= 1
        assert low <= estimate <= high
        assert (found.relative is None) == (holdout[0] == 0)
    assert found.e_value is None
    assert found.p_value is None


def test_a_hundred_units_of_a_side_are_enough_for_bounds() -> None:
    assert overall(sums((30, 300), (10, 100)), NO_BET).estimate is not None
    assert overall(sums((30, 300), (10, 99)), NO_BET).estimate is None


def test_evidence_is_shown_once_a_bet_was_placed() -> None:
    batch = Batch(
        treated_conversions=40, treated_units=300, holdout_conversions=3, holdout_units=100
    )
    two = NO_BET.step(batch).step(batch)
    found = overall(sums((80, 600), (6, 200)), two)
    assert found.e_value == two.e_value > 1
    assert found.p_value == two.p_value < 1


def test_a_share_that_was_changed_asks_for_weights() -> None:
    rows = [
        Unit(
            side=Side.HOLDOUT if i % 2 else Side.ARM,
            outcome=float(i % 5 == 0),
            arm_propensity=1 - share,
            holdout_share=share,
        )
        for share in (0.5, 0.2)
        for i in range(400)
    ]
    constant, changed = EffectSums(), EffectSums()
    for row in rows[:400]:
        constant = constant.fold(row)
    for row in rows:
        changed = changed.fold(row)
    assert overall(constant, NO_BET).method is LiftMethod.DIFFERENCE
    assert overall(changed, NO_BET).method is LiftMethod.AIPW
    assert overall(changed, NO_BET) == weighted(changed, NO_BET)


def test_weights_of_a_few_heavy_units_withhold_the_lift() -> None:
    heavy = SideSums(units=5_000, total=90.0, weight=15_000.0, squared_weight=15_000.0**2 / 99)
    light = side(30, 1_000, 0.1)
    known = EffectSums(units=10_000, phi=100.0, squared_phi=9_000.0, arm=light, holdout=light)
    assert weighted(known, NO_BET).estimate == pytest.approx(0.01)
    assert weighted(replace(known, arm=heavy), NO_BET).estimate is None


@given(st.floats(-5.0, 5.0), st.floats(-3.0, 3.0))
def test_a_wild_estimate_is_cut_for_display_and_its_bounds_are_not(
    mean: float, base: float
) -> None:
    light = side(30, 1_000, 0.1)
    wild = EffectSums(
        units=10_000,
        phi=mean * 10_000,
        squared_phi=(mean**2 + 1) * 10_000,
        baseline=base * 10_000,
        arm=light,
        holdout=light,
    )
    found = weighted(wild, NO_BET)
    assert found.estimate == pytest.approx(min(max(mean, -1), 1))
    assert found.lower_bound == pytest.approx(float(lower_bound(mean, 1.0, 10_000)), abs=1e-6)
    assert found.relative is None or found.relative >= -1


class Watched:
    """2,000 bandits of 50 batches of 400 units without effect while the base rate drifts.

    Two arms and a holdout of 0.1. The policy favours whichever arm converted more often so far.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(20_240_525)
        self.n = np.zeros((2, 2_000))
        self.x = np.zeros((2, 2_000))
        self.lower: list[NDArray[np.float64]] = []
        self.chance: list[NDArray[np.float64]] = []
        phi, squares = np.zeros(2_000), np.zeros(2_000)
        held, converted = np.zeros(2_000), np.zeros(2_000)
        for batch, base in enumerate(np.linspace(0.05, 0.2, 50), start=1):
            q = [(1 + converted) / (20 + held), *((1 + self.x) / (20 + self.n))]
            share = 0.9 * np.where(q[1] > q[2], 0.8, 0.2)
            n = rng.multinomial(400, np.stack([share, 0.9 - share, np.full(2_000, 0.1)], axis=1)).T
            x = rng.binomial(n, base)
            for place, outcome, count in (
                (0, 1.0, x[0]),
                (0, 0.0, n[0] - x[0]),
                (2, 1.0, x[2]),
                (2, 0.0, n[2] - x[2]),
                (1, 0.0, n[1]),
            ):
                value = pseudo_outcome(
                    outcome,
                    in_arm=place == 0,
                    in_holdout=place == 2,
                    arm_propensity=share,
                    holdout_share=0.1,
                    arm_regressor=q[1],
                    holdout_regressor=q[0],
                )
                phi, squares = phi + count * value, squares + count * value**2
            self.n, self.x = self.n + n[:2], self.x + x[:2]
            held, converted = held + n[2], converted + x[2]
            units = 400.0 * batch
            mean = phi / units
            self.lower.append(lower_bound(mean, squares / units - mean**2, units))
            p, r = (1 + self.x[0]) / (2 + self.n[0]), (1 + converted) / (2 + held)
            error = np.sqrt(p * (1 - p) / (2 + self.n[0]) + r * (1 - r) / (2 + held))
            self.chance.append(np.asarray(ndtr((p - r) / error), dtype=np.float64))


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched()


def test_bounds_of_a_bandit_err_no_more_often_than_promised(watched: Watched) -> None:
    late = np.stack(watched.lower[4:])
    assert (late > 0).any(axis=0).mean() <= 0.05


def test_ninety_five_percent_chance_to_beat_control_breaks_the_same_promise(
    watched: Watched,
) -> None:
    late = np.stack(watched.chance[4:])
    assert (late > 0.95).any(axis=0).mean() > 0.2


def test_a_lift_names_its_counts_even_while_it_is_withheld() -> None:
    found = overall(EffectSums(), NO_BET)
    assert found == Lift(
        alpha=0.05,
        treated_units=0,
        treated_conversions=0,
        holdout_units=0,
        holdout_conversions=0,
        effective_sample_size=0.0,
        method=LiftMethod.DIFFERENCE,
    )
