"""Packets and interventions for people who look at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from .enum_name import words_of
from .v1.evidence_pb2 import SignalId
from .v1.state_pb2 import AbstainReason, EmotionLabel

if TYPE_CHECKING:
    from .v1.evidence_pb2 import Evidence
    from .v1.intervention_pb2 import Intervention
    from .v1.packet_pb2 import Packet
    from .v1.state_pb2 import EmotionalState, Estimate

DIMENSIONS = {
    "valence": "valence",
    "arousal": "arousal",
    "urgency": "urgency",
    "confusion": "confusion",
    "interest": "interest",
    "intent_strength": "intent",
    "session_phase": "phase",
}
"""Fields of the state and the short names of their columns."""

_HUES = {
    "valence": "green",
    "arousal": "dark_orange",
    "urgency": "yellow",
    "confusion": "magenta",
    "interest": "cyan",
    "intent_strength": "green",
    "session_phase": "blue",
}

_LABEL_STYLES = {
    "interest": "cyan",
    "comparison": "blue",
    "hesitation": "yellow",
    "price concern": "yellow",
    "trust concern": "yellow",
    "confusion": "magenta",
    "frustration": "bold red",
    "urgency": "bright_yellow",
    "exit risk": "bold bright_red",
    "disengagement": "bright_black",
}

_RISK_STYLES = ((0.97, "bright_red"), (0.9, "yellow"), (0.0, "green"))
"""Styles by the least risk of abandonment; most sessions of any shop end without an order."""

_UNITS = {
    "path length": "px",
    "mean speed": "px/s",
    "direction flips": "/s",
    "hesitation": "sd",
    "response latency": "ms",
    "click rate": "/min",
    "idle": "s",
    "section dwell": "s",
}
"""Units of the signals that are neither counts nor shares."""

_SHARES = frozenset({"path efficiency", "pause share"})
UNKNOWN = "·"
FULL, LEFT_HALF, RIGHT_HALF, EMPTY, MIDDLE = "▄▖▗▁│"
TRACK = "grey30"


def label_name(packet: Packet) -> str:
    """Return the packet's label in words, or why it has none."""
    if packet.label:
        return words_of(EmotionLabel, packet.label, "EMOTION_LABEL_")
    return words_of(AbstainReason, packet.abstain_reason, "ABSTAIN_REASON_")


def label(packet: Packet) -> Text:
    """Return the label with its confidence, or dimly why there is none."""
    name = label_name(packet)
    if not packet.label:
        return Text().append(name, style="italic dim")
    text = Text().append(name, style=_LABEL_STYLES.get(name, ""))
    if packet.HasField("confidence"):
        text.append(f" {packet.confidence:.2f}", style="dim")
    return text


def risk(packet: Packet) -> Text:
    """Return the risk of abandonment, redder the higher; a dot where unknown."""
    if not packet.HasField("abandonment_risk"):
        return Text(UNKNOWN, style="dim")
    share = packet.abandonment_risk
    style = next(style for limit, style in _RISK_STYLES if share >= limit)
    return Text().append(f"leaves {share:.0%}", style=style)


def dimension(state: EmotionalState, name: str, width: int) -> Text:
    """Return one dimension as a bar, dimmer the less certain it is, a dot where unknown.

    Valence grows from the middle to either side, all others from the left.
    """
    if not state.HasField(name):
        return Text().append(UNKNOWN.center(width), style="dim")
    estimate: Estimate = getattr(state, name)
    strength = _strength(estimate.uncertainty)
    if name == "valence":
        return _centred(estimate.value, width, strength)
    return _bar(estimate.value, width, f"{strength} {_HUES[name]}")


def evidence(found: Evidence) -> Text:
    """Return a signal with its value and what is usual for the session."""
    name = words_of(SignalId, found.signal, "SIGNAL_ID_")
    text = Text(f"{name} ").append(_measured(name, found.value), style="bold")
    if found.HasField("baseline"):
        text.append(f" (usual {_measured(name, found.baseline)})", style="dim")
    return text


def packet_line(packet: Packet) -> Text:
    """Return a packet in one line: whole session id, state, label, strongest evidence."""
    line = Text().append(f"{packet.emitted_at.ToDatetime():%H:%M:%S} ", style="dim")
    line.append(f"{packet.session_id} ", style="bold")
    for name, short in DIMENSIONS.items():
        if packet.state.HasField(name):
            line.append(f"{short} ").append_text(dimension(packet.state, name, 4)).append(" ")
    line.append_text(label(packet))
    if packet.HasField("abandonment_risk"):
        line.append("  ").append_text(risk(packet))
    for found in packet.evidence[:1]:
        line.append(" · ", style="dim").append_text(evidence(found))
    return line


def intervention_line(intervention: Intervention) -> Text:
    """Return an intervention in one line, with the whole session id."""
    line = Text().append(f"{intervention.created_at.ToDatetime():%H:%M:%S} ", style="dim")
    line.append(f"{intervention.session_id} ", style="bold")
    line.append(intervention.definition.definition_id, style="green")
    return line.append(f" {intervention.definition.title}").append(
        f" until {intervention.expires_at.ToDatetime():%H:%M:%S}", style="dim"
    )


def _measured(name: str, value: float) -> str:
    if name in _SHARES:
        return f"{value:.0%}"
    digits = 0 if abs(value) >= 100 or value == int(value) else 1
    value = round(value, digits) + 0.0  # which turns -0.0 into 0.0
    unit = _UNITS.get(name, "")
    return f"{value:,.{digits}f}{'' if unit.startswith('/') else ' '}{unit}".rstrip()


def _strength(uncertainty: float) -> str:
    if uncertainty <= 0.15:
        return "bold"
    return "not bold" if uncertainty <= 0.3 else "dim"


def _bar(share: float, width: int, style: str) -> Text:
    """Fill cells from the left, to half a cell; what is left stays a thin line."""
    whole, half = divmod(round(min(max(share, 0.0), 1.0) * width * 2), 2)
    text = Text().append(FULL * whole + LEFT_HALF * half, style=style)
    return text.append(EMPTY * (width - whole - half), style=TRACK)


def _centred(value: float, width: int, strength: str) -> Text:
    """Fill cells from the middle to the left where negative, to the right where positive."""
    side = (width - 1) // 2
    whole, half = divmod(round(min(abs(value), 1.0) * side * 2), 2)
    track = EMPTY * (side - whole - half)
    if value < 0:
        text = Text().append(track, style=TRACK)
        text.append(RIGHT_HALF * half + FULL * whole, style=f"{strength} red")
        return text.append(MIDDLE + EMPTY * side, style=TRACK)
    text = Text().append(EMPTY * side + MIDDLE, style=TRACK)
    text.append(FULL * whole + LEFT_HALF * half, style=f"{strength} {_HUES['valence']}")
    return text.append(track, style=TRACK)
