"""One word for what a session's behaviour looks like, or none.

A label is a statement about behaviour. Its logit is a bias plus the weighted readings; the biases
make every label less likely than NEUTRAL, the reference at 0, until evidence speaks. Each label
also has a condition without which it is never given, however high its logit: the functions below,
whose first lines are the labels' definitions. The probabilities are a softmax over the labels
whose conditions hold.

The confidence is that probability, mixed with a guess: in a share `DOUBT` of all cases the model is
taken to be wrong and any label as likely as another, so that no confidence exceeds 0.9. It orders
packets by how clear they are. It is no frequency of being right until the outcomes of a tenant
calibrate it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.classification.circumstance import OF_SECTIONS, Circumstance
from eitp_server.classification.packet import AbstainReason, Label
from eitp_server.classification.weights import (
    CIRCUMSTANCE_READINGS,
    SIGNAL_READINGS,
    label_weights,
)
from eitp_server.signals.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eitp_server.classification.scene import Scene

BIAS = -3.0
"""Logit of every label but NEUTRAL without any reading."""
DOUBT = 0.11
"""Share of a uniform guess over the labels in every confidence."""
MIN_CONFIDENCE = 0.5
CONFLICT_RATIO = 0.8
"""Two labels above NEUTRAL conflict when the second is at least this probable by the first."""
DWELT_S = 3.0
HESITANT = 1.5
"""Spreads above the session's own time that make a hesitation, below it haste."""
QUICKENED = 0.5
"""Reading of speed, half an octave above the session's own, that makes haste."""
IDLE_S = 10.0
WAITING_S = 5.0

_SIGNAL_WEIGHTS = label_weights(SIGNAL_READINGS)
_CIRCUMSTANCE_WEIGHTS = label_weights(CIRCUMSTANCE_READINGS)
_OTHERS = np.array([label for label in Label if label > Label.NEUTRAL])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """The labels of m sessions; see `States`."""

    label: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    abstain_reason: NDArray[np.uint8]
    weighed: NDArray[np.uint8]
    weights: NDArray[np.float32]


def interest(scene: Scene) -> NDArray[np.bool_]:
    """INTEREST: dwells on what describes the product."""
    return scene.circumstance(Circumstance.DETAIL_DWELL) >= DWELT_S


def comparison(scene: Scene) -> NDArray[np.bool_]:
    """COMPARISON: goes back and forth between alternatives.

    On a page or in a section that compares; or copies, leaves for other tabs or turns back.
    """
    return (
        (scene.circumstance(Circumstance.COMPARISON_DWELL) >= DWELT_S)
        | (scene.signal(Signal.SELECTIONS) >= 1)
        | (scene.signal(Signal.DEPARTURES) >= 2)
        | (scene.signal(Signal.QUICK_BACK) >= 1)
    )


def hesitation(scene: Scene) -> NDArray[np.bool_]:
    """HESITATION: took markedly longer than usual, for this session, before it acted."""
    return scene.signal(Signal.HESITATION) >= HESITANT


def price_concern(scene: Scene) -> NDArray[np.bool_]:
    """PRICE_CONCERN: dwells or hesitates at prices, costs or financing."""
    return _concerned(scene, Circumstance.PRICE_DWELL, Circumstance.AT_PRICE)


def trust_concern(scene: Scene) -> NDArray[np.bool_]:
    """TRUST_CONCERN: dwells or hesitates at guarantees, reviews, delivery or payment."""
    return _concerned(scene, Circumstance.TRUST_DWELL, Circumstance.AT_TRUST)


def _concerned(scene: Scene, dwell: Circumstance, at: Circumstance) -> NDArray[np.bool_]:
    return (scene.circumstance(dwell) >= DWELT_S) | (
        (scene.circumstance(at) > 0) & hesitation(scene)
    )


def confusion(scene: Scene) -> NDArray[np.bool_]:
    """CONFUSION: searches without a goal: goes back over things, and by detours.

    Scrolling to and fro and crooked paths are ordinary; they only add to a return to the page
    before, to sections read again or to a thrashing hand.
    """
    searches = (
        (scene.signal(Signal.QUICK_BACK) >= 1)
        | (scene.signal(Signal.REREADS) >= 2)
        | (scene.signal(Signal.THRASH) >= 1)
    )
    detours = (
        (scene.reading(Signal.PATH_EFFICIENCY) > 0)
        | (scene.reading(Signal.DIRECTION_FLIPS) > 0)
        | (scene.signal(Signal.SCROLL_REVERSALS) >= 2)
    )
    return searches & detours


def frustration(scene: Scene) -> NDArray[np.bool_]:
    """FRUSTRATION: acts on something that does not answer, late or not at all."""
    unmet = (
        Signal.RAGE_CLICK,
        Signal.DEAD_CLICK,
        Signal.SLOW_CLICK,
        Signal.BACK_MASH,
        Signal.ERROR_CLICK,
    )
    return np.any([scene.signal(signal) > 0 for signal in unmet], axis=0)


