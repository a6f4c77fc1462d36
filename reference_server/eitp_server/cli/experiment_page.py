"""What `eitp-server report lift` prints for people, 80 columns wide."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from eitp_server.bandit.lift import gain
from eitp_server.bandit.pattern import PatternStatus
from eitp_server.bandit.promotion import is_enough
from eitp_server.classification.packet import Label
from eitp_server.cli.console import CONSOLE
from eitp_server.services.unproven import unproven

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eitp_server.bandit.guardrail import Guardrail
    from eitp_server.bandit.lift import Lift
    from eitp_server.services.experiment import ArmFindings, Findings
    from eitp_server.storage.patterns import PatternRow

_STYLES: Final = {
    "INVALID": "bold red",
    "NO_HOLDOUT": "yellow",
    "TOO_EARLY": "yellow",
    "LIFT_SHOWN": "bold green",
    "HARM_SHOWN": "bold red",
    "NOT_SHOWN": "bold",
}
_ALLOWED: Final = {
    "INVALID": (
        "Nothing may be concluded: find out first what broke the experiment. More data will not "
        "mend what is there."
    ),
    "NO_HOLDOUT": "Nothing may be concluded about lift, however many decisions there are.",
    "TOO_EARLY": (
        "Nothing may be concluded yet, neither that intervening helps nor that it does not. "
        "Looking again as often as you like does no harm."
    ),
    "LIFT_SHOWN": (
        "It may be concluded that intervening as this policy did brought this shop more "
        "conversions in this time. It may not be concluded that each intervention helps, that the "
        "gain will stay as large, or that another shop would see it."
    ),
    "HARM_SHOWN": (
        "It may be concluded that intervening as this policy did cost this shop conversions in "
        "this time. It may not be concluded that each intervention does harm: see which do, and "
        "take them out of the catalogue."
    ),
    "NOT_SHOWN": (
        "It may be concluded that the effect, if there is one, lies within the interval. It may "
        "not be concluded that there is none."
    ),
}
_HOLD_OUT: Final = (
    "A server that is started with EITP_HOLDOUT_SHARE=0.1 holds one visitor in ten out."
)
_HOLD_OUT_AGAIN: Final = (
    "This shop chose that. Stop the server, and `eitp-server tenants learning {tenant} --holdout "
    "0.1` holds one visitor in ten out."
)
_CHANCE: Final = (
    "Chance: of being chosen, in the newest decision in which it was eligible. That need not be "
    "the same one for all, so they need not add up to 100 %."
)
_MOST_REASONS: Final = 3
_METRICS: Final = {1: "bounce", 3: "dismissal", 4: "complaint"}


def print_experiment(findings: Findings, patterns: Sequence[PatternRow], tenant: str) -> None:
    """Print an experiment, and in words what may be concluded from it and what may not."""
    verdict = findings.conclusion.verdict.name
    heading = Text(f"Does intervening help at {tenant}?  ", style="bold")
    CONSOLE.print(heading.append(verdict.replace("_", " ").lower(), style=_STYLES[verdict]))
    CONSOLE.print()
    _print_rows(_counted(findings))
    whole = findings.evidence.overall
    if whole is not None and findings.examined.study.visitors:
        CONSOLE.print(_sides(whole, findings))
        _print_rows(_lift_rows(whole))
    _print_rows(_checks(findings), head="Can it be trusted?")
    if len(findings.arms) > 1:
        CONSOLE.print(_arms_table(findings.arms))
        CONSOLE.print(Text(_CHANCE, style="dim"))
        CONSOLE.print()
        if whole is not None:
            _print_rows(_guardrails(findings.arms), head="Harms, arm minus holdout")
    _print_rows(_in_use(patterns), head="Proven patterns in use")
    if whole is not None:
        _print_rows(
            _missing(findings, patterns), head="What a proof still takes, where it is nearest"
        )
    CONSOLE.print(Text(findings.conclusion.statement, style="bold"))
    CONSOLE.print(Text(_ALLOWED[verdict]))
    if verdict == "NO_HOLDOUT":
        remedy = _HOLD_OUT_AGAIN if findings.standing.is_own_holdout else _HOLD_OUT
        CONSOLE.print(Text(remedy.format(tenant=tenant)))
    for sentence in _about_arms(findings):
        CONSOLE.print(Text(sentence))
    CONSOLE.print()
    _print_rows((("·", caveat) for caveat in findings.conclusion.caveats), style="dim")


def _print_rows(rows: Iterable[tuple[str, ...]], *, head: str = "", style: str = "") -> None:
    listed = list(rows)
    if not listed:
        return
    if head:
        CONSOLE.print(Text(head, style="bold"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for row in listed:
        grid.add_row(*map(Text, row))
    CONSOLE.print(grid, style=style)
    CONSOLE.print()


def _counted(findings: Findings) -> Iterator[tuple[str, str]]:
    examined = findings.examined
    study, pending = examined.study, examined.pending
    yield "counted", f"{study.audit.decisions:,} decisions about {study.visitors:,} visitors"
    first, last = study.first_decided_at_us, study.last_decided_at_us
    if first is not None and last is not None:
        yield "  taken", f"{_day(first)} to {_day(last)} UTC"
    waiting = f"{pending.decisions.total:,} about {len(pending.visitors):,} visitors"
    yield "not a day old yet", waiting
    if study.censored_visitors:
        yield "never to be known", f"{study.censored_visitors:,} visitors"
    if examined.late.total:
        yield "came too late", f"{examined.late.total:,} conversions"


def _sides(whole: Lift, findings: Findings) -> Table:
    loss = findings.evidence.outcome_loss
    table = Table(
        "",
        Column("treated", justify="right"),
        Column("held out", justify="right"),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_row("visitors", f"{whole.treated_units:,}", f"{whole.holdout_units:,}")
    table.add_row("converted", f"{whole.treated_conversions:,}", f"{whole.holdout_conversions:,}")
    table.add_row(
        "  share",
        _share(whole.treated_conversions, whole.treated_units),
        _share(whole.holdout_conversions, whole.holdout_units),
    )
    table.add_row("outcome unknowable", _percent(loss.treated_share), _percent(loss.holdout_share))
    return table


def _lift_rows(whole: Lift) -> Iterator[tuple[str, str]]:
    if whole.estimate is None or whole.interval_low is None or whole.interval_high is None:
        yield "lift", "withheld: fewer than 100 visitors on a side"
        return
    relative = "" if whole.relative is None else f" ({100 * whole.relative:+.0f} %)"
    yield "lift", f"{_points(whole.estimate)} points{relative}"
    yield "  at least", f"{_points(whole.lower_bound)} points at 95 % confidence, at any time"
    low, high = _points(whole.interval_low), _points(whole.interval_high)
    yield "  95 % interval", f"{low} to {high} points, at any time"
    if whole.e_value is not None and whole.p_value is not None:
        yield "  exact test", f"e-value {whole.e_value:.3g}, p = {whole.p_value:.2g}"
    if added := gain(whole):
        low, high = f"{added.interval_low:+,.0f}", f"{added.interval_high:+,.0f}"
        yield "added", f"{added.estimate:+,.0f} conversions, {low} to {high} at 95 % confidence"


def _checks(findings: Findings) -> Iterator[tuple[str, ...]]:
    evidence = findings.evidence
    audit, ratio, loss = evidence.propensity_audit, evidence.sample_ratio, evidence.outcome_loss
    if not audit.decisions:
        yield "", "there is nothing to check yet"
        return
    yield (
        "  probabilities",
        _mark(audit.alarm),
        f"chosen as logged, p = {audit.sequential_p_value:.2g} at any time",
    )
    if audit.p_value is not None and audit.mean_weight is not None:
        weight = f"mean weight {audit.mean_weight:.2f}, least {audit.least_propensity:.3f}"
        yield "", "", f"chi-square p = {audit.p_value:.2g}, {weight}"
    if not findings.standing.holdout_share:
        yield "  holdout", "none", "nobody is held out"
        return
    units = ratio.treated_units + ratio.holdout_units
    leaked = f", {ratio.leaked_units:,} leaked" if ratio.leaked_units else ""
    held_out = f"{_share(ratio.holdout_units, units)}{leaked}"
    yield (
        "  holdout",
        _mark(ratio.alarm),
        f"{held_out}, p = {ratio.sequential_p_value:.2g} at any time",
    )
    yield "", "", f"promised now: {_percent(ratio.expected_holdout_share)}"
    yield (
        "  lost outcomes",
        _mark(loss.alarm),
        f"as many on both sides, p = {loss.sequential_p_value:.2g} at any time",
    )


def _arms_table(arms: Sequence[ArmFindings]) -> Table:
    table = Table(
        Column("intervention", overflow="fold"),
        *(
            Column(name, justify="right")
            for name in ("decisions", "shown", "chance", "lift", "95 % interval")
        ),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for arm in arms:
        state = "" if arm.status.name == "ACTIVE" else f" ({arm.status.name.lower()})"
        found = arm.lift
        table.add_row(
            Text((arm.definition_id or "no intervention") + state),
            f"{arm.counts.decisions:,}",
            f"{arm.counts.delivered:,}" if arm.definition_id else "–",
            f"{100 * arm.chance:.0f} %",
            "–" if found is None else _points(found.estimate),
            "–" if found is None else _interval(found),
        )
    return table


def _guardrails(arms: Sequence[ArmFindings]) -> Iterator[tuple[str, str]]:
    """Say which harms are shown at all, and which stopped an arm; the others only by name."""
    watched = [(arm, each) for arm in arms for each in arm.guardrails]
    shown = [
        (arm, each)
        for arm, each in watched
        if (each.harm_lower_bound or 0.0) > 0 or _stopped_at_us(arm, each)
    ]
    for arm, each in shown:
        harm, least = _points(each.harm), _points(each.harm_lower_bound)
        said = f"{harm} points, at least {least}; {100 * each.margin:g} tolerated"
        if stopped_at_us := _stopped_at_us(arm, each):
            said += f"; stopped it {_day(stopped_at_us)}"
        elif (each.harm_lower_bound or 0.0) > each.margin:
            said += "; more than that is proven"
        yield f"  {arm.definition_id}: {_METRICS[each.metric]}", said
    names = ", ".join(sorted({_METRICS[each.metric] for _, each in watched}))
    if all(each.harm is None for _, each in watched):
        yield "", f"too few visitors yet to tell; watched are {names}"
    elif not shown:
        yield "", f"none is shown; watched are {names}"


def _stopped_at_us(arm: ArmFindings, guardrail: Guardrail) -> int | None:
    stop = arm.stop
    is_it = stop is not None and (stop.metric, stop.epoch) == (guardrail.metric, arm.epoch)
    return stop.at_us if stop is not None and is_it else None


def _in_use(patterns: Sequence[PatternRow]) -> Iterator[tuple[str, str]]:
    if not patterns:
        yield "", "none"
    for row in patterns:
        place = _place(row.vertical, row.label, row.page_section)
        status = PatternStatus(row.status).name.lower()
        yield f"  {row.definition_id}", f"{place}: at least {_points(row.lower_bound)} points"
        yield "", f"{status}, {row.pattern_id} version {row.version}"


def _missing(findings: Findings, patterns: Sequence[PatternRow]) -> Iterator[tuple[str, str]]:
    """Say what is missing for each intervention of which nothing is proven, the first of it."""
    asked = {arm.definition_id for arm in findings.arms}
    for found in unproven(
        findings.examined.study,
        margin=findings.standing.promotion_margin,
        proven={row.definition_id for row in patterns},
        stopped=findings.standing.stops.keys(),
    ):
        if found.definition_id not in asked:
            continue
        where = found.place
        yield f"  {found.definition_id}", _place(where.vertical, where.label, where.page_section)
        for unmet in found.unmet[:_MOST_REASONS]:
            yield "", unmet.sentence
        if len(found.unmet) > _MOST_REASONS:
            yield "", f"and {len(found.unmet) - _MOST_REASONS} more"
        if not found.unmet:
            yield "", "Nothing is missing: the next look of the server promotes it."


def _place(vertical: str | None, label: int | None, section: int | None) -> str:
    parts = (
        vertical or "every vertical",
        None if label is None else _label(label),
        None if section is None else _section(section),
    )
    return ", ".join(part for part in parts if part is not None)


def _about_arms(findings: Findings) -> Iterator[str]:
    """Say of which interventions by themselves something is shown."""
    for arm in findings.arms:
        for each in arm.guardrails:
            if (each.harm_lower_bound or 0.0) > each.margin:
                yield (
                    f"More {_METRICS[each.metric]}s than are tolerated are proven for "
                    f"{arm.definition_id}."
                )
    if findings.conclusion.verdict.name in ("INVALID", "NO_HOLDOUT", "TOO_EARLY"):
        return
    enough = [(arm, arm.lift) for arm in findings.arms if arm.lift and is_enough(arm.lift)]
    better = [arm.definition_id for arm, found in enough if (found.lower_bound or 0.0) > 0]
    worse = [arm.definition_id for arm, found in enough if (found.interval_high or 0.0) < 0]
    if better:
        yield f"By itself a lift is shown for: {', '.join(better)}."
    if worse:
        yield f"By itself harm is shown for: {', '.join(worse)}."
    if better or worse:
        yield "Each such claim errs in one shop of twenty: among many claims, expect a wrong one."


def _label(number: int) -> str:
    return Label(number).name.replace("_", " ").lower()


def _section(number: int) -> str:
    from eitp.v1.page_pb2 import PageSection

    name = PageSection.Name(PageSection.ValueType(number))
    return name.removeprefix("PAGE_SECTION_").replace("_", " ").lower()


def _mark(alarm: bool) -> str:
    return "ALARM" if alarm else "sound"


def _day(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M}"


def _interval(found: Lift) -> str:
    if found.interval_low is None or found.interval_high is None:
        return "too few"
    return f"{_points(found.interval_low)} to {_points(found.interval_high)}"


def _points(difference: float | None) -> str:
    return "–" if difference is None else f"{100 * difference:+.2f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f} %"


def _share(part: int, of: int) -> str:
    return _percent(part / of) if of else "–"
