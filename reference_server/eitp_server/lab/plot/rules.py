"""Rules as pictures: how often each fires, and what it tells apart."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

from eitp_server.lab.false_alarms import FRICTION
from eitp_server.lab.plot.canvas import BLUE, FAINT, GREY, INK, VERMILION, blank, plain, save
from eitp_server.lab.rules import RULES, OwnRule, RuleKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from eitp_server.lab.compare_rules import Compared, Comparison
    from eitp_server.lab.false_alarms import FalseAlarms
    from eitp_server.lab.plot.canvas import Axes, Figure

_ROW: Final = 0.27
"""Inches that a rule takes."""
_APART: Final = 0.7
"""Rows between two groups."""
_MARGIN: Final = 1.9
"""Inches above and below the rows."""
_KINDS: Final = {
    RuleKind.RAGE: "rage clicks",
    RuleKind.DEAD: "dead clicks",
    RuleKind.SLOW: "slow clicks",
    RuleKind.THRASH: "thrashing",
    RuleKind.BACK: "returns",
    RuleKind.ERROR: "errors",
}
_STEPPING_IN: Final = "server"
_SERVER: Final = "friction interventions"


def draw_false_alarms(found: FalseAlarms, path: Path) -> None:
    """Draw rates per active hour with their intervals, rules grouped by kind, on a log scale."""
    places = _places([*(rule.name for rule in found.survey.rules), FRICTION])
    figure, axes = _figure(places, width=10)
    facts = found.survey.facts
    _title(
        figure,
        "How often rules fire while nobody has said that anything is wrong",
        f"{facts.recordings:,} recordings of {len(facts.people):,} people, "
        f"{found.active_hours:.2f} active hours",
    )
    rates = {name: found.rate(name) for name in places}
    shown = [rate for rate in rates.values() if rate is not None and rate.high is not None]
    low = min([rate.value for rate in shown if rate.value], default=1.0)
    high = max([rate.high for rate in shown if rate.high], default=1.0)
    left, right = min(low / 4, 0.5), max(high * 6, 10.0)
    axes.set_xscale("log")
    axes.set(xlim=(left, right), xlabel="per active hour, with the exact 95 % interval")
    axes.xaxis.set_major_formatter("{x:g}")
    without = found.survey.not_applicable()
    for name, y in places.items():
        rate = rates[name]
        if rate is None:
            axes.text(left * 1.1, y, _short(without[name]), color=GREY, fontsize=8, va="center")
            continue
        assert rate.value is not None
        assert rate.low is not None
        assert rate.high is not None
        if rate.value > left:
            axes.barh(y, rate.value - left, left=left, height=0.62, color=_colour(name))
        axes.plot(
            [max(rate.low, left), rate.high],
            [y, y],
            color=INK,
            linewidth=1.2,
            solid_capstyle="butt",
        )
        axes.plot([rate.high], [y], marker="|", color=INK, markersize=6)
        axes.text(rate.high * 1.12, y, _figured(rate.value), fontsize=8.5, color=INK, va="center")
    axes.axvline(1, color=FAINT, linewidth=1, zorder=0)
    _legend(axes, (("EITP", VERMILION), ("peers", BLUE)))
    save(figure, path)


def draw_comparison(found: Comparison, path: Path) -> None:
    """Draw the shares tripped with and without the label, and the AUC, rules grouped by kind."""
    known = {name: own for name, own in found.rules.items() if own}
    places = _places(known)
    figure, shares = _figure(places, width=12, right=0.60)
    aucs = figure.add_axes((0.65, shares.get_position().y0, 0.325, shares.get_position().height))
    condition = f"{found.label} {found.condition.text}"
    _title(
        figure,
        f"Do rules fire more where {condition}?",
        f"{found.positives:,} recordings with it, {found.negatives:,} without, "
        f"{len(found.survey.facts.people):,} people",
    )
    shares.set(xlim=(-0.02, 1.02))
    shares.set_xlabel("share of recordings in which the rule trips, with the exact 95 % interval")
    plain(aucs, "")
    low = min([0.4, *(own.auc.low for own in known.values())])
    high = max([0.6, *(own.auc.high for own in known.values())])
    aucs.set(xlim=(low - 0.02, high + 0.05), ylim=shares.get_ylim(), yticks=[])
    aucs.set_xlabel("AUC of its count, with the 95 % interval over people")
    aucs.axvline(0.5, color=GREY, linewidth=1, linestyle="--")
    for name, y in places.items():
        own = known[name]
        _draw_shares(shares, y, own)
        aucs.plot([own.auc.low, own.auc.high], [y, y], color=INK, linewidth=1.2)
        aucs.plot([own.auc.value], [y], marker="o", color=_colour(name), markersize=6)
        aucs.text(high + 0.045, y, f"{own.auc.value:.2f}", fontsize=8.5, va="center", ha="right")
    _legend(shares, ((f"{condition}", VERMILION), ("all others", BLUE)))
    _legend(aucs, (("EITP", VERMILION), ("peers", BLUE)))
    _note(figure, list(found.survey.not_applicable()))
    save(figure, path)


def _draw_shares(axes: Axes, y: float, own: Compared) -> None:
    for share, colour, shift in ((own.positive, VERMILION, -0.14), (own.negative, BLUE, 0.14)):
        axes.plot([share.low, share.high], [y + shift] * 2, color=colour, linewidth=1.2, alpha=0.6)
        axes.plot([share.value], [y + shift], marker="o", color=colour, markersize=5)


def _places(names: Iterable[str]) -> dict[str, float]:
    """Return where each rule goes, from the top down; groups lie apart."""
    places: dict[str, float] = {}
    y, before = 0.0, ""
    for name in names:
        group = _group(name)
        y += 1.0 + (_APART if before and group != before else 0.0)
        places[name], before = y, group
    return places


def _group(name: str) -> str:
    return _KINDS[RULES[name].kind] if name in RULES else _STEPPING_IN


def _figure(places: dict[str, float], *, width: float, right: float = 0.97) -> tuple[Figure, Axes]:
    rows = max(places.values(), default=1.0)
    height = rows * _ROW + _MARGIN
    figure = blank(width, height)
    left = 2.75 / width
    bottom = 0.9 / height
    axes = figure.add_axes((left, bottom, right - left, 1 - _MARGIN / height))
    plain(axes, "")
    axes.set_yticks(list(places.values()), [_named(name) for name in places])
    axes.set_ylim(rows + 0.8, 0.2)
    axes.tick_params(axis="y", length=0)
    for group, y in _groups(places).items():
        axes.text(
            -2.62 / ((right - left) * width),
            y,
            group,
            transform=axes.get_yaxis_transform(),
            fontsize=8.5,
            color=GREY,
            va="center",
            clip_on=False,
        )
    return figure, axes


def _groups(places: dict[str, float]) -> dict[str, float]:
    """Return where the first rule of each group is."""
    firsts: dict[str, float] = {}
    for name, y in places.items():
        firsts.setdefault(_group(name), y)
    return firsts


def _title(figure: Figure, heading: str, subject: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(0.13 / width, 1 - 0.33 / height, heading, fontsize=13, color=INK, weight="bold")
    figure.text(0.13 / width, 1 - 0.58 / height, subject, fontsize=10, color=INK)


def _note(figure: Figure, without: Sequence[str]) -> None:
    """Name the rules that could not be counted at the foot of the picture."""
    if without:
        width, height = figure.get_size_inches()
        note = "Not applicable to these recordings: " + ", ".join(without)
        lines = "\n".join(wrap(note, round(width * 14)))
        figure.text(0.13 / width, 0.1 / height, lines, fontsize=8, color=GREY, va="bottom")


def _legend(axes: Axes, entries: Sequence[tuple[str, str]]) -> None:
    for label, colour in entries:
        axes.plot([], [], marker="s", linestyle="", color=colour, label=label)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(entries),
        frameon=False,
        fontsize=9,
        handletextpad=0.2,
        columnspacing=1.2,
    )


def _named(name: str) -> str:
    return name if name in RULES else _SERVER


def _colour(name: str) -> str:
    return BLUE if name in RULES and not isinstance(RULES[name], OwnRule) else VERMILION


def _short(reason: str) -> str:
    return "not applicable: " + reason.partition(" (")[0].partition(", so")[0]


def _figured(value: float) -> str:
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"
