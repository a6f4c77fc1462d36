"""What an analysis says, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp_server.classification.hypothesis import ENOUGH, LEAST, Baseline, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eitp_server.classification.hypothesis import Analysis, Comparison
    from eitp_server.classification.roc import Interval

_BASELINES = {
    Baseline.PAGE_ONLY: "page, cart and time on site alone",
    Baseline.DURATION_ONLY: "time on site alone",
}


def statement(analysis: Analysis) -> str:
    """Return the verdict in one or two sentences with its numbers."""
    counts = (
        f"{_sessions(analysis.sessions)} without an intervention by design, "
        f"{analysis.abandoned:,} of them abandoned"
    )
    comparison = analysis.comparison
    match analysis.verdict:
        case Verdict.TOO_EARLY:
            return f"Too early to say: {counts}. {_wait(analysis)}"
        case Verdict.SUPPORTED:
            assert comparison is not None
            return (
                f"Supported: behaviour foretold abandonment better than {_better(comparison)} "
                f"in {counts}: {_numbers(comparison)}."
            )
        case Verdict.NOT_SUPPORTED:
            assert comparison is not None
            return (
                f"Not supported: behaviour did not foretell abandonment better than "
                f"{_better(comparison)} in {counts}: {_numbers(comparison)}."
            )


def conclusion(analysis: Analysis) -> str:
    """Return what may be concluded from the verdict, and what not."""
    match analysis.verdict:
        case Verdict.TOO_EARLY:
            return "Nothing may be concluded yet, in either direction."
        case Verdict.SUPPORTED:
            return (
                "In this shop, the first state of a session carries information about how the "
                "session ends that page, cart and time do not carry. It does not follow that a "
                "shopper felt what a label says, nor that intervening helps."
            )
        case Verdict.NOT_SUPPORTED:
            return (
                "In this shop, the first state of a session does not usefully add to page, cart "
                f"and time: a gain of {LEAST:.2f} would most likely have been seen. Decisions "
                "that rest on it rest on page, cart and time."
            )


def caveats(
    *, primary: Analysis, secondary: Analysis, late: int, lost: int, models: int, cut: bool
) -> Iterator[str]:
    """Yield what a reader must know before quoting the verdict.

    `late` sessions succeeded after they had counted as abandoned, `lost` ones were forgotten
    before they ended; `models` made the forecasts; `cut` says that there are older sessions than
    were read.
    """
    yield (
        "The verdict rests on 99.5 % bounds, stricter than the 95 % intervals shown, because a "
        "running test is looked at again and again; ten looks at it err at most as often as one "
        "look at 95 %."
    )
    yield (
        "Abandoned means that no conversion or lead was reported: a shop that does not report "
        "some of its orders, or reports them late, makes sessions look abandoned."
    )
    if not primary.sessions:
        yield "No session of a held-out visitor has ended yet, or the server holds nobody out."
    if secondary.sessions > primary.sessions:
        yield (
            "The secondary analysis counts all sessions, also those that an intervention was sent "
            f"to ({secondary.treated:,}): what helps a shopper makes the forecast look wrong, so "
            "it describes the forecast in use and proves nothing about the hypothesis."
        )
    if late:
        yield f"{_sessions(late)} counted as abandoned when a success was reported; they stay so."
    if lost:
        yield f"{_sessions(lost)} had to be forgotten before the end: too many were open at once."
    if models > 1:
        yield (
            f"{models} versions of risk model and estimator made the forecasts; the analysis mixes "
            "them."
        )
    if cut:
        yield "Only the newest sessions were read; older ones within the window are left out."


def _wait(analysis: Analysis) -> str:
    rarer = min(analysis.abandoned, analysis.sessions - analysis.abandoned)
    about = f"About {analysis.further_sessions:,} further such sessions are needed"
    if rarer < ENOUGH:
        return f"{about} until there are {ENOUGH} of each outcome."
    assert analysis.comparison is not None
    return f"{about} to settle it; so far: {_numbers(analysis.comparison)}."


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count:,} sessions"


def _better(comparison: Comparison) -> str:
    return _BASELINES[comparison.better]


def _numbers(comparison: Comparison) -> str:
    baseline = (
        comparison.page_only
        if comparison.better is Baseline.PAGE_ONLY
        else comparison.duration_only
    )
    return (
        f"area under the curve {_range(comparison.state)} against {_range(baseline)}, "
        f"a difference of {_range(comparison.gain, signed=True)}"
    )


def _range(interval: Interval, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    value, low, high = (f"{x:{sign}.3f}" for x in (interval.value, interval.low, interval.high))
    return f"{value} (95 %: {low} to {high})"
