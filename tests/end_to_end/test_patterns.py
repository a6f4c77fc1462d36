"""Proven patterns over the wire: proven by the running server, listed, filtered, paged and kept."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.trials import cell, played
from eitp.v1.audience_pb2 import Audience
from eitp.v1.capability_service_pb2 import GetCapabilitiesRequest
from eitp.v1.experiment_pb2 import ArmStatus
from eitp.v1.intervention_pb2 import InterventionKind
from eitp.v1.intervention_service_pb2 import GetExperimentRequest
from eitp.v1.page_pb2 import PageSection
from eitp.v1.pattern_pb2 import DemotionReason, PatternStatus
from eitp.v1.pattern_service_pb2 import GetPatternRequest, ListPatternsRequest
from eitp.v1.state_pb2 import EmotionLabel
from eitp_server.bandit.node import Node
from eitp_server.bandit.pattern import Pattern
from eitp_server.bandit.pattern import PatternStatus as Status
from eitp_server.interventions.pattern_document import message, row
from eitp_server.interventions.statement import statement
from eitp_server.storage.log import Writes
from eitp_server.storage.patterns import Patterns
from eitp_server.storage.rows import batches
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.tenant import Learning
from end_to_end.live import BOTH, clients, refusal, served, started, until
from interventions.proofs import BANNER, COMMON, DAY_US, PROVEN, outcome
from transport.wire import info

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from eitp.v1.pattern_service_pb2 import ListPatternsResponse
    from eitp_server.app import Server
    from eitp_server.interventions.proven import Proven
    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises

LIVE = {PatternStatus.PATTERN_STATUS_PROMOTED, PatternStatus.PATTERN_STATUS_CONFIRMED}
HELPS = {"": 0.1, "help-chat": 0.3}


async def remember(
    premises: Premises, days_ago: float, rates: dict[str, float], **rest: Any
) -> None:
    """Put decisions of ten days and what came of them into the tables, as ticks would have."""
    start_us = time.time_ns() // 1_000 - round(days_ago * DAY_US)
    trials = list(
        played(
            np.random.default_rng(1),
            2_000,
            rates,
            where=cell("shop", vertical="retail"),
            first=round(days_ago * 1e6),
            start_us=start_us,
        )
    )
    writes = Writes(
        decisions=[each.decision for each in trials],
        outcomes=[
            *(outcome(each, 1) for each in trials if each.converted),
            *(outcome(each, 7) for each in trials if each.decision.chosen in rest.get("hated", ())),
        ],
    )
    async with await SQLiteDatabase.open(premises.folder, synchronous="OFF") as database:

        def job() -> None:
            with database.transaction() as connection:
                for sql, rows in batches(writes):
                    connection.executemany(sql, rows)

        await database.on_writer(job)


async def keep(premises: Premises, *patterns: Proven) -> None:
    """Put patterns into the table."""
    async with await SQLiteDatabase.open(premises.folder, synchronous="OFF") as database:
        await Patterns(database).keep([row(item.stated(statement(item))) for item in patterns])


@asynccontextmanager
async def both(premises: Premises, **settings: Any) -> AsyncGenerator[tuple[Server, Live]]:
    """Run a server, and connect to it."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(premises, **settings))
        connected = clients(premises, server.grpc_address, server.web_address)
        yield server, await stack.enter_async_context(connected)


async def listed(live: Live, key: str = "", **fields: Any) -> ListPatternsResponse:
    """Return a page of patterns, the same by gRPC and by JSON."""
    request = ListPatternsRequest(**fields)
    by_grpc, by_json = [await live.call(request, key or live.shop.secret, by=by) for by in BOTH]
    assert by_grpc == by_json
    return by_grpc


