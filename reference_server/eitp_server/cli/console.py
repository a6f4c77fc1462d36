"""What every command shares: the screen, the loop, the data directory and the logs."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, TypeVar

import structlog
import uvloop
from rich.console import Console

from eitp_server.config import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path
    from typing import Any

    from eitp_server.storage.accounts import Accounts

CONSOLE = Console()
Result = TypeVar("Result")


def run(job: Coroutine[Any, Any, Result]) -> Result:
    """Run a job to its end on the loop that the server has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(job)


async def with_accounts(
    job: Callable[[Accounts], Awaitable[Result]], *, creating: bool = False
) -> Result:
    """Open the data directory, which no server may have, and do a job with its accounts.

    Raises FileNotFoundError when nothing is there, unless `creating`.
    """
    from eitp_server.storage.accounts import Accounts
    from eitp_server.storage.sqlite_database import SQLiteDatabase

    directory = Settings().data_dir
    if directory is not None and not creating:
        require_data(directory)
    async with await SQLiteDatabase.open(directory) as database:
        return await job(await Accounts.open(database))


def require_data(directory: Path, named_by: str = "EITP_DATA_DIR") -> None:
    """Raise FileNotFoundError when a directory does not hold the data of a server.

    `named_by` says what names the directory.
    """
    from eitp_server.storage.sqlite_database import FILE_NAME

    if not (directory / FILE_NAME).is_file():
        raise FileNotFoundError(
            f"there is no server data in {directory.absolute()}; name another directory with "
            f"{named_by}, or begin this one with `eitp-server tenants create`"
        )


def configure_logs(level: str) -> None:
    """Write logs of `level` and above to stderr, for people."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            # Tracebacks leave local variables out, which would spill tables and telemetry.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
