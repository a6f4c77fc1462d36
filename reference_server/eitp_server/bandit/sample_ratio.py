"""Whether units fell onto the sides as they were promised to: tests of the randomisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, fsum, lgamma, log
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.bandit.confidence_sequence import Vector

ALARM_BELOW = 0.001
"""p-values below it raise an alarm."""
CONCENTRATION = 10_000.0
"""Weight of the promised shares in the alternative: deviations of about 1 % are looked for."""
TOLERATED_DEVIATION = 0.01
"""Shares that are off by less of their value raise no alarm, however many units say so."""
LEAST_EXPECTED = 5.0
"""Below it a chi-square is not shown."""
RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A chi-square test as it stands; looked at repeatedly it errs more often than its p-value."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def chi_square(observed: Vector, shares: Vector) -> ChiSquare:
    """Return Pearson's test of the counts `observed` (K,) against promised `shares` (K,).

    Places of share 0 do not take part, nor do their units: those leaked. Raises ValueError with
    fewer than two other places.
    """
    promised = shares > 0
    if np.count_nonzero(promised) < 2:
        raise ValueError(f"shares {shares.tolist()} leave nothing to compare: two must be above 0")
    seen, expected = observed[promised], shares[promised]
    expected = expected * (seen.sum() / expected.sum())
    statistic = float((np.square(seen - expected) / expected).sum())
    return _tested(statistic, len(seen) - 1)


def adaptive_chi_square(observed: Vector, expected: Vector, covariance: Vector) -> ChiSquare:
    """Return the test of counts (K,) whose shares changed from unit to unit.

    `expected` (K,) is the sum of the units' probability vectors p and `covariance` (K, K) that of
    diag(p) - p p'. The statistic (O - E)' V^+ (O - E) with the pseudo-inverse of V is Pearson's
    when p never changes. Degrees of freedom are the rank of V.
    """
    values, vectors = np.linalg.eigh(covariance)
    kept = values > RANK_TOLERANCE * max(float(values.max(initial=0.0)), RANK_TOLERANCE)
    along = (observed - expected) @ vectors[:, kept]
    return _tested(float((np.square(along) / values[kept]).sum()), int(np.count_nonzero(kept)))


def log_bayes_factor(
    counts: Sequence[float], shares: Sequence[float], concentration: float = CONCENTRATION
) -> float:
    """Return the logarithm of how much likelier other shares make the counts than the promised.

    The alternative draws the shares from a Dirichlet distribution around the promised ones. 1 over
    the largest factor so far is a p-value at all times: Lindon & Malek, "Anytime-valid inference
    for multinomial count data". Shares are above 0 and sum to 1.
    """
    total = fsum(counts)
    parts = (
        lgamma(concentration * share + count) - lgamma(concentration * share) - count * log(share)
        for count, share in zip(counts, shares, strict=True)
    )
    return lgamma(concentration) - lgamma(concentration + total) + fsum(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRatio:
    """The check between treatment and holdout; fields are those of the protocol's message."""

    treated_units: int
    holdout_units: int
    expected_holdout_share: float
    sequential_p_value: float
    p_value: float | None
    leaked_units: int
    alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioSequence:
    """The units of treatment and holdout so far, and the strongest evidence against their ratio."""

    holdout_share: float = 0.0
    """The share that is promised now."""
    treated_units: int = 0
    """Since the share was changed last; so is the next one."""
    holdout_units: int = 0
    earlier_treated: int = 0
    earlier_holdout: int = 0
    earlier_expected: float = 0.0
    """Holdout units that earlier shares promised."""
    earlier_variance: float = 0.0
    earlier_log: float = 0.0
    """Logarithm of the product of the Bayes factors of earlier shares."""
    highest_log: float = 0.0
    """Largest logarithm of the product so far, 0 or more."""
    leaked_units: int = 0

    @property
    def log_evidence(self) -> float:
        """The logarithm of the product of all Bayes factors now."""
        if self.holdout_share == 0:
            return self.earlier_log
        shares = (1 - self.holdout_share, self.holdout_share)
        counts = (self.treated_units, self.holdout_units)
        return self.earlier_log + log_bayes_factor(counts, shares)

    def fold(self, *, treated: int, holdout: int, holdout_share: float) -> RatioSequence:
        """Return the sequence with more new visitors, whose holdout was drawn with the share given.

        Another share than before starts a new factor; the product stays valid. Raises ValueError
        for holdout units that the share rules out.
        """
        if not 0 <= holdout_share < 1 or (holdout and not holdout_share):
            raise ValueError(f"{holdout} units are held out by a share of {holdout_share}")
        start = self if holdout_share == self.holdout_share else self._closed(holdout_share)
        grown = replace(
            start,
            treated_units=start.treated_units + treated,
            holdout_units=start.holdout_units + holdout,
        )
        return replace(grown, highest_log=max(grown.highest_log, grown.log_evidence))

    def leak(self, units: int = 1) -> RatioSequence:
        """Return the sequence with more holdout visitors who were shown an intervention."""
        return replace(self, leaked_units=self.leaked_units + units)

    def report(self) -> SampleRatio:
        """Return the check as it stands."""
        treated = self.earlier_treated + self.treated_units
        holdout = self.earlier_holdout + self.holdout_units
        expected, variance = self._moments()
        excess, least = abs(holdout - expected), min(expected, treated + holdout - expected)
        p_value = exp(-self.highest_log)
        is_off = p_value < ALARM_BELOW and excess > TOLERATED_DEVIATION * least
        is_shown = least >= LEAST_EXPECTED
        return SampleRatio(
            treated_units=treated,
            holdout_units=holdout,
            expected_holdout_share=self.holdout_share,
            sequential_p_value=p_value,
            p_value=_tested(excess**2 / variance, 1).p_value if is_shown else None,
            leaked_units=self.leaked_units,
            alarm=is_off or self.leaked_units > 0,
        )

    def dump(self) -> dict[str, Any]:
        """Return the sequence as JSON values; equal sequences give equal values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> RatioSequence:
        """Return the sequence from `dump`."""
        return cls(**{name: state[name] for name in cls.__slots__})

    def _moments(self) -> tuple[float, float]:
        """Return mean and variance of the number of holdout units, as promised."""
        promised = (self.treated_units + self.holdout_units) * self.holdout_share
        variance = self.earlier_variance + promised * (1 - self.holdout_share)
        return self.earlier_expected + promised, variance

    def _closed(self, next_share: float) -> RatioSequence:
        expected, variance = self._moments()
        return replace(
            self,
            holdout_share=next_share,
            treated_units=0,
            holdout_units=0,
            earlier_treated=self.earlier_treated + self.treated_units,
            earlier_holdout=self.earlier_holdout + self.holdout_units,
            earlier_expected=expected,
            earlier_variance=variance,
            earlier_log=self.log_evidence,
        )


def _tested(statistic: float, freedom: int) -> ChiSquare:
    p_value = float(chdtrc(freedom, statistic)) if freedom > 0 else 1.0
    return ChiSquare(statistic, freedom, p_value)
