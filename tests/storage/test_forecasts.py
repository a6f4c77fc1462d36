"""Reading resolved forecasts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest
from eitp_server.storage.forecasts import ForecastCounts, KeptForecasts
from eitp_server.storage.log import Resolution, Writes
from storage.values import FORECAST, OUTCOME

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection

    from eitp_server.storage.log import ForecastRow, OutcomeRow
    from eitp_server.storage.sqlite_database import SQLiteDatabase
    from eitp_server.storage.sqlite_log import SQLiteLog
    from sqlmodel import Session

Result = TypeVar("Result")
CONVERSION, LEAD, ABANDONMENT = 1, 3, 4
SUCCESSES = (CONVERSION, LEAD)
AT_US = FORECAST.resolved_at_us


@pytest.fixture
def kept(database: SQLiteDatabase) -> KeptForecasts:
    """Forecasts in the database of the log."""
    return KeptForecasts(database)


def forecast(number: int, **changes: Any) -> ForecastRow:
    changed: dict[str, Any] = {
        "packet_id": f"packet-{number}",
        "session_id": f"session-{number}",
        "resolved_at_us": AT_US + number,
        **changes,
    }
    return replace(FORECAST, **changed)


async def test_a_sample_holds_the_newest_forecasts_each_number_in_its_place(
    sqlite_log: SQLiteLog, kept: KeptForecasts
) -> None:
    rows = [forecast(1), forecast(2, abandoned=False, holdout=False), forecast(3, treated=True)]
    await sqlite_log.commit(1, b"", Writes(forecasts=rows))

    found = await kept.sample("shop", AT_US, 10)
    assert (found.first_us, found.last_us) == (AT_US + 1, AT_US + 3)
    sample = found.sample
    assert sample.state.tolist() == [2.5] * 3
    assert sample.page_only.tolist() == [2.25] * 3
    assert sample.duration_only.tolist() == [3.125] * 3
    assert sample.risk.tolist() == [0.875] * 3
    assert sample.abandoned.tolist() == [True, False, True]
    assert sample.treated.tolist() == [True, False, False]
    assert sample.holdout.tolist() == [True, False, True]

    assert (await kept.sample("shop", AT_US + 3, 10)).sample.treated.tolist() == [True]
    assert (await kept.sample("shop", AT_US, 2)).sample.treated.tolist() == [True, False]


async def test_a_sample_may_be_empty(sqlite_log: SQLiteLog, kept: KeptForecasts) -> None:
    found = await kept.sample("shop", AT_US, 10)
    assert (len(found.sample.abandoned), found.first_us, found.last_us) == (0, 0, 0)


async def test_what_does_not_count_and_what_others_own_is_left_out(
    sqlite_log: SQLiteLog, kept: KeptForecasts
) -> None:
    rows = [
        forecast(1, abandoned=None, resolution=Resolution.TOO_LATE),
        forecast(2, abandoned=None, resolution=Resolution.FORGOTTEN),
        forecast(3, abandoned=None, resolution=Resolution.FORGOTTEN),
        forecast(4, tenant_id="rival", estimator_version="2"),
        forecast(5),
    ]
    await sqlite_log.commit(1, b"", Writes(forecasts=rows))

    assert len((await kept.sample("shop", AT_US, 10)).sample.abandoned) == 1
    assert await kept.counts("shop", AT_US, SUCCESSES) == ForecastCounts(
        too_late=1, forgotten=2, late_successes=0, models=("risk/1 1",)
    )
    assert await kept.counts("rival", AT_US, SUCCESSES) == ForecastCounts(
        too_late=0, forgotten=0, late_successes=0, models=("risk/1 2",)
    )


async def test_a_session_that_succeeded_late_is_counted_once(
    sqlite_log: SQLiteLog, kept: KeptForecasts
) -> None:
    def outcome(number: int, kind: int, session: int, after_us: int, tenant: str = "shop") -> None:
        outcomes.append(
            replace(
                OUTCOME,
                tenant_id=tenant,
                outcome_id=f"outcome-{number}",
                kind=kind,
                session_id=f"session-{session}",
                received_at_us=AT_US + after_us,
            )
        )

    outcomes: list[OutcomeRow] = []
    outcome(1, CONVERSION, 1, 5)
    outcome(2, LEAD, 1, 6)
    outcome(3, ABANDONMENT, 2, 5)
    outcome(4, CONVERSION, 3, 5)
    outcome(5, CONVERSION, 4, -5)
    outcome(6, CONVERSION, 5, 9, "rival")
    rows = [forecast(n, abandoned=n != 3) for n in range(1, 6)]
    await sqlite_log.commit(1, b"", Writes(forecasts=rows, outcomes=outcomes))

    assert (await kept.counts("shop", AT_US, SUCCESSES)).late_successes == 1


class Weighed:
    """A database that counts how much its readers make it do."""

    def __init__(self, database: SQLiteDatabase) -> None:
        self.steps = 0
        self._database = database

    async def read(self, job: Callable[[Session], Result]) -> Result:
        """Run `job`, counting the hundreds of SQLite's instructions."""

        def weighed(session: Session) -> Result:
            connection = cast("Connection", session.connection().connection.driver_connection)
            connection.set_progress_handler(self._step, 100)
            try:
                return job(session)
            finally:
                connection.set_progress_handler(None, 0)

        return await self._database.read(weighed)

    def _step(self) -> int:
        self.steps += 1
        return 0


async def test_twice_as_many_sessions_take_no_more_than_twice_as_long_to_count(
    sqlite_log: SQLiteLog, database: SQLiteDatabase
) -> None:
    async def steps(tenant: str, sessions: int) -> int:
        weighed = Weighed(database)
        counts = await KeptForecasts(weighed).counts(tenant, AT_US, SUCCESSES)
        assert counts.late_successes == sessions
        return weighed.steps

    writes = Writes()
    for tenant, sessions in (("shop", 200), ("rival", 400)):
        for n in range(sessions):
            writes.forecasts.append(forecast(n, tenant_id=tenant, abandoned=True))
            writes.outcomes.append(
                replace(
                    OUTCOME,
                    tenant_id=tenant,
                    outcome_id=f"outcome-{n}",
                    kind=CONVERSION,
                    session_id=f"session-{n}",
                    received_at_us=AT_US + 1000 + n,
                )
            )
    await sqlite_log.commit(1, b"", writes)

    assert await steps("rival", 400) < 2.5 * await steps("shop", 200)
