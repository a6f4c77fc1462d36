"""What spreads and what carries over, asked of a whole server."""

from __future__ import annotations

import asyncio
import base64
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp.v1.audience_pb2 import Audience
from eitp.v1.capability_pb2 import Profile
from eitp.v1.capability_service_pb2 import GetCapabilitiesRequest
from eitp.v1.contagion_pb2 import ContagionEdgeStatus, ContagionFeature, ContagionStatus
from eitp.v1.cursor_pb2 import DeliveryMode, StartPosition
from eitp.v1.emotion_service_pb2 import WatchPacketsRequest
from eitp.v1.intelligence_service_pb2 import (
    GetContagionRequest,
    ListTransfersRequest,
    WatchContagionRequest,
)
from eitp.v1.intervention_pb2 import InterventionKind
from eitp.v1.state_pb2 import EmotionLabel
from eitp.v1.transfer_pb2 import TransferVerdict
from eitp_server.apart import Apart
from eitp_server.cli import app
from eitp_server.services.validation import violations
from eitp_server.storage.contagion_value import Series
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.transfers import SHARED, Transfers
from end_to_end.insight import STREAM, analyses, finding
from end_to_end.live import BOTH, clients, items, refusal, served, started, stream_refusal
from ingest.regions import DAY, Works, at, minutes
from transport.wire import fields, info
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from end_to_end.live import Live, Premises, Transport

pytestmark = pytest.mark.usefixtures("still")
TENANT, EVERYBODY = Audience.AUDIENCE_TENANT, Audience.AUDIENCE_SHARED
OLDEST = StartPosition.START_POSITION_OLDEST
LATEST = DeliveryMode.DELIVERY_MODE_LATEST
ENDED = ContagionEdgeStatus.CONTAGION_EDGE_STATUS_ENDED


async def command(premises: Premises, *arguments: str) -> str:
    """Run `eitp-server` as an operator does and return the last line that it prints."""
    environment = {"EITP_DATA_DIR": str(premises.folder)}
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[-1]


async def pool(premises: Premises) -> None:
    """Let the shop agree to pooling."""
    await command(premises, "tenants", "learning", premises.shop.tenant_id, "--pool")


async def read(live: Live, count: int, by: Transport = "grpc", **fields: Any) -> list[Any]:
    """Return the next responses of a watch of the shop, without heartbeats."""
    request = WatchContagionRequest(**fields)
    async with aclosing(live.watch(request, live.shop.secret, by=by)) as watch:
        return await items(watch, count)


def pairs(messages: Sequence[Any]) -> list[tuple[str, str]]:
    return [
        (message.edge.source_region, message.edge.target_region)
        for message in messages
        if message.HasField("edge")
    ]


async def test_at_first_there_is_too_little(live: Live) -> None:
    for by in BOTH:
        answer = await live.call(GetContagionRequest(), live.shop.secret, by=by)
        snapshot = answer.snapshot
        assert snapshot.status == ContagionStatus.CONTAGION_STATUS_INSUFFICIENT
        assert not snapshot.HasField("totals")
        assert not answer.edges
        assert snapshot.series.audience == TENANT
        assert snapshot.series.feature == ContagionFeature.CONTAGION_FEATURE_VOLATILITY
        assert not violations(answer)


async def test_the_service_is_among_the_capabilities(live: Live) -> None:
    found = (await live.call(GetCapabilitiesRequest())).capabilities

    assert Profile.PROFILE_INTELLIGENCE in found.profiles
    assert "eitp.v1.IntelligenceService" in found.services
    named = {one.subject: one.methodology_id for one in found.methodologies}
    assert (named["contagion"], named["transfer"]) == ("contagion-1.0", "transfer-1.0")


