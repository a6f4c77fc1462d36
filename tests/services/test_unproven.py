"""What a proof still takes: for each intervention the place that is nearest to one."""

from __future__ import annotations

from eitp_server.bandit.promotion import Condition
from eitp_server.bandit.study import Study
from eitp_server.services.unproven import unproven
from interventions.synthetic_shop import Truth, history

HELPS = history(Truth(rates=(0.12, 0.12, 0.4, 0.12), holdout_share=0.3, decisions=9_000))


def studied() -> Study:
    study = Study()
    for trial in HELPS.trials():
        study.fold(trial)
    return study


STUDY = studied()


def test_what_is_proven_misses_nothing_and_what_does_nothing_misses_its_bound() -> None:
    found = {
        item.definition_id: item for item in unproven(STUDY, margin=0.0, proven=(), stopped=())
    }
    assert found.keys() == {"badge", "chat", "offer"}
    assert found["chat"].unmet == ()
    assert found["chat"].place.page_section is not None
    for name in ("badge", "offer"):
        assert Condition.LOWER_BOUND in {unmet.condition for unmet in found[name].unmet}


def test_a_margin_and_a_stop_are_missing_for_themselves() -> None:
    (wanting,) = unproven(STUDY, margin=0.9, proven=("badge", "offer"), stopped=())
    assert {unmet.condition for unmet in wanting.unmet} == {
        Condition.LOWER_BOUND,
        Condition.OVER_NOTHING,
    }
    (stopped,) = unproven(STUDY, margin=0.0, proven=("badge", "offer"), stopped=("chat",))
    assert [unmet.condition for unmet in stopped.unmet] == [Condition.GUARDRAILS]


def test_a_study_without_visitors_has_nothing_to_prove() -> None:
    assert unproven(Study(), margin=0.0, proven=(), stopped=()) == []
