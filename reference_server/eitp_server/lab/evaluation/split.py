"""Which people a model learns from and which it is judged on; nobody is in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eitp_server.lab.evaluation.error import EvaluationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 10
FEWEST = 4
"""People without whom nothing is judged: with three, two would have to stand for everybody."""


def folds_of(person: NDArray[np.intp], *, seed: int) -> NDArray[np.intp]:
    """Return the fold (n,) that each of n recordings is judged in, by its `person` (n,).

    People, counted from 0, are dealt at random into ten folds, or as many as there are people.
    Raises EvaluationError for fewer than FEWEST.
    """
    people = int(person.max()) + 1
    if people < FEWEST:
        raise EvaluationError(
            f"{people} people have labelled recordings; at least {FEWEST} are needed, since a "
            "model is judged on people it has not met"
        )
    dealt = np.random.default_rng(seed).permutation(people)
    return (dealt % min(FOLDS, people))[person]
