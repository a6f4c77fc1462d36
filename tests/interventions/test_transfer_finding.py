"""Decisions are counted by pattern and judged as the known effects say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.intelligence.transfer import Exclusion, Verdict
from eitp_server.interventions.transfer_counts import Counting, Pattern, TenantCounts
from eitp_server.interventions.transfer_finding import Site, judge_own, judge_shared
from interventions.transfer_trials import DISCOUNT, HELP_CHAT, HELPS, counts, kind_of, trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eitp_server.bandit.decision import Decision
    from eitp_server.bandit.study import Trial


def count(
    trials: Sequence[Trial], kind_of: Callable[[Decision], int]
) -> dict[Pattern, dict[str, TenantCounts]]:
    counting = Counting(kind_of)
    counting.fold(trials[:3])
    counting.fold(trials[3:])
    return counting.result()


def one(pattern: Pattern, trials: Sequence[Trial]) -> TenantCounts:
    return count(trials, kind_of)[pattern]["retail"]


def test_both_sides_are_counted_by_what_was_or_would_have_been_chosen() -> None:
    trials = [
        trial(1, converted=True),
        trial(2),
        trial(3, holdout=True, converted=True),
        trial(4, holdout=True),
        trial(5, holdout=True),
        trial(6, chosen="discount", converted=True),
        trial(7, chosen=""),
    ]

    assert one(Pattern(kind=HELP_CHAT), trials) == TenantCounts(
        treated_units=2, treated_conversions=1, holdout_units=3, holdout_conversions=1
    )
    assert one(Pattern(kind=DISCOUNT), trials) == TenantCounts(
        treated_units=1, treated_conversions=1
    )


def test_a_visitor_counts_once_by_the_first_decision_of_any_kind() -> None:
    trials = [
        trial(1, visitor="a", chosen="discount"),
        trial(2, visitor="a", chosen="chat", converted=True),
        trial(3, visitor="b", chosen=""),
        trial(4, visitor="b", chosen="chat", converted=True),
        trial(5, visitor="c", chosen="chat", censored=True),
        trial(6, visitor="c", chosen="chat", converted=True),
    ]

    assert count(trials, kind_of).keys() == {
        Pattern(kind=DISCOUNT, label=label, page_section=section)
        for label in (0, 4)
        for section in (0, 2)
    }


def test_where_nobody_could_be_held_out_nothing_is_counted() -> None:
    assert not count([trial(1, holdout_share=0.0), trial(2, chosen="gone")], kind_of)


def test_a_pattern_of_any_label_holds_those_of_each() -> None:
    trials = [trial(n, label=1 + n % 2, page_section=n % 3) for n in range(12)]

    found = count(trials, kind_of)
    units = {pattern: cells["retail"].treated_units for pattern, cells in found.items()}
    assert units[Pattern(kind=HELP_CHAT)] == 12
    assert units[Pattern(kind=HELP_CHAT, label=1)] == 6
    # A decision without a section counts in any section, and in no section of its own.
    assert units[Pattern(kind=HELP_CHAT, page_section=1)] == 4
    assert units[Pattern(kind=HELP_CHAT, label=2, page_section=2)] == 2
    assert sum(n for p, n in units.items() if p.label and not p.page_section) == 12


def sites(lifts: Sequence[float], tenants: int = 3, **sizes: Any) -> list[Site]:
    """Return verticals with so many equal tenants each."""
    return [
        Site(vertical=f"vertical-{number}", counts=counts(lift, **sizes))
        for number, lift in enumerate(lifts)
        for _ in range(tenants)
    ]


@pytest.mark.parametrize(
    ("lifts", "verdict"),
    [
        (HELPS, Verdict.TRANSFERABLE),
        ([-lift for lift in HELPS], Verdict.HARMFUL),
        ([0.05, -0.04, 0.06, -0.02, 0.01], Verdict.UNDECIDED),
        ([0.6, -0.6, 0.5, -0.5, 0.7, -0.7], Verdict.VARIES),
        (HELPS[:2], Verdict.INSUFFICIENT),
    ],
)
def test_a_shared_verdict_is_as_the_known_effects_say(lifts: list[float], verdict: Verdict) -> None:
    judged = judge_shared(sites(lifts))

    assert judged.finding.verdict is verdict
    assert [row.vertical for row in judged.verticals] == [
        f"vertical-{number}" for number in range(len(lifts))
    ]
    assert [row.effect for row in judged.verticals] == pytest.approx(lifts, abs=0.02)
    assert all(row.counts is None for row in judged.verticals)
    assert not judged.excluded


def test_an_own_finding_shows_its_counts_and_rests_on_one_vertical() -> None:
    judged = judge_own([Site(vertical="retail", counts=counts(0.3))])

    assert judged.finding.verdict is Verdict.INSUFFICIENT
    (row,) = judged.verticals
    assert row.counts == counts(0.3)
    assert judged.as_json(None)["evidence"] is None


def test_own_verticals_are_left_out_with_their_reasons() -> None:
    judged = judge_own(
        [
            Site(vertical="a", counts=counts(0.3)),
            Site(vertical="b", counts=counts(0.3, units=100)),
            Site(vertical="c", counts=counts(0.3, holdout=300)),
            Site(vertical="d", counts=counts(0.3), invalid=True),
            Site(vertical="e", counts=TenantCounts(treated_units=50)),
        ]
    )

    assert judged.excluded == (
        ("b", Exclusion.TOO_FEW_CONVERSIONS),
        ("c", Exclusion.HOLDOUT_TOO_SMALL),
        ("d", Exclusion.EXPERIMENT_INVALID),
        ("e", Exclusion.TOO_FEW_CONVERSIONS),
    )


def test_a_shared_vertical_needs_three_tenants_none_with_more_than_half_its_weight() -> None:
    two = [Site(vertical="two", counts=counts(0.3))] * 2
    giant = [
        Site(vertical="giant", counts=counts(0.3, units=400_000, holdout=100_000)),
        Site(vertical="giant", counts=counts(0.3)),
        Site(vertical="giant", counts=counts(0.3)),
    ]
    spoilt = [Site(vertical="spoilt", counts=counts(0.3), invalid=True)] * 3

    judged = judge_shared([*sites(HELPS), *two, *giant, *spoilt])
    # Of a vertical that two tenants are in, not even the name is told.
    assert judged.excluded == (
        ("giant", Exclusion.INSUFFICIENT_TENANTS),
        ("spoilt", Exclusion.EXPERIMENT_INVALID),
    )
    assert judged.finding.k == len(HELPS)


def test_a_shared_finding_needs_five_tenants() -> None:
    few = judge_shared(sites([0.3], tenants=4))
    enough = judge_shared(sites([0.3], tenants=5))

    assert few.excluded == (("vertical-0", Exclusion.INSUFFICIENT_TENANTS),)
    assert not few.verticals
    assert few.finding.k == 0
    assert not enough.excluded
    assert enough.finding.k == 1


def test_no_tenant_may_have_more_than_a_quarter_of_a_shared_finding() -> None:
    small: dict[str, Any] = {"units": 400, "holdout": 400}
    heavy = [
        *(replace(site, vertical="large") for site in sites([0.3], units=40_000, holdout=10_000)),
        *(replace(site, vertical="small") for site in sites([0.3], rate=0.1, **small)),
    ]

    assert judge_shared(heavy).excluded == (
        ("large", Exclusion.INSUFFICIENT_TENANTS),
        ("small", Exclusion.INSUFFICIENT_TENANTS),
    )
