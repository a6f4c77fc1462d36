"""The load of browsers: kept connections, each with one call at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from httptools import HttpResponseParser

from eitp_server.lab.bench.lane import RefusedError
from eitp_server.lab.bench.pace import Pace, now

if TYPE_CHECKING:
    from eitp_server.lab.bench.lane import Lane

_OK = 200


@dataclass(slots=True, kw_only=True)
class Browser(asyncio.Protocol):
    """One connection; its sessions take turns.

    Written against the transport itself: an HTTP client would cost more than the server.
    """

    lane: Lane
    number: int
    pace: Pace
    heads: list[bytes] = field(default_factory=list[bytes])
    """The request up to the length of its body, for each session of the lane."""
    _ended: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    _body: bytes = b""
    _parser: HttpResponseParser = field(init=False)
    _transport: asyncio.Transport | None = None

    async def run(self, address: str, path: str) -> None:
        """Send until the pace ends and wait for the last answer.

        Raises `RefusedError`, and `ConnectionError` when the server hangs up.
        """
        host, _, port = address.rpartition(":")
        self._parser = HttpResponseParser(self)
        self.heads = [_head(address, path, session.token) for session in self.lane.sessions]
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: self, host, int(port))
        try:
            await self._ended
        finally:
            transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the run, which cannot go on."""
        if not self._ended.done():
            self._ended.set_exception(ConnectionError(f"the server closed a connection: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep what an answer says, in case it is a refusal."""
        self._body = body

    def on_message_complete(self) -> None:
        """Book the answer and go on."""
        if self._parser.get_status_code() != _OK:
            self._ended.set_exception(RefusedError(self._body.decode(errors="replace")))
            return
        self.lane.acknowledge(len(self.lane.sent), now())
        self._next()

    def _next(self) -> None:
        if self.lane.finished or not self.pace.running:
            self._ended.set_result(None)
            return
        due = self.pace.due(self.number)
        if (early := due - now()) > 0:
            asyncio.get_running_loop().call_later(early, self._send, due)
        else:
            self._send(due)

    def _send(self, due: float) -> None:
        assert self._transport is not None
        session = len(self.lane.sent) % len(self.heads)
        message = self.lane.next_message(due)
        self._transport.write(b"%b%d\r\n\r\n%b" % (self.heads[session], len(message), message))


def _head(address: str, path: str, token: str) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        f"host: {address}",
        "user-agent: eitp-bench",
        "content-type: application/proto",
        "connect-protocol-version: 1",
        f"authorization: Bearer {token}",
        "content-length: ",
    )
    return "\r\n".join(lines).encode()
