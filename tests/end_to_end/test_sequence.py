"""Batches that come twice, late, too early or never, and clocks that jump."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import grpc
import pytest
from eitp.v1.emotion_service_pb2 import GetStateRequest
from eitp.v1.telemetry_service_pb2 import IngestRequest
from end_to_end.live import BOTH, refusal, until
from end_to_end.shopper import brief, calm, ingest, visit, visits
from transport.wire import info, retry_seconds

if TYPE_CHECKING:
    from eitp.v1.telemetry_pb2 import SessionProgress
    from eitp.v1.telemetry_service_pb2 import IngestResponse
    from eitp_server.app import Server
    from end_to_end.live import Live, Premises, Transport
    from end_to_end.shopper import Visit

    Shared = tuple[Premises, Server]

DAY_MS = 86_400_000


def standing(progress: SessionProgress) -> tuple[int, int, int]:
    return progress.acknowledged_sequence, progress.waiting, progress.lost


async def sent(
    live: Live, shopper: Visit, *sequences: int, by: Transport = "grpc"
) -> tuple[int, int, int]:
    """Send the batches and return (acknowledged, waiting, lost)."""
    answer = await ingest(live, shopper.token, *map(brief, sequences), by=by)
    return standing(answer.progress[0])


@pytest.mark.parametrize("by", BOTH)
async def test_a_batch_that_comes_twice_counts_once(live: Live, by: Transport) -> None:
    shopper = await visit(live)
    first = await ingest(live, shopper.token, calm(1), by=by, include_packets=True)
    again = await ingest(live, shopper.token, calm(1), by=by, include_packets=True)
    assert (first.applied, first.duplicates) == (1, 0)
    assert (again.applied, again.duplicates) == (0, 1)
    assert again.packets[0].window_end_ms == first.packets[0].window_end_ms
    assert standing(again.progress[0]) == (1, 0, 0)


async def test_a_batch_counts_once_whichever_way_it_comes(live: Live) -> None:
    shopper = await visit(live)
    by_page = await ingest(live, shopper.token, brief(1, shopper.session_id))
    by_relay = await ingest(live, live.shop.secret, brief(1, shopper.session_id), by="json")
    assert by_page.applied == 1
    assert by_relay.duplicates == 1


async def test_a_sequence_is_not_used_for_other_content(live: Live) -> None:
    shopper, neighbour = await visits(live, 2)
    await ingest(live, shopper.token, brief(1), brief(2))
    other = brief(1, dx=[9, 9, 9])
    status = await refusal(live, IngestRequest(batches=[other]), shopper.token)
    assert status.code == grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert info(status).reason == "SEQUENCE_CONFLICT"
    assert retry_seconds(status) is None
    other.session_id = shopper.session_id
    answer = await ingest(live, live.shop.secret, other, brief(1, neighbour.session_id))
    assert [r.field for r in answer.rejections] == ["batches[0].sequence"]
    assert answer.applied == 1
    assert await sent(live, shopper, 3) == (3, 0, 0)


@pytest.mark.parametrize("by", BOTH)
async def test_a_batch_that_comes_too_early_waits_for_the_missing_one(
    live: Live, by: Transport
) -> None:
    shopper = await visit(live)
    assert await sent(live, shopper, 1, by=by) == (1, 0, 0)
    assert await sent(live, shopper, 3, by=by) == (1, 1, 0)
    assert await sent(live, shopper, 4, 3, by=by) == (1, 2, 0)
    assert await sent(live, shopper, 2, by=by) == (4, 0, 0)


async def test_batches_of_one_request_may_come_in_any_order(live: Live) -> None:
    shopper = await visit(live)
    assert await sent(live, shopper, 3, 1, 2, 5, 4) == (5, 0, 0)


async def test_what_is_missing_is_given_up_after_two_seconds(live: Live) -> None:
    shopper = await visit(live)
    await sent(live, shopper, 1)
    begun = monotonic()
    assert await sent(live, shopper, 4) == (1, 1, 0)

    async def given_up() -> bool:
        return await sent(live, shopper, 4) == (4, 0, 2)

    await until(given_up)
    assert 2.0 <= monotonic() - begun < 4.0
    late = IngestRequest(batches=[brief(2), brief(3, dx=[7, 7, 7])])
    status = await refusal(live, late, shopper.token)
    assert status.code == grpc.StatusCode.OUT_OF_RANGE.value[0]
    assert info(status).reason == "SEQUENCE_TOO_LATE"
    assert await sent(live, shopper, 5) == (5, 0, 2)


async def test_what_is_missing_is_given_up_when_too_many_wait(live: Live) -> None:
    shopper = await visit(live)
    assert await sent(live, shopper, *range(2, 10)) == (0, 8, 0)
    assert await sent(live, shopper, 10) == (10, 0, 1)


async def test_a_sequence_far_ahead_is_out_of_range(live: Live) -> None:
    shopper = await visit(live)
    status = await refusal(live, IngestRequest(batches=[brief(1_000_000)]), shopper.token)
    assert status.code == grpc.StatusCode.OUT_OF_RANGE.value[0]
    assert info(status).reason == "SEQUENCE_TOO_FAR_AHEAD"
    assert await sent(live, shopper, 1) == (1, 0, 0)


async def test_a_gap_of_one_session_holds_up_no_other(live: Live) -> None:
    gapped, whole = await visits(live, 2)
    answer: IngestResponse = await ingest(
        live,
        live.shop.secret,
        brief(2, gapped.session_id),
        brief(1, whole.session_id),
        brief(2, whole.session_id),
    )
    assert [standing(p) for p in answer.progress] == [(0, 1, 0), (2, 0, 0)]


@pytest.mark.parametrize("by", BOTH)
async def test_a_clock_that_jumps_is_repaired_and_counted(
    live: Live, shared_server: Shared, by: Transport
) -> None:
    _, server = shared_server
    shopper = await visit(live, by=by)
    clocks = (5 * DAY_MS, 5 * DAY_MS + 6000, 4 * DAY_MS, 9 * DAY_MS, 0, 2**53 - 1, 2**53 - 1)
    ends: list[int] = []
    for sequence, clock_ms in enumerate(clocks, 1):
        answer = await ingest(
            live, shopper.token, calm(sequence, clock_ms=clock_ms), by=by, include_packets=True
        )
        assert answer.applied == 1
        ends.append(answer.packets[0].window_end_ms)
    sessions = server.ticker.reducer.sessions
    slot = sessions.find("shop", shopper.session_id)
    assert ends == sorted(ends)
    assert ends[-1] < DAY_MS
    assert ends[1] - ends[0] == 6000
    assert slot is not None
    assert sessions.columns.clock_repairs[slot] == 5


async def test_a_clock_that_jumps_leaves_the_neighbours_alone(live: Live) -> None:
    jumping, steady = await visits(live, 2)
    for sequence, clock_ms in ((1, 0), (2, 2**53 - 1), (3, 0)):
        await ingest(
            live,
            live.shop.secret,
            calm(sequence, jumping.session_id, clock_ms),
            calm(sequence, steady.session_id, 6000 * sequence),
        )
    state = await live.call(GetStateRequest(), steady.token)
    assert state.packet.window_end_ms == 3 * 6000 - 50