async def test_the_server_proves_by_itself_and_says_so_to_the_shop_alone(
    premises: Premises,
) -> None:
    await remember(premises, 12, HELPS)
    async with started(premises, proving_seconds=0.05) as live:

        async def is_proven() -> bool:
            # Between two calls it may become so: both ways are compared once nothing changes.
            page = await live.call(ListPatternsRequest(), live.shop.secret)
            return page.patterns_version != "" and len(page.patterns) == 1

        await until(is_proven, 20.0)
        page = await listed(live)
        for pattern in page.patterns:
            request = GetPatternRequest(pattern_id=pattern.pattern_id)
            for by in BOTH:
                answer = await live.call(request, live.shop.secret, by=by)
                assert answer.pattern == pattern
            foreign = await refusal(live, request, live.rival.secret)
            unknown = await refusal(live, GetPatternRequest(pattern_id="x"), live.rival.secret)
            assert info(foreign).reason == info(unknown).reason == "RESOURCE_UNKNOWN"
            assert foreign.code == unknown.code == 5
            assert foreign.message == unknown.message
        capabilities = (await live.call(GetCapabilitiesRequest())).capabilities
        rival = await listed(live, live.rival.secret, include_past=True)

    assert "eitp.v1.PatternService" in capabilities.services
    assert {pattern.version for pattern in page.patterns} == {1}
    assert {pattern.definition_id for pattern in page.patterns} == {"help-chat"}
    assert {len(pattern.scope.ListFields()) for pattern in page.patterns} == {3}
    assert page.patterns_version
    assert not rival.patterns
    assert rival.patterns_version == ""


async def test_a_restart_in_the_middle_changes_no_version(premises: Premises, clock: Clock) -> None:
    await remember(premises, 12, HELPS)
    async with both(premises) as (server, live):
        await server.proving.prover.prove()
        await server.proving.knowledge.refresh()
        before = await listed(live)
    async with both(premises) as (server, live):
        assert await listed(live) == before
        assert await server.proving.prover.prove() == ()
        clock.advance(30 * 86_400)
        made = await server.proving.prover.prove()
        await server.proving.knowledge.refresh()
        after = await listed(live)
        past = await listed(live, include_past=True)

    assert {item.life.version for item in made} == {2}
    assert not after.patterns
    assert after.patterns_version == ""
    assert {pattern.pattern_id for pattern in past.patterns} == {
        pattern.pattern_id for pattern in before.patterns
    }
    unconfirmed = DemotionReason.DEMOTION_REASON_UNCONFIRMED
    assert {pattern.demotion_reason for pattern in past.patterns} == {unconfirmed}
    assert all("do not use it" in pattern.statement for pattern in past.patterns)


async def test_proven_harm_stops_the_intervention_in_the_policy(premises: Premises) -> None:
    await remember(premises, 12, {"": 0.1, "help-chat": 0.1}, hated={"help-chat"})
    async with both(premises, holdout_share=0.3) as (server, live):
        await server.proving.prover.prove()
        answer = await live.call(GetExperimentRequest(), live.shop.secret)
    async with both(premises, holdout_share=0.3) as (server, live):
        again = await live.call(GetExperimentRequest(), live.shop.secret)
        assert not (await listed(live)).patterns

    for experiment in (answer.experiment, again.experiment):
        statuses = {arm.definition_id: arm.status for arm in experiment.arms}
        assert statuses["help-chat"] == ArmStatus.ARM_STATUS_STOPPED


def at(index: int, item: Proven, **life: Any) -> Proven:
    """Return a pattern of the shop's, promoted `index` hours ago."""
    promoted_at_us = time.time_ns() // 1_000 - index * 3_600_000_000
    return replace(item, life=Pattern(promoted_at_us=promoted_at_us, **life))


