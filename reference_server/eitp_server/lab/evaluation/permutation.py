"""How often chance does as well: the same judgement with labels dealt anew within each person.

An interval from out-of-fold scores does not contain what learning from other people would change;
this does, since every deal is learned from anew (Ojala and Garriga 2010, JMLR 11, 1833-1863, test
1). Labels stay within the person, so that a person's usual label proves nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.lab.evaluation.score import auc

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eitp_server.lab.evaluation.judged import Judged

    Scorer = Callable[[Judged], NDArray[np.float64]]
    """Learns from all people but one's own fold, and scores."""


def chance(
    judged: Judged,
    found: float,
    scorer: Scorer,
    *,
    times: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> float | None:
    """Return the share of deals, the true one included, whose AUC is at least `found`.

    None when `times` is 0, or when nobody has labels of both kinds, so that there is nothing to
    deal. `progress` hears how many deals are done.
    """
    if not times or not _mixed(judged):
        return None
    rng = np.random.default_rng(seed)
    as_good = 1
    for number in range(1, times + 1):
        dealt = replace(judged, positive=_dealt(judged, rng))
        as_good += auc(scorer(dealt), dealt.positive) >= found
        progress(number)
    return as_good / (times + 1)


def _mixed(judged: Judged) -> bool:
    positive = np.bincount(judged.person, judged.positive)
    return bool(((positive > 0) & (positive < np.bincount(judged.person))).any())


def _dealt(judged: Judged, rng: np.random.Generator) -> NDArray[np.bool_]:
    own = np.argsort(judged.person, kind="stable")
    others = np.lexsort((rng.random(len(own)), judged.person))
    dealt = np.empty_like(judged.positive)
    dealt[own] = judged.positive[others]
    return dealt
