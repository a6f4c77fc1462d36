"""The learner beside the tick: what it installs, and when there is nothing to install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp_server.bandit.policy_table import PRIOR, Exploration, Goal
from eitp_server.interventions.definition import to_json
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.learner import Learner, Rhythm, Wish
from interventions.shop import HOUR, SECOND, START_US, open_shop, packet, shopper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from eitp_server.bandit.decision import Cell
    from eitp_server.interventions.policy import Policy

CLOSED_US = START_US + 25 * HOUR
WISH = Wish(sharing=False, exploration=Exploration(floor=0.01, goal=Goal.FIND_BEST))
ARMS = ("", "compare-0", "compare-1")


def busy(policy: Policy) -> Cell:
    """Let decisions be taken and mature, and return their cell."""
    choices = [
        policy.decide(packet(session_id=session), shopper(session), START_US)
        for session in (f"session-{number}" for number in range(60))
    ]
    policy.expire(CLOSED_US)
    assert choices[0] is not None
    return choices[0].decision.cell


def learner(policy: Policy, install: Callable[[dict[str, Any]], Awaitable[object]]) -> Learner:
    return Learner(lambda: policy, install, lambda: {"shop": WISH}, lambda: CLOSED_US, Rhythm())


async def test_what_is_learnt_is_installed_once() -> None:
    policy = open_shop(arms=2)
    cell, documents = busy(policy), list[dict[str, Any]]()

    async def install(document: dict[str, Any]) -> None:
        documents.append(document)
        policy.install(document)

    beside = learner(policy, install)
    assert await beside.learn()
    assert not await beside.learn()
    assert len(documents) == 1
    assert policy.table.explorations() == {"shop": WISH.exploration}
    assert PRIOR not in policy.table.shapes(cell, ARMS)


async def test_a_change_of_what_is_shown_while_it_learns_is_not_undone_by_what_it_learnt() -> None:
    policy = open_shop(arms=2)
    cell = busy(policy)

    async def install(document: dict[str, Any]) -> None:
        current = policy.catalogue.get("shop", "compare-0")
        if current.revision == 1:
            entry = {**to_json(current), "title": "Another title"}
            change = {"definition": entry, "replace": True}
            Desk(policy).put_definition("shop", change, CLOSED_US + SECOND)
        policy.install(document)

    beside = learner(policy, install)
    assert await beside.learn()
    shapes = policy.table.shapes(cell, ARMS)
    assert [shape == PRIOR for shape in shapes] == [False, True, False]
    assert await beside.learn()
    assert PRIOR not in policy.table.shapes(cell, ARMS)