async def test_the_newest_analysis_is_answered_strongest_edge_first(premises: Premises) -> None:
    await analyses(premises, DAY)
    async with started(premises) as live:
        answer = await live.call(GetContagionRequest(), live.shop.secret)
        own_trade = await live.call(GetContagionRequest(vertical="retail"), live.shop.secret)
        another = await live.call(GetContagionRequest(vertical="travel"), live.shop.secret)
        rival = await live.call(GetContagionRequest(), live.rival.secret)

    assert not violations(answer)
    assert answer.snapshot.status == ContagionStatus.CONTAGION_STATUS_OK
    assert {(edge.source_region, edge.target_region) for edge in answer.edges} == STREAM.pairs
    strengths = [edge.strength for edge in answer.edges]
    assert strengths == sorted(strengths, reverse=True)
    assert all(edge.min_sessions == 123 for edge in answer.edges)
    assert [region.region for region in answer.snapshot.regions] == list(STREAM.names)
    assert own_trade.snapshot.series.vertical == "retail"
    assert own_trade.snapshot.totals == answer.snapshot.totals
    for nothing in (another, rival):
        assert nothing.snapshot.status == ContagionStatus.CONTAGION_STATUS_INSUFFICIENT
        assert not nothing.edges


async def test_a_shared_analysis_tells_numbers_of_sessions_as_bands_to_those_who_share(
    premises: Premises,
) -> None:
    await analyses(premises, DAY, series=Series())
    await pool(premises)
    request = GetContagionRequest(audience=EVERYBODY)
    async with started(premises) as live:
        answer = await live.call(request, live.shop.secret)
        refused = await refusal(live, request, live.rival.secret)
        watching = WatchContagionRequest(audience=EVERYBODY)
        unwatched = await stream_refusal(live, watching, live.rival.secret)
        unlisted = await refusal(live, ListTransfersRequest(audience=EVERYBODY), live.rival.secret)

    assert not violations(answer)
    assert {edge.min_sessions for edge in answer.edges} == {100}
    assert answer.snapshot.series.audience == EVERYBODY
    for status in (refused, unwatched, unlisted):
        assert status.code == grpc.StatusCode.PERMISSION_DENIED.value[0]
        assert info(status).reason == "POOLING_REQUIRED"


async def test_a_key_without_the_scope_is_refused(premises: Premises) -> None:
    narrow = await command(premises, "keys", "create", "shop", "--scope", "packets.read")
    async with started(premises) as live:
        for request in (GetContagionRequest(), ListTransfersRequest()):
            status = await refusal(live, request, narrow)
            assert info(status).metadata["scope"] == "intelligence.read"


async def test_what_is_not_followed_is_said_so(live: Live) -> None:
    request = GetContagionRequest(feature=ContagionFeature.CONTAGION_FEATURE_VALENCE)
    status = await refusal(live, request, live.shop.secret)

    assert status.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    assert "volatility" in status.message


async def test_what_can_be_no_vertical_breaks_the_rule_of_its_field(live: Live) -> None:
    status = await refusal(live, GetContagionRequest(vertical="A b"), live.shop.secret)

    assert fields(status) == {"vertical": "string.pattern"}


@pytest.mark.parametrize("by", BOTH)
async def test_a_watch_goes_on_behind_any_cursor_also_after_a_restart(
    premises: Premises, by: Transport
) -> None:
    await analyses(premises, DAY, 2 * DAY)
    async with started(premises) as live:
        whole = await read(live, 12, by, start=OLDEST)
    assert [message.HasField("snapshot") for message in whole] == [*[False] * 5, True] * 2
    assert set(pairs(whole[:5])) == set(pairs(whole[6:11])) == STREAM.pairs
    assert {message.edge.status for message in whole[6:11]} == {ENDED}
    for message in whole:
        assert not violations(message)
    async with started(premises) as live:
        for position in (0, 4, 5, 8):
            rest = await read(live, 11 - position, by, cursor=whole[position].cursor)
            assert rest == whole[position + 1 :]


