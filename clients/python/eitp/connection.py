"""One channel to a server: who calls, how long it may take, and what happens when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import grpc
import grpc.aio

from .errors import EITPError, TokenExpired, from_rpc
from .retry import Retry, is_idempotent, may_repeat

if TYPE_CHECKING:
    from google.protobuf.message import Message

SHORTEST_KEEPALIVE = 10.0
"""Seconds; servers close connections that are pinged more often."""

_UNCONNECTED = frozenset(
    {grpc.ChannelConnectivity.CONNECTING, grpc.ChannelConnectivity.TRANSIENT_FAILURE}
)

Metadata = tuple[tuple[str, str], ...]
_Request = TypeVar("_Request", bound="Message")
_Response = TypeVar("_Response", bound="Message")


class Credential(Protocol):
    """What authorises a call."""

    @property
    def secret(self) -> str:
        """A key or a session token."""
        ...

    async def renew(self) -> bool:
        """Replace an expired secret; False when there is nothing to replace it with."""
        ...


class Key:
    """A publishable or secret key, which lasts until it is revoked."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    async def renew(self) -> bool:
        """Return False: only whoever runs the server can issue another one."""
        return False


class Connection:
    """An open channel; unary calls through it are repeated as the schema allows."""

    def __init__(
        self,
        address: str,
        *,
        tls: grpc.ChannelCredentials | bool = False,
        origin: str = "",
        timeout: float = 10.0,
        keepalive: float = 30.0,
        retry: Retry | None = None,
    ) -> None:
        if keepalive < SHORTEST_KEEPALIVE:
            raise ValueError(f"keepalive is {keepalive:g} s, but must be {SHORTEST_KEEPALIVE:g} up")
        self.address = address
        self.timeout = timeout
        self.retry = retry or Retry()
        self.channel = _channel(address, tls, keepalive)
        self._origin = (("origin", origin),) if origin else ()

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the server was called and there is no connection to it yet, or any more."""
        return self.channel.get_state() in _UNCONNECTED

    async def close(self) -> None:
        """Close the channel; calls under way are cancelled."""
        await self.channel.close()

    def metadata(self, credential: Credential) -> Metadata:
        """Return what authorises a call."""
        secret = credential.secret
        return (*((("authorization", f"Bearer {secret}"),) if secret else ()), *self._origin)

    def error(self, failure: grpc.aio.AioRpcError) -> EITPError:
        """Return what a failed call of this connection means."""
        error = from_rpc(failure, self.address)
        error.__cause__ = failure
        return error

    async def call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        credential: Credential,
        *,
        timeout: float | None = None,
    ) -> _Response:
        """Make a call, repeating it until it succeeds, must not be repeated or runs out of time.

        `timeout` bounds all attempts together, in seconds; None is the connection's own. Raises
        the error of the last attempt.
        """
        deadline = self.retry.now() + (self.timeout if timeout is None else timeout)
        failures, renewed = 0, False
        while True:
            remaining = max(deadline - self.retry.now(), 0.0)
            try:
                return await method(request, timeout=remaining, metadata=self.metadata(credential))
            except grpc.aio.AioRpcError as failure:
                error = self.error(failure)
            if isinstance(error, TokenExpired) and not renewed and await credential.renew():
                renewed = True
                continue
            failures += 1
            delay = self.retry.delay(failures, error)
            late = self.retry.now() + delay >= deadline
            if late or not may_repeat(error, idempotent=is_idempotent(request)):
                raise error
            await self.retry.sleep(delay)


def _channel(
    address: str, tls: grpc.ChannelCredentials | bool, keepalive: float
) -> grpc.aio.Channel:
    options = (
        ("grpc.keepalive_time_ms", round(keepalive * 1000)),
        ("grpc.keepalive_timeout_ms", 10_000),
        # Repeating is decided here, by RetryInfo; gRPC knows only status codes.
        ("grpc.enable_retries", 0),
        # gRPC's own pause between connection attempts grows to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        # Without this, megabytes of a feed wait in the receive window of a slow reader.
        ("grpc.http2.bdp_probe", 0),
    )
    if tls is False:
        return grpc.aio.insecure_channel(address, options=options)
    credentials = grpc.ssl_channel_credentials() if tls is True else tls
    return grpc.aio.secure_channel(address, credentials, options=options)
