"""Learns beside the tick, again and again, and hands in what it found like any other input."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from eitp_server.bandit.learning import Terms
from eitp_server.errors import DomainError
from eitp_server.interventions.definition import InterventionKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from eitp_server.bandit.learning import Lesson
    from eitp_server.bandit.learnt import Learnt
    from eitp_server.bandit.policy_table import Exploration
    from eitp_server.interventions.policy import Policy

_LOG: Final = structlog.get_logger(__name__)
_LOOK_SECONDS: Final = 1.0
_AT_ONCE: Final = 250_000
"""Characters of a document that are installed in one tick: a few milliseconds, 500 cells."""
_REST: Final = 10.0
"""Times as long as learning took that it rests at least: a tenth of one core is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When there is something new to learn."""

    seconds: float = 60.0
    """Time after which anything new is worth it."""
    events: int = 200
    """Decisions, successes and decisions that matured that are worth it at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a tenant decided about learning."""

    sharing: bool
    exploration: Exploration


class Learner:
    """Turns what the policy has counted into what it decides by."""

    def __init__(
        self,
        policy: Callable[[], Policy],
        install: Callable[[dict[str, Any]], Awaitable[object]],
        wishes: Callable[[], Mapping[str, Wish]],
        now_us: Callable[[], int],
        rhythm: Rhythm,
        learn: Callable[[Lesson, int], Awaitable[tuple[Learnt | None, float]]],
    ) -> None:
        """Learn from `policy()`; `install` makes a document the policy in force.

        `learn` is `learn_in_portions` somewhere else, where it keeps nobody waiting, and returns
        the seconds it took as well.
        """
        self._policy = policy
        self._install = install
        self._wishes = wishes
        self._now_us = now_us
        self._rhythm = rhythm
        self._learn = learn
        self._learnt_of = 0
        self._learnt_by: Mapping[str, Wish] | None = None
        """What is in force; None at the start, since a wish may have changed right before it."""
        self._learnt_at = 0.0
        self._took = 0.0

    async def run(self) -> None:
        """Learn for as long as the server lives."""
        loop = asyncio.get_running_loop()
        self._learnt_at = loop.time()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._due(loop.time()):
                try:
                    await self.learn()
                except DomainError as error:
                    _LOG.warning("what was learnt could not be kept", reason=error.reason)

    async def learn(self) -> bool:
        """Learn once; return whether anything changed noticeably."""
        policy = self._policy()
        events, wishes = policy.tallies.events, self._wishes()
        lesson = policy.lesson(_terms(policy, wishes), self._now_us())
        epochs = policy.catalogue.epochs()
        learnt, self._took = await self._learn(lesson, _AT_ONCE)
        self._learnt_at = asyncio.get_running_loop().time()
        if learnt is not None:
            _LOG.debug("learnt", cells=learnt.cells, seconds=round(self._took, 3))
            for portion in learnt.portions:
                await self._install({**json.loads(portion), "epochs": epochs})
        self._learnt_of, self._learnt_by = events, wishes
        return learnt is not None

    def _due(self, now: float) -> bool:
        fresh = self._policy().tallies.events - self._learnt_of
        if fresh < 0:
            return True  # The state was rebuilt, and its events are counted anew.
        rested = now - self._learnt_at
        if rested < _REST * self._took:
            return False
        if rested >= self._rhythm.seconds:
            return fresh > 0 or self._wishes() != self._learnt_by
        return fresh >= self._rhythm.events


def _terms(policy: Policy, wishes: Mapping[str, Wish]) -> dict[str, Terms]:
    return {
        tenant_id: Terms(
            arms={
                item.definition_id: _family(item.kind)
                for item in policy.catalogue.definitions(tenant_id)
            },
            sharing=wish.sharing,
            exploration=wish.exploration,
        )
        for tenant_id, wish in wishes.items()
    }


def _family(kind: InterventionKind) -> str:
    """Return what an arm is compared with in other shops; a shop's own invention with nothing."""
    return "" if kind is InterventionKind.CUSTOM else kind.name
