"""The peers' rules about dead and slow clicks and thrashed cursors, from their descriptions."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from eitp.recording import Role

from eitp_server.lab.rules.burst import BY_DISTANCE
from eitp_server.lab.rules.facts import Need
from eitp_server.lab.rules.rule import Axes, PeerRule, RuleKind, WindowKind
from eitp_server.lab.rules.silence import ANY_ROLE, LATE_ONLY, SENTRY_ROLES, WATCHED, Silent
from eitp_server.lab.rules.thrash import Thrashed

_NO_EXCLUSIONS: Final = "its exclusions by element cannot be tested"
_TYPED: Final = frozenset({Role.TEXT_FIELD, Role.SELECT, Role.CHECKBOX})
_SENTRY: Final = "Sentry, packages/replay-internal/src/constants.ts, coreHandlers/handleClick.ts"

UNANSWERED: Final = (
    PeerRule(
        name="sentry-dead",
        kind=RuleKind.DEAD,
        counts="clicks that nothing answered in time",
        axes=Axes(
            count=1,
            window_kind=WindowKind.ANSWER,
            window_ms=7000,
            proximity="repeated clicks on one element are one",
            exclusions=("not a button, link or input", "a scroll within 300 ms"),
        ),
        source=f"{_SENTRY}; issue #8295",
        version="as read in 2026",
        needs=(Need.CLICKS, Need.ANSWERS),
        approximations=MappingProxyType({Need.ROLES: ANY_ROLE, Need.GIVING_UP: LATE_ONLY}),
        caveat=f"{WATCHED}, so silence until then counts as silence for 7 s: an upper bound",
        count=Silent(least_ms=7000, scroll_ms=300, repeat_ms=1000, only=SENTRY_ROLES),
    ),
    PeerRule(
        name="sentry-slow",
        kind=RuleKind.SLOW,
        counts="clicks that were answered late",
        axes=Axes(
            count=1,
            window_kind=WindowKind.ANSWER,
            window_ms=3000,
            proximity="repeated clicks on one element are one",
            exclusions=(
                "not a button, link or input",
                "a scroll within 300 ms",
                "no answer within 7 s",
            ),
        ),
        source=f"{_SENTRY}; issue #8295",
        version="as read in 2026",
        needs=(Need.CLICKS, Need.ANSWERS),
        approximations=MappingProxyType({Need.ROLES: ANY_ROLE}),
        caveat=f"{WATCHED} by the browser client, so few answers later than that are recorded",
        count=Silent(least_ms=3000, most_ms=7000, scroll_ms=300, repeat_ms=1000, only=SENTRY_ROLES),
    ),
    PeerRule(
        name="posthog-dead",
        kind=RuleKind.DEAD,
        counts="clicks that nothing answered in time",
        axes=Axes(
            count=1,
            window_kind=WindowKind.ANSWER,
            window_ms=2500,
            proximity="a click on the same element within 1 s of the one before is skipped",
            exclusions=(
                "links",
                "a scroll or a selection within 100 ms",
                "the focus or the tab changes within 1 s",
            ),
        ),
        source="PostHog, posthog-js extensions/dead-clicks-autocapture.ts",
        version="as read in 2026",
        needs=(Need.CLICKS, Need.ANSWERS),
        approximations=MappingProxyType(
            {
                Need.ROLES: "clicks on links count",
                Need.ELEMENTS: BY_DISTANCE,
                Need.GIVING_UP: LATE_ONLY,
            }
        ),
        count=Silent(
            least_ms=2500,
            scroll_ms=100,
            selection_ms=100,
            attention_ms=1000,
            repeat_ms=1000,
            excluded=frozenset({Role.LINK}),
        ),
    ),
    PeerRule(
        name="datadog-dead",
        kind=RuleKind.DEAD,
        counts="clicks that started nothing on the page",
        axes=Axes(
            count=1,
            window_kind=WindowKind.ANSWER,
            window_ms=100,
            proximity="each click by itself",
            exclusions=(
                "text fields, selects, canvases and links",
                "a key or a scroll while it is watched",
            ),
        ),
        source="Datadog, browser-sdk computeFrustration.ts, waitPageActivityEnd.ts",
        version="as read in 2026",
        needs=(Need.CLICKS, Need.GIVING_UP),
        approximations=MappingProxyType({Need.ROLES: _NO_EXCLUSIONS}),
        caveat=(
            "a request within 100 ms saves a click there and is not recorded here, so only clicks "
            "that nothing answered within 2,500 ms count: a lower bound"
        ),
        count=Silent(
            least_ms=2500,
            scroll_ms=100,
            key_ms=100,
            excluded=frozenset({Role.TEXT_FIELD, Role.SELECT, Role.CANVAS, Role.LINK}),
        ),
    ),
    PeerRule(
        name="openreplay-dead",
        kind=RuleKind.DEAD,
        counts="clicks that nothing answered in time",
        axes=Axes(
            count=1,
            window_kind=WindowKind.ANSWER,
            window_ms=1234,
            proximity="each click by itself, on an element with a label",
            exclusions=("inputs", "an input changes"),
        ),
        source="OpenReplay, backend/pkg/handlers/web/deadClick.go",
        version="as read in 2026",
        needs=(Need.CLICKS, Need.ANSWERS, Need.ELEMENTS),
        approximations=MappingProxyType({Need.ROLES: _NO_EXCLUSIONS, Need.GIVING_UP: LATE_ONLY}),
        count=Silent(least_ms=1234, key_ms=1234, labelled=True, excluded=_TYPED),
    ),
    PeerRule(
        name="openreplay-thrash",
        kind=RuleKind.THRASH,
        counts="windows with more than four turns, and much faster than the one before",
        axes=Axes(
            count=5,
            window_kind=WindowKind.FIXED,
            window_ms=225,
            proximity="the whole screen; horizontal turns, speed up by more than 0.008 px/ms²",
        ),
        source="OpenReplay, tracker/src/main/modules/mouse.ts",
        version="as read in 2026",
        needs=(Need.MOVES, Need.FAST_MOVES),
        caveat="moves as recorded, not thinned: a tracker sees each of them",
        count=Thrashed(window_ms=225, turns=4, rise=0.008),
    ),
)
"""All of them."""
