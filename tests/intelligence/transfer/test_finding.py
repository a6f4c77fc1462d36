"""What is expected in a new vertical, and the verdict on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.intelligence.transfer import (
    Counts,
    Effects,
    Finding,
    Method,
    Verdict,
    find,
    leave_one_out,
    predictive,
    q_values,
    statement,
    verdict,
)
from golden import golden
from hypothesis import given, settings
from hypothesis import strategies as st
from intelligence.transfer.trials import effects, log_risk_ratios, some_effects

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def six(eitp_data: Path) -> dict[str, Any]:
    """The golden case of six verticals."""
    return golden(eitp_data, "analytics")["M5_six_verticals"]


def six_effects(six: dict[str, Any]) -> Effects:
    names = ("treated_conv", "treated_n", "holdout_conv", "holdout_n")
    a, treated, c, holdout = (np.array(six[name], np.float64) for name in names)
    return Counts(
        treated_conversions=a, treated_units=treated, holdout_conversions=c, holdout_units=holdout
    ).log_odds_ratios()


def close(value: Any) -> Any:
    return pytest.approx(value, abs=1e-9, rel=1e-9)


def test_the_effects_of_six_verticals_are_the_golden_ones(six: dict[str, Any]) -> None:
    own = six_effects(six)
    assert own.value.tolist() == close(six["y"])
    assert own.variance.tolist() == close(six["v"])


@pytest.mark.parametrize("method", Method)
def test_the_estimates_of_six_verticals_are_the_golden_ones(
    six: dict[str, Any], method: Method
) -> None:
    golden, found = six[method.value], find(six_effects(six), method)
    assert found.estimate is not None
    mean = found.estimate.pooled
    assert {
        "tau2": mean.tau2,
        "mu": mean.mean,
        "se": mean.standard_error,
        "Q": found.estimate.q,
        "I2": found.estimate.i_squared,
        "H2": found.estimate.h_squared,
        "se_hk": mean.knapp_hartung,
        "se_mkh": mean.modified_knapp_hartung,
    } == close({key: golden[key] for key in _SCALARS})
    assert list(mean.normal_interval()) == close(golden["ci_z"])
    assert list(mean.confidence_interval()) == close(golden["ci_mkh_k1"])
    assert list(mean.normal_prediction_interval()) == close(golden["pi_z"])
    assert list(mean.prediction_interval()) == close(golden["pi_mkh_k2"])
    assert mean.shrunk.tolist() == close(golden["blup"])
    assert list(found.estimate.tau2_interval) == close(six["tau2_Qprofile_95"])


_SCALARS = ("tau2", "mu", "se", "Q", "I2", "H2", "se_hk", "se_mkh")


@pytest.mark.parametrize("scale", [0.2, 0.5])
def test_the_expectation_from_six_verticals_is_the_golden_one(
    six: dict[str, Any], scale: float
) -> None:
    golden, found = six[f"predictive_halfnormal_{scale}"], predictive(six_effects(six), scale)
    assert found.positive == close(golden["p_pos_grid2000"])
    # The grid stands for an integral, which it meets to its own error.
    assert found.positive == pytest.approx(golden["p_pos_quad"], abs=3e-5)
    assert (found.mean, found.mean_tau) == close((golden["mu"], golden["tau"]))
    quantiles = [found.quantile(p) for p in (0.025, 0.5, 0.975)]
    assert quantiles == close(golden["q025_q50_q975"])


def test_the_classical_interval_says_yes_to_six_verticals_and_the_verdict_not_yet(
    six: dict[str, Any],
) -> None:
    found = find(six_effects(six))
    assert found.estimate is not None
    assert found.estimate.pooled.prediction_interval()[0] > 0
    assert found.verdict is Verdict.UNDECIDED


@settings(max_examples=30)
@given(some_effects(least=3))
def test_turned_signs_turn_the_verdict(own: Effects) -> None:
    one, other = find(own), find(Effects(-own.value, own.variance))
    turned = {Verdict.TRANSFERABLE: Verdict.HARMFUL, Verdict.HARMFUL: Verdict.TRANSFERABLE}
    assert one.predictive is not None
    assert other.predictive is not None
    assert one.predictive.positive == pytest.approx(other.predictive.not_positive, abs=1e-9)
    if abs(one.predictive.positive - 0.5) < 0.47:
        assert other.verdict is turned.get(one.verdict, one.verdict)


@given(some_effects(least=3), st.randoms(use_true_random=False))
def test_the_order_of_verticals_does_not_matter(own: Effects, rng: Any) -> None:
    order = list(range(len(own)))
    rng.shuffle(order)
    one, other = predictive(own), predictive(Effects(own.value[order], own.variance[order]))
    assert one.positive == pytest.approx(other.positive, abs=1e-9)
    assert one.mean == pytest.approx(other.mean, abs=1e-9)


@given(some_effects(least=3), st.floats(0.001, 0.999), st.floats(0, 2))
def test_a_quantile_is_what_so_much_lies_below(
    own: Effects, probability: float, noise: float
) -> None:
    found = predictive(own)
    at = found.quantile(probability, noise=noise)
    assert found.below(at, noise=noise) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (effects([0.3, 0.32, 0.28, 0.31, 0.3, 0.33, 0.29, 0.3], [0.0005] * 8), "TRANSFERABLE"),
        (effects([-0.3, -0.32, -0.28, -0.31, -0.3, -0.33, -0.29], [0.0005] * 7), "HARMFUL"),
        (effects([0.5, -0.4, 0.1, 0.6, -0.2], [0.001] * 5), "VARIES"),
        (effects([0.1, 0.2, 0.0, 0.15], [0.04] * 4), "UNDECIDED"),
        (effects([0.3, 0.3], [0.0001] * 2), "INSUFFICIENT"),
        (effects([0.3], [0.0001]), "INSUFFICIENT"),
        (None, "INSUFFICIENT"),
    ],
)
def test_each_verdict_is_given_and_said(own: Effects | None, expected: str) -> None:
    found = find(own)
    assert found.verdict.name == expected
    assert statement(found).startswith(_OPENINGS[found.verdict])
    assert (found.predictive is None) == (expected == "INSUFFICIENT")


_OPENINGS = {
    Verdict.TRANSFERABLE: "Expect it to help",
    Verdict.HARMFUL: "Expect it to harm",
    Verdict.VARIES: "It depends on the vertical",
    Verdict.UNDECIDED: "The data do not say",
    Verdict.INSUFFICIENT: "Too little to go by",
}


@pytest.mark.parametrize(
    ("positive", "tau2_low", "expected"),
    [
        (0.975, 0.1, Verdict.TRANSFERABLE),
        (0.9749, 0.1, Verdict.VARIES),
        (0.9749, 0.0, Verdict.UNDECIDED),
        (0.0251, 0.1, Verdict.VARIES),
        (0.025, 0.1, Verdict.HARMFUL),
        (0.025, 0.0, Verdict.HARMFUL),
    ],
)
def test_the_verdict_turns_at_the_bounds_of_its_definition(
    positive: float, tau2_low: float, expected: Verdict
) -> None:
    assert verdict(positive=positive, tau2_low=tau2_low) is expected


def test_verdicts_are_those_of_the_protocol() -> None:
    transfer_pb2 = pytest.importorskip("eitp.v1.transfer_pb2")
    named = {f"TRANSFER_VERDICT_{one.name}": one.value for one in Verdict}
    assert named == dict(transfer_pb2.TransferVerdict.items())


def test_two_verticals_are_estimated_and_not_predicted_from() -> None:
    found: Finding = find(effects([0.1, 0.4], [0.01, 0.02]))
    assert found.estimate is not None
    # The squared difference, 0.09, is what 0.01 + 0.02 + 2 tau2 makes of it.
    assert found.estimate.pooled.tau2 == pytest.approx(0.03, rel=1e-12)
    assert found.estimate.pooled.mean == pytest.approx((0.1 / 0.04 + 0.4 / 0.05) / 45, rel=1e-12)
    assert found.verdict is Verdict.INSUFFICIENT


def test_a_vertical_unlike_all_others_is_not_predicted_from_them() -> None:
    own = effects([0.1, 0.12, 0.09, 0.11, 0.1, 3.0], [0.001] * 6)
    found = leave_one_out(own)
    assert found is not None
    assert found.inside.tolist() == [True] * 5 + [False]
    assert found.coverage == pytest.approx(5 / 6)
    assert found.running.tolist() == pytest.approx([1, 1, 1, 1, 1, 5 / 6])


def test_a_left_out_vertical_does_not_predict_itself() -> None:
    own = effects([0.1, 0.12, 0.09, 0.11], [0.001] * 4)
    moved = effects([0.1, 0.12, 0.09, 9.0], [0.001] * 4)
    one, other = leave_one_out(own), leave_one_out(moved)
    assert one is not None
    assert other is not None
    assert one.low[3] == other.low[3]
    assert one.low[0] != other.low[0]


def test_three_verticals_leave_too_few_to_predict_from() -> None:
    assert leave_one_out(effects([0.1, 0.2, 0.3], [0.01] * 3)) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_false_discoveries_are_controlled_as_scipy_does(p: list[float]) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.false_discovery_control(p).tolist()
    assert q_values(np.array(p)).tolist() == pytest.approx(expected, abs=1e-12)


def test_no_pattern_has_no_q_value() -> None:
    assert len(q_values(np.array([], np.float64))) == 0


def test_the_cells_of_the_prior_are_enough_for_heterogeneous_trials() -> None:
    own = log_risk_ratios()
    coarse, fine = predictive(own).positive, predictive(own, cells=200_000).positive
    assert coarse == pytest.approx(fine, abs=3e-5)
