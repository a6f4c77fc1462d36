"""A tick whole: what is published, what is kept, and what no single session can do to it."""

from __future__ import annotations

import numpy as np
import pytest
from eitp_server.volatility.base import MINUTE_US
from eitp_server.volatility.constituent import constituents
from eitp_server.volatility.increment import MovementTable, update
from eitp_server.volatility.index import index_tick
from eitp_server.volatility.level import level
from eitp_server.volatility.methodology import DRAFT
from eitp_server.volatility.partial import Partial, Partials
from eitp_server.volatility.reason import Audience
from eitp_server.volatility.scale import index_of
from eitp_server.volatility.variation import variation
from hypothesis import given
from hypothesis import strategies as st
from volatility.sessions import AT_US, base, partial


def _crowd(size: int, seed: int) -> Partial:
    rng = np.random.default_rng(seed)
    volatility = rng.integers(500, 2000, size).tolist()
    return partial(list(zip(rng.integers(50, 100, size).tolist(), volatility, strict=True)))


_TENANT = st.builds(_crowd, st.integers(10, 120), st.integers(0, 1000))
_TENANTS = st.lists(_TENANT, min_size=3, max_size=5)
SHOPPERS = 100


def test_a_value_of_ones_own_feed_is_exact_and_smoothing_goes_on() -> None:
    part = partial([(100, 1200 + n) for n in range(40)])
    first = index_tick({"a": part}, at_us=AT_US, audience=Audience.TENANT, base=base())
    assert first.value is not None
    assert first.scaled is not None
    assert first.value.index == first.scaled.index == first.value.smoothed_index
    assert (first.value.step, first.value.sessions.least, first.value.sessions.most) == (0, 40, 40)
    calm = partial([(100, 1000)] * 40, AT_US + 5 * MINUTE_US)
    second = index_tick(
        {"a": calm},
        at_us=AT_US + 5 * MINUTE_US,
        audience=Audience.TENANT,
        base=base(),
        before=first.smoothed,
    )
    assert second.value is not None
    assert second.value.index == 50
    assert second.value.smoothed_index == pytest.approx(index_of(first.scaled.z / 2))


def test_a_tick_without_a_value_leaves_smoothing_where_it_was() -> None:
    part = partial([(100, 1200)] * 40)
    first = index_tick({"a": part}, at_us=AT_US, audience=Audience.TENANT, base=base())
    nothing = index_tick(
        {}, at_us=AT_US + 1, audience=Audience.TENANT, base=base(), before=first.smoothed
    )
    assert nothing.value is None
    assert nothing.smoothed == first.smoothed


@given(_TENANTS)
def test_a_shared_value_is_rounded_outward_and_tells_no_number_of_sessions(
    parts: list[Partial],
) -> None:
    by_tenant = {f"tenant {n}": part for n, part in enumerate(parts)}
    tick = index_tick(by_tenant, at_us=AT_US, audience=Audience.SHARED, base=base())
    if tick.value is None:
        return
    value = tick.value
    assert tick.scaled is not None
    assert value.step >= 0.1
    assert 0 <= value.band_low <= value.index <= value.band_high <= 100
    assert value.band_low <= tick.scaled.band_low + 1e-9
    assert value.band_high >= tick.scaled.band_high - 1e-9
    assert abs(value.index - tick.scaled.index) <= value.step / 2 + 1e-9 or value.index > 90
    for number in (value.index, value.smoothed_index, value.band_low):
        assert number / value.step == pytest.approx(round(number / value.step), abs=1e-6)
    assert value.sessions.least <= tick.total.sessions <= value.sessions.most
    assert value.sessions.least in {50, 100, 300}


@given(_TENANTS)
def test_one_session_more_or_less_moves_the_index_by_less_than_a_step(
    parts: list[Partial],
) -> None:
    by_tenant = {f"tenant {n}": part for n, part in enumerate(parts)}
    tick = index_tick(by_tenant, at_us=AT_US, audience=Audience.SHARED, base=base())
    joined = {**by_tenant, "tenant 0": parts[0] + partial([(50, 5000)])}
    other = index_tick(joined, at_us=AT_US, audience=Audience.SHARED, base=base())
    if tick.value and tick.scaled and other.scaled:
        assert abs(other.scaled.index - tick.scaled.index) <= tick.value.step


def crowd(bot: bool) -> MovementTable:
    """Return shoppers who move as usual, the first of them maybe a bot that thrashes about."""
    rng = np.random.default_rng(11)
    table, slots = MovementTable.allocate(SHOPPERS), np.arange(SHOPPERS)
    states = np.full((SHOPPERS, 7), 0.5)
    for number in range(20):
        states = states + np.array(DRAFT.dimension_scales) * np.sqrt(5) * rng.standard_normal(
            (SHOPPERS, 7)
        )
        states = np.clip(states, -1, 1)
        states[:, 5] = 0.5
        if bot:
            states[0, :5] = (-1) ** number
        at = np.full(SHOPPERS, AT_US + number * 5_000_000, np.int64)
        update(table, slots=slots, at_us=at, states=states)
    return table


def levels(bot: bool) -> tuple[float, float]:
    """Return the level, and the mean that caps nothing."""
    table, slots = crowd(bot), np.arange(SHOPPERS)
    found = constituents(table, slots, AT_US + 19 * 5_000_000)
    whole = Partials.of_sessions(np.zeros(SHOPPERS, np.int64), found).by_key()[0]
    capped = level(whole)
    assert capped is not None
    assert whole.sessions == SHOPPERS
    return capped.value, float(variation(table, slots).volatility.mean())


def test_one_bot_among_a_hundred_shoppers_hardly_moves_the_level_but_moves_a_plain_mean() -> None:
    (calm, plain), (level_with, plain_with) = levels(bot=False), levels(bot=True)
    assert abs(level_with / calm - 1) <= 0.05
    assert plain_with / plain - 1 > 0.3


def test_no_session_moves_the_level_further_than_its_cap_however_wild_it_is() -> None:
    shoppers = [(125, 800 + 4 * n) for n in range(99)]
    calm = level(partial([*shoppers, (125, 1000)]))
    found = level(partial([*shoppers, (125, 5000)]))
    assert calm is not None
    assert found is not None
    assert found.value / calm.value - 1 <= 0.05
    # The control is what a mean without a cap would make of a session at 100.
    plain = (sum(v for _, v in shoppers) + 100_000) / 100 / 1000
    assert plain / calm.value - 1 > 0.5


def test_a_heavy_tenant_has_no_more_than_its_share_of_a_shared_level() -> None:
    by_tenant = {
        "heavy": partial([(100, 2000)] * 100),
        "one": partial([(100, 1000)] * 60),
        "two": partial([(100, 1000)] * 60),
    }
    shared = index_tick(by_tenant, at_us=AT_US, audience=Audience.SHARED, base=base())
    own = index_tick(by_tenant, at_us=AT_US, audience=Audience.TENANT, base=base())
    assert shared.level is not None
    assert own.level is not None
    assert shared.reason is None
    assert shared.level.value == pytest.approx(0.4 * 2 + 0.6 * 1)
    assert own.level.value == pytest.approx((100 * 2 + 120 * 1) / 220)
