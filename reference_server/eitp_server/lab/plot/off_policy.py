"""An off-policy evaluation as a picture: the estimates beside what was earned, and the weights."""

from __future__ import annotations

import math
from textwrap import fill, shorten
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.bandit.off_policy import effective_sample_size
from eitp_server.lab.plot.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    SKY,
    VERMILION,
    blank,
    plain,
    save,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from eitp_server.bandit.off_policy import Estimate
    from eitp_server.lab.ope import OffPolicyEvaluation
    from eitp_server.lab.plot.canvas import Axes, Figure

ESTIMATORS: Final = {
    "ips": ("IPS", VERMILION),
    "snips": ("SNIPS", VERMILION),
    "clipped_ips": ("clipped IPS", VERMILION),
    "dm": ("DM", BLUE),
    "dr": ("DR", GREEN),
    "sndr": ("SNDR", GREEN),
    "switch_dr": ("Switch-DR", GREEN),
}
"""How each is called, in the colour of its family: weights, model, both."""
_WIDTH: Final = 12.0
_HEIGHT: Final = 5.6
_BINS: Final = 40
_LETTERS: Final = 150
"""Of a warning, in a line across the picture."""
_MOST_TICKS: Final = 8
_LEAST: Final = 0.001
"""Smaller weights are drawn as this."""


def draw_off_policy(found: OffPolicyEvaluation, path: Path) -> None:
    """Draw the estimates with their intervals, and how the weights are distributed."""
    figure = blank(_WIDTH, _HEIGHT)
    _head(figure, found)
    left = figure.add_axes((0.095, 0.13, 0.44, 0.61))
    right = figure.add_axes((0.605, 0.13, 0.37, 0.61))
    if found.estimates is None:
        _withheld(left, found)
    else:
        _draw_estimates(left, found.estimates, found.on_policy)
    _draw_weights(right, found)
    save(figure, path)


def _head(figure: Figure, found: OffPolicyEvaluation) -> None:
    heading = "What would the other policy have earned?"
    figure.text(0.02, 0.94, heading, fontsize=14, color=INK, weight="bold")
    figure.text(
        0.02,
        0.895,
        f"{found.log.path.name} judged for {found.policy.path.name}: {len(found.log):,} decisions, "
        f"worth {effective_sample_size(found.weight):,.0f} of the other policy's own",
        fontsize=10,
        color=INK,
    )
    if reason := found.calibration.reason:
        words = shorten(f"Not to be trusted: {reason}.", 2 * _LETTERS, placeholder=" …")
        figure.text(0.02, 0.87, fill(words, _LETTERS), fontsize=9.5, color=VERMILION, va="top")


def _withheld(axes: Axes, found: OffPolicyEvaluation) -> None:
    plain(axes, "Reward per decision: withheld")
    axes.set_axis_off()
    words = "\n\n".join(fill(text, 62) for text in (*found.problems, f"Remedy: {found.remedy}."))
    axes.text(0.0, 0.92, words, transform=axes.transAxes, fontsize=10, color=INK, va="top")


def _draw_estimates(axes: Axes, estimates: Mapping[str, Estimate], earned: Estimate) -> None:
    plain(axes, "Reward per decision, with 95 % intervals")
    axes.axvspan(earned.low, earned.high, color=GREY, alpha=0.18, linewidth=0)
    axes.axvline(earned.value, color=GREY, linewidth=1.4, linestyle="--")
    for y, (name, own) in enumerate(estimates.items()):
        colour = ESTIMATORS[name][1]
        axes.plot([own.low, own.high], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot([own.value], [y], marker="o", color=colour, markersize=7)
        axes.text(
            own.value,
            y - 0.22,
            f"{own.value:.4g}",
            fontsize=8.5,
            color=INK,
            ha="center",
            va="bottom",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        )
    axes.set_yticks(range(len(estimates)), [ESTIMATORS[name][0] for name in estimates])
    axes.set_ylim(len(estimates) - 0.4, -1.0)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)
    axes.text(
        earned.value,
        -0.95,
        f" on-policy {earned.value:.4g}",
        fontsize=8.5,
        color=GREY,
        va="top",
    )


def _draw_weights(axes: Axes, found: OffPolicyEvaluation) -> None:
    weight = found.weight
    plain(axes, "The weights")
    if not weight.any():
        axes.text(0.5, 0.5, "all weights are 0", transform=axes.transAxes, ha="center", color=GREY)
        return
    some = np.maximum(weight[weight > 0], _LEAST)
    edges = _edges(some)
    equal = np.full(len(some), 1 / len(weight))
    axes.hist(some, edges, weights=equal, color=SKY, label="decisions")
    axes.hist(
        some,
        edges,
        weights=some / some.sum(),
        histtype="step",
        color=VERMILION,
        linewidth=1.6,
        label="their weight",
    )
    axes.set_xscale("log")
    ends = float(edges[0]) * 0.95, float(edges[-1]) * 1.05
    axes.set_xlim(*ends)
    axes.set_xticks(ticks := weight_ticks(*ends))
    axes.set_xticklabels([f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylabel("share", fontsize=9, color=INK)
    axes.set_xlabel(
        f"weight, P(policy) / propensity: mean {weight.mean():.3f}, largest {weight.max():.4g}",
        fontsize=9,
    )
    axes.margins(y=0.12)
    axes.set_yticks([share for share in axes.get_yticks() if share <= 1.0])
    _draw_limits(axes, found, edges)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=9)
    none = 100 * (1 - len(some) / len(weight))
    if none:
        axes.text(
            0.0,
            -0.17,
            f"{none:.3g} % of the decisions have weight 0 and are not drawn",
            transform=axes.transAxes,
            fontsize=8.5,
            color=GREY,
            va="top",
        )


def _draw_limits(axes: Axes, found: OffPolicyEvaluation, edges: NDArray[np.float64]) -> None:
    """Mark the weights at which the estimators cut."""
    limits = {"clip": found.settings.clip, "switch": found.settings.switch}
    for value in sorted(set(limits.values())):
        if not edges[0] <= value <= edges[-1]:
            continue
        names = " and ".join(name for name, limit in limits.items() if limit == value)
        axes.axvline(value, color=GREY, linewidth=1.2, linestyle="--")
        axes.text(
            value,
            0.98,
            f"{names} {value:g} ",
            transform=axes.get_xaxis_transform(),
            fontsize=8.5,
            color=INK,
            ha="right",
            va="top",
        )


def weight_ticks(low: float, high: float) -> list[float]:
    """Return round weights from `low` to `high`, few enough to be written beside each other."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        # Not 3 * 10.0**-1, which is no round number.
        ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
        within = [tick for tick in ticks if low <= tick <= high]
        if len(within) <= _MOST_TICKS:
            return within
    decimated = -(-len(within) // _MOST_TICKS)
    return within[::decimated]


def _edges(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ends of bins on a log scale; equal weights get bins around them too."""
    low, high = min(float(weight.min()), 0.5), max(float(weight.max()), 2.0)
    return np.geomspace(low * 0.99, high * 1.01, _BINS + 1)
