"""From evidence to seven dimensions with their uncertainty, and to a label.

A dimension is a squashed weighted sum of readings (`weights`), smoothed over a second of session
time. Its uncertainty starts at that of a uniform guess and shrinks with the square root of the
evidence toward a floor that is wide for valence and arousal: nobody has shown that a mouse tells
more. How far along and how intent a session is follows from where it stands, not from how it
moves. Nothing is known before five seconds of movement, three clicks or their like in both, or
returns in quick succession, and after a minute of silence nothing is known again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from eitp_server.classification.label import choose
from eitp_server.classification.packet import DIMENSIONS, AbstainReason
from eitp_server.classification.scene import Scene
from eitp_server.classification.state import States
from eitp_server.classification.weights import (
    CIRCUMSTANCE_READINGS,
    SIGNAL_READINGS,
    dimension_weights,
)
from eitp_server.signals.clock import whole_ms
from eitp_server.signals.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.classification.state import ContextColumns, StateTable
    from eitp_server.signals.evidence import EvidenceColumns

ESTIMATOR_VERSION = "local/2"

ENOUGH_MOVING_S = 5.0
ENOUGH_CLICKS = 3
STALE_S = 60.0
ACTIVE_S = 10.0
SLOWEST_HZ = 5.0
"""Sampling below which the shape of movement is lost: a step would take over 200 ms."""
SMOOTHING_MS = 1000.0
_GRID = np.float32(1 << 14)

VALENCE, INTENT, PHASE = (
    DIMENSIONS.index(name) for name in ("valence", "intent_strength", "session_phase")
)

_BACK_MASH = Signal.BACK_MASH.column

_BIAS = np.array([0.0, -1.0, -1.0, -1.5, -0.5, 0.0, 0.0], np.float32)
"""Logit of each dimension without any reading; valence starts at 0."""
_GUESS = np.array([0.58, 0.29, 0.29, 0.29, 0.29, 0.29, 0.29], np.float32)
"""Standard deviation of a uniform guess within the dimension's bounds."""
_FLOOR = np.array([0.30, 0.20, 0.12, 0.12, 0.12, 0.15, 0.08], np.float32)
_SIGNAL_WEIGHTS = dimension_weights(SIGNAL_READINGS)
_CIRCUMSTANCE_WEIGHTS = dimension_weights(CIRCUMSTANCE_READINGS)

_PHASE = np.array(
    [0.0, 0.05, 0.2, 0.2, 0.4, 0.5, 0.45, 0.65, 0.85, 1.0, 0.3, 0.15, 0.3, 0.2], np.float32
)
"""How far along a session is by `eitp.v1.PageType`."""
_INTENT = np.array(
    [-1.5, -1.5, -1.0, -0.5, 0.0, 0.5, 0.3, 1.0, 2.0, 3.0, -0.5, -1.5, -0.5, -1.5], np.float32
)
"""Logit of buying by `eitp.v1.PageType`."""
_CART = np.array([0.0, -0.5, 0.6, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8], np.float32)
"""Logit of buying that the cart adds, by `eitp.v1.CartBucket`."""
_PAGES = 0.3
"""Logit of buying that each doubling of the pages seen adds."""


def estimate(
    evidence: EvidenceColumns,
    context: ContextColumns,
    previous: StateTable,
    slots: NDArray[np.integer[Any]],
    at_ms: NDArray[np.integer[Any]],
) -> States:
    """Return the states of `slots` (m,) at session times `at_ms` (m,); keep them in `previous`."""
    scene = Scene.of(evidence, context)
    known = _known(evidence, context)
    mean = _smoothed(_target(scene, context), previous, slots, whole_ms(at_ms))
    opinion = choose(scene, _barred(evidence))
    return States(
        mean=np.where(known, mean, np.float32(np.nan)),
        sd=np.where(known, _uncertainty(evidence, context), np.float32(np.nan)),
        known=known,
        label=opinion.label,
        confidence=opinion.confidence,
        abstain_reason=opinion.abstain_reason,
        weighed=opinion.weighed,
        weights=opinion.weights,
        active=evidence.idle_s <= ACTIVE_S,
    )


