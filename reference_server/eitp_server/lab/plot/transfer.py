"""A forest plot: what was seen in each vertical, the mean, and what to expect in another."""

from __future__ import annotations

from itertools import accumulate
from textwrap import wrap
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtri

from eitp_server.intelligence.transfer import Verdict, statement
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
    from collections.abc import Sequence
    from pathlib import Path

    from eitp_server.lab.plot.canvas import Axes, Figure
    from eitp_server.lab.transfer import Analysis, Report

_WIDTH: Final = 9.5
_ROW: Final = 0.3
"""Inches that a vertical takes."""
_AROUND: Final = 2.85
"""Inches for the heading, the foot and the two rows below the verticals."""
_TALLEST: Final = 150.0
"""Inches; matplotlib draws no more than 65,536 dots."""
_NOTE: Final = 0.4
_LEFT: Final = 2.2
_RIGHT: Final = 1.7
_REACH: Final = float(ndtri(0.975))
_COLOURS: Final = {
    Verdict.TRANSFERABLE: GREEN,
    Verdict.HARMFUL: VERMILION,
    Verdict.VARIES: ORANGE,
    Verdict.UNDECIDED: GREY,
    Verdict.INSUFFICIENT: GREY,
}
_LONGEST_NAME: Final = 28


def draw_transfer(report: Report, path: Path) -> None:
    """Draw a forest of each pattern, one below the other, as many as a picture can hold."""
    drawn = [
        one
        for one, end in zip(report.analyses, accumulate(map(_height, report.analyses)), strict=True)
        if end <= _TALLEST or one is report.analyses[0]
    ]
    without = len(report.analyses) - len(drawn)
    top = sum(map(_height, drawn)) + (_NOTE if without else 0.0)
    figure = blank(_WIDTH, top)
    if without:
        note = f"{without} more patterns are in the table and not drawn"
        figure.text(0.15 / _WIDTH, 0.15 / top, note, fontsize=9, color=GREY)
    for one in drawn:
        _draw(figure, one, report.table.kind, top=top, height=_height(one))
        top -= _height(one)
    save(figure, path)


def _height(one: Analysis) -> float:
    return _AROUND + min(_ROW * len(_shown(one)), _TALLEST)


def _shown(one: Analysis) -> Sequence[str]:
    return one.verticals if one.finding.estimate else [row.name for row in one.rows]


def _draw(figure: Figure, one: Analysis, kind: str, *, top: float, height: float) -> None:
    whole = figure.get_size_inches()[1]
    names = _shown(one)
    bottom = (top - height + 0.75) / whole
    size = (height - 1.95) / whole
    axes = figure.add_axes((_LEFT / _WIDTH, bottom, 1 - (_LEFT + _RIGHT) / _WIDTH, size))
    plain(axes, "")
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=GREY, linewidth=1, linestyle="--", zorder=0)
    axes.set_ylim(len(names) + 2.1, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        "log odds ratio, treated over holdout" if kind == "counts" else "effect",
        fontsize=9,
        color=INK,
    )
    places = [*range(len(names))]
    labels = [_short(name) for name in names]
    if one.finding.estimate:
        places += [len(names) + 0.5, len(names) + 1.5]
        labels += ["mean over verticals", "in another vertical"]
        _draw_verticals(axes, one)
        _draw_summary(axes, one, len(names))
    else:
        _draw_rows(axes, one)
    axes.set_yticks(places, labels)
    axes.set_visible(bool(names))
    _head(figure, one, top=top)


def _head(figure: Figure, one: Analysis, *, top: float) -> None:
    whole = figure.get_size_inches()[1]
    verdict = one.finding.verdict
    named = f"{_short(one.pattern)}: {verdict.name}" if one.pattern else verdict.name
    figure.text(
        0.15 / _WIDTH,
        (top - 0.35) / whole,
        named,
        fontsize=13,
        weight="bold",
        color=INK if verdict is Verdict.VARIES else _COLOURS[verdict],
    )
    figure.text(
        0.15 / _WIDTH,
        (top - 0.45) / whole,
        "\n".join(wrap(statement(one.finding), 135)),
        fontsize=9,
        color=INK,
        va="top",
    )