def urgency(scene: Scene) -> NDArray[np.bool_]:
    """URGENCY: acts fast, for this session: decides sooner or moves faster than usual."""
    return (scene.signal(Signal.HESITATION) <= -HESITANT) | (
        scene.reading(Signal.MEAN_SPEED) >= QUICKENED
    )


def exit_risk(scene: Scene) -> NDArray[np.bool_]:
    """EXIT_RISK: turns back or to the browser's controls, leaves, or stands still at the goal."""
    waits = (scene.signal(Signal.IDLE) >= WAITING_S) & (
        scene.circumstance(Circumstance.BUYING_PAGE) > 0
    )
    return (
        (scene.signal(Signal.EDGE_EXITS) > 0)
        | (scene.signal(Signal.BACK_MASH) > 0)
        | (scene.signal(Signal.QUICK_BACK) > 0)
        | (scene.signal(Signal.DEPARTURES) > 0)
        | waits
    )


def disengagement(scene: Scene) -> NDArray[np.bool_]:
    """DISENGAGEMENT: does nothing for a while."""
    return scene.signal(Signal.IDLE) >= IDLE_S


CONDITIONS: dict[Label, Callable[[Scene], NDArray[np.bool_]]] = {
    Label.INTEREST: interest,
    Label.COMPARISON: comparison,
    Label.HESITATION: hesitation,
    Label.PRICE_CONCERN: price_concern,
    Label.TRUST_CONCERN: trust_concern,
    Label.CONFUSION: confusion,
    Label.FRUSTRATION: frustration,
    Label.URGENCY: urgency,
    Label.EXIT_RISK: exit_risk,
    Label.DISENGAGEMENT: disengagement,
}


def choose(scene: Scene, barred: NDArray[np.uint8]) -> Opinion:
    """Label m sessions, except where `barred` (m,) gives an `AbstainReason` not to."""
    # One row per label: sums and maxima over labels are then over whole rows.
    logits = scene.weighted(_SIGNAL_WEIGHTS, _CIRCUMSTANCE_WEIGHTS).T + np.float32(BIAS)
    logits[Label.NEUTRAL] = 0
    probability = _softmax(np.where(_allowed(scene), logits, np.float32(-np.inf)))
    best = probability.argmax(axis=0)
    confidence = _doubted(probability.max(axis=0))
    reason = np.where(barred == AbstainReason.UNSPECIFIED, _doubt(probability, confidence), barred)
    spoken = reason == AbstainReason.UNSPECIFIED
    weighed = _weighed(logits, best)
    return Opinion(
        label=np.where(spoken, best, Label.UNSPECIFIED).astype(np.uint8),
        confidence=np.where(spoken, confidence, np.float32(np.nan)),
        abstain_reason=reason,
        weighed=weighed,
        weights=_weights(scene, weighed, best == Label.NEUTRAL),
    )


def _allowed(scene: Scene) -> NDArray[np.bool_]:
    """Return (labels, m) whether the condition of each label holds."""
    allowed = np.zeros((len(Label), len(scene.signals)), np.bool_)
    allowed[Label.NEUTRAL] = True
    for label, condition in CONDITIONS.items():
        allowed[label] = condition(scene)
    return allowed


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    odds = np.exp(logits - logits.max(axis=0))
    odds /= odds.sum(axis=0)
    return odds


def _doubted(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix a probability with that of a uniform guess over the labels."""
    return probability * np.float32(1 - DOUBT) + np.float32(DOUBT / (len(Label) - 1))


def _doubt(probability: NDArray[np.float32], confidence: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return (m,) why no label stands out: because two do, or because none does."""
    reason = np.full(len(confidence), AbstainReason.UNSPECIFIED, np.uint8)
    unsure = np.flatnonzero(confidence < MIN_CONFIDENCE)
    second, first = np.sort(probability[:, unsure][_OTHERS], axis=0)[-2:]
    conflict = second > probability[Label.NEUTRAL, unsure]
    conflict &= second >= CONFLICT_RATIO * first
    reason[unsure] = AbstainReason.LOW_CONFIDENCE
    reason[unsure[conflict]] = AbstainReason.CONFLICTING_EVIDENCE
    return reason


def _weighed(logits: NDArray[np.float32], best: NDArray[np.intp]) -> NDArray[np.uint8]:
    rival = _OTHERS[logits[_OTHERS].argmax(axis=0)]
    return np.where(best == Label.NEUTRAL, rival, best).astype(np.uint8)


def _weights(
    scene: Scene, weighed: NDArray[np.uint8], against: NDArray[np.bool_]
) -> NDArray[np.float32]:
    pull = _SIGNAL_WEIGHTS[:, weighed] * scene.signal_readings.T
    around = scene.circumstance_readings.T[OF_SECTIONS]
    around = around * _CIRCUMSTANCE_WEIGHTS[OF_SECTIONS, weighed]
    np.add.reduce(around, axis=0, out=pull[Signal.SECTION_DWELL.column])
    pull *= np.where(against, -1, 1).astype(np.float32)
    return pull.T
