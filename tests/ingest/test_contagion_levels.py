"""A region has a level in a minute when enough sessions, of enough tenants, are behind it."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.ingest.contagion.levels import minute_of
from eitp_server.ingest.contagion.window import MOST_REGIONS, SEEN, steady, window_of
from eitp_server.storage.contagion_value import Minute, Series
from eitp_server.volatility.cell import Cell
from eitp_server.volatility.partial import Partial
from eitp_server.volatility.reason import NoValueReason
from ingest.regions import DAY, OWN, Works, at, known, minutes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.apart import Apart

from eitp_server.storage.sqlite_database import SQLiteDatabase

AT_US = at(1)
SHARED = Series()


def part(sessions: int, volatility: int = 1_000, weight: int = 100) -> Partial:
    """Return so many equal sessions; the level is volatility / 1000."""
    n, w, v = sessions, weight, volatility
    return Partial(
        sessions=n,
        weight=n * w,
        squared_weight=n * w * w,
        weighted=n * w * v,
        squared_weight_weighted=n * w * w * v,
        squared_weighted=n * w * w * v * v,
        volatility=n * v,
        largest_weight=w,
        newest_us=AT_US,
    )


def cell(tenant_id: str, region: str = "US-CA", vertical: str = "retail", section: int = 0) -> Cell:
    return Cell(tenant_id=tenant_id, vertical=vertical, region=region, page_section=section)


def told(found: Mapping[Series, Minute], series: Series) -> dict[str, tuple[float | None, int]]:
    """Return of each region its level, None without one, and the reason."""
    minute = found[series]
    return {
        name: (None if np.isnan(value) else float(value), int(reason))
        for name, value, reason in zip(minute.regions, minute.levels, minute.reasons, strict=True)
    }


def test_the_level_is_the_logarithm_over_all_sections_of_a_region() -> None:
    cells = {cell("shop", section=1): part(15, 1_000), cell("shop", section=2): part(15, 2_000)}

    minute = minute_of(cells, AT_US, ())[OWN]
    assert minute.regions == ("US-CA",)
    assert minute.levels.tolist() == [log(1.5)]
    assert minute.sessions.tolist() == [30]


@pytest.mark.parametrize(("sessions", "reason"), [(19, 4), (20, 0)])
def test_an_own_region_needs_twenty_sessions(sessions: int, reason: int) -> None:
    found = told(minute_of({cell("shop"): part(sessions)}, AT_US, ()), OWN)

    assert found["US-CA"][1] == reason
    assert (found["US-CA"][0] is None) == bool(reason)


@pytest.mark.parametrize(
    ("shops", "reason"),
    [
        ((17, 17, 16), 0),
        ((17, 17, 15), NoValueReason.INSUFFICIENT_SESSIONS),
        ((100, 100), None),
        ((150, 50, 50), NoValueReason.INSUFFICIENT_TENANTS),
        ((100, 50, 50), 0),
    ],
)
def test_a_shared_region_needs_fifty_sessions_of_three_tenants_none_with_half_of_them(
    shops: tuple[int, ...], reason: int | None
) -> None:
    names = [f"shop-{number}" for number in range(len(shops))]
    cells = {cell(name): part(n) for name, n in zip(names, shops, strict=True)}

    found = minute_of(cells, AT_US, names)
    if reason is None:
        assert set(found) == {Series(tenant_id=name) for name in names}
    else:
        assert told(found, SHARED)["US-CA"][1] == reason
        assert told(found, Series(vertical="retail")) == told(found, SHARED)


def test_three_tenants_are_needed_in_each_region_and_not_only_in_all() -> None:
    cells = {
        **{cell(name): part(50) for name in "abc"},
        cell("a", "US-TX"): part(50),
        cell("b", "US-TX"): part(50),
    }

    found = minute_of(cells, AT_US, "abc")
    assert told(found, SHARED)["US-CA"][1] == 0
    # Its name alone would tell one tenant of the other.
    for series in (SHARED, Series(vertical="retail")):
        assert set(told(found, series)) == {"US-CA"}
        assert "US-TX" not in window_of([found[series]], AT_US).excluded
    assert set(told(found, Series(tenant_id="a"))) == {"US-CA", "US-TX"}


def test_where_no_region_is_of_three_tenants_a_shared_minute_names_none() -> None:
    cells = {cell("a", "DE"): part(50), cell("b", "FR"): part(50), cell("c", "GL"): part(50)}

    found = minute_of(cells, AT_US, "abc")
    assert told(found, SHARED) == {}
    assert window_of([found[SHARED]], AT_US).excluded == {}


def test_a_heavy_tenant_counts_for_two_fifths_of_a_shared_level() -> None:
    cells = {
        cell("a"): part(50, 3_000),
        cell("b"): part(30, 1_000),
        cell("c"): part(30, 1_000),
    }

    value, reason = told(minute_of(cells, AT_US, "abc"), SHARED)["US-CA"]
    assert reason == 0
    assert value == pytest.approx(log(0.4 * 3 + 0.6))


def test_tenants_that_do_not_share_are_in_their_own_series_alone() -> None:
    cells = {cell(name): part(40) for name in "abc"}
    quiet = {**cells, cell("secret", "US-NY"): part(400), cell("secret"): part(400, 5_000)}

    found = minute_of(quiet, AT_US, "abc")
    assert found.keys() == {
        SHARED,
        Series(vertical="retail"),
        *(Series(tenant_id=name) for name in ("a", "b", "c", "secret")),
    }
    alone = minute_of(cells, AT_US, "abc")
    for series in (SHARED, Series(vertical="retail"), Series(tenant_id="a")):
        assert told(found, series) == told(alone, series)


def test_verticals_are_shared_each_for_itself() -> None:
    cells = {
        **{cell(name, vertical="retail"): part(20, 1_000) for name in "abc"},
        **{cell(name, vertical="automotive"): part(20, 2_000) for name in "def"},
    }

    found = minute_of(cells, AT_US, "abcdef")
    assert told(found, Series(vertical="retail"))["US-CA"][0] == pytest.approx(log(1.0))
    assert told(found, Series(vertical="automotive"))["US-CA"][0] == pytest.approx(log(2.0))
    assert told(found, SHARED)["US-CA"][0] == pytest.approx(log(1.5))


def test_a_country_does_not_hold_its_parts_and_no_region_is_none() -> None:
    cells = {
        cell("shop", "DE"): part(30, 1_000),
        cell("shop", "DE-BY"): part(30, 2_000),
        cell("shop", ""): part(30, 4_000),
    }

    found = told(minute_of(cells, AT_US, ()), OWN)
    assert found == {"DE": (0.0, 0), "DE-BY": (log(2.0), 0)}


def test_where_nobody_moves_there_is_no_logarithm() -> None:
    value, reason = told(minute_of({cell("shop"): part(30, 0)}, AT_US, ()), OWN)["US-CA"]

    assert value is None
    assert reason == NoValueReason.STALE


def test_one_heavy_session_is_no_level() -> None:
    heavy = part(1, 1_000, 300) + part(25, 1_000, 100)

    found = told(minute_of({cell("shop"): heavy}, AT_US, ()), OWN)
    assert found["US-CA"] == (None, NoValueReason.CONCENTRATED)


async def test_a_minute_is_counted_once_however_often_it_is_asked_for(apart: Apart) -> None:
    async with await SQLiteDatabase.open(None) as database:
        works = Works(database, apart)
        works.cells = {cell("shop"): part(30, 1_000)}
        await works.runner.count(AT_US)
        works.cells = {cell("shop"): part(30, 2_000)}
        await works.runner.count(AT_US)

        (minute,) = await works.kept.minutes(OWN, 0, AT_US)
    assert minute.levels.tolist() == [0.0]
    assert (minute.at_us, minute.regions, minute.sessions.tolist()) == (AT_US, ("US-CA",), [30])


def row(number: int, **regions: int | float) -> Minute:
    """Return a minute in which an integer is a reason and a float a level."""
    values = list(regions.values())
    return Minute(
        at_us=at(number),
        regions=tuple(name.replace("_", "-") for name in regions),
        levels=np.array([v if isinstance(v, float) else np.nan for v in values]),
        sessions=np.array([60 if isinstance(v, float) else 10 for v in values], np.int32),
        reasons=np.array([0 if isinstance(v, float) else v for v in values], np.uint8),
    )


def test_each_region_that_is_left_out_has_its_reason() -> None:
    rows: list[Minute] = []
    for number in range(1, 101):
        regions: dict[str, int | float] = {"US_OK": float(number)}
        regions["US_TENANTS"] = 5 if number <= 11 else 1.0 * number
        regions["US_NINETY"] = 3 if number <= 10 else 1.0 * number
        regions["US_STALE"] = 3 if number <= 11 else 1.0 * number
        regions["US_FEW"] = 4 if number <= 11 else 1.0 * number
        if number > 11:
            regions["US_LATE"] = 1.0 * number
        rows.append(row(number, **regions))

    found = window_of(rows, at(100)).excluded
    assert found == {
        "US-TENANTS": "INSUFFICIENT_TENANTS",
        "US-STALE": "MISSING_MINUTES",
        "US-FEW": "INSUFFICIENT_SESSIONS",
        "US-LATE": "INSUFFICIENT_SESSIONS",
    }


def test_minutes_in_which_the_server_was_away_are_missing() -> None:
    rows = [row(number, US_CA=1.0 * number) for number in range(1, 101) if not 20 < number < 35]

    window = window_of(rows, at(100))
    assert window.minutes == 100
    assert window.excluded == {"US-CA": "MISSING_MINUTES"}


def test_of_too_many_regions_those_with_the_most_sessions_stay() -> None:
    names = [f"R{number:03}" for number in range(MOST_REGIONS + 5)]
    stream = np.arange(10.0)[:, None] * np.ones(len(names))
    rows = [
        Minute(
            at_us=one.at_us,
            regions=one.regions,
            levels=one.levels,
            sessions=np.arange(100, 100 + len(names), dtype=np.int32),
            reasons=one.reasons,
        )
        for one in minutes(stream, names)
    ]

    assert window_of(rows, at(10)).excluded == dict.fromkeys(names[:5], "TOO_MANY")


def test_names_that_are_hardly_ever_said_take_no_column() -> None:
    told = [f"X{number:03}" for number in range(300)]
    rows = [row(number, **{told[number % 300]: 0.1, "DE": 0.1 * number}) for number in range(1, 61)]

    window = window_of(rows, at(60))
    assert window.names == ("DE",)
    assert window.values.shape == window.sessions.shape == (60, 1)
    assert window.excluded == dict.fromkeys(told[1:61], "INSUFFICIENT_SESSIONS")
    assert (window.seen["X001"], window.fewest["X001"], window.seen["DE"]) == (60, 60, 3_600)


def test_a_window_of_weeks_has_no_more_columns_than_one_of_a_day() -> None:
    names = [f"R{number:03}" for number in range(MOST_REGIONS + 50)]
    rows = minutes(np.arange(10.0)[:, None] * np.ones(len(names)), names)

    assert window_of(rows, at(10), 28 * DAY, least=SEEN).values.shape == (10, MOST_REGIONS)


def test_a_window_holds_no_minute_before_or_after_it() -> None:
    stream = known(1, minutes=DAY)
    window = window_of(minutes(stream.values, stream.names), at(900), 600)

    assert (window.start_us, window.end_us, window.minutes) == (at(300), at(900), 600)
    assert np.array_equal(window.values, stream.values[300:900])
    assert window.minute[0] == 301


def test_a_minute_without_a_value_weighs_like_the_poorest_of_its_region() -> None:
    rows = [row(1, US_CA=1.0), row(2, US_CA=4), row(3, US_CA=2.0)]
    window = window_of(rows, at(3), least=0.5)

    assert steady(window).tolist() == [[60.0], [60.0], [60.0]]


async def test_a_region_that_does_not_move_is_left_out_as_constant(apart: Apart) -> None:
    stream = known(3)
    values = stream.values.copy()
    values[:, 0] = 0.5
    async with await SQLiteDatabase.open(None) as database:
        works = Works(database, apart)
        await works.keep(minutes(values, stream.names))
        await works.analyse(DAY)
        state = await works.kept.state(OWN)
    assert state is not None
    assert state.snapshot.excluded == ((stream.names[0], "CONSTANT"),)
    assert state.snapshot.status == "OK"
