"""The peers' rules about rage clicks, written from their published descriptions."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from eitp.recording import Role

from eitp_server.lab.rules.burst import (
    BY_DISTANCE,
    DeadAndRepeated,
    NearBy,
    SameLabel,
    Unexplained,
    WithinSpan,
)
from eitp_server.lab.rules.facts import Need
from eitp_server.lab.rules.rule import Axes, PeerRule, RuleKind, WindowKind
from eitp_server.lab.rules.silence import ANY_ROLE, LATE_ONLY, SENTRY_ROLES, WATCHED

_POSTHOG: Final = "PostHog, posthog-js packages/browser/src/extensions/rageclick.ts"

RAGE: Final = (
    PeerRule(
        name="posthog-rage",
        kind=RuleKind.RAGE,
        counts="runs of clicks that reach the third",
        axes=Axes(
            count=3,
            window_kind=WindowKind.GAP,
            window_ms=1000,
            proximity="less than 30 px (|dx| + |dy|) from the click before",
        ),
        source=f"{_POSTHOG}, defaults until 2026-05-30",
        version="before 1.382.0",
        needs=(Need.CLICKS,),
        count=NearBy(count=3, gap_ms=1000, px=30),
    ),
    PeerRule(
        name="posthog-rage-2026",
        kind=RuleKind.RAGE,
        counts="runs of clicks that reach the third",
        axes=Axes(
            count=3,
            window_kind=WindowKind.GAP,
            window_ms=1000,
            proximity="less than 30 px (|dx| + |dy|) from the click before",
            exclusions=("text fields", "next and previous (pager)", "plus and minus (stepper)"),
        ),
        source=f"{_POSTHOG}, defaults of 2026-05-30 (PR #3749)",
        version="1.382.0",
        needs=(Need.CLICKS, Need.ROLES),
        count=NearBy(
            count=3,
            gap_ms=1000,
            px=30,
            excluded=frozenset({Role.TEXT_FIELD, Role.PAGER, Role.STEPPER}),
        ),
    ),
    PeerRule(
        name="posthog-site-rage",
        kind=RuleKind.RAGE,
        counts="runs of clicks that reach the fourth",
        axes=Axes(
            count=4,
            window_kind=WindowKind.GAP,
            window_ms=750,
            proximity="less than 30 px (|dx| + |dy|) from the click before",
        ),
        source="PostHog's own site, PostHog/posthog.com PR #17269: toggles tripped the default",
        version="PR #17269",
        needs=(Need.CLICKS,),
        count=NearBy(count=4, gap_ms=750, px=30),
    ),
    PeerRule(
        name="datadog-rage",
        kind=RuleKind.RAGE,
        counts="runs of clicks in which three fall within the window",
        axes=Axes(
            count=3,
            window_kind=WindowKind.SPAN,
            window_ms=1000,
            proximity="one element, each click at most 1 s and 100 px from the one before",
            exclusions=("a selection changed", "a scroll happened"),
        ),
        source="Datadog, browser-sdk packages/rum-core/src/domain/action/clickChain.ts, "
        "computeFrustration.ts; docs frustration_signals",
        version="as read in 2026",
        needs=(Need.CLICKS,),
        approximations=MappingProxyType({Need.ELEMENTS: "100 px stand for one element"}),
        count=Unexplained(count=3, span_ms=1000, gap_ms=1000, px=100),
    ),
    PeerRule(
        name="openreplay-rage",
        kind=RuleKind.RAGE,
        counts="runs of clicks that reach the third",
        axes=Axes(
            count=3,
            window_kind=WindowKind.GAP,
            window_ms=300,
            proximity="one label of the element",
        ),
        source="OpenReplay, backend/pkg/handlers/web/clickRage.go",
        version="as read in 2026",
        needs=(Need.CLICKS,),
        approximations=MappingProxyType({Need.ELEMENTS: BY_DISTANCE}),
        count=SameLabel(count=3, gap_ms=300),
    ),
    PeerRule(
        name="splunk-rage",
        kind=RuleKind.RAGE,
        counts="four clicks within the window",
        axes=Axes(count=4, window_kind=WindowKind.SPAN, window_ms=1000, proximity="one element"),
        source="Splunk, signalfx/splunk-otel-js-web v2.1.0 (#1590)",
        version="2.1.0",
        needs=(Need.CLICKS,),
        approximations=MappingProxyType({Need.ELEMENTS: BY_DISTANCE}),
        count=WithinSpan(count=4, span_ms=1000),
    ),
    PeerRule(
        name="sentry-rage",
        kind=RuleKind.RAGE,
        counts="dead clicks whose element is clicked three times in all within the window",
        axes=Axes(
            count=3,
            window_kind=WindowKind.SPAN,
            window_ms=7000,
            proximity="one element that is a button, a link or an input",
            exclusions=("the page answered the first click",),
        ),
        source="Sentry, docs session-replay/issue-types; issue #8300",
        version="as read in 2026",
        needs=(Need.CLICKS, Need.ANSWERS),
        approximations=MappingProxyType(
            {Need.ELEMENTS: BY_DISTANCE, Need.ROLES: ANY_ROLE, Need.GIVING_UP: LATE_ONLY}
        ),
        caveat=f"{WATCHED}, so silence until then counts as silence for 7 s: an upper bound",
        count=DeadAndRepeated(count=3, span_ms=7000, only=SENTRY_ROLES),
    ),
)
"""All of them."""