async def test_a_watch_from_now_begins_with_what_holds_and_the_newest_snapshot(
    premises: Premises,
) -> None:
    await analyses(premises, DAY, DAY + 5)
    async with started(premises) as live:
        whole = await read(live, 6)
        answer = await live.call(GetContagionRequest(), live.shop.secret)
        resumed = WatchContagionRequest(cursor=whole[2].cursor, mode=LATEST)
        async with aclosing(live.watch(resumed, live.shop.secret)) as watch:
            rest = [await asyncio.wait_for(anext(watch), 5)]
            while not rest[-1].HasField("heartbeat"):
                rest.append(await asyncio.wait_for(anext(watch), 7))
        request = WatchContagionRequest()
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            seven = [await asyncio.wait_for(anext(watch), 5) for _ in range(7)]
    assert set(pairs(whole)) == STREAM.pairs
    assert whole[-1].snapshot == answer.snapshot
    assert [m for m in rest if m.WhichOneof("item") in {"edge", "snapshot"}] == whole[3:]
    assert seven[:6] == whole
    assert seven[6].WhichOneof("item") == "heartbeat"


async def test_a_watch_from_now_leaves_out_what_has_ended(premises: Premises) -> None:
    await analyses(premises, DAY, 2 * DAY)
    async with started(premises) as live:
        (only,) = await read(live, 1)
    assert only.snapshot.window.end.ToMicroseconds() == at(2 * DAY)


async def test_a_watch_from_now_tells_no_edge_while_there_is_no_analysis(
    premises: Premises,
) -> None:
    async with await SQLiteDatabase.open(premises.folder) as database, Apart() as apart:
        works, own = Works(database, apart), Series(tenant_id=premises.shop.tenant_id)
        await works.keep(minutes(STREAM.values, STREAM.names), own)
        await works.analyse(DAY, DAY + 300)
    async with started(premises) as live:
        (only,) = await read(live, 1)
        request = WatchContagionRequest()
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            two = [await asyncio.wait_for(anext(watch), 5) for _ in range(2)]
    assert not only.snapshot.HasField("totals")
    assert two[0] == only
    assert two[1].WhichOneof("item") == "heartbeat"


async def test_a_hurried_watch_skips_to_the_newest_analysis(premises: Premises) -> None:
    await analyses(premises, DAY, 2 * DAY)
    async with started(premises) as live:
        found = await read(live, 7, start=OLDEST, mode=LATEST)
        lossless = await read(live, 6, start=OLDEST)
    lagged, *rest = found
    assert lagged.lagged.dropped == 6
    assert lagged.lagged.to_cursor == lossless[-1].cursor
    assert {message.edge.status for message in rest[:-1]} == {ENDED}
    assert set(pairs(rest)) == STREAM.pairs
    assert rest[-1].snapshot.window.end.ToMicroseconds() == at(2 * DAY)


async def test_an_analysis_reaches_those_who_watch(premises: Premises) -> None:
    await analyses(premises)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(premises))
        connected = clients(premises, server.grpc_address, server.web_address)
        live = await stack.enter_async_context(connected)
        request = WatchContagionRequest()
        async with aclosing(live.watch(request, live.shop.secret)) as watch:
            begun = await asyncio.wait_for(anext(watch), 5)
            assert begun.WhichOneof("item") == "heartbeat"
            await server.learned.contagion.analyse(at(DAY))
            found = await items(watch, 6)
    assert set(pairs(found)) == STREAM.pairs
    assert found[-1].HasField("snapshot")


async def test_a_cursor_of_another_audience_or_feed_is_foreign(premises: Premises) -> None:
    await analyses(premises, DAY)
    await pool(premises)
    async with started(premises) as live:
        (message,) = await read(live, 1, start=OLDEST)
        foreign = (
            (WatchContagionRequest(cursor=message.cursor), live.rival.secret),
            (WatchContagionRequest(cursor=message.cursor, audience=EVERYBODY), live.shop.secret),
            (WatchPacketsRequest(cursor=message.cursor), live.shop.secret),
        )
        for request, secret in foreign:
            assert info(await stream_refusal(live, request, secret)).reason == "CURSOR_FOREIGN"


