"""Who may make which call: the table is complete, agrees with the schema, and is kept."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from eitp_server.services.caller import Caller, CredentialKind
from eitp_server.services.descriptor import method_path, service_descriptors
from eitp_server.transport.access import ACCESS
from google.protobuf.message_factory import GetMessageClass
from transport.server import NOW_US, open_shop, rest
from transport.shop import (
    FOREIGN,
    FOREIGN_TENANT,
    NARROW,
    ORIGIN,
    PUBLISHABLE,
    REVOKED,
    SECRET,
    TENANT,
    EveryCall,
)
from transport.wire import info

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from google.protobuf.descriptor import MethodDescriptor
    from transport.server import Shop

PROTO = Path(__file__).resolve().parents[2] / "proto" / "eitp" / "v1"
METHODS = {
    method_path(method): method for service in service_descriptors() for method in service.methods
}
UNSAID = {"CloseSession": "sessions.write"}
"""Scopes that follow from another call: who may open a session may close it."""
LET_IN = ""


def comments(method: MethodDescriptor) -> str:
    """Return what the schema says about a call and its service."""
    source = (PROTO / Path(method.containing_service.file.name).name).read_text()
    service = re.search(rf"((?://.*\n)+)service {method.containing_service.name}\b", source)
    call = re.search(rf"((?: *//.*\n)+) *rpc {method.name}\(", source)
    return "".join(found[1] for found in (service, call) if found)


def row(path: str) -> Any:
    _, service, name = path.split("/")
    return ACCESS[service.rpartition(".")[2]][name]


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


@pytest.fixture(scope="module")
def callers() -> list[Caller]:
    """Every caller that got through to a service."""
    return []


@pytest.fixture(scope="module")
async def whole(callers: list[Caller]) -> AsyncGenerator[Shop]:
    """A server that answers every call of the schema."""
    services = {
        service.full_name: EveryCall(
            {
                snake_case(method.name): (
                    GetMessageClass(method.output_type),
                    method.server_streaming,
                )
                for method in service.methods
            },
            callers,
        )
        for service in service_descriptors()
    }
    async with open_shop(services) as opened:
        yield opened


def test_every_call_of_the_schema_has_a_row_and_no_other_has() -> None:
    rows = {f"/eitp.v1.{service}/{name}" for service in ACCESS for name in ACCESS[service]}

    assert rows == set(METHODS)


@pytest.mark.parametrize("path", sorted(METHODS))
def test_a_row_says_what_the_schema_says(path: str) -> None:
    method, access = METHODS[path], row(path)
    said = " ".join(comments(method).split())
    scopes = set(re.findall(r"`([a-z_]+\.[a-z]+)`", said)) | {UNSAID.get(method.name, "")}

    assert access.scope in scopes
    assert (CredentialKind.PUBLISHABLE in access.kinds) == ("publishable key" in said)
    assert access.is_open == ("without a credential" in said)


# (credential, origin) of each column, and what a call in a row that it does not suit gets.
CREDENTIALS = {
    "no credential": ("", ""),
    "publishable key": (PUBLISHABLE, ORIGIN),
    "publishable key outside a browser": (PUBLISHABLE, ""),
    "publishable key on a foreign page": (PUBLISHABLE, "https://evil.example"),
    "secret key": (SECRET, ""),
    "secret key without scopes": (NARROW, ""),
    "secret key of another tenant": (FOREIGN, ""),
    "secret key in a browser": (SECRET, ORIGIN),
    "revoked key": (REVOKED, ""),
    "nonsense": ("nonsense", ""),
    "session token": ("token", ORIGIN),
    "session token on a foreign page": ("token", "https://evil.example"),
    "session token outside its browser": ("token", ""),
    "session token without scopes": ("powerless token", ORIGIN),
    "expired session token": ("expired token", ORIGIN),
    "session token of a revoked key": ("orphaned token", ORIGIN),
}


def credential(shop: Shop, name: str) -> str:
    claims: dict[str, Any] = {
        "token": {},
        "powerless token": {"scopes": frozenset[str]()},
        "expired token": {"now_us": NOW_US - 3600 * 1_000_000},
        "orphaned token": {"key_id": "key-revoked"},
    }
    return shop.token(**claims[name]) if name in claims else name


def expected(path: str, column: str) -> str:
    """Return the reason that the specification asks for, or LET_IN."""
    access = row(path)
    if access.is_open:
        return LET_IN
    if column == "no credential":
        return "CREDENTIAL_MISSING"
    if column in {"revoked key", "nonsense", "session token of a revoked key"}:
        return "CREDENTIAL_INVALID"
    if column == "expired session token":
        return "TOKEN_EXPIRED"
    if "foreign page" in column or column in {
        "secret key in a browser",
        "session token outside its browser",
    }:
        return "ORIGIN_NOT_ALLOWED"
    kind = next(kind for kind in CredentialKind if column.startswith(kind.value))
    if kind not in access.kinds:
        return "KEY_KIND_NOT_ALLOWED"
    return "SCOPE_MISSING" if "without scopes" in column else LET_IN


async def asked(shop: Shop, method: MethodDescriptor, shown: str, origin: str) -> Any:
    """Return a call with an empty request.

    A refusal may overtake the request: its writing then fails, and the call is made once more.
    """
    for _ in range(10):
        call = shop.exchange(method_path(method), shown, origin)
        with suppress(grpc.aio.AioRpcError):
            await call.write(b"")
            await call.done_writing()
            return call
    raise AssertionError(f"{method.full_name} ended ten times before it was asked")


async def outcome(shop: Shop, method: MethodDescriptor, shown: str, origin: str) -> str:
    """Make the call with an empty request; return why it was refused, or LET_IN."""
    _, status = await rest(await asked(shop, method, shown, origin))
    # An empty request breaks rules of many calls, which nobody hears who is not let in.
    if status is None or info(status).reason == "FIELD_INVALID":
        return LET_IN
    return info(status).reason


@pytest.mark.parametrize("column", CREDENTIALS)
async def test_every_call_answers_a_credential_as_the_table_says(
    whole: Shop, callers: list[Caller], column: str
) -> None:
    name, origin = CREDENTIALS[column]
    shown = credential(whole, name)
    callers.clear()

    outcomes = {
        path: await outcome(whole, method, shown, origin) for path, method in METHODS.items()
    }

    assert outcomes == {path: expected(path, column) for path in METHODS}
    tenants = {caller.tenant_id for caller in callers if caller.kind.value != "anonymous"}
    assert tenants <= {FOREIGN_TENANT if "another tenant" in column else TENANT}


@pytest.mark.parametrize("column", ["secret key", "session token", "publishable key"])
async def test_a_suspended_tenant_may_only_have_its_subjects_data(whole: Shop, column: str) -> None:
    name, origin = CREDENTIALS[column]
    whole.keys.suspended.add(TENANT)

    outcomes = {
        path: await outcome(whole, method, credential(whole, name), origin)
        for path, method in METHODS.items()
        if not row(path).is_open
    }
    whole.keys.suspended.clear()

    served = {"EraseSubject", "ExportSubject"}
    assert outcomes == {
        path: expected(path, column) or ("" if METHODS[path].name in served else "TENANT_SUSPENDED")
        for path in outcomes
    }


async def test_an_open_call_does_not_look_at_a_credential(
    whole: Shop, callers: list[Caller]
) -> None:
    callers.clear()

    await whole.call("CapabilityService/GetCapabilities", b"", SECRET)

    assert callers == [Caller(kind=CredentialKind.ANONYMOUS, deadline=callers[0].deadline)]
