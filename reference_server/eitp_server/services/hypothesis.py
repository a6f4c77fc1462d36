"""The running test of the hypothesis: read, judged, put into words, and as a message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eitp.v1.hypothesis_pb2 import (
    BoundedEstimate,
    ForecastAnalysis,
    ForecastComparison,
    Hypothesis,
    ReliabilityBin,
)
from eitp.v1.time_window_pb2 import TimeWindow

from eitp_server.classification.finding import caveats, conclusion, statement
from eitp_server.classification.hypothesis import METHODOLOGY, SHOWN, STRICT, analyse
from eitp_server.interventions.outcome import SUCCESSES
from eitp_server.services.moment import timestamp

if TYPE_CHECKING:
    from eitp_server.classification.hypothesis import Analysis, Comparison
    from eitp_server.classification.roc import Interval
    from eitp_server.storage.forecasts import ForecastCounts, KeptForecasts, KeptSample

WINDOW_DAYS: Final = 90
MAX_SESSIONS: Final = 100_000
_DAY_US: Final = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that one look at the test gives."""

    kept: KeptSample
    counts: ForecastCounts
    primary: Analysis
    """Of the sessions that nothing intervened in by design."""
    secondary: Analysis
    """Of all sessions."""
    statement: str
    conclusion: str
    caveats: tuple[str, ...]
    computed_us: int


async def examine(forecasts: KeptForecasts, tenant_id: str, now_us: int) -> Findings:
    """Look at a tenant's test; what takes long runs in threads."""
    since_us = now_us - WINDOW_DAYS * _DAY_US
    kept = await forecasts.sample(tenant_id, since_us, MAX_SESSIONS)
    counts = await forecasts.counts(tenant_id, since_us, [int(kind) for kind in SUCCESSES])
    return await asyncio.to_thread(_judged, kept, counts, now_us)


def _judged(kept: KeptSample, counts: ForecastCounts, now_us: int) -> Findings:
    primary, secondary = analyse(kept.sample.untouched()), analyse(kept.sample)
    said = caveats(
        primary=primary,
        secondary=secondary,
        late=counts.late_successes,
        lost=counts.forgotten,
        models=len(counts.models),
        cut=secondary.sessions >= MAX_SESSIONS,
    )
    return Findings(
        kept=kept,
        counts=counts,
        primary=primary,
        secondary=secondary,
        statement=statement(primary),
        conclusion=conclusion(primary),
        caveats=tuple(said),
        computed_us=now_us,
    )


def hypothesis_message(findings: Findings) -> Hypothesis:
    """Return the wire form of findings."""
    kept, counts = findings.kept, findings.counts
    window = TimeWindow(start=timestamp(kept.first_us), end=timestamp(kept.last_us + 1))
    return Hypothesis(
        window=window if kept.last_us else None,
        verdict=findings.primary.verdict.value,  # pyright: ignore[reportArgumentType]  # same numbers, by test
        statement=findings.statement,
        conclusion=findings.conclusion,
        caveats=findings.caveats,
        primary=_analysis(findings.primary),
        secondary=_analysis(findings.secondary),
        further_sessions=findings.primary.further_sessions,
        late_successes=counts.late_successes,
        void_forecasts=counts.too_late,
        forgotten_sessions=counts.forgotten,
        interval_level=SHOWN,
        verdict_level=STRICT,
        models=counts.models[:100],
        computed_at=timestamp(findings.computed_us),
        methodology_id=METHODOLOGY,
    )


def _analysis(analysis: Analysis) -> ForecastAnalysis:
    comparison = analysis.comparison
    return ForecastAnalysis(
        sessions=analysis.sessions,
        abandoned=analysis.abandoned,
        treated=analysis.treated,
        comparison=None if comparison is None else _comparison(comparison),
    )


def _comparison(comparison: Comparison) -> ForecastComparison:
    reliability = comparison.reliability
    return ForecastComparison(
        state_area=_bounded(comparison.state),
        page_only_area=_bounded(comparison.page_only),
        duration_only_area=_bounded(comparison.duration_only),
        better_baseline=comparison.better.value,  # pyright: ignore[reportArgumentType]
        gain=_bounded(comparison.gain),
        strict_gain=_bounded(comparison.strict),
        brier_score=reliability.brier,
        brier_score_of_share=reliability.brier_of_share,
        calibration_intercept=reliability.intercept,
        calibration_slope=reliability.slope,
        reliability=[
            ReliabilityBin(
                sessions=each.sessions, foretold=each.foretold, abandoned=_bounded(each.came)
            )
            for each in reliability.bins
        ],
    )


def _bounded(interval: Interval) -> BoundedEstimate:
    return BoundedEstimate(value=interval.value, low=interval.low, high=interval.high)
