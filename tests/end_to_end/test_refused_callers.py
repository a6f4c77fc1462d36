"""Credentials that are missing, wrong, ended, or shown in the wrong place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eitp.v1.emotion_service_pb2 import GetStateRequest, WatchPacketsRequest
from eitp.v1.intervention_service_pb2 import ListDecisionsRequest, WatchInterventionsRequest
from eitp.v1.session_pb2 import Consent
from eitp.v1.session_service_pb2 import CloseSessionRequest, OpenSessionRequest
from eitp.v1.telemetry_service_pb2 import IngestRequest, IngestStreamRequest
from eitp.v1.telemetry_service_pb2_grpc import TelemetryServiceStub
from eitp_server.storage.api_key import KeyKind
from end_to_end.live import refusal, stream_refusal
from end_to_end.shopper import CONSENT, brief, ingest, stuck, visit
from transport.wire import fields, info, metadata, retry_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from eitp.v1.session_service_pb2 import OpenSessionResponse
    from eitp_server.app import Server
    from end_to_end.live import Live, Premises

    Shared = tuple[Premises, Server]

ELSEWHERE = "https://elsewhere.example"
OPEN = OpenSessionRequest(consent=CONSENT)
PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED.value[0]
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED.value[0]


def signed_again(token: str, premises: Premises, **changes: Any) -> str:
    """Return the token with other claims, signed with the key of the data directory."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    seed = (premises.folder / "secret.key").read_bytes()[32:]
    key = Ed25519PrivateKey.from_private_bytes(seed)
    header = jwt.get_unverified_header(token)
    return jwt.encode({**claims, **changes}, key, algorithm="EdDSA", headers=header)


@pytest.mark.parametrize(
    ("credential", "reason"),
    [
        ("", "CREDENTIAL_MISSING"),
        ("nonsense", "CREDENTIAL_INVALID"),
        ("eitp_sk_live_" + "0" * 36, "CREDENTIAL_INVALID"),
        ("eyJhbGciOiJub25lIn0.e30.", "CREDENTIAL_INVALID"),
        ("a.b.c", "CREDENTIAL_INVALID"),
    ],
)
async def test_who_shows_nothing_that_works_is_nobody(
    live: Live, credential: str, reason: str
) -> None:
    for request in (GetStateRequest(), OPEN, IngestRequest(batches=[brief(1)])):
        status = await refusal(live, request, credential)
        assert status.code == UNAUTHENTICATED
        assert info(status).reason == reason
        assert retry_seconds(status) is None


async def test_an_expired_token_is_told_from_a_false_one(live: Live, shared_server: Shared) -> None:
    premises, _ = shared_server
    shopper = await visit(live)
    old = signed_again(shopper.token, premises, iat=1_700_000_000, exp=1_700_000_900)
    status = await refusal(live, GetStateRequest(), old)
    assert status.code == UNAUTHENTICATED
    assert info(status).reason == "TOKEN_EXPIRED"
    assert retry_seconds(status) is None
    forged = f"{old[:-8]}AAAAAAAA"
    assert info(await refusal(live, GetStateRequest(), forged)).reason == "CREDENTIAL_INVALID"
    foreign = jwt.encode(
        jwt.decode(shopper.token, options={"verify_signature": False}),
        Ed25519PrivateKey.generate(),
        algorithm="EdDSA",
        headers=jwt.get_unverified_header(shopper.token),
    )
    assert info(await refusal(live, GetStateRequest(), foreign)).reason == "CREDENTIAL_INVALID"


async def test_a_session_goes_on_with_an_expired_token(live: Live, shared_server: Shared) -> None:
    premises, _ = shared_server
    shopper = await visit(live)
    await ingest(live, shopper.token, brief(1))
    claims: dict[str, Any] = jwt.decode(shopper.token, options={"verify_signature": False})
    hour_ago = claims["iat"] - 3600
    old = signed_again(shopper.token, premises, iat=hour_ago, exp=hour_ago + 900)
    request = OpenSessionRequest(consent=CONSENT, resume_token=old)
    opened: OpenSessionResponse = await live.call(request, live.shop.publishable)
    assert opened.session.session_id == shopper.session_id
    assert opened.next_sequence == 2
    rivals = await refusal(live, request, live.rival.publishable)
    assert info(rivals).reason == "SESSION_UNKNOWN"


