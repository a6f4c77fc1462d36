"""What anybody could guess without looking at the hand; a score has to beat these.

- person_mean: the share of positives among the same person's earlier recordings, that is, who it
  is and what they said before. The share among the other people where there are none.
- duration_only: how long the recording is.
- duration_relative: how long it is by the person's own earlier ones.
- order_only: which of the person's recordings it is, or the label column `order` if there is one.
- missing_only: which of the fitted model's features are missing, when that differs. What was not
  observed may tell a label apart because of how a source was recorded.

All but the first are models of their columns, fitted and judged in the folds of the model itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ONE_COLUMN = ("duration_only", "duration_relative", "order_only")


def person_mean(
    person: NDArray[np.intp],
    place: NDArray[np.intp],
    fold: NDArray[np.intp],
    positive: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return (n,) guesses from earlier labels; `place` (n,) orders the recordings of a person."""
    guess = np.empty(len(person))
    for number in np.unique(fold):
        others = positive[fold != number]
        guess[fold == number] = others.mean() if len(others) else 0.5
    for one in np.unique(person):
        rows = np.flatnonzero(person == one)
        rows = rows[np.argsort(place[rows], kind="stable")]
        told = np.cumsum(positive[rows])[:-1]
        guess[rows[1:]] = told / np.arange(1, len(rows))
    return guess


def order_column(
    names: Sequence[str], place: NDArray[np.intp], order: dict[str, float]
) -> NDArray[np.float64]:
    """Return (n,) the `order` of each recording when all have one, else its `place` (n,)."""
    if all(name in order for name in names):
        return np.array([order[name] for name in names])
    return place.astype(np.float64)
