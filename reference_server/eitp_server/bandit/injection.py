"""What telling a model about a pattern does: given to most sessions, withheld from some at random.

A session is a unit. Of several patterns that a session comes to with one prompt, one at most is
withheld, so that it does not lose all that could be said: of those that the draw would withhold,
the one that was withheld least often so far. What that does to each pattern's probability is known
and kept. Patterns that first fit a later prompt are drawn by themselves, whatever was withheld
before: whether a session gets there may depend on what it was told, and then no probability that
counted earlier draws would be true. So two of different prompts are withheld from some sessions,
one in a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eitp_server.bandit.draw import withheld
from eitp_server.bandit.pseudo_outcome import Side, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WITHHELD_SHARE: Final = 0.1
"""Share of the sessions from which a pattern is withheld when it is the only one that fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A pattern that fits a prompt."""

    pattern_id: str
    version: int
    withheld_sessions: int
    """Length of its control arm so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What becomes of an offer in one session, for as long as the session lasts."""

    pattern_id: str
    version: int
    given: bool
    withheld_probability: float
    """With which it would have been withheld, 0..0.5, whatever became of it."""


def assign(
    tenant_id: str, session_id: str, offers: Iterable[Offer], *, share: float = WITHHELD_SHARE
) -> tuple[Assignment, ...]:
    """Return what becomes of the offers of one prompt, the shortest control arm first.

    The answer depends on nothing but the arguments. A pattern that comes after k others is withheld
    with probability share (1 - share)^k: its own draw says so, and none of theirs.
    """
    return tuple(_assigned(tenant_id, session_id, offers, share))


def _assigned(
    tenant_id: str, session_id: str, offers: Iterable[Offer], share: float
) -> Iterator[Assignment]:
    probability, taken = share, False
    for offer in sorted(offers, key=lambda each: (each.withheld_sessions, each.pattern_id)):
        drawn = not taken and withheld(
            tenant_id=tenant_id,
            pattern_id=offer.pattern_id,
            version=offer.version,
            session_id=session_id,
            share=share,
        )
        taken = taken or drawn
        yield Assignment(
            pattern_id=offer.pattern_id,
            version=offer.version,
            given=not drawn,
            withheld_probability=probability,
        )
        probability *= 1 - share


def seen_as_given(*, given: bool, withheld_probability: float, outcome: float) -> Unit:
    """Return the unit that a session is for a pattern: given is treated, withheld is held out.

    Raises ValueError for a probability outside (0, 1): without chance there is no effect to see.
    """
    if not 0 < withheld_probability < 1:
        raise ValueError(
            f"withheld_probability is {withheld_probability}; it must lie between 0 and 1"
        )
    return Unit(
        side=Side.ARM if given else Side.HOLDOUT,
        outcome=outcome,
        arm_propensity=1.0 - withheld_probability,
        holdout_share=withheld_probability,
    )
