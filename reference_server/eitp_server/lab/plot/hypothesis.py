"""The test of the hypothesis as a picture: ROC curves, and whether probabilities come true."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.classification.roc import curve
from eitp_server.lab.plot.canvas import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    VERMILION,
    blank,
    plain,
    save,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from eitp_server.classification.hypothesis import Analysis, Comparison, Sample
    from eitp_server.classification.reliability import Reliability
    from eitp_server.classification.roc import Interval
    from eitp_server.lab.plot.canvas import Axes, Figure

_WIDTH: Final = 12.6
_HEIGHT: Final = 7.4
_LETTERS: Final = 165
"""Of a line below the heading."""


def draw(
    sample: Sample, analysis: Analysis, path: Path, *, heading: str, statement: str, of: str
) -> None:
    """Write the picture of an analysed sample; `of` says which sessions they are."""
    figure = blank(_WIDTH, _HEIGHT)
    figure.text(0.045, 0.945, heading, fontsize=14, color=INK, weight="bold")
    figure.text(0.045, 0.925, fill(statement, _LETTERS), fontsize=9.5, color=INK, va="top")
    left, right = _axes(figure)
    if analysis.comparison is None:
        for axes in (left, right):
            axes.set_axis_off()
        words = "Nothing to draw before two sessions have ended either way."
        figure.text(0.5, 0.4, words, ha="center", color=GREY, fontsize=12)
    else:
        counted = f"{analysis.sessions:,} {of}, {analysis.abandoned:,} of them abandoned"
        _roc(left, sample, analysis.comparison, counted)
        _reliability(right, analysis.comparison.reliability, counted)
    save(figure, path)


def _axes(figure: Figure) -> tuple[Axes, Axes]:
    height, bottom = 0.63, 0.11
    across = height * _HEIGHT / _WIDTH
    left = figure.add_axes((0.075, bottom, across, height))
    right = figure.add_axes((0.575, bottom, across, height))
    return left, right


def _roc(axes: Axes, sample: Sample, comparison: Comparison, counted: str) -> None:
    gain = _figured(comparison.gain, signed=True)
    _title(axes, "What tells who leaves?", counted, f"state minus the better baseline: {gain}")
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, zorder=0)
    scores = (
        ("state", sample.state, comparison.state, VERMILION, 2.2),
        ("page, cart, time", sample.page_only, comparison.page_only, BLUE, 1.6),
        ("time alone", sample.duration_only, comparison.duration_only, GREEN, 1.6),
    )
    for name, score, area, colour, width in scores:
        false, true = curve(_forward(score, sample.abandoned), sample.abandoned)
        label = f"{name}: area {_figured(area)}"
        axes.plot(false, true, color=colour, linewidth=width, label=label)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_xlabel("share of successful sessions that are scored as high", color=INK)
    axes.set_ylabel("share of abandoned sessions that are found", color=INK)
    axes.legend(loc="lower right", fontsize=9, frameon=False)


def _reliability(axes: Axes, found: Reliability, counted: str) -> None:
    brier = f"Brier score {found.brier:.4f}, {found.brier_of_share:.4f} for the overall share"
    slope = f"calibration slope {found.slope:.2f}"
    _title(axes, "Does the risk come true?", counted, f"{brier}; {slope}")
    foretold = np.array([each.foretold for each in found.bins])
    came = np.array([each.came.value for each in found.bins])
    low = np.array([each.came.low for each in found.bins])
    high = np.array([each.came.high for each in found.bins])
    across, up = _limits(foretold), _limits(low, high, foretold)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", zorder=0)
    axes.errorbar(
        foretold,
        came,
        yerr=np.abs(np.vstack([came - low, high - came])),
        color=VERMILION,
        ecolor=ORANGE,
        marker="o",
        markersize=6,
        linestyle="none",
        elinewidth=1.6,
        capsize=3,
    )
    axes.set(xlim=across, ylim=up)
    axes.set_xlabel(
        "risk of abandonment that packets gave\n"
        f"(a point: {_sizes(found)} sessions with their 95 % interval; dashed: as foretold)",
        color=INK,
    )
    axes.set_ylabel("share that was abandoned", color=INK)


def _title(axes: Axes, question: str, *lines: str) -> None:
    plain(axes, "")
    axes.set_title("\n".join(lines), loc="left", fontsize=9.5, color=INK)
    axes.text(0, 1.1, question, transform=axes.transAxes, fontsize=12, color=INK, weight="bold")


def _sizes(found: Reliability) -> str:
    sizes = sorted({each.sessions for each in found.bins})
    return f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"


def _forward(score: NDArray[np.float64], abandoned: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Turn a baseline that points the wrong way round, as the analysis does."""
    false, true = curve(score, abandoned)
    return score if np.trapezoid(true, false) >= 0.5 else -score


def _limits(*values: NDArray[np.float64]) -> tuple[float, float]:
    """Return a range that shows all values; risks crowd near 1, so it need not begin at 0."""
    everything = np.concatenate(values)
    low, high = float(everything.min()), float(everything.max())
    margin = max((high - low) * 0.06, 0.01)
    return max(low - margin, -0.01), min(high + margin, 1.01)


def _figured(interval: Interval, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    value, low, high = (f"{x:{sign}.3f}" for x in (interval.value, interval.low, interval.high))
    return f"{value} ({low} to {high})"
