"""A finding in one English sentence, from a closed set of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp_server.intelligence.transfer.verdict import LEAST_VERTICALS, Verdict

if TYPE_CHECKING:
    from eitp_server.intelligence.transfer.finding import Estimate, Finding


def statement(finding: Finding) -> str:
    """Return the verdict with the numbers that it rests on."""
    estimate, new = finding.estimate, finding.predictive
    if estimate is None or new is None:
        counted = ("no vertical has", "1 vertical has", "2 verticals have")[finding.k]
        return (
            f"Too little to go by: {counted} enough data, and it takes {LEAST_VERTICALS} to say "
            "what to expect in another."
        )
    chance = f"is above 0 with probability {new.positive:.4f}"
    match finding.verdict:
        case Verdict.TRANSFERABLE:
            return (
                f"Expect it to help in another vertical: the effect there {chance}; "
                f"{_mean(estimate)}."
            )
        case Verdict.HARMFUL:
            return (
                f"Expect it to harm in another vertical: the effect there {chance}; "
                f"{_mean(estimate)}."
            )
        case Verdict.VARIES:
            return (
                f"It depends on the vertical, so try it there first: the effect in another {chance}"
                f"; {_mean(estimate)}, and true effects differ between verticals by more than "
                f"chance, with a deviation of {_deviation(estimate)}."
            )
        case _:
            return (
                f"The data do not say what to expect in another vertical: the effect there {chance}"
                f"; {_mean(estimate)}."
            )


def _mean(estimate: Estimate) -> str:
    low, high = estimate.pooled.confidence_interval()
    k = len(estimate.pooled.effects)
    return f"the mean over {k} verticals is {estimate.pooled.mean:.3f} ({low:.3f} to {high:.3f})"


def _deviation(estimate: Estimate) -> str:
    low, high = (bound**0.5 for bound in estimate.tau2_interval)
    return f"{estimate.pooled.tau2**0.5:.3f} ({low:.3f} to {high:.3f})"
