"""The life of a pattern: what confirms it, what takes it back, and that it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bandit.lifts import lift
from eitp_server.bandit.pattern import (
    CONFIRM_WITHIN_US,
    EXPIRE_AFTER_US,
    DemotionReason,
    Fresh,
    Pattern,
    PatternStatus,
    advance,
)
from eitp_server.bandit.promotion import DAY_US
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from eitp_server.bandit.lift import Lift

BORN = 1_700_000_000_000_000
PATTERN = Pattern(promoted_at_us=BORN)


def fresh(**changed: Any) -> Fresh:
    return Fresh(lift=lift(**changed), over_nothing=lift(), first_decided_at_us=BORN + 1)


OPEN = fresh(lower_bound=-0.001)
GOOD = fresh(lower_bound=0.001)
BAD = fresh(interval_high=-0.001, lower_bound=-0.02)


def confirmed() -> Pattern:
    return advance(PATTERN, GOOD, BORN + DAY_US)


def test_a_pattern_waits_while_fresh_data_say_nothing() -> None:
    assert advance(PATTERN, Fresh(), BORN + DAY_US) is PATTERN
    assert advance(PATTERN, OPEN, BORN + CONFIRM_WITHIN_US - 1) is PATTERN


def test_fresh_data_confirm_a_pattern() -> None:
    assert confirmed() == replace(
        PATTERN, version=2, status=PatternStatus.CONFIRMED, confirmed_at_us=BORN + DAY_US
    )
    assert advance(confirmed(), GOOD, BORN + 2 * DAY_US) == confirmed()


@pytest.mark.parametrize(
    "over_nothing",
    [None, lift(lower_bound=0.0), lift(lower_bound=None), lift(holdout_conversions=9)],
)
def test_fresh_data_that_beat_the_holdout_only_confirm_nothing(over_nothing: Lift | None) -> None:
    assert advance(PATTERN, replace(GOOD, over_nothing=over_nothing), BORN + DAY_US) is PATTERN


def test_a_bound_at_the_margin_confirms_nothing() -> None:
    asked = replace(PATTERN, margin=0.001)
    assert advance(asked, GOOD, BORN + DAY_US) is asked


@pytest.mark.parametrize("pattern", [PATTERN, confirmed()])
def test_fresh_data_refute_a_pattern_confirmed_or_not(pattern: Pattern) -> None:
    after = advance(pattern, BAD, BORN + 2 * DAY_US)
    assert after.status is PatternStatus.DEMOTED
    assert after.demotion_reason is DemotionReason.REFUTED
    assert after.demoted_at_us == BORN + 2 * DAY_US
    assert after.version == pattern.version + 1


def test_thirty_days_without_confirmation_take_a_pattern_back() -> None:
    after = advance(PATTERN, OPEN, BORN + CONFIRM_WITHIN_US)
    assert after.demotion_reason is DemotionReason.UNCONFIRMED
    assert advance(confirmed(), OPEN, BORN + CONFIRM_WITHIN_US) == confirmed()


def test_a_confirmed_pattern_expires_after_ninety_days() -> None:
    assert advance(confirmed(), GOOD, BORN + EXPIRE_AFTER_US - 1).is_live
    after = advance(confirmed(), GOOD, BORN + EXPIRE_AFTER_US)
    assert after.status is PatternStatus.EXPIRED
    assert after.demoted_at_us is None
    assert not after.is_live


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"definition_changed": True}, DemotionReason.DEFINITION_CHANGED),
        ({"guardrail_stop": True}, DemotionReason.GUARDRAIL),
        ({"experiment_invalid": True}, DemotionReason.EXPERIMENT_INVALID),
        ({"pool_too_small": True}, DemotionReason.POOL_TOO_SMALL),
    ],
)
def test_events_take_a_pattern_back_whatever_its_lift(
    event: dict[str, Any], reason: DemotionReason
) -> None:
    after = advance(PATTERN, replace(GOOD, **event), BORN + DAY_US)
    assert (after.status, after.demotion_reason) == (PatternStatus.DEMOTED, reason)


@pytest.mark.parametrize("evidence", [GOOD, BAD])
def test_bounds_of_too_few_units_neither_confirm_nor_refute(evidence: Fresh) -> None:
    assert evidence.lift is not None
    few = replace(evidence, lift=replace(evidence.lift, holdout_units=499))
    assert advance(PATTERN, few, BORN + DAY_US) is PATTERN


@pytest.mark.parametrize("first", [None, BORN - 1])
def test_decisions_from_before_the_promotion_are_refused(first: int | None) -> None:
    stale = Fresh(lift=lift(), first_decided_at_us=first)
    with pytest.raises(ValueError, match="first_decided_at_us"):
        advance(PATTERN, stale, BORN + DAY_US)


steps = st.lists(
    st.tuples(
        st.sampled_from([Fresh(), OPEN, GOOD, BAD, Fresh(guardrail_stop=True)]),
        st.integers(0, 40 * DAY_US),
    ),
    max_size=10,
)


@given(steps)
def test_a_pattern_ends_once_and_for_good_and_its_record_is_consistent(
    steps: list[tuple[Fresh, int]],
) -> None:
    pattern, now = PATTERN, BORN
    for evidence, pause in steps:
        now += pause
        before, pattern = pattern, advance(pattern, evidence, now)
        assert before.is_live or pattern is before
        assert (pattern is before) == (pattern.version == before.version)
        demoted = pattern.status is PatternStatus.DEMOTED
        assert demoted == (pattern.demoted_at_us is not None)
        assert demoted == (pattern.demotion_reason is not DemotionReason.NONE)
        assert pattern.is_live <= (now < pattern.expires_at_us)
        assert Pattern.load(json.loads(json.dumps(pattern.dump()))) == pattern


def test_a_pattern_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        Pattern.load({"format": 99})
