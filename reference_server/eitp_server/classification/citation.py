"""The evidence that a packet lists: the signals that its label rests on, strongest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eitp_server.classification.circumstance import section_dwell_s
from eitp_server.classification.packet import Evidence, Label
from eitp_server.signals.signal import RULE_VERSIONS, Signal

if TYPE_CHECKING:
    from eitp_server.classification.state import States
    from eitp_server.signals.evidence import EvidenceColumns
    from eitp_server.signals.shape import Shape

MAX_EVIDENCE = 8
SETTABLE = frozenset(
    {
        Signal.RAGE_CLICK,
        Signal.DEAD_CLICK,
        Signal.SLOW_CLICK,
        Signal.QUICK_BACK,
        Signal.BACK_MASH,
        Signal.UNMET_SHARE,
    }
)
"""Signals that rest on thresholds which a tenant may set."""


def cited(
    known: EvidenceColumns, states: States, row: int, *, own_rules: bool = False
) -> tuple[Evidence, ...]:
    """Return what moved the label of the session `row` of the evidence and the states.

    With `own_rules`, the versions of the rules whose thresholds a tenant may set say so.
    """
    weights = states.weights[row]
    present = np.flatnonzero(known.present[row] & (weights != 0))
    strongest = present[np.argsort(-np.abs(weights[present]), kind="stable")][:MAX_EVIDENCE]
    weighed = Label(int(states.weighed[row]))
    return tuple(
        _evidence(known, row, Signal(column + 1), weighed, float(weights[column]), own_rules)
        for column in strongest.tolist()
    )


def _evidence(
    known: EvidenceColumns,
    row: int,
    signal: Signal,
    weighed: Label,
    weight: float,
    own_rules: bool,
) -> Evidence:
    baseline = float(known.baseline[row, signal.column])
    value = float(known.value[row, signal.column])
    if signal is Signal.SECTION_DWELL:
        value = section_dwell_s(known, row, weighed)
    return Evidence(
        signal=signal,
        value=value,
        baseline=None if np.isnan(baseline) else baseline,
        weight=weight,
        rule_version=RULE_VERSIONS[signal] + ("+own" if own_rules and signal in SETTABLE else ""),
    )


def description(shape: Shape) -> tuple[Evidence, ...]:
    """Return the shape of one session's movement as evidence on which nothing rests."""
    measured = (
        (Signal.SPEED_SD, shape.speed_sd),
        (Signal.TURN, shape.turn),
        (Signal.SPARC, shape.sparc),
        (Signal.ACCELERATION_RMS, shape.acceleration_rms),
    )
    return tuple(
        Evidence(
            signal=signal,
            value=float(value[0]),
            baseline=None,
            weight=0.0,
            rule_version=RULE_VERSIONS[signal],
        )
        for signal, value in measured
        if not np.isnan(value[0])
    )
