"""A tick that fails hurts nobody whom it need not, and leaves the state that the log stands for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.errors import Exhausted
from eitp_server.ingest.observer import Observer
from faults.script import SECOND
from faults.ticking import telemetry, ticking

if TYPE_CHECKING:
    from eitp_server.ingest.input import Telemetry


def answered(item: Telemetry) -> asyncio.Future[Any]:
    """Return the future that the tick will answer."""
    item.result = asyncio.get_running_loop().create_future()
    return item.result


async def test_a_poisonous_input_hurts_nobody_else() -> None:
    async with ticking() as server:
        await server.open(0)
        await server.open(1)
        results = await asyncio.gather(
            server.send(1, session=1),
            server.send(1, poisonous=True),
            server.send(2, session=1),
            return_exceptions=True,
        )

        kinds = [type(result).__name__ for result in results]
        assert kinds == ["Receipt", "RuntimeError", "Receipt"]
        assert len(server.log.written.dead_letters) == 1
        assert server.ticker.reducer.digest() == (await server.replay()).digest()


async def test_a_set_aside_input_leaves_the_state_that_the_log_stands_for() -> None:
    async with ticking() as server:
        await server.open(0)
        await server.open(1)
        await server.send(2)
        server.clock[0] += 3 * SECOND
        with pytest.raises(RuntimeError):
            await server.send(1, session=1, poisonous=True)

        assert server.ticker.reducer.digest() == (await server.replay()).digest()


async def test_a_full_disk_does_not_end_the_ticker_while_it_sets_an_input_aside() -> None:
    async with ticking() as server:
        await server.open(0)
        server.log.full = True
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(server.send(1, poisonous=True), timeout=5)
        server.log.full = False

        assert (await asyncio.wait_for(server.send(1), timeout=5)).applied == 1


async def test_a_refused_tick_is_forgotten_and_the_same_can_be_sent_again() -> None:
    async with ticking() as server:
        await server.open(0)
        server.log.full = True
        with pytest.raises(Exhausted):
            await server.send(1, 2)
        server.log.full = False

        assert (await server.send(1, 2)).applied == 2
        assert server.ticker.reducer.digest() == (await server.replay()).digest()


async def test_what_was_sent_behind_a_refused_batch_is_refused_with_it() -> None:
    async with ticking() as server:
        await server.open(0)
        behind = telemetry(2)
        later = answered(behind)

        def there_is_room_again() -> None:
            server.inbox.put(behind)
            server.log.full = False

        server.log.full = True
        server.log.when_refused = there_is_room_again
        with pytest.raises(Exhausted):
            await server.send(1)
        with pytest.raises(Exhausted):
            await later


async def test_a_batch_that_was_given_up_is_not_called_applied() -> None:
    async with ticking() as server:
        await server.open(0)
        await server.send(2)
        server.clock[0] += 3 * SECOND
        receipt = await server.send(1, 3)

        assert (receipt.applied, receipt.duplicates) == (1, 0)
        assert [(r.sequence, r.reason) for r in receipt.rejections] == [(1, "SEQUENCE_TOO_LATE")]
        assert receipt.progress[0].lost == 1


async def test_a_page_that_waited_does_not_cover_the_one_that_followed() -> None:
    async with ticking() as server:
        await server.open(0)
        await server.send(3)
        server.clock[0] += 3 * SECOND
        await server.send(4)

        assert server.ticker.reducer.sessions.columns.page_type[0] == 4


@pytest.fixture
def broken_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look at a silent session fail."""
    sound = Observer.observe

    def observe(self: Observer, sessions: Any, events: Any, pages: Any, now_us: int) -> Any:
        if events is None:
            raise ArithmeticError("a timer that breaks")
        return sound(self, sessions, events, pages, now_us)

    monkeypatch.setattr(Observer, "observe", observe)


async def test_what_is_due_and_breaks_the_tick_is_skipped(broken_timers: None) -> None:
    async with ticking() as server:
        await server.open(0)
        await server.open(1)
        await server.send(1)
        server.clock[0] += 60 * SECOND
        opened = server.log.written.dead_letters
        async with asyncio.timeout(5):
            await server.open(2)
            assert (await server.send(1, session=1)).applied == 1

        assert server.ticker.reducer.digest() == (await server.replay()).digest()
        assert opened == []


async def test_a_quiet_server_does_not_try_a_broken_timer_for_ever(broken_timers: None) -> None:
    async with ticking() as server:
        await server.open(0)
        await server.send(1)
        assert server.ticker.reducer.next_due_us() is not None
        server.clock[0] += 60 * SECOND
        async with asyncio.timeout(5):
            while server.ticker.reducer.due(server.clock[0]):  # noqa: ASYNC110 - no event to await
                await asyncio.sleep(0.01)

        assert server.ticker.reducer.digest() == (await server.replay()).digest()
