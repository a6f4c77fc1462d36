"""`eitp send-outcome`: reports what came of a session."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ..v1.outcome_pb2 import Outcome
from .terminal import LOCAL, PATIENCE, USAGE, Key, Server, Timeout, Tls, err, fail, out, run

if TYPE_CHECKING:
    from ..client import Client


class Kind(StrEnum):
    """What can come of a session; `eitp.v1.OutcomeKind`."""

    CONVERSION = "conversion"
    ADD_TO_CART = "add-to-cart"
    LEAD = "lead"
    ABANDONMENT = "abandonment"
    BOUNCE = "bounce"
    DISMISSAL = "dismissal"
    COMPLAINT = "complaint"
    CUSTOM = "custom"


def send_outcome(
    session: Annotated[str, typer.Argument(help="The session's id.", show_default=False)],
    kind: Annotated[Kind, typer.Argument(help="What came of it.", show_default=False)],
    value: Annotated[
        str, typer.Option(help="What it was worth, as 129.90.", show_default=False)
    ] = "",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the value, as EUR.")] = "",
    outcome_id: Annotated[
        str, typer.Option(help="Your own name of it; reports with the same id count once.")
    ] = "",
    decision_id: Annotated[
        str, typer.Option(help="The decision to credit; the session's latest when left out.")
    ] = "",
    name: Annotated[str, typer.Option(help="Name of a custom kind.")] = "",
    server: Server = LOCAL,
    key: Key = "",
    tls: Tls = False,
    timeout: Timeout = PATIENCE,
) -> None:
    """Report what came of a session; the same outcome counts once, however often it is sent.

    Prints which decision it was credited to, if any.

    ```
    eitp send-outcome ses_2c7f lead
    eitp send-outcome ses_2c7f conversion --value 129.90 --currency EUR --outcome-id order-17
    ```
    """
    outcome = Outcome(
        session_id=session,
        kind=f"OUTCOME_KIND_{kind.name}",
        outcome_id=outcome_id,
        decision_id=decision_id,
        name=name,
        currency=currency,
        value_micros=_micros(value),
    )

    async def send(client: Client) -> None:
        answer = await client.report_outcome(outcome)
        taken = "known already" if answer.duplicate else "taken"
        if answer.decision_id:
            out.print(f"{taken}, credited to decision {answer.decision_id}", soft_wrap=True)
            return
        out.print(f"{taken}, but no decision was credited")
        err.print(
            "The server takes outcomes of any session: it has decided nothing there of late, or "
            "never met the session. Check the id when you expected a decision.",
            style="dim",
        )

    run(send, server, key, tls=tls, timeout=timeout)


def _micros(value: str) -> int | None:
    try:
        return int(Decimal(value) * 1_000_000) if value else None
    except InvalidOperation:
        fail(f"--value {value!r} is not an amount", "Write digits and a point, as 129.90.", USAGE)
