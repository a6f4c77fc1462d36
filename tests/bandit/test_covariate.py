"""The adjustment for what was known before: closed forms, an independent library, and its laws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import statsmodels.api as sm
from eitp_server.bandit.covariate import adjust
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from eitp_server.bandit.confidence_sequence import Vector
    from numpy.typing import NDArray


def units(
    count: int, *, effect: float = 0.2, slope: float = 0.8, seed: int = 1
) -> tuple[Vector, Vector, NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    covariate, treated = rng.normal(size=count), rng.random(count) < 0.7
    return slope * covariate + effect * treated + rng.normal(size=count), covariate, treated


def test_the_slope_is_that_of_a_regression_with_a_level_for_each_side() -> None:
    outcome, covariate, treated = units(400)
    design = np.column_stack([np.ones(400), treated, covariate])
    model: Any = sm.OLS(outcome, design)
    fitted = model.fit()
    found = adjust(outcome, covariate, treated)
    assert found.theta == pytest.approx(float(fitted.params[2]), rel=1e-9)
    # With the slope taken within the sides, the adjusted difference is the regression's too.
    assert found.estimate == pytest.approx(float(fitted.params[1]), rel=1e-9)
    assert found.standard_error == pytest.approx(float(fitted.bse[1]), rel=0.05)


def test_a_small_case_gives_what_one_computes_by_hand() -> None:
    outcome, covariate = np.array([1.0, 3.0, 2.0, 2.0]), np.array([0.0, 2.0, 0.0, 1.0])
    found = adjust(outcome, covariate, np.array([True, True, False, False]))
    # Within the sides: 2 / 2 over the treated and 0 / 0.5 over the others, pooled 2 / 2.5.
    assert found.theta == pytest.approx(0.8)
    assert found.unadjusted == pytest.approx(0.0)
    assert found.estimate == pytest.approx(-0.8 * 0.5)


def test_a_covariate_that_tells_much_narrows_the_error() -> None:
    found = adjust(*units(4_000, slope=2.0))
    assert found.standard_error < 0.6 * found.unadjusted_error
    assert abs(found.estimate - 0.2) < 4 * found.standard_error


@given(st.integers(0, 10_000), st.floats(-3.0, 3.0), st.floats(0.1, 10.0))
def test_the_adjustment_does_not_depend_on_the_covariates_unit(
    seed: int, shift: float, scale: float
) -> None:
    outcome, covariate, treated = units(60, seed=seed)
    if min(treated.sum(), (~treated).sum()) < 2:
        return
    one = adjust(outcome, covariate, treated)
    other = adjust(outcome, scale * covariate + shift, treated)
    assert other.estimate == pytest.approx(one.estimate, abs=1e-9)
    assert other.standard_error == pytest.approx(one.standard_error, abs=1e-9)
    assert other.theta == pytest.approx(one.theta / scale, rel=1e-6, abs=1e-9)


@given(st.integers(0, 10_000))
def test_the_order_of_the_units_does_not_matter(seed: int) -> None:
    outcome, covariate, treated = units(100, seed=7)
    order = np.random.default_rng(seed).permutation(100)
    one = adjust(outcome, covariate, treated)
    other = adjust(outcome[order], covariate[order], treated[order])
    assert other.estimate == pytest.approx(one.estimate, abs=1e-9)


def test_a_covariate_that_never_varies_changes_nothing() -> None:
    outcome, _, treated = units(100)
    found = adjust(outcome, np.full(100, 3.0), treated)
    assert (found.theta, found.imbalance) == (0.0, 0.0)
    assert found.estimate == found.unadjusted


def test_a_covariate_that_the_treatment_touched_is_out_of_balance() -> None:
    outcome, covariate, treated = units(2_000)
    assert adjust(outcome, covariate, treated).balanced
    assert not adjust(outcome, covariate + 0.3 * treated, treated).balanced


def test_one_unit_on_a_side_is_refused() -> None:
    with pytest.raises(ValueError, match="two units"):
        adjust(np.arange(3.0), np.arange(3.0), np.array([True, True, False]))
