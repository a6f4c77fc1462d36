"""Priors compared: with each other, and with the rates that the counts were drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from eitp_server.bandit.pooling import Prior
    from numpy.typing import NDArray

Matrix: TypeAlias = "NDArray[np.float64]"
Counts: TypeAlias = tuple[Matrix, Matrix]


def assert_same(one: Prior, other: Prior) -> None:
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-9)
    np.testing.assert_allclose(one.strength, other.strength, rtol=1e-9)


def missed(prior: Prior, s: Matrix, n: Matrix, rate: Matrix) -> float:
    """Root mean square of the logarithm of posterior mean over truth."""
    alpha, beta = prior.posterior(s, n)
    return float(np.sqrt(np.mean(np.log(alpha / (alpha + beta) / rate) ** 2)))


def misjudged(prior: Prior, s: Matrix, n: Matrix, rate: Matrix) -> float:
    """As `missed`, of each arm against the others of its cell, which is what a choice needs."""
    alpha, beta = prior.posterior(s, n)
    error: Matrix = np.log(alpha) - np.log(alpha + beta) - np.log(rate)
    centred: Matrix = np.asarray(error - error.mean(axis=1, keepdims=True), dtype=np.float64)
    return float(np.sqrt((centred**2).mean()))
