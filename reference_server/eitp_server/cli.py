"""The server's command line."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import structlog
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from eitp_server.config import Settings
from eitp_server.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from eitp_server.storage.accounts import Accounts
    from eitp_server.storage.api_key import ApiKey, IssuedKey

app = typer.Typer(
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="The EITP reference server: telemetry in, packets and interventions out.",
    epilog="Settings come from the environment: EITP_GRPC_PORT, EITP_WEB_PORT, EITP_DATA_DIR, … "
    "`eitp-server settings` lists them all.",
)
tenants_app = typer.Typer(no_args_is_help=True, help="The shops that this server serves.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys: shown once, stored as hashes.")
lab_app = typer.Typer(no_args_is_help=True, help="The same maths over files, and benchmarks.")
bench_app = typer.Typer(no_args_is_help=True, help="Benchmarks; each compares within one run.")
app.add_typer(tenants_app, name="tenants")
app.add_typer(keys_app, name="keys")
app.add_typer(lab_app, name="lab")
lab_app.add_typer(bench_app, name="bench")

_CONSOLE = Console()
Result = TypeVar("Result")


def main() -> None:
    """Run the command line; what the server refuses ends with its message and status 1."""
    try:
        app()
    except (DomainError, OSError) as error:
        Console(stderr=True).print(f"[red]error:[/] {error}")
        sys.exit(1)


@app.command()
def serve(
    development: Annotated[
        bool, typer.Option(help="Create the development tenant with its fixed, public keys.")
    ] = False,
) -> None:
    """Run the server until SIGINT or SIGTERM, then drain it.

    gRPC listens on 127.0.0.1:50051; Connect, gRPC-Web and JSON on 127.0.0.1:8080.
    """
    settings = Settings()
    _configure_logs(settings.log_level)
    _run(_serve(settings, development=development))


@app.command()
def demo() -> None:
    """Start a server, replay recorded shoppers through its API, and show what happens.

    Runs until Ctrl-C, or for DEMO_SECONDS. Uses the recordings under EITP_DATA when there are any,
    else a bundled set that is synthetic and says so. Needs no network, no key and no broker.
    """
    from eitp_server.demo import run_demo

    _configure_logs("warning")
    _run(run_demo())


@app.command()
def settings() -> None:
    """List every setting, its value now, and what it does."""
    table = Table("variable", "value", "meaning", title="Settings")
    current = Settings()
    for name in Settings.model_fields:
        table.add_row(f"EITP_{name.upper()}", str(getattr(current, name)), _doc(name))
    _CONSOLE.print(table)


@tenants_app.command("create")
def create_tenant(
    tenant_id: Annotated[str, typer.Argument(help="Lower case, digits, hyphens; never changes.")],
    vertical: Annotated[str, typer.Option(help="Trade, as `automotive`.")],
    name: Annotated[str, typer.Option(help="Name for people; the id when left out.")] = "",
    region: Annotated[str, typer.Option(help="ISO 3166 code, as DE or US-CA.")] = "",
    origin: Annotated[
        list[str] | None, typer.Option(help="Origin of a page that may use the publishable keys.")
    ] = None,
) -> None:
    """Add a shop. The server must not be running: it owns the data directory."""
    from eitp_server.storage.tenant import Tenant

    tenant = Tenant(
        tenant_id=tenant_id,
        display_name=name or tenant_id,
        vertical=vertical,
        region=region,
        holdout_share=Settings().holdout_share,
        allowed_origins=tuple(origin or ()),
        created_at_us=time.time_ns() // 1000,
    )

    async def create(accounts: Accounts) -> Tenant:
        return await accounts.tenants.create(tenant)

    _run(_with_accounts(create))
    _CONSOLE.print(
        f"Created tenant [bold]{tenant_id}[/]. Next: eitp-server keys create {tenant_id}"
    )


@keys_app.command("create")
def create_key(
    tenant_id: Annotated[str, typer.Argument(help="The tenant that the key is for.")],
    publishable: Annotated[
        bool, typer.Option("--publishable", help="A key for web pages: it opens sessions only.")
    ] = False,
    scope: Annotated[
        list[str] | None, typer.Option(help="What a secret key may do; all when left out.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    environment: Annotated[str, typer.Option(help="Word that the key shows.")] = "live",
) -> None:
    """Make an API key and show it, this once."""
    from eitp_server.app import ALL_SCOPES
    from eitp_server.storage.api_key import KeyKind

    kind = KeyKind.PUBLISHABLE if publishable else KeyKind.SECRET
    scopes = frozenset(scope or ALL_SCOPES) if kind == KeyKind.SECRET else frozenset[str]()
    if unknown := scopes - ALL_SCOPES:
        raise typer.BadParameter(
            f"no such scope: {', '.join(sorted(unknown))}", param_hint="--scope"
        )

    async def create(accounts: Accounts) -> IssuedKey:
        return await accounts.keys.create(
            tenant_id,
            kind,
            environment=environment,
            scopes=scopes,
            display_name=name,
            now_us=time.time_ns() // 1000,
        )

    issued = _run(_with_accounts(create))
    _CONSOLE.print("Keep it now, it is not shown again:", style="dim")
    typer.echo(issued.secret)


@keys_app.command("list")
def list_keys(tenant_id: Annotated[str, typer.Argument(help="The tenant.")]) -> None:
    """List the keys of a tenant; the keys themselves are not kept."""

    async def read(accounts: Accounts) -> list[ApiKey]:
        return accounts.keys.of(tenant_id)

    table = Table("id", "kind", "key", "scopes", "name", "state")
    for key in _run(_with_accounts(read)):
        state = "revoked" if key.revoked_at_us else "works"
        shown = f"{key.prefix}…{key.last_four}"
        table.add_row(
            key.key_id, key.kind, shown, " ".join(sorted(key.scopes)), key.display_name, state
        )
    _CONSOLE.print(table)


@keys_app.command("revoke")
def revoke_key(
    tenant_id: Annotated[str, typer.Argument(help="The tenant.")],
    key_id: Annotated[str, typer.Argument(help="The id that `keys list` shows.")],
) -> None:
    """End a key at once."""
    now_us = time.time_ns() // 1000

    async def revoke(accounts: Accounts) -> ApiKey:
        return await accounts.keys.revoke(tenant_id, key_id, now_us)

    _run(_with_accounts(revoke))
    _CONSOLE.print(f"Revoked {key_id}.")


@bench_app.command("ingest")
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
        _CONSOLE.print(report.as_table())


@bench_app.command("restart")
def measure_restart(
    sessions: Annotated[int, typer.Option(min=1, help="Live sessions.")] = 10_000,
    history: Annotated[int, typer.Option(min=1, help="Batches before the snapshot.")] = 100_000,
    tail: Annotated[int, typer.Option(min=1, help="Batches after it, to be replayed.")] = 90_000,
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


async def _serve(settings: Settings, *, development: bool) -> None:
    from eitp_server.app import create_development_tenant, running

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with running(settings) as server:
        typer.echo(f"gRPC on {server.grpc_address}, Connect and JSON on {server.web_address}")
        if development:
            keys = await create_development_tenant(server.accounts)
            typer.echo(f"development keys: {keys.publishable} {keys.secret}")
        await stopped.wait()
        typer.echo("draining")


async def _with_accounts(job: Callable[[Accounts], Awaitable[Result]]) -> Result:
    from eitp_server.storage.accounts import Accounts
    from eitp_server.storage.sqlite_database import SQLiteDatabase

    async with await SQLiteDatabase.open(Settings().data_dir) as database:
        return await job(await Accounts.open(database))


def _run(job: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(job)


def _configure_logs(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            # Tracebacks leave local variables out, which would spill tables and telemetry.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _doc(name: str) -> str:
    return Settings.model_fields[name].description or ""
