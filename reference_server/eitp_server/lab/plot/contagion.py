"""What spreads between series as a picture: the table, and the edges as arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.plot.canvas import BLUE, GREY, INK, VERMILION, blank, save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eitp_server.intelligence.contagion.analysis import Edge
    from eitp_server.intelligence.contagion.gram import Array
    from eitp_server.lab.contagion.report import Report
    from eitp_server.lab.plot.canvas import Axes, Figure

WRITTEN: Final = 12
"""In a larger table cells are too small for their numbers."""
UPRIGHT: Final = 32
"""Names of more series would lie on each other, so they stand along the radius."""
NAMED: Final = 60
"""Of more series only some are named."""
WIDTH: Final = 13.0
HEIGHT: Final = 7.0
THICKEST: Final = 5.0
"""Points of the strongest arrow."""
SAME, OPPOSITE = VERMILION, BLUE


def draw(report: Report, path: Path) -> None:
    """Draw the table, row = receiver, and beside it the edges between series in a circle."""
    figure = blank(WIDTH, HEIGHT)
    settings = report.options.settings
    figure.text(0.012, 0.955, "What spreads between series", fontsize=13, color=INK, weight="bold")
    subject = (
        f"{len(report.names)} series, {report.rows:,} rows, {settings.lags} lags, "
        f"horizon {settings.horizon}. Predictive spread, not proof of a cause."
    )
    figure.text(0.012, 0.922, subject, fontsize=10, color=INK)
    _draw_table(figure, report)
    _draw_network(figure, report)
    save(figure, path)


def _draw_table(figure: Figure, report: Report) -> None:
    axes = figure.add_axes((0.085, 0.13, 0.385, 0.68))
    shares = 100 * report.table.shares
    count = len(shares)
    # A series' own share is most of its row; on the same scale nothing else would show.
    others = np.where(np.eye(count, dtype=bool), np.nan, shares)
    largest = max(float(np.nanmax(others)), 1e-9)
    image = axes.imshow(others, cmap="Oranges", vmin=0, vmax=largest, aspect="equal")
    axes.set_title(
        f"{report.method}: % of row from column, total {100 * report.table.total:.1f} %",
        loc="left",
        fontsize=11,
        color=INK,
    )
    shown = np.arange(0, count, -(-count // NAMED))
    size = 9 if count <= WRITTEN else max(4.0, min(8.0, 200 / count))
    names = [report.names[n] for n in shown]
    turn = 0 if count <= WRITTEN and max(map(len, names)) <= 8 else 90
    axes.set_xticks(shown, names, fontsize=size, rotation=turn)
    axes.set_yticks(shown, names, fontsize=size)
    axes.set_xlabel("source", fontsize=9, color=GREY)
    axes.set_ylabel("receiver", fontsize=9, color=GREY)
    axes.tick_params(length=0, labelcolor=INK)
    for side in axes.spines.values():
        side.set_visible(False)
    for n in range(count):
        axes.add_patch(_square(n))
    if count <= WRITTEN:
        _write_cells(axes, shares, largest)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, colors=GREY, labelcolor=INK)


def _square(n: int) -> object:
    from matplotlib.patches import Rectangle

    return Rectangle((n - 0.5, n - 0.5), 1, 1, facecolor="#ececec", edgecolor="none")


def _write_cells(axes: Axes, shares: Array, largest: float) -> None:
    for (row, column), share in np.ndenumerate(shares):
        dark = row != column and share > 0.6 * largest
        colour = "white" if dark else (GREY if row == column else INK)
        text = f"{share:.1f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)


def _draw_network(figure: Figure, report: Report) -> None:
    axes = figure.add_axes((0.52, 0.02, 0.46, 0.83))
    reach = 1.42
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.axis("off")
    edges = [found.edge for found in report.edges]
    axes.set_title(_heading(report, edges), loc="left", fontsize=11, color=INK)
    names = report.analysis.names if report.analysis else report.names
    count = len(names)
    angle = np.pi / 2 - 2 * np.pi * np.arange(count) / count
    places = dict(zip(names, np.column_stack([np.cos(angle), np.sin(angle)]), strict=True))
    strongest = max((edge.strength for edge in edges), default=1.0) or 1.0
    for edge in sorted(edges, key=lambda edge: edge.strength):
        _draw_arrow(axes, edge, places, strongest, count)
    _draw_names(axes, names, edges, angle)
    for label, colour in (("same way", SAME), ("opposite way", OPPOSITE)):
        axes.plot([], [], color=colour, linewidth=3, label=label)
    axes.legend(
        loc="lower left",
        frameon=False,
        fontsize=8.5,
        title=f"width: strength, at most {100 * strongest:.1f} %" if edges else None,
        title_fontsize=8.5,
        alignment="left",
    )


def _heading(report: Report, edges: Sequence[Edge]) -> str:
    if report.refused:
        return f"no edges were sought: {report.refused.reason.lower()}"
    exploratory = ", exploratory" if report.status == "EXPLORATORY" else ""
    number = f"{len(edges)} edge{'' if len(edges) == 1 else 's'}" if edges else "no edges"
    lags = f", lags {_lags(edges)}" if edges else ""
    return f"{number}, source to target{lags}{exploratory}"


def _lags(edges: Sequence[Edge]) -> str:
    low, high = min(edge.lag for edge in edges), max(edge.lag for edge in edges)
    return str(low) if low == high else f"{low} to {high}"


def _draw_arrow(
    axes: Axes,
    edge: Edge,
    places: dict[str, Array],
    strongest: float,
    count: int,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    width = 0.6 + (THICKEST - 0.6) * edge.strength / strongest
    if count > WRITTEN:
        width *= max(0.35, min(1.0, 20 / count))
    axes.add_patch(
        FancyArrowPatch(
            tuple(places[edge.source]),
            tuple(places[edge.target]),
            # Bent to the same side, so that both ways between two lie apart.
            connectionstyle="arc3,rad=0.16",
            arrowstyle="-|>",
            mutation_scale=9 + 2.2 * width,
            shrinkA=9 if count <= WRITTEN else 6,
            shrinkB=9 if count <= WRITTEN else 6,
            linewidth=width,
            color=SAME if edge.sign > 0 else OPPOSITE,
            alpha=0.8,
            joinstyle="miter",
        )
    )


def _draw_names(
    axes: Axes,
    names: Sequence[str],
    edges: Sequence[Edge],
    angle: Array,
) -> None:
    count = len(names)
    linked = {name for edge in edges for name in (edge.source, edge.target)}
    size = 11 if count <= WRITTEN else max(4.5, min(9.0, 260 / count))
    for name, at in zip(names, angle.tolist(), strict=True):
        x, y = float(np.cos(at)), float(np.sin(at))
        colour = INK if name in linked else GREY
        axes.plot([x], [y], marker="o", color=colour, markersize=7 if count <= 60 else 3, zorder=3)
        placed: dict[str, object] = {"ha": _side(x), "rotation": 0}
        if count > UPRIGHT:
            turn = np.degrees(at)
            placed = {
                "ha": "left" if x >= 0 else "right",
                "rotation": turn if x >= 0 else turn + 180,
                "rotation_mode": "anchor",
            }
        apart = 1.09 if count <= UPRIGHT else 1.04
        axes.text(apart * x, apart * y, name, va="center", fontsize=size, color=colour, **placed)


def _side(x: float) -> str:
    if abs(x) < 0.15:
        return "center"
    return "left" if x > 0 else "right"
