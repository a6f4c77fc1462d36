"""Several tenants in a vertical, against the same likelihood by plain matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.intelligence.transfer import (
    Effects,
    Tenants,
    Verdict,
    find,
    find_over_tenants,
    most_likely_pair,
    predictive,
    predictive_over_tenants,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (3, 1, 4, 2, 3, 2)


def tenants(seed: int, *, between: float = 0.2, within: float = 0.15) -> Tenants:
    chance = np.random.default_rng(seed)
    vertical = np.repeat(np.arange(len(SIZES)), SIZES)
    variance = chance.uniform(0.005, 0.05, len(vertical))
    value = 0.1 + chance.normal(0, between, len(SIZES))[vertical]
    value = value + chance.normal(0, np.sqrt(within**2 + variance))
    return Tenants(Effects(value, variance), vertical)


def inverse_covariance(own: Tenants, tau2: float, sigma2: float) -> NDArray[np.float64]:
    same = own.vertical[:, None] == own.vertical[None, :]
    covariance = np.where(same, tau2, 0.0) + np.diag(own.effects.variance + sigma2)
    return np.asarray(np.linalg.inv(covariance), np.float64)


def likelihood(own: Tenants, tau2: float, sigma2: float) -> float:
    """The restricted log likelihood by its definition, with the whole covariance matrix."""
    inverse = inverse_covariance(own, tau2, sigma2)
    information = inverse.sum()
    off = own.effects.value - inverse.sum(axis=0) @ own.effects.value / information
    log_determinant = -np.linalg.slogdet(inverse).logabsdet
    return -0.5 * float(log_determinant + np.log(information) + off @ inverse @ off)


@pytest.mark.parametrize("seed", range(6))
def test_no_pair_of_variances_nearby_or_far_is_likelier(seed: int) -> None:
    own = tenants(seed)
    tau2, sigma2 = most_likely_pair(own)
    best = likelihood(own, tau2, sigma2)
    for other in [0.0, *np.geomspace(1e-4, 1.0, 25)]:
        for another in [0.0, *np.geomspace(1e-4, 1.0, 25)]:
            assert likelihood(own, other, another) <= best + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_the_slope_is_zero_in_both_directions(seed: int) -> None:
    own = tenants(seed)
    tau2, sigma2 = most_likely_pair(own)
    step = 1e-4
    for at, change in ((tau2, (step, 0.0)), (sigma2, (0.0, step))):
        higher = likelihood(own, tau2 + change[0], sigma2 + change[1])
        assert higher <= likelihood(own, tau2, sigma2)
        if at > step:
            lower = likelihood(own, tau2 - change[0], sigma2 - change[1])
            assert higher - lower == pytest.approx(0.0, abs=2e-5)


def test_the_mean_is_that_of_generalised_least_squares() -> None:
    own = tenants(3)
    found = find_over_tenants(own).estimate
    assert found is not None
    assert found.tenant_tau2 is not None
    inverse = inverse_covariance(own, found.pooled.tau2, found.tenant_tau2)
    mean = inverse.sum(axis=0) @ own.effects.value / inverse.sum()
    assert found.pooled.mean == pytest.approx(mean, rel=1e-12)
    assert found.pooled.standard_error == pytest.approx(inverse.sum() ** -0.5, rel=1e-12)


def test_tenants_that_agree_perfectly_count_as_one() -> None:
    values = np.array([0.1, 0.3, -0.1, 0.25])
    whole = Effects(values, np.full(4, 0.01))
    halves = Tenants(
        Effects(np.repeat(values, 2), np.full(8, 0.02)), np.repeat(np.arange(4, dtype=np.intp), 2)
    )
    tau2, sigma2 = most_likely_pair(halves)
    found, plain = find_over_tenants(halves), find(whole)
    assert found.estimate is not None
    assert plain.estimate is not None
    assert sigma2 == 0.0
    assert tau2 == pytest.approx(plain.estimate.pooled.tau2, rel=1e-9)
    assert found.estimate.pooled.mean == pytest.approx(plain.estimate.pooled.mean, rel=1e-12)


def test_many_tenants_of_few_verticals_promise_less_than_as_many_verticals() -> None:
    chance = np.random.default_rng(5)
    vertical = np.repeat(np.arange(4, dtype=np.intp), 10)
    value = 0.25 + chance.normal(0, 0.12, 4)[vertical] + chance.normal(0, 0.05, 40)
    own = Effects(value, np.full(40, 0.002))
    nested = predictive_over_tenants(Tenants(own, vertical))
    assert nested.positive < predictive(own).positive
    assert nested.probability.sum() == pytest.approx(1.0)


def test_two_verticals_with_tenants_are_insufficient() -> None:
    own = Tenants(Effects(np.array([0.1, 0.2, 0.3]), np.full(3, 0.01)), np.array([0, 0, 1]))
    assert find_over_tenants(own).verdict is Verdict.INSUFFICIENT


@pytest.mark.parametrize("vertical", [[0, 0, 0], [0, 1, 2], [0, 0, 2], [0, 0]])
def test_levels_that_cannot_be_told_apart_are_refused(vertical: list[int]) -> None:
    own = Effects(np.array([0.1, 0.2, 0.3]), np.full(3, 0.01))
    with pytest.raises(ValueError, match="vertical"):
        Tenants(own, np.array(vertical))
