"""Patterns are given to most sessions and withheld from some, and what that does is measured."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from eitp_server.bandit.evidence import Evidence
from eitp_server.bandit.injection import WITHHELD_SHARE, Offer, assign, seen_as_given
from eitp_server.bandit.lift import overall
from eitp_server.bandit.pseudo_outcome import Side
from hypothesis import given
from hypothesis import strategies as st

SESSIONS = 20_000


def offer(pattern_id: str = "a", *, version: int = 1, withheld: int = 0) -> Offer:
    return Offer(pattern_id=pattern_id, version=version, withheld_sessions=withheld)


def test_a_pattern_is_withheld_from_a_tenth_of_the_sessions() -> None:
    withheld = sum(
        not given.given
        for session in range(SESSIONS)
        for given in assign("shop", f"session-{session}", [offer()])
    )
    assert withheld / SESSIONS == pytest.approx(WITHHELD_SHARE, abs=0.01)


def test_the_same_session_is_treated_alike_and_each_part_of_the_name_matters() -> None:
    def answers(tenant: str = "shop", pattern: str = "a", version: int = 1) -> list[bool]:
        offers = [offer(pattern, version=version)]
        return [assign(tenant, str(number), offers)[0].given for number in range(300)]

    assert answers() == answers()
    assert answers() != answers(tenant="rival")
    assert answers() != answers(pattern="b")
    assert answers() != answers(version=2)


def test_of_several_the_one_withheld_least_often_goes_first_and_one_at_most() -> None:
    offers = [offer("a", withheld=5), offer("b", withheld=3), offer("c", withheld=5)]
    withheld, probabilities = Counter[str](), dict[str, float]()
    for session in range(SESSIONS):
        assigned = assign("shop", f"session-{session}", offers)
        assert [each.pattern_id for each in assigned] == ["b", "a", "c"]
        missing = [each.pattern_id for each in assigned if not each.given]
        assert len(missing) <= 1
        withheld.update(missing)
        probabilities = {each.pattern_id: each.withheld_probability for each in assigned}

    assert probabilities == pytest.approx({"b": 0.1, "a": 0.09, "c": 0.081})
    for pattern, probability in probabilities.items():
        assert withheld[pattern] / SESSIONS == pytest.approx(probability, abs=0.01)


def test_what_a_later_prompt_comes_to_is_withheld_alike_whatever_was_withheld_before() -> None:
    both = Counter[tuple[bool, bool]]()
    for session in range(SESSIONS):
        (first,) = assign("shop", f"session-{session}", [offer("a")])
        (later,) = assign("shop", f"session-{session}", [offer("b", withheld=5)])
        both[first.given, later.given] += 1
        assert later.withheld_probability == WITHHELD_SHARE
    for told in (False, True):
        share = both[told, False] / (both[told, False] + both[told, True])
        assert share == pytest.approx(WITHHELD_SHARE, abs=0.03)


@given(st.lists(st.integers(0, 9), max_size=12), st.text(max_size=5))
def test_every_offer_gets_one_answer_whatever_their_order(counts: list[int], session: str) -> None:
    offers = [offer(f"pattern-{i}", withheld=n) for i, n in enumerate(counts)]
    assigned = assign("shop", session, offers)
    assert assigned == assign("shop", session, offers[::-1])
    assert {each.pattern_id for each in assigned} == {each.pattern_id for each in offers}
    assert all(0 < each.withheld_probability <= WITHHELD_SHARE for each in assigned)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_session_without_chance_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="withheld_probability"):
        seen_as_given(given=True, withheld_probability=probability, outcome=0.0)


def test_given_is_treated_and_withheld_is_held_out() -> None:
    treated = seen_as_given(given=True, withheld_probability=0.09, outcome=1.0)
    held_out = seen_as_given(given=False, withheld_probability=0.09, outcome=1.0)
    assert (treated.side, held_out.side) == (Side.ARM, Side.HOLDOUT)
    assert (treated.arm_propensity, treated.holdout_share) == (0.91, 0.09)


@pytest.mark.parametrize(("gain", "shown"), [(0.10, True), (0.0, False)])
def test_the_effect_of_telling_is_measured_like_any_lift(gain: float, shown: bool) -> None:
    """Two patterns share the sessions; the control arms' order changes who is withheld."""
    rng, evidence, lengths = np.random.default_rng(7), Evidence(), Counter[str]()
    for session in range(6_000):
        offers = [offer(name, withheld=lengths[name]) for name in "ab"]
        for each in assign("shop", f"session-{session}", offers):
            lengths[each.pattern_id] += not each.given
            if each.pattern_id == "a":
                converted = rng.random() < 0.1 + gain * each.given
                unit = seen_as_given(
                    given=each.given,
                    withheld_probability=each.withheld_probability,
                    outcome=float(converted),
                )
                evidence.fold(unit, session)

    lift = overall(evidence.sums, evidence.e_process)
    assert lift.estimate == pytest.approx(gain, abs=0.04)
    assert lift.lower_bound is not None
    assert (lift.lower_bound > 0) == shown
    assert abs(lengths["a"] - lengths["b"]) <= 1 + lengths.total() // 10
