"""What a set of recordings can show: the base of every judgement that a rule is not applicable."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from eitp.recording import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eitp.recording import Event, Recording

_ANSWERS: Final = frozenset({Kind.RESPONSE, Kind.NO_RESPONSE})
_STEPS: Final = frozenset({Kind.BACK, Kind.FORWARD})
LONGEST_GAP_MS: Final = 5_000
"""Between two moves; the pointer was at rest in a longer gap, which says nothing about sampling."""
THRASH_HZ: Final = 27
"""More than four changes of direction need six moves, so many a second in 225 ms."""
SHAPE_HZ: Final = 5
"""Below it, `classification.estimator.SLOWEST_HZ`, the shape of movement is lost."""


@dataclass(slots=True)
class Facts:
    """Facts about the recordings added so far; those of parts can be added up."""

    recordings: int = 0
    people: set[str] = field(default_factory=set[str])
    events: int = 0
    kinds: set[Kind] = field(default_factory=set[Kind])
    elements: bool = False
    """A click names its element."""
    roles: bool = False
    """A click says what role its element has."""
    pages: bool = False
    """A recording has more than one page, or a step in the history."""
    gaps_ms: Counter[int] = field(default_factory=Counter[int])
    """How often two moves were so many whole ms apart."""

    def add(self, recording: Recording) -> None:
        """Take a recording into account."""
        events = recording.events
        kinds = [event.kind for event in events]
        self.recordings += 1
        self.people.add(recording.person)
        self.events += len(events)
        self.kinds.update(kinds)
        clicks = [event for event in events if event.kind is Kind.CLICK]
        self.elements |= any(click.target for click in clicks)
        self.roles |= any(click.role for click in clicks)
        self.pages |= kinds.count(Kind.NAVIGATE) > 1 or not _STEPS.isdisjoint(kinds)
        self.gaps_ms.update(_gaps_ms([event for event in events if event.kind is Kind.MOVE]))

    @property
    def sampling_hz(self) -> float | None:
        """Moves per second while the pointer moves: 1000 over the median gap; None without."""
        total = self.gaps_ms.total()
        below = 0
        for gap_ms, times in sorted(self.gaps_ms.items()):
            below += times
            if 2 * below >= total:
                return 1000 / max(gap_ms, 1)
        return None

    def samples_fast(self, least_hz: float) -> bool:
        """Tell whether the pointer is sampled at this rate or faster."""
        hz = self.sampling_hz
        return hz is not None and hz >= least_hz


def _gaps_ms(moves: list[Event]) -> list[int]:
    gaps = (round(after.t_ms - before.t_ms) for before, after in pairwise(moves))
    return [gap_ms for gap_ms in gaps if 0 < gap_ms <= LONGEST_GAP_MS]


class Need(Enum):
    """Something that a rule has to see, and what is missing when it cannot."""

    CLICKS = "no recording has a click"
    MOVES = "no recording has the pointer's path"
    SHAPE = "the pointer is sampled too slowly for the shape of its path"
    FAST_MOVES = "the pointer is sampled too slowly: its window holds too few samples to turn in"
    ANSWERS = "no recording says whether the page answered (response, no_response)"
    GIVING_UP = "no recording says that the page did not answer (no_response)"
    ELEMENTS = "no recording names the elements that are clicked (target)"
    ROLES = "no recording says what is clicked (role), so that its exclusions cannot be tested"
    PAGES = "no recording has steps from page to page (navigate, back)"
    ERRORS = "no recording reports a script error, so whether they are recorded is not known"

    def lack(self, facts: Facts) -> str:
        """Return what is missing, empty when nothing is."""
        return "" if _MET[self](facts) else self.value


_MET: Final[Mapping[Need, Callable[[Facts], bool]]] = {
    Need.CLICKS: lambda facts: Kind.CLICK in facts.kinds,
    Need.MOVES: lambda facts: Kind.MOVE in facts.kinds,
    Need.SHAPE: lambda facts: facts.samples_fast(SHAPE_HZ),
    Need.FAST_MOVES: lambda facts: facts.samples_fast(THRASH_HZ),
    Need.ANSWERS: lambda facts: not _ANSWERS.isdisjoint(facts.kinds),
    Need.GIVING_UP: lambda facts: Kind.NO_RESPONSE in facts.kinds,
    Need.ELEMENTS: lambda facts: facts.elements,
    Need.ROLES: lambda facts: facts.roles,
    Need.PAGES: lambda facts: facts.pages,
    Need.ERRORS: lambda facts: Kind.SCRIPT_ERROR in facts.kinds,
}
