"""Pages of a listing, each telling where the next one begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import tuple_

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Mapped
    from sqlmodel.sql.expression import SelectOfScalar

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Position:
    """The last item of a page: a time and, among equal times, a key."""

    at_us: int
    key: str


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items in order."""

    items: tuple[Item, ...]
    next: Position | None
    """Where to go on; None when this is the last page."""

    def map(self, make: Callable[[Item], Made]) -> Page[Made]:
        """Return the page with `make` applied to every item."""
        return Page(tuple(make(item) for item in self.items), self.next)


def newest_first(
    statement: SelectOfScalar[Item],
    time: Mapped[int],
    key: Mapped[str],
    after: Position | None,
    limit: int,
) -> SelectOfScalar[Item]:
    """Return `statement` for the page behind `after`, with one row more to see if it is the last.

    Pages go by key and not by offset: rows that arrive meanwhile neither repeat nor hide others.
    """
    if after:
        statement = statement.where(tuple_(time, key) < tuple_(after.at_us, after.key))
    return statement.order_by(time.desc(), key.desc()).limit(limit + 1)


def cut(rows: Sequence[Item], limit: int, position: Callable[[Item], Position]) -> Page[Item]:
    """Return the page of at most `limit` out of rows that were asked for with one more."""
    items = tuple(rows[:limit])
    return Page(items, position(items[-1]) if len(rows) > limit and items else None)
