"""Whether arms were chosen as often as their logged probabilities promise, decision by decision."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum, log
from typing import TYPE_CHECKING, Any

import numpy as np

from eitp_server.bandit.sample_ratio import ALARM_BELOW, LEAST_EXPECTED, adaptive_chi_square

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.bandit.decision import Decision
    from eitp_server.bandit.sample_ratio import ChiSquare

PRIOR_DECISIONS = 100.0
"""Choices of each arm that are taken to have gone as promised before the first one."""
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The check as it stands; fields are those of the protocol's message."""

    decisions: int
    least_propensity: float | None
    mean_weight: float | None
    """For display only: 1 in the mean over all logs, but sound ones lie far from it where a share
    is next to nothing or few visitors decide often."""
    chi_square: float | None
    degrees_of_freedom: int | None
    p_value: float | None
    """As the chi-square stands: watched at 500 refreshes, sound logs fell below 0.001 in 3 %."""
    sequential_p_value: float
    """May be looked at at any time, never rises; the alarm rests on it. 1 without decisions."""
    alarm: bool


class PropensityAudit:
    """What the decisions so far promised of each arm, and what they did.

    The draw is made for whoever is held out too, so every decision is checked. The holdout itself
    is left to the sample ratio: a visitor keeps it for life, so decisions do not draw it anew.
    """

    def __init__(self) -> None:
        self.decisions = 0
        self._least_propensity = 1.0
        self._weight = 0.0
        self._log_evidence = 0.0
        self._highest_log = 0.0
        self._impossible = 0
        """Decisions for something that had no probability, by what was logged."""
        self._observed: dict[str, int] = {}
        self._expected: dict[str, float] = {}
        self._covariance: dict[tuple[str, str], float] = {}
        """By pairs of arms in ascending order."""

    def fold(self, decision: Decision) -> None:
        """Count a decision."""
        choices = len(decision.arms) + (decision.holdout_share > 0)
        shares = sorted(zip(decision.arms, decision.probabilities, strict=True))
        self.decisions += 1
        if not dict(shares).get(decision.chosen) or not decision.propensity > 0:
            self._impossible += 1
            return
        self._least_propensity = min(self._least_propensity, decision.propensity)
        self._weight += 1.0 / (decision.propensity * choices)
        self._bet(dict(shares), decision.chosen)
        self._observed[decision.chosen] = self._observed.get(decision.chosen, 0) + 1
        for i, (arm, share) in enumerate(shares):
            self._expected[arm] = self._expected.get(arm, 0.0) + share
            self._add(arm, arm, share * (1 - share))
            for other, other_share in shares[i + 1 :]:
                self._add(arm, other, -share * other_share)

    def report(self) -> Audit:
        """Return the check as it stands."""
        tested, sequential = self._test(), exp(-self._highest_log)
        possible = self.decisions - self._impossible
        mean = self._weight / possible if possible else None
        return Audit(
            decisions=self.decisions,
            least_propensity=self._least_propensity if possible else None,
            mean_weight=mean,
            chi_square=tested.statistic if tested else None,
            degrees_of_freedom=tested.degrees_of_freedom if tested else None,
            p_value=tested.p_value if tested else None,
            sequential_p_value=sequential,
            alarm=self._impossible > 0 or sequential < ALARM_BELOW,
        )

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values; equal states give equal values, order included."""
        return {
            "format": FORMAT,
            "decisions": self.decisions,
            "least_propensity": self._least_propensity,
            "weight": self._weight,
            "log_evidence": [self._log_evidence, self._highest_log],
            "impossible": self._impossible,
            "observed": [list(item) for item in sorted(self._observed.items())],
            "expected": [list(item) for item in sorted(self._expected.items())],
            "covariance": [[*pair, value] for pair, value in sorted(self._covariance.items())],
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> PropensityAudit:
        """Return the audit from `dump`. Raises ValueError for another format."""
        if state["format"] != FORMAT:
            raise ValueError(f"audit has format {state['format']}, not {FORMAT}")
        loaded = cls()
        loaded.decisions = state["decisions"]
        loaded._least_propensity = state["least_propensity"]
        loaded._weight = state["weight"]
        loaded._log_evidence, loaded._highest_log = state["log_evidence"]
        loaded._impossible = state["impossible"]
        loaded._observed = dict(state["observed"])
        loaded._expected = dict(state["expected"])
        loaded._covariance = {(arm, other): value for arm, other, value in state["covariance"]}
        return loaded

    def _bet(self, shares: Mapping[str, float], chosen: str) -> None:
        """Bet that arms go on as they went: each share times observed over expected so far.

        Any bet from earlier decisions keeps the mean capital at 1 when the shares are true, and
        eligible arms may change from one decision to the next.
        """
        tilted = {
            arm: share
            * (PRIOR_DECISIONS + self._observed.get(arm, 0))
            / (PRIOR_DECISIONS + self._expected.get(arm, 0.0))
            for arm, share in shares.items()
        }
        expected = tilted[chosen] / fsum(tilted.values())
        promised = shares[chosen] / fsum(shares.values())
        self._log_evidence += log(expected / promised)
        self._highest_log = max(self._highest_log, self._log_evidence)

    def _add(self, arm: str, other: str, value: float) -> None:
        self._covariance[arm, other] = self._covariance.get((arm, other), 0.0) + value

    def _test(self) -> ChiSquare | None:
        """Return the chi-square over the arms whose choice was open often enough, None without."""
        arms = sorted(arm for arm in self._expected if self._covariance[arm, arm] >= LEAST_EXPECTED)
        if not arms:
            return None
        pairs = [[(min(a, b), max(a, b)) for b in arms] for a in arms]
        return adaptive_chi_square(
            np.array([self._observed.get(arm, 0) for arm in arms], dtype=np.float64),
            np.array([self._expected[arm] for arm in arms]),
            np.array([[self._covariance.get(pair, 0.0) for pair in row] for row in pairs]),
        )
