"""`eitp-server lab bench`: benchmarks, each of which compares within one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from eitp_server.cli.console import CONSOLE

app = typer.Typer(no_args_is_help=True, help="Benchmarks; each compares within one run.")


@app.command("ingest")
def measure_ingest(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
    mode: Annotated[
        Literal["relay", "http", "both"], typer.Option(help="Relays, browsers or both.")
    ] = "both",
    load: Annotated[
        Literal["moves", "visits"],
        typer.Option(help="20 Hz batches of one size, or what the client makes of visits."),
    ] = "moves",
    batches_per_message: Annotated[int, typer.Option(min=1, max=256, help="Of a relay.")] = 16,
    events: Annotated[int, typer.Option(min=1, max=512, help="In a batch of moves.")] = 10,
    sessions: Annotated[int, typer.Option(min=1, help="Live sessions.")] = 5_000,
    memory_sessions: Annotated[
        int, typer.Option(min=1, help="Sessions whose memory is measured.")
    ] = 20_000,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of the measurement.")] = 20,
    warmup: Annotated[float, typer.Option(min=0, help="Seconds of load before it.")] = 5,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep the fresh data directories here: the disk to test.")
    ] = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="Keep nothing on disk: what durability costs.")
    ] = False,
) -> None:
    """Measure telemetry in: a real server, a load process, a subscriber and an empty handler."""
    from eitp_server.lab.bench import Options, bench_ingest

    options = Options(
        modes=("relay", "http") if mode == "both" else (mode,),
        load=load,
        batches_per_message=batches_per_message,
        events=events,
        sessions=sessions,
        memory_sessions=memory_sessions,
        seconds=seconds,
        warmup=warmup,
        data_dir=data_dir,
        in_memory=memory,
    )
    report = bench_ingest(options, say=Console(stderr=True).print)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        CONSOLE.print(report.as_table())


@app.command("restart")
def measure_restart(
    sessions: Annotated[int, typer.Option(min=1, help="Live sessions.")] = 10_000,
    history: Annotated[int, typer.Option(min=1, help="Batches before the snapshot.")] = 100_000,
    tail: Annotated[
        int | None,
        typer.Option(
            min=1, help="Batches after it, to be replayed. Else as many as there ever are."
        ),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Restarts from the snapshot.")] = 3,
    data_dir: Annotated[
        Path | None, typer.Option(help="Make the data directories here: the disk to test.")
    ] = None,
) -> None:
    """Measure a restart after kill -9 to the first acknowledgement, as JSON."""
    from eitp_server.lab.bench.restart import RestartOptions, bench_restart

    options = RestartOptions(
        sessions=sessions, history=history, tail=tail, runs=runs, data_dir=data_dir
    )
    report = bench_restart(options, say=Console(stderr=True).print)
    typer.echo(json.dumps(report.as_json(), indent=2))


@app.command("decide")
def measure_decide(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
    cells: Annotated[int, typer.Option(min=1, help="Cells that something was learnt of.")] = 10_000,
    arms: Annotated[int, typer.Option(min=3, max=10, help="Arms of each, doing nothing too.")] = 8,
    decisions: Annotated[int, typer.Option(min=1, help="Decisions to time.")] = 200_000,
    ingest: Annotated[
        bool, typer.Option(help="Also measure what learning does to acknowledgements: 3 minutes.")
    ] = True,
    sessions: Annotated[int, typer.Option(min=1, help="Live sessions of that load.")] = 3_000,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of that load.")] = 20,
    rounds: Annotated[
        int, typer.Option(min=1, help="Loads without and with learning, in turn: medians count.")
    ] = 2,
    data_dir: Annotated[
        Path | None, typer.Option(help="Make its data directories here: the disk to test.")
    ] = None,
) -> None:
    """Measure a decision, learning anew beside it, and MABWiser's prediction in the same run."""
    from tempfile import gettempdir

    from eitp_server.lab.bench.decide import bench_decide
    from eitp_server.lab.bench.disturbance import disturb
    from eitp_server.lab.bench.filled import DecideOptions

    options = DecideOptions(cells=cells, arms=arms, decisions=decisions)
    say, folder = Console(stderr=True).print, data_dir or Path(gettempdir())
    disturbance = (
        disturb(options, sessions=sessions, seconds=seconds, folder=folder, rounds=rounds, say=say)
        if ingest
        else None
    )
    report = bench_decide(options, folder, disturbance, say)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        CONSOLE.print(report.as_table())


@app.command("index")
def measure_index(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
    sessions: Annotated[int, typer.Option(min=1, help="Live sessions.")] = 100_000,
    tenants: Annotated[int, typer.Option(min=1, help="Shops that they are of.")] = 40,
    runs: Annotated[int, typer.Option(min=3, help="Ticks, and turns of each load.")] = 15,
    batches: Annotated[int, typer.Option(min=1_000, help="Batches of a turn.")] = 40_000,
) -> None:
    """Measure a tick of the volatility index, and what it adds to each batch."""
    from tempfile import gettempdir

    from eitp_server.lab.bench.index import IndexOptions, bench_index

    options = IndexOptions(sessions=sessions, tenants=tenants, runs=runs, batches=batches)
    report = bench_index(options, Path(gettempdir()), say=Console(stderr=True).print)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        CONSOLE.print(report.as_table())
