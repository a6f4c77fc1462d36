"""The load of the ingest benchmark: valid, in order, and booked to the right message."""

from __future__ import annotations

from itertools import pairwise

import pytest
from eitp.v1.telemetry_service_pb2 import IngestStreamRequest
from eitp_server.lab.bench.lane import Lane, varint
from eitp_server.lab.bench.opening import invented_sessions
from eitp_server.lab.bench.pace import Pace
from eitp_server.lab.bench.shopper import Load, natural_rate, shoppers
from eitp_server.services.validation import violations
from hypothesis import given
from hypothesis import strategies as st

LOADS: tuple[Load, ...] = ("moves", "visits")


def lane(load: Load = "moves", *, sessions: int = 5, size: int = 3, messages: int = 400) -> Lane:
    """Return a lane with its messages."""
    people = shoppers(load, events=10)
    made = Lane(sessions=invented_sessions(sessions, people), batches_per_message=size)
    made.encode(messages * size)
    return made


@pytest.mark.parametrize("load", LOADS)
def test_every_message_keeps_the_rules_of_the_schema(load: Load) -> None:
    for message in lane(load).messages:
        assert not violations(IngestStreamRequest.FromString(message))


@pytest.mark.parametrize("load", LOADS)
def test_each_session_counts_its_batches_and_its_clock_never_steps_back(load: Load) -> None:
    sequences: dict[str, int] = {}
    clocks: dict[str, int] = {}
    for message in lane(load).messages:
        for batch in IngestStreamRequest.FromString(message).batches:
            assert batch.sequence == sequences.get(batch.session_id, 0) + 1
            assert batch.clock_ms >= clocks.get(batch.session_id, 0)
            sequences[batch.session_id] = batch.sequence
            clocks[batch.session_id] = batch.clock_ms + sum(batch.dt_ms)


def test_batches_of_moves_have_the_size_that_was_asked_for() -> None:
    people = shoppers("moves", events=7)
    bodies = [body for person in people[:3] for body in person.bodies]
    sizes = {len(IngestStreamRequest.FromString(framed(b)).batches[0].dt_ms) for b in bodies}
    assert sizes == {7}


def test_most_batches_of_moves_are_nothing_but_moves() -> None:
    people = shoppers("moves", events=10)
    plain = sum(person.plain for person in people) / sum(len(p.bodies) for p in people)
    assert 0.6 < plain < 0.9


def test_batches_of_ten_moves_come_about_twice_a_second() -> None:
    assert 1.8 < natural_rate(shoppers("moves", events=10)) < 2.2


def test_a_batch_is_timed_from_the_message_that_carries_it() -> None:
    made = lane(sessions=5, size=3, messages=10)
    for due in range(10):
        made.next_message(float(due))
    for number, message in enumerate(made.messages):
        for batch in IngestStreamRequest.FromString(message).batches:
            session = [s.session_id for s in made.sessions].index(batch.session_id)
            assert made.sent_at(session, batch.sequence) == number


def test_a_lane_goes_on_where_its_sessions_are() -> None:
    people = shoppers("moves", events=10)
    made = Lane(sessions=invented_sessions(3, people), batches_per_message=3, first_turn=7)
    made.encode(6)
    sequences = [
        [batch.sequence for batch in IngestStreamRequest.FromString(message).batches]
        for message in made.messages
    ]
    assert sequences == [[8] * 3, [9] * 3]
    made.next_message(1.5)
    assert [made.sent_at(0, sequence) for sequence in (7, 8, 9)] == [None, 1.5, None]


def test_an_acknowledgement_covers_all_messages_before_it() -> None:
    made = lane(messages=5)
    for due in range(4):
        made.next_message(float(due))
    made.acknowledge(3, 9.0)
    assert (list(made.acknowledged), made.in_flight, made.finished) == ([9.0] * 3, 1, False)


def test_a_lane_without_end_repeats_its_messages() -> None:
    made = Lane(
        sessions=invented_sessions(2, shoppers("moves", events=2)),
        batches_per_message=1,
        repeats=True,
    )
    made.encode(2)
    sent = [made.next_message(0.0) for _ in range(4)]
    assert sent == [*made.messages, *made.messages]
    assert not made.finished


def test_lanes_share_a_rate_evenly() -> None:
    pace = Pace(lanes=2)
    pace.set(messages_per_second=4)
    first, second = [pace.due(0) for _ in range(3)], [pace.due(1) for _ in range(3)]
    merged = sorted(first + second)
    gaps = [round(after - before, 6) for before, after in pairwise(merged)]
    assert gaps == [0.25] * 5


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_whole_numbers_are_written_as_protobuf_writes_them(value: int) -> None:
    decoded = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(varint(value)))
    assert decoded == value
    assert [byte >> 7 for byte in varint(value)] == [1] * (len(varint(value)) - 1) + [0]


def framed(body: bytes) -> bytes:
    """Return a batch as a request with nothing else."""
    return b"\x0a" + varint(len(body)) + body
