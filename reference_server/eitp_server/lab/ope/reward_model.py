"""What to expect of an item in a context: shrunken means, each learned without the rows it judges.

With S the sum of rewards and N the number of rows that are learned from, k = `SHRINKAGE`:

    g = S / N        m_a = (S_a + k g) / (N_a + k)        q_xa = (S_xa + k m_a) / (N_xa + k)

The rows are dealt into folds; a fold is foretold from the others (cross-fitting, Chernozhukov et
al. 2018, "Double/debiased machine learning"), which keeps the doubly robust estimate unbiased.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.bandit.off_policy import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.lab.ope.decision_log import DecisionLog
    from eitp_server.lab.ope.policy import Policy

FOLDS: Final = 5
SHRINKAGE: Final = 20.0
"""Rows that the coarser mean counts as; a declared judgement, not fitted to any log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardModel:
    """What was learned from the n decisions of a log, fold by fold."""

    predictions: Predictions
    probability: NDArray[np.float64]
    """(contexts of the log, items): the evaluation policy."""
    context: NDArray[np.intp]
    """(n,)"""
    cell: NDArray[np.intp]
    """(n,): context and item as one index."""
    fold: NDArray[np.intp]
    """(n,)"""
    learned: tuple[_Means, ...]
    """By fold, what the others taught."""

    @classmethod
    def fit(cls, log: DecisionLog, policy: Policy, *, seed: int) -> RewardModel:
        """Deal the rows by `seed`, and foretell every fold from the others."""
        probability = policy.probability[policy.row]
        context = log.context.code
        cell = np.ravel_multi_index((context, log.item.code), probability.shape)
        # Not by row number, nor in blocks: logs have rhythms, such as one row per position.
        fold = np.random.default_rng(seed).permutation(len(log)) % FOLDS
        shown, expected = np.zeros(len(log)), np.zeros(len(log))
        learned: list[_Means] = []
        for held_out in range(FOLDS):
            of = fold == held_out
            means = _Means.of(cell[~of], log.reward[~of], probability.shape)
            shown[of] = means.value.ravel()[cell[of]]
            expected[of] = (probability * means.value).sum(axis=1)[context[of]]
            learned.append(means)
        return cls(
            predictions=Predictions(shown=shown, expected=expected),
            probability=probability,
            context=context,
            cell=cell,
            fold=fold,
            learned=tuple(learned),
        )

    def pull(self, corrected: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,): how much sum(q_pi - corrected q) rises with each reward, by the model alone.

        `corrected`, (n,), are the weights with which residuals correct the model; 0 for none.
        """
        contexts, items = self.probability.shape
        total, own = np.zeros(contexts * items), np.zeros(len(self.cell))
        for held_out, means in enumerate(self.learned):
            of = self.fold == held_out
            rows = np.bincount(self.context[of], minlength=contexts)
            taken = np.bincount(self.cell[of], corrected[of], contexts * items)
            weight = rows[:, None] * self.probability - taken.reshape(contexts, items)
            slope = means.slope(weight).ravel()
            total += slope
            own[of] = slope[self.cell[of]]
        # A row teaches every fold but its own.
        return total[self.cell] - own


@dataclass(frozen=True, slots=True, kw_only=True)
class _Means:
    """Shrunken means of cells (contexts, items)."""

    value: NDArray[np.float64]
    rows: NDArray[np.float64]

    @classmethod
    def of(
        cls, cell: NDArray[np.intp], reward: NDArray[np.float64], shape: tuple[int, ...]
    ) -> _Means:
        size = shape[0] * shape[1]
        rows = np.bincount(cell, minlength=size).reshape(shape).astype(np.float64)
        total = np.bincount(cell, reward, minlength=size).reshape(shape)
        whole = total.sum() / max(len(cell), 1)
        item = (total.sum(axis=0) + SHRINKAGE * whole) / (rows.sum(axis=0) + SHRINKAGE)
        return cls(value=(total + SHRINKAGE * item) / (rows + SHRINKAGE), rows=rows)

    def slope(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how sum(weight * value) rises with a reward that is learned in each cell.

        A reward moves its cell, its item's mean and the mean of all, each in proportion.
        """
        own = weight / (self.rows + SHRINKAGE)
        through_item = SHRINKAGE * own.sum(axis=0) / (self.rows.sum(axis=0) + SHRINKAGE)
        through_all = SHRINKAGE * through_item.sum() / max(self.rows.sum(), 1.0)
        return own + through_item + through_all
