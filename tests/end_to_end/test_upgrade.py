"""A server of another version goes on where the last one was stopped, without its live sessions."""

from __future__ import annotations

import shutil
from contextlib import aclosing
from typing import TYPE_CHECKING

import eitp_server.app.stores
import eitp_server.ingest.recovery
import eitp_server.ingest.reducer
import pytest
from eitp.v1.cursor_pb2 import StartPosition
from eitp.v1.emotion_service_pb2 import WatchPacketsRequest
from eitp.v1.intervention_service_pb2 import (
    DeleteInterventionDefinitionRequest,
    ListInterventionDefinitionsRequest,
)
from eitp_server.errors import Unavailable
from end_to_end.live import Refused, items, started
from end_to_end.shopper import brief, ingest, stuck, visit
from transport.wire import info

if TYPE_CHECKING:
    from end_to_end.live import Live, Premises

OLDEST = StartPosition.START_POSITION_OLDEST


def become_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every server that starts from now on be of a version that replays otherwise."""
    for module in (
        eitp_server.app.stores,
        eitp_server.ingest.recovery,
        eitp_server.ingest.reducer,
    ):
        monkeypatch.setattr(module, "REDUCER_VERSION", "another")


async def definitions(live: Live) -> list[str]:
    listed = await live.call(ListInterventionDefinitionsRequest(), live.shop.secret)
    return [definition.definition_id for definition in listed.definitions]


async def packet_ids(live: Live, count: int) -> list[str]:
    request = WatchPacketsRequest(start=OLDEST)
    async with aclosing(live.watch(request, live.shop.secret)) as watch:
        return [item.packet.packet_id for item in await items(watch, count)]


async def test_what_outlives_a_session_outlives_the_version(
    premises: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(premises) as live:
        shopper = await visit(live)
        await ingest(live, shopper.token, stuck(1))
        before = await definitions(live)
        deleted = DeleteInterventionDefinitionRequest(definition_id=before[0])
        await live.call(deleted, live.shop.secret)
        (said,) = await packet_ids(live, 1)

    become_another_version(monkeypatch)

    async with started(premises) as live:
        assert await definitions(live) == before[1:]
        with pytest.raises(Refused) as refused:
            await ingest(live, shopper.token, brief(2))
        assert info(refused.value.status).reason == "SESSION_UNKNOWN"
        following = await visit(live)
        await ingest(live, following.token, stuck(1))
        assert (await packet_ids(live, 2))[0] == said

    async with started(premises) as live:
        answer = await ingest(live, following.token, brief(2))
        assert answer.progress[0].acknowledged_sequence == 2
        assert len(set(await packet_ids(live, 2))) == 2


async def test_data_that_no_clean_end_covers_are_not_replayed_by_other_rules(
    premises: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(premises) as live:
        shopper = await visit(live)
        await ingest(live, shopper.token, stuck(1))
    shutil.rmtree(premises.folder / "snapshots")

    become_another_version(monkeypatch)

    with pytest.raises(Unavailable, match="stop it with SIGTERM"):
        async with started(premises):
            pass
