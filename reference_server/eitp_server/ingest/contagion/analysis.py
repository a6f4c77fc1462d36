"""One analysis of a window: the snapshot, the edges that hold, and what is new about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.ingest.contagion.window import MINUTE_US, WINDOW, calm, steady
from eitp_server.intelligence.contagion.analysis import (
    FEWEST_MINUTES,
    FEWEST_REGIONS,
    Settings,
    analyse,
)
from eitp_server.intelligence.contagion.history import History, Status
from eitp_server.intelligence.contagion.preparation import prepare
from eitp_server.intelligence.contagion.profile import LEVEL
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from eitp_server.storage.contagion_value import Basis, Edge, Snapshot, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from eitp_server.ingest.contagion.window import Window
    from eitp_server.intelligence.contagion.analysis import Analysis
    from eitp_server.intelligence.contagion.history import Pair
    from eitp_server.storage.contagion_value import KeptProfile

    Seen: TypeAlias = tuple[int, frozenset[Pair]]
    """The end of a window, µs, and its significant pairs."""

METHODOLOGY: Final = "contagion-1.0"
SETTINGS: Final = Settings()
MOVED: Final = 0.02
"""Change of an edge's strength that is told."""
MOST_EXCLUDED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What is known of earlier windows."""

    state: State | None = None
    windows: Sequence[Seen] = ()
    """Ascending; the last one, and those before it that do not overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an analysis leaves."""

    state: State
    changed: tuple[Edge, ...]
    """Edges to be told: new, changed or ended."""
    made: bool
    """Whether the window counts among those by which later ones are judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is in a window, whatever was known before."""

    analysis: Analysis | None
    status: str
    """A name of `eitp.v1.ContagionStatus`."""
    excluded: Mapping[str, str]
    """Regions that are left out, with a name of `eitp.v1.RegionExclusionReason`."""
    fewest: Mapping[str, int]
    """Fewest sessions of each region in a minute that has a value."""
    seasonal_profile_id: str


def analyse_window(
    window: Window, profile: KeptProfile | None, before: Before, now_us: int
) -> Result:
    """Look for what spreads; takes seconds for many regions, in any thread."""
    found = look(window, profile)
    basis = _basis(window, found)
    snapshot = _snapshot(window, found, basis, now_us)
    if found.analysis is None:
        return _without_analysis(found, snapshot, before)
    edges, ended = _edges(found, basis, before)
    # Who began to watch while there was no analysis was told of no edge.
    told_of = before.state is not None and before.state.snapshot.totals is not None
    known: Mapping[Pair, Edge] = before.state.told if before.state and told_of else {}
    changed = tuple(edge for edge in edges if _differs(edge, known.get(edge.pair)))
    told = {**known, **{edge.pair: edge for edge in changed}}
    state = State(
        snapshot=snapshot, edges=edges, told={edge.pair: told[edge.pair] for edge in edges}
    )
    return Result(state=state, changed=(*changed, *ended), made=True)


def _without_analysis(found: Found, snapshot: Snapshot, before: Before) -> Result:
    """Return that nothing is new, or that all edges have ended when they are a window old.

    The end of edges counts as a window without any, so that the next analysis does not end them
    again.
    """
    basis = snapshot.basis
    kept = before.state or State(snapshot=snapshot, edges=(), told={})
    last_us = max((edge.basis.end_us for edge in kept.edges), default=basis.end_us)
    if basis.end_us - last_us < WINDOW * MINUTE_US:
        return Result(state=replace(kept, snapshot=snapshot), changed=(), made=False)
    ended = tuple(
        _ended(edge.pair, edge.first_seen_us, found, basis)
        for edge in sorted(kept.edges, key=lambda edge: edge.pair)
    )
    return Result(state=State(snapshot=snapshot, edges=(), told={}), changed=ended, made=True)


def is_analysable(window: Window) -> bool:
    """Return whether a window has what an analysis takes at least."""
    if window.minutes < FEWEST_MINUTES:
        return False
    return len(window.names) >= FEWEST_REGIONS


def look(window: Window, profile: KeptProfile | None) -> Found:
    """Look for what spreads in a window, or say why that cannot be told."""
    excluded = dict(window.excluded)
    analysis, status, profile_id = None, "INSUFFICIENT", ""
    try:
        if not is_analysable(window):
            raise Refused(Reason.INSUFFICIENT, "too few regions or minutes")
        values, weekly = calm(window, profile.weights if profile else {})
        profile_id = _profile_id(profile) if profile and weekly else ""
        prepared = prepare(
            values,
            window.names,
            window.minute,
            LEVEL,
            sessions=steady(window),
        )
        excluded |= prepared.excluded
        analysis = analyse(prepared, SETTINGS)
        status = "EXPLORATORY" if analysis.exploratory else "OK"
    except Refused as refused:
        status = "UNSTABLE" if refused.reason is Reason.UNSTABLE else "INSUFFICIENT"
    return Found(
        analysis=analysis,
        status=status,
        excluded=excluded,
        fewest=window.fewest,
        seasonal_profile_id=profile_id,
    )


def _profile_id(profile: KeptProfile) -> str:
    return f"week-{np.datetime64(profile.day_us, 'us').astype('datetime64[D]')}"


def _basis(window: Window, found: Found) -> Basis:
    return Basis(
        start_us=window.start_us,
        end_us=window.end_us,
        observations=found.analysis.observations if found.analysis else 0,
        lags=SETTINGS.lags,
        horizon=SETTINGS.horizon,
        factors=found.analysis.factors if found.analysis else 0,
        seasonal_profile_id=found.seasonal_profile_id,
    )


def _snapshot(window: Window, found: Found, basis: Basis, now_us: int) -> Snapshot:
    analysis = found.analysis
    most = sorted(found.excluded, key=lambda name: (-window.seen[name], name))[:MOST_EXCLUDED]
    return Snapshot(
        status=found.status,
        totals=_totals(analysis) if analysis else None,
        regions=_regions(analysis) if analysis else (),
        excluded=tuple((name, found.excluded[name]) for name in sorted(most)),
        tests=analysis.tests if analysis else 0,
        fdr_level=SETTINGS.fdr_level,
        basis=basis,
        computed_at_us=now_us,
    )


def _totals(analysis: Analysis) -> dict[str, float]:
    totals = analysis.totals
    return {
        "lagged": _share(totals.lagged),
        "generalized": _share(totals.generalized),
        "corrected": _share(totals.corrected),
        "reproduction_index": totals.reproduction_index,
        "common_share": _share(totals.common_share),
        "companion_radius": totals.companion_radius,
    }


def _regions(analysis: Analysis) -> tuple[tuple[str, float, float], ...]:
    spread = analysis.spread
    rows = zip(analysis.names, spread.to_others.tolist(), spread.from_others.tolist(), strict=True)
    return tuple(sorted((name, to, _share(taken)) for name, to, taken in rows))


def _share(value: float) -> float:
    """Return a share without what rounding put beyond its ends."""
    return min(max(value, 0.0), 1.0)


def _edges(found: Found, basis: Basis, before: Before) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    """Return the edges that hold, and those that did in the window before."""
    assert found.analysis is not None
    analysis = found.analysis
    by_pair = {(edge.source, edge.target): edge for edge in analysis.edges}
    end = basis.end_us // MINUTE_US
    earlier = before.state.edges if before.state else ()
    history = History(
        window=WINDOW,
        seen=tuple((at_us // MINUTE_US, pairs) for at_us, pairs in before.windows),
        first_seen={edge.pair: edge.first_seen_us // MINUTE_US for edge in earlier},
    )
    _, standings = history.after(end, by_pair, exploratory=analysis.exploratory)
    holding = tuple(
        Edge(
            source_region=edge.source,
            target_region=edge.target,
            status=standings[pair].status.value,
            lag_minutes=edge.lag,
            strength=_share(edge.strength),
            strength_generalized=_share(edge.strength_generalized),
            sign=edge.sign,
            f_statistic=edge.f_statistic,
            p_value=edge.p_value,
            q_value=edge.q_value,
            first_seen_us=standings[pair].first_seen * MINUTE_US,
            min_sessions=min(found.fewest[name] for name in pair),
            basis=basis,
        )
        for pair, edge in by_pair.items()
    )
    ended = sorted(pair for pair, one in standings.items() if one.status is Status.ENDED)
    return holding, tuple(
        _ended(pair, standings[pair].first_seen * MINUTE_US, found, basis) for pair in ended
    )


def _ended(pair: Pair, first_seen_us: int, found: Found, basis: Basis) -> Edge:
    return Edge(
        source_region=pair[0],
        target_region=pair[1],
        status=Status.ENDED.value,
        lag_minutes=0,
        strength=0.0,
        strength_generalized=0.0,
        sign=0,
        f_statistic=None,
        p_value=None,
        q_value=None,
        first_seen_us=first_seen_us,
        min_sessions=min(found.fewest.get(name, 0) for name in pair),
        basis=basis,
    )


def _differs(edge: Edge, told: Edge | None) -> bool:
    return (
        told is None
        or (edge.status, edge.sign, edge.lag_minutes) != (told.status, told.sign, told.lag_minutes)
        or abs(edge.strength - told.strength) >= MOVED
    )
