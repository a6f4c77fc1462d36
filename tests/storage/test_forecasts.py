"""Reading resolved forecasts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.storage.forecasts import ForecastCounts, KeptForecasts
from eitp_server.storage.log import Resolution, Writes
from storage.values import FORECAST, OUTCOME

if TYPE_CHECKING:
    from eitp_server.storage.log import ForecastRow, OutcomeRow
    from eitp_server.storage.sqlite_database import SQLiteDatabase
    from eitp_server.storage.sqlite_log import SQLiteLog

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
