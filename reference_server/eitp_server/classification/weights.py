"""How much each piece of evidence moves each dimension and each label: the whole model.

A reading turns a signal into a number of about 0 to 1, or -1 to 1 where less than usual says
something too; a signal that is not present reads 0. Dimensions and labels are weighted sums of
the readings. A source of `prior` is our judgement and waits for outcomes to correct it; the
others name what was measured on public data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.classification.circumstance import Circumstance
from eitp_server.classification.packet import DIMENSIONS, Label
from eitp_server.signals.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

PRIOR = "prior"
LATENCY = "slow and missing answers against satisfaction: AUC 0.78"
PACE = "time to choose against the person's own past: hard choices at AUC 0.70"
BURSTS = "bursts without evidence of no answer: AUC 0.53-0.57, so rage_click/2 asks for evidence"
STRESS = "movement against induced stress: AUC 0.48-0.56, so next to nothing"


class Transform(Enum):
    """How a value becomes a reading; `scale` is the reading's `Reading.scale`."""

    COUNT = auto()
    """1 - exp(-value / scale): the first ones tell most."""
    SHARE = auto()
    """value / scale, within 0..1."""
    DEFICIT = auto()
    """1 - value / scale, within 0..1."""
    CHANGE = auto()
    """log2(value / baseline) / scale, within -1..1; 0 without a baseline."""
    SCORE = auto()
    """value / scale, within -1..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One row of the model."""

    of: Signal | Circumstance
    transform: Transform
    scale: float
    source: str = PRIOR
    dimensions: Mapping[str, float] = field(default_factory=dict[str, float])
    labels: Mapping[Label, float] = field(default_factory=dict[Label, float])


_SOFT = (
    Label.INTEREST,
    Label.COMPARISON,
    Label.HESITATION,
    Label.PRICE_CONCERN,
    Label.TRUST_CONCERN,
    Label.URGENCY,
)


def _stuck(weight: float) -> Mapping[Label, float]:
    """Return how a page that does not answer speaks against labels that rest on dwelling or pace.

    Who waits for an answer at the price dwells there too, but not for the price, and who clicks
    again and again is fast without being in a hurry to buy.
    """
    return dict.fromkeys(_SOFT, weight)


