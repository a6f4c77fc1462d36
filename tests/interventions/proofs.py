"""Shops whose visitors' decisions stand in the tables, and a prover that looks at them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from bandit.lifts import lift
from bandit.trials import START_US, cell, played
from eitp_server.bandit.decision import Cell
from eitp_server.bandit.node import Node
from eitp_server.bandit.pattern import Pattern
from eitp_server.classification.packet import Label
from eitp_server.errors import Missing, Reason
from eitp_server.interventions.definition import Definition, InterventionKind
from eitp_server.interventions.pattern_document import pattern
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.proven import Proven
from eitp_server.interventions.proving import Proving, proving
from eitp_server.storage.log import AcknowledgementRow, InterventionRow, OutcomeRow, Writes
from eitp_server.storage.patterns import SHARED, Patterns
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from eitp_server.storage.tenant import Learning, Tenant
from eitp_server.storage.tenants import Tenants
from interventions.shop import SETTINGS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
    from pathlib import Path

    import pytest
    from eitp_server.bandit.trial import Trial
    from eitp_server.interventions.analyst import Examined

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
WINDOW_US = HOUR_US
MATURED_US = WINDOW_US + 61 * SECOND_US
"""Time after a decision by which it is read."""
HELPS = {"": 0.1, "help": 0.3}
"""Success rates with an intervention that helps so much that few visitors show it."""
HARMS = {"": 0.3, "help": 0.1}
IDLE = {"": 0.1, "help": 0.1, "banner": 0.1}
KINDS = {"help": InterventionKind.HELP_CHAT, "banner": InterventionKind.VALUE_HIGHLIGHT}

AT_US = 1_790_000_000_000_000
"""When the patterns below were promoted."""
PROVEN = Proven(
    tenant_id="shop",
    scope=Node(vertical="automotive", label=8, page_section=8),
    definition_id="help",
    epoch=1,
    kind=InterventionKind.HELP_CHAT,
    life=Pattern(promoted_at_us=AT_US),
    promotion=lift(),
    first_decided_at_us=AT_US - 10 * DAY_US,
    last_decided_at_us=AT_US - DAY_US,
)
WIDER = replace(PROVEN, scope=Node(vertical="automotive"))
BANNER = replace(PROVEN, definition_id="banner", kind=InterventionKind.VALUE_HIGHLIGHT)
COMMON = replace(
    PROVEN,
    tenant_id=SHARED,
    definition_id="",
    epoch=0,
    tenants=6,
    scope=Node(vertical="automotive"),
)


@dataclass(slots=True)
class Street:
    """Some shops on one database, and a clock that stands still."""

    database: SQLiteDatabase
    log: SQLiteLog
    tenants: Tenants
    policy: Policy
    now_us: int = START_US
    stops: list[tuple[str, dict[str, Any]]] = field(default_factory=list[Any])
    _ticks: int = 0
    _visitors: int = 0

    async def open(self, tenant_id: str = "shop", **changed: Any) -> None:
        """Open a shop with two interventions."""
        learning = {
            name: changed.pop(name) for name in ("pooling", "promotion_margin") if name in changed
        }
        tenant = Tenant(
            tenant_id=tenant_id,
            display_name=tenant_id,
            vertical="automotive",
            holdout_share=0.3,
            created_at_us=START_US,
        )
        tenant = replace(tenant, **changed).with_learning(Learning(**learning))
        await self.tenants.create(tenant)
        for item in self.policy.catalogue.definitions(tenant_id):
            self.policy.catalogue.delete(tenant_id, item.definition_id)
        for definition_id in KINDS:
            self.policy.catalogue.create(definition(definition_id, tenant_id))

    async def visit(
        self,
        rates: Mapping[str, float] = HELPS,
        count: int = 2_000,
        *,
        where: Cell | Sequence[Cell] | None = None,
        seed: int = 1,
        days: float = 10.0,
        complaints: Mapping[str, float] | None = None,
    ) -> None:
        """Let `count` new visitors come within `days`, after which all is known of them.

        They are in the cells of `where` in turn.
        """
        rng = np.random.default_rng(seed)
        cells = [where or cell()] if where is None or isinstance(where, Cell) else where
        trials = played(
            rng,
            count,
            rates,
            first=self._visitors,
            start_us=self.now_us,
            days=days,
        )
        kept = [
            replace(each, decision=replace(each.decision, cell=cells[index % len(cells)]))
            for index, each in enumerate(trials)
        ]
        angry = rng.random(count)
        harms = complaints or {}
        hated = [
            each
            for each, anger in zip(kept, angry, strict=True)
            if anger < harms.get("" if each.decision.holdout else each.decision.chosen, 0.0)
        ]
        self._visitors += count
        await self.write(
            decisions=[each.decision for each in kept],
            outcomes=[
                *(outcome(each, 1) for each in kept if each.converted),
                *(outcome(each, 7) for each in hated),
            ],
        )
        self.now_us += round(days * DAY_US) + MATURED_US

    async def leak(self, tenant_id: str = "shop") -> None:
        """Let a visitor of the holdout, who comes now, be shown something all the same."""
        trials = played(
            np.random.default_rng(0),
            40,
            {"": 0.0, "help": 0.0},
            where=cell(tenant_id),
            first=self._visitors,
            start_us=self.now_us,
            days=0.001,
        )
        held_out = next(each.decision for each in trials if each.decision.holdout)
        self._visitors += 40
        shown = InterventionRow(
            intervention_id=f"leak-{self.now_us}",
            decision_id=held_out.decision_id,
            tenant_id=tenant_id,
            session_id=held_out.session_id,
            definition_id="help",
            definition_revision=1,
            number=self._visitors,
            created_at_us=held_out.decided_at_us,
            expires_at_us=held_out.decided_at_us + HOUR_US,
        )
        told = AcknowledgementRow(
            intervention_id=shown.intervention_id,
            tenant_id=tenant_id,
            disposition=2,
            at_us=shown.created_at_us + SECOND_US,
        )
        decision = replace(held_out, chosen="help")
        await self.write(decisions=[decision], interventions=[shown], acknowledgements=[told])
        self.now_us += DAY_US

    async def write(self, **rows: Any) -> None:
        """Commit what a tick would have written."""
        self._ticks += 1
        await self.log.commit(self._ticks, b"", Writes(**rows))

    def proving(self) -> Proving:
        """Return the parts as a server makes them when it starts."""

        async def stop(tenant_id: str, document: dict[str, Any]) -> None:
            self.stops.append((tenant_id, document))
            row = self.policy.stop(
                tenant_id, document["definition_id"], document["metric"], self.now_us
            )
            await self.write(stopped=[row])

        return proving(
            self.database,
            self.tenants,
            policy=lambda: self.policy,
            margins=lambda _: {},
            stop=stop,
            now_us=lambda: self.now_us,
            window_us=WINDOW_US,
        )

    async def newest(self, tenant_id: str = "shop") -> dict[str, Proven]:
        """Return the patterns of a shop in their newest version, by scope and arm."""
        rows = await Patterns(self.database).newest(tenant_id)
        return {named(item): item for item in map(pattern, rows)}


@asynccontextmanager
async def street(folder: Path) -> AsyncGenerator[Street]:
    """Give an empty street."""
    async with await SQLiteDatabase.open(folder, synchronous="OFF") as database:
        log = await SQLiteLog.open(database)
        yield Street(database=database, log=log, tenants=Tenants(database), policy=Policy(SETTINGS))


def lose(parts: Proving, tenant_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be found out about a shop from now on."""
    examine = parts.analyst.examine

    async def failing(asked: str) -> Examined:
        if asked == tenant_id:
            raise Missing(Reason.DEFINITION_UNKNOWN, "It is gone.")
        return await examine(asked)

    monkeypatch.setattr(parts.analyst, "examine", failing)


def definition(definition_id: str, tenant_id: str) -> Definition:
    return Definition(
        definition_id=definition_id,
        tenant_id=tenant_id,
        kind=KINDS[definition_id],
        title="What it says",
        labels=frozenset({Label.FRUSTRATION}),
    )


def outcome(trial: Trial, kind: int) -> OutcomeRow:
    decision = trial.decision
    return OutcomeRow(
        outcome_id=f"{kind}-{decision.decision_id}",
        tenant_id=decision.cell.tenant_id,
        session_id=decision.session_id,
        decision_id=decision.decision_id,
        kind=kind,
        value_micros=0,
        currency="",
        occurred_at_us=decision.decided_at_us + SECOND_US,
        received_at_us=decision.decided_at_us + 2 * SECOND_US,
    )


def named(item: Proven) -> str:
    """Return a short name, as `help 3` for a pattern of a section."""
    return f"{item.arm} {item.scope.depth}"


def shown(patterns: Iterable[Proven]) -> list[tuple[str, int, str, str]]:
    """Return what happened to patterns: name, version, status and reason, sorted."""
    return sorted(
        (
            named(item),
            item.life.version,
            item.life.status.name,
            item.life.demotion_reason.name,
        )
        for item in patterns
    )