async def test_a_cursor_before_what_is_kept_is_compacted(premises: Premises) -> None:
    await analyses(premises, DAY, DAY + 5, DAY + 10, 2 * DAY)
    async with started(premises) as live:
        first, *_ = await read(live, 6, start=OLDEST)
    async with await SQLiteDatabase.open(premises.folder) as database:
        await Works(database, Apart()).kept.forget(at(2 * DAY), at(2 * DAY))
    async with started(premises) as live:
        status = await stream_refusal(
            live, WatchContagionRequest(cursor=first.cursor), live.shop.secret
        )
        assert info(status).reason == "CURSOR_COMPACTED"
        oldest = base64.b64decode(info(status).metadata["oldest"], validate=True)
        rest = await read(live, 1, cursor=oldest)
        every = await read(live, 6, start=OLDEST)
    assert every[-1].snapshot.window.end.ToMicroseconds() == at(2 * DAY)
    assert rest[0] in every


@pytest.fixture
async def listed(premises: Premises) -> AsyncGenerator[Live]:
    """A server with seven findings of the shop, two of its rival and three shared ones."""
    async with await SQLiteDatabase.open(premises.folder) as database:
        transfers = Transfers(database)
        own = [finding("shop", n, 0.1 * n if n < 5 else None, label=n % 2 * 4) for n in range(7)]
        await transfers.replace("shop", own)
        await transfers.replace("rival", [finding("rival", 20 + n, 0.99) for n in range(2)])
        shared = [finding(SHARED, 10 + n, 0.99, verdict=1, kind=n + 1) for n in range(3)]
        await transfers.replace(SHARED, shared)
        await transfers.mark_judged(shared[0].computed_at_us)
    await pool(premises)
    async with started(premises) as live:
        yield live


async def names(live: Live, secret: str = "", **fields: Any) -> list[str]:
    """Return the identities of all pages, without `transfer-`."""
    found: list[str] = []
    request = ListTransfersRequest(**fields)
    while True:
        answer = await live.call(request, secret or live.shop.secret)
        assert not violations(answer)
        found += [one.transfer_id.removeprefix("transfer-") for one in answer.transfers]
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


async def test_transfers_are_listed_surest_first_page_by_page(listed: Live) -> None:
    whole = ["10", "11", "12", "04", "03", "02", "01", "00", "05", "06"]
    for size in (0, 1, 3, 9, 10, 11):
        assert await names(listed, page_size=size) == whole


async def test_nobody_is_listed_the_findings_of_another(listed: Live) -> None:
    assert await names(listed, listed.rival.secret) == ["20", "21"]
    assert await names(listed, audience=TENANT) == ["04", "03", "02", "01", "00", "05", "06"]
    assert await names(listed, audience=EVERYBODY) == ["10", "11", "12"]


async def test_filters_must_all_hold(listed: Live) -> None:
    kind = InterventionKind.INTERVENTION_KIND_HELP_CHAT
    assert await names(listed, kind=kind, label=4, page_size=1) == ["03", "01", "05"]
    insufficient = TransferVerdict.TRANSFER_VERDICT_INSUFFICIENT
    assert await names(listed, verdict=insufficient) == ["05", "06"]
    assert await names(listed, verdict=insufficient, label=4) == ["05"]
    assert await names(listed, page_section=3) == []


async def test_a_page_token_of_other_filters_is_refused(listed: Live) -> None:
    first = await listed.call(ListTransfersRequest(page_size=1), listed.shop.secret)
    request = ListTransfersRequest(
        page_size=1, page_token=first.next_page_token, label=EmotionLabel.EMOTION_LABEL_INTEREST
    )
    assert info(await refusal(listed, request, listed.shop.secret)).reason == "PAGE_TOKEN_INVALID"


async def test_a_finding_tells_counts_to_their_owner_alone(listed: Live) -> None:
    answer = await listed.call(ListTransfersRequest(), listed.shop.secret)
    own = [one for one in answer.transfers if one.audience == TENANT]
    shared = [one for one in answer.transfers if one.audience == EVERYBODY]
    assert all(one.verticals[0].HasField("counts") for one in own)
    assert not any(one.verticals[0].HasField("counts") for one in shared)
    assert not own[0].evidence.HasField("left_out_coverage")
    assert own[0].excluded[0].vertical == "travel"
