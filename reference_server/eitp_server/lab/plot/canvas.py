"""A picture to draw on, and how every picture looks.

Colours are those of Okabe and Ito (2008), which people with any colour vision can tell apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

# Most methods of these take keywords that matplotlib does not type.
Axes: TypeAlias = Any
"""A `matplotlib.axes.Axes`."""
Figure: TypeAlias = Any
"""A `matplotlib.figure.Figure`."""

INK: Final = "#222222"
GREY: Final = "#767676"
FAINT: Final = "#dddddd"
BLUE: Final = "#0072b2"
VERMILION: Final = "#d55e00"
GREEN: Final = "#009e73"
ORANGE: Final = "#e69f00"
PURPLE: Final = "#cc79a7"
SKY: Final = "#56b4e9"
COLOURS: Final = (VERMILION, GREEN, PURPLE, ORANGE, SKY, BLUE)
LIGHT: Final = frozenset({ORANGE, PURPLE, SKY})
"""Colours that dark letters stand out from."""
DOTS_PER_INCH: Final = 150


def blank(width: float, height: float) -> Figure:
    """Return an empty picture of so many inches."""
    from matplotlib.figure import Figure as Picture

    return Picture(figsize=(width, height), facecolor="white")


def plain(axes: Axes, title: str) -> None:
    """Give axes a title and take away the lines that say nothing."""
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(colors=GREY, labelcolor=INK, labelsize=9)


def save(figure: Figure, path: Path) -> None:
    """Write a picture; the suffix of `path` says as what."""
    # Without a date, equal pictures are equal files.
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    figure.savefig(path, dpi=DOTS_PER_INCH, metadata=dated.get(path.suffix))
