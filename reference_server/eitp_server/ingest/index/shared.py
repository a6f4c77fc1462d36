"""The ticks of shared feeds, which add up: what one keeps back, another must not give away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eitp_server.ingest.index.series import Choice, country
from eitp_server.volatility.index import withheld
from eitp_server.volatility.privacy import complementary
from eitp_server.volatility.reason import NoValueReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from eitp_server.ingest.index.state import Drawn
    from eitp_server.volatility.cell import Cell
    from eitp_server.volatility.partial import Partial

    Cells = Mapping[Cell, Partial]
    Ticks = Sequence[Drawn]
    """Of a feed, one of each kind of base that there is."""
    Draw = Callable[[Choice, Mapping[str, Partial]], Ticks]


def shared_ticks(cells: Cells, draw: Draw) -> list[Drawn]:
    """Return the ticks of all shared feeds over `cells`, of tenants that share.

    All sessions are parted by trade, and those of a trade by country. `draw` gives the ticks of a
    choice, none for one that does not exist (yet); such parts, and those without a trade or a
    country, are never published and so count among what is kept back. What one base keeps back,
    the other keeps back too: they scale the same sums.
    """

    def drawn(choice: Choice, some: Cells) -> Ticks:
        return draw(choice, choice.of(some))

    root = drawn(Choice(), cells)
    by_trade = _split(cells, lambda cell: cell.vertical)
    trades = {name: drawn(Choice(vertical=name), some) for name, some in by_trade if name}
    trades = _held_back(root, dict(by_trade), trades)
    found = [root, *trades.values()]
    for trade, some in by_trade:
        if trade:
            by_country = _split(some, lambda cell: country(cell.region))
            countries = {
                name: drawn(Choice(vertical=trade, region=name), own)
                for name, own in by_country
                if name
            }
            found += _held_back(trades[trade], dict(by_country), countries).values()
    return [one for ticks in found for one in ticks]


def _held_back(
    parent: Ticks, parts: Mapping[str, Cells], children: Mapping[str, Ticks]
) -> dict[str, Ticks]:
    """Return `children` of a parent that all `parts` add up to, without what gives another away."""
    kept = dict(children)
    published = frozenset(name for name, ticks in kept.items() if _is_published(ticks))
    if _is_published(parent):
        sessions = {name: _sessions(some.values()) for name, some in parts.items()}
        counted = {name: number for name, number in sessions.items() if number}
        other = complementary(counted, published)
        hidden = frozenset({other} if other else ())
    elif any(one.tick.reason == NoValueReason.COMPLEMENTARY for one in parent):
        # Together they would tell what was kept back of their parent.
        hidden = published
    else:
        hidden = frozenset[str]()
    for name in hidden:
        kept[name] = [_without(one) for one in kept[name]]
    return kept


def _is_published(ticks: Ticks) -> bool:
    return any(one.tick.value for one in ticks)


def _without(drawn: Drawn) -> Drawn:
    if drawn.tick.value is None:
        return drawn
    return replace(drawn, tick=withheld(drawn.tick, drawn.state.smoothed))


def _sessions(parts: Iterable[Partial]) -> int:
    return sum(part.sessions for part in parts)


def _split(cells: Cells, name: Callable[[Cell], str]) -> list[tuple[str, dict[Cell, Partial]]]:
    """Return the cells of each name, names ascending."""
    found: dict[str, dict[Cell, Partial]] = {}
    for cell, part in cells.items():
        found.setdefault(name(cell), {})[cell] = part
    return sorted(found.items())
