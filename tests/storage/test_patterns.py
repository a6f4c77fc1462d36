"""The table of proven patterns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp_server.storage.patterns import SHARED, PatternRow, Patterns

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


async def test_patterns_are_paged_newest_promotion_first(patterns: Patterns) -> None:
    rows = [
        replace(PATTERN, pattern_id=f"pattern-{number}", promoted_at_us=at)
        for number, at in enumerate([1, 3, 3, 2])
    ]
    await patterns.keep(rows)

    first = await patterns.page("shop", 3)
    assert first.items == (rows[2], rows[1], rows[3])
    assert (await patterns.page("shop", 3, after=first.next)).items == (rows[0],)


async def test_patterns_can_be_those_of_a_status_as_it_is_now(patterns: Patterns) -> None:
    await patterns.keep([PATTERN, replace(PATTERN, version=2, status=DEMOTED)])

    assert (await patterns.page("shop", 10, statuses=[PROMOTED, CONFIRMED])).items == ()
    assert len((await patterns.page("shop", 10, statuses=[DEMOTED])).items) == 1
