"""Whether the propensities of a log can be those that its decisions were drawn with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.lab.ope.fit import ERRORS, FALSE_ALARMS, ROUNDING, Fit, small

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.lab.ope.decision_log import DecisionLog

LISTED: Final = 100
"""Groups of which a report lists more than the number, those that fit least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The mean of 1 / propensity over what was chosen is the number of items, on average.

    Figures are those of the groups that are tested; of all of them where none is.
    """

    mean_inverse: float
    standard_error: float | None
    items: int
    """Distinct items of the log."""
    expected: float
    """Distinct items chosen in a row's group and, by the propensities, unseen there by chance, on
    average over the rows."""
    columns: tuple[str, ...]
    """What tells groups apart: the position and the contexts."""
    groups: int
    tested: int
    """Groups that have enough rows to tell."""
    rows: int
    rows_tested: int
    sums: Mapping[str, float] | None
    """By group, the sum of the propensities of the items chosen, where these do not change from
    row to row; None where they do in all groups."""
    chance: float | None
    """How probable counts as far from those propensities, or farther, are, all groups together."""
    smallest: float | None
    """The smallest such probability of one group, times their number (Bonferroni)."""
    off: Mapping[str, str]
    """By group, why it does not fit; the farthest off first."""
    reason: str | None
    """What does not fit; None where all does."""

    @classmethod
    def of(cls, log: DecisionLog) -> Calibration:
        """Check a log's propensities, group by group, against what was chosen."""
        fit = Fit.of(log)
        groups = fit.groups
        told = groups.large if groups.large.any() else np.ones(len(groups.rows), np.bool_)
        rows = groups.rows[told]
        share = rows / rows.sum()
        mean, expected = float(share @ fit.mean[told]), float(share @ fit.expected[told])
        error = float(np.sqrt(share**2 @ (fit.variance[told] / rows))) if len(log) > 1 else None
        off = {groups.names[group]: reason for group, reason in fit.off().items()}
        chances = fit.chance[np.isfinite(fit.chance)]
        reasons = (
            _several(list(off.values())),
            _all_off(fit.chance_of_all),
            None if error is None else _mean_off(mean, error, expected),
        )
        return cls(
            mean_inverse=mean,
            standard_error=error,
            items=len(log.item.values),
            expected=expected,
            columns=groups.columns,
            groups=len(groups.names),
            tested=int(groups.large.sum()),
            rows=len(log),
            rows_tested=int(groups.rows[groups.large].sum()),
            sums=_sums(fit),
            chance=fit.chance_of_all,
            smallest=min(1.0, float(chances.min()) * len(chances)) if len(chances) else None,
            off=off,
            reason=next(filter(None, reasons), None) if groups.large.any() else None,
        )

    @property
    def fits(self) -> bool | None:
        """Whether nothing is off; None where there are too few rows to tell."""
        return self.reason is None if self.tested else None

    @property
    def scope(self) -> str:
        """What was tested, in words."""
        within = f"within each {' and '.join(self.columns)}" if self.columns else "as a whole"
        some = f"; {self.rows_tested:,} of {self.rows:,} decisions are in groups large enough"
        several = f": {self.tested:,} of {self.groups:,} groups" if self.columns else ""
        strict = f", p-values times {self.tested:,} (Bonferroni)" if self.tested > 1 else ""
        return f"tested {within}{several}{strict}{some if self.rows_tested < self.rows else ''}"

    def as_json(self) -> dict[str, Any]:
        """Return the figures; `ok` is null where there are too few rows to tell."""
        return {
            "mean_inverse_propensity": self.mean_inverse,
            "se": self.standard_error,
            "items": self.items,
            "expected": self.expected,
            "propensity_sums": self.sums,
            "p_value": self.chance,
            "ok": self.fits,
            "reason": self.reason,
            "tested": {
                "within": list(self.columns),
                "groups": self.groups,
                "groups_tested": self.tested,
                "rows_tested": self.rows_tested,
                "smallest_p_value": self.smallest,
                "correction": "Bonferroni",
                "groups_off": len(self.off),
                "off": dict(list(self.off.items())[:LISTED]),
            },
        }


def _sums(fit: Fit) -> dict[str, float] | None:
    """Return the sums of the groups that have some, the farthest from 1 where there are many."""
    known = np.flatnonzero(fit.constant)
    if not len(known):
        return None
    farthest: list[int] = known[np.argsort(-np.abs(fit.sums[known] - 1))][:LISTED].tolist()
    return dict(sorted((fit.groups.names[n], float(fit.sums[n])) for n in farthest))


def _several(reasons: list[str]) -> str | None:
    if len(reasons) < 2:
        return reasons[0] if reasons else None
    others = len(reasons) - 1
    return (
        f"{reasons[0]} ({others:,} other group{'s do' if others > 1 else ' does'} not fit either)"
    )


def _all_off(chance: float | None) -> str | None:
    if chance is None or chance >= FALSE_ALARMS:
        return None
    return (
        "items were not chosen as often as their propensities say, all groups together: by chance "
        f"counts are as far off with a probability of {small(chance)}"
    )


def _mean_off(mean: float, error: float, expected: float) -> str | None:
    if abs(mean - expected) <= max(ERRORS * error, ROUNDING * expected):
        return None
    return (
        f"the mean of 1 / propensity is {mean:.4g} +- {error:.2g}; it should be the number of "
        f"items, {expected:.4g}"
    )
