"""What a server may have learned already: analyses of contagion, and findings of transfer."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.apart import Apart
from eitp_server.ingest.contagion.runner import ContagionRunner
from eitp_server.storage.contagion_value import Series
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.transfers import TransferRow
from ingest.regions import DAY, Works, at, known, minutes

if TYPE_CHECKING:
    from collections.abc import Generator

    from end_to_end.live import Premises

STREAM, CALM = known(3), known(4, edges=0)


@contextmanager
def untended() -> Generator[None]:
    """Let servers analyse nothing by themselves: to them, what is left here ended months ago."""

    async def wait(runner: ContagionRunner) -> None:
        del runner
        await asyncio.Event().wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ContagionRunner, "run", wait)
        yield


async def analyses(premises: Premises, *ends: int, series: Series | None = None) -> None:
    """Leave the analyses of windows that end so many minutes after the begin.

    On the first day something spreads, on the second nothing.
    """
    async with await SQLiteDatabase.open(premises.folder) as database, Apart() as apart:
        works = Works(database, apart)
        own = series or Series(tenant_id=premises.shop.tenant_id)
        await works.keep(minutes(STREAM.values, STREAM.names, sessions=123), own)
        await works.keep(minutes(CALM.values, CALM.names, DAY + 1, sessions=123), own)
        await works.analyse(*ends)


def finding(tenant_id: str, number: int, positive: float | None, **changes: Any) -> TransferRow:
    """Return a finding about nothing in particular."""
    values: dict[str, Any] = {
        "kind": 5,
        "label": 0,
        "page_section": 0,
        "verdict": 5 if positive is None else 4,
        **changes,
    }
    return TransferRow(
        tenant_id=tenant_id,
        transfer_id=f"transfer-{number:02}",
        probability_positive=positive,
        # Not so long ago that the server would judge anew at its start.
        computed_at_us=time.time_ns() // 1_000,
        document={
            "statement": "Too little to go by.",
            "evidence": None
            if positive is None
            else {
                "verticals": 3,
                "mean": 0.1,
                "standard_error": 0.1,
                "between_deviation": 0.1,
                "between_deviation_low": 0.0,
                "between_deviation_high": 0.3,
                "i_squared": 0.5,
                "prediction_low": -0.1,
                "prediction_high": 0.3,
                "probability_positive": positive,
                "q_value": 0.2,
                "left_out_coverage": None,
            },
            "verticals": [
                {
                    "vertical": "retail",
                    "effect": 0.1,
                    "variance": 0.01,
                    "shrunk_effect": None,
                    "left_out_low": None,
                    "left_out_high": None,
                    "counts": {
                        "treated_units": 100,
                        "treated_conversions": 20,
                        "holdout_units": 100,
                        "holdout_conversions": 18,
                    }
                    if tenant_id
                    else None,
                }
            ],
            "excluded": [["travel", 2]],
            "effects": [],
            "start_us": at(-90),
            "end_us": at(0),
        },
        **values,
    )