SIGNAL_READINGS: Sequence[Reading] = (
    Reading(of=Signal.PATH_LENGTH, transform=Transform.SHARE, scale=4000, source=STRESS),
    Reading(
        of=Signal.MEAN_SPEED,
        transform=Transform.CHANGE,
        scale=1,
        source=STRESS,
        dimensions={"arousal": 0.4, "urgency": 0.4},
        labels={Label.URGENCY: 1.0},
    ),
    Reading(
        of=Signal.PATH_EFFICIENCY,
        transform=Transform.DEFICIT,
        scale=0.6,
        dimensions={"confusion": 0.6},
        labels={Label.CONFUSION: 1.0, Label.URGENCY: -0.5},
    ),
    Reading(
        of=Signal.DIRECTION_FLIPS,
        transform=Transform.CHANGE,
        scale=1,
        dimensions={"arousal": 0.2, "confusion": 0.5},
        labels={Label.CONFUSION: 1.0},
    ),
    Reading(
        of=Signal.PAUSE_SHARE,
        transform=Transform.SHARE,
        scale=1,
        dimensions={"arousal": -0.2, "urgency": -0.6},
        labels={Label.DISENGAGEMENT: 1.0, Label.URGENCY: -1.0},
    ),
    Reading(
        of=Signal.RAGE_CLICK,
        transform=Transform.COUNT,
        scale=1,
        source=BURSTS,
        dimensions={"valence": -0.6, "arousal": 0.8, "confusion": 0.2},
        labels={Label.FRUSTRATION: 7.0, **_stuck(-7.0)},
    ),
    Reading(
        of=Signal.DEAD_CLICK,
        transform=Transform.COUNT,
        scale=2,
        source=LATENCY,
        dimensions={"valence": -0.8, "arousal": 0.3, "confusion": 0.6},
        labels={Label.FRUSTRATION: 4.5, **_stuck(-4.0)},
    ),
    Reading(
        of=Signal.SLOW_CLICK,
        transform=Transform.COUNT,
        scale=2,
        source=LATENCY,
        dimensions={"valence": -0.2, "arousal": 0.2},
        labels={Label.FRUSTRATION: 3.5, **_stuck(-2.0)},
    ),
    Reading(
        of=Signal.HESITATION,
        transform=Transform.SCORE,
        scale=2,
        source=PACE,
        dimensions={"urgency": -0.8, "confusion": 0.4},
        labels={
            Label.HESITATION: 5.0,
            Label.PRICE_CONCERN: 3.0,
            Label.TRUST_CONCERN: 3.0,
            Label.URGENCY: -3.5,
        },
    ),
    # Saturates where slowness begins: a slow answer after a missing one must not look like relief.
    Reading(
        of=Signal.RESPONSE_LATENCY,
        transform=Transform.SHARE,
        scale=1000,
        source=LATENCY,
        dimensions={"valence": -0.3},
        labels={Label.FRUSTRATION: 0.5},
    ),
    Reading(
        of=Signal.CLICK_RATE,
        transform=Transform.COUNT,
        scale=20,
        dimensions={"arousal": 0.4, "urgency": 0.8},
        labels={Label.URGENCY: 1.5, Label.DISENGAGEMENT: -1.5},
    ),
    Reading(
        of=Signal.SCROLL_REVERSALS,
        transform=Transform.COUNT,
        scale=4,
        dimensions={"confusion": 0.6, "interest": 0.3},
        labels={Label.CONFUSION: 2.0, Label.COMPARISON: 0.5},
    ),
    Reading(
        of=Signal.IDLE,
        transform=Transform.COUNT,
        scale=15,
        dimensions={"arousal": -0.6, "urgency": -1.0, "interest": -1.2},
        labels={Label.DISENGAGEMENT: 4.0, Label.EXIT_RISK: 0.5, Label.URGENCY: -2.0},
    ),
    Reading(
        of=Signal.SCRIPT_ERROR,
        transform=Transform.COUNT,
        scale=1,
        dimensions={"valence": -0.2, "confusion": 0.2},
        labels={Label.FRUSTRATION: 1.0},
    ),
    Reading(
        of=Signal.QUICK_BACK,
        transform=Transform.COUNT,
        scale=1,
        dimensions={"confusion": 0.4, "interest": -0.4},
        labels={Label.CONFUSION: 1.0, Label.COMPARISON: 1.0, Label.EXIT_RISK: 2.5},
    ),
    Reading(
        of=Signal.BACK_MASH,
        transform=Transform.COUNT,
        scale=1,
        dimensions={"valence": -0.4, "urgency": 0.4, "confusion": 0.2},
        labels={Label.FRUSTRATION: 6.0, Label.EXIT_RISK: 1.0, **_stuck(-4.0)},
    ),
    Reading(
        of=Signal.THRASH,
        transform=Transform.COUNT,
        scale=2,
        dimensions={"arousal": 0.5, "confusion": 0.4},
        labels={Label.CONFUSION: 1.0},
    ),
    # Its weight is that of the circumstances which sections make.
    Reading(of=Signal.SECTION_DWELL, transform=Transform.SHARE, scale=60),
    Reading(
        of=Signal.DEPARTURES,
        transform=Transform.COUNT,
        scale=2,
        labels={Label.COMPARISON: 2.0, Label.PRICE_CONCERN: 0.5, Label.EXIT_RISK: 2.0},
    ),
    Reading(
        of=Signal.SELECTIONS,
        transform=Transform.COUNT,
        scale=2,
        dimensions={"interest": 0.4},
        labels={Label.COMPARISON: 2.0, Label.INTEREST: 0.5},
    ),
    # The shape of movement is described on demand and not part of the evidence of a tick.
    Reading(of=Signal.SPEED_SD, transform=Transform.SHARE, scale=1000, source=STRESS),
    Reading(of=Signal.TURN, transform=Transform.SHARE, scale=1.5, source=STRESS),
    Reading(of=Signal.SPARC, transform=Transform.SCORE, scale=4, source=STRESS),
    Reading(of=Signal.ACCELERATION_RMS, transform=Transform.SHARE, scale=10_000, source=STRESS),
    Reading(of=Signal.INITIATION, transform=Transform.SCORE, scale=2),
    Reading(of=Signal.CLICK_HOLD, transform=Transform.SCORE, scale=2),
    Reading(
        of=Signal.EDGE_EXITS,
        transform=Transform.COUNT,
        scale=1,
        labels={Label.EXIT_RISK: 3.5},
    ),
    Reading(
        of=Signal.ERROR_CLICK,
        transform=Transform.COUNT,
        scale=1,
        dimensions={"valence": -0.5},
        labels={Label.FRUSTRATION: 3.0},
    ),
    Reading(
        of=Signal.RETREATS,
        transform=Transform.COUNT,
        scale=2,
        labels={Label.HESITATION: 1.0},
    ),
    Reading(
        of=Signal.REREADS,
        transform=Transform.COUNT,
        scale=2,
        labels={Label.CONFUSION: 0.5, Label.PRICE_CONCERN: 0.5, Label.TRUST_CONCERN: 0.5},
    ),
    # A share: a fast page collects more slow clicks than one that keeps its shopper waiting.
    Reading(
        of=Signal.UNMET_SHARE,
        transform=Transform.SHARE,
        scale=1,
        source=LATENCY,
        dimensions={"valence": -1.0},
        labels={Label.FRUSTRATION: 0.5},
    ),
)
"""One row per signal, in the order of their columns."""

