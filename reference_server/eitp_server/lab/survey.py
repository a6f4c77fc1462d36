"""Goes through recordings once: the time that people were active, and what the rules count."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from eitp.recording import read

from eitp_server.lab.playback import COARSE_TICK_MS, groups, play
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
        seen: deque[Surveyed] = deque()
        for group in groups(self._seen(seen)):
            own = self._own_counts(group)
            played = (
                play(group, tick_ms=COARSE_TICK_MS) if self.through_server else [None] * len(group)
            )
            for counts, through_server in zip(own, played, strict=True):
                surveyed = seen.popleft()
                yield replace(surveyed, counts={**counts, **surveyed.counts}, played=through_server)

    def not_applicable(self) -> dict[str, str]:
        """Return the rules that cannot be counted on these recordings, and why."""
        reasons = {rule.name: rule.not_applicable(self.facts) for rule in self.rules}
        return {name: reason for name, reason in reasons.items() if reason}

    def approximated(self) -> dict[str, str]:
        """Return how rules are counted otherwise than they are defined, by name."""
        without = self.not_applicable()
        ways = {rule.name: rule.approximated(self.facts) for rule in self.rules}
        return {name: way for name, way in ways.items() if way and name not in without}

    def _seen(self, seen: deque[Surveyed]) -> Iterator[Recording]:
        """Yield the recordings, and note what needs all of their events."""
        peers = [rule for rule in self.rules if isinstance(rule, PeerRule)]
        for recording in read(self.path):
            self.facts.add(recording)
            sight = Sight.of(recording)
            surveyed = Surveyed(
                name=recording.name,
                person=recording.person,
                active_hours=active_ms(recording) / _HOUR_MS,
                counts={rule.name: rule.count(sight) for rule in peers},
                clicks=len(sight.clicks),
                watched=sum(click.answer_ms is not None for click in sight.clicks),
                played=None,
            )
            seen.append(surveyed)
            yield recording

    def _own_counts(self, group: Sequence[Cut]) -> list[dict[str, int]]:
        own = [rule for rule in self.rules if isinstance(rule, OwnRule)]
        counted = count_own(group) if own else [_NOTHING] * len(group)
        return [{rule.name: counts[rule.counter] for rule in own} for counts in counted]


def active_ms(recording: Recording) -> float:
    """Return the length of the union of the stretches of ACTIVE_MS after every event, ms."""
    return ACTIVE_MS + sum(
        min(after.t_ms - before.t_ms, ACTIVE_MS) for before, after in pairwise(recording.events)
    )
