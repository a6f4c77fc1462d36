"""Series as a table of who moves whom, and as edges with their tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.intelligence.contagion.analysis import Analysis, Edge, Settings, analyse
from eitp_server.intelligence.contagion.autoregression import least_squares
from eitp_server.intelligence.contagion.decomposition import Spillover, generalized, lagged
from eitp_server.intelligence.contagion.gram import LagGram, Moments
from eitp_server.intelligence.contagion.history import History, Status
from eitp_server.intelligence.contagion.preparation import Prepared, prepare
from eitp_server.intelligence.contagion.profile import DAY, LEVEL, Cycle
from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.lab.contagion.known import Score
    from eitp_server.lab.contagion.series import Series

WINDOWS: Final = 3
TOO_MANY: Final = frozenset({Reason.UNDERDETERMINED, Reason.UNSTABLE})
"""What becomes of a fit of all pairs when there are few rows to a parameter."""
METHOD: Final = (
    "Row = receiver, column = source. Tables generalized and lagged: shares of the forecast error "
    "over the horizon, steps 0 to horizon - 1, of a vector autoregression by least squares with a "
    "constant, over all rows whose lags have values; residual covariance divided by rows less "
    "parameters, which cancels in the shares; rows divided by their sums. generalized is the "
    "decomposition of Diebold and Yilmaz (2012), in which movement in the same row counts; lagged "
    "is the same with the diagonal of the covariance. Table pipeline: lagged shares of a fit of "
    "the edges alone. Edges, whatever the table: daily cycle out, values beyond 5 robust spreads "
    "pulled in, gaps of up to 3 rows bridged; per pair an F test beside own lags and the mean of "
    "all others; a joint test per target with the mean, and with a weighted mean, of the others; "
    "a test in the fit of all pairs where there are 5 rows to a parameter; the largest p-value "
    "counts, Benjamini-Hochberg over all pairs. It is predictive spread, not proof of a cause."
)


class Method(StrEnum):
    """Which table is given."""

    GENERALIZED = "generalized"
    LAGGED = "lagged"
    PIPELINE = "pipeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked."""

    method: Method | None = None
    """None: generalized, or pipeline where there can be no fit of all pairs."""
    settings: Settings
    window: int | None = None
    """Rows of a window; the last one counts, two before it confirm. None: all rows are one."""
    day: int | None = None
    """Rows of the cycle that is taken out; 0: none; None: by the times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An edge with where it stands."""

    edge: Edge
    status: Status

    def as_json(self) -> dict[str, Any]:
        """Return the figures; strengths are shares, 0..1."""
        edge = self.edge
        return {
            "source": edge.source,
            "target": edge.target,
            "lag": edge.lag,
            "strength": edge.strength,
            "strength_generalized": edge.strength_generalized,
            "sign": edge.sign,
            "f_statistic": edge.f_statistic,
            "p_value": edge.p_value,
            "q_value": edge.q_value,
            "status": self.status.lower(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A table, and the edges that the pipeline finds."""

    options: Options
    method: Method
    """Of the table."""
    table_refused: Refused | None
    """Why it is not the one of a fit of all pairs, when none was asked for."""
    names: tuple[str, ...]
    """Of the table."""
    table: Spillover
    rows: int
    """That the table was fitted to."""
    analysis: Analysis | None
    refused: Refused | None
    """Why there are no edges."""
    excluded: Mapping[str, str]
    edges: tuple[Found, ...]
    ended: tuple[tuple[str, str], ...]
    """Edges of the window before that hold no more."""
    day: int
    """Rows of the cycle that was taken out; 0: none."""
    score: Score | None = None

    @property
    def status(self) -> str:
        """OK, EXPLORATORY, or the reason why the pipeline gives no edges."""
        if self.refused:
            return self.refused.reason
        return "EXPLORATORY" if self.analysis and self.analysis.exploratory else "OK"

    def as_json(self) -> dict[str, Any]:
        """Return the figures; the table and what follows from it are percent."""
        percent = 100 * self.table.shares
        return {
            "method": self.method,
            "table_refused": self.table_refused and str(self.table_refused),
            "lags": self.options.settings.lags,
            "horizon": self.options.settings.horizon,
            "series": list(self.names),
            "rows": self.rows,
            "table": percent.tolist(),
            "total": 100 * self.table.total,
            "total_corrected": 100 * self.table.corrected,
            "from": (100 * self.table.from_others).tolist(),
            "to": (100 * self.table.to_others).tolist(),
            "net": (100 * self.table.net).tolist(),
            "pairwise_net": (100 * self.table.pairwise_net).tolist(),
            "edges": [found.as_json() for found in self.edges],
            "ended": [{"source": source, "target": target} for source, target in self.ended],
            "status": self.status,
            "refused": self.refused and self.refused.explanation,
            "excluded": dict(self.excluded),
            "totals": self.analysis and _totals(self.analysis),
            "tests": self.analysis and self.analysis.tests,
            "full_fit": self.analysis and self.analysis.full_fit,
            "observations": self.analysis and self.analysis.observations,
            "fdr_level": self.options.settings.fdr_level,
            "day_rows": self.day,
            "score": self.score and self.score.as_json(),
            "explained": METHOD,
        }


def examine(series: Series, options: Options) -> Report:
    """Make the table and look for edges.

    Raises Refused when there can be no table. Where only the pipeline has too little, the report
    says so in place of edges.
    """
    day = _day(series, options)
    edges, ended = tuple[Found, ...](), tuple[tuple[str, str], ...]()
    analysis, refused = None, None
    excluded: Mapping[str, str] = {}
    try:
        prepared = prepared_series(_last(series, options), day)
        excluded = prepared.excluded
        analysis = analyse(prepared, options.settings)
        edges, ended = _stand(series, options, day, analysis)
    except Refused as error:
        refused = error
    table = _table(_last(series, options), options, analysis, refused)
    return Report(
        options=options,
        method=table.method,
        table_refused=table.refused,
        names=table.names,
        table=table.spillover,
        rows=table.rows,
        analysis=analysis,
        refused=refused,
        excluded=excluded,
        edges=edges,
        ended=ended,
        day=day,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    method: Method
    names: tuple[str, ...]
    spillover: Spillover
    rows: int
    refused: Refused | None = None


def _table(
    series: Series, options: Options, analysis: Analysis | None, refused: Refused | None
) -> _Table:
    """Return the table that was asked for, or one that there can be; raises Refused."""
    why = None
    if options.method is not Method.PIPELINE:
        method = options.method or Method.GENERALIZED
        try:
            spillover, rows = plain_table(series, method, options.settings)
            return _Table(method=method, names=series.names, spillover=spillover, rows=rows)
        except Refused as error:
            if options.method or not analysis or error.reason not in TOO_MANY:
                raise
            why = error
    if analysis is None:
        assert refused is not None
        raise refused
    return _Table(
        method=Method.PIPELINE,
        names=analysis.names,
        spillover=analysis.spread,
        rows=analysis.observations,
        refused=why,
    )


def plain_table(series: Series, method: Method, settings: Settings) -> tuple[Spillover, int]:
    """Return the table of a fit of all pairs and its rows; raises Refused."""
    if len(series.names) < 2:
        raise Refused(Reason.INSUFFICIENT, f"{len(series.names)} series; it takes two or more")
    unknown = np.isnan(series.values).all(axis=0)
    if unknown.any():
        name = series.names[int(unknown.argmax())]
        raise Refused(Reason.INSUFFICIENT, f"{name} has no value at all; leave it out")
    # Far from 0 sums of products lose what the series do.
    centred = series.values - np.nanmean(series.values, axis=0)
    moments = Moments.of(LagGram.of(centred, settings.lags), series.names)
    model = least_squares(moments).model
    model.checked()
    table = generalized if method is Method.GENERALIZED else lagged
    return table(model, settings.horizon), moments.rows


def prepared_series(series: Series, day: int) -> Prepared:
    """Take the cycle of so many rows out, and do what else comes before the fit."""
    cycle = Cycle(day, DAY.waves) if day else LEVEL
    return prepare(series.values, series.names, np.arange(len(series.values)), cycle)


def _day(series: Series, options: Options) -> int:
    """Return the rows of the cycle; 0 when a window does not hold a whole one."""
    rows = min(len(series.values), options.window or len(series.values))
    day = series.day if options.day is None else options.day
    return day if day <= rows else 0


def _last(series: Series, options: Options) -> Series:
    return series if options.window is None else series.part(slice(-options.window, None))


def _stand(
    series: Series, options: Options, day: int, analysis: Analysis
) -> tuple[tuple[Found, ...], tuple[tuple[str, str], ...]]:
    """Return the edges of the last window with their status, by the windows before it."""
    rows = len(series.values)
    window = options.window or rows
    history = History(window=window)
    for number in range(min(rows // window, WINDOWS) - 1, 0, -1):
        end = rows - number * window
        try:
            before = analyse(
                prepared_series(series.part(slice(end - window, end)), day), options.settings
            )
        except Refused:
            continue
        history, _ = history.after(end, _pairs(before), exploratory=before.exploratory)
    _, standing = history.after(rows, _pairs(analysis), exploratory=analysis.exploratory)
    found = tuple(
        Found(edge=edge, status=standing[edge.source, edge.target].status)
        for edge in analysis.edges
    )
    ended = sorted(pair for pair, one in standing.items() if one.status is Status.ENDED)
    return found, tuple(ended)


def _pairs(analysis: Analysis) -> list[tuple[str, str]]:
    return [(edge.source, edge.target) for edge in analysis.edges]


def _totals(analysis: Analysis) -> dict[str, float]:
    totals = analysis.totals
    return {
        "lagged": totals.lagged,
        "generalized": totals.generalized,
        "corrected": totals.corrected,
        "reproduction_index": totals.reproduction_index,
        "common_share": totals.common_share,
        "companion_radius": totals.companion_radius,
    }
