"""`eitp-server lab evi-stream`: states of made-up shoppers, for `lab evi`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eitp_server.cli.evaluate import ERRORS, refuse
from eitp_server.cli.progress import counted


def make_states(
    out: Annotated[Path, typer.Option(metavar="FILE", help="CSV file to write.")],
    sessions: Annotated[int, typer.Option(min=1, max=20_000, help="Shoppers at a time.")] = 80,
    minutes: Annotated[float, typer.Option(min=1, max=50_000, help="How long.")] = 40,
    every: Annotated[
        float, typer.Option(min=0.05, max=60, help="Seconds between two states of a session.")
    ] = 2.5,
    tenants: Annotated[int, typer.Option(min=1, max=1000, help="Shops they are in.")] = 1,
    restless: Annotated[
        list[str] | None,
        typer.Option(metavar="FROM-TO:FACTOR", help="Minutes in which everybody is more restless."),
    ] = None,
    silent: Annotated[
        list[str] | None,
        typer.Option(metavar="FROM-TO", help="Minutes in which nothing arrives."),
    ] = None,
    start: Annotated[str, typer.Option(help="First moment, ISO 8601.")] = "2026-01-05T09:00:00Z",
    seed: Annotated[int, typer.Option(min=0, help="Another one makes up others.")] = 1,
) -> None:
    """Make up states of shoppers for `lab evi`, for trials and demonstrations.

    Nothing in them is measured: states wander about what is usual for each
    made-up shopper, by the declared scales of the index.

    Example:

      eitp-server lab evi-stream --out states.csv --sessions 100
      --restless 15-22:1.25 --silent 30-33
    """
    from eitp_server.lab.evi.csv_table import time_us
    from eitp_server.lab.evi.error import EviInputError
    from eitp_server.lab.evi.stream import Plan, Spell, expected_sessions, write_states

    try:
        plan = Plan(
            sessions=sessions,
            minutes=minutes,
            every_s=every,
            tenants=tenants,
            seed=seed,
            start_us=time_us(start, Path("--start")),
            restless=tuple(Spell.parse(text, with_factor=True) for text in restless or ()),
            silent=tuple(Spell.parse(text, with_factor=False) for text in silent or ()),
        )
        with counted("sessions", expected_sessions(plan)) as progress:
            rows, visits = write_states(out, plan, progress)
    except (EviInputError, OSError) as error:
        refuse(str(error))
    ERRORS.print(
        f"written: {out}, {rows:,} states of {visits:,} sessions", markup=False, soft_wrap=True
    )
