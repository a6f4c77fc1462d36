"""Edges between regions are found, confirmed, ended and told as they are known to be."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.storage.contagion_value import Edge, Snapshot
from ingest.regions import DAY, OWN, at, known, minutes

if TYPE_CHECKING:
    from ingest.regions import Works


async def test_edges_that_are_there_are_found_and_told_before_their_snapshot(works: Works) -> None:
    stream = known(3)
    await works.keep(minutes(stream.values, stream.names))
    await works.analyse(DAY)

    state = await works.kept.state(OWN)
    assert state is not None
    assert {edge.pair for edge in state.edges} == stream.pairs
    assert state.snapshot.status == "OK"
    assert state.snapshot.tests == 132
    assert [name for name, _, _ in state.snapshot.regions] == list(stream.names)
    items = await works.kept.items(OWN, 0, 100)
    assert [item.number for item in items] == list(range(1, 7))
    assert {item.content.pair for item in items[:-1] if isinstance(item.content, Edge)} == (
        stream.pairs
    )
    assert items[-1].content == state.snapshot
    assert works.feed.last == 6


async def test_an_edge_carries_its_window_its_sessions_and_its_direction(works: Works) -> None:
    stream = known(3, opposite=1.0)
    await works.keep(minutes(stream.values, stream.names, sessions=321))
    await works.analyse(DAY)

    for edge in await works.told():
        assert (edge.basis.start_us, edge.basis.end_us) == (at(0), at(DAY))
        assert edge.min_sessions == 321
        assert edge.sign == -1
        assert 1 <= edge.lag_minutes <= 10
        assert edge.q_value is not None
        assert edge.q_value < 0.05
        assert edge.first_seen_us == at(DAY)
        assert 0.02 < edge.strength < 0.5


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_where_nothing_spreads_a_common_shock_and_a_daily_cycle_make_no_edge(
    works: Works, seed: int
) -> None:
    stream = known(seed, edges=0)
    await works.keep(minutes(stream.values, stream.names))
    await works.analyse(DAY)

    state = await works.kept.state(OWN)
    assert state is not None
    assert state.snapshot.status == "OK"
    assert not state.edges


async def test_an_edge_is_a_candidate_at_first_and_confirmed_in_a_second_window_apart(
    works: Works,
) -> None:
    stream = known(3, minutes=2 * DAY)
    await works.keep(minutes(stream.values, stream.names))
    await works.analyse(DAY, 2 * DAY - 5, 2 * DAY)

    statuses: dict[int, set[str]] = {}
    for edge in await works.told():
        if edge.pair in stream.pairs:
            statuses.setdefault((edge.basis.end_us - at(0)) // 60_000_000, set()).add(edge.status)
    assert statuses[DAY] == {"CANDIDATE"}
    assert statuses[2 * DAY] == {"CONFIRMED"}
    assert statuses.get(2 * DAY - 5, {"CANDIDATE"}) == {"CANDIDATE"}
    state = await works.kept.state(OWN)
    assert state is not None
    assert {edge.first_seen_us for edge in state.edges if edge.pair in stream.pairs} == {at(DAY)}


async def test_an_edge_that_holds_no_more_is_told_once_without_figures(works: Works) -> None:
    stream, calm = known(3), known(4, edges=0)
    await works.keep(minutes(stream.values, stream.names))
    await works.keep(minutes(calm.values, calm.names, DAY + 1))
    await works.analyse(DAY, 2 * DAY, 2 * DAY + 5)

    ended = [edge for edge in await works.told() if edge.status == "ENDED"]
    assert {edge.pair for edge in ended} == stream.pairs
    assert len(ended) == len(stream.pairs)
    for edge in ended:
        assert (edge.f_statistic, edge.p_value, edge.q_value) == (None, None, None)
        assert (edge.strength, edge.lag_minutes, edge.sign) == (0, 0, 0)
        assert edge.first_seen_us == at(DAY)
    assert await works.kept.window_before(OWN, at(2 * DAY)) == (at(2 * DAY), frozenset())


@pytest.mark.parametrize("quiet", [True, False])
async def test_edges_end_when_there_was_no_analysis_for_as_long_as_a_window(
    works: Works, quiet: bool
) -> None:
    stream = known(3)
    await works.keep(minutes(stream.values, stream.names))
    if not quiet:
        await works.keep(minutes(np.full((2 * DAY, 1), 0.5), ["US-00"], DAY + 1))
    await works.analyse(DAY, 2 * DAY - 5)
    assert "ENDED" not in {edge.status for edge in await works.told()}
    await works.analyse(2 * DAY, 2 * DAY + 5)

    ended = [edge for edge in await works.told() if edge.status == "ENDED"]
    assert {edge.pair for edge in ended} == stream.pairs
    assert len(ended) == len(stream.pairs)
    state = await works.kept.state(OWN)
    assert state is not None
    assert not state.edges
    assert await works.kept.series_with_edges() == []


async def test_edges_that_ended_without_an_analysis_are_not_ended_again(works: Works) -> None:
    stream, calm = known(3), known(4, edges=0)
    await works.keep(minutes(stream.values, stream.names))
    await works.keep(minutes(calm.values, calm.names, 3 * DAY + 1))
    await works.analyse(DAY, 2 * DAY + 5, 4 * DAY)

    statuses = [edge.status for edge in await works.told()]
    assert statuses.count("ENDED") == len(stream.pairs)


async def test_edges_are_told_again_after_a_time_without_an_analysis(works: Works) -> None:
    stream = known(3, minutes=DAY + 10)
    rows = minutes(stream.values, stream.names)
    await works.keep(rows)
    await works.analyse(DAY)
    # An analysis that could not be made, as among too few regions.
    state = await works.kept.state(OWN)
    assert state is not None
    basis = replace(state.snapshot.basis, end_us=at(DAY + 5))
    none = replace(state.snapshot, status="INSUFFICIENT", totals=None, regions=(), basis=basis)
    await works.kept.keep_analysis(OWN, replace(state, snapshot=none), (), made=False)
    await works.analyse(DAY + 10)

    told = [edge.pair for edge in await works.told()]
    holding = {edge.pair for edge in state.edges}
    assert all(told.count(pair) == 2 for pair in holding)


async def test_among_fewer_than_ten_regions_everything_is_exploratory(works: Works) -> None:
    stream = known(5, regions=6, edges=3)
    await works.keep(minutes(stream.values, stream.names))
    await works.analyse(DAY)

    state = await works.kept.state(OWN)
    assert state is not None
    assert state.snapshot.status == "EXPLORATORY"
    assert {edge.status for edge in state.edges} == {"EXPLORATORY"}
    assert stream.pairs <= {edge.pair for edge in state.edges}


@pytest.mark.parametrize(("regions", "rows"), [(1, DAY), (12, 239)])
async def test_too_few_regions_or_minutes_make_no_analysis(
    works: Works, regions: int, rows: int
) -> None:
    stream = known(3)
    await works.keep(minutes(stream.values[:rows, :regions], stream.names[:regions]))
    await works.analyse(rows)

    state = await works.kept.state(OWN)
    assert state is not None
    assert state.snapshot.status == "INSUFFICIENT"
    assert state.snapshot.totals is None
    assert not state.edges


async def test_a_window_grows_from_the_first_minute(works: Works) -> None:
    stream = known(3, size=0.4)
    await works.keep(minutes(stream.values[:600], stream.names))
    await works.analyse(600)

    state = await works.kept.state(OWN)
    assert state is not None
    assert state.snapshot.status == "OK"
    assert state.snapshot.basis.start_us == at(0)
    assert state.snapshot.basis.observations == 597
    assert len({edge.pair for edge in state.edges} & stream.pairs) >= 4


async def test_what_holds_is_not_told_again_while_it_hardly_moves(works: Works) -> None:
    stream = known(3, minutes=DAY + 20)
    await works.keep(minutes(stream.values, stream.names))
    await works.analyse(*range(DAY, DAY + 21, 5))

    told: dict[tuple[str, str], list[Edge]] = {}
    for edge in await works.told():
        told.setdefault(edge.pair, []).append(edge)
    assert any(len(course) == 1 for course in told.values())
    for course in told.values():
        for before, after in pairwise(course):
            assert (before.status, before.lag_minutes) != (
                after.status,
                after.lag_minutes,
            ) or abs(before.strength - after.strength) >= 0.02
    items = await works.kept.items(OWN, 0, 1000)
    assert sum(isinstance(item.content, Snapshot) for item in items) == 5


async def test_an_edge_that_grew_stronger_is_told_again(works: Works) -> None:
    weak, strong = known(3, size=0.25), known(3, size=0.5)
    await works.keep(minutes(weak.values, weak.names))
    await works.keep(minutes(strong.values, strong.names, DAY + 1))
    await works.analyse(DAY, 2 * DAY)

    told = await works.told()
    strengths = [[e.strength for e in told if e.pair == pair] for pair in sorted(weak.pairs)]
    assert all(len(course) == 2 and course[1] > course[0] + 0.02 for course in strengths)
