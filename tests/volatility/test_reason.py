"""When there is no number: every reason, its edge, and which of two comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp_server.volatility.base import MINUTE_US
from eitp_server.volatility.index import index_tick, withheld
from eitp_server.volatility.reason import Audience, NoValueReason
from volatility.sessions import AT_US, base, partial

if TYPE_CHECKING:
    from eitp_server.volatility.base import Base
    from eitp_server.volatility.partial import Partial

OWN, SHARED = Audience.TENANT, Audience.SHARED
MINUTE = MINUTE_US


def alike(sessions: int, weight: int = 100) -> Partial:
    """Return sessions of one weight, half a bit more volatile than the others."""
    return partial([(weight, 1000 + 100 * (n % 2)) for n in range(sessions)])


def tenants(*sessions: int) -> dict[str, Partial]:
    return {f"tenant {n}": alike(number) for n, number in enumerate(sessions)}


def reason(
    by_tenant: dict[str, Partial],
    audience: Audience,
    *,
    coverage: float = 1.0,
    against: Base | None = None,
    at_us: int = AT_US,
) -> NoValueReason | None:
    tick = index_tick(
        by_tenant, at_us=at_us, audience=audience, base=against or base(), coverage=coverage
    )
    assert (tick.value is None) == (tick.reason is not None)
    return tick.reason


def test_a_sound_feed_has_none() -> None:
    assert reason(tenants(60), OWN) is None
    assert reason(tenants(60, 60, 60), SHARED) is None


def test_without_a_base_there_is_no_index_but_a_level() -> None:
    tick = index_tick(tenants(60), at_us=AT_US, audience=OWN, base=None)
    assert tick.reason == NoValueReason.NO_BASE
    assert tick.level is not None
    assert tick.scaled is None
    assert tick.sound


@pytest.mark.parametrize(
    ("heard", "expected", "missing"), [(18, 20, True), (19, 20, False), (0, 3, True)]
)
def test_too_few_shards_are_partial_coverage(heard: int, expected: int, missing: bool) -> None:
    found = reason(tenants(60), OWN, coverage=heard / expected)
    assert found == (NoValueReason.PARTIAL_COVERAGE if missing else None)


def test_a_coverage_that_is_no_number_is_none() -> None:
    assert reason(tenants(60), OWN, coverage=float("nan")) == NoValueReason.PARTIAL_COVERAGE


@pytest.mark.parametrize("audience", [OWN, SHARED])
def test_a_newest_state_of_61_seconds_is_stale_however_many_there_are(audience: Audience) -> None:
    by_tenant = tenants(1000, 1000, 1000)
    late = AT_US + MINUTE + MINUTE // 60
    assert reason(by_tenant, audience, at_us=late) == NoValueReason.STALE
    assert reason(by_tenant, audience, at_us=AT_US + MINUTE) is None


def test_nobody_at_all_is_stale() -> None:
    assert reason({}, OWN) == NoValueReason.STALE
    assert reason({}, SHARED) == NoValueReason.STALE


@pytest.mark.parametrize(
    ("sessions", "audience", "enough"),
    [
        ((19,), OWN, False),
        ((20,), OWN, True),
        ((16, 16, 17), SHARED, False),
        ((16, 17, 17), SHARED, True),
    ],
)
def test_too_few_sessions(sessions: tuple[int, ...], audience: Audience, enough: bool) -> None:
    found = reason(tenants(*sessions), audience)
    assert found == (None if enough else NoValueReason.INSUFFICIENT_SESSIONS)


@pytest.mark.parametrize(
    ("sessions", "enough"),
    [((40, 40), False), ((40, 40, 0), False), ((100, 50, 49), False), ((100, 50, 50), True)],
)
def test_too_few_tenants_or_one_with_more_than_half(
    sessions: tuple[int, ...], enough: bool
) -> None:
    found = reason(tenants(*sessions), SHARED)
    assert found == (None if enough else NoValueReason.INSUFFICIENT_TENANTS)


@pytest.mark.parametrize(("weight", "concentrated"), [(200, True), (160, False)])
def test_one_session_with_more_than_a_tenth(weight: int, concentrated: bool) -> None:
    pairs = [(weight, 1000)] + [(24, 1000 + n) for n in range(60)]
    found = reason({"one": partial(pairs)}, OWN)
    assert (weight / (weight + 60 * 24) > 0.1) == concentrated
    assert found == (NoValueReason.CONCENTRATED if concentrated else None)


def test_a_heavy_session_of_a_capped_tenant_counts_by_what_is_left_of_it() -> None:
    heavy = partial([(200, 1000)] + [(20, 1000)] * 85)
    by_tenant = {"a": heavy, "b": alike(20, 50), "c": alike(18, 50)}
    # 200 of 3,800 are 5 %: the weights of the heavy tenant are scaled down, not the others'.
    assert reason(by_tenant, SHARED) is None


def test_a_wide_error_is_flagged_in_ones_own_feed_and_withheld_in_a_shared_one() -> None:
    wild = partial([(100, 50 if n % 2 else 4900) for n in range(30)])
    narrow = base(spread=0.05)
    shared = dict.fromkeys("abc", wild)
    assert reason(shared, SHARED, against=narrow) == NoValueReason.LOW_PRECISION
    tick = index_tick({"a": wild}, at_us=AT_US, audience=OWN, base=narrow)
    assert tick.value is not None
    assert tick.value.low_precision


def test_the_first_reason_that_holds_is_given() -> None:
    few = tenants(49)
    late = AT_US + 61 * MINUTE // 60
    tick = index_tick(few, at_us=late, audience=SHARED, base=None, coverage=0.5)
    assert tick.reason == NoValueReason.NO_BASE
    assert reason(few, SHARED, coverage=0.5, at_us=late) == NoValueReason.PARTIAL_COVERAGE
    assert reason(few, SHARED, at_us=late) == NoValueReason.STALE
    assert reason(few, SHARED) == NoValueReason.INSUFFICIENT_SESSIONS
    assert reason(tenants(80), SHARED) == NoValueReason.INSUFFICIENT_TENANTS


def test_a_withheld_tick_forgets_what_it_would_have_smoothed() -> None:
    tick = index_tick(tenants(60, 60, 60), at_us=AT_US, audience=SHARED, base=base())
    held = withheld(tick, None)
    assert (held.value, held.reason) == (None, NoValueReason.COMPLEMENTARY)
    assert held.smoothed is None
    stale = replace(tick, value=None, reason=NoValueReason.STALE)
    assert withheld(stale, None).reason == NoValueReason.STALE
