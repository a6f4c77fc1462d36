"""The benchmark of the index measures what it says, on a small scale."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from eitp_server.ingest import observer
from eitp_server.lab.bench.index import IndexOptions, bench_index

if TYPE_CHECKING:
    from pathlib import Path


def test_it_draws_every_feed_and_leaves_the_observer_as_it_was(tmp_path: Path) -> None:
    real = observer.update
    options = IndexOptions(sessions=3_000, tenants=6, runs=3, batches=2_000)
    report = bench_index(options, tmp_path)
    found = report.as_json()
    assert observer.update is real
    assert report.tick.cells == 60
    # Of each tenant all sessions, its regions and countries, and its parts of pages; then shared.
    assert report.tick.feeds > 6 * 3
    assert {cost.load for cost in report.batch} == {"moves", "visits"}
    assert all(0 < cost.inside_us < cost.with_us for cost in report.batch)
    assert json.dumps(found, allow_nan=False)
    assert found["tick_on_the_loop_ms"] <= found["tick_ms"]
