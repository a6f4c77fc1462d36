"""A rule as a value: what it counts, its five axes, who defined it, and what it has to see."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eitp_server.lab.rules.facts import Facts, Need
    from eitp_server.lab.rules.sight import Sight


class RuleKind(StrEnum):
    """What a rule is about."""

    RAGE = "rage"
    DEAD = "dead"
    SLOW = "slow"
    THRASH = "thrash"
    BACK = "back"
    ERROR = "error"


class WindowKind(StrEnum):
    """What a rule's window limits."""

    GAP = "gap"
    """The time between one act and the next."""
    SPAN = "span"
    """The time from the first act to the last."""
    ANSWER = "answer"
    """The time that the page has to answer."""
    STAY = "stay"
    """The time from arriving on a page to leaving it."""
    FIXED = "fixed"
    """Time is divided into windows of this length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What rules of one kind differ in; without all five, their counts cannot be compared."""

    count: int
    """Acts that make one."""
    window_kind: WindowKind
    window_ms: int
    proximity: str
    """What makes two acts concern the same thing."""
    exclusions: tuple[str, ...] = ()
    """What never counts."""

    def as_json(self) -> dict[str, Any]:
        """Return the axes."""
        return {
            "count": self.count,
            "window_kind": self.window_kind,
            "window_ms": self.window_ms,
            "proximity": self.proximity,
            "exclusions": list(self.exclusions),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule."""

    name: str
    kind: RuleKind
    counts: str
    """What one of its counts is."""
    axes: Axes
    source: str
    """Who defines it so, and where."""
    version: str
    """Of the definition: the peer's release or date, or our rule version."""
    needs: tuple[Need, ...]
    """Without these it cannot be counted."""
    approximations: Mapping[Need, str] = field(default_factory=lambda: MappingProxyType({}))
    """Without these it is counted in another way: which one."""
    caveat: str = ""
    """How it always differs here from the original; empty when it does not."""

    def not_applicable(self, facts: Facts) -> str:
        """Return why the rule cannot be counted on recordings with these facts; empty if it can."""
        return next((need.lack(facts) for need in self.needs if need.lack(facts)), "")

    def approximated(self, facts: Facts) -> str:
        """Return how counting departs from the definition; empty when it does not."""
        parts = [how for need, how in self.approximations.items() if need.lack(facts)]
        return "; ".join(part for part in (*parts, self.caveat) if part)

    def as_json(self) -> dict[str, Any]:
        """Return the documentation."""
        return {
            "kind": self.kind,
            "counts": self.counts,
            "axes": self.axes.as_json(),
            "source": self.source,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRule(Rule):
    """A rule written here from a peer's description."""

    count: Callable[[Sight], int]
    """Return how often it fires in a recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRule(Rule):
    """A rule of EITP, counted by the server's own signals."""

    counter: str
    """The `signals.action.Action` that counts it, or THRASH."""
