"""Analyses of what spreads between regions survive restarts, faults and forgetting."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.errors import OutOfRange
from eitp_server.ingest.contagion import runner as contagion_runner
from eitp_server.ingest.contagion.reader import ContagionReader
from eitp_server.ingest.contagion.runner import KEPT_US
from eitp_server.ingest.feed import Gap
from eitp_server.storage import contagion as contagion_storage
from eitp_server.storage.contagion_value import Edge, KeptProfile, Series
from eitp_server.storage.sqlite_database import SQLiteDatabase
from ingest.regions import DAY, OWN, Works, at, known, minutes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eitp_server.apart import Apart
    from eitp_server.storage.contagion_value import Item

LATER = Series(tenant_id="shop", vertical="automotive")
"""Analysed after `OWN`."""


async def test_a_restart_in_the_middle_changes_nothing(tmp_path: Path, apart: Apart) -> None:
    stream = known(3, minutes=2 * DAY)
    rows = minutes(stream.values, stream.names)
    ends = (DAY, DAY + 700, 2 * DAY)

    async with await SQLiteDatabase.open(tmp_path / "whole") as database:
        works = Works(database, apart)
        await works.keep(rows)
        await works.analyse(*ends)
        whole = await works.kept.items(OWN, 0, 1000)
    parts: Sequence[Item] = ()
    for number, end in enumerate(ends):
        async with await SQLiteDatabase.open(tmp_path / "parts") as database:
            works = Works(database, apart)
            if not number:
                await works.keep(rows)
            # A restart finds the analysis of before done, and does not do it again.
            await works.analyse(*ends[max(number - 1, 0) : number], end)
            parts = await works.kept.items(OWN, 0, 1000)
    assert parts == whole
    assert any(isinstance(item.content, Edge) for item in whole)


async def test_an_analysis_that_was_missed_is_made_at_the_start(works: Works) -> None:
    stream = known(3)
    await works.keep(minutes(stream.values, stream.names))
    works.now_us = at(DAY + 3)
    running = asyncio.ensure_future(works.runner.run())
    async with asyncio.timeout(20):
        while not works.feed.last:  # noqa: ASYNC110 (nobody is told of an analysis but readers)
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    state = await works.kept.state(OWN)
    assert state is not None
    assert state.snapshot.basis.end_us == at(DAY)
    assert {edge.pair for edge in state.edges} == stream.pairs


async def test_what_was_stored_when_the_work_was_cancelled_is_published_afterwards(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    await works.keep(minutes(known(3).values[:20, :1], ["DE"]))
    await works.analyse(5)
    keep = works.kept.keep_analysis

    async def cancelled(*done: Any, **how: Any) -> list[Item]:
        await keep(*done, **how)
        raise asyncio.CancelledError

    monkeypatch.setattr(works.kept, "keep_analysis", cancelled)
    with pytest.raises(asyncio.CancelledError):
        await works.analyse(10)
    monkeypatch.setattr(works.kept, "keep_analysis", keep)
    assert works.feed.last == 1
    await works.analyse(10)
    assert works.feed.last == 2
    await works.analyse(15)

    told: list[int] = []
    reader = ContagionReader(works.kept, OWN)
    async with aclosing(works.feed.follow_as(reader, 1)) as followed, asyncio.timeout(5):
        while len(told) < 2:
            item = await anext(followed)
            assert not isinstance(item, Gap)
            told.append(item.number)
    assert told == [2, 3]


async def test_one_minute_that_fails_ends_neither_the_counting_nor_the_analyses(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []

    async def count(at_us: int) -> None:
        counted.append(at_us)
        works.now_us += 60_000_000
        if len(counted) == 1:
            raise RuntimeError("a fault of ours")

    monkeypatch.setattr(works.runner, "count", count)
    monkeypatch.setattr(contagion_runner, "_LOOK_SECONDS", 0.001)
    works.now_us = at(1) - 1
    running = asyncio.ensure_future(works.runner.run())
    await asyncio.sleep(0.01)
    works.now_us = at(1)
    async with asyncio.timeout(5):
        while len(counted) < 3:  # noqa: ASYNC110 (nobody is told of a minute)
            await asyncio.sleep(0.01)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_estimator_of_another_version_begins_anew(works: Works) -> None:
    stream = known(3)
    await works.keep(minutes(stream.values, stream.names))
    await works.analyse(DAY)
    works.kept.estimator_version = "another/1"
    await works.analyse(DAY + 5)

    assert await works.kept.state(OWN) is None
    assert await works.kept.series(at(0)) == []


async def test_series_are_told_apart(works: Works) -> None:
    stream, calm = known(3), known(4, edges=0)
    shared = Series(vertical="automotive")
    await works.keep(minutes(stream.values, stream.names), shared)
    await works.keep(minutes(calm.values, calm.names))
    await works.analyse(DAY)

    assert {edge.pair for edge in await works.told(shared)} == stream.pairs
    assert await works.told(OWN) == []
    assert await works.kept.items(Series(tenant_id="rival"), 0, 100) == []
    assert await works.kept.items(Series(), 0, 100) == []


async def test_what_is_forgotten_leaves_the_last_of_each_edge(works: Works) -> None:
    stream = known(3, minutes=2 * DAY)
    await works.keep(minutes(stream.values, stream.names))
    await works.analyse(DAY, DAY + 700, 2 * DAY)
    before = await works.kept.items(OWN, 0, 1000)
    await works.kept.forget(at(2 * DAY + 5), at(2 * DAY))

    after = await works.kept.items(OWN, 0, 1000)
    assert [item.number for item in after] == [
        item.number for item in await works.kept.newest(OWN, 10**9)
    ]
    assert 0 < len(after) < len(before)
    assert await works.kept.minutes(OWN, 0, at(3 * DAY)) == []
    assert await works.kept.window_before(OWN, at(2 * DAY)) is not None
    assert await works.kept.window_before(OWN, at(2 * DAY) - 1) is None


async def test_what_is_old_is_forgotten_in_steps_between_which_others_write(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contagion_storage, "FORGOTTEN_AT_ONCE", 10)
    quiet = np.full((200, 1), 0.5)
    for series in (OWN, Series(tenant_id="rival")):
        await works.keep(minutes(quiet, ["DE"]), series)
    await works.analyse(*range(5, 201, 5))
    jobs: list[Any] = []
    write = works.database.write

    async def counted(job: Any) -> Any:
        jobs.append(job)
        return await write(job)

    monkeypatch.setattr(works.database, "write", counted)
    await works.kept.forget(at(196), at(196))
    # 195 minutes of each series at ten minutes a step, and 78 snapshots at ten a step.
    assert len(jobs) == 2 * 20 + 8
    assert [one.at_us for one in await works.kept.minutes(OWN, 0, at(200))] == [
        at(minute) for minute in range(196, 201)
    ]
    assert [item.number for item in await works.kept.items(OWN, 0, 100)] == [80]
    with pytest.raises(OutOfRange) as refused:
        await works.kept.items(OWN, 40, 100)
    assert refused.value.metadata["oldest"] == "79"


async def test_a_day_is_tidied_without_a_profile_while_there_are_fewer_than_28_days(
    works: Works,
) -> None:
    stream = known(3)
    await works.keep(minutes(stream.values, stream.names))
    await works.runner.tidy(at(DAY))

    assert await works.kept.profile(OWN) is None
    assert len(await works.kept.minutes(OWN, 0, at(DAY))) == DAY
    assert KEPT_US > 28 * DAY * 60_000_000


async def test_28_days_make_a_profile_of_the_week_that_is_taken_out(works: Works) -> None:
    stream, days = known(3, regions=3, edges=1), 29
    week = np.arange(1, days * DAY + 1)
    rush = 4 * np.cos(2 * np.pi * week / (7 * DAY))[:, None]
    noise = np.tile(stream.values, (days, 1)) + rush
    await works.keep(minutes(noise, stream.names))
    await works.runner.tidy(at(28 * DAY))
    await works.analyse(days * DAY)

    profile = await works.kept.profile(OWN)
    state = await works.kept.state(OWN)
    assert profile is not None
    assert state is not None
    assert profile.day_us == at(28 * DAY)
    assert state.snapshot.basis.seasonal_profile_id == "week-2026-03-30"
    for weights in profile.weights.values():
        assert weights[1] == pytest.approx(4, abs=0.2)


async def test_what_is_stored_is_json_without_infinities(works: Works) -> None:
    stream = known(3)
    await works.keep(minutes(stream.values, stream.names))
    await works.analyse(DAY)

    for item in await works.kept.items(OWN, 0, 100):
        assert json.dumps(asdict(item.content), allow_nan=False)


async def test_an_analysis_that_fails_leaves_the_next_series_whole(works: Works) -> None:
    stream = known(3)
    for series in (OWN, LATER):
        await works.keep(minutes(stream.values, stream.names), series)
    spoilt = KeptProfile(day_us=at(0), weights={"US-00": [1.0]})
    await works.kept.keep_profile(OWN, spoilt)
    await works.analyse(DAY)

    assert await works.kept.state(OWN) is None
    assert {edge.pair for edge in await works.told(LATER)} == stream.pairs


async def test_an_analysis_that_ends_its_process_leaves_the_next_series_whole(
    works: Works, apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = known(3)
    for series in (OWN, LATER):
        await works.keep(minutes(stream.values, stream.names), series)
    run: Any = apart.run
    fatal: Any = iter([(os._exit, 1)])

    async def broken_at_first(*call: Any) -> Any:
        return await run(*next(fatal, call))

    monkeypatch.setattr(apart, "run", broken_at_first)
    await works.analyse(DAY)

    assert await works.kept.state(OWN) is None
    assert {edge.pair for edge in await works.told(LATER)} == stream.pairs
