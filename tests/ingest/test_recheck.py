"""Silence is looked at too: a page that does not answer, a hand that rests, news kept back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from classification.floor import new_reducer, opening
from eitp.v1.page_pb2 import TARGET_ROLE_BUTTON, Target
from eitp.v1.telemetry_pb2 import (
    EVENT_KIND_CLICK,
    EVENT_KIND_MOVE,
    EVENT_KIND_RESPONSE,
    TelemetryBatch,
)
from eitp_server.classification.packet import Label
from eitp_server.ingest.input import Command, CommandKind, Telemetry
from eitp_server.ingest.recheck import IDLE_MS, SLACK_MS, Rechecks, delay_ms
from ingest.batches import details, sparse

if TYPE_CHECKING:
    from eitp.v1.telemetry_pb2 import EventKind
    from eitp_server.classification.packet import Packet
    from eitp_server.ingest.reducer import Reducer

START_US = 1_790_000_000_000_000
MOVE, CLICK, RESPONSE = EVENT_KIND_MOVE, EVENT_KIND_CLICK, EVENT_KIND_RESPONSE


def batch(
    sequence: int,
    clock_ms: int,
    dt_ms: list[int],
    kind: list[EventKind],
    response_ms: int | None = None,
) -> bytes:
    """Return events on one button, the last of them an answer when `response_ms` is given."""
    answers = [] if response_ms is None else [(len(kind) - 1, response_ms)]
    return TelemetryBatch(
        session_id="s",
        sequence=sequence,
        clock_ms=clock_ms,
        dt_ms=dt_ms,
        dx=[3] * len(dt_ms),
        dy=[0] * len(dt_ms),
        kind=kind,
        targets=[Target(identity=7, role=TARGET_ROLE_BUTTON)],
        details=details(target=sparse((0, 0)), response_ms=sparse(*answers)),
    ).SerializeToString()


BURST = [
    batch(1, 0, [50] * 20, [MOVE] * 20),
    batch(2, 2000, [0, 200], [CLICK, RESPONSE], response_ms=200),
    batch(3, 5000, [0, 300, 300], [CLICK] * 3),
]


class Visit:
    """One session, its log time in ms, and what the server said of it."""

    def __init__(self) -> None:
        self.reducer: Reducer = new_reducer()
        self.packets: list[Packet] = []
        self.ticks = 0
        self.reducer.apply([opening("s")], START_US)

    def send(self, at_ms: int, payload: bytes) -> None:
        """Let a batch arrive."""
        self.wait_until(at_ms)
        self._apply(at_ms, [Telemetry(tenant_id="shop", session_id="", batches=[payload])])

    def wait_until(self, at_ms: int) -> None:
        """Let time pass, with a tick whenever it has something to change."""
        while (due_us := self.reducer.next_due_us()) and due_us < START_US + at_ms * 1000:
            self.ticks += 1
            self._apply(-(-(due_us - START_US) // 1000), [])

    def _apply(self, at_ms: int, inputs: list[Telemetry | Command]) -> None:
        now_us = START_US + at_ms * 1000
        self.packets += self.reducer.apply(inputs, now_us).writes.packets


def after_burst() -> Visit:
    visit = Visit()
    for at_ms, payload in zip((1100, 2300, 5700), BURST, strict=True):
        visit.send(at_ms, payload)
    return visit


def labels(visit: Visit) -> list[Label]:
    return [packet.label for packet in visit.packets]


def test_clicks_without_an_answer_are_frustration_although_nothing_follows() -> None:
    visit = after_burst()
    assert Label.FRUSTRATION not in labels(visit)

    visit.wait_until(5700 + 1200)

    assert labels(visit)[-1] == Label.FRUSTRATION
    # The first, at 5000, was to be answered by 6000; the batch of the last, at 5600, came at 5700.
    assert visit.packets[-1].emitted_at_us == START_US + (6001 + SLACK_MS + 100) * 1000


def test_a_client_that_says_it_reports_answers_is_believed_from_the_start() -> None:
    def burst(*, reports_answers: bool) -> list[Label]:
        visit = Visit()
        command = opening("s")
        told = {**command.document, "session_id": "t", "reports_answers": reports_answers}
        visit.reducer.apply([replace(command, document=told)], START_US + 1)
        clicks = TelemetryBatch(
            session_id="t",
            sequence=1,
            clock_ms=5000,
            dt_ms=[0, 300, 300],
            dx=[0] * 3,
            dy=[0] * 3,
            kind=[CLICK] * 3,
        )
        visit.send(5700, clicks.SerializeToString())
        visit.wait_until(9000)
        return labels(visit)

    assert burst(reports_answers=True)[-1] == Label.FRUSTRATION
    assert Label.FRUSTRATION not in burst(reports_answers=False)


def test_an_answer_that_was_under_way_is_waited_for() -> None:
    visit = after_burst()
    visit.send(6400, batch(4, 5950, [0], [RESPONSE], response_ms=350))
    visit.wait_until(9000)
    assert Label.FRUSTRATION not in labels(visit)


def test_a_hand_that_rests_becomes_one_that_is_idle() -> None:
    visit = Visit()
    for sequence in range(1, 8):
        visit.send(1000 * sequence, batch(sequence, 1000 * sequence, [50] * 20, [MOVE] * 20))
    assert Label.DISENGAGEMENT not in labels(visit)

    visit.wait_until(60_000)

    assert labels(visit)[-1] == Label.DISENGAGEMENT
    # Nothing is due after the last idle time: a quiet session costs nothing.
    assert visit.ticks <= len(IDLE_MS) + 2


def test_packets_of_silence_have_identities_of_their_own() -> None:
    visit = after_burst()
    visit.wait_until(30_000)
    assert len({packet.packet_id for packet in visit.packets}) == len(visit.packets)


def test_a_session_that_has_ended_is_not_looked_at_again() -> None:
    visit = after_burst()
    document = {"session_id": "s"}
    close = Command(tenant_id="shop", kind=CommandKind.CLOSE_SESSION, document=document)
    visit.reducer.apply([close], START_US + 5_800_000)
    said = len(visit.packets)
    visit.wait_until(30_000)
    assert len(visit.packets) == said


def test_a_restart_forgets_no_look() -> None:
    visit, other = after_burst(), Visit()
    arrays, document = visit.reducer.dump()
    other.reducer = new_reducer()
    other.reducer.load(arrays, document)
    for each in (visit, other):
        each.packets = []
        each.wait_until(30_000)
    assert other.packets == visit.packets
    assert other.reducer.digest() == visit.reducer.digest()


def test_the_earliest_of_all_reasons_to_look_counts() -> None:
    def delay(*, kept_back: int = 0, unanswered: int = 0, idle_s: float = 60.0) -> int:
        found = delay_ms(
            at_ms=np.array([1000]),
            idle_s=np.array([idle_s], np.float32),
            kept_back_until_ms=np.array([kept_back]),
            unanswered_ms=np.array([unanswered]),
        )
        return int(found[0])

    assert delay(kept_back=1400, unanswered=1900) == 400
    assert delay(kept_back=1000, unanswered=1900) == 900 + SLACK_MS
    assert delay(idle_s=1.0) == IDLE_MS[0] - 1000 + 50
    assert delay(idle_s=16.0) == IDLE_MS[1] - 16_000 + 50
    assert delay() > 1 << 39


def test_slots_are_due_once_and_in_order() -> None:
    rechecks = Rechecks(4)
    rechecks.set(np.array([3, 1]), np.array([10, 20]), 0)
    assert rechecks.take(9_999).tolist() == []
    assert rechecks.take(20_000).tolist() == [1, 3]
    assert rechecks.take(20_000).tolist() == []
    assert rechecks.next_due_us() is None


def test_nobody_is_due_for_what_was_put_off_or_forgotten() -> None:
    rechecks = Rechecks(4)
    rechecks.set(np.array([1, 2]), np.array([10, 30]), 0)
    rechecks.set(np.array([1]), np.array([20]), 0)
    assert rechecks.next_due_us() == 20_000
    rechecks.forget(1)
    assert rechecks.next_due_us() == 30_000


def test_a_tick_is_logged_only_when_a_session_is_due() -> None:
    visit = after_burst()
    due_us = visit.reducer.next_due_us()
    assert due_us is not None
    visit.send(5800, batch(4, 5700, [0], [MOVE]))
    close = Command(tenant_id="shop", kind=CommandKind.CLOSE_SESSION, document={"session_id": "s"})
    visit.reducer.apply([close], due_us - 1)
    assert not visit.reducer.apply([], due_us).changed