async def test_pages_filters_and_what_may_be_read(premises: Premises) -> None:
    section = Node(vertical="automotive", label=8, page_section=8)
    label, everywhere = replace(section, page_section=None), Node()
    own = [
        at(1, replace(PROVEN, scope=section)),
        at(3, replace(PROVEN, scope=label), status=Status.CONFIRMED, confirmed_at_us=1),
        at(2, replace(BANNER, scope=everywhere)),
        at(4, replace(BANNER, scope=section), status=Status.EXPIRED),
    ]
    shared, rivals = at(5, COMMON), at(6, replace(PROVEN, tenant_id="rival"))
    await keep(premises, *own, shared, rivals)
    ids = [item.pattern_id for item in own]
    in_use = [ids[0], ids[2], ids[1]]
    async with both(premises) as (server, live):

        async def found(**fields: Any) -> list[str]:
            """Return the identities on all pages, whatever their size."""
            whole = await listed(live, **fields)
            for size in (1, 2):
                token, names = "", list[str]()
                while True:
                    page = await listed(live, page_size=size, page_token=token, **fields)
                    names += [pattern.pattern_id for pattern in page.patterns]
                    assert len(page.patterns) <= size
                    assert page.patterns_version == whole.patterns_version
                    if not (token := page.next_page_token):
                        break
                assert names == [pattern.pattern_id for pattern in whole.patterns]
            assert not whole.next_page_token
            return [pattern.pattern_id for pattern in whole.patterns]

        assert await found() == in_use
        assert await found(include_past=True) == [*in_use, ids[3]]
        assert await found(status=PatternStatus.PATTERN_STATUS_EXPIRED) == [ids[3]]
        assert await found(status=PatternStatus.PATTERN_STATUS_CONFIRMED) == [ids[1]]
        assert await found(status=PatternStatus.PATTERN_STATUS_DEMOTED, include_past=True) == []
        assert await found(vertical="retail") == [ids[2]]
        assert await found(vertical="automotive") == in_use
        assert await found(label=EmotionLabel.EMOTION_LABEL_HESITATION) == [ids[2]]
        form = PageSection.PAGE_SECTION_FORM
        assert await found(page_section=form) == [ids[2], ids[1]]
        assert await found(definition_id="help") == [ids[0], ids[1]]
        chat = InterventionKind.INTERVENTION_KIND_HELP_CHAT
        assert await found(kind=chat, vertical="automotive") == [ids[0], ids[1]]
        assert await found(audience=Audience.AUDIENCE_SHARED) == []
        assert await found(audience=Audience.AUDIENCE_TENANT) == in_use
        unknown = await refusal(
            live, GetPatternRequest(pattern_id=shared.pattern_id), live.shop.secret
        )
        assert info(unknown).reason == "RESOURCE_UNKNOWN"

        page = await listed(live, page_size=1)
        other = ListPatternsRequest(page_size=1, page_token=page.next_page_token, include_past=True)
        assert info(await refusal(live, other, live.shop.secret)).reason == "PAGE_TOKEN_INVALID"
        wrong = ListPatternsRequest(page_token="nonsense")
        assert info(await refusal(live, wrong, live.shop.secret)).reason == "PAGE_TOKEN_INVALID"

        alone = (await listed(live)).patterns_version
        agree = Learning(pooling=True)
        await server.accounts.tenants.change("shop", lambda known: known.with_learning(agree))
        assert await found() == [*in_use, shared.pattern_id]
        assert await found(audience=Audience.AUDIENCE_SHARED) == [shared.pattern_id]
        assert await found(kind=chat) == [ids[0], ids[1], shared.pattern_id]
        answer = await live.call(GetPatternRequest(pattern_id=shared.pattern_id), live.shop.secret)
        assert answer.pattern == message(shared.stated(statement(shared)))
        assert answer.pattern.tenants == 6
        assert answer.pattern.definition_id == ""
        assert (await listed(live)).patterns_version != alone


@pytest.mark.parametrize("size", [0, 200, 1_000])
async def test_a_page_has_at_most_two_hundred_patterns(premises: Premises, size: int) -> None:
    patterns = [
        at(1, replace(PROVEN, definition_id=f"help-{number}"), version=number + 1)
        for number in range(210)
    ]
    await keep(premises, *patterns)
    async with started(premises) as live:
        page = await live.call(ListPatternsRequest(page_size=size), live.shop.secret)
    assert len(page.patterns) == {0: 50, 200: 200, 1_000: 200}[size]
    assert {pattern.status for pattern in page.patterns} <= LIVE
    assert page.next_page_token
