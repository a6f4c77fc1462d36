"""What a terminal shows of a packet, in letters that need no colour."""

from __future__ import annotations

import pytest
from eitp import render
from eitp.v1.evidence_pb2 import (
    SIGNAL_ID_CLICK_RATE,
    SIGNAL_ID_HESITATION,
    SIGNAL_ID_PAUSE_SHARE,
    SIGNAL_ID_RAGE_CLICK,
    Evidence,
)
from eitp.v1.packet_pb2 import Packet
from eitp.v1.state_pb2 import (
    ABSTAIN_REASON_LOW_CONFIDENCE,
    EMOTION_LABEL_EXIT_RISK,
    EmotionalState,
    Estimate,
)


def estimate(value: float, uncertainty: float = 0.1) -> Estimate:
    """Make an estimate."""
    return Estimate(value=value, uncertainty=uncertainty)


@pytest.mark.parametrize(
    ("value", "bar"), [(0.0, "▁▁▁▁"), (0.5, "▄▄▁▁"), (0.6, "▄▄▖▁"), (1.0, "▄▄▄▄"), (1.7, "▄▄▄▄")]
)
def test_a_bar_grows_from_the_left(value: float, bar: str) -> None:
    state = EmotionalState(arousal=estimate(value))
    assert render.dimension(state, "arousal", 4).plain == bar


@pytest.mark.parametrize(
    ("value", "bar"), [(0.0, "▁▁│▁▁"), (-0.5, "▁▄│▁▁"), (-0.7, "▗▄│▁▁"), (1.0, "▁▁│▄▄")]
)
def test_valence_grows_from_the_middle(value: float, bar: str) -> None:
    state = EmotionalState(valence=estimate(value))
    assert render.dimension(state, "valence", 5).plain == bar


def test_an_unknown_dimension_is_a_dot_and_not_a_zero() -> None:
    assert render.dimension(EmotionalState(), "arousal", 5).plain == "  ·  "


def test_a_bar_is_dimmer_the_less_certain_it_is() -> None:
    styles = [
        str(
            render.dimension(EmotionalState(interest=estimate(1, each)), "interest", 4)
            .spans[0]
            .style
        )
        for each in (0.1, 0.25, 0.5)
    ]
    assert [style.split()[0] for style in styles] == ["bold", "not", "dim"]


def test_a_label_has_its_confidence_and_its_absence_a_reason() -> None:
    labelled = Packet(label=EMOTION_LABEL_EXIT_RISK, confidence=0.625)
    assert render.label(labelled).plain == "exit risk 0.62"
    assert (
        render.label(Packet(abstain_reason=ABSTAIN_REASON_LOW_CONFIDENCE)).plain == "low confidence"
    )


def test_the_risk_of_leaving_is_a_share_and_a_dot_where_unknown() -> None:
    assert render.risk(Packet(abandonment_risk=0.934)).plain == "leaves 93%"
    assert render.risk(Packet(abandonment_risk=0)).plain == "leaves 0%"
    assert render.risk(Packet()).plain == render.UNKNOWN


def test_a_line_shows_the_risk_behind_the_label_when_there_is_one() -> None:
    known = Packet(label=EMOTION_LABEL_EXIT_RISK, confidence=0.6, abandonment_risk=0.98)
    assert render.packet_line(known).plain.endswith("exit risk 0.60  leaves 98%")
    assert "leaves" not in render.packet_line(Packet()).plain


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Evidence(signal=SIGNAL_ID_RAGE_CLICK, value=2), "rage click 2"),
        (Evidence(signal=SIGNAL_ID_HESITATION, value=-0.02), "hesitation 0.0 sd"),
        (
            Evidence(signal=SIGNAL_ID_PAUSE_SHARE, value=0.25, baseline=0.4),
            "pause share 25% (usual 40%)",
        ),
        (Evidence(signal=SIGNAL_ID_CLICK_RATE, value=41.2), "click rate 41.2/min"),
    ],
)
def test_evidence_has_the_unit_of_its_signal(found: Evidence, text: str) -> None:
    assert render.evidence(found).plain == text


def test_a_signal_of_a_newer_server_is_shown_by_its_number() -> None:
    newer = Evidence.FromString(b"\x08\x8f\x4e\x11\x00\x00\x00\x00\x00\x00\x08\x40")
    assert render.evidence(newer).plain == "9999 3"
