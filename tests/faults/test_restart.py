"""Ten thousand live sessions outlive the process that held them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faults.crowd import Crowd
from faults.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.ordeal import Ordeal

SESSIONS = 10_000
LIVELY = 1_000
"""Sessions that go on sending until the end."""


@pytest.mark.timeout(300)
async def test_ten_thousand_sessions_go_on_where_they_were_when_the_server_was_killed(
    put_through: Callable[..., Ordeal],
) -> None:
    crowd = Crowd(browsing=SESSIONS - LIVELY, relayed=LIVELY)
    ordeal = put_through(settings={"EITP_SNAPSHOT_BATCHES": "5000"}, crowd=crowd)
    await ordeal.server.start()
    await crowd.arrive(ordeal.server)
    async with Line(ordeal.server) as line:
        await line.ingest_all(crowd.visits)
    await ordeal.server.kill()
    await ordeal.live_for(2.0, confirm=False)

    assert await ordeal.judge() == []
    assert ordeal.autopsy.snapshot_tick > 0, "the restart had no snapshot"
    assert ordeal.autopsy.replayed > 0, "the restart had nothing to replay"
    await ordeal.server.start()
    await crowd.confirm(ordeal.server)
    await crowd.arrive(ordeal.server)
    async with Line(ordeal.server) as line:
        await line.ingest_all(crowd.visits)


@pytest.mark.timeout(300)
async def test_a_session_that_is_missing_after_a_restart_is_noticed(
    put_through: Callable[..., Ordeal],
) -> None:
    ordeal = put_through(crowd=Crowd(browsing=2, relayed=0))
    await ordeal.server.start()
    await ordeal.crowd.arrive(ordeal.server)
    async with Line(ordeal.server) as line:
        await line.ingest_all(ordeal.crowd.visits)
        await line.close(ordeal.crowd.browsing[0])

    with pytest.raises(AssertionError, match="lost its place"):
        await ordeal.crowd.confirm(ordeal.server)
