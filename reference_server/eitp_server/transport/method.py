"""Every call of the schema, with all that the boundary needs to know about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message_factory import GetMessageClass

from eitp_server.services.descriptor import method_path, service_descriptors
from eitp_server.transport.access import ACCESS, Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import MethodDescriptor
    from google.protobuf.message import Message

SCREENED = frozenset({"/eitp.v1.TelemetryService/Ingest", "/eitp.v1.TelemetryService/IngestStream"})
"""Calls whose service gets the request's bytes: it reads and screens the columns of many requests
at once, in a fraction of the time, and looks closely at offenders only."""

Handler = Callable[[Any, Any], Any]
"""A service's method: (request, caller) to a response, or to an iterator of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One call."""

    path: str
    """As `/eitp.v1.TelemetryService/Ingest`."""
    request: type[Message]
    response: type[Message]
    client_streaming: bool
    server_streaming: bool
    safe: bool
    """Whether it changes nothing, so that it may be made with HTTP GET."""
    access: Access
    screened: bool
    """Whether its service reads the request itself and checks the schema's rules."""
    handler: Handler | None
    """None when this server does not offer it."""

    @property
    def is_unary(self) -> bool:
        """Whether one request gives one response."""
        return not (self.client_streaming or self.server_streaming)


def methods(services: Mapping[str, object]) -> dict[str, Method]:
    """Return every call of the schema by path; `services` maps full service names to objects."""
    found = (
        _method(method, services.get(service.full_name))
        for service in service_descriptors()
        for method in service.methods
    )
    return {method.path: method for method in found}


def offered(services: Mapping[str, object]) -> frozenset[str]:
    """Return the paths that objects (or classes) of these services answer."""
    return frozenset(path for path, method in methods(services).items() if method.handler)


def _method(descriptor: MethodDescriptor, service: object) -> Method:
    path = method_path(descriptor)
    return Method(
        path=path,
        request=GetMessageClass(descriptor.input_type),
        response=GetMessageClass(descriptor.output_type),
        client_streaming=descriptor.client_streaming,
        server_streaming=descriptor.server_streaming,
        safe=descriptor.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        access=ACCESS[descriptor.containing_service.name][descriptor.name],
        screened=path in SCREENED,
        handler=getattr(service, _snake_case(descriptor.name), None),
    )


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