def _draw_verticals(axes: Axes, one: Analysis) -> None:
    estimate = one.finding.estimate
    assert estimate is not None
    mean = estimate.pooled
    reach = _REACH * np.sqrt(mean.effects.variance)
    sizes = 4 + 9 * np.sqrt(mean.weights / mean.weights.max())
    rows = zip(mean.effects.value, reach, sizes, mean.shrunk, strict=True)
    for y, (effect, half, size, shrunk) in enumerate(rows):
        axes.plot([effect - half, effect + half], [y, y], color=BLUE, linewidth=1.2)
        axes.plot([effect], [y], marker="s", color=BLUE, markersize=size, linestyle="")
        axes.plot(
            [shrunk],
            [y],
            marker="o",
            linestyle="",
            markersize=5,
            markerfacecolor="white",
            markeredgecolor=INK,
        )
        _figures(axes, y, effect, effect - half, effect + half)
    _legend(axes)


def _legend(axes: Axes) -> None:
    axes.plot([], [], marker="s", linestyle="", color=BLUE, label="seen")
    borrowed = {"markerfacecolor": "white", "markeredgecolor": INK, "markersize": 5}
    axes.plot([], [], marker="o", linestyle="", label="borrowing from the others", **borrowed)
    axes.plot([], [], color=INK, linewidth=1, linestyle=":", label="classical prediction")
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=8,
        handletextpad=0.4,
        borderaxespad=0.1,
    )


def _draw_rows(axes: Axes, one: Analysis) -> None:
    for y, row in enumerate(one.rows):
        assert row.effect is not None
        assert row.variance is not None
        half = _REACH * row.variance**0.5
        axes.plot([row.effect - half, row.effect + half], [y, y], color=BLUE, linewidth=1.2)
        axes.plot([row.effect], [y], marker="s", color=BLUE, markersize=8)
        _figures(axes, y, row.effect, row.effect - half, row.effect + half)


def _draw_summary(axes: Axes, one: Analysis, rows: int) -> None:
    estimate, new = one.finding.estimate, one.finding.predictive
    assert estimate is not None
    axes.axhline(rows - 0.25, color=FAINT, linewidth=1)
    mean = estimate.pooled
    low, high = mean.confidence_interval()
    y = rows + 0.5
    colour = _COLOURS[one.finding.verdict]
    axes.fill([low, mean.mean, high, mean.mean], [y, y - 0.27, y, y + 0.27], color=INK)
    _figures(axes, y, mean.mean, low, high)
    if new is None:
        axes.text(mean.mean, y + 1, "too few to say", fontsize=8.5, va="center", ha="center")
        return
    y += 1
    low, middle, high = (new.quantile(p) for p in (0.025, 0.5, 0.975))
    axes.plot([low, high], [y, y], color=colour, linewidth=6, solid_capstyle="butt", alpha=0.75)
    axes.plot([middle], [y], marker="|", color=INK, markersize=10)
    ends = mean.prediction_interval()
    axes.plot(ends, [y + 0.4] * 2, color=INK, linewidth=1, linestyle=":")
    _figures(axes, y, middle, low, high)


def _figures(axes: Axes, y: float, *figures: float) -> None:
    # 0.0 is added to what is rounded, so that none reads -0.00.
    value, low, high = (round(figure, 2) + 0.0 for figure in figures)
    axes.text(
        1.02,
        y,
        f"{value:.2f} ({low:.2f} to {high:.2f})",
        transform=axes.get_yaxis_transform(),
        fontsize=8.5,
        color=INK,
        va="center",
        clip_on=False,
    )


def _short(name: str) -> str:
    """Return a name that fits; matplotlib would read formulas between dollar signs."""
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return short.replace("$", r"\$")
