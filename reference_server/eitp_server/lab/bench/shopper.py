"""Who the load stands for: runs of batches that any number of sessions can send."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Final, Literal

from eitp.recording import cut, generate
from eitp.telemetry import Encoder

from eitp_server.lab.bench import hand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.recording import Recording
    from eitp.v1.telemetry_pb2 import TelemetryBatch

Load = Literal["moves", "visits"]
"""`moves`: batches of equal size at 20 Hz, most of them nothing but moves. `visits`: what the
client makes of the synthetic visits that the package ships; nearly every batch names a target."""

_SHOPPERS: Final = 64
_BATCHES: Final = 240
"""Batches of moves until a shopper starts again; two minutes with ten events each."""
_BREAK_MS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """A run of batches that begins again after its end, at a later time."""

    bodies: tuple[bytes, ...]
    """`TelemetryBatch` without session, sequence and clock, serialised."""
    begins_ms: tuple[int, ...]
    """Client time at which each batch begins."""
    length_ms: int
    """Client time after which the run begins again."""
    events: int
    """Events of the whole run."""
    plain: int
    """Batches of the run that are moves and nothing else."""

    def body(self, number: int) -> bytes:
        """Return the batch at a position that counts on through the repetitions."""
        return self.bodies[number % len(self.bodies)]

    def clock_ms(self, number: int) -> int:
        """Return the client time of the batch at that position."""
        turns, position = divmod(number, len(self.bodies))
        return turns * self.length_ms + self.begins_ms[position]


def shoppers(load: Load, events: int) -> list[Shopper]:
    """Return the shoppers of a load; equal arguments give equal ones.

    `events` is the size of every batch of moves.
    """
    if load == "visits":
        return [_visitor(recording) for recording in generate(seed=1, people=_SHOPPERS)]
    return [_mover(number, events) for number in range(_SHOPPERS)]


def natural_rate(people: Sequence[Shopper]) -> float:
    """Return the batches per second that one of them makes, on average."""
    rates = [1000 * len(shopper.bodies) / shopper.length_ms for shopper in people]
    return sum(rates) / len(rates)


def _mover(number: int, events: int) -> Shopper:
    rng = Random(number)  # noqa: S311 - a repeatable one is wanted
    batches = hand.batches(rng, count=_BATCHES, events=events)
    begins_ms = list(accumulate((sum(batch.dt_ms) for batch in batches), initial=0))
    return _shopper(batches, begins_ms[:-1], begins_ms[-1])


def _visitor(recording: Recording) -> Shopper:
    encoder = Encoder("")
    batches = [encoder.encode(batch) for batch in cut(recording)]
    begins_ms = [batch.clock_ms for batch in batches]
    for batch in batches:
        batch.ClearField("sequence")
        batch.ClearField("clock_ms")
    return _shopper(batches, begins_ms, begins_ms[-1] + sum(batches[-1].dt_ms) + _BREAK_MS)


def _shopper(
    batches: Sequence[TelemetryBatch], begins_ms: Sequence[int], length_ms: int
) -> Shopper:
    return Shopper(
        bodies=tuple(batch.SerializeToString() for batch in batches),
        begins_ms=tuple(begins_ms),
        length_ms=length_ms,
        events=sum(len(batch.dt_ms) for batch in batches),
        plain=sum(_is_plain(batch) for batch in batches),
    )


def _is_plain(batch: TelemetryBatch) -> bool:
    return not (batch.kind or batch.HasField("details") or batch.HasField("page"))
