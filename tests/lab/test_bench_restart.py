"""The restart benchmark against real processes, far too small to measure anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.lab.bench.restart import RestartOptions, bench_restart

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(120)
def test_a_restart_replays_less_from_a_snapshot_than_from_the_log_alone(tmp_path: Path) -> None:
    history, tail = 200, 160
    options = RestartOptions(sessions=64, history=history, tail=tail, runs=1, data_dir=tmp_path)
    document = bench_restart(options).as_json()

    assert document["sessions"] == 64
    assert 0 < document["replayed_batches"] < document["full_replay"]["replayed_batches"]
    assert document["full_replay"]["replayed_batches"] >= history + tail
    assert 0 < document["seconds_recovering"] < document["seconds_to_first_ack"]
    assert document["snapshot_bytes"] > 0
    assert list(tmp_path.iterdir()) == []
