"""A server for the tests of the transports, on the loop that it has in production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from transport.server import Shop, open_shop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the server runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def shop() -> AsyncGenerator[Shop]:
    """A server with the usual services."""
    async with open_shop() as opened:
        yield opened
