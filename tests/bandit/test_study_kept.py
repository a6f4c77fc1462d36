"""A study that is written down anywhere and read again goes on as if nothing had happened."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.test_study import summary
from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.node import Node
from eitp_server.bandit.study import MOST_POINTS, Promotion, Study
from eitp_server.bandit.trial import Trial
from eitp_server.bandit.visitors import Visitors
from hypothesis import example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.bandit.visitors import Visitor

    Changes = Sequence[Trial | Promotion]

MARGINS = {GuardrailMetric.COMPLAINT: 0, GuardrailMetric.BOUNCE: 0.1}
ARMS = ("chat", "badge", "offer")
PLACES = (Node(vertical="automotive"), Node(vertical="fashion", label=4, page_section=9))
PROMOTIONS = st.builds(
    Promotion,
    place=st.sampled_from(PLACES),
    arm=st.sampled_from(ARMS),
    at_us=st.integers(0, 100),
)


class Book:
    """What is written down of a study, with only those visitors who changed since the last time."""

    def __init__(self) -> None:
        self.text = ""
        self.visitors: dict[str, Visitor] = {}

    def write(self, study: Study) -> None:
        self.text = json.dumps(study.dump())
        self.visitors |= {visitor.name: visitor for visitor in study.met.changed()}
        study.met.kept()

    def read(self) -> Study:
        # In another order: a database has its own.
        met = Visitors(self.visitors[name] for name in sorted(self.visitors))
        return Study.load(json.loads(self.text), met)


def reported(study: Study, changes: Changes) -> str:
    """Everything that a study says, to the last bit and in its order."""
    promotions = [item for item in changes if isinstance(item, Promotion)]
    visitors = [item.visitor for item in changes if isinstance(item, Trial)]
    return repr(
        (
            summary(study),
            study.lift,
            study.ratio.report(),
            study.loss.report(),
            study.audit.report(),
            {
                arm: (found.number, found.lift, found.stop, *_reports(found.watches))
                for arm, found in study.watched().items()
            },
            [study.since(item).dump() for item in promotions if study.follows(item)],
            [study.follows(item) for item in promotions],
            [name in study.met for name in visitors],
            study.margins,
            study.dump(),
        )
    )


def _reports(watches: dict[GuardrailMetric, Any]) -> list[Any]:
    return [watch.report() for watch in watches.values()]


def told(changes: Changes, study: Study) -> Study:
    for item in changes:
        if isinstance(item, Trial):
            study.fold(item)
        else:
            study.follow(item)
    return study


def cut(changes: Changes, cuts: Sequence[int]) -> Study:
    """Tell a study, and write it down and read it again at each of `cuts`."""
    study, book = Study(MARGINS), Book()
    for begin, end in zip([0, *cuts], [*cuts, len(changes)], strict=True):
        book.write(told(changes[begin:end], study))
        study = book.read()
    return study


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    """Any decision; its time is what passed since the one before."""
    arms = ("", *sorted(draw(st.sets(st.sampled_from(ARMS)))))
    weights = [draw(st.floats(1e-9, 1)) for _ in arms]
    share = draw(st.sampled_from([0.0, 0.1, 1 / 3]))
    number = draw(st.integers(0, 5))
    chosen = draw(st.sampled_from(arms))
    probabilities = tuple(weight / sum(weights) for weight in weights)
    return Trial(
        decision=Decision(
            decision_id="",
            session_id=f"session-{number}",
            visitor_hash=draw(st.sampled_from(["", f"visitor-{number}"])),
            cell=Cell(
                tenant_id="shop",
                vertical=draw(st.sampled_from(["automotive", "fashion"])),
                label=4,
                page_section=draw(st.sampled_from([8, 9])),
            ),
            packet_id="",
            decided_at_us=draw(st.integers(0, 20)),
            arms=arms,
            probabilities=probabilities,
            chosen=chosen,
            propensity=draw(st.floats(0, 1)),
            draw=0.5,
            holdout=bool(share) and draw(st.booleans()),
            holdout_share=share,
            snapshot_id="",
            policy_version="test",
            epochs=tuple(draw(st.integers(1, 2)) if arm else 0 for arm in arms),
        ),
        converted=draw(st.booleans()),
        censored=draw(st.booleans()),
        delivered=draw(st.booleans()),
        harms=draw(st.frozensets(st.sampled_from(GuardrailMetric))),
    )


def _in_order(changes: list[Trial | Promotion]) -> Changes:
    """Add up the times of decisions."""
    waits = [item.decision.decided_at_us if isinstance(item, Trial) else 0 for item in changes]
    return [
        replace(item, decision=replace(item.decision, decided_at_us=at_us))
        if isinstance(item, Trial)
        else item
        for item, at_us in zip(changes, accumulate(waits), strict=True)
    ]


STREAMS = st.lists(trials() | PROMOTIONS, max_size=30).map(_in_order)


@settings(max_examples=150)
@given(st.data(), STREAMS)
def test_a_study_goes_on_from_anywhere_as_if_it_had_never_stopped(
    data: st.DataObject, changes: Changes
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(changes)), max_size=3)))
    assert reported(cut(changes, cuts), changes) == reported(told(changes, Study(MARGINS)), changes)


LONG = 1_300
"""Trials: batches of bets are closed, guardrails are judged, and the history is thinned."""


@cache
def long() -> Changes:
    """Visitors of two shops, some of whom come again.

    An arm is promoted twice in one of them, and looks different after a while in the other.
    """
    rng = np.random.default_rng(1)
    changes: list[Trial | Promotion] = []
    for number in range(LONG):
        who = number if rng.random() < 0.8 else int(rng.integers(number + 1))
        holdout, annoyed, chosen = rng.random(3) < (0.4, 0.6, 0.5)
        vertical = str(rng.choice(["automotive", "fashion"]))
        harmed = annoyed and chosen and not holdout
        decision = Decision(
            decision_id=f"decision-{number}",
            session_id=f"session-{number}",
            visitor_hash=f"visitor-{who}",
            cell=Cell(
                tenant_id="shop",
                vertical=vertical,
                label=4,
                page_section=9,
            ),
            packet_id="",
            decided_at_us=number,
            arms=("", "chat"),
            probabilities=(0.5, 0.5),
            chosen="chat" if chosen else "",
            propensity=0.4 if holdout else 0.3,
            draw=0.5,
            holdout=bool(holdout),
            holdout_share=0.4,
            snapshot_id="",
            policy_version="test",
            epochs=(0, 2 if vertical == "fashion" and number > 900 else 1),
        )
        changes.append(
            Trial(
                decision=decision,
                converted=bool(rng.random() < (0.2 if holdout else 0.5)),
                censored=bool(rng.random() < 0.1),
                # Some of the holdout are shown something when they come again.
                delivered=bool(rng.random() < 0.9) and (who < number or not holdout),
                harms=frozenset({GuardrailMetric.COMPLAINT} if harmed else ()),
            )
        )
    for at in (200, 600):
        changes.insert(at, Promotion(place=PLACES[0], arm="chat", at_us=at))
    return changes


@cache
def uncut() -> str:
    return reported(told(long(), Study(MARGINS)), long())


def test_the_long_stream_reaches_all_that_only_many_reach() -> None:
    study = told(long()[:1_200], Study(MARGINS))
    found = study.arms[PLACES[0], "chat"]
    assert study.system.sums.units > MOST_POINTS > len(study.history)
    assert study.system.e_process.log_e > 0
    assert found.stop is not None
    assert found.stop.metric is GuardrailMetric.COMPLAINT
    assert [evidence.sums.units > 50 for evidence in found.fresh.values()] == [True, True]
    assert study.ratio.report().leaked_units > 0


@settings(max_examples=12)
@given(st.lists(st.integers(0, LONG + 2), max_size=3).map(sorted))
@example(list(range(0, LONG, 50)))
def test_where_a_long_study_stopped_does_not_show(cuts: list[int]) -> None:
    assert reported(cut(long(), cuts), long()) == uncut()


def test_only_the_visitors_of_what_was_folded_since_are_written_again() -> None:
    study, book = told(long()[:1_200], Study()), Book()
    book.write(study)
    last = told(long()[1_200:], book.read())
    changed = {visitor.name for visitor in last.met.changed()}
    assert changed <= {item.visitor for item in long()[1_200:] if isinstance(item, Trial)}
    assert 0 < len(changed) < len(last.met)


def test_a_study_of_another_format_is_refused() -> None:
    whole, *arms = told(long()[:50], Study()).dump()
    with pytest.raises(ValueError, match="format 0"):
        Study.load([{**whole, "format": 0}, *arms], Visitors())


def test_a_study_that_lacks_an_arm_is_refused() -> None:
    parts = told(long()[:50], Study()).dump()
    with pytest.raises(ValueError, match=f"{len(parts) - 2} arms"):
        Study.load(parts[:-1], Visitors())
