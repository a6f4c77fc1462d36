"""The composition root: builds every part once, joins them, and takes them down in order."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from eitp_server.bandit.choice import Experiment
from eitp_server.bandit.policy_table import Exploration
from eitp_server.config import DEVELOPMENT_TENANT
from eitp_server.ingest.classify import classify
from eitp_server.ingest.feed import Feed
from eitp_server.ingest.inbox import Inbox
from eitp_server.ingest.index.pulse import Retention
from eitp_server.ingest.input import Command, CommandKind
from eitp_server.ingest.recovery import recover
from eitp_server.ingest.reducer import IDLE_US, REDUCER_VERSION, Reducer
from eitp_server.ingest.tick import Pace, Ticker
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.learner import Learner, Rhythm, Wish
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.policy import Settings as PolicySettings
from eitp_server.interventions.proving import Proving, is_sharing, proving
from eitp_server.services.capability import NAME as CAPABILITY
from eitp_server.services.capability import CapabilityService
from eitp_server.services.cursor import Cursors, FeedKind
from eitp_server.services.emotion import EmotionService
from eitp_server.services.experiment import WINDOW_US, Experiments, margins_of
from eitp_server.services.hypothesis import examine
from eitp_server.services.intelligence_parts import Intelligence, intelligence
from eitp_server.services.intervention import InterventionService
from eitp_server.services.pattern import PatternService
from eitp_server.services.session import SessionService
from eitp_server.services.telemetry import TelemetryService
from eitp_server.services.token import SigningKey, Tokens
from eitp_server.services.validation import violations
from eitp_server.services.volatility_parts import Volatility, volatility
from eitp_server.services.watch import Watch
from eitp_server.storage.accounts import Accounts
from eitp_server.storage.api_key import KeyKind, compose
from eitp_server.storage.forecasts import KeptForecasts
from eitp_server.storage.queries import Queries
from eitp_server.storage.snapshot import MemorySnapshots, Snapshots
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from eitp_server.storage.tenant import Tenant
from eitp_server.storage.tenants import unknown_tenant
from eitp_server.transport.boundary import Boundary
from eitp_server.transport.credential import Authenticator
from eitp_server.transport.description import describe
from eitp_server.transport.grpc_server import GrpcServer
from eitp_server.transport.keyring import Keyring
from eitp_server.transport.method import offered
from eitp_server.transport.web_app import WebApp
from eitp_server.transport.web_server import WebServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from eitp_server.classification.packet import Packet
    from eitp_server.config import Settings
    from eitp_server.ingest.recovery import Snapshots as KeptSnapshots
    from eitp_server.ingest.tick import Counters
    from eitp_server.services.caller import Caller
    from eitp_server.storage.log import InterventionRow

_LOG: Final = structlog.get_logger(__name__)

ALL_SCOPES: Final = frozenset(
    {
        "audit.read",
        "catalogue.read",
        "catalogue.write",
        "decisions.read",
        "intelligence.read",
        "interventions.read",
        "interventions.write",
        "outcomes.write",
        "packets.read",
        "patterns.read",
        "sessions.write",
        "subjects.erase",
        "subjects.export",
        "telemetry.write",
        "volatility.read",
    }
)
"""What a secret key may do when nothing less is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevelopmentKeys:
    """The fixed keys of the development tenant, which exists in the demo and nowhere else."""

    publishable: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server."""

    grpc_address: str
    web_address: str
    accounts: Accounts
    ticker: Ticker
    proving: Proving
    learned: Intelligence

    @property
    def counters(self) -> Counters:
        """What happened since the start."""
        return self.ticker.counters


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    database: SQLiteDatabase
    log: SQLiteLog
    snapshots: KeptSnapshots
    accounts: Accounts
    secret: bytes
    """32 bytes that key every hash and draw of this server's data."""
    signing_seed: bytes


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[Server]:
    """Run the server until the block ends, then drain it.

    Raises `DirectoryInUse` when another process has the data directory and `OSError` when a port
    is taken.
    """
    async with AsyncExitStack() as stack:
        stores = await _open_stores(settings, stack)
        ticker, inbox, packets, interventions = await _start_tick(settings, stores)
        tokens = Tokens(
            [SigningKey.from_seed(stores.signing_seed)],
            lifetime_us=settings.token_lifetime_seconds * 1_000_000,
        )
        keyring = Keyring(stores.accounts, ticker.now_us)
        evidence = _proving(ticker, inbox, stores)
        await evidence.knowledge.refresh()
        index = await _index(settings, stores, ticker)
        learned = await intelligence(
            stores.database,
            stores.accounts.tenants,
            reducer=lambda: ticker.reducer,
            catalogue=lambda: _policy(ticker).catalogue,
            analyst=evidence.analyst,
            incarnation=stores.log.incarnation,
            now_us=ticker.now_us,
        )
        services = _services(
            stores,
            ticker,
            inbox,
            packets,
            interventions,
            tokens,
            keyring,
            evidence,
            learned,
            index,
            settings,
        )
        authenticator = Authenticator(keyring, tokens, ticker.now_us)
        boundary = Boundary(services, authenticator, gate=inbox)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        tasks.create_task(ticker.run())
        learner = tasks.create_task(_learner(ticker, inbox, stores, settings).run())
        stack.callback(learner.cancel)
        prover = tasks.create_task(evidence.run(settings.proving_seconds))
        stack.callback(prover.cancel)
        pulse = tasks.create_task(index.pulse.run())
        stack.callback(pulse.cancel)
        learning = tasks.create_task(learned.run())
        stack.callback(learning.cancel)
        stack.callback(ticker.stop)
        grpc_server = GrpcServer(boundary, settings.host, settings.grpc_port)
        await stack.enter_async_context(grpc_server)
        web_server = WebServer(WebApp(boundary), settings.host, settings.web_port)
        await stack.enter_async_context(web_server)
        stack.push_async_callback(_drain, boundary, grpc_server, settings.drain_seconds)
        yield Server(
            grpc_address=f"{settings.host}:{grpc_server.port}",
            web_address=f"http://{settings.host}:{web_server.port}",
            accounts=stores.accounts,
            ticker=ticker,
            proving=evidence,
            learned=learned,
        )


