"""Probabilities that learn from outcomes how far they can be believed.

A probability p becomes sigmoid(a + b logit p). Before the first outcome a = 0 and b = 1, which
changes nothing; every outcome moves them a little, and what was learned fades toward that start,
by half each `half_life` outcomes, so that a shop which changes is followed. b stays at 0 or above:
whatever is learned, a higher p never becomes a lower probability. The learned numbers are used
only while they have foretold better than the shipped ones, judged on each outcome *before*
learning from it, and once 50 outcomes of each kind are remembered.

Two things are calibrated for each tenant. (1) The risk that a session ends without success: its
outcome is that very event. (2) The confidence of each label. Nobody reports what a shopper felt,
so a label is judged by the outcome that it foretells (`FORETOLD`): trouble foretells the session's
end without success, interest foretells success, NEUTRAL claims nothing. As 97 of 100 sessions end
without success anyway, a label that foretells that would be right by doing nothing; so the
observations are weighted until the tenant's two outcomes are equally frequent (`balance`). A
recalibrated confidence therefore reads: the probability that the outcome which the label foretells
comes, were both outcomes equally frequent. At 0.5 the label says nothing about the outcome.

The update is Bayesian logistic regression with the posterior kept as a Gaussian, re-centred by
Newton's method on every observation (Laplace's approximation; Spiegelhalter & Lauritzen 1990; the
map itself: Platt 1999; judging before learning: Dawid 1984, prequential analysis).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from eitp_server.classification.packet import Label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

TENANT = "tenant/1"

HALF_LIFE = 2000.0
"""Outcomes after which what was learned has faded by half."""
ENOUGH = 50.0
"""Remembered outcomes of each kind below which nothing that was learned is used."""
PRIOR_PRECISION = (1.0, 4.0)
"""1 / variance of a about 0 and of b about 1."""
_STEEPEST = 15.0
"""Logits beyond this count as this: 3 in ten million."""
_STEPS = 50
_CLOSE = 1e-12

ABANDONS, SUCCEEDS = True, False
FORETOLD: Mapping[Label, bool] = {
    Label.INTEREST: SUCCEEDS,
    Label.COMPARISON: SUCCEEDS,
    Label.HESITATION: ABANDONS,
    Label.PRICE_CONCERN: ABANDONS,
    Label.TRUST_CONCERN: ABANDONS,
    Label.CONFUSION: ABANDONS,
    Label.FRUSTRATION: ABANDONS,
    Label.URGENCY: SUCCEEDS,
    Label.EXIT_RISK: ABANDONS,
    Label.DISENGAGEMENT: ABANDONS,
}
"""Whether a label foretells that the session is abandoned; other labels are not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What is known of one probability's trustworthiness."""

    intercept: float = 0.0
    """a, in logits."""
    slope: float = 1.0
    """b, 0 or above."""
    precision: tuple[float, float, float] = (PRIOR_PRECISION[0], 0.0, PRIOR_PRECISION[1])
    """Of (a, b): the entries aa, ab, bb."""
    came: float = 0.0
    """Outcomes remembered in which the event came, faded."""
    stayed_away: float = 0.0
    """Outcomes remembered in which it did not, faded."""
    shipped_loss: float = 0.0
    """Log loss in nats of the shipped probabilities, summed with weights and faded."""
    learned_loss: float = 0.0
    """The same of the recalibrated ones, each as it was before its outcome was learned."""
    seen: int = 0
    """Outcomes ever seen."""

    @property
    def is_used(self) -> bool:
        """Whether the learned map has proven better than the shipped one."""
        return min(self.came, self.stayed_away) >= ENOUGH and self.learned_loss < self.shipped_loss

    def recalibrated(self, logit: float) -> float:
        """Return the probability that was learned for a shipped logit, proven better or not."""
        return sigmoid(self.intercept + self.slope * _bounded(logit))

    def applied(self, logit: float) -> float:
        """Return the probability to give out for a shipped logit."""
        return self.recalibrated(logit) if self.is_used else sigmoid(logit)

    def observed(
        self, logit: float, *, came: bool, weight: float = 1.0, half_life: float = HALF_LIFE
    ) -> Calibration:
        """Return what is known after the outcome of an event that had a shipped logit."""
        x, keep = _bounded(logit), fading(half_life)
        shipped_loss = self.shipped_loss * keep + weight * _loss(x, came=came)
        said = self.intercept + self.slope * x
        learned_loss = self.learned_loss * keep + weight * _loss(said, came=came)
        centre, precision = self._faded(keep)
        a, b = _mode(centre, precision, x, came=came, weight=weight)
        return Calibration(
            intercept=a,
            slope=b,
            precision=_sharpened(precision, x, a + b * x, weight),
            came=self.came * keep + came,
            stayed_away=self.stayed_away * keep + (not came),
            shipped_loss=shipped_loss,
            learned_loss=learned_loss,
            seen=self.seen + 1,
        )

    def dump(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Self:
        """Return what `dump` was called on."""
        fields: dict[str, Any] = {**state, "precision": tuple(state["precision"])}
        return cls(**fields)

    def _faded(self, keep: float) -> tuple[tuple[float, float], tuple[float, float, float]]:
        """Return centre and precision after `keep` of what was learned is left."""
        aa, ab, bb = self.precision
        prior_a, prior_b = PRIOR_PRECISION
        # Natural parameters fade, not moments: fully faded, the Gaussian is the prior again.
        pull_a = keep * (aa * self.intercept + ab * self.slope)
        pull_b = keep * (ab * self.intercept + bb * self.slope) + (1 - keep) * prior_b
        aa, ab, bb = keep * aa + (1 - keep) * prior_a, keep * ab, keep * bb + (1 - keep) * prior_b
        determinant = aa * bb - ab * ab
        a = (bb * pull_a - ab * pull_b) / determinant
        # Rounding alone must not push the slope below its bound.
        b = max((aa * pull_b - ab * pull_a) / determinant, 0.0)
        return (a, b), (aa, ab, bb)


def balance(*, of_kind: float, of_both: float) -> float:
    """Return the weight of an outcome so that both kinds count alike: 0.5 / its share.

    Takes the remembered numbers of outcomes; one imagined outcome of each kind keeps the first
    ones from weighing without bound.
    """
    return 0.5 * (of_both + 2) / (of_kind + 1)


def fading(half_life: float) -> float:
    """Return what one outcome leaves of what was learned before it."""
    return 0.5 ** (1 / half_life)


def sigmoid(logit: float) -> float:
    """Return the probability of a logit."""
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    odds = math.exp(logit)
    return odds / (1 + odds)


def logit_of(probability: float) -> float:
    """Return the logit of a probability, within the bounds that calibration tells apart."""
    if probability <= 0 or probability >= 1:
        return math.copysign(_STEEPEST, probability - 0.5)
    return _bounded(math.log(probability) - math.log1p(-probability))


def _bounded(logit: float) -> float:
    return min(max(logit, -_STEEPEST), _STEEPEST)


def _loss(logit: float, *, came: bool) -> float:
    """Return -log of the probability that was given to what happened."""
    against = -logit if came else logit
    return max(against, 0.0) + math.log1p(math.exp(-abs(against)))


def _mode(
    centre: tuple[float, float],
    precision: tuple[float, float, float],
    x: float,
    *,
    came: bool,
    weight: float,
) -> tuple[float, float]:
    """Return the most probable (a, b), b >= 0, under a Gaussian and one outcome at `x`.

    The posterior's gradient is P (theta - centre) = weight (y - s) (1, x): theta lies on a line
    through the centre, so one number, the logit z at x, solves it.
    """
    free = _on_line(centre, _spread(precision, x), x, came=came, weight=weight)
    if free[1] >= 0:
        return free
    aa, ab, _ = precision
    # The best point with b = 0 is where the line b = 0 meets the Gaussian, moved along a.
    bound = centre[0] + ab / aa * centre[1], 0.0
    return _on_line(bound, (1 / aa, 0.0), x, came=came, weight=weight)


def _on_line(
    start: tuple[float, float],
    direction: tuple[float, float],
    x: float,
    *,
    came: bool,
    weight: float,
) -> tuple[float, float]:
    """Return start + k direction with k = weight (y - sigmoid(z)), z the logit at `x` there."""
    z0 = start[0] + start[1] * x
    variance = direction[0] + direction[1] * x
    y = 1.0 if came else 0.0
    # z - variance weight (y - s(z)) = z0 has one root, between z0 and z0 +- variance weight.
    low, high = sorted((z0, z0 + (2 * y - 1) * variance * weight))
    z = z0
    for _ in range(_STEPS):
        s = sigmoid(z)
        excess = z - z0 - variance * weight * (y - s)
        low, high = (low, z) if excess > 0 else (z, high)
        step = z - excess / (1 + variance * weight * s * (1 - s))
        following = step if low < step < high else (low + high) / 2
        if abs(following - z) <= _CLOSE * (1 + abs(z)):
            z = following
            break
        z = following
    k = weight * (y - sigmoid(z))
    return start[0] + k * direction[0], start[1] + k * direction[1]


def _spread(precision: tuple[float, float, float], x: float) -> tuple[float, float]:
    """Return the inverse of the precision times (1, x)."""
    aa, ab, bb = precision
    determinant = aa * bb - ab * ab
    return (bb - ab * x) / determinant, (aa * x - ab) / determinant


def _sharpened(
    precision: tuple[float, float, float], x: float, z: float, weight: float
) -> tuple[float, float, float]:
    aa, ab, bb = precision
    s = sigmoid(z)
    information = weight * s * (1 - s)
    return aa + information, ab + information * x, bb + information * x * x
