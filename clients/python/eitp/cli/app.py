"""The commands, put together."""

from __future__ import annotations

import typer

from .capabilities import capabilities
from .convert import convert
from .outcome import send_outcome
from .replay import replay
from .state import state
from .watch import watch

HELP = """
Talk to an EITP server: send recorded hands to it, watch what it makes of them.

A first look, with a server that `eitp-server demo` has started:

    eitp capabilities
    eitp replay                      # a bundled set of synthetic visits
    eitp watch packets               # in another terminal

Server and key come from the environment, too:

    export EITP_SERVER=localhost:50051
    export EITP_KEY=eitp_sk_…
"""

EPILOG = """
Exit codes: 0 done · 1 the server refused · 2 wrong usage or a file that is not what it should be ·
3 the server cannot be reached.
"""

app = typer.Typer(
    name="eitp", help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="markdown"
)
app.command()(replay)
app.add_typer(watch, name="watch")
app.command()(state)
app.command("send-outcome")(send_outcome)
app.command()(capabilities)
app.command()(convert)


def main() -> None:
    """Run the command line."""
    app()
