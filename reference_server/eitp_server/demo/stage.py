"""Everything that happens at once in the demo: shoppers, and those who watch them."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any

from .shopper import react, visit

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from eitp.client import Client
    from eitp.v1.decision_pb2 import Decision
    from eitp.v1.intervention_pb2 import Intervention

    from .board import Board, Seat
    from .cast import Part

STAGGER_SECONDS = 0.5
"""Between the first shoppers, so that they do not move in step."""
HEAD_START_MS = 25_000
"""What the first shoppers have behind them, so that there is something to see at once."""
POLL_SECONDS = 1.0


class Stage:
    """The public interface of a server, with shoppers on one side and watchers on the other."""

    def __init__(
        self, client: Client, board: Board, parts: Iterator[Part], *, speed: float = 1.0
    ) -> None:
        """Prepare to play `parts`, as many at a time as the board has seats."""
        self._client = client
        self._board = board
        self._parts = parts
        self._speed = speed
        self._visitors = count(1)
        self._known_decision = ""
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()

    async def play(self, stopped: asyncio.Event) -> None:
        """Play until stopped. Raises an ExceptionGroup when the server fails somebody."""
        async with asyncio.TaskGroup() as self._tasks:
            acts = [
                self._watch_packets(),
                self._watch_interventions(),
                self._poll_decisions(),
                *(self._fill(seat, number) for number, seat in enumerate(self._board.seats)),
            ]
            for act in acts:
                self._begin(act)
            await stopped.wait()
            for task in self._running:
                task.cancel()

    def _begin(self, act: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.create_task(act)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _fill(self, seat: Seat, number: int) -> None:
        await self._client.retry.sleep(number * STAGGER_SECONDS / self._speed)
        head_start_ms = HEAD_START_MS
        for part in self._parts:
            await visit(
                self._client,
                self._board,
                seat,
                part,
                f"{part.name} {next(self._visitors)}",
                speed=self._speed,
                head_start_ms=head_start_ms,
            )
            head_start_ms = 0

    async def _watch_packets(self) -> None:
        async for item in self._client.watch_packets():
            self._board.emitted(item.value)

    async def _watch_interventions(self) -> None:
        async for item in self._client.watch_interventions():
            self._board.chosen(item.value, await self._decision(item.value))
            self._begin(react(self._client, self._board, item.value, speed=self._speed))

    async def _decision(self, intervention: Intervention) -> Decision | None:
        async for decision in self._client.decisions(intervention.session_id):
            if decision.decision_id == intervention.decision_id:
                return decision
        return None

    async def _poll_decisions(self) -> None:
        while True:
            newest = ""
            async for decision in self._client.decisions():
                newest = newest or decision.decision_id
                if decision.decision_id == self._known_decision:
                    break
                self._board.decided(decision)
            self._known_decision = newest or self._known_decision
            await self._client.retry.sleep(POLL_SECONDS)
