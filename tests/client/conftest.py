"""A scripted server, a clock that is told the time, and a client between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import eitp.retry
import pytest
from client.script import Script
from client.scripted_server import scripted
from eitp.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Clock:
    """Time that passes only while somebody waits for it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.waits: list[float] = []
        """Every wait, in seconds."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.waits.append(round(seconds, 3))
        self.now += seconds

    def retry(self) -> eitp.retry.Retry:
        """Return the usual rules of repetition on this clock, with the shortest waits."""
        return eitp.retry.Retry(now=lambda: self.now, sleep=self.sleep, random=lambda: 0.0)


@pytest.fixture(scope="session")
async def one_loop() -> AsyncIterator[None]:
    """Keep one event loop open to the end: gRPC's poller outlives the loop that it met first."""
    yield  # noqa: PT022 - the loop closes when its last fixture is torn down


@pytest.fixture
def clock() -> Clock:
    """The client's time."""
    return Clock()


@pytest.fixture
def script() -> Script:
    """What the server does, and what it saw."""
    return Script()


@pytest.fixture
async def address(script: Script, one_loop: None) -> AsyncIterator[str]:
    """Where the scripted server listens."""
    async with scripted(script) as address:
        yield address


@pytest.fixture
async def client(address: str, clock: Clock) -> AsyncIterator[Client]:
    """A client of the scripted server."""
    async with Client(address, key="eitp_sk_test", retry=clock.retry()) as client:
        yield client
