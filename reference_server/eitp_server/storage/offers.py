"""Which patterns the prompts of a session were given, and what became of the session."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func
from sqlmodel import col, select

from eitp_server.storage.tables import Outcome, PatternOffer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlmodel import Session

    from eitp_server.storage.database import Database

_SETTLING_US: Final = 60_000_000
"""Time after the end of a window in which the tick that saw it may still be committing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """What became of one pattern in one session."""

    tenant_id: str
    session_id: str
    pattern_id: str
    version: int
    given: bool
    withheld_probability: float
    at_us: int


@dataclass(frozen=True, slots=True)
class OfferTrial:
    """An offer whose outcome window has closed."""

    row: OfferRow
    converted: bool


class Offers:
    """Keeps one row for each session and pattern: the first; it stands for the whole session."""

    def __init__(self, database: Database, *, successes: Collection[int], window_us: int) -> None:
        """Keep them in `database`; `successes` are outcome kinds that count within `window_us`."""
        self._database = database
        self._successes = frozenset(successes)
        self._window_us = window_us

    async def of_session(self, tenant_id: str, session_id: str) -> tuple[OfferRow, ...]:
        """Return what became of the patterns that the session was offered."""
        statement = select(PatternOffer).where(
            PatternOffer.tenant_id == tenant_id, PatternOffer.session_id == session_id
        )

        def look(session: Session) -> tuple[OfferRow, ...]:
            return tuple(OfferRow(**row.model_dump()) for row in session.exec(statement))

        return await self._database.read(look)

    async def keep(self, rows: Sequence[OfferRow]) -> tuple[OfferRow, ...]:
        """Write offers and return them as they are kept: what is there already stays."""

        def job(session: Session) -> tuple[OfferRow, ...]:
            return tuple(_kept(session, row) for row in rows)

        return await self._database.write(job)

    async def withheld(self) -> dict[tuple[str, str], int]:
        """Return by tenant and pattern how many sessions it was withheld from."""
        count = func.count()
        statement = (
            select(PatternOffer.tenant_id, PatternOffer.pattern_id, count)
            .where(col(PatternOffer.given).is_(False))
            .group_by(col(PatternOffer.tenant_id), col(PatternOffer.pattern_id))
        )

        def look(session: Session) -> dict[tuple[str, str], int]:
            return {(tenant, pattern): n for tenant, pattern, n in session.exec(statement)}

        return await self._database.read(look)

    async def matured(self, pattern_id: str, since_us: int, now_us: int) -> tuple[OfferTrial, ...]:
        """Return what came of the offers of a pattern from `since_us` on, in their order.

        An outcome counts when it occurred after the offer and was heard of within the window.
        Whatever is heard of later changes nothing.
        """
        offer, outcome = PatternOffer, Outcome
        through_us = now_us - self._window_us - _SETTLING_US
        within = (
            select(outcome.outcome_id)
            .where(
                outcome.tenant_id == offer.tenant_id,
                outcome.session_id == offer.session_id,
                col(outcome.kind).in_(self._successes),
                outcome.occurred_at_us >= offer.at_us,
                outcome.received_at_us <= offer.at_us + self._window_us,
            )
            .correlate(offer)
            .exists()
        )
        statement = (
            select(offer, within)
            .where(offer.pattern_id == pattern_id, offer.at_us >= since_us)
            .where(offer.at_us <= through_us)
            .order_by(col(offer.at_us), col(offer.tenant_id), col(offer.session_id))
        )

        def look(session: Session) -> tuple[OfferTrial, ...]:
            return tuple(
                OfferTrial(OfferRow(**row.model_dump()), bool(converted))
                for row, converted in session.exec(statement)
            )

        return await self._database.read(look)


def _kept(session: Session, row: OfferRow) -> OfferRow:
    key = (row.tenant_id, row.session_id, row.pattern_id)
    known = session.get(PatternOffer, key)
    if known is not None:
        return OfferRow(**known.model_dump())
    session.add(PatternOffer(**asdict(row)))
    return row
