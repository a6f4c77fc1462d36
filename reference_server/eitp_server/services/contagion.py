"""Contagion as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from eitp.v1.audience_pb2 import Audience
from eitp.v1.contagion_pb2 import (
    ContagionEdge,
    ContagionFeature,
    ContagionMethod,
    ContagionRegion,
    ContagionSeries,
    ContagionSign,
    ContagionSnapshot,
    ContagionTotals,
    ExcludedRegion,
)
from eitp.v1.intelligence_service_pb2 import GetContagionResponse
from eitp.v1.time_window_pb2 import TimeWindow

from eitp_server.ingest.contagion.analysis import METHODOLOGY, SETTINGS
from eitp_server.services.moment import timestamp
from eitp_server.storage.contagion_value import Basis, Snapshot
from eitp_server.volatility.privacy import banded

if TYPE_CHECKING:
    from eitp_server.storage.contagion_value import Edge, Series, State

MOST_EDGES: Final = 10_000
_SIGNS: Final = {
    1: ContagionSign.CONTAGION_SIGN_SAME,
    -1: ContagionSign.CONTAGION_SIGN_OPPOSITE,
    0: ContagionSign.CONTAGION_SIGN_UNSPECIFIED,
}


def series_message(series: Series, vertical: str, estimator_version: str) -> ContagionSeries:
    """Return which analysis something belongs to, under the vertical that was asked for.

    A tenant has one vertical: its series of that one and of all are the same.
    """
    audience = Audience.AUDIENCE_TENANT if series.tenant_id else Audience.AUDIENCE_SHARED
    return ContagionSeries(
        audience=audience,
        vertical=vertical,
        feature=cast("ContagionFeature", series.feature),
        estimator_version=estimator_version,
    )


def edge_message(edge: Edge, series: ContagionSeries) -> ContagionEdge:
    """Return an edge; how many sessions there were is told of a shared one as a band."""
    shared = series.audience == Audience.AUDIENCE_SHARED
    return ContagionEdge(
        series=series,
        source_region=edge.source_region,
        target_region=edge.target_region,
        status=f"CONTAGION_EDGE_STATUS_{edge.status}",
        window=_window(edge.basis),
        lag_minutes=edge.lag_minutes,
        strength=edge.strength,
        strength_generalized=edge.strength_generalized,
        sign=_SIGNS[edge.sign],
        f_statistic=edge.f_statistic,
        p_value=edge.p_value,
        q_value=edge.q_value,
        first_seen_at=timestamp(edge.first_seen_us),
        observations=edge.basis.observations,
        min_sessions=banded(edge.min_sessions).least if shared else edge.min_sessions,
        method=_method(edge.basis),
    )


def snapshot_message(snapshot: Snapshot, series: ContagionSeries) -> ContagionSnapshot:
    """Return an analysis as a whole."""
    return ContagionSnapshot(
        series=series,
        window=_window(snapshot.basis),
        status=f"CONTAGION_STATUS_{snapshot.status}",
        totals=None if snapshot.totals is None else ContagionTotals(**snapshot.totals),
        regions=[
            ContagionRegion(region=name, to_others=to, from_others=taken, net=max(to - taken, -1.0))
            for name, to, taken in snapshot.regions
        ],
        excluded=[
            ExcludedRegion(
                region=name,
                reason=f"REGION_EXCLUSION_REASON_{reason}",
            )
            for name, reason in snapshot.excluded
        ],
        tests=snapshot.tests,
        fdr_level=snapshot.fdr_level,
        method=_method(snapshot.basis),
        computed_at=timestamp(snapshot.computed_at_us),
    )


def analysis_message(
    state: State | None, series: ContagionSeries, now_us: int
) -> GetContagionResponse:
    """Return the newest analysis with its edges; one that was not made has none."""
    if state is None:
        return GetContagionResponse(snapshot=snapshot_message(_nothing_yet(now_us), series))
    made = state.snapshot.totals is not None
    return GetContagionResponse(
        snapshot=snapshot_message(state.snapshot, series),
        edges=[edge_message(edge, series) for edge in state.edges[:MOST_EDGES] if made],
    )


def _nothing_yet(now_us: int) -> Snapshot:
    """Return the snapshot of a series that was never analysed."""
    return Snapshot(
        status="INSUFFICIENT",
        totals=None,
        regions=(),
        excluded=(),
        tests=0,
        fdr_level=SETTINGS.fdr_level,
        basis=Basis(
            start_us=now_us,
            end_us=now_us,
            observations=0,
            lags=SETTINGS.lags,
            horizon=SETTINGS.horizon,
            factors=0,
            seasonal_profile_id="",
        ),
        computed_at_us=now_us,
    )


def _window(basis: Basis) -> TimeWindow:
    return TimeWindow(start=timestamp(basis.start_us), end=timestamp(basis.end_us))


def _method(basis: Basis) -> ContagionMethod:
    return ContagionMethod(
        methodology_id=METHODOLOGY,
        lags=basis.lags,
        horizon=basis.horizon,
        factors=basis.factors,
        seasonal_profile_id=basis.seasonal_profile_id,
    )
