"""How often rules fire, and how often the server would step in, per hour that people are active."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eitp_server.classification.packet import Label, Signal
from eitp_server.lab.interval import Rate
from eitp_server.lab.rules import ASSUMED
from eitp_server.lab.survey import ACTIVE_MS, Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from eitp_server.classification.packet import Packet
    from eitp_server.lab.rules import Rule

FRICTION: Final = "friction_interventions"
_ALWAYS: Final = frozenset({Label.FRUSTRATION, Label.CONFUSION})
_ACTS: Final = frozenset(
    Signal[name]
    for name in (
        "RAGE_CLICK",
        "DEAD_CLICK",
        "SLOW_CLICK",
        "ERROR_CLICK",
        "SCRIPT_ERROR",
        "BACK_MASH",
        "THRASH",
    )
    if name in Signal.__members__
)
"""Signals of friction, those of them that this server has."""
METHOD: Final = (
    f"Active time is the union of the {ACTIVE_MS / 1000:g} s after every event. Peers' rules see "
    "the recordings as they are; EITP's are counted by the server's own signals over what a "
    f"browser client would send, moves thinned to 20 Hz. {ASSUMED} Interventions: the recordings "
    "through the real reducer with the default catalogue and policy, consent given, nobody held "
    "out, log time being recording time in ticks of 250 ms, a session per recording and a new one "
    "after 30 minutes without input. "
    "Every moment counts at which an intervention was eligible, whatever was then chosen, doing "
    "nothing included: an upper bound on what people would see. It is one of friction when the "
    "packet's label is FRUSTRATION or CONFUSION, or EXIT_RISK with a signal of friction among its "
    "evidence. Cool-downs, the hourly limit of packets and the caps per session apply as in "
    "production; friction_packets have neither cool-down nor cap. Intervals are exact for "
    "independent events (Garwood), 95 %; events of one person are not, so the truth is wider."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """The figures over all recordings."""

    survey: Survey
    active_hours: float
    sessions: int
    counts: Mapping[str, int]
    """By rule."""
    moments: Mapping[str, int]
    """Eligible moments by the packet's label."""
    packets: Mapping[str, int]
    """Packets by label."""
    friction_moments: int
    friction_packets: int

    def rate(self, name: str) -> Rate | None:
        """Return the rate of a rule, or of FRICTION; None where the rule is not applicable."""
        if name == FRICTION:
            return Rate(self.friction_moments, self.active_hours)
        if name in self.survey.not_applicable():
            return None
        return Rate(self.counts[name], self.active_hours)

    def as_json(self) -> dict[str, Any]:
        """Return the figures; a rule that is not applicable is null, never 0."""
        rates = {rule.name: self.rate(rule.name) for rule in self.survey.rules}
        friction = Rate(self.friction_moments, self.active_hours)
        facts = self.survey.facts
        return {
            "active_hours": self.active_hours,
            "per_hour": {name: rate and rate.value for name, rate in rates.items()},
            "friction_interventions_per_hour": friction.value,
            "counts": {name: rate and rate.count for name, rate in rates.items()}
            | {FRICTION: self.friction_moments},
            "interval": {name: rate and [rate.low, rate.high] for name, rate in rates.items()}
            | {FRICTION: [friction.low, friction.high]},
            "moments_per_hour": self._per_hour(self.moments),
            "packets_per_hour": self._per_hour(self.packets),
            "friction_packets_per_hour": Rate(self.friction_packets, self.active_hours).value,
            "recordings": facts.recordings,
            "people": len(facts.people),
            "sessions": self.sessions,
            "events": facts.events,
            "sampling_hz": facts.sampling_hz,
            "not_applicable": self.survey.not_applicable(),
            "approximated": self.survey.approximated(),
            "rules": {rule.name: rule.as_json() for rule in self.survey.rules},
            "method": METHOD,
        }

    def _per_hour(self, counts: Mapping[str, int]) -> dict[str, float | None]:
        return {
            name: Rate(count, self.active_hours).value for name, count in sorted(counts.items())
        }


def measure(
    recordings: Path, rules: Sequence[Rule], progress: Callable[[int], None]
) -> FalseAlarms:
    """Count over all recordings of a file or directory; `progress` is told how many are done.

    Raises RecordingError where the format is broken.
    """
    survey = Survey(recordings, rules, through_server=True)
    counts: Counter[str] = Counter({rule.name: 0 for rule in rules})
    moments: Counter[str] = Counter()
    packets: Counter[str] = Counter()
    hours, sessions, friction_moments, friction_packets = 0.0, 0, 0, 0
    for number, surveyed in enumerate(survey, start=1):
        played = surveyed.played
        assert played is not None
        hours += surveyed.active_hours
        sessions += played.sessions
        counts.update(surveyed.counts)
        said = [packet for _, packet in played.packets]
        moments.update(packet.label.name for packet, _ in played.decisions)
        packets.update(packet.label.name for packet in said)
        friction_moments += sum(is_friction(packet) for packet, _ in played.decisions)
        friction_packets += sum(map(is_friction, said))
        progress(number)
    return FalseAlarms(
        survey=survey,
        active_hours=hours,
        sessions=sessions,
        counts=counts,
        moments=moments,
        packets=packets,
        friction_moments=friction_moments,
        friction_packets=friction_packets,
    )


def is_friction(packet: Packet) -> bool:
    """Tell whether a packet's label rests on friction."""
    if packet.label in _ALWAYS:
        return True
    acts = (item.weight > 0 and item.value > 0 and item.signal in _ACTS for item in packet.evidence)
    return packet.label is Label.EXIT_RISK and any(acts)