async def create_development_tenant(accounts: Accounts) -> DevelopmentKeys:
    """Make sure that the development tenant and its fixed keys exist; for the demo only."""
    now_us = _clock_us()
    if accounts.tenants.get(DEVELOPMENT_TENANT) is None:
        await accounts.tenants.create(
            Tenant(
                tenant_id=DEVELOPMENT_TENANT,
                display_name="Demo dealership",
                vertical="automotive",
                region="US-CA",
                holdout_share=0.1,
                allowed_origins=("http://localhost:8080", "http://127.0.0.1:8080"),
                created_at_us=now_us,
            )
        )
    keys = DevelopmentKeys(
        publishable=compose(KeyKind.PUBLISHABLE, "dev", "Demo0" * 6),
        secret=compose(KeyKind.SECRET, "dev", "Demo1" * 6),
    )
    for kind, text in ((KeyKind.PUBLISHABLE, keys.publishable), (KeyKind.SECRET, keys.secret)):
        if accounts.keys.authenticate(text, now_us) is None:
            scopes = ALL_SCOPES if kind == KeyKind.SECRET else frozenset[str]()
            await accounts.keys.create(
                DEVELOPMENT_TENANT,
                kind,
                environment="dev",
                scopes=scopes,
                display_name="fixed, for the demo",
                now_us=now_us,
                fixed=text,
            )
    return keys


