"""What models say about recordings of people whom they did not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.lab.evaluation.model import Logistic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.lab.evaluation.judged import Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a model says about recordings it did not learn from; arrays are (n,)."""

    score: NDArray[np.float64]
    """Ranks recordings; what AUC is of."""
    probability: NDArray[np.float64]
    """Calibrated on the people it learned from."""
    weights: Mapping[str, float]
    """Mean over the folds, logits per standard deviation, of the features that vary."""


def out_of_fold(
    judged: Judged,
    values: NDArray[np.float64],
    features: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Opinion:
    """Score every recording by a model fitted to the people of the other folds.

    `values` is (n, f), NaN where missing; `features` are the names of its columns, if they have
    any; `progress` hears how many folds are done.
    """
    score, probability = np.empty((2, len(values)))
    weights: list[NDArray[np.float64]] = []
    folds = np.unique(judged.fold)
    for number, fold in enumerate(folds, start=1):
        test = judged.fold == fold
        fitted = Logistic.fit(values[~test], judged.positive[~test])
        score[test] = fitted.score(values[test])
        probability[test] = fitted.probability(values[test])
        weights.append(fitted.weights[: values.shape[1]])
        progress(number, len(folds))
    mean = np.mean(weights, axis=0)
    named = zip(features, mean, values.T, strict=True) if features else ()
    entered = {name: float(weight) for name, weight, column in named if np.unique(column).size > 1}
    return Opinion(score=score, probability=probability, weights=entered)
