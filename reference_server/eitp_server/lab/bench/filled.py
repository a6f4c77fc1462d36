"""A policy that has counted in many cells, as a benchmark needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.bandit.choice import Experiment
from eitp_server.bandit.decision import Cell
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.policy import Settings as PolicySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NOW_US: Final = 1_800_000_000_000_000
_DAY_US: Final = 86_400_000_000
_CELLS_OF_A_SHOP: Final = 200
_SECTIONS: Final = 20
TRIED: Final = 12
RATE: Final = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideOptions:
    """What to measure."""

    cells: int = 10_000
    arms: int = 8
    """With 'no intervention'."""
    decisions: int = 200_000
    seed: int = 1


def filled(options: DecideOptions, now_us: int = NOW_US) -> tuple[Policy, list[Cell]]:
    """Return a policy that has counted decisions in every cell and arm, and its cells."""
    policy = Policy(PolicySettings(experiment=Experiment(key=b"bench")))
    rng, arms = np.random.default_rng(options.seed), names(options.arms)
    cells = [_cell(number) for number in range(options.cells)]
    tried = 1 + rng.poisson(TRIED, (len(cells), len(arms)))
    won = rng.binomial(tried, RATE)
    _count(policy, cells, arms, tried, won, now_us)
    for cell in cells:
        policy.table.snapshot(cell, arms)
    return policy, cells


def _count(
    policy: Policy,
    cells: Sequence[Cell],
    arms: Sequence[str],
    tried: NDArray[np.int64],
    won: NDArray[np.int64],
    now_us: int,
) -> None:
    moment, lately = now_us - 2 * _DAY_US, now_us - _DAY_US // 24
    for row, cell in enumerate(cells):
        for column, arm in enumerate(arms):
            for number in range(int(tried[row, column])):
                moment += 1
                policy.tallies.book(cell, arm, moment)
                if number < won[row, column]:
                    policy.tallies.credit(cell, arm, decided_us=moment, delay_us=600_000_000)
    for cell in cells:
        for arm in arms:
            policy.tallies.book(cell, arm, lately)
    policy.tallies.mature(now_us)


def names(count: int) -> tuple[str, ...]:
    return ("", *(f"arm-{number}" for number in range(1, count)))


def _cell(number: int) -> Cell:
    shop, place = divmod(number, _CELLS_OF_A_SHOP)
    label, section = divmod(place, _SECTIONS)
    return Cell(
        tenant_id=f"shop-{shop}", vertical="automotive", label=label + 1, page_section=section + 1
    )