CIRCUMSTANCE_READINGS: Sequence[Reading] = (
    Reading(
        of=Circumstance.PRICE_DWELL,
        transform=Transform.COUNT,
        scale=6,
        dimensions={"interest": 0.6},
        labels={Label.PRICE_CONCERN: 4.5},
    ),
    Reading(
        of=Circumstance.TRUST_DWELL,
        transform=Transform.COUNT,
        scale=6,
        dimensions={"interest": 0.4},
        labels={Label.TRUST_CONCERN: 4.5},
    ),
    Reading(
        of=Circumstance.COMPARISON_DWELL,
        transform=Transform.COUNT,
        scale=6,
        dimensions={"interest": 0.8},
        labels={Label.COMPARISON: 4.5},
    ),
    Reading(
        of=Circumstance.DETAIL_DWELL,
        transform=Transform.COUNT,
        scale=10,
        dimensions={"interest": 2.0},
        labels={Label.INTEREST: 4.5, Label.DISENGAGEMENT: -1.0},
    ),
    Reading(
        of=Circumstance.AT_PRICE,
        transform=Transform.SHARE,
        scale=1,
        labels={Label.PRICE_CONCERN: 2.5},
    ),
    Reading(
        of=Circumstance.AT_TRUST,
        transform=Transform.SHARE,
        scale=1,
        labels={Label.TRUST_CONCERN: 2.5},
    ),
    Reading(
        of=Circumstance.COMPARING_PAGE,
        transform=Transform.SHARE,
        scale=1,
        labels={Label.COMPARISON: 1.5},
    ),
    Reading(
        of=Circumstance.BUYING_PAGE,
        transform=Transform.SHARE,
        scale=1,
        labels={Label.EXIT_RISK: 1.0, Label.URGENCY: 0.5},
    ),
)
"""One row per circumstance, in their order."""


def dimension_weights(readings: Sequence[Reading]) -> NDArray[np.float32]:
    """Return (readings, dimensions)."""
    rows = [[reading.dimensions.get(name, 0.0) for name in DIMENSIONS] for reading in readings]
    return np.array(rows, np.float32)


def label_weights(readings: Sequence[Reading]) -> NDArray[np.float32]:
    """Return (readings, labels)."""
    rows = [[reading.labels.get(label, 0.0) for label in Label] for reading in readings]
    return np.array(rows, np.float32)


def read(
    readings: Sequence[Reading], values: NDArray[np.float32], baselines: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the readings (m, readings) of `values` (m, readings), which are 0 when absent."""
    out = np.empty_like(values)
    for transform in Transform:
        of = [i for i, reading in enumerate(readings) if reading.transform is transform]
        scale = np.array([readings[i].scale for i in of], np.float32)
        out[:, of] = _transformed(transform, values[:, of], baselines[:, of], scale)
    return out


def _transformed(
    transform: Transform,
    value: NDArray[np.float32],
    baseline: NDArray[np.float32],
    scale: NDArray[np.float32],
) -> NDArray[np.float32]:
    match transform:
        case Transform.COUNT:
            return -np.expm1(-value / scale)
        case Transform.SHARE:
            return np.clip(value / scale, 0, 1)
        case Transform.DEFICIT:
            return np.clip(1 - value / scale, 0, 1)
        case Transform.CHANGE:
            usable = (baseline > 0) & (value > 0)
            octaves = np.log2(np.where(usable, value, 1)) - np.log2(np.where(usable, baseline, 1))
            return np.clip(octaves / scale, -1, 1, dtype=np.float32)
        case Transform.SCORE:
            return np.clip(value / scale, -1, 1)
