"""How many edges of drawn streams are found, and how many are made up, over many seeds."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from statistics import fmean, median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.intelligence.contagion.analysis import Settings, analyse
from eitp_server.intelligence.contagion.false_discovery import q_values
from eitp_server.intelligence.contagion.gram import LagGram, Moments
from eitp_server.intelligence.contagion.preparation import prepare
from eitp_server.intelligence.contagion.profile import DAY, Cycle
from eitp_server.intelligence.contagion.screen import pairwise
from eitp_server.lab.contagion.known import Score, score
from eitp_server.lab.contagion.stream import draw
from eitp_server.lab.interval import Share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eitp_server.intelligence.contagion.analysis import Analysis
    from eitp_server.intelligence.contagion.preparation import Prepared
    from eitp_server.lab.contagion.stream import KnownStream, Scenario

METHOD: Final = (
    "Each window is a stream of its own seed. fdr: false edges among those found, 0 when none was "
    "found, mean over windows; recall: edges found of those put in. control: plain pairwise "
    "Granger tests with Benjamini-Hochberg on the same prepared windows. quiet: windows in which "
    "no false edge was found, with the exact 95 % interval. strength: mean true and estimated "
    "share of the edges that were put in; total: the true lagged total, and that of the ridge "
    "fit. seconds: preparation and analysis of one window in this run."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What came of one seed."""

    found: Score
    control: Score
    strength: tuple[float, float] | None
    """True and estimated; None without edges."""
    total: tuple[float, float]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of all seeds."""

    scenario: Scenario
    windows: Sequence[Window]

    def as_json(self) -> dict[str, Any]:
        """Return the figures; shares are 0..1."""
        windows = self.windows
        quiet = Share(sum(not w.found.found - w.found.known for w in windows), len(windows))
        strengths = [w.strength for w in windows if w.strength]
        return {
            "regions": self.scenario.regions,
            "minutes": self.scenario.minutes,
            "windows": len(windows),
            **_rates([w.found for w in windows]),
            "control": _rates([w.control for w in windows]),
            "quiet": {"share": quiet.value, "low": quiet.low, "high": quiet.high},
            "strength": _means(strengths) if strengths else None,
            "total": _means([w.total for w in windows]),
            "seconds": median(w.seconds for w in windows),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "method": METHOD,
        }


def measure(
    scenario: Scenario, seeds: Sequence[int], settings: Settings, progress: Callable[[int], None]
) -> Trial:
    """Draw, analyse and judge; `progress` is told how many windows are done."""
    windows: list[Window] = []
    for seed in seeds:
        windows.append(_window(draw(scenario, np.random.default_rng(seed)), scenario, settings))
        progress(len(windows))
    return Trial(scenario=scenario, windows=windows)


def control(prepared: Prepared, settings: Settings) -> list[tuple[str, str]]:
    """Return the pairs that plain pairwise Granger tests report."""
    moments = Moments.of(LagGram.of(prepared.values, settings.lags), prepared.names)
    reported = np.argwhere(q_values(pairwise(moments)) < settings.fdr_level).tolist()
    return [(prepared.names[source], prepared.names[target]) for target, source in reported]


def _window(stream: KnownStream, scenario: Scenario, settings: Settings) -> Window:
    minute = np.arange(scenario.minutes)
    began = perf_counter()
    prepared = prepare(stream.values, stream.names, minute, Cycle(scenario.day, DAY.waves))
    analysis = analyse(prepared, settings)
    seconds = perf_counter() - began
    known = {(edge.source, edge.target) for edge in stream.edges}
    return Window(
        found=score(((edge.source, edge.target) for edge in analysis.edges), known),
        control=score(control(prepared, settings), known),
        strength=_strength(stream, analysis, settings) if known else None,
        total=(stream.spread(settings.horizon).total, analysis.totals.lagged),
        seconds=seconds,
    )


def _strength(stream: KnownStream, analysis: Analysis, settings: Settings) -> tuple[float, float]:
    place = {name: number for number, name in enumerate(stream.names)}
    at = np.array([(place[edge.target], place[edge.source]) for edge in stream.edges]).T
    true = stream.spread(settings.horizon).shares[tuple(at)]
    return float(true.mean()), float(analysis.spread.shares[tuple(at)].mean())


def _rates(scores: Sequence[Score]) -> dict[str, float | None]:
    recalls = [one.recall for one in scores if one.recall is not None]
    return {
        "fdr": fmean(one.false_discovery_rate for one in scores),
        "recall": fmean(recalls) if recalls else None,
    }


def _means(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    return {"true": fmean(p[0] for p in pairs), "estimated": fmean(p[1] for p in pairs)}
