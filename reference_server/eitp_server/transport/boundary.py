"""What every call passes on its way in and out, whichever transport carries it."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import aclosing, suppress
from time import perf_counter
from typing import TYPE_CHECKING

import structlog

from eitp_server.errors import DomainError
from eitp_server.services.caller import Caller, CredentialKind
from eitp_server.services.validation import violations
from eitp_server.transport import access, refusal
from eitp_server.transport.call import Limits, OpenGate
from eitp_server.transport.deadline import Deadlines
from eitp_server.transport.live_stream import LiveStream, Requests
from eitp_server.transport.method import methods
from eitp_server.transport.status import Failure, failure, internal
from eitp_server.transport.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from google.protobuf.message import Message

    from eitp_server.transport.call import Call, Gate
    from eitp_server.transport.credential import Authenticator
    from eitp_server.transport.method import Handler, Method

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Boundary:
    """Authenticates, limits, decodes and validates; turns every error into a `Failure`."""

    def __init__(
        self,
        services: Mapping[str, object],
        authenticator: Authenticator,
        *,
        gate: Gate | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Serve the calls of `services`: objects by their service's full name."""
        self.methods: Mapping[str, Method] = methods(services)
        """Every call of the schema by path, those without a service included."""
        self.services = frozenset(services)
        """Full names of the services that are offered, if only in part."""
        self.authenticator = authenticator
        self.limits = limits or Limits()
        self.tally = Tally()
        self.draining = False
        """Whether calls are refused because the server shuts down."""
        self._gate = gate or OpenGate()
        self._deadlines = Deadlines()
        self._streams: set[LiveStream] = set()
        self._no_stream = asyncio.Event()
        for method in self.methods.values():
            # The rules of a message are compiled at first use, which would slow a first call.
            violations(method.request())

    async def unary(self, method: Method, call: Call) -> bytes:
        """Answer a call that has one response; raises `Failure` only."""
        started, code = perf_counter(), "CANCELLED"
        try:
            response = await self._answer(method, call)
            code = "OK"
            return response
        except Exception as error:  # noqa: BLE001 (whatever it is, the wire sees a status)
            failed = self._failed(method, error)
            code = failed.code.name
            raise failed from None
        finally:
            self.tally.record(method.path, code, perf_counter() - started)

    async def stream(self, method: Method, call: Call) -> AsyncGenerator[bytes]:
        """Answer a call that has many responses; raises `Failure` only."""
        live, code = LiveStream(), "CANCELLED"
        self._opened(live)
        try:
            async with aclosing(self._responses(method, call, live)) as responses:
                async for response in responses:
                    yield response
            code = "OK"
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError):
                if not live.absorbs_cancellation():
                    raise
                error = refusal.draining()
            failed = self._failed(method, error)
            code = failed.code.name
            raise failed from None
        finally:
            self._closed(live)
            self.tally.record(method.path, code)

    async def drain(self, flush_seconds: float) -> None:
        """Refuse new calls, end the input of streams, and cut those that go on regardless."""
        self.draining = True
        for live in tuple(self._streams):
            live.end_input()
        await self._streams_ended(flush_seconds)
        for live in tuple(self._streams):
            live.cut()
        await self._streams_ended(flush_seconds)

    async def _answer(self, method: Method, call: Call) -> bytes:
        handler, caller = self._enter(method, call)
        limit = self.limits.message(method, caller)
        deadline = self._deadlines.within(caller.deadline)
        try:
            with deadline:
                request = self._request(method, call, caller, limit, await call.read(limit))
                response = await handler(request, caller)
        except TimeoutError:
            if deadline.expired:
                raise refusal.too_late(caller.deadline) from None
            raise
        return call.codec.encode(response)

    async def _responses(
        self, method: Method, call: Call, live: LiveStream
    ) -> AsyncGenerator[bytes]:
        handler, caller = self._enter(method, call)
        requests = await self._requests(method, call, caller, live)
        async with aclosing(handler(requests, caller)) as responses:
            async for response in responses:
                live.writing = True
                yield call.codec.encode(response)
                live.writing = False
                if live.cut_off:
                    break
        if live.interrupted:
            raise refusal.draining()

    async def _requests(
        self, method: Method, call: Call, caller: Caller, live: LiveStream
    ) -> Message | bytes | Requests[Message | bytes]:
        limit = self.limits.message(method, caller)

        async def read() -> Message | bytes | None:
            data = await call.read(limit)
            return None if data is None else self._request(method, call, caller, limit, data)

        if method.client_streaming:
            return Requests(live, read)
        with self._deadlines.within(self.limits.unary_seconds):
            data = await call.read(limit)
        return self._request(method, call, caller, limit, data)

    def _enter(self, method: Method, call: Call) -> tuple[Handler, Caller]:
        if self.draining:
            raise refusal.draining()
        if method.handler is None:
            raise refusal.not_implemented(method.path)
        deadline = self._deadline(method, call)
        if method.access.is_open:
            caller = Caller(kind=CredentialKind.ANONYMOUS, origin=call.origin, deadline=deadline)
        else:
            caller = self.authenticator.authenticate(call.authorization, call.origin, deadline)
            access.require(method.access, caller)
            if not method.access.while_suspended:
                self.authenticator.require_served(caller)
        return method.handler, caller

    def _deadline(self, method: Method, call: Call) -> float | None:
        if not method.is_unary:
            return call.deadline
        longest = self.limits.unary_seconds
        return longest if call.deadline is None else min(call.deadline, longest)

    def _request(
        self, method: Method, call: Call, caller: Caller, limit: int, data: bytes | None
    ) -> Message | bytes:
        if data is None:
            raise refusal.malformed("The call carries no message.")
        self._gate.admit(caller.tenant_id, method.path, len(data))
        if len(data) > limit:
            raise refusal.too_large(limit)
        if method.screened:
            return call.codec.binary(method.request, data)
        request = call.codec.decode(method.request, data)
        if broken := violations(request):
            raise refusal.invalid(broken)
        return request

    def _failed(self, method: Method, error: Exception) -> Failure:
        if isinstance(error, DomainError):
            return failure(error)
        incident = secrets.token_hex(8)
        _log.error("call_failed", method=method.path, incident=incident, exc_info=error)
        return internal(incident)

    def _opened(self, live: LiveStream) -> None:
        self._streams.add(live)
        self.tally.open_streams = len(self._streams)

    def _closed(self, live: LiveStream) -> None:
        self._streams.discard(live)
        self.tally.open_streams = len(self._streams)
        if not self._streams:
            self._no_stream.set()

    async def _streams_ended(self, seconds: float) -> None:
        if self._streams:
            self._no_stream.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._no_stream.wait()
