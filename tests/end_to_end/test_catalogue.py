"""The catalogue over the wire: entries come, change by revision, and go."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp.v1.intervention_pb2 import InterventionDefinition, InterventionKind
from eitp.v1.intervention_service_pb2 import (
    CreateInterventionDefinitionRequest,
    DeleteInterventionDefinitionRequest,
    GetInterventionDefinitionRequest,
    ListDecisionsRequest,
    ListInterventionDefinitionsRequest,
    UpdateInterventionDefinitionRequest,
)
from eitp.v1.page_pb2 import PageSection, PageType
from eitp.v1.state_pb2 import EmotionLabel
from eitp_server.services.page import Listing
from end_to_end.live import BOTH, refusal
from end_to_end.shopper import ingest, stuck, visits
from google.protobuf.duration_pb2 import Duration
from transport.wire import fields, info, retry_seconds

if TYPE_CHECKING:
    from eitp.v1.intervention_service_pb2 import ListInterventionDefinitionsResponse
    from end_to_end.live import Live, Transport

NONSENSE_TOKEN = "MTo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkgeA=="


def definition(definition_id: str, **changes: Any) -> InterventionDefinition:
    usual: dict[str, Any] = {
        "kind": InterventionKind.INTERVENTION_KIND_CUSTOM,
        "title": "Stuck?",
        "labels": [EmotionLabel.EMOTION_LABEL_CONFUSION],
        "min_confidence": 0.5,
        "page_types": [PageType.PAGE_TYPE_CART],
        "page_sections": [PageSection.PAGE_SECTION_FORM],
        "cool_down": Duration(seconds=60),
        "time_to_live": Duration(seconds=20),
        "session_cap": 3,
        "enabled": True,
    }
    return InterventionDefinition(definition_id=definition_id, **{**usual, **changes})


async def create(
    live: Live, entry: InterventionDefinition, by: Transport = "grpc"
) -> InterventionDefinition:
    request = CreateInterventionDefinitionRequest(definition=entry)
    return (await live.call(request, live.shop.secret, by=by)).definition


async def update(
    live: Live, entry: InterventionDefinition, by: Transport = "grpc"
) -> InterventionDefinition:
    request = UpdateInterventionDefinitionRequest(definition=entry)
    return (await live.call(request, live.shop.secret, by=by)).definition


async def listed(live: Live, by: Transport = "grpc", page_size: int = 0) -> list[str]:
    names: list[str] = []
    token = ""
    while True:
        request = ListInterventionDefinitionsRequest(page_size=page_size, page_token=token)
        page: ListInterventionDefinitionsResponse = await live.call(
            request, live.shop.secret, by=by
        )
        assert len(page.definitions) <= (page_size or 50)
        names += [entry.definition_id for entry in page.definitions]
        token = page.next_page_token
        if not token:
            return names


@pytest.mark.parametrize("by", BOTH)
async def test_an_entry_comes_changes_and_goes(live: Live, by: Transport) -> None:
    name = f"entry-{by}"
    entry = definition(name)
    created = await create(live, entry, by)
    entry.revision = 1
    assert created == entry
    created.title = "Still stuck?"
    updated = await update(live, created, by)
    assert (updated.title, updated.revision) == ("Still stuck?", 2)
    got = await live.call(
        GetInterventionDefinitionRequest(definition_id=name), live.shop.secret, by=by
    )
    assert got.definition == updated
    assert name in await listed(live, by)
    await live.call(
        DeleteInterventionDefinitionRequest(definition_id=name), live.shop.secret, by=by
    )
    assert name not in await listed(live, by)
    assert (await create(live, entry, by)).revision == 3


async def test_a_name_is_taken_once(live: Live) -> None:
    entry = await create(live, definition("taken"))
    status = await refusal(
        live, CreateInterventionDefinitionRequest(definition=entry), live.shop.secret
    )
    assert status.code == grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert info(status).reason == "DEFINITION_EXISTS"
    assert retry_seconds(status) is None


async def test_a_change_of_what_somebody_else_changed_is_refused(live: Live) -> None:
    read = await create(live, definition("contested"))
    await update(live, read)
    status = await refusal(
        live, UpdateInterventionDefinitionRequest(definition=read), live.shop.secret
    )
    assert status.code == grpc.StatusCode.ABORTED.value[0]
    assert info(status).reason == "REVISION_MISMATCH"
    assert info(status).metadata["current"] == "2"
    read.revision = 0
    assert (await update(live, read)).revision == 3


async def test_what_is_not_in_the_catalogue_is_unknown(live: Live) -> None:
    for request in (
        GetInterventionDefinitionRequest(definition_id="nothing"),
        DeleteInterventionDefinitionRequest(definition_id="nothing"),
        UpdateInterventionDefinitionRequest(definition=definition("nothing")),
    ):
        status = await refusal(live, request, live.shop.secret)
        assert status.code == grpc.StatusCode.NOT_FOUND.value[0]
        assert info(status).reason == "DEFINITION_UNKNOWN"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("min_confidence", {"min_confidence": math.nan}),
        ("min_confidence", {"min_confidence": math.inf}),
        ("min_confidence", {"min_confidence": 1.5}),
        ("definition_id", {"definition_id": "No Such Form"}),
        ("title", {"title": ""}),
        ("kind", {"kind": 99}),
        ("labels[0]", {"labels": [99]}),
        ("cool_down", {"cool_down": Duration(seconds=-1)}),
    ],
)
async def test_an_entry_that_breaks_a_rule_is_refused_by_its_field(
    live: Live, field: str, changes: dict[str, Any]
) -> None:
    broken = definition(**{"definition_id": "broken", **changes})
    status = await refusal(
        live, CreateInterventionDefinitionRequest(definition=broken), live.shop.secret
    )
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert info(status).reason == "FIELD_INVALID"
    assert f"definition.{field}" in fields(status)
    assert retry_seconds(status) is None


@pytest.mark.parametrize("by", BOTH)
async def test_a_list_comes_page_by_page_without_gap_or_repetition(
    live: Live, by: Transport
) -> None:
    whole = await listed(live, by)
    assert await listed(live, by, page_size=3) == whole
    assert whole == sorted(set(whole))
    assert len(whole) >= 8


async def test_decisions_come_page_by_page_newest_first(own: Live) -> None:
    shoppers = await visits(own, 7)
    for shopper in shoppers:
        await ingest(own, shopper.token, stuck(1))
    found: list[str] = []
    token = ""
    for _ in range(4):
        request = ListDecisionsRequest(page_size=2, page_token=token)
        page = await own.call(request, own.shop.secret)
        found += [decision.session_id for decision in page.decisions]
        token = page.next_page_token
    assert found == [shopper.session_id for shopper in reversed(shoppers)]
    assert token == ""


async def test_a_page_token_of_nobody_is_refused(live: Live) -> None:
    for request in (
        ListInterventionDefinitionsRequest(page_token="nonsense"),
        ListDecisionsRequest(page_token="nonsense"),
    ):
        status = await refusal(live, request, live.shop.secret)
        assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
        assert info(status).reason == "PAGE_TOKEN_INVALID"


async def test_a_page_token_with_a_huge_number_is_refused(live: Live) -> None:
    request = ListDecisionsRequest(page_token=NONSENSE_TOKEN)
    status = await refusal(live, request, live.shop.secret)
    assert info(status).reason == "PAGE_TOKEN_INVALID"


async def test_a_forged_page_token_without_a_time_that_can_be_is_refused(live: Live) -> None:
    for position in (f"{10**30} x", f"{2**63} x", "-1 x", "x"):
        request = ListDecisionsRequest(page_token=Listing("ListDecisions", ("",)).token(position))
        status = await refusal(live, request, live.shop.secret)
        assert info(status).reason == "PAGE_TOKEN_INVALID"


async def test_a_page_token_of_another_call_is_refused(own: Live) -> None:
    for shopper in await visits(own, 2):
        await ingest(own, shopper.token, stuck(1))
    page = await own.call(ListDecisionsRequest(page_size=1), own.shop.secret)
    request = ListInterventionDefinitionsRequest(page_token=page.next_page_token)
    status = await refusal(own, request, own.shop.secret)
    assert info(status).reason == "PAGE_TOKEN_INVALID"


async def test_a_page_token_of_other_filters_is_refused(own: Live) -> None:
    shoppers = await visits(own, 2)
    for shopper in shoppers:
        await ingest(own, shopper.token, stuck(1))
    page = await own.call(ListDecisionsRequest(page_size=1), own.shop.secret)
    request = ListDecisionsRequest(
        page_token=page.next_page_token, session_id=shoppers[0].session_id
    )
    status = await refusal(own, request, own.shop.secret)
    assert info(status).reason == "PAGE_TOKEN_INVALID"


async def test_a_request_id_makes_a_call_repeatable(live: Live) -> None:
    request = CreateInterventionDefinitionRequest(
        definition=definition("repeatable"), request_id="r-create"
    )
    first = await live.call(request, live.shop.secret)
    again = await live.call(request, live.shop.secret)
    assert again == first


async def test_a_request_id_is_for_one_request(live: Live) -> None:
    one, other = (
        CreateInterventionDefinitionRequest(definition=definition(name), request_id="r-reused")
        for name in ("named-one", "named-other")
    )
    await live.call(one, live.shop.secret)
    status = await refusal(live, other, live.shop.secret)
    assert info(status).reason == "REQUEST_ID_REUSED"
