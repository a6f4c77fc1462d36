"""What is kept of forecasts, tenant by tenant, for those who judge them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from eitp_server.classification.hypothesis import Sample
from eitp_server.storage.log import Resolution
from eitp_server.storage.tables import Record

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlmodel import Session

    from eitp_server.storage.database import Readable

# The tables themselves and not their records: a record takes ten times as long to make.
_FORECASTS = Record.metadata.tables["forecasts"].c
_OUTCOMES = Record.metadata.tables["outcomes"].c
_SCORES = (
    _FORECASTS.risk_logit,
    _FORECASTS.page_only_logit,
    _FORECASTS.duration_only_logit,
    _FORECASTS.risk,
)
_FACTS = (_FORECASTS.abandoned, _FORECASTS.treated, _FORECASTS.holdout)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSample:
    """Resolved forecasts of one tenant, and the time that they were resolved in."""

    sample: Sample
    first_us: int
    """0 without forecasts."""
    last_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCounts:
    """What a reader of a sample must know of the forecasts around it."""

    too_late: int
    """Made after the outcome had happened, so that they count for nothing."""
    forgotten: int
    """Dropped, because too many sessions were open."""
    late_successes: int
    """Sessions that counted as abandoned when their success was reported."""
    models: tuple[str, ...]
    """Versions of the risk model and the estimator, as `risk/1 local/1`, ascending."""


class KeptForecasts:
    """Reads resolved forecasts; every method sees one tenant only."""

    def __init__(self, database: Readable) -> None:
        """Read from `database`."""
        self._database = database

    async def sample(self, tenant_id: str, since_us: int, limit: int) -> KeptSample:
        """Return the newest forecasts resolved at or after `since_us` that count."""
        table = _FORECASTS
        statement = (
            select(table.resolved_at_us, *_SCORES, *_FACTS)
            .where(
                table.tenant_id == tenant_id,
                table.resolved_at_us >= since_us,
                table.abandoned.is_not(None),
            )
            .order_by(table.resolved_at_us.desc(), table.packet_id)
            .limit(limit)
        )

        def look(session: Session) -> KeptSample:
            rows = session.connection().execute(statement).all()
            scores = np.array([row[1:5] for row in rows], np.float64).reshape(-1, 4).T
            facts = np.array([row[5:] for row in rows], np.bool_).reshape(-1, 3).T
            return KeptSample(
                sample=Sample(
                    state=scores[0],
                    page_only=scores[1],
                    duration_only=scores[2],
                    risk=scores[3],
                    abandoned=facts[0],
                    treated=facts[1],
                    holdout=facts[2],
                ),
                first_us=rows[-1][0] if rows else 0,
                last_us=rows[0][0] if rows else 0,
            )

        return await self._database.read(look)

    async def counts(
        self, tenant_id: str, since_us: int, successes: Collection[int]
    ) -> ForecastCounts:
        """Count since `since_us`; `successes` are the outcome kinds that count as success."""
        table, outcome = _FORECASTS, _OUTCOMES
        within = (table.tenant_id == tenant_id, table.resolved_at_us >= since_us)
        ends = select(table.resolution, func.count()).where(*within).group_by(table.resolution)
        models = select(table.risk_model, table.estimator_version).where(*within).distinct()
        # Grouped first: SQLite would look through a tenant's outcomes once per forecast.
        last = (
            select(outcome.session_id, func.max(outcome.received_at_us).label("at_us"))
            .where(
                outcome.tenant_id == tenant_id,
                outcome.received_at_us >= since_us,
                outcome.kind.in_(successes),
            )
            .group_by(outcome.session_id)
            .subquery()
            .c
        )
        late = select(func.count()).where(
            *within,
            table.abandoned.is_(True),
            table.session_id == last.session_id,
            table.resolved_at_us <= last.at_us,
        )

        def look(session: Session) -> ForecastCounts:
            connection = session.connection()
            number = {row[0]: row[1] for row in connection.execute(ends)}
            return ForecastCounts(
                too_late=number.get(Resolution.TOO_LATE, 0),
                forgotten=number.get(Resolution.FORGOTTEN, 0),
                late_successes=connection.execute(late).scalar_one(),
                models=tuple(sorted(" ".join(row) for row in connection.execute(models))),
            )

        return await self._database.read(look)
