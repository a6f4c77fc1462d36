"""The evaluation policy: how probable each item is in each context of a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.lab.ope.context import Contexts
from eitp_server.lab.ope.decision_log import ITEM, PROPENSITY
from eitp_server.lab.ope.error import OffPolicyError
from eitp_server.lab.ope.sheet import Sheet, listed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from eitp_server.lab.ope.decision_log import DecisionLog
    from eitp_server.lab.ope.sheet import Names

TOLERANCE: Final = 1e-6
"""How far from 1 the probabilities of a context may sum."""
MOST_CELLS: Final = 2_000_000
"""Contexts times items; a finer table than this has no decisions to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Probabilities of items in the contexts of one log."""

    path: Path
    columns: tuple[str, ...]
    """The log's context columns that the policy depends on."""
    items: tuple[str, ...]
    """Items of the log, in its numbering, then those that only the policy knows."""
    probability: NDArray[np.float64]
    """(contexts of the policy, items), each row sums to 1."""
    row: NDArray[np.intp]
    """(contexts of the log,): the row of `probability` that holds there."""

    @classmethod
    def read(
        cls, path: Path, log: DecisionLog, *, item: str | None, probability: str | None
    ) -> Policy:
        """Read a policy and match it to a log; raises OffPolicyError where it does not fit."""
        sheet = Sheet.open(path)
        own_item = sheet.column(item, (log.columns["item"], *ITEM), "--policy-item")
        usual = ("probability", log.columns["propensity"], *PROPENSITY)
        own_probability = sheet.column(probability, usual, "--policy-probability")
        columns = [name for name in log.context.columns if name in sheet.header]
        for name in columns:
            sheet.column(name, (), "the header")
        names, numbers = sheet.read([own_item, *columns], [own_probability], lambda _: None)
        given = numbers[own_probability]
        contexts = Contexts.of([(name, names[name]) for name in columns], len(given))
        _check_probabilities(sheet, own_probability, given)
        _check_once(sheet, own_item, names[own_item], contexts)
        _check_sums(sheet, contexts, given)
        items, place = _common_items(sheet, log, names[own_item])
        _check_size(log, items)
        table = np.zeros((len(contexts.values), len(items)))
        table[contexts.code, place[names[own_item].code]] = given
        return cls(
            path=path,
            columns=tuple(columns),
            items=items,
            probability=table,
            row=_rows(sheet, log, contexts),
        )

    def of_shown(self, log: DecisionLog) -> NDArray[np.float64]:
        """Return (n,): the probability that this policy shows what the log's decisions showed."""
        return self.probability[self.row[log.context.code], log.item.code]


def _check_probabilities(sheet: Sheet, column: str, given: NDArray[np.float64]) -> None:
    bad = ~((given >= 0) & (given <= 1 + TOLERANCE))
    if bad.any():
        row = int(np.argmax(bad))
        what = f"{given[row]:g} is no probability; write one from 0 to 1"
        raise sheet.wrong(row, column, what)


def _check_once(sheet: Sheet, column: str, item: Names, contexts: Contexts) -> None:
    pair = contexts.code * len(item.values) + item.code
    _, first, back = np.unique(pair, return_index=True, return_inverse=True)
    again = first[back] != np.arange(len(pair))
    if not again.any():
        return
    row = int(np.argmax(again))
    where = contexts.at(row)
    raise sheet.wrong(
        row,
        column,
        f"item {item.values[item.code[row]]} is there for the second time for {where}; write it "
        "once, or name by --position and --context the columns that tell such rows apart, "
        "which log and policy must call alike",
    )


def _check_sums(sheet: Sheet, contexts: Contexts, given: NDArray[np.float64]) -> None:
    sums = np.zeros(len(contexts.values))
    np.add.at(sums, contexts.code, given)
    off = np.abs(sums - 1) > TOLERANCE
    if off.any():
        first = int(np.argmax(off))
        others = int(off.sum()) - 1
        more = f" (and {others} contexts more are off)" if others else ""
        raise OffPolicyError(
            f"{sheet.path}: the probabilities of {contexts.named(contexts.values[first])} sum to "
            f"{sums[first]:.9g}, not to 1{more}; complete the items, or divide by the sum"
        )


def _common_items(
    sheet: Sheet, log: DecisionLog, item: Names
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Return all items, and for each of the policy's its number among them."""
    number = {name: n for n, name in enumerate(log.item.values)}
    known = len(number)
    place = np.array([number.setdefault(name, len(number)) for name in item.values], np.intp)
    if not (place < known).any():
        raise OffPolicyError(
            f"{sheet.path} has no item of {log.path}: the policy's are {listed(item.values)}; "
            f"the log's are {listed(log.item.values)}; write them alike"
        )
    return tuple(number), place


def _check_size(log: DecisionLog, items: tuple[str, ...]) -> None:
    cells = len(log.context.values) * len(items)
    if cells > MOST_CELLS:
        raise OffPolicyError(
            f"{log.path}: {', '.join(log.context.columns)} have {len(log.context.values)} "
            f"combinations for {len(items)} items, too many to learn from; name fewer or coarser "
            "columns by --context"
        )


def _rows(sheet: Sheet, log: DecisionLog, contexts: Contexts) -> NDArray[np.intp]:
    number = {values: n for n, values in enumerate(contexts.values)}
    kept = [log.context.columns.index(name) for name in contexts.columns]
    asked = [tuple(values[n] for n in kept) for values in log.context.values]
    missing = [values for values in dict.fromkeys(asked) if values not in number]
    if missing:
        more = f" and {len(missing) - 1} other contexts of the log" if len(missing) > 1 else ""
        raise OffPolicyError(
            f"{sheet.path} lacks {contexts.named(missing[0])}{more}; it has "
            f"{listed([contexts.named(values) for values in contexts.values])}; add rows for every "
            "context of the log"
        )
    return np.array([number[values] for values in asked], np.intp)
