"""Fixtures for every test, and one way for hypothesis to run."""

from __future__ import annotations

import os

# As the server does; numpy reads it when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

# Examples are not timed, the machine may be busy; what CI sees it sees again.
settings.register_profile("eitp", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("eitp")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of every asynchronous test."""
    return "asyncio"


@pytest.fixture(scope="session")
def eitp_data() -> Path:
    """The folder of public data sets, which are not part of the repository."""
    folder = Path(os.environ.get("EITP_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"{folder} does not exist: point EITP_DATA at the public data sets")
    return folder
