"""Every rule on both sides of each of its thresholds, and what it does not claim to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp.recording import Event, Kind, Role
from eitp_server.lab.playback import Cut
from eitp_server.lab.rules import (
    RULES,
    Facts,
    OwnRule,
    PeerRule,
    Sight,
    UnknownRuleError,
    chosen,
    count_own,
)
from hypothesis import given
from hypothesis import strategies as st
from lab.rules_by_hand import at, clicks, recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def count(name: str, events: Iterable[Event]) -> int:
    """Return how often a rule fires."""
    rule, made = RULES[name], recording(events)
    if isinstance(rule, OwnRule):
        return count_own([Cut.of(made)])[0][rule.counter]
    assert isinstance(rule, PeerRule)
    return rule.count(Sight.of(made))


def facts(*events: Event) -> Facts:
    found = Facts()
    found.add(recording(events))
    return found


def apart(*steps: float, gap: float = 100) -> list[Event]:
    """Return clicks so many px to the right of each other."""
    x, made = 0.0, [at(0, x=0)]
    for number, step in enumerate(steps, start=1):
        x += step
        made.append(at(number * gap, x=x))
    return made


@pytest.mark.parametrize(
    ("name", "times", "fires"),
    [
        ("posthog-rage", (0, 999, 1998), 1),
        ("posthog-rage", (0, 999, 1999), 0),
        ("posthog-rage", (0, 500), 0),
        ("posthog-rage", (0, 500, 1000, 1500, 2000, 2500), 1),
        ("posthog-rage", (0, 1, 2, 5000, 5001, 5002), 2),
        ("posthog-site-rage", (0, 749, 1498, 2247), 1),
        ("posthog-site-rage", (0, 749, 1498, 2248), 0),
        ("posthog-site-rage", (0, 100, 200), 0),
        ("datadog-rage", (0, 500, 1000), 1),
        ("datadog-rage", (0, 501, 1001), 0),
        ("datadog-rage", (0, 900, 1800, 2200, 2600), 1),
        ("datadog-rage", (0, 1001, 1002), 0),
        ("openreplay-rage", (0, 299, 598), 1),
        ("openreplay-rage", (0, 299, 599), 0),
        ("splunk-rage", (0, 400, 800, 1000), 1),
        ("splunk-rage", (0, 400, 800, 1001), 0),
        ("splunk-rage", (0, 100, 200), 0),
        ("splunk-rage", (0, 100, 200, 300, 400, 500, 600), 1),
        ("splunk-rage", (0, 100, 200, 300, 400, 500, 600, 700), 2),
    ],
)
def test_rage_depends_on_how_soon_clicks_follow(
    name: str, times: Sequence[float], fires: int
) -> None:
    assert count(name, clicks(*times)) == fires


@pytest.mark.parametrize(
    ("name", "steps", "fires"),
    [
        ("posthog-rage", (29, 29), 1),
        ("posthog-rage", (29, 30), 0),
        ("posthog-site-rage", (29, 29, 29), 1),
        ("posthog-site-rage", (29, 29, 30), 0),
        ("datadog-rage", (100, 100), 1),
        ("datadog-rage", (100, 101), 0),
        ("openreplay-rage", (30, 30), 1),
        ("openreplay-rage", (30, 31), 0),
        ("splunk-rage", (30, 30, 30), 1),
        ("splunk-rage", (30, 30, 31), 0),
    ],
)
def test_rage_depends_on_how_near_clicks_are(name: str, steps: Sequence[float], fires: int) -> None:
    assert count(name, apart(*steps)) == fires


def test_posthog_adds_both_directions_and_datadog_takes_the_straight_line() -> None:
    posthog = [at(0), at(100, x=115, y=115), at(200, x=100, y=100)]
    assert count("posthog-rage", posthog) == 0
    assert count("datadog-rage", [at(0), at(100, x=170, y=170), at(200)]) == 1


@pytest.mark.parametrize("name", ["datadog-rage", "openreplay-rage", "splunk-rage"])
def test_where_elements_are_known_they_decide(name: str) -> None:
    same = [at(100 * i, x=100 + 40 * (i % 2), target="buy") for i in range(4)]
    others = [at(100 * i, target=f"item-{i}") for i in range(4)]
    assert count(name, same) == 1
    assert count(name, others) == 0


@pytest.mark.parametrize("role", [Role.TEXT_FIELD, Role.PAGER, Role.STEPPER])
def test_the_newer_posthog_does_not_see_clicks_that_are_made_on_purpose(role: Role) -> None:
    assert count("posthog-rage-2026", clicks(0, 100, 200, role=role)) == 0
    assert count("posthog-rage", clicks(0, 100, 200, role=role)) == 1
    assert count("posthog-rage-2026", clicks(0, 100, 200, role=Role.BUTTON)) == 1


@pytest.mark.parametrize("kind", [Kind.SELECT, Kind.SCROLL])
@pytest.mark.parametrize(("t_ms", "fires"), [(0, 0), (1200, 0), (1201, 1)])
def test_a_selection_or_a_scroll_explains_rage_to_datadog(
    kind: Kind, t_ms: float, fires: int
) -> None:
    assert count("datadog-rage", [*clicks(0, 100, 200), at(t_ms, kind)]) == fires


def unanswered(*times: float, **rest: object) -> list[Event]:
    """Return clicks and the report that nothing answered the last one."""
    return [*clicks(*times, **rest), at(times[-1] + 2500, Kind.NO_RESPONSE)]


def answered(after_ms: float, **rest: object) -> list[Event]:
    """Return one click and its answer."""
    return [*clicks(0, **rest), at(after_ms, Kind.RESPONSE, response_ms=after_ms)]


@pytest.mark.parametrize(
    ("times", "fires"), [((0, 1000, 2000), 1), ((0, 1000), 0), ((0, 2400, 4800, 7000), 1)]
)
def test_sentry_sees_rage_only_where_nothing_answers(times: Sequence[float], fires: int) -> None:
    assert count("sentry-rage", unanswered(*times)) == fires
    assert count("sentry-rage", clicks(*times)) == 0
    answers = [at(t + 50, Kind.RESPONSE, response_ms=50) for t in times]
    assert count("sentry-rage", [*clicks(*times), *answers]) == 0


def test_sentry_watches_buttons_links_and_inputs() -> None:
    assert count("sentry-rage", unanswered(0, 500, 900, role=Role.IMAGE)) == 0
    assert count("sentry-dead", unanswered(0, role=Role.IMAGE)) == 0
    assert count("sentry-dead", unanswered(0, role=Role.BUTTON)) == 1


@pytest.mark.parametrize(
    ("name", "after_ms", "fires"),
    [
        ("posthog-dead", 2499, 0),
        ("posthog-dead", 2500, 1),
        ("sentry-dead", 6999, 0),
        ("sentry-dead", 7000, 1),
        ("sentry-slow", 2999, 0),
        ("sentry-slow", 3000, 1),
        ("sentry-slow", 6999, 1),
        ("sentry-slow", 7000, 0),
        ("openreplay-dead", 1233, 0),
        ("openreplay-dead", 1234, 1),
        ("datadog-dead", 2499, 0),
        ("eitp-slow", 999, 0),
        ("eitp-slow", 1000, 1),
        ("eitp-slow", 2500, 0),
        ("eitp-dead", 2499, 0),
        ("eitp-dead", 2500, 1),
    ],
)
def test_a_click_is_dead_or_slow_from_a_threshold_on(
    name: str, after_ms: float, fires: int
) -> None:
    assert count(name, answered(after_ms, target="buy", role=Role.BUTTON)) == fires


@pytest.mark.parametrize("name", ["posthog-dead", "sentry-dead", "datadog-dead", "openreplay-dead"])
def test_a_click_that_was_watched_in_vain_is_dead(name: str) -> None:
    assert count(name, unanswered(0, target="buy", role=Role.BUTTON)) == 1
    assert count(name, clicks(0, target="buy", role=Role.BUTTON)) == 0


@pytest.mark.parametrize(
    ("name", "kind", "t_ms", "fires"),
    [
        ("posthog-dead", Kind.SCROLL, 100, 0),
        ("posthog-dead", Kind.SCROLL, 101, 1),
        ("posthog-dead", Kind.SELECT, 100, 0),
        ("posthog-dead", Kind.SELECT, 101, 1),
        ("posthog-dead", Kind.BLUR, 1000, 0),
        ("posthog-dead", Kind.BLUR, 1001, 1),
        ("sentry-dead", Kind.SCROLL, 300, 0),
        ("sentry-dead", Kind.SCROLL, 301, 1),
        ("datadog-dead", Kind.KEY, 100, 0),
        ("datadog-dead", Kind.KEY, 101, 1),
        ("openreplay-dead", Kind.KEY, 1234, 0),
        ("openreplay-dead", Kind.KEY, 1235, 1),
    ],
)
def test_what_follows_soon_excuses_a_dead_click(
    name: str, kind: Kind, t_ms: float, fires: int
) -> None:
    dead = unanswered(5000, target="buy", role=Role.BUTTON)
    assert count(name, [*dead, at(5000 + t_ms, kind)]) == fires


def test_posthog_looks_at_the_focus_before_the_click_too() -> None:
    dead = unanswered(5000, role=Role.BUTTON)
    assert count("posthog-dead", [*dead, at(4000, Kind.VISIBLE)]) == 0
    assert count("posthog-dead", [*dead, at(3999, Kind.VISIBLE)]) == 1


@pytest.mark.parametrize(
    ("name", "role", "fires"),
    [
        ("posthog-dead", Role.LINK, 0),
        ("datadog-dead", Role.LINK, 0),
        ("datadog-dead", Role.TEXT_FIELD, 0),
        ("datadog-dead", Role.CHECKBOX, 1),
        ("openreplay-dead", Role.CHECKBOX, 0),
        ("openreplay-dead", Role.LINK, 1),
    ],
)
def test_some_elements_are_never_dead(name: str, role: Role, fires: int) -> None:
    assert count(name, unanswered(0, target="it", role=role)) == fires


def test_openreplay_needs_a_label() -> None:
    assert count("openreplay-dead", unanswered(0, role=Role.BUTTON)) == 0


@pytest.mark.parametrize(("second_ms", "fires"), [(999, 1), (1000, 2)])
def test_a_click_repeated_at_once_is_no_dead_click_of_its_own(second_ms: float, fires: int) -> None:
    assert count("posthog-dead", unanswered(0, second_ms, target="buy")) == fires


def test_a_page_that_is_left_has_answered() -> None:
    left = [*clicks(0, target="buy"), at(400, Kind.NAVIGATE), at(2500, Kind.NO_RESPONSE)]
    assert count("posthog-dead", left) == 0


def test_leaving_a_page_is_no_late_answer_where_answers_are_not_reported() -> None:
    left = [*clicks(0, target="buy"), at(2000, Kind.NAVIGATE)]
    other = [*clicks(9000), at(9100, Kind.RESPONSE, response_ms=100)]
    assert count("openreplay-dead", left) == 0
    assert count("openreplay-dead", [*left, *other]) == 1


def zigzag(turns: int, step: float, *, begin_ms: float) -> list[Event]:
    """Return a move every 20 ms within one window of 225 ms, alternately right and left."""
    return [
        at(begin_ms + 20 * number, Kind.MOVE, x=500 + (step if number % 2 else 0))
        for number in range(turns + 2)
    ]


@pytest.mark.parametrize(("turns", "step", "fires"), [(5, 80, 1), (4, 99, 0), (5, 60, 0)])
def test_openreplay_calls_many_fast_turns_thrashing(turns: int, step: float, fires: int) -> None:
    # Six steps of 80 px in 225 ms are 2.1 px/ms, 0.0095 px/ms² above standing still.
    assert count("openreplay-thrash", zigzag(turns, step, begin_ms=450)) == fires


def test_as_fast_as_before_is_no_thrashing() -> None:
    long = [at(20 * n, Kind.MOVE, x=500 + 80 * (n % 2)) for n in range(100)]
    assert count("openreplay-thrash", long) == 1


def test_what_a_recording_cannot_show_is_not_applicable() -> None:
    bare = facts(*clicks(0, 100))
    applicable = {name for name, rule in RULES.items() if not rule.not_applicable(bare)}
    assert applicable == {
        *("eitp-rage", "posthog-rage", "posthog-site-rage", "datadog-rage"),
        *("openreplay-rage", "splunk-rage"),
    }


def test_no_rule_is_applicable_to_moves_alone_but_thrashing() -> None:
    moved = facts(*(at(16 * n, Kind.MOVE, x=n) for n in range(50)))
    applicable = [name for name, rule in RULES.items() if not rule.not_applicable(moved)]
    assert applicable == ["eitp-thrash", "openreplay-thrash"]


@pytest.mark.parametrize(
    ("gap_ms", "without"),
    [(16, set[str]()), (50, {"openreplay-thrash"}), (1000, {"openreplay-thrash", "eitp-thrash"})],
)
def test_a_slow_source_shows_no_thrashing(gap_ms: int, without: set[str]) -> None:
    moved = facts(*(at(gap_ms * n, Kind.MOVE, x=n) for n in range(50)))
    assert moved.sampling_hz == pytest.approx(1000 / gap_ms)
    thrash = ("openreplay-thrash", "eitp-thrash")
    assert {name for name in thrash if RULES[name].not_applicable(moved)} == without


def test_moves_at_one_time_have_no_sampling_rate() -> None:
    assert facts(*(at(0, Kind.MOVE, x=n) for n in range(9))).sampling_hz is None


def test_everything_is_applicable_where_everything_is_recorded() -> None:
    moves = [at(16 * n, Kind.MOVE, x=n) for n in range(50)]
    pages = [at(5000, Kind.NAVIGATE), at(9000, Kind.BACK)]
    error = at(4000, Kind.SCRIPT_ERROR)
    full = facts(*unanswered(1000, target="buy", role=Role.BUTTON), *moves, *pages, error)
    assert [name for name, rule in RULES.items() if rule.not_applicable(full)] == []


def test_a_rule_says_how_it_is_approximated() -> None:
    bare, named = facts(*clicks(0)), facts(*clicks(0, target="buy"))
    assert "30 px" in RULES["openreplay-rage"].approximated(bare)
    assert RULES["openreplay-rage"].approximated(named) == ""
    assert "upper bound" in RULES["sentry-dead"].approximated(named)


def test_every_rule_is_documented() -> None:
    for rule in RULES.values():
        assert rule.counts
        assert rule.source
        assert rule.version
        assert rule.axes.proximity


def test_rules_are_chosen_by_name() -> None:
    assert [rule.name for rule in chosen(["splunk-rage", "eitp-rage", "splunk-rage"])] == [
        "splunk-rage",
        "eitp-rage",
    ]
    assert len(chosen(())) == len(RULES)
    with pytest.raises(UnknownRuleError, match="no rule 'rage'; there are eitp-rage, "):
        chosen(["rage"])


def test_own_counts_are_those_of_the_server() -> None:
    returns = [at(1000 * n, Kind.NAVIGATE) for n in range(4)]
    returns += [at(t, Kind.BACK) for t in (20_000, 20_500, 21_000)]
    assert count("eitp-back-mash", returns) == 2
    assert count("eitp-quick-back", [at(0, Kind.NAVIGATE), at(4999, Kind.BACK)]) == 1
    assert count("eitp-quick-back", [at(0, Kind.NAVIGATE), at(5000, Kind.BACK)]) == 0


def test_own_thrashing_is_counted_in_seconds() -> None:
    hard = [at(50 * n, Kind.MOVE, x=500 + 150 * (n % 2)) for n in range(60)]
    assert 2 <= count("eitp-thrash", hard) <= 3


def test_rage_that_time_completes_counts_at_the_end() -> None:
    before = [*clicks(0, target="a"), at(50, Kind.RESPONSE, response_ms=50)]
    burst = clicks(10_000, 10_600, 11_200, target="b")
    assert count("eitp-rage", [*before, *burst, at(12_500, Kind.MOVE)]) == 1


@given(st.lists(st.sampled_from((0, 7_000, 14_900, 15_100, 31_000, 200_000)), max_size=5))
def test_own_counts_do_not_depend_on_where_windows_end(offsets: list[int]) -> None:
    starts = [sum(offsets[: n + 1]) + 6_000 * n for n in range(len(offsets))]
    events = [event for start in starts for event in answered_at(start)]
    made = [*events, at(900_000, Kind.MOVE)]
    assert count("eitp-slow", made) == len(offsets)


def answered_at(start: float) -> list[Event]:
    """Return a click that is answered after 1.5 s."""
    return [at(start), at(start + 1500, Kind.RESPONSE, response_ms=1500)]


def test_recordings_counted_together_count_as_they_do_alone() -> None:
    group = [
        recording(answered_at(0), "a"),
        recording([*answered_at(40_000), *answered_at(80_000)], "b"),
        recording(clicks(0), "c"),
    ]
    together = count_own([Cut.of(one) for one in group])
    assert together == [count_own([Cut.of(one)])[0] for one in group]
    assert [counts["SLOW_CLICKS"] for counts in together] == [1, 2, 0]
