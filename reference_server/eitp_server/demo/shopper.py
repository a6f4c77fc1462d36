"""What shoppers do: move as recorded, look at what they are shown, leave as their part ends."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from eitp.errors import Missing
from eitp.recording import cut
from eitp.replay import CONSENT, Pace
from eitp.v1.common_pb2 import POINTER_TYPE_MOUSE
from eitp.v1.intervention_pb2 import (
    INTERVENTION_DISPOSITION_CLICKED,
    INTERVENTION_DISPOSITION_DELIVERED,
    INTERVENTION_DISPOSITION_DISMISSED,
    INTERVENTION_DISPOSITION_SHOWN,
    InterventionDisposition,
)
from eitp.v1.outcome_pb2 import OUTCOME_KIND_ABANDONMENT, OUTCOME_KIND_LEAD, Outcome
from eitp.v1.page_pb2 import PAGE_TYPE_PRODUCT, PageContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eitp.client import Client
    from eitp.recording import Batch
    from eitp.session import Session
    from eitp.v1.intervention_pb2 import Intervention

    from .board import Board, Seat
    from .cast import Part

BREAK_MS = 2_000
"""Between two recordings of the same person."""
CLICKED, DISMISSED = 0.3, 0.3
"""How often shoppers use or close what they are shown; the rest ignore it."""


async def visit(
    client: Client,
    board: Board,
    seat: Seat,
    part: Part,
    visitor_id: str,
    *,
    speed: float,
    head_start_ms: float,
) -> None:
    """Play a part from its first recording to its end, the head start as fast as it goes."""
    page = None if part.synthetic else PageContext(type=PAGE_TYPE_PRODUCT)
    async with client.open_session(
        visitor_id=visitor_id,
        consent=CONSENT,
        page=page,
        pointer_type=POINTER_TYPE_MOUSE,
        reports_answers=all(recording.reports_answers for recording in part.recordings),
    ) as session:
        board.enter(seat, part, session.session_id)
        pace = Pace(client.retry, speed, head_start_ms=head_start_ms)
        for batch in _batches(part):
            end = batch.clock_ms + sum(batch.dt_ms)
            await pace.until(end)
            receipt = await session.ingest(batch, include_packet=True)
            board.played(seat, end, receipt.packet)
        await _leave(session, board, seat, part)
    board.leave(seat)


async def react(client: Client, board: Board, intervention: Intervention, *, speed: float) -> None:
    """Do with an intervention what a page and its shopper would; the shopper is simulated."""
    chance = Random(intervention.intervention_id)  # noqa: S311 - the same again in every replay
    roll = chance.random()

    async def tell(disposition: InterventionDisposition) -> None:
        await client.acknowledge(
            intervention.intervention_id, disposition, session_id=intervention.session_id
        )

    with suppress(Missing):  # The shopper may leave before.
        await tell(INTERVENTION_DISPOSITION_DELIVERED)
        await tell(INTERVENTION_DISPOSITION_SHOWN)
        await client.retry.sleep(chance.uniform(1.0, 3.0) / speed)
        if roll < CLICKED:
            await tell(INTERVENTION_DISPOSITION_CLICKED)
            board.reacted(intervention, used=True)
        elif roll < CLICKED + DISMISSED:
            await tell(INTERVENTION_DISPOSITION_DISMISSED)
            board.reacted(intervention, used=False)


def _batches(part: Part) -> Iterator[Batch]:
    """Yield the batches of all recordings on one clock."""
    start = 0
    for recording in part.recordings:
        for batch in cut(recording):
            yield replace(batch, clock_ms=start + batch.clock_ms)
        start += round(recording.events[-1].t_ms) + BREAK_MS


async def _leave(session: Session, board: Board, seat: Seat, part: Part) -> None:
    if part.ending is None:
        return
    kind = OUTCOME_KIND_LEAD if part.ending.success else OUTCOME_KIND_ABANDONMENT
    answer = await session.report_outcome(Outcome(kind=kind, outcome_id=session.session_id))
    board.ended(seat, part.ending, answer.decision_id)