async def test_a_token_near_its_end_is_renewed_by_ingest(live: Live, shared_server: Shared) -> None:
    premises, _ = shared_server
    shopper = await visit(live)
    claims: dict[str, Any] = jwt.decode(shopper.token, options={"verify_signature": False})
    late = signed_again(shopper.token, premises, iat=claims["iat"] - 700, exp=claims["exp"] - 700)
    fresh = await ingest(live, shopper.token, brief(1))
    renewed = await ingest(live, late, brief(2))
    assert fresh.session_token == ""
    assert (await ingest(live, renewed.session_token, brief(3))).applied == 1
    relayed = await ingest(live, live.shop.secret, brief(4, shopper.session_id))
    assert relayed.session_token == ""


async def test_a_token_near_its_end_is_renewed_by_a_stream(
    live: Live, shared_server: Shared
) -> None:
    premises, _ = shared_server
    shopper = await visit(live)
    claims: dict[str, Any] = jwt.decode(shopper.token, options={"verify_signature": False})
    late = signed_again(shopper.token, premises, iat=claims["iat"] - 700, exp=claims["exp"] - 700)

    async def requests() -> AsyncGenerator[IngestStreamRequest]:
        yield IngestStreamRequest(batches=[brief(1)])

    stub = TelemetryServiceStub(live.channel)
    (answer,) = [a async for a in stub.IngestStream(requests(), metadata=metadata(late), timeout=5)]
    assert (await ingest(live, answer.session_token, brief(2))).applied == 1


@pytest.mark.parametrize(
    "origin", [ELSEWHERE, "https://rival.example", "null", "HTTPS://SHOP.EXAMPLE"]
)
async def test_a_page_of_another_origin_cannot_open_a_session(live: Live, origin: str) -> None:
    status = await refusal(live, OPEN, live.shop.publishable, origin)
    assert status.code == PERMISSION_DENIED
    assert info(status).reason == "ORIGIN_NOT_ALLOWED"
    assert info(status).metadata["origin"] == origin


async def test_a_secret_key_in_a_browser_is_refused(live: Live) -> None:
    for request in (OPEN, ListDecisionsRequest(), IngestRequest(batches=[brief(1)])):
        status = await refusal(live, request, live.shop.secret, live.shop.origin)
        assert status.code == PERMISSION_DENIED
        assert info(status).reason == "ORIGIN_NOT_ALLOWED"
    request = WatchPacketsRequest()
    status = await stream_refusal(live, request, live.shop.secret, live.shop.origin)
    assert info(status).reason == "ORIGIN_NOT_ALLOWED"


async def test_a_token_stays_with_the_page_that_it_was_issued_to(live: Live) -> None:
    shopper = await visit(live, origin=live.shop.origin)
    assert (await ingest(live, shopper.token, brief(1), origin=live.shop.origin)).applied == 1
    for origin in (ELSEWHERE, live.rival.origin, ""):
        status = await refusal(live, GetStateRequest(), shopper.token, origin)
        assert status.code == PERMISSION_DENIED
        assert info(status).reason == "ORIGIN_NOT_ALLOWED"


async def test_a_key_in_a_page_reads_nothing(live: Live) -> None:
    for request in (GetStateRequest(), ListDecisionsRequest(), IngestRequest(batches=[brief(1)])):
        status = await refusal(live, request, live.shop.publishable)
        assert status.code == PERMISSION_DENIED
        assert info(status).reason == "KEY_KIND_NOT_ALLOWED"
    for stream in (WatchPacketsRequest(), WatchInterventionsRequest()):
        status = await stream_refusal(live, stream, live.shop.publishable)
        assert info(status).reason == "KEY_KIND_NOT_ALLOWED"


