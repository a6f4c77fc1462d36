"""Packets and interventions for people who look at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

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
    "arousal": "bright_red",
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

_UNITS = {
    "path length": "px",
    "mean speed": "px/s",
    "direction flips": "/s",
    "hesitation": "sd",
    "response latency": "ms",
    "click rate": "/min",
    "idle": "s",
}
"""Units of the signals that are neither counts nor shares."""

_SHARES = frozenset({"path efficiency", "pause share"})
_EIGHTHS = " ▏▎▍▌▋▊▉"
UNKNOWN = "·"


def label_name(packet: Packet) -> str:
    """Return the packet's label in words, or why it has none."""
    if packet.label:
        return _words(EmotionLabel.Name(packet.label), "EMOTION_LABEL_")
    return _words(AbstainReason.Name(packet.abstain_reason), "ABSTAIN_REASON_")


def label(packet: Packet) -> Text:
    """Return the label with its confidence, or dimly why there is none."""
    name = label_name(packet)
    if not packet.label:
        return Text(name, style="italic dim")
    text = Text().append(name, style=_LABEL_STYLES.get(name, ""))
    if packet.HasField("confidence"):
        text.append(f" {packet.confidence:.2f}", style="dim")
    return text


def dimension(state: EmotionalState, name: str, width: int) -> Text:
    """Return one dimension as a bar, dimmer the less certain it is, a dot where unknown."""
    if not state.HasField(name):
        return Text(UNKNOWN.center(width), style="dim")
    estimate: Estimate = getattr(state, name)
    hue = "red" if name == "valence" and estimate.value < 0 else _HUES[name]
    bar = _centred(estimate.value, width) if name == "valence" else _bar(estimate.value, width)
    return Text(bar, style=f"{_strength(estimate.uncertainty)} {hue} on grey11".strip())


def evidence(found: Evidence) -> Text:
    """Return a signal with its value and what is usual for the session."""
    name = _words(SignalId.Name(found.signal), "SIGNAL_ID_")
    text = Text(f"{name} ").append(_measured(name, found.value), style="bold")
    if found.HasField("baseline"):
        text.append(f" (usual {_measured(name, found.baseline)})", style="dim")
    return text


def packet_line(packet: Packet) -> Text:
    """Return a packet in one line: session, state, label, strongest evidence."""
    line = Text().append(f"{packet.emitted_at.ToDatetime():%H:%M:%S} ", style="dim")
    line.append(f"{packet.session_id[-8:]} ", style="bold")
    for name, short in DIMENSIONS.items():
        if packet.state.HasField(name):
            line.append(f"{short} ").append_text(dimension(packet.state, name, 4)).append(" ")
    line.append_text(label(packet))
    for found in packet.evidence[:1]:
        line.append(" · ", style="dim").append_text(evidence(found))
    return line


def intervention_line(intervention: Intervention) -> Text:
    """Return an intervention in one line."""
    line = Text().append(f"{intervention.created_at.ToDatetime():%H:%M:%S} ", style="dim")
    line.append(f"{intervention.session_id[-8:]} ", style="bold")
    line.append(intervention.definition.definition_id, style="green")
    return line.append(f" {intervention.definition.title}").append(
        f" until {intervention.expires_at.ToDatetime():%H:%M:%S}", style="dim"
    )


def _words(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", " ")


def _measured(name: str, value: float) -> str:
    if name in _SHARES:
        return f"{value:.0%}"
    digits = 0 if abs(value) >= 100 or value == int(value) else 1
    unit = _UNITS.get(name, "")
    return f"{value:,.{digits}f}{'' if unit.startswith('/') else ' '}{unit}".rstrip()


def _strength(uncertainty: float) -> str:
    if uncertainty <= 0.15:
        return "bold"
    return "" if uncertainty <= 0.3 else "dim"


def _bar(share: float, width: int) -> str:
    """Fill cells from the left, to an eighth of a cell."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + _EIGHTHS[rest] * (rest > 0)).ljust(width)


def _centred(value: float, width: int) -> str:
    """Fill cells from the middle to the left or the right, to half a cell."""
    half = width // 2
    whole, rest = divmod(round(min(abs(value), 1.0) * half * 2), 2)
    if value < 0:
        return ("▐" * rest + "█" * whole).rjust(half).ljust(width)
    return " " * half + ("█" * whole + "▌" * rest).ljust(width - half)
