"""The ingest benchmark against real processes, far too short to measure anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp_server.lab.bench import LoadFailedError, Options, ServerFailedError, bench_ingest
from eitp_server.lab.bench.empty_server import GRPC_OPTIONS, answer, web_config
from eitp_server.lab.bench.ingest import run_load
from eitp_server.lab.bench.plan import BARE, INGEST, Mode, Phase, Plan
from eitp_server.lab.bench.server import EMPTY, SERVER, running
from eitp_server.transport import grpc_server, web_server
from eitp_server.transport.call import Limits

if TYPE_CHECKING:
    from pathlib import Path

TINY = Options(
    batches_per_message=4,
    sessions=40,
    memory_sessions=64,
    seconds=0.4,
    warmup=0.2,
    age=2,
    settle=0.1,
)


@pytest.mark.parametrize("mode", ["relay", "http"])
@pytest.mark.timeout(120)
def test_a_run_reports_what_the_server_took(mode: Mode, tmp_path: Path) -> None:
    said: list[str] = []
    report = bench_ingest(replace(TINY, modes=(mode,), data_dir=tmp_path), said.append)
    document = report.as_json()
    assert document["mode"] == mode
    assert document["durability"] == "DISK"
    assert document["batches_per_second"] > 0
    assert document["ack_ms"]["p50"] <= document["ack_ms"]["p99"]
    assert document["empty_handler_ratio"] > 0
    assert document["saturated"]["server_cpu_seconds"] >= 0
    assert any("empty" in line for line in said)
    assert list(tmp_path.iterdir()) == []


def plan(mode: Mode, **changes: str | int) -> Plan:
    """Return a plan against whatever listens at the addresses that are set."""
    return Plan(
        mode=mode,
        grpc_address=str(changes["grpc_address"]),
        web_address=str(changes["web_address"]),
        key=str(changes.get("key", "")),
        server_pid=int(changes["server_pid"]),
        sessions=8,
        load="moves",
        events=10,
        batches_per_message=1,
        lanes=2,
        age=0,
        in_flight=4,
        stock=64,
        path=str(changes.get("path", INGEST)),
        phases=(Phase(warmup=0.05, seconds=0.2, batches_per_second=200),),
    )


@pytest.mark.parametrize(("mode", "path"), [("relay", INGEST), ("http", INGEST), ("http", BARE)])
def test_a_calm_load_keeps_its_pace(mode: Mode, path: str, tmp_path: Path) -> None:
    with running(EMPTY, tmp_path) as server:
        outcome = run_load(
            plan(
                mode,
                grpc_address=server.grpc_address,
                web_address=server.web_address,
                server_pid=server.pid,
                path=path,
            )
        )
    (measurement,) = outcome.measurements
    assert 0 < measurement.batches_per_second <= 400


def test_a_load_that_is_refused_fails_with_the_reason(tmp_path: Path) -> None:
    with running(SERVER, tmp_path) as server:
        refused = plan(
            "relay",
            grpc_address=server.grpc_address,
            web_address=server.web_address,
            server_pid=server.pid,
            key="eitp_sk_dev_nobody",
        )
        with pytest.raises(LoadFailedError, match="UNAUTHENTICATED"):
            run_load(refused)


def test_a_server_that_does_not_start_fails_with_what_it_said(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerFailedError, match="no_such_module"),
        running(("-m", "no_such_module"), tmp_path),
    ):
        pass


def test_the_empty_server_listens_as_the_real_one_does() -> None:
    real = web_server.WebServer(answer)._server.config  # pyright: ignore[reportPrivateUsage]
    empty = web_config()
    ours = ("app", "host", "port")
    assert {k: v for k, v in vars(empty).items() if k not in ours} == {
        k: v for k, v in vars(real).items() if k not in ours
    }
    options = grpc_server._options(Limits())  # pyright: ignore[reportPrivateUsage]
    assert sorted(GRPC_OPTIONS) == sorted(options)
