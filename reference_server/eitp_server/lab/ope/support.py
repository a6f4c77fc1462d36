"""How much of a policy lies where the log has nothing to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from eitp_server.lab.ope.decision_log import DecisionLog
    from eitp_server.lab.ope.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Probabilities are averages over the decisions of the log."""

    never_chosen: tuple[str, ...]
    """Items that the policy may show and the log never did."""
    unseen: float
    """Probability that the policy shows an item which the log never showed in that context of
    the policy; importance weighting takes its reward as 0."""
    left_out: tuple[str, ...]
    """Items of the log that the policy never shows."""

    @classmethod
    def of(cls, log: DecisionLog, policy: Policy) -> Support:
        """Compare where the policy goes with where the log has been."""
        shape = policy.probability.shape
        context = policy.row[log.context.code]
        cell = np.ravel_multi_index((context, log.item.code), shape)
        chosen = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape) > 0
        outside = np.where(chosen, 0.0, policy.probability).sum(axis=1)
        shows = policy.probability.max(axis=0) > 0
        logged = len(log.item.values)
        return cls(
            never_chosen=tuple(
                name for name, may in zip(policy.items[logged:], shows[logged:], strict=True) if may
            ),
            unseen=float(outside[context].mean()),
            left_out=tuple(
                name for name, may in zip(log.item.values, shows, strict=False) if not may
            ),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the figures and the items."""
        return {
            "items_never_chosen": list(self.never_chosen),
            "unseen_probability": self.unseen,
            "items_left_out": list(self.left_out),
        }
