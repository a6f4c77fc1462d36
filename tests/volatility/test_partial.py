"""Sums that merge to the same bits, however sessions are split and merged."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.volatility.cell import Cell, CellCodes, by_tenant, cell_keys
from eitp_server.volatility.level import level
from eitp_server.volatility.partial import Partial, Partials, merged
from hypothesis import given
from hypothesis import strategies as st
from volatility.sessions import AT_US, counted, partial

if TYPE_CHECKING:
    from collections.abc import Sequence

GOLDEN = {
    "n": "sessions",
    "Sw": "weight",
    "Sww": "squared_weight",
    "Swv": "weighted",
    "Swwv": "squared_weight_weighted",
    "Swwvv": "squared_weighted",
    "wmax": "largest_weight",
}
HEAVIEST = (200, 5000)
_PAIRS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 5000)), max_size=30)


def by_hand(pairs: Sequence[tuple[int, int]]) -> Partial:
    own = [(w, v) for w, v in pairs if w]
    return Partial(
        sessions=len(own),
        weight=sum(w for w, _ in own),
        squared_weight=sum(w * w for w, _ in own),
        weighted=sum(w * v for w, v in own),
        squared_weight_weighted=sum(w * w * v for w, v in own),
        squared_weighted=sum(w * w * v * v for w, v in own),
        volatility=sum(v for _, v in own),
        largest_weight=max((w for w, _ in own), default=0),
        newest_us=AT_US if pairs else Partial().newest_us,
    )


def golden_sums(part: Partial) -> dict[str, int]:
    return {symbol: getattr(part, name) for symbol, name in GOLDEN.items()}


def test_the_golden_partial_is_exact_and_so_are_its_shards(vectors: dict[str, Any]) -> None:
    golden = vectors["E2_cross_section"]
    pairs = [(w, v) for w, v in golden["pairs_exact"]]
    assert golden_sums(partial(pairs)) == golden["partial_exact"]
    shards = [partial(pairs[:3]), partial(pairs[3:4]), partial(pairs[4:])]
    assert [golden_sums(part) for part in shards] == golden["shards"]
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)):
        assert merged(shards[place] for place in order) == partial(pairs)


@given(_PAIRS, st.data())
def test_any_split_and_any_order_of_merging_gives_the_same_bits(
    pairs: list[tuple[int, int]], data: st.DataObject
) -> None:
    pairs = [(w, v if w else 0) for w, v in pairs]
    whole = by_hand(pairs)
    assert partial(pairs) == whole
    dealt = data.draw(st.permutations(pairs))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(pairs)), max_size=5)))
    edges = [0, *cuts, len(pairs)]
    shards = [partial(dealt[a:b]) for a, b in pairwise(edges)]
    shards = data.draw(st.permutations(shards))
    assert reduce(lambda a, b: a + b, shards) == whole
    assert level(merged(shards)) == level(whole)


def test_floating_point_sums_would_not_give_the_same_bits() -> None:
    rng = np.random.default_rng(1)
    values = rng.random(1000)
    parts = [float(np.cumsum(part)[-1]) for part in np.split(values, [137, 501])]
    assert sum(parts) != sum(reversed(parts)) or sum(parts) != float(np.cumsum(values)[-1])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 200), st.integers(0, 5000))))
def test_grouping_gives_each_key_what_its_sessions_have(rows: list[tuple[int, int, int]]) -> None:
    keys = np.array([key for key, _, _ in rows], np.int64)
    table = Partials.of_sessions(keys, counted([(w, v) for _, w, v in rows]))
    assert table.key.tolist() == sorted(set(keys.tolist()))
    for key, part in table.by_key().items():
        assert part == by_hand([(w, v) for k, w, v in rows if k == key])
    if rows:
        everything = table.rekeyed(np.zeros(len(table.key), np.int64)).by_key()[0]
        assert everything == by_hand([(w, v) for _, w, v in rows])


def test_sixty_four_bits_hold_nine_million_of_the_heaviest_sessions() -> None:
    one = Partials.of_sessions(np.zeros(1, np.int64), counted([HEAVIEST]))
    many = 9_200_000
    largest = int(one.sums.max()) * many
    assert largest < 2**63
    assert int((one.sums * many).max()) == largest
    assert merged([partial([HEAVIEST])] * 3).squared_weighted == 3 * 200**2 * 5000**2


def test_cells_come_back_by_name() -> None:
    codes = CellCodes()
    cars = codes.code("acme", "automotive", "DE")
    shoes = codes.code("acme", "fashion", "DE")
    assert codes.code("acme", "automotive", "DE") == cars != shoes
    assert len(codes) == 2
    keys = cell_keys(np.array([cars, shoes, cars]), np.array([8, 0, 8], np.uint8))
    table = Partials.of_sessions(keys, counted([(10, 1000), (20, 2000), (30, 3000)]))
    found = {codes.cell(key): part.sessions for key, part in table.by_key().items()}
    assert found == {
        Cell(tenant_id="acme", vertical="automotive", region="DE", page_section=8): 2,
        Cell(tenant_id="acme", vertical="fashion", region="DE"): 1,
    }


@pytest.mark.parametrize(
    ("asked", "sessions"),
    [
        ({}, {"acme": 6, "best": 4}),
        ({"tenant_ids": ["acme"]}, {"acme": 6}),
        ({"vertical": "fashion"}, {"acme": 2, "best": 4}),
        ({"region": "DE"}, {"acme": 3}),
        ({"region": "DE-BY"}, {"acme": 2}),
        ({"region": "D"}, {}),
        ({"page_section": 8}, {"acme": 1}),
        ({"vertical": "fashion", "region": "US"}, {"best": 4}),
    ],
)
def test_a_feed_counts_the_cells_that_it_asks_for(
    asked: dict[str, Any], sessions: dict[str, int]
) -> None:
    cells = {
        Cell(tenant_id="acme", vertical="automotive", region="DE", page_section=8): 1,
        Cell(tenant_id="acme", vertical="fashion", region="DE-BY"): 2,
        Cell(tenant_id="acme", region="DEX"): 3,
        Cell(tenant_id="best", vertical="fashion", region="US"): 4,
    }
    partials = {cell: partial([(100, 1000)] * number) for cell, number in cells.items()}
    found = by_tenant(partials, **asked)
    assert {name: part.sessions for name, part in found.items()} == sessions


def test_nobody_makes_no_cells() -> None:
    table = Partials.of_sessions(np.zeros(0, np.int64), counted([]))
    assert table.by_key() == {}
    assert merged([]) == Partial()
    assert level(Partial()) is None


def test_a_session_that_does_not_count_is_still_heard() -> None:
    part = partial([(0, 0)])
    assert part == Partial(newest_us=AT_US)


@pytest.mark.parametrize("section", [200, 64])
def test_an_unheard_of_section_stays_within_its_tenant(section: int) -> None:
    codes = CellCodes()
    codes.code("one")
    other = codes.code("two")
    key = int(cell_keys(np.array([other]), np.array([section]))[0])
    assert codes.cell(key).tenant_id == "two"
