"""Fingers and mice are never compared: another pointer starts the hand's own pace anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from classification.floor import new_reducer, opening
from eitp.v1.common_pb2 import POINTER_TYPE_MOUSE, POINTER_TYPE_TOUCH
from eitp.v1.telemetry_pb2 import EVENT_KIND_CLICK, EVENT_KIND_MOVE, TelemetryBatch
from eitp_server.ingest.input import Telemetry

if TYPE_CHECKING:
    from eitp.v1.common_pb2 import PointerType
    from eitp_server.ingest.reducer import Reducer

START_US = 1_790_000_000_000_000


def moved(*pointers: PointerType | None) -> Reducer:
    """Return a reducer after a second of movement and a click with each of some pointers."""
    reducer = new_reducer()
    reducer.apply([opening("s")], START_US)
    for number, pointer in enumerate(pointers, start=1):
        named: dict[str, Any] = {} if pointer is None else {"pointer_type": pointer}
        batch = TelemetryBatch(
            session_id="s",
            sequence=number,
            clock_ms=2000 * number,
            dt_ms=[50] * 20,
            dx=[9] * 20,
            dy=[1] * 20,
            kind=[*[EVENT_KIND_MOVE] * 19, EVENT_KIND_CLICK],
            **named,
        )
        item = Telemetry(tenant_id="shop", session_id="", batches=[batch.SerializeToString()])
        reducer.apply([item], START_US + 2_000_000 * number)
    return reducer


def moving_ms(reducer: Reducer) -> int:
    """Return how long the hand is known to have moved."""
    rows = reducer.observer.dump(np.array([0]))
    return int(rows["signals.motion.totals"][0, 3])


def test_another_pointer_starts_anew() -> None:
    alike = moved(POINTER_TYPE_MOUSE, POINTER_TYPE_MOUSE, None)
    changed = moved(POINTER_TYPE_MOUSE, POINTER_TYPE_MOUSE, POINTER_TYPE_TOUCH)
    assert moving_ms(alike) > 2 * moving_ms(changed) > 0


def test_what_was_clicked_is_remembered_all_the_same() -> None:
    rows = moved(POINTER_TYPE_MOUSE, POINTER_TYPE_TOUCH).observer.dump(np.array([0]))
    assert rows["signals.action.clicks"][0] == 2
    assert rows["signals.deciding.seen"][0] == 1


def test_naming_the_pointer_for_the_first_time_forgets_nothing() -> None:
    named = moved(POINTER_TYPE_MOUSE, POINTER_TYPE_MOUSE)
    assert moving_ms(moved(POINTER_TYPE_MOUSE, None)) == moving_ms(named)
