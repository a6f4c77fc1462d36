"""What is left out of the choice probabilities does not show beside the straight formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.bandit import selection
from eitp_server.bandit.selection import best_probabilities_of_many, expected_loss
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc, betaln, digamma, expit, log_expit, polygamma

if TYPE_CHECKING:
    from eitp_server.bandit.selection import Vector

EXACT = 1e-13
exponents = st.floats(-2.0, 6.0) | st.sampled_from([-2.0, 0.0, 6.0])
cells_of_extremes = st.integers(1, 40).flatmap(
    lambda arms: st.lists(
        st.lists(st.tuples(exponents, exponents), min_size=arms, max_size=arms),
        min_size=1,
        max_size=3,
    )
)


@given(cells_of_extremes)
def test_extreme_cells_get_what_the_straight_formula_gives(
    exponents: list[list[tuple[float, float]]],
) -> None:
    alpha, beta = np.moveaxis(10.0 ** np.array(exponents), -1, 0)
    assert_equal(best_probabilities_of_many(alpha, beta), straight_probabilities(alpha, beta))
    assert_equal(expected_loss(alpha[0], beta[0]), straight_loss(alpha[0], beta[0]))


@pytest.mark.parametrize("arms", [2, 3, 8, 21, 40])
@pytest.mark.parametrize("evidence", [(0.0, 0.0), (0.0, 3.0), (1.5, 1.5), (0.0, 6.0), (6.0, 6.0)])
def test_many_cells_get_what_the_straight_formula_gives(
    arms: int, evidence: tuple[float, float]
) -> None:
    alpha, beta = many_cells(200 if arms < 20 else 20, arms, evidence)
    assert_equal(best_probabilities_of_many(alpha, beta), straight_probabilities(alpha, beta))


@pytest.mark.parametrize("negligible", [1e-7, 1e-2])
def test_leaving_out_more_would_show(negligible: float, monkeypatch: pytest.MonkeyPatch) -> None:
    alpha, beta = many_cells(200, 8, (0.0, 3.0))
    monkeypatch.setattr(selection, "NEGLIGIBLE", negligible)
    found = best_probabilities_of_many(alpha, beta)
    assert np.abs(found - straight_probabilities(alpha, beta)).max() > 1e3 * EXACT


def many_cells(cells: int, arms: int, evidence: tuple[float, float]) -> tuple[Vector, Vector]:
    """Posteriors about 5 %, with 10^evidence[0] to 10^evidence[1] times a new one's evidence."""
    rng = np.random.default_rng(arms)
    weight = 10.0 ** rng.uniform(*evidence, (cells, arms))
    return weight * rng.uniform(1.0, 4.0, weight.shape), weight * rng.uniform(
        20.0, 50.0, weight.shape
    )


def assert_equal(found: Vector, expected: Vector) -> None:
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=EXACT)


def straight_probabilities(alpha: Vector, beta: Vector) -> Vector:
    probability = straight_mass(alpha, beta)[0].sum(axis=-1)
    return probability / probability.sum(axis=-1, keepdims=True)


def straight_loss(alpha: Vector, beta: Vector) -> Vector:
    mass, u = straight_mass(alpha, beta)
    highest = mass.sum(axis=0)
    return highest @ expit(u) / highest.sum() - alpha / (alpha + beta)


def straight_mass(alpha: Vector, beta: Vector) -> tuple[Vector, Vector]:
    """The mass of each arm, (..., K, n), at all of the nodes, (..., n), every F computed."""
    u, du = straight_grid(alpha, beta)
    a, b, at = alpha[..., None], beta[..., None], u[..., None, :]
    density = np.exp(a * log_expit(at) + b * log_expit(-at) - betaln(a, b))
    below = betainc(a, b, expit(at))
    before, after = np.ones(below.shape), np.ones(below.shape)
    np.cumprod(below[..., :-1, :], axis=-2, out=before[..., 1:, :])
    np.cumprod(below[..., :0:-1, :], axis=-2, out=after[..., -2::-1, :])
    return density * before * after * du[..., None, :], u


def straight_grid(alpha: Vector, beta: Vector) -> tuple[Vector, Vector]:
    centre: Vector = digamma(alpha) - digamma(beta)
    reach = 24.0 * np.sqrt(polygamma(1, alpha) + polygamma(1, beta))
    low = (centre - reach).max(axis=-1, keepdims=True)
    high = (centre + reach).max(axis=-1, keepdims=True)
    scale = reach.min(axis=-1, keepdims=True)
    nodes = 256 if alpha.shape[-1] <= 20 else 512
    t = np.arcsinh((high - low) / scale) * np.linspace(0.0, 1.0, nodes)
    return low + scale * np.sinh(t), np.cosh(t)
