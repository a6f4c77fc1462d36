"""An evaluation as a picture: ROC with the baselines, reliability, and scores by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eitp_server.lab.evaluation.score import reliability
from eitp_server.lab.plot.canvas import (
    BLUE,
    COLOURS,
    FAINT,
    GREY,
    INK,
    VERMILION,
    blank,
    plain,
    save,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from eitp_server.lab.evaluation import Evaluation
    from eitp_server.lab.plot.canvas import Axes

_DASHES = ("--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
_BARS = 24


def draw(found: Evaluation, path: Path) -> None:
    """Write the picture of an evaluation to a .png, .svg or .pdf file."""
    figure = blank(14, 6.6)
    heading, subject = _titles(found)
    figure.text(0.05, 0.945, heading, fontsize=15, color=INK, weight="bold", parse_math=False)
    figure.text(0.05, 0.905, subject, fontsize=11, color=INK, parse_math=False)
    roc, calibration, scores = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.05, right=0.985, top=0.85, bottom=0.26, wspace=0.2)
    _draw_roc(roc, found)
    _draw_reliability(calibration, found)
    _draw_scores(scores, found)
    save(figure, path)


def curve(
    score: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return false and true positive rates at falling thresholds on `score` (n,), from 0 to 1."""
    values, level = np.unique(-score, return_inverse=True)
    rates = [
        np.cumsum(np.bincount(level[chosen], minlength=len(values))) / max(int(chosen.sum()), 1)
        for chosen in (~positive, positive)
    ]
    false, true = (np.concatenate(([0.0], rate)) for rate in rates)
    return false, true


def _titles(found: Evaluation) -> tuple[str, str]:
    n, positives = len(found.judged.positive), int(found.judged.positive.sum())
    span = f"{found.auc.low:.2f} to {found.auc.high:.2f}"
    dealt = "" if found.chance is None else f", p {found.chance:.3f}"
    score = f"AUC {found.auc.value:.2f} (95 % {span}{dealt})"
    heading = f"{found.task.name}, model {found.model}: {score}"
    rule = f"{found.task.label} {found.task.positive.text}"
    return heading, f"{n:,} recordings of {found.people} people, {positives:,} positive by {rule}"


def _draw_roc(axes: Axes, found: Evaluation) -> None:
    positive = found.judged.positive
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, label="chance")
    for (name, rival), colour, dashes in zip(found.rivals.items(), COLOURS, _DASHES, strict=False):
        false, true = curve(rival.score, positive)
        label = f"{name}  {rival.auc.value:.2f}"
        axes.plot(false, true, color=colour, linestyle=dashes, linewidth=1.5, label=label)
    false, true = curve(found.opinion.score, positive)
    label = f"{found.model}  {found.auc.value:.2f}"
    axes.plot(false, true, color=INK, linewidth=2.4, label=label)
    plain(axes, "ROC, people the model never met")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), box_aspect=1)
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    handles, labels = axes.get_legend_handles_labels()
    _legend_below(axes, [*handles[-1:], *handles[1:-1], handles[0]],
                  [*labels[-1:], *labels[1:-1], labels[0]])  # fmt: skip


def _draw_reliability(axes: Axes, found: Evaluation) -> None:
    bins = reliability(found.opinion.probability, found.judged.positive)
    said = np.array([b.probability for b in bins])
    was = np.array([b.share for b in bins])
    n = np.array([b.recordings for b in bins])
    low, high = _wilson(was, n)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, label="perfectly calibrated")
    rate = float(found.judged.positive.mean())
    axes.axhline(rate, color=GREY, linewidth=1, linestyle=":", label=f"base rate {rate:.2f}")
    axes.errorbar(
        said,
        was,
        yerr=np.stack((was - low, high - was)),
        fmt="o",
        color=BLUE,
        ecolor=BLUE,
        elinewidth=1,
        capsize=2.5,
        markersize=5.5,
        label=f"about {n.mean():.0f} recordings each, 95 % (Wilson)",
    )
    plain(axes, "Reliability, probabilities out of fold")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), box_aspect=1)
    axes.set(xlabel="probability of a positive", ylabel="share of positives")
    _legend_below(axes, *axes.get_legend_handles_labels())


def _draw_scores(axes: Axes, found: Evaluation) -> None:
    positive, score = found.judged.positive, found.opinion.score
    low, high = float(score.min()), float(score.max())
    # Scores that are all one value still need a width.
    edges = np.linspace(low, high if high > low else low + 1, _BARS + 1)
    for chosen, colour, name in ((~positive, BLUE, "negative"), (positive, VERMILION, "positive")):
        weights = np.full(int(chosen.sum()), 100 / int(chosen.sum()))
        axes.hist(score[chosen], edges, weights=weights, color=colour, alpha=0.28)
        axes.hist(
            score[chosen],
            edges,
            weights=weights,
            histtype="step",
            color=colour,
            linewidth=1.8,
            label=f"{name}, {int(chosen.sum()):,} recordings",
        )
    plain(axes, "Scores by class")
    unit = "score, logits without intercept" if found.model == "fitted" else found.task.server
    axes.set(xlabel=unit, ylabel="% of the class", box_aspect=1)
    _legend_below(axes, *axes.get_legend_handles_labels())


def _legend_below(axes: Axes, handles: list[object], labels: list[str]) -> None:
    columns = 2 if len(labels) > 4 else 1
    axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.13),
        ncols=columns,
        frameon=False,
        fontsize=9,
        handlelength=2.6,
    )


def _wilson(
    share: NDArray[np.float64], n: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 95 % bounds of shares (b,) of `n` (b,) each (Wilson 1927, JASA 22, 209-212)."""
    z = 1.96
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # Rounding may leave a bound on the wrong side of 0 or 1.
    return np.minimum(centre - half, share), np.maximum(centre + half, share)
