"""Feeds that go on: they reconnect by themselves and remember their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from .errors import EITPError, TokenExpired, Unreachable
from .retry import Outage

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from .connection import Connection, Credential, Metadata

    Opener = Callable[[bytes, Metadata], "StreamCall"]
    """Opens a feed right behind a cursor."""

StreamCall = grpc.aio.UnaryStreamCall[Any, Any]
T_co = TypeVar("T_co", covariant=True)

PATIENCE = 60.0
"""Seconds that a feed may be out of reach before its reader is told."""


@dataclass(frozen=True, slots=True)
class Lagged:
    """Items that were skipped because their reader was too slow."""

    dropped: int
    from_cursor: bytes
    """A lossless watch from here brings them, as long as they are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Generic[T_co]):
    """Something a feed delivered."""

    value: T_co
    cursor: bytes
    """A watch that starts at this cursor goes on right behind the item."""
    lagged: Lagged | None = None
    """What was skipped right before it; only for a reader that asked for the latest."""


class Watch(Generic[T_co]):
    """The items of a feed, without gap or repetition across broken connections.

    Iterating raises CursorLost when what follows the cursor is no longer kept, and Unreachable
    when the feed stays out of reach; the next step of the iteration tries again.
    """

    def __init__(
        self,
        connection: Connection,
        credential: Credential,
        opener: Opener,
        *,
        cursor: bytes = b"",
        patience: float = PATIENCE,
    ) -> None:
        self.cursor = cursor
        """Where the feed would go on. It moves with every item, and also when nothing happens."""
        self._connection = connection
        self._credential = credential
        self._opener = opener
        self._outage = Outage(connection.retry, patience=patience)
        self._call: StreamCall | None = None
        self._renewed = False
        self._lagged: Lagged | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item[T_co]:
        while True:
            message: Any = await self._next_message()
            match message.WhichOneof("item"):
                case "heartbeat":
                    self._move(message.heartbeat.cursor)
                case "lagged":
                    self._lagged = Lagged(message.lagged.dropped, message.lagged.from_cursor)
                    self._move(message.lagged.to_cursor)
                case str(name):
                    self._move(message.cursor)
                    lagged, self._lagged = self._lagged, None
                    return Item(value=getattr(message, name), cursor=self.cursor, lagged=lagged)
                case _:
                    self._move(message.cursor)

    async def aclose(self) -> None:
        """End the stream; iterating again opens it at the cursor."""
        call, self._call = self._call, None
        if call is not None:
            call.cancel()
            await call.code()

    async def _next_message(self) -> Message:
        while True:
            # Forgotten until it has delivered: a call whose reader was cancelled is of no use.
            call, self._call = self._call or self._open(), None
            try:
                message: object = await call.read()
            except grpc.aio.AioRpcError as failure:
                await self._recover(self._connection.error(failure))
                continue
            if isinstance(message, Message):
                self._call, self._renewed = call, False
                self._outage.end()
                return message
            await self._recover(Unreachable(f"{self._connection.address} ended the feed"))

    def _open(self) -> StreamCall:
        return self._opener(self.cursor, self._connection.metadata(self._credential))

    async def _recover(self, error: EITPError) -> None:
        if isinstance(error, TokenExpired) and not self._renewed:
            self._renewed = await self._credential.renew()
            if self._renewed:
                return
        await self._outage.wait(error)

    def _move(self, cursor: bytes) -> None:
        self.cursor = cursor or self.cursor
