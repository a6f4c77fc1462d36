"""Evidence: no label without something that speaks for it, and what each piece says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from classification.journey import DESCRIPTION, FINANCING, REVIEWS, context, estimated, found
from eitp_server.classification.citation import MAX_EVIDENCE, cited
from eitp_server.classification.packet import Evidence, Label
from eitp_server.signals.signal import Signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

if TYPE_CHECKING:
    from eitp_server.classification.state import ContextColumns
    from eitp_server.signals.evidence import EvidenceColumns

PRICE, COMPARISON = 7, 14
LARGE = float(np.float32(1e9))

_values = st.one_of(
    *(st.just(float("nan")), st.just(0.0), st.floats(-4, 4, width=32), st.floats(0, 60, width=32)),
    st.floats(-LARGE, LARGE, width=32),
)
_dwells = st.one_of(st.just(0.0), st.floats(0, 63, width=32))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[EvidenceColumns, ContextColumns]:
    """Draw what may be known of a session, and where it may stand."""
    value = draw(arrays.arrays(np.float32, (1, len(Signal)), elements=_values))
    for signal in Signal:
        if signal is not Signal.HESITATION:
            value[:, signal.column] = np.abs(value[:, signal.column])
    known = replace(
        found(),
        value=value,
        baseline=np.abs(draw(arrays.arrays(np.float32, (1, len(Signal)), elements=_values))),
        present=~np.isnan(value),
        dwell_s=draw(arrays.arrays(np.float32, (1, 21), elements=_dwells)),
    )
    section, page = draw(st.integers(0, 20)), draw(st.integers(0, 13))
    return (
        replace(known, present=known.present | (np.arange(len(Signal)) == _DWELL)),
        context(page_type=page, page_section=section),
    )


_DWELL = Signal.SECTION_DWELL.column


def evidence_of(known: EvidenceColumns, around: ContextColumns | None = None) -> list[Evidence]:
    return list(cited(known, estimated(known, around), 0))


def dwelling(
    dwell_s: dict[int, float], values: dict[Signal, float] | None = None
) -> EvidenceColumns:
    longest = max(dwell_s.values(), default=0)
    return found({Signal.SECTION_DWELL: longest, **(values or {})}, dwell_s=dwell_s)


@given(scenes())
def test_a_label_beyond_neutral_names_what_speaks_for_it(
    scene: tuple[EvidenceColumns, ContextColumns],
) -> None:
    known, around = scene
    states = estimated(known, around)
    found_ = cited(known, states, 0)
    assert len(found_) <= MAX_EVIDENCE
    assert all(np.isfinite(item.value) and np.isfinite(item.weight) for item in found_)
    if states.label[0] > Label.NEUTRAL:
        assert any(item.weight > 0 for item in found_)


@pytest.mark.parametrize(
    ("label", "section"),
    [
        (Label.INTEREST, DESCRIPTION),
        (Label.COMPARISON, COMPARISON),
        (Label.PRICE_CONCERN, FINANCING),
        (Label.TRUST_CONCERN, REVIEWS),
    ],
)
def test_a_label_that_rests_on_dwell_says_so(label: Label, section: int) -> None:
    known = dwelling({section: 30.0})
    assert estimated(known).label[0] == label
    (item,) = evidence_of(known)
    assert (item.signal, item.value, item.rule_version) == (
        Signal.SECTION_DWELL,
        30.0,
        "section_dwell/1",
    )
    assert item.weight > 3


def test_dwell_is_that_of_the_sections_that_the_label_is_about() -> None:
    known = dwelling({PRICE: 4.0, FINANCING: 5.0, 1: 20.0})
    (item,) = evidence_of(known, context(page_section=PRICE))
    assert item.value == 9.0
    assert item.weight == pytest.approx(4.5 * (1 - np.exp(-9 / 6)) + 2.5, rel=1e-5)


def test_dwell_does_not_speak_for_labels_that_are_about_no_section() -> None:
    known = dwelling({1: 20.0}, {Signal.DEAD_CLICK: 3.0})
    assert estimated(known).label[0] == Label.FRUSTRATION
    assert [item.signal for item in evidence_of(known)] == [Signal.DEAD_CLICK]


def test_departures_and_selections_are_named() -> None:
    known = found({Signal.DEPARTURES: 4.0, Signal.SELECTIONS: 4.0})
    around = context(page_type=6)
    assert estimated(known, around).label[0] == Label.COMPARISON
    named = {item.signal: item.value for item in evidence_of(known, around)}
    assert named == {Signal.DEPARTURES: 4.0, Signal.SELECTIONS: 4.0}


def test_the_weights_and_the_page_make_up_the_logit() -> None:
    known = dwelling({PRICE: 9.0}, {Signal.HESITATION: 1.5, Signal.DEPARTURES: 1.0})
    states = estimated(known, context(page_section=PRICE))
    odds = np.exp(float(states.weights[0].sum()) - 3.0)
    others = np.exp(5.0 * 0.75 - 3.0) + np.exp(2 * (1 - np.exp(-0.5)) - 3.0)
    assert states.label[0] == Label.PRICE_CONCERN
    probability = odds / (odds + others + 1)
    assert states.confidence[0] == pytest.approx(0.89 * probability + 0.01, rel=1e-4)
