"""The bounds: golden vectors, laws they must obey, and how often they err when watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.textbook import (
    degrees_of_freedom,
    fixed_interval,
    fixed_p_value,
    one_sided_p_value,
    relative_interval,
    two_sided_p_value,
)
from eitp_server.bandit.confidence_sequence import (
    difference_variance,
    half_width,
    interval,
    lower_bound,
    one_sided_half_width,
)
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

if TYPE_CHECKING:
    from pathlib import Path

# Each level is tuned for itself: above 0.06 the one-sided bounds of very few units may cross.
alphas = st.floats(1e-6, 0.05)
sizes = st.floats(1.0, 1e7)
variances = st.floats(1e-6, 1e6)
estimates = st.floats(-10.0, 10.0)


@pytest.fixture(scope="module", params=range(3))
def lift(request: pytest.FixtureRequest, eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")["lift"][request.param]


def near(expected: float) -> Any:
    return pytest.approx(expected, rel=0.0, abs=1e-9)


def difference(lift: dict[str, Any]) -> tuple[float, float, int]:
    (x, n), (y, m) = lift["treated"], lift["holdout"]
    variance = float(difference_variance(x, n, y, m)) * (n + m)
    return x / n - y / m, variance, n + m


def test_half_widths_are_those_of_the_specification() -> None:
    found = [rule(0.25, 10_500, tightest_at=5_000) for rule in (half_width, one_sided_half_width)]
    assert found == pytest.approx([0.0149562154, 0.0136865675], rel=0.0, abs=1e-10)


def test_two_sided_interval_is_that_of_the_vector(lift: dict[str, Any]) -> None:
    estimate, variance, units = difference(lift)
    found = interval(estimate, variance, units, tightest_at=5_000)
    assert estimate == near(lift["absolute"]["point"])
    assert found.low == near(lift["absolute"]["cs_lo"])
    assert found.high == near(lift["absolute"]["cs_hi"])


def test_anytime_p_value_is_that_of_the_vector(lift: dict[str, Any]) -> None:
    found = two_sided_p_value(*difference(lift), tightest_at=5_000)
    assert found == near(lift["absolute"]["cs_p"])


def test_one_sided_lower_bound_is_that_of_the_vector(lift: dict[str, Any]) -> None:
    found = lower_bound(*difference(lift), tightest_at=5_000)
    assert found == near(lift["absolute"]["one_sided_lcb"])


def test_fixed_interval_is_that_of_the_vector(lift: dict[str, Any]) -> None:
    estimate, variance, units = difference(lift)
    error = float(np.sqrt(variance / units))
    freedom = degrees_of_freedom(*lift["treated"], *lift["holdout"])
    found = fixed_interval(estimate, error, freedom=freedom)
    assert error == near(lift["absolute"]["se"])
    assert found.low == near(lift["absolute"]["fixed_lo"])
    assert found.high == near(lift["absolute"]["fixed_hi"])
    p_value = fixed_p_value(estimate, error, freedom=freedom)
    assert p_value == near(lift["absolute"]["fixed_p"])


def test_relative_lift_is_that_of_the_vector(lift: dict[str, Any]) -> None:
    relative, bounds = relative_interval(*lift["treated"], *lift["holdout"])
    assert relative == near(lift["log_rr"]["rr"] - 1)
    assert bounds.low == near(lift["log_rr"]["lo"] - 1)
    assert bounds.high == near(lift["log_rr"]["hi"] - 1)


def test_bounds_of_the_weighted_mean_are_those_of_the_vector(eitp_data: Path) -> None:
    vector = golden(eitp_data, "bandit")["aipw"]
    phi = np.array(vector["phi"])
    found = interval(phi.mean(), phi.var(), len(phi), tightest_at=5_000)
    assert found.low == near(vector["two_sided_cs"][0])
    assert found.high == near(vector["two_sided_cs"][1])


@given(variances, sizes, alphas, alphas)
def test_a_smaller_error_rate_widens_the_bounds(
    variance: float, units: float, one: float, other: float
) -> None:
    small, large = sorted((one, other))
    for rule in (half_width, one_sided_half_width):
        wide, narrow = rule(variance, units, alpha=small), rule(variance, units, alpha=large)
        assert wide >= narrow * (1 - 1e-12)


@given(variances, sizes, sizes, alphas)
def test_more_units_narrow_the_bounds(
    variance: float, one: float, other: float, alpha: float
) -> None:
    few, many = sorted((one, other))
    for rule in (half_width, one_sided_half_width):
        assert rule(variance, few, alpha=alpha) >= rule(variance, many, alpha=alpha) * (1 - 1e-12)


@given(variances, st.floats(100.0, 1e7), alphas)
def test_looking_at_all_times_costs_more_than_looking_once_and_one_side_less_than_two(
    variance: float, units: float, alpha: float
) -> None:
    once = fixed_interval(0.0, np.sqrt(variance / units), alpha=alpha)
    two = half_width(variance, units, alpha=alpha)
    assert two > once.high
    assert one_sided_half_width(variance, units, alpha=alpha) < two


@given(variances, sizes, st.floats(0.001, 1000.0))
def test_bounds_scale_with_the_values(variance: float, units: float, scale: float) -> None:
    scaled = half_width(variance * scale**2, units)
    assert scaled == pytest.approx(float(half_width(variance, units)) * scale, rel=1e-9)


@given(estimates, variances, sizes, alphas)
def test_p_value_is_below_alpha_exactly_when_the_bound_excludes_zero(
    estimate: float, variance: float, units: float, alpha: float
) -> None:
    both = two_sided_p_value(estimate, variance, units, alpha=alpha)
    one = one_sided_p_value(estimate, variance, units, alpha=alpha)
    assert 0 <= both <= 1
    assert 0 <= one <= 1
    margin = abs(estimate) / float(half_width(variance, units, alpha=alpha))
    if abs(margin - 1) > 1e-9:
        assert (both < alpha) == (margin > 1)
    margin = estimate / float(one_sided_half_width(variance, units, alpha=alpha))
    if abs(margin - 1) > 1e-9:
        assert (one < alpha) == (margin > 1)


def test_arrays_of_any_shape_give_what_their_elements_give() -> None:
    variance, units = np.array([[0.1], [0.3]]), np.array([100, 2_000, 50_000])
    found = interval(np.full(3, 0.01), variance, units)
    assert found.low.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        assert found.low[i, j] == interval(0.01, variance[i, 0], float(units[j])).low


def test_nothing_seen_bounds_nothing() -> None:
    found = interval(0.0, 0.0, 0)
    assert (float(found.low), float(found.high)) == (-np.inf, np.inf)
    assert two_sided_p_value(0.0, 0.0, 0) == one_sided_p_value(0.0, 0.0, 0) == 1.0


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_an_error_rate_that_is_none_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        half_width(1.0, 100, alpha=alpha)


def test_a_one_sided_error_rate_of_a_half_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        one_sided_half_width(1.0, 100, alpha=0.5)


@pytest.fixture(scope="module")
def watched() -> dict[str, Any]:
    """Two thousand experiments of 20,000 units without effect, looked at each 200 units."""
    rng = np.random.default_rng(20_240_521)
    looks = np.arange(1, 101) * 200
    sides = [rng.binomial(each, 0.05, (2_000, 100)).cumsum(1) for each in (180, 20)]
    treated, holdout = looks * 0.9, looks * 0.1
    variance = difference_variance(sides[0], treated, sides[1], holdout) * looks
    # Looked at from 1,000 units, where ten conversions or so are expected on the smaller side.
    late = looks >= 1_000
    estimate = (sides[0] / treated - sides[1] / holdout)[:, late]
    return {"estimate": estimate, "variance": variance[:, late], "units": looks[late]}


def test_bounds_err_no_more_often_than_promised_however_often_they_are_looked_at(
    watched: dict[str, Any],
) -> None:
    assert (lower_bound(**watched) > 0).any(axis=1).mean() <= 0.05
    found = interval(**watched)
    assert ((found.low > 0) | (found.high < 0)).any(axis=1).mean() <= 0.05


def test_ninety_five_percent_chance_to_beat_control_breaks_the_same_promise(
    watched: dict[str, Any],
) -> None:
    error = np.sqrt(watched["variance"] / watched["units"])
    chance = np.asarray(ndtr(watched["estimate"] / error), dtype=np.float64)
    assert (chance > 0.95).any(axis=1).mean() > 0.2
