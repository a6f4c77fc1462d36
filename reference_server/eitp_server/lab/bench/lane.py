"""A lane: what one stream or connection sends, encoded before the clock runs, and when."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import count, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eitp_server.lab.bench.shopper import Shopper

# Wire tags of TelemetryBatch.session_id, .sequence, .clock_ms and IngestRequest.batches. The rest
# of a batch is the same for all sessions of a shopper, and fields can be joined as bytes.
_SESSION_ID: Final = b"\x0a"
_SEQUENCE: Final = b"\x10"
_CLOCK_MS: Final = b"\x18"
_BATCHES: Final = b"\x0a"


class RefusedError(RuntimeError):
    """The server did not take a batch of the load; the message has its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that the load sends for."""

    session_id: str
    token: str
    shopper: Shopper
    offset: int
    """Position of the shopper's batches at which this session begins."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """The sessions of one stream or connection take turns, a batch each."""

    sessions: Sequence[OpenSession]
    batches_per_message: int
    first_turn: int = 0
    """Batches that each session has sent before, in another way."""
    repeats: bool = False
    """Whether the first message comes again after the last, for a server that keeps no order."""
    messages: list[bytes] = field(default_factory=list[bytes])
    """`IngestRequest` or, which is the same bytes, `IngestStreamRequest`."""
    sent: array[float] = field(default_factory=lambda: array("d"))
    """When each message was sent, or was due when that was earlier; seconds."""
    acknowledged: array[float] = field(default_factory=lambda: array("d"))
    """When each message was known to be durable."""

    def encode(self, count: int) -> None:
        """Prepare messages with so many batches; the last one may hold fewer than the others."""
        batches = islice(_batches(self.sessions, self.first_turn), count)
        self.messages = list(_messages(batches, self.batches_per_message))

    def next_message(self, due: float) -> bytes:
        """Return the next message and book it as sent."""
        message = self.messages[len(self.sent) % len(self.messages)]
        self.sent.append(due)
        return message

    def acknowledge(self, messages: int, now: float) -> None:
        """Book all messages up to that number, counted from 1, as durable."""
        self.acknowledged.extend([now] * (messages - len(self.acknowledged)))

    @property
    def in_flight(self) -> int:
        """Messages sent and not acknowledged."""
        return len(self.sent) - len(self.acknowledged)

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to send."""
        return not self.repeats and len(self.sent) >= len(self.messages)

    def sent_at(self, session: int, sequence: int) -> float | None:
        """Return when the batch of the lane's `session`-th session was sent."""
        batch = (sequence - 1 - self.first_turn) * len(self.sessions) + session
        message = batch // self.batches_per_message
        return self.sent[message] if 0 <= message < len(self.sent) else None


def _messages(batches: Iterator[bytes], size: int) -> Iterator[bytes]:
    while message := list(islice(batches, size)):
        yield b"".join(p for batch in message for p in (_BATCHES, varint(len(batch)), batch))


def _batches(sessions: Sequence[OpenSession], first_turn: int) -> Iterator[bytes]:
    names = [session.session_id.encode() for session in sessions]
    heads = [_SESSION_ID + varint(len(name)) + name for name in names]
    for turn in count(first_turn):
        sequence = _SEQUENCE + varint(turn + 1)
        for head, session in zip(heads, sessions, strict=True):
            number = session.offset + turn
            clock_ms = varint(session.shopper.clock_ms(number))
            yield b"".join((head, sequence, _CLOCK_MS, clock_ms, session.shopper.body(number)))


def varint(value: int) -> bytes:
    """Return protobuf's encoding of an integer that is not negative."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
