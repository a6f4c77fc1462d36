"""Requests become events: absolute, ordered, screened, each problem named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from eitp.v1.page_pb2 import PageContext, Target
from eitp.v1.telemetry_pb2 import TelemetryBatch
from eitp_server.errors import Reason
from eitp_server.ingest.admission import Admission
from eitp_server.ingest.envelope import EnvelopeWriter, read_envelope
from eitp_server.ingest.input import Telemetry
from eitp_server.ingest.intake import Intake, Taken
from eitp_server.ingest.session_table import SessionInfo, Sessions
from eitp_server.services.validation import violations
from hypothesis import given
from hypothesis import strategies as st
from ingest.batches import details, move_batch, sparse

if TYPE_CHECKING:
    from collections.abc import Sequence


TENANT = "t"


class Desk:
    """An intake over the sessions a, b and c of one tenant."""

    def __init__(self) -> None:
        self.sessions = Sessions(capacity=2)
        for name in "abc":
            self.sessions.open(
                SessionInfo(
                    session_id=name,
                    tenant_id=TENANT,
                    visitor_hash="",
                    consent_interventions=True,
                    vertical="",
                    region="",
                    opened_us=0,
                )
            )
        self.intake = Intake(self.sessions, Admission(self.sessions.columns), violations)
        self.envelope = EnvelopeWriter()

    def take(
        self, *batches: TelemetryBatch, own: str = "", tenant: str = TENANT, now_us: int = 0
    ) -> Taken:
        """Take in one request."""
        payloads = [batch.SerializeToString() for batch in batches]
        item = Telemetry(tenant_id=tenant, session_id=own, batches=payloads, wants_progress=True)
        return self.intake.take([item], self.envelope, now_us)

    def slot(self, name: str) -> int:
        """Return the slot of a session."""
        slot = self.sessions.find(TENANT, name)
        assert slot is not None
        return slot

    def names(self, taken: Taken) -> list[str]:
        """Return the session of each event."""
        assert taken.events is not None
        slots: list[int] = taken.events.slot.tolist()
        infos = [self.sessions.info[slot] for slot in slots]
        return [info.session_id for info in infos if info is not None]


def rejection(taken: Taken) -> tuple[Reason, str]:
    """Return the reason and the field of the only rejection."""
    (found,) = taken.receipts[0].rejections
    return found.reason, found.field


def test_deltas_become_absolute_times_and_positions() -> None:
    taken = Desk().take(
        move_batch("a", 1, clock_ms=1000, origin_x=10, origin_y=20),
        move_batch("a", 2, clock_ms=1200, origin_x=5, dt_ms=[10], dx=[-7], dy=[4]),
    )
    events = taken.events
    assert events is not None
    assert events.t_ms.tolist() == [0, 50, 100, 160]
    assert events.x.tolist() == [11, 13, 16, -2]
    assert events.y.tolist() == [20, 19, 20, 4]
    assert events.kind.tolist() == [1, 1, 1, 1]


def test_sessions_are_contiguous_and_in_sequence_however_they_arrive() -> None:
    desk = Desk()
    taken = desk.take(move_batch("b"), move_batch("a"), move_batch("b", 2, clock_ms=150))
    names = desk.names(taken)
    assert sorted(names) == ["a"] * 3 + ["b"] * 6
    assert names in (["a"] * 3 + ["b"] * 6, ["b"] * 6 + ["a"] * 3)
    assert taken.receipts[0].applied == 3


def test_the_element_under_the_pointer_stays_until_another_is_named() -> None:
    desk = Desk()
    button = Target(identity=2**64 - 1, role="TARGET_ROLE_BUTTON", section="PAGE_SECTION_PRICE")
    first = desk.take(
        move_batch("a", targets=[button], details=details(target=sparse((1, 0)))),
        move_batch("b"),
    )
    assert first.events is not None
    by_name = dict.fromkeys(desk.names(first), 0)
    assert set(by_name) == {"a", "b"}
    assert sorted(first.events.target.tolist()) == [-1, -1, 0, 0, 0, 0]
    second = desk.take(move_batch("a", 2, clock_ms=150, details=details(target=sparse((2, -1)))))
    assert second.events is not None
    assert second.events.target.tolist() == [-1, -1, 0]
    assert second.events.role.tolist() == [1, 1, 0]
    third = desk.take(move_batch("a", 3, clock_ms=300))
    assert third.events is not None
    assert third.events.target.tolist() == [0, 0, 0]


def test_scrolls_and_responses_land_on_their_events() -> None:
    taken = Desk().take(
        move_batch(
            "a",
            kind=[1, 5, 14],
            details=details(scroll_y=sparse((1, -120)), response_ms=sparse((2, 340))),
        )
    )
    assert taken.events is not None
    assert taken.events.kind.tolist() == [1, 5, 14]
    assert taken.events.scroll_y.tolist() == [0, -120, 0]
    assert taken.events.response_ms.tolist() == [-1, -1, 340]


def test_events_of_unknown_kind_and_events_made_by_scripts_are_set_aside() -> None:
    taken = Desk().take(
        move_batch("a", kind=[1, 4000, 4], details=details(untrusted=sparse((2, 1))))
    )
    assert taken.events is not None
    assert taken.events.kind.tolist() == [1, 0, 0]


def test_roles_and_sections_of_a_later_protocol_read_as_other() -> None:
    taken = Desk().take(
        move_batch(
            "a",
            targets=[Target(identity=1, role=99, section=-3)],  # pyright: ignore[reportArgumentType]
            details=details(target=sparse((0, 0))),
        )
    )
    assert taken.events is not None
    assert taken.events.role.tolist() == [14] * 3
    assert taken.events.section.tolist() == [20] * 3


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"dx": [1]}, Reason.COLUMN_LENGTH_MISMATCH, "batches[0]"),
        ({"kind": [1]}, Reason.COLUMN_LENGTH_MISMATCH, "batches[0]"),
        ({"dt_ms": [], "dx": [], "dy": []}, Reason.FIELD_INVALID, "batches[0].dt_ms"),
        ({"sequence": 0}, Reason.FIELD_INVALID, "batches[0].sequence"),
        ({"sequence": 2**60}, Reason.FIELD_INVALID, "batches[0].sequence"),
        ({"clock_ms": 2**63}, Reason.FIELD_INVALID, "batches[0].clock_ms"),
        ({"dt_ms": [1, 60_001, 1]}, Reason.FIELD_INVALID, "batches[0].dt_ms[1]"),
        ({"dx": [1, 1, -100_001]}, Reason.FIELD_INVALID, "batches[0].dx[2]"),
        ({"origin_y": 1_000_001}, Reason.FIELD_INVALID, "batches[0].origin_y"),
        ({"kind": [1, 0, 1]}, Reason.FIELD_INVALID, "batches[0].kind[1]"),
        (
            {"page": PageContext(device_pixel_ratio=float("nan"))},
            Reason.FIELD_INVALID,
            "batches[0].page.device_pixel_ratio",
        ),
        (
            {"page": PageContext(device_pixel_ratio=float("inf"))},
            Reason.FIELD_INVALID,
            "batches[0].page.device_pixel_ratio",
        ),
        (
            {"details": details(target=sparse((0, 0)))},
            Reason.TARGET_INDEX_OUT_OF_RANGE,
            "batches[0].details.target.value[0]",
        ),
        (
            {"details": details(scroll_y=sparse((3, 5)))},
            Reason.EVENT_INDEX_OUT_OF_RANGE,
            "batches[0].details.scroll_y.event[0]",
        ),
        (
            {"details": details(button=sparse((1, 0), (1, 2)))},
            Reason.EVENT_INDEX_OUT_OF_RANGE,
            "batches[0].details.button.event[1]",
        ),
    ],
)
def test_a_broken_batch_is_named_and_its_neighbours_are_applied(
    fields: dict[str, Any], reason: Reason, field: str
) -> None:
    desk = Desk()
    taken = desk.take(move_batch("a", **fields), move_batch("b"))
    assert rejection(taken) == (reason, field)
    assert taken.receipts[0].rejections[0].message.startswith("batches[0]")
    assert set(desk.names(taken)) == {"b"}
    assert desk.sessions.columns.next_sequence[desk.slot("a")] == 1


def test_a_token_reaches_its_own_session_only() -> None:
    desk = Desk()
    taken = desk.take(move_batch(""), move_batch("b"), own="a")
    assert rejection(taken) == (Reason.SESSION_UNKNOWN, "batches[1].session_id")
    assert set(desk.names(taken)) == {"a"}


def test_another_tenants_session_looks_like_none_at_all() -> None:
    desk = Desk()
    foreign, absent = desk.take(move_batch("a"), tenant="u"), desk.take(move_batch("zz"))
    assert rejection(foreign)[0] == rejection(absent)[0] == Reason.SESSION_UNKNOWN
    assert foreign.receipts[0].rejections[0].message == absent.receipts[0].rejections[0].message


def test_a_clock_that_steps_back_goes_on_from_where_it_was() -> None:
    desk = Desk()
    desk.take(move_batch("a", clock_ms=10_000), now_us=1)
    taken = desk.take(move_batch("a", 2, clock_ms=3_000), now_us=500_000)
    assert taken.events is not None
    assert taken.events.t_ms.tolist() == [100, 150, 200]
    assert int(desk.sessions.columns.clock_repairs[desk.slot("a")]) == 1


def test_a_clock_that_leaps_beyond_the_servers_is_pulled_back() -> None:
    desk = Desk()
    desk.take(move_batch("a", clock_ms=0), now_us=1)
    taken = desk.take(move_batch("a", 2, clock_ms=10**9), move_batch("b"), now_us=500_000)
    assert taken.events is not None
    slot = desk.slot("a")
    assert taken.events.t_ms[taken.events.slot == slot].tolist() == [100, 150, 200]
    following = desk.take(move_batch("a", 3, clock_ms=10**9 + 500), now_us=900_000)
    assert following.events is not None
    assert following.events.t_ms.tolist() == [600, 650, 700]


def test_a_long_pause_that_the_server_saw_too_is_no_leap() -> None:
    desk = Desk()
    desk.take(move_batch("a", clock_ms=0), now_us=1)
    taken = desk.take(move_batch("a", 2, clock_ms=600_000), now_us=600_000_000)
    assert taken.events is not None
    assert taken.events.t_ms[0] == 600_000


def test_only_what_changed_something_is_logged() -> None:
    desk = Desk()
    desk.take(move_batch("a"), move_batch("a"), move_batch("zz"), move_batch("b", 3))
    _, inputs = read_envelope(desk.envelope.finish(7))
    (item,) = inputs
    assert isinstance(item, Telemetry)
    batches = [TelemetryBatch.FromString(payload) for payload in item.batches]
    assert [(b.session_id, b.sequence) for b in batches] == [("a", 1), ("b", 3)]


BATCH = st.lists(
    st.tuples(st.integers(0, 60_000), st.integers(-500, 500), st.integers(-500, 500)),
    min_size=1,
    max_size=8,
)


@given(st.lists(st.tuples(st.sampled_from("abc"), BATCH), min_size=1, max_size=12))
def test_columns_agree_with_a_reader_that_takes_one_event_at_a_time(
    script: Sequence[tuple[str, list[tuple[int, int, int]]]],
) -> None:
    desk, clocks, batches = Desk(), dict.fromkeys("abc", 0), list[Any]()
    sequences = dict.fromkeys("abc", 0)
    expected: dict[str, list[tuple[int, int, int]]] = {name: [] for name in "abc"}
    for name, events in script:
        sequences[name] += 1
        dt_ms, dx, dy = zip(*events, strict=True)
        batches.append(
            move_batch(
                name, sequences[name], clock_ms=clocks[name], dt_ms=dt_ms, dx=dx, dy=dy, origin_x=3
            )
        )
        x, y = 3, 0
        for step_ms, step_x, step_y in events:
            clocks[name] += step_ms
            x, y = x + step_x, y + step_y
            expected[name].append((clocks[name], x, y))
    taken = desk.take(*batches)
    assert taken.events is not None
    seen: dict[str, list[tuple[int, int, int]]] = {name: [] for name in "abc"}
    rows = zip(
        desk.names(taken),
        taken.events.t_ms.tolist(),
        taken.events.x.tolist(),
        taken.events.y.tolist(),
        strict=True,
    )
    for name, t_ms, x, y in rows:
        seen[name].append((t_ms, x, y))
    for name, found in seen.items():
        origin = expected[name][0][0] if expected[name] else 0
        assert found == [(t - origin, x, y) for t, x, y in expected[name]]
