"""The policy as a state machine: a restart anywhere in the stream changes nothing after it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.lessons import faded, waiting
from eitp_server.bandit.learning import Terms, learn
from eitp_server.bandit.lines import as_bytes
from eitp_server.bandit.open_decisions import WAITING
from eitp_server.bandit.policy_table import Exploration, Goal
from eitp_server.classification.packet import Label
from eitp_server.errors import DomainError
from eitp_server.interventions.definition import to_json
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.disposition import InterventionDisposition
from eitp_server.interventions.eligibility import Limits
from eitp_server.interventions.outcome import OutcomeKind, OutcomeReport
from eitp_server.interventions.policy import Policy
from eitp_server.interventions.visit import from_json as visit_from_json
from hypothesis import given, settings
from hypothesis import strategies as st
from interventions.shop import (
    HOUR,
    SECOND,
    SETTINGS,
    START_US,
    definition,
    lines,
    open_shop,
    packet,
    reloaded,
    shopper,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = tuple[str, int, int, int]

LIVELY = dataclasses.replace(
    SETTINGS,
    experiment=dataclasses.replace(SETTINGS.experiment, holdout_share=0.3),
    limits=Limits(session_cap=5, cool_down_seconds=30.0),
)
GAPS = (0, 40 * SECOND, 90 * SECOND, 20 * HOUR)
CALLS = (
    "decide",
    "outcome",
    "acknowledge",
    "change",
    "replace",
    "withdraw",
    "stop",
    "learn",
    "forget",
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["decide", "decide", *CALLS]),
        st.integers(0, 3),
        st.integers(0, 9),
        st.sampled_from(GAPS),
    ),
    max_size=40,
)


class Player:
    """Feeds a policy a stream of calls and writes down every answer."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now_us = START_US
        self.answers: list[Any] = []
        self.sent: list[tuple[str, str]] = []

    def play(self, stream: list[Step]) -> None:
        calls: dict[str, Callable[[str, int], Any]] = {
            "decide": self.decide,
            "outcome": self.outcome,
            "acknowledge": self.acknowledge,
            "change": self.change,
            "replace": self.replace,
            "withdraw": self.withdraw,
            "stop": self.stop,
            "learn": self.learn,
            "forget": self.forget,
        }
        for action, session, detail, gap_us in stream:
            self.now_us += gap_us
            try:
                self.answers.append(calls[action](f"session-{session}", detail))
            except DomainError as error:
                self.answers.append((error.reason, error.metadata))

    def decide(self, session_id: str, detail: int) -> Any:
        tenant_id = "shop" if detail < 8 else "other"
        label = Label.COMPARISON if detail % 2 else Label.HESITATION
        about = packet(len(self.answers), tenant_id=tenant_id, session_id=session_id, label=label)
        who = shopper(session_id, tenant_id=tenant_id)
        choice = self.policy.decide(about, who, self.now_us)
        if choice and choice.intervention:
            self.sent.append((session_id, choice.intervention.intervention_id))
        return choice

    def outcome(self, session_id: str, detail: int) -> Any:
        report = OutcomeReport(
            tenant_id="shop",
            session_id=session_id,
            kind=OutcomeKind(1 + detail % 3),
            reported_id=f"order-{detail // 3}",
            value_micros=detail % 2,
        )
        return self.policy.outcome(report, self.now_us)

    def acknowledge(self, session_id: str, detail: int) -> Any:
        session_id, name = self.sent[detail % len(self.sent)] if self.sent else (session_id, "x")
        disposition = InterventionDisposition(1 + detail % 6)
        return self.policy.acknowledge("shop", session_id, name, disposition, self.now_us)

    def change(self, session_id: str, detail: int) -> Any:
        if detail % 3:
            return self.policy.catalogue.create(definition(f"extra-{detail}"))
        return self.policy.catalogue.delete("shop", f"extra-{detail + 1}")

    def replace(self, session_id: str, detail: int) -> Any:
        current = self.policy.catalogue.get("shop", f"compare-{detail % 2}")
        changes = {"title": f"Title {detail // 4}"} if detail % 4 < 2 else {"priority": detail}
        document = {"definition": {**to_json(current), **changes}, "replace": True}
        return Desk(self.policy).put_definition("shop", document, self.now_us)

    def withdraw(self, session_id: str, detail: int) -> Any:
        return self.policy.withdraw("shop", session_id, self.now_us)

    def stop(self, session_id: str, detail: int) -> Any:
        return self.policy.stop("shop", f"compare-{detail % 2}", detail, self.now_us)

    def learn(self, session_id: str, detail: int) -> Any:
        """Install what follows from the counts; which sets to name is the process's own affair."""
        goal = Goal.FIND_BEST if detail % 2 else Goal.MOST_SUCCESSES
        terms = {"shop": Terms(exploration=Exploration(goal=goal))}
        lesson = self.policy.lesson(terms, self.now_us)
        document = learn(dataclasses.replace(lesson, asked={}))
        if document is not None:
            self.policy.install({**document, "epochs": self.policy.catalogue.epochs()})
        return document

    def forget(self, session_id: str, detail: int) -> Any:
        return self.policy.forget_session("shop", session_id)


