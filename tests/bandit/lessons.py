"""Short ways to count, to learn and to install, for the tests of what is learnt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from eitp_server.bandit.decision import ANY, Cell
from eitp_server.bandit.delay import DelayHistogram
from eitp_server.bandit.discount import FadingCounts
from eitp_server.bandit.frame import Frame
from eitp_server.bandit.learning import Lesson, Terms, learn
from eitp_server.bandit.lines import as_bytes, encode
from eitp_server.bandit.open_decisions import WAITING, OpenDecisions
from eitp_server.bandit.policy_table import CellPolicy, PolicyTable
from eitp_server.bandit.tally import Tallies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.bandit.policy_table import Arms

Key = tuple[Cell, str]
"""A cell and an arm."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WINDOW_US = DAY
HALF_LIFE_US = 14 * DAY
START_US = 29_833_334 * MINUTE
ARMS: Arms = ("", "comparison", "discount")


def cell(tenant_id: str = "shop", *, label: int = 4, section: int = 8) -> Cell:
    """A cell of a tenant."""
    return Cell(tenant_id=tenant_id, vertical="automotive", label=label, page_section=section)


def wider(tenant_id: str = "shop", *, label: int = ANY) -> Cell:
    """What stands for the sections of a label, or for all labels."""
    return cell(tenant_id, label=label, section=ANY)


def tallies() -> Tallies:
    """Nothing counted yet."""
    return Tallies(window_us=WINDOW_US, half_life_us=HALF_LIFE_US)


def frame(counts: Mapping[Key, tuple[float, float]]) -> Frame:
    """Matured counts, (successes, trials), as if all were of this moment."""
    cells = {place: code for code, place in enumerate(dict.fromkeys(key[0] for key in counts))}
    arms = {arm: code for code, arm in enumerate(dict.fromkeys(key[1] for key in counts))}
    won, tried = np.array(list(counts.values()), np.float64).reshape(-1, 2).T
    return Frame(
        cells=[encode(place.as_row()) for place in cells],
        arms=list(arms),
        cell=np.array([cells[place] for place, _ in counts], np.int32),
        arm=np.array([arms[arm] for _, arm in counts], np.int32),
        successes=won,
        trials=tried,
        at=np.full(len(counts), START_US / SECOND),
        open=OpenDecisions().columns(),
        delays=[],
    )


def keys(seen: Frame) -> list[Key]:
    """The cell and arm of each row."""
    places, arms = seen.places(), list(seen.arms)
    return [
        (places[place], arms[arm])
        for place, arm in zip(seen.cell.tolist(), seen.arm.tolist(), strict=True)
    ]


def faded(seen: Frame) -> dict[Key, FadingCounts[float]]:
    """What has matured."""
    columns = (seen.successes.tolist(), seen.trials.tolist(), seen.at.tolist())
    return {
        key: FadingCounts(successes=won, trials=tried, at=at)
        for key, won, tried, at in zip(keys(seen), *columns, strict=True)
        if tried
    }


def waiting(seen: Frame) -> dict[Key, list[tuple[int, int]]]:
    """The moments and delays of what is open."""
    found: dict[Key, list[tuple[int, int]]] = {}
    of_row, still = keys(seen), seen.open
    columns = still.row.tolist(), still.decided_us.tolist(), still.delay_us.tolist()
    row: int
    for row, decided_us, delay_us in zip(*columns, strict=True):
        found.setdefault(of_row[row], []).append((decided_us, delay_us))
    return found


def content(kept: Tallies) -> tuple[object, ...]:
    """All that is counted, whatever the rows are called in which it stands."""
    seen = kept.frame()
    return faded(seen), waiting(seen), sorted(seen.delays)


def counted(kept: Tallies, place: Cell, arm: str) -> tuple[float, float]:
    """Successes and decisions of an arm, open and faded ones as they stand together."""
    seen = kept.frame()
    known = faded(seen).get((place, arm), FadingCounts(successes=0.0, trials=0.0, at=0.0))
    still = waiting(seen).get((place, arm), [])
    won = sum(delay != WAITING for _, delay in still)
    return known.successes + won, known.trials + len(still)


def delays_of(seen: Frame) -> dict[str, DelayHistogram]:
    """The delays of each tenant."""
    found: dict[str, DelayHistogram] = {}
    for line in seen.delays:
        tenant_id, state = json.loads(line)
        found[str(tenant_id)] = delays = DelayHistogram()
        delays.load(state)
    return found


def lesson(
    seen: Frame,
    table: PolicyTable | None = None,
    *,
    asked: Mapping[Cell, Sequence[Arms]] | None = None,
    terms: Mapping[str, Terms] | None = None,
    now_us: int = START_US,
    window_us: int = WINDOW_US,
) -> Lesson:
    """Everything that there is to learn from, under a policy that decides already."""
    table = table or PolicyTable()
    return Lesson(
        frame=seen,
        asked=table.asked() if asked is None else asked,
        policy=as_bytes(table.dump()),
        terms=terms or {},
        now_us=now_us,
        window_us=window_us,
        half_life_us=HALF_LIFE_US,
    )


def taught(document: Mapping[str, Any] | None) -> dict[Cell, CellPolicy]:
    """What a policy knows that had nothing but this document."""
    table = PolicyTable()
    if document is not None:
        table.install(document)
    return table.known()


def learnt(
    counts: Mapping[Key, tuple[float, float]],
    *,
    asked: Mapping[Cell, Sequence[Arms]] | None = None,
    terms: Mapping[str, Terms] | None = None,
) -> dict[Cell, CellPolicy]:
    """What follows from matured counts."""
    return taught(learn(lesson(frame(counts), asked=asked, terms=terms)))
