"""All rules by name: EITP's own, and the peers'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eitp_server.lab.rules.facts import Need
from eitp_server.lab.rules.own import THRASH
from eitp_server.lab.rules.rage import RAGE
from eitp_server.lab.rules.rule import Axes, OwnRule, RuleKind, WindowKind
from eitp_server.lab.rules.unanswered import UNANSWERED
from eitp_server.signals.action import Action
from eitp_server.signals.signal import RULE_VERSIONS, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eitp_server.lab.rules.rule import Rule

_SERVER: Final = "EITP reference server"
_REPEATED: Final = ("text fields, steppers, pagers, canvases", "a selection or a scroll between")


class UnknownRuleError(ValueError):
    """There is no rule of that name."""


def _version(name: str) -> str:
    """Return the rule version of a signal, empty when this server does not have it."""
    return RULE_VERSIONS[Signal[name]] if name in Signal.__members__ else ""


_OWN: Final = (
    OwnRule(
        name="eitp-rage",
        kind=RuleKind.RAGE,
        counts="runs of clicks that met no answer or came very fast",
        axes=Axes(
            count=3,
            window_kind=WindowKind.GAP,
            window_ms=1000,
            proximity="one element, at most 30 px from the click before",
            exclusions=_REPEATED,
        ),
        source=f"{_SERVER}, signals/click.py",
        version=_version("RAGE_CLICK"),
        needs=(Need.CLICKS,),
        counter="RAGE_CLICKS",
    ),
    OwnRule(
        name="eitp-dead",
        kind=RuleKind.DEAD,
        counts="clicks that nothing answered in time",
        axes=Axes(
            count=1,
            window_kind=WindowKind.ANSWER,
            window_ms=2500,
            proximity="each click that the client reports on",
            exclusions=("text fields, texts, canvases, videos",),
        ),
        source=f"{_SERVER}, signals/click.py",
        version=_version("DEAD_CLICK"),
        needs=(Need.CLICKS, Need.ANSWERS),
        counter="DEAD_CLICKS",
    ),
    OwnRule(
        name="eitp-slow",
        kind=RuleKind.SLOW,
        counts="clicks that were answered late",
        axes=Axes(
            count=1,
            window_kind=WindowKind.ANSWER,
            window_ms=1000,
            proximity="each click that the client reports on",
            exclusions=("text fields, texts, canvases, videos",),
        ),
        source=f"{_SERVER}, signals/click.py",
        version=_version("SLOW_CLICK"),
        needs=(Need.CLICKS, Need.ANSWERS),
        counter="SLOW_CLICKS",
    ),
    OwnRule(
        name="eitp-error-click",
        kind=RuleKind.ERROR,
        counts="clicks after which a script failed",
        axes=Axes(
            count=1,
            window_kind=WindowKind.ANSWER,
            window_ms=1000,
            proximity="each click by itself",
        ),
        source=f"{_SERVER}, signals/click.py",
        version=_version("ERROR_CLICK"),
        needs=(Need.CLICKS, Need.ERRORS),
        counter="ERROR_CLICKS",
    ),
    OwnRule(
        name="eitp-thrash",
        kind=RuleKind.THRASH,
        counts="seconds of hard back and forth",
        axes=Axes(
            count=4,
            window_kind=WindowKind.FIXED,
            window_ms=1000,
            proximity="the whole screen; path of 1,500 px or more, efficiency below 0.2",
        ),
        source=f"{_SERVER}, signals/evidence.py",
        version=_version("THRASH"),
        needs=(Need.MOVES, Need.SHAPE),
        counter=THRASH,
    ),
    OwnRule(
        name="eitp-quick-back",
        kind=RuleKind.BACK,
        counts="returns from a page soon after arriving",
        axes=Axes(
            count=1,
            window_kind=WindowKind.STAY,
            window_ms=5000,
            proximity="the page before",
            exclusions=("returns in quick succession",),
        ),
        source=f"{_SERVER}, signals/back.py",
        version=_version("QUICK_BACK"),
        needs=(Need.PAGES,),
        counter="QUICK_BACKS",
    ),
    OwnRule(
        name="eitp-back-mash",
        kind=RuleKind.BACK,
        counts="returns in quick succession, from the second on",
        axes=Axes(
            count=2,
            window_kind=WindowKind.GAP,
            window_ms=2000,
            proximity="any pages",
        ),
        source=f"{_SERVER}, signals/back.py",
        version=_version("BACK_MASH"),
        needs=(Need.PAGES,),
        counter="BACK_MASHES",
    ),
)

RULES: Final[Mapping[str, Rule]] = {
    rule.name: rule
    for kind in RuleKind
    for rule in (*_OWN, *RAGE, *UNANSWERED)
    if rule.kind is kind
    if not isinstance(rule, OwnRule) or rule.counter in {THRASH, *Action.__members__}
}
"""By name, rules of one kind together and EITP's first; without what this server cannot count."""


def chosen(names: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules of these names, all when there are none; raises UnknownRuleError."""
    wanted = tuple(dict.fromkeys(names)) or tuple(RULES)
    for name in wanted:
        if name not in RULES:
            raise UnknownRuleError(f"there is no rule {name!r}; there are {', '.join(RULES)}")
    return tuple(RULES[name] for name in wanted)
