"""Whole servers for the end-to-end tests: one that a module shares, and those of one test."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from eitp_server.cli import app
from end_to_end.insight import untended
from end_to_end.live import Live, Premises, Shop, clients, served, started
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from pathlib import Path

    from eitp_server.app import Server


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the server runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> Generator[None]:
    """Logs without the values of all variables, which take a second for each error."""
    structlog.configure(
        processors=[
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Premises:
    """Two shops, made as an operator makes them."""
    folder = tmp_path_factory.mktemp("premises") / "data"
    return Premises(folder=folder, shop=_shop(folder, "shop"), rival=_shop(folder, "rival"))


class Clock:
    """The wall clock, which can be put forward; the clocks that measure waits go on as ever."""

    def __init__(self, real_ns: Callable[[], int]) -> None:
        self._real_ns = real_ns
        self._ahead_ns = 0

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._ahead_ns += round(seconds * 1e9)

    def __call__(self) -> int:
        """Return the time in ns since the epoch."""
        return self._real_ns() + self._ahead_ns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that every server of the test goes by."""
    clock = Clock(time.time_ns)
    monkeypatch.setattr(time, "time_ns", clock)
    return clock


@pytest.fixture
def premises(template: Premises, tmp_path: Path) -> Premises:
    """Premises that only this test uses."""
    folder = tmp_path / "data"
    shutil.copytree(template.folder, folder)
    return replace(template, folder=folder)


@pytest.fixture
async def own(premises: Premises) -> AsyncGenerator[Live]:
    """A server that only this test uses."""
    async with started(premises) as live:
        yield live


# Not longer than a module: a test that puts the clock forward must not meet it.
@pytest.fixture(scope="module")
async def shared_server(
    template: Premises, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[tuple[Premises, Server]]:
    """A server that the tests of a module share, each with sessions of its own."""
    folder = tmp_path_factory.mktemp("shared") / "data"
    shutil.copytree(template.folder, folder)
    premises = replace(template, folder=folder)
    async with served(premises) as server:
        yield premises, server


@pytest.fixture(scope="module")
async def live(shared_server: tuple[Premises, Server]) -> AsyncGenerator[Live]:
    """The connection to the shared server."""
    premises, server = shared_server
    async with clients(premises, server.grpc_address, server.web_address) as connected:
        yield connected


def _shop(folder: Path, tenant_id: str) -> Shop:
    origin = f"https://{tenant_id}.example"
    _command(folder, "tenants", "create", tenant_id, "--vertical", "retail", "--origin", origin)
    return Shop(
        tenant_id=tenant_id,
        origin=origin,
        publishable=_command(folder, "keys", "create", tenant_id, "--publishable"),
        secret=_command(folder, "keys", "create", tenant_id),
    )


def _command(folder: Path, *arguments: str) -> str:
    """Run `eitp-server` and return the last line that it prints."""
    result = CliRunner().invoke(app, arguments, env={"EITP_DATA_DIR": str(folder)})
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[-1]


@pytest.fixture
def still() -> Generator[None]:
    """Let servers analyse nothing by themselves."""
    with untended():
        yield
