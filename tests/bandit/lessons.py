"""Short ways to count, to learn and to install, for the tests of what is learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp_server.bandit.decision import ANY, Cell
from eitp_server.bandit.discount import FadingCounts
from eitp_server.bandit.learning import Lesson, Terms, learn
from eitp_server.bandit.policy_table import CellPolicy, PolicyTable
from eitp_server.bandit.tally import Frame, Tallies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.bandit.policy_table import Arms
    from eitp_server.bandit.tally import Key

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
    at = START_US / SECOND
    return Frame(
        now_us=START_US,
        faded={
            key: FadingCounts(successes=won, trials=tried, at=at)
            for key, (won, tried) in counts.items()
        },
        waiting={},
        delays={},
    )


def lesson(
    seen: Frame,
    table: PolicyTable | None = None,
    *,
    asked: Mapping[Cell, Sequence[Arms]] | None = None,
    terms: Mapping[str, Terms] | None = None,
    window_us: int = WINDOW_US,
) -> Lesson:
    """Everything that there is to learn from, under a policy that decides already."""
    table = table or PolicyTable()
    return Lesson(
        frame=seen,
        asked=table.asked() if asked is None else asked,
        known=table.known(),
        explorations=table.explorations(),
        terms=terms or {},
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
