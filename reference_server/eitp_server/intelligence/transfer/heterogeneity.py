"""How much true effects differ between verticals: tau2, Q, I2, H2 and the Q-profile interval."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv

from eitp_server.intelligence.transfer.likelihood import (
    cross_weights,
    deviations,
    most_likely,
)
from eitp_server.intelligence.transfer.root import falling_zero

if TYPE_CHECKING:
    from eitp_server.intelligence.transfer.effect import Effects


class Method(Enum):
    """How tau2, the variance of true effects between verticals, is estimated."""

    REML = "REML"
    """Restricted maximum likelihood."""
    DL = "DL"
    """DerSimonian and Laird 1986: by moments, in closed form."""
    PM = "PM"
    """Paule and Mandel 1982: the tau2 at which the weighted squares are as many as expected."""


def between_variance(effects: Effects, method: Method = Method.REML) -> float:
    """Return tau2, 0 or more. Raises ValueError for fewer than two effects."""
    if len(effects) < 2:
        raise ValueError("one effect says nothing about how effects differ; it takes two")
    if method is Method.DL:
        return _dersimonian_laird(effects)
    return _paule_mandel(effects) if method is Method.PM else most_likely(effects)


def weighted_squares(effects: Effects, tau2: float = 0.0) -> float:
    """Return sum w (y - mu)^2 with w = 1 / (v + tau2); at 0 it is Cochran's Q."""
    off = deviations(effects, np.array([tau2]))[0]
    return float((off**2 / (effects.variance + tau2)).sum())


def typical_variance(effects: Effects) -> float:
    """Return the sampling variance of a typical effect (Higgins & Thompson 2002, equation 9)."""
    weights = 1 / effects.variance
    return (len(effects) - 1) * float(weights.sum() / cross_weights(weights))


def i_squared(effects: Effects, tau2: float) -> float:
    """Return the share of the variance of observed effects that is not chance, 0..1."""
    return tau2 / (tau2 + typical_variance(effects))


def h_squared(effects: Effects, tau2: float) -> float:
    """Return the variance of observed effects over that of chance alone, 1 or more."""
    typical = typical_variance(effects)
    return (tau2 + typical) / typical


def q_profile(effects: Effects, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of tau2 by the Q-profile (Viechtbauer 2007, Statistics in Medicine 26).

    Its ends are where `weighted_squares` is at the quantiles of chi-squared with k - 1 degrees of
    freedom; 0 where it is below them already without tau2.
    """
    tail = (1 - level) / 2
    degrees = len(effects) - 1
    # chi-squared by the gamma function: scipy's distributions take half a second to import.
    upper, lower = (float(2 * gammaincinv(degrees / 2, p)) for p in (1 - tail, tail))
    return _tau2_at(effects, upper), _tau2_at(effects, lower)


def _dersimonian_laird(effects: Effects) -> float:
    excess = weighted_squares(effects) - (len(effects) - 1)
    return max(0.0, excess / (len(effects) - 1) * typical_variance(effects))


def _paule_mandel(effects: Effects) -> float:
    return _tau2_at(effects, len(effects) - 1.0)


def _tau2_at(effects: Effects, squares: float) -> float:
    """Return where `weighted_squares`, which falls with tau2, has come down to `squares`."""
    if weighted_squares(effects) <= squares:
        return 0.0
    # The squares are at most sum (y - mean)^2 / (tau2 + smallest v), hence below at this end.
    end = float(((effects.value - effects.value.mean()) ** 2).sum()) / squares
    return falling_zero(lambda tau2: weighted_squares(effects, tau2) - squares, 0.0, end)
