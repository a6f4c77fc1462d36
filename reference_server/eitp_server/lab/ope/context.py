"""Contexts: the distinct combinations of a few columns of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eitp_server.lab.ope.sheet import Names


@dataclass(frozen=True, slots=True)
class Contexts:
    """Combinations of values of `columns`; without columns everything is one context."""

    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    code: NDArray[np.intp]
    """(n,): which of `values` a row has."""

    @classmethod
    def of(cls, columns: Sequence[tuple[str, Names]], rows: int) -> Contexts:
        """Combine columns of `rows` rows each."""
        code = np.zeros(rows, np.intp)
        values: list[tuple[str, ...]] = [()]
        for _, column in columns:
            # Column after column, so that the product of all their sizes is never needed.
            wide = code * len(column.values) + column.code
            there, code = np.unique(wide, return_inverse=True)
            pairs = [divmod(one, len(column.values)) for one in there.tolist()]
            values = [(*values[before], column.values[own]) for before, own in pairs]
        return cls(tuple(name for name, _ in columns), tuple(values), code)

    def named(self, values: Sequence[str]) -> str:
        """Return one combination in words."""
        pairs = zip(self.columns, values, strict=True)
        return ", ".join(f"{column} = {value}" for column, value in pairs) or "the whole file"

    def at(self, row: int) -> str:
        """Return a row's combination in words."""
        return self.named(self.values[int(self.code[row])])
