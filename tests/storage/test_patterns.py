"""The table of proven patterns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp_server.storage.patterns import SHARED, PatternFilter, PatternRow, Patterns

if TYPE_CHECKING:
    from eitp_server.storage.sqlite_database import SQLiteDatabase

PROMOTED, CONFIRMED, DEMOTED = 1, 2, 3
PATTERN = PatternRow(
    tenant_id="shop",
    pattern_id="pattern-1",
    version=1,
    status=PROMOTED,
    vertical="automotive",
    label=8,
    page_section=None,
    definition_id="help",
    kind=5,
    units=10_500,
    lift=0.012,
    lower_bound=0.002,
    fresh_lift=None,
    fresh_lower_bound=None,
    promoted_at_us=100,
    expires_at_us=900,
    document='{"patternId":"pattern-1"}',
)


@pytest.fixture
def patterns(database: SQLiteDatabase) -> Patterns:
    """An empty table of patterns."""
    return Patterns(database)


async def test_the_newest_version_of_a_pattern_is_the_one_shown(patterns: Patterns) -> None:
    confirmed = replace(PATTERN, version=2, status=CONFIRMED, fresh_lift=0.01)
    await patterns.keep([PATTERN])
    await patterns.keep([confirmed])

    assert await patterns.get("shop", "pattern-1") == confirmed
    assert (await patterns.page("shop", 10)).items == (confirmed,)


async def test_a_version_can_be_written_again(patterns: Patterns) -> None:
    await patterns.keep([PATTERN])
    await patterns.keep([replace(PATTERN, status=DEMOTED)])

    assert (await patterns.page("shop", 10)).items == (replace(PATTERN, status=DEMOTED),)


async def test_a_tenant_sees_its_own_patterns_and_the_shared_ones(patterns: Patterns) -> None:
    shared = replace(PATTERN, tenant_id=SHARED, pattern_id="pattern-2", promoted_at_us=200)
    rival = replace(PATTERN, tenant_id="rival", pattern_id="pattern-3")
    await patterns.keep([PATTERN, shared, rival])

    assert (await patterns.page("shop", 10)).items == (shared, PATTERN)
    assert await patterns.get("shop", "pattern-2") == shared
    assert await patterns.get("shop", "pattern-3") is None


async def test_the_shared_ones_are_for_those_that_may_read_them(patterns: Patterns) -> None:
    shared = replace(PATTERN, tenant_id=SHARED, pattern_id="pattern-2")
    await patterns.keep([PATTERN, shared])

    own, common = PatternFilter(shared=False), PatternFilter(own=False)
    assert (await patterns.page("shop", 10, wanted=own)).items == (PATTERN,)
    assert (await patterns.page("shop", 10, wanted=common)).items == (shared,)
    assert (
        await patterns.page("shop", 10, wanted=PatternFilter(own=False, shared=False))
    ).items == ()
    assert await patterns.get("shop", "pattern-2", shared=False) is None
    assert await patterns.newest("shop") == (PATTERN,)
    assert await patterns.newest(SHARED) == (shared,)


async def test_patterns_are_paged_newest_promotion_first_and_by_name(patterns: Patterns) -> None:
    rows = [
        replace(PATTERN, pattern_id=f"pattern-{number}", promoted_at_us=at)
        for number, at in enumerate([1, 3, 3, 2, 3])
    ]
    await patterns.keep(rows)

    expected = (rows[1], rows[2], rows[4], rows[3], rows[0])
    for size in range(1, 6):
        found: list[PatternRow] = []
        page = await patterns.page("shop", size)
        while found.extend(page.items) or page.next:
            page = await patterns.page("shop", size, after=page.next)
        assert tuple(found) == expected


async def test_patterns_can_be_those_of_a_status_as_it_is_now(patterns: Patterns) -> None:
    await patterns.keep([PATTERN, replace(PATTERN, version=2, status=DEMOTED)])
    live, gone = PatternFilter(statuses=[PROMOTED, CONFIRMED]), PatternFilter(statuses=[DEMOTED])

    assert (await patterns.page("shop", 10, wanted=live)).items == ()
    assert len((await patterns.page("shop", 10, wanted=gone)).items) == 1
    assert await patterns.with_status([PROMOTED, CONFIRMED]) == ()
    assert len(await patterns.with_status([DEMOTED])) == 1


NODES = {
    "all": (None, None, None),
    "automotive": ("automotive", None, None),
    "automotive/frustration": ("automotive", 8, None),
    "automotive/frustration/financing": ("automotive", 8, 8),
    "retail/frustration": ("retail", 8, None),
}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (PatternFilter(), set(NODES)),
        (PatternFilter(vertical="retail"), {"all", "retail/frustration"}),
        (PatternFilter(vertical="retail", label=4), {"all"}),
        (PatternFilter(label=8), set(NODES)),
        (PatternFilter(label=4), {"all", "automotive"}),
        (
            PatternFilter(page_section=7),
            {"all", "automotive", "automotive/frustration", "retail/frustration"},
        ),
        (
            PatternFilter(vertical="automotive", label=8, page_section=8),
            set(NODES) - {"retail/frustration"},
        ),
        (PatternFilter(in_use_at_us=900), set[str]()),
        (PatternFilter(in_use_at_us=899, kind=5, definition_id="help"), set(NODES)),
        (PatternFilter(kind=4), set[str]()),
        (PatternFilter(definition_id="hel"), set[str]()),
    ],
)
async def test_what_holds_in_a_place_includes_what_it_inherits(
    patterns: Patterns, wanted: PatternFilter, found: set[str]
) -> None:
    await patterns.keep(
        [
            replace(PATTERN, pattern_id=name, vertical=vertical, label=label, page_section=section)
            for name, (vertical, label, section) in NODES.items()
        ]
    )

    page = await patterns.page("shop", 10, wanted=wanted)
    assert {row.pattern_id for row in page.items} == found
