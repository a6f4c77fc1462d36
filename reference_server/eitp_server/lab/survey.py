"""Goes through recordings once: the time that people were active, and what the rules count."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from eitp.recording import read

from eitp_server.lab.playback import groups, play
from eitp_server.lab.rules import Facts, OwnRule, PeerRule, Sight, count_own

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from eitp.recording import Recording

    from eitp_server.lab.playback import Cut, Played
    from eitp_server.lab.rules import Rule

ACTIVE_MS: Final = 5_000
"""Somebody who did something is active for so long; what comes later counts as a pause."""
_HOUR_MS: Final = 3_600_000
_NOTHING: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What was found in one recording."""

    name: str
    person: str
    active_hours: float
    counts: Mapping[str, int]
    """By rule, also of rules that are not applicable: ask the facts before you use it."""
    clicks: int
    watched: int
    """Clicks of which it is known when the page answered, or that it did not."""
    played: Played | None
    """What the server made of it; None when it was not asked."""


@dataclass(slots=True)
class Survey:
    """One way through recordings."""

    path: Path
    rules: Sequence[Rule]
    through_server: bool = False
    """Play the recordings through the reducer too."""
    facts: Facts = field(default_factory=Facts)
    """About the recordings so far; complete when all were yielded."""

    def __iter__(self) -> Iterator[Surveyed]:
        """Yield every recording, from memory that does not grow with their number.

        Raises RecordingError where the format is broken.
        """
        for group in groups(read(self.path)):
            for cut in group:
                self.facts.add(cut.recording)
            played = play(group) if self.through_server else [None] * len(group)
            sights = [Sight.of(cut.recording) for cut in group]
            counted = self._counts(group, sights)
            for cut, sight, counts, own in zip(group, sights, counted, played, strict=True):
                yield Surveyed(
                    name=cut.recording.name,
                    person=cut.recording.person,
                    active_hours=active_ms(cut.recording) / _HOUR_MS,
                    counts=counts,
                    clicks=len(sight.clicks),
                    watched=sum(click.answer_ms is not None for click in sight.clicks),
                    played=own,
                )

    def not_applicable(self) -> dict[str, str]:
        """Return the rules that cannot be counted on these recordings, and why."""
        reasons = {rule.name: rule.not_applicable(self.facts) for rule in self.rules}
        return {name: reason for name, reason in reasons.items() if reason}

    def approximated(self) -> dict[str, str]:
        """Return how rules are counted otherwise than they are defined, by name."""
        without = self.not_applicable()
        ways = {rule.name: rule.approximated(self.facts) for rule in self.rules}
        return {name: way for name, way in ways.items() if way and name not in without}

    def _counts(self, group: Sequence[Cut], sights: Sequence[Sight]) -> Iterator[dict[str, int]]:
        own_rules = [rule for rule in self.rules if isinstance(rule, OwnRule)]
        peer_rules = [rule for rule in self.rules if isinstance(rule, PeerRule)]
        own = count_own(group) if own_rules else [_NOTHING] * len(group)
        for sight, counted in zip(sights, own, strict=True):
            counts = {rule.name: counted[rule.counter] for rule in own_rules}
            yield counts | {rule.name: rule.count(sight) for rule in peer_rules}


def active_ms(recording: Recording) -> float:
    """Return the length of the union of the stretches of ACTIVE_MS after every event, ms."""
    return ACTIVE_MS + sum(
        min(after.t_ms - before.t_ms, ACTIVE_MS) for before, after in pairwise(recording.events)
    )
