"""A made-up shop whose truth is known: the real policy decides, and shoppers follow a seed."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from eitp_server.bandit.choice import Experiment
from eitp_server.bandit.learning import Terms, learn
from eitp_server.bandit.trial import Trial
from eitp_server.classification.packet import Label
from eitp_server.interventions.disposition import InterventionDisposition
from eitp_server.interventions.outcome import OutcomeKind, OutcomeReport
from eitp_server.interventions.policy import Policy, Shopper
from eitp_server.storage.log import Writes
from interventions.shop import START_US, UNLIMITED, definition, packet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eitp_server.interventions.policy import Choice

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
ARMS = ("badge", "chat", "offer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the shop is like."""

    rates: tuple[float, float, float, float] = (0.05, 0.05, 0.05, 0.05)
    """Conversions per visit when nothing is shown, and with each of `ARMS`."""
    complaints: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    holdout_share: float = 0.2
    decisions: int = 3_000
    days: float = 14.0
    returning: float = 0.25
    """Share of visits by somebody who was there before."""
    late: float = 0.05
    """Share of conversions that are reported two hours after the window."""
    withdrawn: float = 0.01
    """Share of visits after which consent is taken back."""
    learning_every: int = 500
    """Decisions between two lessons."""
    tenant_id: str = "shop"


@dataclass(slots=True)
class History:
    """What the server would have written, in the order of time."""

    writes: Writes = field(default_factory=Writes)
    policy: Policy = field(default_factory=lambda: Policy(UNLIMITED))
    end_us: int = 0

    @property
    def matured_us(self) -> int:
        """When the window of the last decision has been closed for a while."""
        return self.end_us + DAY_US + HOUR_US

    def trials(self) -> Iterator[Trial]:
        """The decisions as if the database had been read, with what came within a session."""
        converted = {
            row.session_id: row.received_at_us
            for row in reversed(self.writes.outcomes)
            if row.kind == OutcomeKind.CONVERSION
        }
        censored = {row.decision_id for row in self.writes.censored}
        for decision in self.writes.decisions:
            end_us = decision.decided_at_us + DAY_US
            yield Trial(
                decision=decision,
                converted=converted.get(decision.session_id, end_us + 1) <= end_us,
                censored=decision.decision_id in censored,
                delivered=bool(decision.chosen) and not decision.holdout,
            )


@cache
def history(truth: Truth, seed: int = 1) -> History:
    """Let shoppers come and go; the same seed gives the same history."""
    return _Season(truth, seed).played()


class _Season:
    def __init__(self, truth: Truth, seed: int) -> None:
        experiment = Experiment(key=f"seed {seed}".encode(), holdout_share=truth.holdout_share)
        self.truth = truth
        self.random = np.random.default_rng(seed)
        self.found = History(policy=Policy(replace(UNLIMITED, experiment=experiment)))
        self.policy = self.found.policy
        self.due: list[tuple[int, int, Callable[[int], None]]] = []
        self.number = count()
        for item in self.policy.catalogue.definitions(truth.tenant_id):
            self.policy.catalogue.delete(truth.tenant_id, item.definition_id)
        for name in ARMS:
            self.policy.catalogue.create(definition(name, tenant_id=truth.tenant_id))

    def played(self) -> History:
        step = self.truth.days * DAY_US / self.truth.decisions
        for number in range(self.truth.decisions):
            now_us = START_US + round((number + self.random.random()) * step)
            self._catch_up(now_us)
            self._visit(number, now_us)
            if number % self.truth.learning_every == self.truth.learning_every - 1:
                self._learn(now_us)
            self.found.end_us = now_us
        self._catch_up(self.found.end_us + 3 * DAY_US)
        return self.found

    def _catch_up(self, now_us: int) -> None:
        while self.due and self.due[0][0] <= now_us:
            at_us, _, happen = heapq.heappop(self.due)
            happen(at_us)

    def _later(self, at_us: int, happen: Callable[[int], None]) -> None:
        heapq.heappush(self.due, (at_us, next(self.number), happen))

    def _visit(self, number: int, now_us: int) -> None:
        who = number
        if self.random.random() < self.truth.returning:
            who = int(self.random.integers(0, number + 1))
        session = f"session-{number}"
        shopper = Shopper(
            session_id=session,
            tenant_id=self.truth.tenant_id,
            visitor_hash=f"visitor-{who}",
            consent_interventions=True,
        )
        seen = packet(
            number, tenant_id=self.truth.tenant_id, session_id=session, label=Label.COMPARISON
        )
        choice = self.policy.decide(seen, shopper, now_us)
        assert choice is not None
        self.found.writes.decisions.append(choice.decision)
        if choice.intervention is not None:
            self.found.writes.interventions.append(choice.intervention)
            self._later(now_us + 2_000_000, lambda at_us: self._shown(choice, at_us))
        self._react(choice, now_us)

    def _react(self, choice: Choice, now_us: int) -> None:
        shown = choice.intervention.definition_id if choice.intervention else ""
        arm = ("", *ARMS).index(shown)
        delay_us = round(min(self.random.exponential(2 * HOUR_US), 20 * HOUR_US))
        chance, lateness, anger, withdrawal = self.random.random(4)
        if chance < self.truth.rates[arm]:
            if lateness < self.truth.late:
                delay_us = DAY_US + 2 * HOUR_US
            occurred_us = now_us + min(delay_us, 20 * HOUR_US)
            self._report(choice, OutcomeKind.CONVERSION, occurred_us, now_us + delay_us)
        elif withdrawal < self.truth.withdrawn:
            self._later(now_us + HOUR_US, lambda at_us: self._withdraw(choice, at_us))
        if anger < self.truth.complaints[arm]:
            at_us = now_us + MINUTE_US
            self._report(choice, OutcomeKind.COMPLAINT, at_us, at_us)

    def _report(self, choice: Choice, kind: OutcomeKind, occurred_us: int, at_us: int) -> None:
        report = OutcomeReport(
            tenant_id=self.truth.tenant_id,
            session_id=choice.decision.session_id,
            kind=kind,
            occurred_at_us=occurred_us,
        )

        def happen(now_us: int) -> None:
            recorded = self.policy.outcome(report, now_us)
            self.found.writes.outcomes.append(recorded.row)

        self._later(at_us, happen)

    def _shown(self, choice: Choice, at_us: int) -> None:
        assert choice.intervention is not None
        recorded = self.policy.acknowledge(
            self.truth.tenant_id,
            choice.decision.session_id,
            choice.intervention.intervention_id,
            InterventionDisposition.SHOWN,
            at_us,
        )
        self.found.writes.acknowledgements.append(recorded.row)

    def _withdraw(self, choice: Choice, at_us: int) -> None:
        tenant_id, session_id = self.truth.tenant_id, choice.decision.session_id
        self.found.writes.censored += self.policy.withdraw(tenant_id, session_id, at_us)

    def _learn(self, now_us: int) -> None:
        terms = {self.truth.tenant_id: Terms(arms={name: name for name in ARMS})}
        document: dict[str, Any] | None = learn(self.policy.lesson(terms, now_us))
        if document is not None:
            self.policy.table.install(document)
