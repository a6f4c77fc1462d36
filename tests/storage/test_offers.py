"""What the prompts of sessions were given, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp_server.storage.log import Writes
from eitp_server.storage.offers import OfferRow, Offers
from storage.values import OUTCOME

if TYPE_CHECKING:
    from eitp_server.storage.sqlite_database import SQLiteDatabase
    from eitp_server.storage.sqlite_log import SQLiteLog

SECOND = 1_000_000
HOUR = 3_600 * SECOND
AT_US = 1_700_000_000_000_000
LATER_US = AT_US + 2 * HOUR
OFFER = OfferRow(
    tenant_id="shop",
    session_id="session-1",
    pattern_id="pattern-1",
    version=1,
    given=True,
    withheld_probability=0.1,
    at_us=AT_US,
)


@pytest.fixture
def offers(database: SQLiteDatabase) -> Offers:
    """An empty table of offers."""
    return Offers(database, successes={1, 3}, window_us=HOUR)


async def test_what_a_session_was_offered_first_stands(offers: Offers) -> None:
    await offers.keep([OFFER])
    again = replace(OFFER, version=2, given=False, at_us=AT_US + 1)
    other = replace(again, pattern_id="pattern-2")

    assert await offers.keep([again, other]) == (OFFER, other)
    assert set(await offers.of_session("shop", "session-1")) == {OFFER, other}
    assert await offers.of_session("rival", "session-1") == ()
    assert await offers.withheld() == {("shop", "pattern-2"): 1}


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({}, True),
        ({"kind": 3}, True),
        ({"kind": 2}, False),
        ({"occurred_at_us": AT_US - 1}, False),
        ({"received_at_us": AT_US + HOUR}, True),
        ({"received_at_us": AT_US + HOUR + 1}, False),
        ({"session_id": "session-2"}, False),
        ({"tenant_id": "rival"}, False),
    ],
)
async def test_a_success_counts_when_it_is_heard_of_in_time(
    sqlite_log: SQLiteLog, offers: Offers, changed: dict[str, int | str], counts: bool
) -> None:
    outcome = replace(OUTCOME, occurred_at_us=AT_US, received_at_us=AT_US + 1)
    await sqlite_log.commit(1, b"", Writes(outcomes=[replace(outcome, **changed)]))
    await offers.keep([OFFER])

    (trial,) = await offers.matured("pattern-1", AT_US, LATER_US)
    assert (trial.row, trial.converted) == (OFFER, counts)


async def test_offers_mature_in_their_order(sqlite_log: SQLiteLog, offers: Offers) -> None:
    rows = [
        replace(OFFER, session_id=f"session-{number}", at_us=AT_US + at)
        for number, at in enumerate([3, 1, 2, 1])
    ]
    await offers.keep(rows)

    found = await offers.matured("pattern-1", AT_US + 2, LATER_US)
    assert [trial.row for trial in found] == [rows[2], rows[0]]
    all_of_them = await offers.matured("pattern-1", AT_US, LATER_US)
    assert [trial.row for trial in all_of_them] == [rows[1], rows[3], rows[2], rows[0]]
    assert await offers.matured("pattern-2", AT_US, LATER_US) == ()
    # Their window, and the time in which its last tick may still be committing.
    assert await offers.matured("pattern-1", AT_US, AT_US + HOUR) == ()
