"""How often the fault tests break things, and the loop that they run on."""

from __future__ import annotations

import logging
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, cast

import pytest
from faults.disk import mounted
from faults.ordeal import Ordeal
from faults.server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from pathlib import Path

    from faults.disk import Disk

_logger = logging.getLogger(__name__)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests; they work when the tests are named: `pytest tests/faults`."""
    parser.addoption("--trials", type=int, default=30, help="kills of a server under load")
    parser.addoption("--cuts", type=int, default=8, help="power cuts of a server under load")
    parser.addoption("--seed", type=int, default=None, help="repeat the moments of an earlier run")


@pytest.fixture
def trials(request: pytest.FixtureRequest) -> int:
    """How often to kill."""
    return cast("int", request.config.getoption("--trials", 30))


@pytest.fixture
def cuts(request: pytest.FixtureRequest) -> int:
    """How often to cut the power."""
    return cast("int", request.config.getoption("--cuts", 8))


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> Random:
    """Where the moments of the faults come from; a failed test shows the seed to repeat them."""
    seed = request.config.getoption("--seed", None)
    seed = SystemRandom().randrange(2**32) if seed is None else seed
    _logger.info("--seed %d", seed)
    return Random(seed)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk that fails when it is told to; ask for it before the server that is put on it."""
    with mounted(tmp_path / "disk") as opened:
        yield opened


@pytest.fixture
async def put_through(tmp_path: Path) -> AsyncGenerator[Callable[..., Ordeal]]:
    """Make a server, its clients and its judge; the server is dead at the end of the test."""
    ordeals: list[Ordeal] = []

    def begin(data: Path = tmp_path / "data", *, crowd: Any = None, **server: Any) -> Ordeal:
        number = len(ordeals)
        made = Server(data=data, output=tmp_path / f"server-{number}.log", **server)
        ordeals.append(Ordeal(made, tmp_path / f"copy-{number}", crowd))
        return ordeals[-1]

    yield begin
    for ordeal in ordeals:
        await ordeal.server.kill()
