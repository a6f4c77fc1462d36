"""A log of decisions: what was shown, how probable that was, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.ope.context import Contexts
from eitp_server.lab.ope.error import OffPolicyError
from eitp_server.lab.ope.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from eitp_server.lab.ope.sheet import Names

ITEM: Final = ("item_id", "item", "action", "arm")
REWARD: Final = ("click", "reward")
PROPENSITY: Final = ("propensity_score", "propensity")
POSITION: Final = ("position",)
SMALLEST: Final = 1e-100
"""A propensity below this is as good as 0, and would overflow."""
LARGEST: Final = 1e100
"""Rewards beyond this would overflow."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNames:
    """Which columns of a log hold what; None means the usual name."""

    item: str | None = None
    reward: str | None = None
    propensity: str | None = None
    position: str | None = None
    """The empty name means that the log's position is to be left out."""
    contexts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLog:
    """The n decisions of a log, in its order."""

    path: Path
    columns: dict[str, str]
    """The column that each of item, reward, propensity and, where there is one, position is."""
    item: Names
    reward: NDArray[np.float64]
    propensity: NDArray[np.float64]
    """(n,): P(item shown | position, context), above 0."""
    position: Contexts
    context: Contexts
    """Position and contexts together."""

    def __len__(self) -> int:
        return len(self.reward)

    @classmethod
    def read(cls, path: Path, columns: ColumnNames, progress: Callable[[int], None]) -> DecisionLog:
        """Read and check a log; raises OffPolicyError naming the column and the row."""
        sheet = Sheet.open(path)
        item = sheet.column(columns.item, ITEM, "--item")
        reward = sheet.column(columns.reward, REWARD, "--reward")
        propensity = sheet.column(columns.propensity, PROPENSITY, "--propensity")
        position = (
            None
            if columns.position == ""
            else sheet.optional(columns.position, POSITION, "--position")
        )
        contexts = [sheet.column(name, (), "--context") for name in columns.contexts]
        chosen = {"item": item, "reward": reward, "propensity": propensity}
        if position is not None:
            chosen["position"] = position
        _check_apart([*chosen.values(), *contexts])
        names, numbers = sheet.read(
            [item, *([position] if position else []), *contexts], [reward, propensity], progress
        )
        _check_items(sheet, item, names[item])
        _check_rewards(sheet, reward, numbers[reward])
        _check_propensities(sheet, propensity, numbers[propensity])
        rows = len(numbers[reward])
        positions = [(position, names[position])] if position else []
        return cls(
            path=path,
            columns=chosen,
            item=names[item],
            reward=numbers[reward],
            propensity=numbers[propensity],
            position=Contexts.of(positions, rows),
            context=Contexts.of([*positions, *((name, names[name]) for name in contexts)], rows),
        )


def _check_apart(columns: list[str]) -> None:
    for name in columns:
        if columns.count(name) > 1:
            raise OffPolicyError(f"column {name} is asked for twice; each flag needs its own")


def _check_items(sheet: Sheet, column: str, item: Names) -> None:
    if "" in item.values:
        row = int(np.argmax(item.code == item.values.index("")))
        raise sheet.wrong(row, column, "there is no item; write what was shown")


def _check_rewards(sheet: Sheet, column: str, reward: NDArray[np.float64]) -> None:
    bad = ~(np.abs(reward) <= LARGEST)
    if bad.any():
        row = int(np.argmax(bad))
        raise sheet.wrong(
            row,
            column,
            f"the reward is {reward[row]:g}; write a finite number, 0 where nothing came of it",
        )


def _check_propensities(sheet: Sheet, column: str, propensity: NDArray[np.float64]) -> None:
    bad = ~((propensity >= SMALLEST) & (propensity <= 1 + _ROUNDING))
    if bad.any():
        row = int(np.argmax(bad))
        value = float(propensity[row])
        raise sheet.wrong(row, column, f"the propensity is {value:g}; {_remedy(value)}")


def _remedy(value: float) -> str:
    if np.isnan(value):
        return "leave out rows whose propensity is not known"
    if value > 1:
        return "it must be a probability, at most 1; divide percentages by 100"
    if value < 0:
        return "it must be a probability, above 0; logarithms must be raised to it first"
    return "what was shown cannot have had the probability 0; log the probability of the draw"
