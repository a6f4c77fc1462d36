"""An evaluation policy judged on a log: every estimate, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.bandit.off_policy import (
    LEAST_EFFECTIVE,
    MEAN_WEIGHT,
    Estimate,
    clipped_inverse_propensity,
    direct_method,
    distrust,
    doubly_robust,
    effective_sample_size,
    inverse_propensity,
    on_policy,
    self_normalised,
    self_normalised_doubly_robust,
    switch_doubly_robust,
    switched,
)
from eitp_server.lab.ope.calibration import Calibration
from eitp_server.lab.ope.reward_model import FOLDS, SHRINKAGE, RewardModel
from eitp_server.lab.ope.support import Support

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.lab.ope.decision_log import DecisionLog
    from eitp_server.lab.ope.policy import Policy

NOTABLE: Final = 0.001
"""A policy that is this often where the log has never been gets a note."""
_NEARER: Final = (
    "evaluate a policy nearer to the logging one, or log with a larger floor under the propensities"
)
_CHECK: Final = (
    "check that the propensities are those of the draw (calibration) and that the log has shown "
    "what the policy shows (support)"
)
_UNTRUE: Final = (
    "unless items were not always eligible, the propensities are not those of the draw, and no "
    "estimate can be trusted"
)
_UNTESTED: Final = "there are too few rows to tell whether the propensities are those of the draw"
_TAKEN: Final = "ips takes its reward as 0, the reward model as average"
FEW_REWARDS: Final = 20
"""With fewer rewards than this the normal approximation of an interval is poor."""
_FEW: Final = "intervals from so few cover less than 95 %"
METHOD: Final = (
    "Errors are those of independent decisions; intervals are value +- 1.96 se. ips and dr are "
    "unbiased where the propensities are true and the log has shown whatever the policy shows; "
    "clipped_ips, dm and switch_dr are not, and their errors do not cover that. The reward model "
    f"is the mean per context and item, shrunk to the item's and to all by {SHRINKAGE:g} rows "
    f"each, learned from the other {FOLDS - 1} of {FOLDS} folds."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the estimators are told."""

    clip: float
    switch: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OffPolicyEvaluation:
    """What the log says about the policy."""

    log: DecisionLog
    policy: Policy
    settings: Settings
    weight: NDArray[np.float64]
    """(n,): probability under the policy over the propensity."""
    on_policy: Estimate
    estimates: Mapping[str, Estimate] | None
    """By estimator; None where the weights support no estimate."""
    problems: tuple[str, ...]
    """Why there is none."""
    calibration: Calibration
    support: Support

    @property
    def remedy(self) -> str:
        """What would make an estimate possible."""
        effective, mean = effective_sample_size(self.weight), float(self.weight.mean())
        ways = [_NEARER]
        if 0 < effective < LEAST_EFFECTIVE:
            more = LEAST_EFFECTIVE / effective
            ways.append(f"log about {more:.3g} times as many decisions, if nothing else changes")
        if not MEAN_WEIGHT[0] <= mean <= MEAN_WEIGHT[1]:
            ways.append(_CHECK)
        return "; ".join(ways)

    @property
    def doubt(self) -> str | None:
        """Why the estimates cannot be trusted, or there is none; None where nothing is wrong."""
        if self.problems or self.warnings():
            return "; ".join([*self.problems, *self.warnings()])
        return _UNTESTED if self.calibration.fits is None else None

    @property
    def contexts(self) -> int:
        """How many combinations of position and contexts there are; 0 where there are neither."""
        return len(self.log.context.values) if self.log.context.columns else 0

    def warnings(self) -> list[str]:
        """Return what makes every figure worthless."""
        if self.calibration.reason is None:
            return []
        return [f"calibration: {self.calibration.reason}; {_UNTRUE}"]

    def notes(self) -> list[str]:
        """Return what the reader of the figures must know, but for what makes them worthless."""
        return [
            *self._about_support(),
            *self._about_contexts(),
            *self._about_rewards(),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return all figures; `estimates` is null where they are withheld."""
        return {
            "n": len(self.log),
            "on_policy": self.on_policy.value,
            "on_policy_estimate": _figures(self.on_policy, known=len(self.log) > 1),
            "ess": effective_sample_size(self.weight),
            "mean_weight": float(self.weight.mean()),
            "max_weight": float(self.weight.max()),
            "estimates": self.estimates
            and {name: _figures(own) for name, own in self.estimates.items()},
            "trustworthy": self.doubt is None,
            "doubt": self.doubt,
            "withheld": bool(self.problems),
            "reason": "; ".join(self.problems) or None,
            "remedy": self.remedy if self.problems else None,
            "support": self.support.as_json(),
            "calibration": self.calibration.as_json(),
            "items": len(self.log.item.values),
            "contexts": self.contexts,
            "columns": {
                **self.log.columns,
                "contexts": [
                    name
                    for name in self.log.context.columns
                    if name not in self.log.position.columns
                ],
                "policy_depends_on": list(self.policy.columns),
            },
            "settings": {
                "clip": self.settings.clip,
                "switch": self.settings.switch,
                "seed": self.settings.seed,
                "folds": FOLDS,
                "shrinkage": SHRINKAGE,
            },
            "notes": [*self.warnings(), *self.notes()],
            "method": METHOD,
        }

    def _about_support(self) -> list[str]:
        never, unseen = self.support.never_chosen, self.support.unseen
        if not never and unseen < NOTABLE:
            return []
        names = f", items that it never chose among them: {', '.join(never[:10])}" if never else ""
        more = f" and {len(never) - 10} more" if len(never) > 10 else ""
        where = (
            f"support: the policy shows {100 * unseen:.3g} % of the time what the log never showed"
        )
        return [f"{where} in that context{names}{more}; {_TAKEN}"]

    def _about_contexts(self) -> list[str]:
        same = [name for name in self.log.context.columns if name not in self.policy.columns]
        if not same:
            return []
        return [f"the policy file has no column {', '.join(same)}: it is the same for all of them"]

    def _about_rewards(self) -> list[str]:
        counted = int(np.count_nonzero(self.weight * self.log.reward))
        if self.estimates is None or counted >= FEW_REWARDS:
            return []
        return [f"only {counted} decisions have both a reward and a weight; {_FEW}"]


def evaluate(log: DecisionLog, policy: Policy, settings: Settings) -> OffPolicyEvaluation:
    """Weigh the decisions of the log as the policy would have made them."""
    weight = policy.of_shown(log) / log.propensity
    problems = distrust(weight)
    return OffPolicyEvaluation(
        log=log,
        policy=policy,
        settings=settings,
        weight=weight,
        on_policy=on_policy(log.reward),
        estimates=None if problems else _estimates(log, policy, weight, settings),
        problems=problems,
        calibration=Calibration.of(log),
        support=Support.of(log, policy),
    )


def _estimates(
    log: DecisionLog, policy: Policy, weight: NDArray[np.float64], settings: Settings
) -> dict[str, Estimate]:
    reward = log.reward
    kept = switched(weight, settings.switch)
    model = RewardModel.fit(log, policy, seed=settings.seed)
    predicted = model.predictions
    return {
        "ips": inverse_propensity(weight, reward),
        "snips": self_normalised(weight, reward),
        "clipped_ips": clipped_inverse_propensity(weight, reward, settings.clip),
        "dm": direct_method(predicted, reward, model.pull(np.zeros(len(log)))),
        "dr": doubly_robust(weight, reward, predicted),
        "sndr": self_normalised_doubly_robust(weight, reward, predicted),
        "switch_dr": switch_doubly_robust(kept, reward, predicted, model.pull(kept)),
    }


def _figures(estimate: Estimate, *, known: bool = True) -> dict[str, float | None]:
    return {
        "value": estimate.value,
        "se": estimate.standard_error if known else None,
        "low": estimate.low if known else None,
        "high": estimate.high if known else None,
    }