async def test_a_token_reads_no_more_than_its_session(live: Live) -> None:
    shopper = await visit(live)
    for request in (ListDecisionsRequest(), ListDecisionsRequest(session_id=shopper.session_id)):
        status = await refusal(live, request, shopper.token)
        assert info(status).reason == "KEY_KIND_NOT_ALLOWED"
    status = await stream_refusal(live, WatchPacketsRequest(), shopper.token)
    assert info(status).reason == "KEY_KIND_NOT_ALLOWED"


async def test_a_secret_key_reaches_as_far_as_its_scopes(live: Live, shared_server: Shared) -> None:
    _, server = shared_server
    issued = await server.accounts.keys.create(
        "shop", KeyKind.SECRET, environment="live", now_us=0, scopes=["telemetry.write"]
    )
    shopper = await visit(live)
    answer = await ingest(live, issued.secret, brief(1, shopper.session_id))
    status = await refusal(live, GetStateRequest(session_id=shopper.session_id), issued.secret)
    assert answer.applied == 1
    assert status.code == PERMISSION_DENIED
    assert info(status).reason == "SCOPE_MISSING"
    assert info(status).metadata["scope"] == "packets.read"


async def test_a_revoked_key_ends_at_once_and_its_sessions_with_it(
    live: Live, shared_server: Shared
) -> None:
    _, server = shared_server
    issued = await server.accounts.keys.create(
        "shop", KeyKind.PUBLISHABLE, environment="live", now_us=0
    )
    shopper = await visit(live, issued.secret)
    await ingest(live, shopper.token, brief(1))
    await server.accounts.keys.revoke("shop", issued.key.key_id, 1)
    for request, credential in ((OPEN, issued.secret), (GetStateRequest(), shopper.token)):
        status = await refusal(live, request, credential)
        assert status.code == UNAUTHENTICATED
        assert info(status).reason == "CREDENTIAL_INVALID"


@pytest.mark.parametrize(
    "consent",
    [
        Consent(),
        Consent(interventions=True),
        Consent(telemetry=True, interventions=True, global_privacy_control=True),
    ],
    ids=["none", "to interventions alone", "against privacy control"],
)
async def test_nothing_is_collected_without_consent(live: Live, consent: Consent) -> None:
    for key in (live.shop.publishable, live.shop.secret):
        status = await refusal(live, OpenSessionRequest(consent=consent), key)
        assert status.code == PERMISSION_DENIED
        assert info(status).reason == "CONSENT_REQUIRED"
        assert retry_seconds(status) is None


async def test_a_request_that_does_not_speak_of_consent_is_invalid(live: Live) -> None:
    status = await refusal(live, OpenSessionRequest(), live.shop.publishable)
    assert info(status).reason == "FIELD_INVALID"
    assert fields(status) == {"consent": "required"}


async def test_a_resumed_session_was_opened_when_it_was_opened(live: Live) -> None:
    request = OpenSessionRequest(consent=CONSENT)
    first: OpenSessionResponse = await live.call(request, live.shop.publishable)
    request.resume_token = first.session_token
    again: OpenSessionResponse = await live.call(request, live.shop.publishable)
    assert again.session.opened_at == first.session.opened_at


async def test_who_withdraws_consent_to_interventions_gets_none(live: Live) -> None:
    shopper = await visit(live)
    less = Consent(telemetry=True)
    request = OpenSessionRequest(consent=less, resume_token=shopper.token)
    opened: OpenSessionResponse = await live.call(request, live.shop.publishable)
    await ingest(live, opened.session_token, stuck(1))
    found = await live.call(ListDecisionsRequest(session_id=shopper.session_id), live.shop.secret)
    assert opened.session.consent == less
    assert list(found.decisions) == []


async def test_closing_what_is_not_there_succeeds(live: Live) -> None:
    for session_id in ("ses_nobody", ""):
        await live.call(CloseSessionRequest(session_id=session_id), live.shop.secret)
