"""What runs beside the tick and never inside it: learning, proof, the index, what spreads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from eitp_server.bandit.learnt import learn_in_portions
from eitp_server.bandit.policy_table import Exploration
from eitp_server.ingest.index.pulse import Retention
from eitp_server.ingest.input import CommandKind
from eitp_server.interventions.learner import Learner, Rhythm, Wish
from eitp_server.interventions.proving import Proving, proving
from eitp_server.services.experiment import WINDOW_US, margins_of
from eitp_server.services.intelligence_parts import Intelligence, intelligence
from eitp_server.services.volatility_parts import Volatility, volatility

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from eitp_server.apart import Apart
    from eitp_server.app.core import Core
    from eitp_server.app.stores import Stores
    from eitp_server.bandit.learning import Lesson
    from eitp_server.bandit.learnt import Learnt
    from eitp_server.config import Settings

_LOG: Final = structlog.get_logger(__name__)
_REST_SECONDS: Final = 10.0
"""How long a job that failed rests before it begins again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The slow paths of a server."""

    learner: Learner
    proving: Proving
    index: Volatility
    learned: Intelligence
    proving_seconds: float

    def jobs(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return what has to run for as long as the server lives, by name."""
        return {
            "learning": self.learner.run,
            "proving": lambda: self.proving.run(self.proving_seconds),
            "index": self.index.pulse.run,
            "contagion": self.learned.contagion.run,
            "transfer": self.learned.transfer.run,
        }


async def slow_paths(settings: Settings, stores: Stores, core: Core, apart: Apart) -> Beside:
    """Build the slow paths, each from what it has stored; what takes seconds is done `apart`."""
    evidence = _proving(stores, core)
    await evidence.knowledge.refresh()
    return Beside(
        learner=_learner(settings, stores, core, apart),
        proving=evidence,
        index=await _index(settings, stores, core),
        learned=await intelligence(
            stores.database,
            stores.accounts.tenants,
            reducer=lambda: core.reducer,
            catalogue=lambda: core.policy.catalogue,
            analyst=evidence.analyst,
            incarnation=stores.log.incarnation,
            now_us=core.now_us,
            apart=apart,
        ),
        proving_seconds=settings.proving_seconds,
    )


async def keep_running(name: str, job: Callable[[], Awaitable[None]]) -> None:
    """Run a job again whenever it fails: no slow path may end the server."""
    while True:
        try:
            await job()
        except Exception:  # noqa: BLE001 # whatever it is, the tick goes on
            _LOG.exception("a job beside the tick failed and begins again", job=name)
        await asyncio.sleep(_REST_SECONDS)


def _learner(settings: Settings, stores: Stores, core: Core, apart: Apart) -> Learner:
    async def install(document: dict[str, Any]) -> object:
        return await core.submit("", CommandKind.INSTALL_POLICY, document)

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

    async def learn(lesson: Lesson, size: int) -> tuple[Learnt | None, float]:
        return await apart.timed(learn_in_portions, lesson, size)

    rhythm = Rhythm(seconds=settings.learning_seconds, events=settings.learning_events)
    return Learner(lambda: core.policy, install, wishes, core.now_us, rhythm, learn)


def _proving(stores: Stores, core: Core) -> Proving:
    async def stop(tenant_id: str, document: dict[str, Any]) -> object:
        return await core.submit(tenant_id, CommandKind.STOP_INTERVENTION, document)

    return proving(
        stores.database,
        stores.accounts.tenants,
        policy=lambda: core.policy,
        margins=lambda tenant_id: margins_of(stores.tenant(tenant_id).learning),
        stop=stop,
        now_us=core.now_us,
        window_us=WINDOW_US,
    )


async def _index(settings: Settings, stores: Stores, core: Core) -> Volatility:
    return await volatility(
        stores.database,
        stores.accounts.tenants,
        reducer=lambda: core.reducer,
        incarnation=stores.log.incarnation,
        now_us=core.now_us,
        tick_seconds=settings.index_tick_seconds,
        retention=Retention(tick_days=settings.index_tick_days, bar_days=settings.index_bar_days),
    )
