"""The learner beside the tick: what it installs, and when there is nothing to install."""

from __future__ import annotations

import asyncio
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.bandit.learnt import learn_in_portions
from eitp_server.bandit.policy_table import PRIOR, Exploration, Goal
from eitp_server.errors import Reason, Unavailable
from eitp_server.interventions import learner as learner_module
from eitp_server.interventions.definition import to_json
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.learner import Learner, Rhythm, Wish
from interventions.shop import HOUR, SECOND, START_US, open_shop, packet, shopper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from eitp_server.bandit.decision import Cell
    from eitp_server.bandit.learning import Lesson
    from eitp_server.bandit.learnt import Learnt
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
    return Learner(
        lambda: policy, install, lambda: {"shop": WISH}, lambda: CLOSED_US, Rhythm(), here
    )


async def here(lesson: Lesson, size: int) -> tuple[Learnt | None, float]:
    """Learn in this process, as another would: from a copy."""
    return learn_in_portions(pickle.loads(pickle.dumps(lesson)), size), 0.0


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


class Beside:
    """A learner that looks without a pause, and how often it learnt."""

    def __init__(self, policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(learner_module, "_LOOK_SECONDS", 0.001)
        self.wishes = {"shop": WISH}
        self.lessons = 0
        self.is_refused = False
        self._policy = policy
        rhythm = Rhythm(seconds=0.001, events=1_000)
        self._learner = Learner(
            lambda: policy, self._install, self._wished, self._now_us, rhythm, here
        )
        self._looks = 0
        self._rested = asyncio.Event()

    async def rest(self) -> None:
        """Let it learn until it looked five times in turn and found nothing new."""
        self._looks = 0
        self._rested.clear()
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            running = group.create_task(self._learner.run())
            await self._rested.wait()
            running.cancel()

    def _wished(self) -> dict[str, Wish]:
        self._looks += 1
        if self._looks == 5:
            self._rested.set()
        return dict(self.wishes)

    async def _install(self, document: dict[str, Any]) -> None:
        if self.is_refused:
            self.is_refused = False
            raise Unavailable(Reason.OVERLOADED, "not now")
        self._policy.install(document)

    def _now_us(self) -> int:
        self.lessons += 1
        self._looks = 0
        return CLOSED_US


async def test_changed_terms_are_learnt_although_nothing_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = open_shop(arms=2)
    busy(policy)
    beside = Beside(policy, monkeypatch)
    await beside.rest()
    assert beside.lessons == 1
    await beside.rest()
    assert beside.lessons == 1

    wanted = Exploration(floor=0.2)
    beside.wishes["shop"] = replace(WISH, exploration=wanted)
    await beside.rest()
    assert beside.lessons == 2
    assert policy.table.explorations() == {"shop": wanted}

    beside.wishes["shop"] = replace(WISH, exploration=wanted, sharing=True)
    await beside.rest()
    assert beside.lessons == 3


async def test_terms_that_could_not_be_kept_are_learnt_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = open_shop(arms=2)
    beside = Beside(policy, monkeypatch)
    beside.is_refused = True
    await beside.rest()
    assert beside.lessons == 2
    assert policy.table.explorations() == {"shop": WISH.exploration}


async def test_a_lesson_that_was_lost_is_learnt_although_nothing_else_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learner_module, "_LOOK_SECONDS", 0.001)
    policy, installed, is_lost = open_shop(arms=2), asyncio.Event(), False

    async def lose(lesson: Lesson, size: int) -> tuple[Learnt | None, float]:
        if is_lost:
            raise RuntimeError("the process ended")
        return await here(lesson, size)

    async def install(document: dict[str, Any]) -> None:
        policy.install(document)
        installed.set()

    rhythm = Rhythm(seconds=0.001, events=1_000)
    beside = Learner(
        lambda: policy, install, lambda: {"shop": WISH}, lambda: CLOSED_US, rhythm, lose
    )
    assert await beside.learn()
    installed.clear()
    cell, is_lost = busy(policy), True
    with pytest.raises(RuntimeError, match="the process ended"):
        await beside.run()
    assert policy.table.shapes(cell, ARMS) == [PRIOR] * 3
    is_lost = False
    running = asyncio.ensure_future(beside.run())
    async with asyncio.timeout(5):
        await installed.wait()
    running.cancel()
    assert PRIOR not in policy.table.shapes(cell, ARMS)


async def test_what_matured_is_learnt_although_nothing_else_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = open_shop(arms=2)
    choice = policy.decide(packet(), shopper(), START_US)
    assert choice is not None
    beside = Beside(policy, monkeypatch)
    await beside.rest()
    before = policy.table.shapes(choice.decision.cell, ARMS)
    policy.expire(CLOSED_US)
    await beside.rest()
    assert beside.lessons == 2
    assert policy.table.shapes(choice.decision.cell, ARMS) != before
