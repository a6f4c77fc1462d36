"""The running test of the hypothesis that behaviour now foretells abandonment later.

Each session counts once, with the first forecast that was made of it and with how it ended. What
is judged is the order in which the state's score puts sessions (area under the ROC curve), against
two scores that know no behaviour: page, cart and time on site; time on site alone. A baseline that
points the wrong way is turned round, so that only its order counts.

People look at a running test again and again, and each look is a chance to be fooled. So the
verdict asks for bounds at `STRICT`, not 95 %: ten looks at 99.5 % err together at most as often as
one look at 95 % (Bonferroni). It is no licence for endless looking.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from eitp_server.classification.reliability import reliability
from eitp_server.classification.roc import Interval, areas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.classification.reliability import Reliability
    from eitp_server.classification.roc import Areas

METHODOLOGY = "hypothesis/1"
SHOWN = 0.95
"""Level of the intervals that are shown."""
STRICT = 0.995
"""Level of the two-sided bounds that the verdict rests on."""
ENOUGH = 50
"""Sessions of each outcome below which it is too early to say anything."""
POWER = 0.8
LEAST = 0.03
"""Difference of areas below which behaviour would add too little to matter."""

_STATE, _PAGE, _DURATION = range(3)


class Verdict(IntEnum):
    """What may be concluded; numbers are those of `eitp.v1.HypothesisVerdict`."""

    TOO_EARLY = 1
    SUPPORTED = 2
    NOT_SUPPORTED = 3


class Baseline(IntEnum):
    """What behaviour has to beat; numbers are those of `eitp.v1.HypothesisBaseline`."""

    PAGE_ONLY = 1
    DURATION_ONLY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Forecasts of n sessions and how the sessions ended."""

    state: NDArray[np.float64]
    """(n,) score of the state, higher for likelier abandonment."""
    page_only: NDArray[np.float64]
    """(n,)"""
    duration_only: NDArray[np.float64]
    """(n,)"""
    risk: NDArray[np.float64]
    """(n,) probability of abandonment as it was given out."""
    abandoned: NDArray[np.bool_]
    """(n,) whether the session ended without success."""
    treated: NDArray[np.bool_]
    """(n,) whether an intervention was sent."""
    holdout: NDArray[np.bool_]
    """(n,) whether chance had chosen the visitor to get none."""

    def untouched(self) -> Sample:
        """Return the sessions that nothing intervened in by design."""
        chosen = self.holdout & ~self.treated
        return Sample(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The state's score against those that know no behaviour."""

    state: Interval
    page_only: Interval
    duration_only: Interval
    better: Baseline
    """The baseline with the larger area."""
    gain: Interval
    """Area of the state minus that of the better baseline, at the level that is shown."""
    strict: Interval
    """The same at the level that the verdict rests on."""
    beats_both: bool
    """Whether the strict lower bounds against chance and against each baseline are passed."""
    gain_error: float
    """Standard error of the gain."""
    reliability: Reliability


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What a sample says about the hypothesis."""

    sessions: int
    abandoned: int
    treated: int
    comparison: Comparison | None
    """None while there are fewer than two sessions of either outcome."""
    verdict: Verdict
    further_sessions: int
    """Sessions still to be awaited; 0 unless it is too early."""


def analyse(sample: Sample) -> Analysis:
    """Test the hypothesis on a sample."""
    n, abandoned = len(sample.abandoned), int(sample.abandoned.sum())
    rarer = min(abandoned, n - abandoned)
    comparison = _compare(sample) if rarer >= 2 else None
    verdict, further = _judge(n, rarer, comparison)
    return Analysis(
        sessions=n,
        abandoned=abandoned,
        treated=int(sample.treated.sum()),
        comparison=comparison,
        verdict=verdict,
        further_sessions=further,
    )


def sessions_needed(n: int, error: float, effect: float) -> int:
    """Return how many sessions show a difference of areas `effect` with the power POWER.

    `error` is the standard error of the difference over `n` sessions. It shrinks with the square
    root of their number, so N = n (error (z_level + z_power) / effect)^2: the usual sample size of
    a normal test, for paired areas in Hanley & McNeil 1983, Radiology 148, and Obuchowski &
    McClish 1997, Statistics in Medicine 16. The level is STRICT, two-sided.
    """
    z = float(ndtri(0.5 + STRICT / 2) + ndtri(POWER))
    return math.ceil(n * (error * z / effect) ** 2)


def _judge(n: int, rarer: int, comparison: Comparison | None) -> tuple[Verdict, int]:
    if comparison is None or rarer < ENOUGH:
        # With half an imagined session, so that a share of none does not promise eternity.
        return Verdict.TOO_EARLY, math.ceil((ENOUGH - rarer) * (n + 1) / (rarer + 0.5))
    if comparison.beats_both:
        return Verdict.SUPPORTED, 0
    # An effect that was not observed is not worth waiting for, but for one of LEAST.
    effect = max(comparison.gain.value, LEAST)
    further = sessions_needed(n, comparison.gain_error, effect) - n
    if further <= 0 or comparison.strict.high < LEAST:
        return Verdict.NOT_SUPPORTED, 0
    return Verdict.TOO_EARLY, further


def _compare(sample: Sample) -> Comparison:
    scores = np.vstack([sample.state, sample.page_only, sample.duration_only])
    found = areas(scores, sample.abandoned)
    for baseline in (_PAGE, _DURATION):
        if found.value[baseline] < 0.5:
            scores[baseline] *= -1
    found = areas(scores, sample.abandoned)
    better = _PAGE if found.value[_PAGE] >= found.value[_DURATION] else _DURATION
    return Comparison(
        state=found.interval(_STATE, SHOWN),
        page_only=found.interval(_PAGE, SHOWN),
        duration_only=found.interval(_DURATION, SHOWN),
        better=Baseline.PAGE_ONLY if better == _PAGE else Baseline.DURATION_ONLY,
        gain=found.difference(_STATE, better, SHOWN),
        strict=found.difference(_STATE, better, STRICT),
        beats_both=_beats_both(found),
        gain_error=math.sqrt(found.variance(_STATE, better)),
        reliability=reliability(sample.risk, sample.abandoned, SHOWN),
    )


def _beats_both(found: Areas) -> bool:
    gains = (found.difference(_STATE, baseline, STRICT).low for baseline in (_PAGE, _DURATION))
    return found.interval(_STATE, STRICT).low > 0.5 and all(low > 0 for low in gains)
