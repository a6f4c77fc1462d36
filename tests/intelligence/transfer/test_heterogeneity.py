"""tau2, Q, I2 and the mean against published results, other libraries and their definitions."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from eitp_server.intelligence.transfer import (
    Effects,
    Method,
    between_variance,
    h_squared,
    i_squared,
    log_likelihood,
    pooled,
    q_profile,
    weighted_squares,
)
from hypothesis import given
from hypothesis import strategies as st
from intelligence.transfer.trials import counts, effects, log_risk_ratios, some_effects

METHODS = pytest.mark.parametrize("method", Method)
SEVERAL_PEAKS = (
    effects([0.045, 0.929, -0.498, -13.261, -0.131], [0.00012, 2.08066, 8.05332, 6.11014, 0.00055]),
    effects([0.001, -0.094, 3.818], [0.00015, 0.0008, 0.73264]),
    effects([1.4, 0.001, -0.047, 0.003], [0.19152, 0.00012, 0.00065, 0.00295]),
    effects([0.007, 0.007, 3.784, 0.058], [0.00054, 0.00018, 1.42155, 0.00968]),
)
"""The highest is the last, the last, the first, and at 0."""


def likelihood(own: Effects, tau2: float) -> float:
    return float(log_likelihood(own, np.array([tau2]))[0])


def test_the_vaccine_trials_come_out_as_published() -> None:
    # What metafor's documentation prints for their log risk ratios.
    own = log_risk_ratios()
    found = pooled(own, between_variance(own))
    assert (round(found.tau2, 4), round(found.mean, 4)) == (0.3132, -0.7145)
    assert round(found.standard_error, 4) == 0.1798
    assert round(100 * i_squared(own, found.tau2), 2) == 92.22
    assert round(h_squared(own, found.tau2), 2) == 12.86


def test_the_vaccine_trials_differ_as_published() -> None:
    own = log_risk_ratios()
    assert round(weighted_squares(own), 4) == 152.2330
    assert tuple(round(end, 4) for end in q_profile(own)) == (0.1197, 1.1115)


def test_dersimonian_laird_and_paule_mandel_agree_with_statsmodels() -> None:
    meta_analysis = pytest.importorskip("statsmodels.stats.meta_analysis")
    for own in (log_risk_ratios(), counts().log_odds_ratios()):
        for method, name in ((Method.DL, "chi2"), (Method.PM, "iterated")):
            # It stops its own search at this, which must be tight to compare with.
            other = meta_analysis.combine_effects(
                own.value, own.variance, method_re=name, atol=1e-13, maxiter=500
            )
            found = pooled(own, between_variance(own, method))
            assert found.tau2 == pytest.approx(other.tau2, rel=1e-10)
            assert found.mean == pytest.approx(other.mean_effect_re, rel=1e-10)
            assert found.standard_error == pytest.approx(other.sd_eff_w_re, rel=1e-10)
            assert found.knapp_hartung == pytest.approx(other.sd_eff_w_re_hksj, rel=1e-10)


def test_restricted_likelihood_agrees_with_pymare() -> None:
    pymare = pytest.importorskip("pymare")
    for own in (log_risk_ratios(), counts().log_odds_ratios()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ones = np.ones((len(own), 1))
            reml = pymare.estimators.VarianceBasedLikelihoodEstimator(method="REML")
            other = reml.fit(own.value[:, None], own.variance[:, None], X=ones)
            tau2 = float(np.squeeze(other.params_["tau2"]))
            moments = pymare.estimators.DerSimonianLaird()
            simple = moments.fit(own.value[:, None], own.variance[:, None], X=ones)
        # Its optimiser stops early; what it stops at is near ours, and no more likely.
        assert between_variance(own) == pytest.approx(tau2, rel=1e-3)
        assert likelihood(own, between_variance(own)) >= likelihood(own, tau2)
        found = pooled(own, tau2)
        assert found.mean == pytest.approx(float(np.squeeze(other.params_["fe_params"])), rel=1e-9)
        assert between_variance(own, Method.DL) == pytest.approx(
            float(np.squeeze(simple.params_["tau2"])), rel=1e-10
        )


@given(some_effects(), st.floats(0, 30))
def test_no_tau2_is_likelier_than_the_one_found(own: Effects, other: float) -> None:
    assert likelihood(own, between_variance(own)) >= likelihood(own, other) - 1e-9


@pytest.mark.parametrize("own", SEVERAL_PEAKS)
def test_the_highest_of_several_maxima_is_found(own: Effects) -> None:
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e2, 20_001)])
    along = np.concatenate([[-np.inf], log_likelihood(own, grid), [-np.inf]])
    tops = np.flatnonzero((along[1:-1] > along[:-2]) & (along[1:-1] > along[2:]))
    assert len(tops) == 2
    best = grid[along[1:-1].argmax()]
    assert between_variance(own) == pytest.approx(best, rel=1e-3)
    assert likelihood(own, between_variance(own)) >= likelihood(own, best)


@given(some_effects())
def test_the_slope_turns_within_ten_digits_of_the_maximum(own: Effects) -> None:
    tau2 = between_variance(own)
    step = 1e-10 * tau2
    curvature = (slope(own, 1.001 * tau2) - slope(own, 0.999 * tau2)) / (0.002 * tau2 or 1.0)
    # Where it is nearly flat, or tau2 next to nothing, rounding of these matrices decides.
    if tau2 > 1e-4 and -curvature * tau2 > 1e-2 * float((1 / (own.variance + tau2)).sum()):
        assert slope(own, tau2 - step) > 0 > slope(own, tau2 + step)


def slope(own: Effects, tau2: float) -> float:
    """The derivative of the likelihood by matrices, 0.5 (y' P P y - tr P)."""
    weights = np.diag(1 / (own.variance + tau2))
    ones = np.ones(len(own))
    projection = weights - weights @ np.outer(ones, ones) @ weights / (ones @ weights @ ones)
    off = own.value - own.value[own.variance.argmin()]
    return 0.5 * float(off @ projection @ projection @ off - np.trace(projection))


@given(some_effects())
def test_paule_mandel_makes_the_weighted_squares_what_is_expected(own: Effects) -> None:
    tau2 = between_variance(own, Method.PM)
    if tau2 > 0:
        assert weighted_squares(own, tau2) == pytest.approx(len(own) - 1, rel=1e-9)
    else:
        assert weighted_squares(own) <= len(own) - 1


@given(some_effects())
def test_the_interval_of_tau2_holds_paule_mandels_estimate(own: Effects) -> None:
    low, high = q_profile(own)
    # With k = 2 even the median of chi-squared is below k - 1, but the quantiles enclose it.
    assert low <= between_variance(own, Method.PM) <= high


@METHODS
def test_equal_effects_differ_by_nothing(method: Method) -> None:
    own = effects([0.3] * 4, [0.01, 0.2, 0.03, 0.5])
    found = pooled(own, between_variance(own, method))
    assert (found.tau2, found.mean) == (0.0, pytest.approx(0.3))
    assert found.knapp_hartung == pytest.approx(0.0, abs=1e-12)
    assert found.modified_knapp_hartung == found.standard_error


@METHODS
def test_equal_variances_give_the_plain_mean_and_the_excess_of_variance(method: Method) -> None:
    values = [0.1, 0.9, -0.4, 0.5, 0.3]
    own = effects(values, [0.05] * 5)
    found = pooled(own, between_variance(own, method))
    assert found.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert found.tau2 == pytest.approx(np.var(values, ddof=1) - 0.05, rel=1e-12)


@METHODS
@given(some_effects(), st.floats(0.1, 10), st.floats(-5, 5))
def test_tau2_follows_the_scale_and_not_the_place(
    method: Method, own: Effects, scale: float, shift: float
) -> None:
    moved = Effects(own.value * scale + shift, own.variance * scale**2)
    before, after = between_variance(own, method), between_variance(moved, method)
    assert after == pytest.approx(before * scale**2, rel=1e-6, abs=1e-9)


@METHODS
def test_one_effect_says_nothing_of_differences(method: Method) -> None:
    with pytest.raises(ValueError, match="it takes two"):
        between_variance(effects([0.1], [0.1]), method)


@given(some_effects(least=3), st.floats(0, 5))
def test_shrunk_effects_lie_between_the_effect_and_the_mean(own: Effects, tau2: float) -> None:
    found = pooled(own, tau2)
    low = np.minimum(own.value, found.mean) - 1e-9
    high = np.maximum(own.value, found.mean) + 1e-9
    assert ((low <= found.shrunk) & (found.shrunk <= high)).all()
    assert found.weights.sum() == pytest.approx(1.0)


def test_two_effects_have_no_classical_prediction() -> None:
    own = effects([0.1, 0.4], [0.01, 0.02])
    with pytest.raises(ValueError, match="it takes three"):
        pooled(own, 0.1).prediction_interval()
    assert math.isfinite(pooled(own, 0.1).confidence_interval()[0])
