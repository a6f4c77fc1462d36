"""The server's command line: a module per noun."""

from __future__ import annotations

import sqlite3
import sys

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from eitp_server.cli import feeds, keys, lab, report, server, tenants
from eitp_server.cli.setting import in_words
from eitp_server.errors import DomainError
from eitp_server.storage.fault import LogFault

__all__ = ["app", "main"]

app = typer.Typer(
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="The EITP reference server: telemetry in, packets and interventions out.",
    epilog="Settings come from the environment: EITP_GRPC_PORT, EITP_WEB_PORT, EITP_DATA_DIR, … "
    "`eitp-server settings` lists them all.",
)
app.add_typer(server.app)
app.add_typer(tenants.app, name="tenants")
app.add_typer(keys.app, name="keys")
app.add_typer(feeds.app, name="feeds")
app.add_typer(report.app, name="report")
app.add_typer(lab.app, name="lab")


def main() -> None:
    """Run the command line; what the server refuses ends with its message and status 1."""
    try:
        app()
    except ValidationError as error:
        _refuse(in_words(error))
    except (DomainError, LogFault, OSError, sqlite3.Error) as error:
        _refuse(str(error))
    except ExceptionGroup as group:
        # What ends a server while it starts comes out of the group of its tasks.
        if group.split(OSError)[1] is not None:
            raise
        _refuse("; ".join(map(str, group.exceptions)))


def _refuse(problem: str) -> None:
    # A text and no markup: messages quote what people wrote, brackets too.
    Console(stderr=True).print(Text.assemble(("error: ", "red"), problem), soft_wrap=True)
    sys.exit(1)
