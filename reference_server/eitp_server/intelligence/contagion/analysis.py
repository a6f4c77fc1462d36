"""The whole way from sums of products to edges and totals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.intelligence.contagion.autoregression import least_squares
from eitp_server.intelligence.contagion.decomposition import generalized, lagged, responses
from eitp_server.intelligence.contagion.factor import FEWEST as FEWEST_FOR_FACTOR
from eitp_server.intelligence.contagion.factor import Others, common_share
from eitp_server.intelligence.contagion.false_discovery import q_values
from eitp_server.intelligence.contagion.gram import LagGram, Moments
from eitp_server.intelligence.contagion.refit import refit
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from eitp_server.intelligence.contagion.ridge import ridge, ridge_beside
from eitp_server.intelligence.contagion.screen import screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eitp_server.intelligence.contagion.decomposition import Spillover
    from eitp_server.intelligence.contagion.gram import Array
    from eitp_server.intelligence.contagion.preparation import Prepared

FEWEST_MINUTES: Final = 240
FEWEST_REGIONS: Final = 2
FEWEST_FOR_SURE: Final = 10
"""Among fewer regions the factor is poor and about one edge in five is false."""
SCREENED: Final = 0.20
"""Sources whose screening q-value is below this enter the joint equation."""
FULL_FIT: Final = 5
"""With this many rows per parameter the fit of all pairs is a further check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How series are analysed."""

    lags: int = 3
    """p, minutes, 1 to 5."""
    horizon: int = 10
    """Minutes over which strength is summed, 1 to 60."""
    fdr_level: float = 0.05
    """Allowed share of false edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Movement of one region that foretells movement of another."""

    source: str
    target: str
    lag: int
    """Minutes after which the target answers most."""
    strength: float
    """Share of the target's forecast error that comes from the source through its past, 0..1."""
    strength_generalized: float
    """The same with same-minute movement, from the fit of all pairs, 0..1."""
    sign: int
    """1: the target moves the same way; -1: the opposite way."""
    f_statistic: float
    p_value: float
    """The largest of the steps."""
    q_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The summary numbers, 0..1 where nothing else is said."""

    lagged: float
    """From a ridge fit of all pairs, whatever is significant, with the factor held fixed."""
    generalized: float
    """From a ridge fit of all pairs, with all that moves at the same minute."""
    corrected: float
    """`generalized` times N / (N - 1)."""
    reproduction_index: float
    """Of the fit of the edges, 0 or more."""
    common_share: float
    companion_radius: float
    """The larger one of the fits of all pairs and of the edges, below 0.999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was found in one window."""

    names: tuple[str, ...]
    edges: tuple[Edge, ...]
    """Strongest first, ties by source and target."""
    spread: Spillover
    """Lagged-only table of the fit of the edges; what regions give and take is its sums."""
    generalized: Spillover
    """Table of the ridge fit."""
    totals: Totals
    exploratory: bool
    observations: int
    """Rows that entered."""
    tests: int
    """Ordered pairs."""
    factors: int
    full_fit: bool
    """Whether there were rows enough for the check by the fit of all pairs."""


def analyse(prepared: Prepared, settings: Settings) -> Analysis:
    """Analyse one window; raises Refused with the reason when there can be no analysis."""
    gram = LagGram.of(prepared.values, settings.lags, prepared.weights)
    return analyse_gram(gram, prepared.names, settings)


def analyse_gram(gram: LagGram, names: Sequence[str], settings: Settings) -> Analysis:
    """Analyse what a rolling window or several shards have summed up; raises Refused."""
    moments = _admitted(gram, names)
    tests = _Tests.of(moments)
    q = q_values(tests.p_value)
    reported = q < settings.fdr_level
    others = Others.of(moments)
    selected = refit(moments, reported, others).model
    whole = ridge(moments)
    apart = ridge_beside(moments, others)
    radius = max(model.checked() for model in (whole, selected))
    spread = lagged(selected, settings.horizon)
    table = generalized(whole, settings.horizon)
    answers = responses(selected.coefficients, max(settings.horizon, settings.lags + 1))[1:]
    edges = [
        _edge(moments.names, pair, tests, q, answers, spread, table)
        for pair in np.argwhere(reported).tolist()
    ]
    edges.sort(key=lambda edge: (-edge.strength, edge.source, edge.target))
    return Analysis(
        names=moments.names,
        edges=tuple(edges),
        spread=spread,
        generalized=table,
        totals=Totals(
            lagged=lagged(apart, settings.horizon).total,
            generalized=table.total,
            corrected=table.corrected,
            reproduction_index=selected.reproduction_index(),
            common_share=common_share(moments),
            companion_radius=radius,
        ),
        exploratory=moments.series < FEWEST_FOR_SURE,
        observations=moments.rows,
        tests=moments.series * (moments.series - 1),
        factors=int(moments.series >= FEWEST_FOR_FACTOR),
        full_fit=tests.full_fit,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tests:
    """What each ordered pair went through; (N, N), row = target."""

    f_statistic: Array
    """Of the joint equation, NaN where the screen let nothing pass."""
    p_value: Array
    """The largest of the steps, NaN on the diagonal."""
    full_fit: bool

    @classmethod
    def of(cls, moments: Moments) -> _Tests:
        first = screen(moments)
        chosen, crowded_out = _within_reach(first, moments)
        joint = refit(moments, chosen, Others.of(moments))
        p_value = np.where(crowded_out, 1.0, np.fmax(first, joint.p_value))
        by_loading = Others.by_loading(moments)
        if by_loading is not None:
            p_value = np.fmax(p_value, refit(moments, chosen, by_loading).p_value)
        full_fit = moments.rows >= FULL_FIT * moments.series * moments.lags
        if full_fit:
            p_value = np.maximum(p_value, least_squares(moments).p_value)
        np.fill_diagonal(p_value, np.nan)
        return cls(f_statistic=joint.f_statistic, p_value=p_value, full_fit=full_fit)


def _admitted(gram: LagGram, names: Sequence[str]) -> Moments:
    if gram.series < FEWEST_REGIONS:
        raise Refused(Reason.INSUFFICIENT, f"{gram.series} series; it takes two or more")
    if gram.rows + gram.lags < FEWEST_MINUTES:
        raise Refused(
            Reason.INSUFFICIENT,
            f"{gram.rows} rows in which all series and their {gram.lags} lags have a value; it "
            f"takes {FEWEST_MINUTES - gram.lags} or more",
        )
    return Moments.of(gram, names)


def _within_reach(p_value: Array, moments: Moments) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which sources enter the joint equations, and which would but find no room.

    An equation takes no more of them than leave two rows to a parameter, likeliest first. Those
    beyond are not tested jointly, so they must not pass.
    """
    chosen = q_values(p_value) < SCREENED
    room = (moments.rows // 2 - 2 * moments.lags - 2) // moments.lags
    rank = np.where(chosen, p_value, np.inf).argsort(axis=1).argsort(axis=1)
    return chosen & (rank < room), chosen & (rank >= room)


def _edge(
    names: Sequence[str],
    pair: list[int],
    tests: _Tests,
    q: Array,
    answers: Array,
    spread: Spillover,
    table: Spillover,
) -> Edge:
    target, source = pair
    course = answers[:, target, source]
    return Edge(
        source=names[source],
        target=names[target],
        lag=1 + int(np.abs(course).argmax()),
        strength=float(spread.shares[target, source]),
        strength_generalized=float(table.shares[target, source]),
        sign=1 if course.sum() >= 0 else -1,
        f_statistic=float(tests.f_statistic[target, source]),
        p_value=float(tests.p_value[target, source]),
        q_value=float(q[target, source]),
    )