@settings(max_examples=60)
@given(steps, steps)
def test_a_restart_in_the_middle_of_the_stream_changes_nothing(
    before: list[Step], after: list[Step]
) -> None:
    straight = Player(open_shop(LIVELY, arms=2))
    straight.play(before)
    restarted = Player(reloaded(straight.policy, LIVELY))
    assert text(restarted.policy) == text(straight.policy)
    restarted.now_us, restarted.sent = straight.now_us, list(straight.sent)
    restarted.answers = list(straight.answers)
    straight.play(after)
    restarted.play(after)
    assert restarted.answers == straight.answers
    assert text(restarted.policy) == text(straight.policy)


def busy_day() -> str:
    """A fixed stream that reaches every call, and the state after it."""
    player = Player(open_shop(LIVELY, arms=3))
    chance = np.random.default_rng(7)
    names = ("decide", "decide", *CALLS[:-1])
    rolls = chance.integers(0, [len(names), 40, 10, 3], (400, 4)).tolist()
    stream: list[Step] = [(names[name], who, detail, GAPS[gap]) for name, who, detail, gap in rolls]
    player.play(stream[:200])
    player.now_us += 25 * HOUR
    player.play(stream[200:])
    return text(player.policy)


def test_the_stream_of_these_tests_reaches_every_kind_of_state() -> None:
    head, *lines, tallies = map(json.loads, busy_day().split("\n"))
    visits = [visit_from_json(line) for line in lines[head["table"] :]]
    decisions = [decision for visit in visits for decision in visit.decisions]
    assert head["stops"]
    assert any(tallies["tallies.trials"])
    assert any(delay == WAITING for delay in tallies["tallies.open_delay_us"])
    assert any(delay != WAITING for delay in tallies["tallies.open_delay_us"])
    assert head["table"] > 1
    assert any(decision.censored for decision in decisions)
    assert any(decision.succeeded for decision in decisions)
    assert any(decision.holdout for decision in decisions)
    assert any(visit.outcomes for visit in visits)
    assert any(sent.acknowledgement for visit in visits for sent in visit.sent.values())


@pytest.mark.parametrize("seed", ["0", "99"])
def test_another_process_comes_to_the_same_state(seed: str) -> None:
    script = "from interventions.test_policy_state import busy_day; print(busy_day(), end='')"
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == busy_day()


def test_a_state_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        Policy(SETTINGS).load({"lines": as_bytes(['{"format": 99}'])})


def test_of_a_state_that_counted_otherwise_the_catalogue_is_kept() -> None:
    policy = open_shop(arms=2)
    head = json.loads(text(policy).split("\n")[0])
    older = {name: head[name] for name in ("last_number", "catalogue", "requests")}
    taken_over = Policy(SETTINGS)
    taken_over.load({"lines": as_bytes([json.dumps({"format": 2, "posterior": {}, **older})])})
    assert taken_over.catalogue.dump() == policy.catalogue.dump()
    with pytest.raises(ValueError, match="format 1"):
        taken_over.load({"lines": as_bytes([json.dumps({"format": 1, **older})])})


def test_a_state_with_tallies_in_lines_is_taken_over_whole() -> None:
    player = Player(open_shop(LIVELY, arms=3))
    player.play([("decide", who, 1, GAPS[1]) for who in range(30)])
    player.play([("outcome", who, 0, GAPS[0]) for who in range(9)])
    player.now_us += 25 * HOUR
    player.play([("decide", who, 1 + 8 * (who % 2), GAPS[1]) for who in range(9)])
    player.play([("outcome", who, 3, GAPS[0]) for who in range(4)])
    policy = player.policy
    policy.install(learn(policy.lesson({}, player.now_us)) or {})
    taken_over = Policy(LIVELY)
    taken_over.load({"lines": as_bytes(tallies_in_lines(policy))})
    seen, again = policy.tallies.frame(), taken_over.tallies.frame()
    assert faded(seen)
    assert {delay == WAITING for _, delay in chain(*waiting(seen).values())} == {True, False}
    assert (faded(again), waiting(again)) == (faded(seen), waiting(seen))
    assert again.open.decided_us.tolist() == seen.open.decided_us.tolist()
    assert again.open.row.tolist() != sorted(again.open.row.tolist())
    assert again.delays == seen.delays
    assert lines(taken_over) == lines(policy)


def tallies_in_lines(policy: Policy) -> list[str]:
    """The state as it was written before tallies were arrays: a line for each arm in a cell."""
    first, *rest = lines(policy)
    seen = policy.tallies.frame()
    matured, still = faded(seen), waiting(seen)
    rows = [
        json.dumps(
            [
                key[0].as_row(),
                key[1],
                list(dataclasses.asdict(matured[key]).values()) if key in matured else None,
                still.get(key, []),
            ]
        )
        for key in sorted(matured.keys() | still.keys(), key=str)
    ]
    tallies = [f"[{','.join(seen.delays)}]", *rows]
    head = {**json.loads(first), "format": 3, "tallies": len(tallies)}
    return [json.dumps(head), *tallies, *rest]