async def _open_stores(settings: Settings, stack: AsyncExitStack) -> _Stores:
    database = await SQLiteDatabase.open(settings.data_dir, synchronous=settings.synchronous)
    log = await SQLiteLog.open(database, reducer_version=REDUCER_VERSION)
    stack.push_async_callback(log.close)
    secret = await asyncio.to_thread(_secret, settings)
    snapshots = (
        MemorySnapshots()
        if settings.data_dir is None
        else Snapshots(
            settings.data_dir / "snapshots",
            incarnation=log.incarnation,
            reducer_version=REDUCER_VERSION,
        )
    )
    return _Stores(
        database=database,
        log=log,
        snapshots=snapshots,
        accounts=await Accounts.open(database),
        secret=secret[:32],
        signing_seed=secret[32:],
    )


def _secret(settings: Settings) -> bytes:
    """Return the 64 secret bytes of this server's data, made at the first start."""
    if settings.data_dir is None:
        return secrets.token_bytes(64)
    path = settings.data_dir / "secret.key"
    if not path.exists():
        _keep(path, secrets.token_bytes(64))
    return path.read_bytes()


def _keep(path: Path, content: bytes) -> None:
    """Write a file for nobody else's eyes, so that after a crash it is whole or not there."""
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


async def _start_tick(
    settings: Settings, stores: _Stores
) -> tuple[Ticker, Inbox, Feed[Packet], Feed[InterventionRow]]:
    def new_reducer() -> Reducer:
        experiment = Experiment(key=stores.secret, holdout_share=settings.holdout_share)
        policy = PolicySettings(experiment=experiment)
        return Reducer(Desk(Policy(policy)), violations)

    began = time.monotonic()
    recovered = await recover(stores.log, stores.snapshots, new_reducer)
    _LOG.info(
        "recovered",
        sessions=len(recovered.reducer.sessions),
        tick=recovered.tick,
        replayed=recovered.replayed,
        seconds=round(time.monotonic() - began, 3),
    )
    last_packet, last_intervention = await stores.log.last_numbers()
    packets: Feed[Packet] = Feed(_stored(stores.log.packets), last_packet)
    interventions: Feed[InterventionRow] = Feed(
        _stored(stores.log.interventions), last_intervention
    )
    inbox = Inbox(max_batches=settings.max_queued_batches)
    pace = Pace(
        max_pause=settings.max_pause_ms / 1000,
        snapshot_work=settings.snapshot_work_seconds,
        snapshot_batches=settings.snapshot_batches,
        snapshot_seconds=settings.snapshot_seconds,
        retention_seconds=settings.log_retention_seconds,
    )
    ticker = Ticker(
        inbox=inbox,
        log=stores.log,
        snapshots=stores.snapshots,
        recovered=recovered,
        new_reducer=new_reducer,
        packets=packets,
        interventions=interventions,
        clock_us=_clock_us,
        pace=pace,
    )
    return ticker, inbox, packets, interventions


def _policy(ticker: Ticker) -> Policy:
    desk = ticker.reducer.policy
    assert isinstance(desk, Desk)
    return desk.policy


def _learner(ticker: Ticker, inbox: Inbox, stores: _Stores, settings: Settings) -> Learner:
    async def install(document: dict[str, Any]) -> object:
        kind = CommandKind.INSTALL_POLICY
        return await inbox.submit(Command(tenant_id="", kind=kind, document=document))

    def wishes() -> dict[str, Wish]:
        return {
            tenant.tenant_id: Wish(
                sharing=tenant.learning.pooling,
                exploration=Exploration(
                    floor=tenant.learning.exploration_floor, goal=tenant.learning.selection_goal
                ),
            )
            for tenant in stores.accounts.tenants.all()
        }

    rhythm = Rhythm(seconds=settings.learning_seconds, events=settings.learning_events)
    return Learner(lambda: _policy(ticker), install, wishes, ticker.now_us, rhythm)


def _proving(ticker: Ticker, inbox: Inbox, stores: _Stores) -> Proving:
    async def stop(tenant_id: str, document: dict[str, Any]) -> object:
        kind = CommandKind.STOP_INTERVENTION
        return await inbox.submit(Command(tenant_id=tenant_id, kind=kind, document=document))

    return proving(
        stores.database,
        stores.accounts.tenants,
        policy=lambda: _policy(ticker),
        margins=lambda tenant_id: margins_of(_tenant(stores, tenant_id).learning),
        stop=stop,
        now_us=ticker.now_us,
        window_us=WINDOW_US,
    )


