"""Whom an experiment has met, and in which of its studies each of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Visitor(NamedTuple):
    """What is remembered of one visitor."""

    name: str
    counted: int
    """A bit for the number of every arm study that the visitor counts in."""
    held_out: float | None
    """The holdout share that drew the visitor; None for the treated, and for whoever leaked."""


class Visitors:
    """Everybody who was met so far; notes who has changed, so that only those need be written."""

    def __init__(self, known: Iterable[Visitor] = ()) -> None:
        """Begin with those who are `known`, none of whom has changed."""
        self._counted: dict[str, int] = {}
        self._held_out: dict[str, float] = {}
        """Those of the holdout whom nothing was shown."""
        self._changed: set[str] = set()
        for name, counted, held_out in known:
            self._counted[name] = counted
            if held_out is not None:
                self._held_out[name] = held_out

    def __contains__(self, name: str) -> bool:
        return name in self._counted

    def __len__(self) -> int:
        return len(self._counted)

    def meet(self, name: str, held_out: float | None) -> None:
        """Remember somebody new, with the share of the holdout for one who was drawn into it."""
        self._counted[name] = 0
        if held_out is not None:
            self._held_out[name] = held_out
        self._changed.add(name)

    def counted(self, name: str) -> int:
        """Return the studies that somebody who was met counts in, a bit for each."""
        return self._counted[name]

    def count(self, name: str, counted: int) -> None:
        """Remember the studies that somebody who was met counts in."""
        if self._counted[name] != counted:
            self._counted[name] = counted
            self._changed.add(name)

    def held_out(self, name: str) -> float | None:
        """Return the share that drew somebody into the holdout, None for anybody else."""
        return self._held_out.get(name)

    def leak(self, name: str) -> None:
        """Remember that somebody of the holdout was shown something."""
        del self._held_out[name]
        self._changed.add(name)

    def changed(self) -> list[Visitor]:
        """Return those who have changed since `kept`, as they are now."""
        return [
            Visitor(name, self._counted[name], self._held_out.get(name)) for name in self._changed
        ]

    def kept(self) -> None:
        """Note that everybody is written as they are now."""
        self._changed = set()
