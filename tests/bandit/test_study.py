"""The running experiment: what is true is found, what is broken raises its alarm."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.node import Node
from eitp_server.bandit.propensity_audit import PropensityAudit
from eitp_server.bandit.study import DEFAULT_MARGINS, MOST_POINTS, Promotion, Study
from eitp_server.bandit.trial import Trial
from interventions.synthetic_shop import ARMS, DAY_US, Truth, history

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eitp_server.bandit.arm_study import ArmStudy

HELPS = Truth(rates=(0.04, 0.04, 0.16, 0.08), holdout_share=0.3, decisions=4_000)
IDLE = Truth(rates=(0.06, 0.06, 0.06, 0.06), holdout_share=0.3, decisions=2_000)
ANGERS = Truth(complaints=(0.0, 0.0, 0.15, 0.0), holdout_share=0.3, decisions=4_000)
LONG = Truth(rates=(0.05, 0.05, 0.07, 0.06), decisions=20_000, learning_every=1_000)
SHOP = Node(vertical="automotive")


def trial(number: int = 0, *, chosen: str = "chat", **changed: Any) -> Trial:
    """Return a decision of visitor `number` and day `number`; named fields go where they are."""
    of_trial = {
        name: changed.pop(name)
        for name in ("converted", "censored", "delivered", "harms")
        if name in changed
    }
    decision = Decision(
        decision_id=f"decision-{number}",
        session_id=f"session-{number}",
        visitor_hash=f"visitor-{number}",
        cell=Cell(tenant_id="shop", vertical="automotive", label=4, page_section=8),
        packet_id=f"packet-{number}",
        decided_at_us=number * DAY_US,
        arms=("", "chat"),
        probabilities=(0.5, 0.5),
        chosen=chosen,
        propensity=0.1 if changed.get("holdout") else 0.45,
        draw=0.5,
        holdout=False,
        holdout_share=0.1,
        snapshot_id="snapshot",
        policy_version="test",
        epochs=(0, 1),
    )
    facts: dict[str, Any] = {"converted": False, **of_trial}
    return Trial(decision=replace(decision, **changed), **facts)


def studied(trials: Iterable[Trial], into: Study | None = None) -> Study:
    study = Study() if into is None else into
    for each in trials:
        study.fold(each)
    return study


def summary(study: Study) -> dict[str, Any]:
    """Everything that a study knows."""
    return {
        "system": study.system.dump(),
        "audit": study.audit.dump(),
        "ratio": study.ratio.dump(),
        "loss": study.loss.dump(),
        "counts": dict(study.counts),
        "arms": {key: _arm(found) for key, found in study.arms.items()},
        "history": list(study.history),
        "visitors": (study.visitors, study.censored_visitors),
        "window": (study.first_decided_at_us, study.last_decided_at_us, study.holdout_share),
    }


def _arm(found: ArmStudy) -> Any:
    watches = [watch.dump() for watch in found.watches.values()]
    fresh = [evidence.dump() for evidence in found.fresh.values()]
    return found.number, found.epoch, found.evidence.dump(), watches, fresh


def test_a_lift_that_is_there_is_found_and_lies_within_its_interval() -> None:
    found = history(HELPS)
    study = studied(found.trials())
    lift = study.lift
    first = {d.visitor_hash: d for d in reversed(found.writes.decisions)}
    treated = [d for d in first.values() if not d.holdout]
    rates: dict[str, float] = dict(zip(("", *ARMS), HELPS.rates, strict=True))
    truth = sum(rates[d.chosen] for d in treated) / len(treated) - rates[""]
    assert lift is not None
    assert lift.lower_bound is not None
    assert lift.interval_low is not None
    assert lift.interval_high is not None
    assert lift.lower_bound > 0
    assert lift.interval_low < truth < lift.interval_high
    best = study.watched()["chat"].lift
    assert best.lower_bound is not None
    assert best.lower_bound > 0
    assert lift.treated_units + lift.holdout_units + study.censored_visitors == study.visitors
    assert not study.ratio.report().alarm
    assert not study.loss.report().alarm


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_lift_that_is_not_there_is_not_found(seed: int) -> None:
    study = studied(history(IDLE, seed).trials())
    lifts = [study.lift, *(found.lift for found in study.watched().values())]
    for lift in lifts:
        assert lift is not None
        if lift.lower_bound is not None and lift.interval_high is not None:
            assert lift.lower_bound < 0 < lift.interval_high
    assert not study.audit.report().alarm
    assert not study.ratio.report().alarm


def test_the_propensities_of_the_real_policy_are_true_while_it_learns() -> None:
    audit = PropensityAudit()
    for decision in history(LONG).writes.decisions:
        audit.fold(decision)
    report = audit.report()
    assert report.decisions == 20_000
    assert report.p_value is not None
    assert report.p_value > 0.001
    assert not report.alarm


def test_propensities_that_were_tampered_with_raise_the_alarm() -> None:
    audit = PropensityAudit()
    for decision in history(LONG).writes.decisions:
        even = (1 / len(decision.arms),) * len(decision.arms)
        audit.fold(replace(decision, probabilities=even))
    assert audit.report().alarm


def test_an_arm_that_angers_is_stopped_and_no_other() -> None:
    found = history(ANGERS)
    complained = {row.session_id for row in found.writes.outcomes if row.kind == 7}
    study = studied(
        replace(each, harms=frozenset({GuardrailMetric.COMPLAINT}))
        if each.decision.session_id in complained
        else each
        for each in found.trials()
    )
    stops = {arm: each.stop for arm, each in study.watched().items()}
    assert stops["chat"] is not None
    assert stops["chat"].metric == GuardrailMetric.COMPLAINT
    assert stops["badge"] is stops["offer"] is None


def test_a_visitor_counts_once_and_in_each_place_at_the_first_moment_there() -> None:
    checkout = Cell(tenant_id="shop", vertical="automotive", label=4, page_section=9)
    study = studied(
        [
            trial(0, converted=True),
            trial(1, visitor_hash="visitor-0", cell=checkout),
            trial(2, visitor_hash="visitor-0", arms=("", "badge"), chosen="badge"),
        ]
    )
    units = {key: each.evidence.sums.units for key, each in study.arms.items()}
    assert study.visitors == study.system.sums.units == 1
    assert set(units.values()) == {1}
    assert len(units) == 4 + 3
    assert study.counts["chat"].decisions == 2
    assert study.arms[SHOP, "chat"].evidence.sums.arm.total == 1


def test_whoever_has_no_pseudonym_counts_by_session() -> None:
    study = studied([trial(0, visitor_hash=""), trial(1, visitor_hash="", session_id="session-0")])
    assert study.visitors == 1
    assert "session-0" in study.met


def test_what_can_never_be_known_is_left_out_of_rates_and_counted_as_lost() -> None:
    study = studied([trial(0, censored=True), trial(1)])
    assert (study.visitors, study.censored_visitors, study.system.sums.units) == (2, 1, 1)
    assert study.arms[SHOP, "chat"].evidence.sums.units == 1
    assert study.loss.report().treated_share == 0.5
    assert study.counts["chat"].censored == 1


@pytest.mark.parametrize(
    ("later", "leaked"),
    [
        ({"delivered": True}, 1),
        ({"delivered": False}, 0),
        ({"delivered": True, "holdout": True}, 1),
        # The holdout was made smaller: the visitor is not held out any more.
        ({"delivered": True, "holdout_share": 0.05}, 0),
        ({"delivered": True, "holdout_share": 0.2}, 1),
    ],
)
def test_a_holdout_visitor_who_is_shown_something_is_a_leak(
    later: dict[str, Any], leaked: int
) -> None:
    shown = [trial(number, visitor_hash="visitor-0", **later) for number in (1, 2)]
    study = studied([trial(0, holdout=True), *shown])
    assert study.ratio.report().leaked_units == leaked
    assert study.ratio.report().alarm == bool(leaked)


def test_who_was_treated_before_the_holdout_grew_is_no_leak() -> None:
    study = studied([trial(0, delivered=True), trial(1, visitor_hash="visitor-0", holdout=True)])
    assert study.ratio.report().leaked_units == 0


def test_another_share_weighs_visitors_by_the_share_in_force() -> None:
    before = [trial(n, holdout=n % 10 == 0, holdout_share=0.1) for n in range(2_000)]
    after = [
        trial(n, holdout=n % 2 == 0, holdout_share=0.5, propensity=0.25)
        for n in range(2_000, 3_000)
    ]
    study = studied([*before, *after])
    assert study.lift is not None
    assert study.lift.method.name == "AIPW"
    assert not study.ratio.report().alarm


def test_without_a_holdout_there_is_no_lift() -> None:
    study = studied(trial(n, holdout_share=0.0, propensity=0.5) for n in range(3))
    assert study.lift is None
    assert study.visitors == 3
    assert study.system.sums.units == 0


def test_what_shows_something_else_is_counted_anew() -> None:
    study = studied(
        [
            trial(0, delivered=True),
            trial(1, epochs=(0, 2)),
            trial(2, epochs=(0, 1), delivered=True),
            trial(3, visitor_hash="visitor-0", epochs=(0, 2)),
        ]
    )
    found = study.arms[SHOP, "chat"]
    assert (found.epoch, found.evidence.sums.units) == (2, 2)
    counts = study.counts["chat"]
    assert (counts.epoch, counts.decisions, counts.delivered) == (2, 2, 0)
    assert study.visitors == 3


def test_what_was_decided_after_a_promotion_is_counted_by_itself_too() -> None:
    promotion = Promotion(place=SHOP, arm="chat", at_us=DAY_US)
    study = Study()
    study.follow(promotion)
    studied([trial(0), trial(1), trial(2), trial(3, visitor_hash="visitor-0")], study)
    study.follow(promotion)
    assert study.since(promotion).sums.units == 1
    assert study.arms[SHOP, "chat"].evidence.sums.units == 3


def test_a_copy_stays_as_it_is_while_the_study_grows() -> None:
    trials = list(history(IDLE).trials())
    study = studied(trials[:700])
    copy, before = study.copy(), summary(study)
    studied(trials[700:], study)
    assert summary(copy) == before != summary(study) == summary(studied(trials))


def test_nothing_can_be_folded_into_a_copy() -> None:
    copy = studied([trial(0)]).copy()
    with pytest.raises(TypeError, match="to be read"):
        copy.fold(trial(1))


def test_the_history_is_thinned_evenly() -> None:
    study = studied(trial(n, holdout=n % 10 == 0) for n in range(1_700))
    units = [point.units for point in study.history]
    assert len(units) <= MOST_POINTS
    assert {b - a for a, b in pairwise(units)} == {units[0]}
    assert units[-1] > 1_700 - units[0]


def test_only_harms_that_something_tells_of_are_watched() -> None:
    tolerated = {GuardrailMetric.COMPLAINT: 0.01, GuardrailMetric.CART_REMOVAL: 0.2}
    study = studied([trial(0)], Study(tolerated))
    watches = study.watched()["chat"].watches
    assert watches.keys() == DEFAULT_MARGINS.keys()
    assert watches[GuardrailMetric.COMPLAINT].margin == 0.01
    assert {watch.alpha for watch in watches.values()} == {0.05 / 3}


def test_an_arm_in_two_verticals_is_watched_where_it_was_seen_more() -> None:
    elsewhere = Cell(tenant_id="shop", vertical="fashion", label=4, page_section=8)
    study = studied([trial(0), trial(1, cell=elsewhere), trial(2, cell=elsewhere)])
    assert study.watched()["chat"] is study.arms[Node(vertical="fashion"), "chat"]
