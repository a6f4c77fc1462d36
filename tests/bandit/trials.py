"""Trials of a made-up shop, for tests of what is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.selection import total_propensity
from eitp_server.bandit.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.random import Generator

START_US = 1_790_000_000_000_000
FRUSTRATION, FINANCING, FORM = 8, 8, 16
HOLDOUT_SHARE = 0.3


def cell(
    tenant_id: str = "shop",
    *,
    vertical: str = "automotive",
    label: int = FRUSTRATION,
    page_section: int = FINANCING,
) -> Cell:
    return Cell(tenant_id=tenant_id, vertical=vertical, label=label, page_section=page_section)


def decision(
    number: int,
    *,
    where: Cell | None = None,
    arms: Mapping[str, float] | None = None,
    chosen: str = "",
    holdout: bool = False,
    at_us: int = START_US,
    epochs: Mapping[str, int] | None = None,
    holdout_share: float = HOLDOUT_SHARE,
) -> Decision:
    """Return the decision on visitor `number`; `arms` are probabilities by name."""
    shares = arms or {"": 0.5, "help": 0.5}
    changed = epochs or {}
    return Decision(
        decision_id=f"decision-{number}-{at_us}",
        session_id=f"session-{number}-{at_us}",
        visitor_hash=f"visitor-{number}",
        cell=where or cell(),
        packet_id="",
        decided_at_us=at_us,
        arms=tuple(shares),
        probabilities=tuple(shares.values()),
        chosen=chosen,
        propensity=total_propensity(shares[chosen], holdout_share=holdout_share, holdout=holdout),
        draw=0.0,
        holdout=holdout,
        holdout_share=holdout_share,
        snapshot_id="",
        policy_version="test",
        epochs=tuple(changed.get(arm, 1 if arm else 0) for arm in shares),
    )


def played(
    rng: Generator,
    count: int,
    rates: Mapping[str, float],
    *,
    where: Cell | None = None,
    first: int = 0,
    start_us: int = START_US,
    days: float = 10.0,
    epochs: Mapping[str, int] | None = None,
) -> Iterator[Trial]:
    """Yield trials of `count` visitors, evenly over `days`, all arms being equally likely.

    `rates` are conversion rates by arm; the holdout converts like "", which does nothing.
    """
    arms = list(rates)
    shares = dict.fromkeys(arms, 1.0 / len(arms))
    step = int(days * 86_400e6 / count)
    chosen: list[int] = rng.integers(len(arms), size=count).tolist()
    held = rng.random(count) < HOLDOUT_SHARE
    lucky = rng.random(count)
    for index in range(count):
        arm, out = arms[chosen[index]], bool(held[index])
        yield Trial(
            decision=decision(
                first + index,
                where=where,
                arms=shares,
                chosen=arm,
                holdout=out,
                at_us=start_us + index * step,
                epochs=epochs,
            ),
            converted=bool(lucky[index] < rates["" if out else arm]),
        )
