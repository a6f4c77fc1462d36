"""Scripts: what the clients of a server do, tick by tick, drawn by hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faults.telemetry import MOODS
from hypothesis import strategies as st

MS: Final = 1_000
SECOND: Final = 1_000 * MS
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Open:
    """A session begins, or is asked for again."""

    session: int
    page_type: int
    consent: bool


@dataclass(frozen=True, slots=True)
class Close:
    """A session ends."""

    session: int


@dataclass(frozen=True, slots=True)
class Send:
    """One request with batches of one session."""

    session: int
    moods: tuple[str, ...]
    """Of each batch."""
    ahead: int = 0
    """Where the first batch lies: 0 is the next new one, below are resent, above leave a hole."""
    altered: bool = False
    """The content differs from what was sent before under these sequences."""
    by_relay: bool = False
    clock_step_ms: int = 0
    """Added to the client's clock from here on."""


@dataclass(frozen=True, slots=True)
class Report:
    """An outcome of the session, or of the oldest decision."""

    session: int
    kind: int
    name: str = ""
    value_micros: int = 0
    of_decision: bool = False
    ago_us: int = 0


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The page tells of the oldest intervention, or of one that nobody sent."""

    session: int
    disposition: int


@dataclass(frozen=True, slots=True)
class Define:
    """A catalogue entry is created, replaced or deleted."""

    definition: str
    change: str
    revision: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A guardrail stops a catalogue entry."""

    definition: str
    metric: int


@dataclass(frozen=True, slots=True)
class Learn:
    """What was learnt from the counts becomes the policy."""

    sharing: bool
    find_best: bool
    ago: bool = False
    """It was learnt from the counts of the time before, and is installed only now."""


Step = Open | Close | Send | Report | Acknowledge | Define | Stop | Learn


@dataclass(frozen=True, slots=True)
class Tick:
    """What arrives within one tick, and the time since the one before."""

    after_us: int
    steps: tuple[Step, ...]


Script = tuple[Tick, ...]

_sessions = st.integers(0, 3)
_moods = st.sampled_from((*MOODS, "clicks", "clicks", "clicks", "reading", "back", "moves"))
_in_order = st.builds(
    Send,
    _sessions,
    st.lists(_moods, min_size=1, max_size=6).map(tuple),
    by_relay=st.booleans(),
    clock_step_ms=st.sampled_from((0, 0, 0, 5_000, 90_000, -3_000)),
)
_out_of_order = st.builds(
    Send,
    _sessions,
    st.lists(_moods, min_size=1, max_size=10).map(tuple),
    ahead=st.sampled_from((-70, -3, -2, -1, 1, 2, 5, 2_000)),
    altered=st.booleans(),
    by_relay=st.booleans(),
)
_open = st.builds(Open, _sessions, st.integers(0, 13), st.just(value=True) | st.booleans())
_report = st.builds(
    Report,
    _sessions,
    st.integers(1, 8),
    name=st.sampled_from(("", "order-1")),
    value_micros=st.sampled_from((0, 5_000_000)),
    of_decision=st.booleans(),
    ago_us=st.sampled_from((0, 2 * HOUR)),
)
_define = st.builds(
    Define,
    st.sampled_from(("help-chat", "mine")),
    st.sampled_from(("create", "replace", "delete")),
    st.sampled_from((0, 0, 1, 7)),
    st.sampled_from(("", "", "Side by side")),
)
_stop = st.builds(Stop, st.sampled_from(("help-chat", "mine", "comparison")), st.integers(1, 5))
_learn = st.builds(Learn, st.booleans(), st.booleans(), st.booleans())
_acknowledge = st.builds(Acknowledge, _sessions, st.integers(1, 6))
_steps: st.SearchStrategy[Step] = st.one_of(
    _in_order,
    _in_order,
    _in_order,
    _out_of_order,
    _open,
    _report,
    _acknowledge,
    _define,
    _stop,
    _learn,
    st.builds(Close, _sessions),
)
_short = st.sampled_from((1, 50 * MS, 300 * MS, 2 * SECOND, 5 * SECOND))
_long = st.sampled_from((MINUTE, 31 * MINUTE, 25 * HOUR, 50 * HOUR))
_ticks = st.builds(Tick, _short | _short | _short | _long, st.lists(_steps, max_size=6).map(tuple))
OPENING: Final = Tick(50 * MS, tuple(Open(session, 4, consent=True) for session in range(4)))
scripts: st.SearchStrategy[Script] = st.lists(_ticks, min_size=4, max_size=30).map(
    lambda ticks: (OPENING, *ticks)
)
