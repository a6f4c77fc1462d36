"""Two shops on one server: whatever one asks, it learns nothing of the other."""

from __future__ import annotations

import shutil
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp.v1.cursor_pb2 import StartPosition
from eitp.v1.emotion_service_pb2 import GetStateRequest, WatchPacketsRequest
from eitp.v1.intervention_pb2 import InterventionDisposition
from eitp.v1.intervention_service_pb2 import (
    AcknowledgeInterventionRequest,
    ReportOutcomeRequest,
    WatchInterventionsRequest,
)
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.telemetry_service_pb2 import IngestRequest
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.transfers import Transfers
from end_to_end.attempts import ATTEMPTS, belongings
from end_to_end.insight import analyses, finding, untended
from end_to_end.live import items, raw_refusal, refusal, started, stream_refusal
from end_to_end.schema import METHODS
from end_to_end.shopper import brief, visit
from ingest.regions import DAY
from transport.wire import info

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from end_to_end.attempts import Belongings
    from end_to_end.live import Live, Premises
    from google.protobuf.message import Message

SHOWN = InterventionDisposition.INTERVENTION_DISPOSITION_SHOWN
OLDEST = StartPosition.START_POSITION_OLDEST


@pytest.fixture(scope="module")
async def neighbours(
    template: Premises, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[tuple[Live, Belongings]]:
    """A server on which the shop has one of everything and the rival has nothing."""
    folder = tmp_path_factory.mktemp("neighbours") / "data"
    shutil.copytree(template.folder, folder)
    premises = replace(template, folder=folder)
    await analyses(premises, DAY)
    async with await SQLiteDatabase.open(folder) as database:
        found = [finding("shop", n, None) for n in range(2)]
        await Transfers(database).replace("shop", found)
        await Transfers(database).mark_judged(found[0].computed_at_us)
    with untended():
        async with started(premises) as live:
            yield live, await belongings(live)


@pytest.mark.parametrize("path", ATTEMPTS)
async def test_a_shop_learns_nothing_of_another(
    neighbours: tuple[Live, Belongings], path: str
) -> None:
    live, theirs = neighbours
    await ATTEMPTS[path](live, theirs)


def named(session_id: str, intervention_id: str, decision_id: str) -> list[Message]:
    """Return every request that is refused because of a name in it."""
    outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_LEAD, decision_id=decision_id)
    return [
        GetStateRequest(session_id=session_id),
        IngestRequest(batches=[brief(1, session_id)]),
        AcknowledgeInterventionRequest(
            session_id=session_id, intervention_id=intervention_id, disposition=SHOWN
        ),
        ReportOutcomeRequest(outcome=outcome),
    ]


async def test_what_is_another_shops_looks_like_what_is_not_there(
    neighbours: tuple[Live, Belongings],
) -> None:
    live, theirs = neighbours
    names = (
        theirs.intervention.session_id,
        theirs.intervention.intervention_id,
        theirs.decision.decision_id,
    )
    nowhere = tuple(name[:4] + "0" * (len(name) - 4) for name in names)
    for foreign, unknown in zip(named(*names), named(*nowhere), strict=True):
        told = (await refusal(live, foreign, live.rival.secret)).SerializeToString()
        for name, nobody in zip(names, nowhere, strict=True):
            told = told.replace(name.encode(), nobody.encode())
        assert told == (await refusal(live, unknown, live.rival.secret)).SerializeToString()


async def test_a_token_looks_no_further_than_its_session(
    neighbours: tuple[Live, Belongings],
) -> None:
    live, theirs = neighbours
    shopper = await visit(live)
    intervention = theirs.intervention
    for request in named(intervention.session_id, intervention.intervention_id, "")[:3]:
        status = await refusal(live, request, shopper.token)
        assert info(status).reason == "SESSION_UNKNOWN"
    request = WatchInterventionsRequest(session_id=theirs.intervention.session_id)
    status = await stream_refusal(live, request, shopper.token)
    assert info(status).reason == "SESSION_UNKNOWN"
    own = AcknowledgeInterventionRequest(
        intervention_id=theirs.intervention.intervention_id, disposition=SHOWN
    )
    assert info(await refusal(live, own, shopper.token)).reason == "INTERVENTION_UNKNOWN"


async def test_a_token_reports_no_outcome_for_the_decision_of_another_session(
    neighbours: tuple[Live, Belongings],
) -> None:
    live, theirs = neighbours
    shopper = await visit(live)
    outcome = Outcome(
        kind=OutcomeKind.OUTCOME_KIND_CONVERSION, decision_id=theirs.decision.decision_id
    )
    status = await refusal(live, ReportOutcomeRequest(outcome=outcome), shopper.token)
    assert info(status).reason == "DECISION_UNKNOWN"


async def test_a_watch_of_another_shops_session_brings_nothing(
    neighbours: tuple[Live, Belongings],
) -> None:
    live, theirs = neighbours
    for kind in (WatchPacketsRequest, WatchInterventionsRequest):
        request = kind(start=OLDEST, session_id=theirs.intervention.session_id)
        async with aclosing(live.watch(request, live.rival.secret)) as watch:
            with pytest.raises(TimeoutError):
                await items(watch, 1, seconds=0.2)


async def test_every_call_that_the_server_offers_was_attempted(live: Live) -> None:
    offered = set[str]()
    for path in METHODS:
        status = await raw_refusal(live, path, b"\xff", live.shop.secret)
        if info(status).reason != "NOT_IMPLEMENTED":
            offered.add(path.removeprefix("/eitp.v1."))
    assert offered == set(ATTEMPTS)
