"""How likely a session is to end without conversion or lead, before any outcome was seen.

The weights are a declared prior: our judgement, not a fit. Where a session stands and how intent
it seems weigh most, movement little, because that is what public data supports. A tenant's own
outcomes correct the number (`calibration`) and judge it (`hypothesis`). The two baselines know no
behaviour at all; they are what behaviour has to beat.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from eitp_server.classification.packet import DIMENSIONS, Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.classification.packet import Context

RISK_MODEL = "risk/1"

BIAS = 3.0
"""Logit of abandonment of a session about which nothing is known: 95 in 100 buy nothing."""
WEIGHTS: Mapping[str, float] = {
    "valence": -0.3,
    "arousal": 0.1,
    "urgency": -0.2,
    "confusion": 0.5,
    "interest": -0.8,
    "intent_strength": -2.5,
    "session_phase": -1.5,
}
"""Logits for one unit of each dimension above its prior mean."""
PRIOR_MEANS: Mapping[str, float] = {
    "valence": 0.0,
    "arousal": 0.27,
    "urgency": 0.27,
    "confusion": 0.18,
    "interest": 0.38,
    "intent_strength": 0.5,
    "session_phase": 0.35,
}
"""What a dimension counts as while it is unknown: the estimator's value without any reading, and
that of a product page for the two which follow from the page."""
LABELS: Mapping[Label, float] = {
    Label.INTEREST: -0.3,
    Label.COMPARISON: -0.1,
    Label.HESITATION: 0.2,
    Label.PRICE_CONCERN: 0.3,
    Label.TRUST_CONCERN: 0.3,
    Label.CONFUSION: 0.2,
    Label.FRUSTRATION: 0.4,
    Label.URGENCY: -0.2,
    Label.EXIT_RISK: 0.6,
    Label.DISENGAGEMENT: 0.5,
}
"""Logits that a label adds; NEUTRAL and no label add none."""
PAGES: Sequence[float] = (
    *(0.0, 0.3, 0.2, 0.1, 0.0, -0.1, -0.1),
    *(-0.3, -0.6, -1.2, 0.1, 0.3, 0.1, 0.3),
)
"""Logits that the page adds, by `eitp.v1.PageType`: how far it is from an order."""
CARTS: Sequence[float] = (0.0, 0.2, -0.3, -0.3, -0.3, -0.3, -0.3, -0.3, -0.3)
"""Logits that the cart adds, by `eitp.v1.CartBucket`: whether there is anything in it."""
_PAGE_ONLY_SHARE = 3.0
"""How much more page and cart weigh where nothing else is known; in the state they are counted
once more as intent and phase."""
_DOUBLED_MINUTES = -0.3
"""Logits for each doubling of one minute plus the time on site: who stays buys more often."""

_STATE = tuple(zip((WEIGHTS[name] for name in DIMENSIONS), PRIOR_MEANS.values(), strict=True))


def abandonment_logit(mean: Sequence[float | None], label: Label, context: Context) -> float:
    """Return the logit of abandonment that a state, a label and a place speak for.

    `mean`: seven values in the order of DIMENSIONS, None where unknown.
    """
    # Not a matrix product: the order of the sum must be the same on every machine.
    logit = BIAS + LABELS.get(label, 0.0) + _place(context)
    for value, (weight, usual) in zip(mean, _STATE, strict=True):
        if value is not None:
            logit += weight * (value - usual)
    return logit


def page_only_logit(context: Context, seconds: float) -> float:
    """Return the logit that page type, cart and `seconds` on site speak for: a baseline."""
    return duration_only_logit(seconds) + _PAGE_ONLY_SHARE * _place(context)


def duration_only_logit(seconds: float) -> float:
    """Return the logit that `seconds` since the session began speak for: a baseline."""
    return BIAS + _DOUBLED_MINUTES * math.log2(1 + max(seconds, 0.0) / 60)


def _place(context: Context) -> float:
    page = PAGES[min(max(context.page_type, 0), len(PAGES) - 1)]
    return page + CARTS[min(max(context.cart_bucket, 0), len(CARTS) - 1)]