async def _index(settings: Settings, stores: _Stores, ticker: Ticker) -> Volatility:
    return await volatility(
        stores.database,
        stores.accounts.tenants,
        reducer=lambda: ticker.reducer,
        incarnation=stores.log.incarnation,
        now_us=ticker.now_us,
        tick_seconds=settings.index_tick_seconds,
        retention=Retention(tick_days=settings.index_tick_days, bar_days=settings.index_bar_days),
    )


def _tenant(stores: _Stores, tenant_id: str) -> Tenant:
    tenant = stores.accounts.tenants.get(tenant_id)
    if tenant is None:
        raise unknown_tenant(tenant_id)
    return tenant


def _services(
    stores: _Stores,
    ticker: Ticker,
    inbox: Inbox,
    packets: Feed[Packet],
    interventions: Feed[InterventionRow],
    tokens: Tokens,
    keyring: Keyring,
    evidence: Proving,
    learned: Intelligence,
    index: Volatility,
    settings: Settings,
) -> dict[str, object]:
    incarnation = stores.log.incarnation
    queries = Queries(stores.database)
    forecasts = KeptForecasts(stores.database)

    def current(tenant_id: str, session_id: str) -> Packet | None:
        return ticker.reducer.current(tenant_id, session_id, ticker.now_us())

    def alive(tenant_id: str, session_id: str) -> bool:
        return ticker.reducer.sessions.find(tenant_id, session_id) is not None

    def refreshed(caller: Caller) -> str:
        return tokens.refreshed(caller, ticker.now_us())

    services: dict[str, object] = {
        "eitp.v1.TelemetryService": TelemetryService(inbox, current, refreshed),
        "eitp.v1.SessionService": SessionService(
            inbox,
            tokens,
            keyring,
            alive,
            ticker.now_us,
            secret=stores.secret,
            idle_us=IDLE_US,
        ),
        "eitp.v1.EmotionService": EmotionService(
            Watch(packets, Cursors(FeedKind.PACKETS, incarnation), ticker.now_us),
            current,
            lambda batches, page: classify(batches, page, violations, ticker.now_us()),
            lambda tenant_id: examine(forecasts, tenant_id, ticker.now_us()),
        ),
        "eitp.v1.IntelligenceService": learned.service,
        "eitp.v1.InterventionService": InterventionService(
            inbox,
            Watch(interventions, Cursors(FeedKind.INTERVENTIONS, incarnation), ticker.now_us),
            lambda: _policy(ticker),
            queries,
            Experiments(
                evidence.analyst,
                lambda: _policy(ticker),
                lambda tenant_id: _tenant(stores, tenant_id).vertical,
                ticker.now_us,
                holdout_share=settings.holdout_share,
            ),
            ticker.now_us,
        ),
        "eitp.v1.PatternService": PatternService(
            evidence.patterns,
            evidence.knowledge,
            lambda tenant_id: is_sharing(stores.accounts.tenants, tenant_id),
            ticker.now_us,
        ),
        "eitp.v1.VolatilityService": index.service,
    }
    calls = offered({**services, CAPABILITY: CapabilityService})
    description = describe(stores.log.durability, settings.token_lifetime_seconds)
    services[CAPABILITY] = CapabilityService(description, calls, ticker.now_us)
    return services


def _stored(read: Any) -> Any:
    def page(tenant_id: str, after: int, limit: int, session_id: str) -> Any:
        return read(tenant_id, after, limit, session_id=session_id)

    return page


async def _drain(boundary: Boundary, grpc_server: GrpcServer, seconds: float) -> None:
    await grpc_server.announce_end()
    await boundary.drain(min(seconds, 1.0))


def _clock_us() -> int:
    return time.time_ns() // 1000
