"""Relays: whatever happens to the stream, each session's batches arrive, in order."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from client.script import AWAY, DRAINING, FOREIGN, RESET, Failure
from eitp.backlog import Backlog
from eitp.errors import Forbidden, Unreachable
from eitp.v1.error_pb2 import ERROR_REASON_FIELD_INVALID, ERROR_REASON_QUOTA_EXCEEDED
from eitp.v1.telemetry_pb2 import BatchRejection, TelemetryBatch
from eitp.v1.telemetry_service_pb2 import IngestStreamResponse, StreamRejection

if TYPE_CHECKING:
    from client.conftest import Clock
    from client.script import Script
    from eitp.client import Client

SILENCE = IngestStreamResponse()
"""A message that is received and not acknowledged."""


def batch(session_id: str, sequence: int) -> TelemetryBatch:
    """Return a batch of one event."""
    return TelemetryBatch(session_id=session_id, sequence=sequence, dt_ms=[0], dx=[0], dy=[0])


def postponed(message: int, index: int, wait_ms: int = 250) -> StreamRejection:
    """Return the answer that a batch may be sent again after a while."""
    return _rejection(
        message,
        BatchRejection(
            batch_index=index,
            reason=ERROR_REASON_QUOTA_EXCEEDED,
            retryable=True,
            retry_after_ms=wait_ms,
        ),
    )


def _rejection(message: int, rejection: BatchRejection) -> StreamRejection:
    return StreamRejection(message=message, rejection=rejection)


def received(script: Script) -> list[list[tuple[str, int]]]:
    """Return session and sequence of each batch of each message."""
    return [
        [(each.session_id, each.sequence) for each in request.batches]
        for request in script.requests["IngestStream"]
    ]


async def test_batches_of_many_sessions_share_a_message(client: Client, script: Script) -> None:
    async with client.relay() as relay:
        await relay.send([batch("a", 1), batch("b", 1), batch("a", 2)])
    assert received(script) == [[("a", 1), ("b", 1), ("a", 2)]]
    assert (relay.count.applied, relay.count.streams) == (3, 1)


@pytest.mark.parametrize("failure", [AWAY, RESET, DRAINING])
async def test_what_was_not_acknowledged_is_sent_again_after_a_cut(
    client: Client, script: Script, failure: Failure
) -> None:
    script.answers["IngestStream"].extend([SILENCE, failure])
    async with client.relay() as relay:
        await relay.send([batch("a", 1)])
        await script.until("IngestStream")
        await relay.send([batch("a", 2)])
        await relay.flush()
    assert received(script) == [[("a", 1)], [("a", 2)], [("a", 1), ("a", 2)]]
    assert relay.count.streams == 2


async def test_what_was_acknowledged_is_not_sent_again(client: Client, script: Script) -> None:
    acknowledged = IngestStreamResponse(acknowledged_messages=1, applied=1)
    script.answers["IngestStream"].extend([acknowledged, AWAY])
    async with client.relay() as relay:
        await relay.send([batch("a", 1)])
        await relay.flush()
        await relay.send([batch("a", 2)])
    assert received(script) == [[("a", 1)], [("a", 2)], [("a", 2)]]
    assert relay.count.applied == 2


async def test_postponed_batches_are_sent_again_in_order_when_the_server_asks(
    client: Client, script: Script, clock: Clock
) -> None:
    rejections = [postponed(1, 2), postponed(1, 0)]
    script.answers["IngestStream"].append(
        IngestStreamResponse(acknowledged_messages=1, applied=1, rejections=rejections)
    )
    async with client.relay() as relay:
        await relay.send([batch("a", 1), batch("b", 1), batch("a", 2)])
    assert received(script)[1:] == [[("a", 1), ("a", 2)]]
    assert (clock.waits, relay.count.postponed) == ([0.25], 2)


def test_a_new_batch_of_a_held_session_waits_behind_the_postponed_ones() -> None:
    backlog = Backlog()
    backlog.add(batch("a", 1))
    backlog.next_message()
    backlog.settle(IngestStreamResponse(acknowledged_messages=1, rejections=[postponed(1, 0)]))
    backlog.add(batch("a", 2))
    backlog.add(batch("b", 1))
    assert backlog.next_message() == [batch("b", 1)]
    backlog.release("a")
    assert backlog.next_message() == [batch("a", 1), batch("a", 2)]


def test_held_batches_stay_held_over_a_new_stream() -> None:
    backlog = Backlog()
    backlog.add(batch("a", 1))
    backlog.next_message()
    backlog.settle(IngestStreamResponse(acknowledged_messages=1, rejections=[postponed(1, 0)]))
    backlog.rewind()
    assert (backlog.next_message(), len(backlog), backlog.size("a")) == ([], 1, 1)


def test_a_message_stays_small() -> None:
    backlog = Backlog()
    for sequence in range(1, 101):
        backlog.add(batch("a", sequence))
    assert [len(backlog.next_message()) for _ in range(3)] == [64, 36, 0]


async def test_a_batch_that_can_never_be_applied_is_told_and_given_up(
    client: Client, script: Script
) -> None:
    refused = BatchRejection(batch_index=1, reason=ERROR_REASON_FIELD_INVALID)
    answer = IngestStreamResponse(
        acknowledged_messages=1, applied=1, rejections=[_rejection(1, refused)]
    )
    script.answers["IngestStream"].append(answer)
    told: list[tuple[int, BatchRejection]] = []
    async with client.relay(
        on_rejection=lambda each, why: told.append((each.sequence, why))
    ) as relay:
        await relay.send([batch("a", 1), batch("a", 2)])
    assert told == [(2, refused)]
    assert (relay.count.applied, relay.count.rejected) == (1, 1)


async def test_a_lost_batch_is_logged_when_nobody_else_is_told(
    client: Client, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    refused = BatchRejection(reason=ERROR_REASON_FIELD_INVALID, message="dx is too long")
    answer = IngestStreamResponse(acknowledged_messages=1, rejections=[_rejection(1, refused)])
    script.answers["IngestStream"].append(answer)
    with caplog.at_level(logging.WARNING, logger="eitp"):
        async with client.relay() as relay:
            await relay.send([batch("a", 1)])
    assert "batch 1 of session a was refused: FIELD_INVALID" in caplog.text


async def test_sending_waits_while_too_many_batches_are_not_acknowledged(
    client: Client, script: Script
) -> None:
    script.answers["IngestStream"].append(SILENCE)

    async def sending() -> None:
        async with asyncio.timeout(0.05), client.relay(most_unacknowledged=2) as relay:
            await relay.send([batch("a", 1), batch("a", 2), batch("a", 3)])

    with pytest.raises(TimeoutError):
        await sending()
    assert received(script) == [[("a", 1), ("a", 2)]]


async def test_sending_goes_on_when_batches_are_acknowledged(
    client: Client, script: Script
) -> None:
    async with client.relay(most_unacknowledged=1) as relay:
        await relay.send([batch("a", 1), batch("a", 2), batch("a", 3)])
    assert received(script) == [[("a", 1)], [("a", 2)], [("a", 3)]]


async def test_one_session_can_be_waited_for(client: Client, script: Script) -> None:
    held = IngestStreamResponse(
        acknowledged_messages=1, applied=1, rejections=[postponed(1, 1, wait_ms=3_600_000)]
    )
    script.answers["IngestStream"].append(held)
    async with client.relay() as relay:
        await relay.send([batch("a", 1), batch("b", 1)])
        await relay.flush("a")


async def test_a_relay_that_may_not_send_says_so(client: Client, script: Script) -> None:
    script.answers["IngestStream"].append(FOREIGN)

    async def sending() -> None:
        async with client.relay() as relay:
            await relay.send([batch("a", 1)])
            await relay.flush()

    with pytest.raises(Forbidden, match="SCOPE_MISSING"):
        await sending()


async def test_an_outage_longer_than_patience_ends_the_relay(
    client: Client, script: Script, clock: Clock
) -> None:
    script.answers["IngestStream"].extend([AWAY] * 100)

    async def sending() -> None:
        async with client.relay(patience=30.0) as relay:
            await relay.send([batch("a", 1)])

    with pytest.raises(Unreachable):
        await sending()
    assert 20.0 < sum(clock.waits) <= 30.0


async def test_a_failing_block_does_not_wait_for_what_is_under_way(
    client: Client, script: Script
) -> None:
    script.answers["IngestStream"].append(SILENCE)

    async def sending() -> None:
        async with client.relay() as relay:
            await relay.send([batch("a", 1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await sending()
