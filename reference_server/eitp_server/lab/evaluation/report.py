"""What an evaluation found, for machines and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape
from rich.table import Column, Table

from eitp_server.lab.evaluation.feature import withheld_kinds, withheld_signals
from eitp_server.lab.evaluation.judged import reasons
from eitp_server.lab.evaluation.score import DRAWS, auc, brier, reliability
from eitp_server.lab.evaluation.stream import SAMPLE_MS

if TYPE_CHECKING:
    from eitp_server.lab.evaluation.evaluation import Evaluation
    from eitp_server.lab.evaluation.score import Interval

_DIGITS = 4
FEW = 30
"""People below whom a reader is warned about the intervals."""

METHOD = (
    f"events thinned to {1000 // SAMPLE_MS} Hz as by the browser client; each person's recordings "
    "played in their order into one slot of the server's signals, so only the past is known; "
    "scored on people that the model did not learn from, scores pooled over the folds; AUC of all "
    "labelled recordings, those included on which the server abstains; 95 % intervals by drawing "
    f"people with replacement {DRAWS} times; p is the share of as good results when labels are "
    "dealt anew within people and learned from again; Brier on probabilities calibrated on the "
    "other people"
)


def as_json(found: Evaluation) -> dict[str, Any]:
    """Return the figures, those that are compared first; none is NaN."""
    judged, task, source = found.judged, found.task, found.source
    positives, n = int(judged.positive.sum()), len(judged.positive)
    spoken = judged.abstained == 0
    return {
        "task": task.name,
        "auc": _short(found.auc.value),
        "auc_low": _short(found.auc.low),
        "auc_high": _short(found.auc.high),
        "brier": _short(brier(found.opinion.probability, judged.positive)),
        "abstention_rate": _short(1 - spoken.mean()),
        "people": found.people,
        "positives": positives,
        "negatives": n - positives,
        "baselines": {name: _short(rival.auc.value) for name, rival in found.rivals.items()},
        "baseline_intervals": {name: _pair(rival.auc) for name, rival in found.rivals.items()},
        "margins": {
            name: [_short(rival.margin.value), *_pair(rival.margin)]
            for name, rival in found.rivals.items()
        },
        "brier_of_base_rate": _short(positives / n * (1 - positives / n)),
        "p_value": None if found.chance is None else _short(found.chance),
        "permutations": found.permutations,
        "abstention_in_auc": True,
        "abstentions": reasons(judged),
        "stateless_rate": _short(judged.stateless.mean()),
        "auc_where_labelled_by_server": _auc_of(found, spoken),
        "auc_where_server_abstains": _auc_of(found, ~spoken),
        "model": found.model,
        "features": list(found.opinion.weights) or [task.server],
        "features_without_variation": _unused(found),
        "weights": {name: _short(weight) for name, weight in found.opinion.weights.items()},
        "label": task.label,
        "positive": task.positive.text,
        "with": list(task.included),
        "without": list(task.left_out),
        "withheld_events": sorted(withheld_kinds(task.left_out)),
        "withheld_signals": sorted(s.name.lower() for s in withheld_signals(task.left_out)),
        "folds": found.folds,
        "seed": found.seed,
        "draws": DRAWS,
        "method": METHOD,
        "reliability": [
            {"probability": _short(b.probability), "share": _short(b.share), "n": b.recordings}
            for b in reliability(found.opinion.probability, judged.positive)
        ],
        "sampling_hz": None if source.sampling_hz is None else round(source.sampling_hz, 2),
        "recordings": sum(map(len, source.histories)),
        "recordings_unlabelled": len(source.unlabelled),
        "labels_of_no_recording": len(source.unknown),
        "played_by": "the label order" if source.order else "the order in the file",
        "warnings": [*source.warnings, *notes(found)],
        "reading": in_words(found),
    }


def as_table(found: Evaluation) -> Table:
    """Return the figures for people."""
    judged = found.judged
    title = f"{escape(found.task.name)}, model {found.model}"
    table = Table(
        Column("score", no_wrap=True),
        "AUC",
        "95 % of draws",
        "model minus baseline",
        title=title,
        title_justify="left",
        caption_justify="left",
    )
    table.add_row(found.model, f"{found.auc.value:.3f}", _range(found.auc), "", style="bold")
    for name, rival in found.rivals.items():
        margin = f"{rival.margin.value:+.3f}  ({_range(rival.margin, '+')})"
        table.add_row(name, f"{rival.auc.value:.3f}", _range(rival.auc), margin)
    n, positives = len(judged.positive), int(judged.positive.sum())
    base = positives / n * (1 - positives / n)
    table.caption = (
        f"{n} recordings of {found.people} people, {positives} positive by "
        f"{escape(found.task.label)} {escape(found.task.positive.text)}; {found.folds} folds of "
        f"people. Brier {brier(found.opinion.probability, judged.positive):.3f}, of the base rate "
        f"{base:.3f}. The server gives no label to {1 - np.mean(judged.abstained == 0):.0%} and no "
        f"state to {judged.stateless.mean():.0%}; the AUC counts them too."
    )
    return table


def in_words(found: Evaluation) -> str:
    """Return the result in a sentence: whom the model beats, by intervals of the difference."""
    beaten = [name for name, rival in found.rivals.items() if rival.margin.low > 0]
    lost = [name for name, rival in found.rivals.items() if rival.margin.high < 0]
    level = [name for name in found.rivals if name not in {*beaten, *lost}]
    verdicts = [
        f"{verb} {', '.join(names)}"
        for verb, names in (
            ("beats", beaten),
            ("cannot be told from", level),
            ("loses to", lost),
        )
        if names
    ]
    within = " (chance lies within)" if found.auc.low <= 0.5 <= found.auc.high else ""
    dealt = "" if found.chance is None else f", p {found.chance:.3f}"
    span = f"95 % {found.auc.low:.2f} to {found.auc.high:.2f}"
    return f"AUC {found.auc.value:.2f}, {span}{within}{dealt}: {'; '.join(verdicts)}."


def notes(found: Evaluation) -> list[str]:
    """Return what a reader should know before quoting the figures."""
    remarks: list[str] = []
    if found.rivals["person_mean"].auc.high < 0.5:
        remarks.append(
            "person_mean is below chance: the labels alternate within people, so an earlier one "
            "tells the opposite"
        )
    if found.rivals["order_only"].auc.low > 0.5:
        remarks.append(
            "the order of the recordings alone tells the labels apart; what changes with practice "
            "or fatigue will seem to do so too"
        )
    if found.auc.high < 0.5 and found.model == "fitted":
        remarks.append(
            "below chance: what some people taught did not hold for others; that is no evidence of "
            "the opposite, and usual when there is nothing to learn"
        )
    if found.people < FEW and found.model == "fitted":
        remarks.append(
            f"fewer than {FEW} people: the intervals are too narrow, since other people to learn "
            "from would have given other weights; trust p"
        )
    if found.folds < 10:
        remarks.append(f"only {found.people} people, so {found.folds} folds")
    return remarks


def _unused(found: Evaluation) -> list[str]:
    if found.model == "server":
        return []
    return [name for name in found.task.features if name not in found.opinion.weights]


def _auc_of(found: Evaluation, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> float | None:
    positive = found.judged.positive[rows]
    if positive.all() or not positive.any():
        return None
    return _short(auc(found.opinion.score[rows], positive))


def _range(span: Interval, sign: str = "") -> str:
    return f"{span.low:{sign}.3f} to {span.high:{sign}.3f}"


def _pair(span: Interval) -> list[float]:
    return [_short(span.low), _short(span.high)]


def _short(value: float) -> float:
    return round(float(value), _DIGITS)
