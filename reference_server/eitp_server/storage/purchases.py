"""What a tenant's sessions usually bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from eitp_server.storage.tables import Record

if TYPE_CHECKING:
    from sqlmodel import Session

    from eitp_server.storage.database import Readable

_OUTCOMES = Record.metadata.tables["outcomes"].c
_FORECASTS = Record.metadata.tables["forecasts"].c
_CONVERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """Purchases with a value in the currency of most of them."""

    purchases: int
    currency: str
    mean_micros: int
    sessions: int
    """Sessions that ended, and of which a state was known, whatever they brought."""
    bought: int
    """How many of them bought something."""


class Purchases:
    """Reads outcomes; every method sees one tenant only."""

    def __init__(self, database: Readable) -> None:
        """Read from `database`."""
        self._database = database

    async def usual(self, tenant_id: str, since_us: int) -> Usual | None:
        """Return what was bought since a moment, None when nothing with a value was."""
        outcome, forecast = _OUTCOMES, _FORECASTS
        bought = (
            outcome.tenant_id == tenant_id,
            outcome.kind == _CONVERSION,
            outcome.received_at_us >= since_us,
        )
        number = func.count().label("number")
        valued = (
            select(outcome.currency, number, func.sum(outcome.value_micros))
            .where(*bought, outcome.value_micros > 0, outcome.currency != "")
            .group_by(outcome.currency)
            .order_by(number.desc(), outcome.currency)
            .limit(1)
        )
        within = (forecast.tenant_id == tenant_id, forecast.resolved_at_us >= since_us)
        sessions = select(func.count(forecast.session_id.distinct())).where(*within)
        buyers = sessions.where(forecast.session_id.in_(select(outcome.session_id).where(*bought)))

        def look(session: Session) -> Usual | None:
            connection = session.connection()
            row = connection.execute(valued).first()
            if row is None:
                return None
            currency, purchases, total = row
            return Usual(
                purchases=purchases,
                currency=currency,
                mean_micros=round(total / purchases),
                sessions=connection.execute(sessions).scalar_one(),
                bought=connection.execute(buyers).scalar_one(),
            )

        return await self._database.read(look)
