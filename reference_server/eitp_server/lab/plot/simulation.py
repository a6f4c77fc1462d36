"""Simulated policies as a picture: promotions, what pooling earns, what late outcomes look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.plot.canvas import (
    BLUE,
    COLOURS,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    VERMILION,
    blank,
    plain,
    save,
)
from eitp_server.lab.simulation import delay, promotion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from eitp_server.lab.plot.canvas import Axes
    from eitp_server.lab.simulation import Simulation
    from eitp_server.lab.simulation.table import Table

    Panel = tuple[Callable[[Axes, Sequence[Table]], None], Sequence[Table]]

_PANEL: Final = (7.6, 4.3)
"""Inches of a panel."""
_NAMES: Final = {
    "null": ("no effect", BLUE),
    "drift": ("no effect, base rate drifts", VERMILION),
    "lift30": ("+30 %", ORANGE),
    "lift50": ("+50 %", GREEN),
    "pooling": ("some interaction", BLUE),
    "pooling-strong": ("strong interaction", VERMILION),
    "pooling-none": ("no interaction", GREEN),
}
_LINES: Final = {
    delay.PENDING: ORANGE,
    delay.EARLY: VERMILION,
    delay.MATURED: PURPLE,
    delay.CORRECTED: BLUE,
    delay.TRUE_CURVE: GREEN,
}
_TOP: Final = 12.0
"""Percent at which the picture of beliefs ends."""
_HEIGHT: Final = 0.7
"""Of a rule's row, what its bars take."""


def draw(found: Simulation, path: Path) -> None:
    """Write the picture of a simulation, a panel per question, to a .png, .svg or .pdf file."""
    panels = _panels(found.tables)
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure = blank(columns * _PANEL[0], rows * _PANEL[1] + 0.5)
    for number, (paint, tables) in enumerate(panels):
        paint(figure.add_subplot(rows, columns, number + 1), tables)
    figure.tight_layout(rect=(0, 0, 1, 1), h_pad=2.5, w_pad=2.5)
    save(figure, path)


def _panels(tables: Sequence[Table]) -> list[Panel]:
    groups: tuple[tuple[Callable[[Axes, Sequence[Table]], None], tuple[str, ...]], ...] = (
        (_draw_false, ("null", "drift")),
        (_draw_power, ("lift30", "lift50")),
        (_draw_gain, ("pooling", "pooling-strong", "pooling-none")),
        (_draw_beliefs, ("delay",)),
    )
    chosen = [(paint, [one for one in tables if one.scenario in names]) for paint, names in groups]
    return [(paint, own) for paint, own in chosen if own]


def _draw_false(axes: Axes, tables: Sequence[Table]) -> None:
    plain(axes, "How often a useless intervention is promoted")
    _draw_bars(axes, tables, "false per arm")
    axes.axvline(promotion.ALPHA, color=GREY, linewidth=1, linestyle="--", zorder=0)
    axes.annotate(
        "alpha",
        (promotion.ALPHA, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(3, -2),
        textcoords="offset points",
        va="top",
        color=GREY,
        fontsize=8.5,
    )
    axes.set_xlabel("share of interventions promoted within 60,000 visitors, ± standard error")


def _draw_power(axes: Axes, tables: Sequence[Table]) -> None:
    plain(axes, "How often, and when, one that helps is promoted")
    _draw_bars(axes, tables, "power", note="median units")
    axes.set_xlim(0, 1.38)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_xlabel("share promoted within 60,000 visitors; beside it the median of visitors taken")


def _draw_gain(axes: Axes, tables: Sequence[Table]) -> None:
    plain(axes, "What is won of what can be won, by prior")
    _draw_bars(axes, tables, "share of gain")
    axes.set_xlabel("0: as by choosing at random; 1: as by knowing the truth; ± standard error")


def _draw_beliefs(axes: Axes, tables: Sequence[Table]) -> None:
    plain(axes, "What is believed of the best arm while outcomes are late")
    truth = float(delay.RATES[delay.BEST])
    span = (100 * truth * (1 - delay.TOLERANCE), 100 * truth * (1 + delay.TOLERANCE))
    axes.axhspan(*span, color=FAINT, zorder=0, label="truth ± 10 %")
    axes.axvline(delay.JUDGED_AT, color=GREY, linewidth=1, linestyle="--", zorder=0)
    for number, (rule, values) in enumerate(tables[0].series.items()):
        means = np.array([np.nan if value is None else value for value in values])
        colour = _LINES.get(rule, COLOURS[number % len(COLOURS)])
        axes.plot(100 * means, color=colour, linewidth=1.8, label=rule)
    _say_what_leaves(axes, tables[0])
    minutes = max(len(values) for values in tables[0].series.values())
    axes.set(xlim=(0, minutes), ylim=(0, _TOP), xlabel="minutes; judged at the dashed line")
    axes.set_ylabel("posterior mean, %, mean over runs", color=INK, fontsize=9)
    axes.legend(frameon=False, fontsize=8.5, loc="upper right")


def _say_what_leaves(axes: Axes, table: Table) -> None:
    for values in table.series.values():
        known = [0.0 if value is None else 100 * value for value in values]
        peak = max(known)
        if peak > _TOP:
            at = known.index(peak)
            axes.annotate(
                f"{peak:.0f} % at minute {at}", (at, _TOP), xytext=(0, -12), color=INK,
                textcoords="offset points", ha="center", fontsize=8.5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
            )  # fmt: skip


def _draw_bars(axes: Axes, tables: Sequence[Table], column: str, note: str | None = None) -> None:
    rules = list(tables[0].rows)
    thick = _HEIGHT / len(tables)
    for place, table in enumerate(tables):
        name, colour = _NAMES[table.scenario]
        shift = (place - (len(tables) - 1) / 2) * thick
        for row, rule in enumerate(rules):
            figure = table.rows[rule][column]
            if figure is None:
                continue
            y = row + shift
            label = f"{name}, {table.runs:,} runs" if row == 0 else None
            axes.barh(y, figure.value, height=0.9 * thick, color=colour, label=label)
            error = figure.error or 0.0
            axes.plot(
                [max(figure.value - error, 0.0), figure.value + error], [y, y],
                color=INK, linewidth=1.0,
            )  # fmt: skip
            axes.annotate(
                _noted(table, rule, figure.value, note), (figure.value + error, y),
                xytext=(4, 0), textcoords="offset points", va="center", fontsize=8, color=INK,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
    axes.set_yticks(range(len(rules)), rules)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rules) - 0.4, -0.6)
    axes.set_xlim(0, 1.12 * axes.get_xlim()[1])
    axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=11, color=INK, pad=22)
    axes.legend(
        frameon=False, fontsize=8.5, loc="lower left", bbox_to_anchor=(-0.01, 0.985),
        ncols=len(tables), handlelength=1.0, columnspacing=1.2,
    )  # fmt: skip


def _noted(table: Table, rule: str, value: float, note: str | None) -> str:
    if note is None:
        return f"{value:.3f}"
    figure = table.rows[rule][note]
    return f"{value:.2f}, {figure.value:,.0f}" if figure else f"{value:.2f}"