def _target(scene: Scene, context: ContextColumns) -> NDArray[np.float32]:
    """Return the means (m, dimensions) that the readings speak for."""
    logit = scene.weighted(_SIGNAL_WEIGHTS, _CIRCUMSTANCE_WEIGHTS) + _BIAS
    page = np.minimum(context.page_type, len(_PHASE) - 1)
    cart = np.minimum(context.cart_bucket, len(_CART) - 1)
    seen = _PAGES * np.log2(np.maximum(context.pages, 1).astype(np.float32))
    logit[:, INTENT] += _INTENT[page] + _CART[cart] + seen
    target = expit(logit).astype(np.float32, copy=False)
    target[:, VALENCE] = np.tanh(logit[:, VALENCE])
    target[:, PHASE] = _PHASE[page]
    return target


def _smoothed(
    target: NDArray[np.float32],
    previous: StateTable,
    slots: NDArray[np.integer[Any]],
    at: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Move the previous means toward `target` as far as the time since allows."""
    elapsed = np.maximum(at - previous.at_ms[slots], 0)
    step = -np.expm1(elapsed.astype(np.float32) / np.float32(-SMOOTHING_MS))[:, None]
    before = previous.mean[slots]
    # On a grid, so that processors whose exponentials differ in the last bit agree.
    mean: NDArray[np.float32] = np.divide(
        np.rint((before + (target - before) * step) * _GRID), _GRID
    )
    previous.mean[slots] = mean
    previous.at_ms[slots] = at
    return mean


def _enough(evidence: EvidenceColumns) -> NDArray[np.bool_]:
    """Return (m,) whether there is enough for a state; a hasty return speaks for itself."""
    mashed = evidence.present[:, _BACK_MASH] & (evidence.value[:, _BACK_MASH] > 0)
    return mashed | (_amount(evidence.moving_s, evidence.clicks) >= 1)


def _amount(moving_s: NDArray[np.float32], clicks: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return (m,) how often over the evidence is enough for a state."""
    amount = moving_s / ENOUGH_MOVING_S + clicks / ENOUGH_CLICKS
    return amount.astype(np.float32)


def _known(evidence: EvidenceColumns, context: ContextColumns) -> NDArray[np.bool_]:
    sufficient = _enough(evidence) & (evidence.idle_s < STALE_S)
    known = np.repeat(sufficient[:, None], len(DIMENSIONS), axis=1)
    known[:, INTENT] &= (context.page_type != 0) | (context.cart_bucket != 0)
    known[:, PHASE] &= context.page_type != 0
    return known


def _uncertainty(evidence: EvidenceColumns, context: ContextColumns) -> NDArray[np.float32]:
    moved = _amount(evidence.recent_moving_s, evidence.recent_clicks)
    placed = (context.page_type != 0).astype(np.float32) + (context.cart_bucket != 0)
    amount = np.repeat(moved[:, None], len(DIMENSIONS), axis=1)
    amount[:, [INTENT, PHASE]] = placed[:, None]
    spread = (_GUESS - _FLOOR) / np.sqrt(1 + amount)
    return (_FLOOR + spread).astype(np.float32, copy=False)


def _barred(evidence: EvidenceColumns) -> NDArray[np.uint8]:
    """Return the reason (m,) that forbids a label before any is looked for."""
    sparse = (evidence.recent_clicks == 0) & (evidence.sampling_hz > 0)
    sparse &= evidence.sampling_hz < SLOWEST_HZ
    reason = np.where(sparse, AbstainReason.RATE_TOO_LOW, AbstainReason.UNSPECIFIED)
    reason[evidence.idle_s >= STALE_S] = AbstainReason.STALE
    reason[~_enough(evidence)] = AbstainReason.INSUFFICIENT_EVIDENCE
    return reason.astype(np.uint8)
