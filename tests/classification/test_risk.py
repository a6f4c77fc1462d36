"""The shipped risk of abandonment, and the baselines that know no behaviour."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eitp_server.classification.packet import DIMENSIONS, Context, Label
from eitp_server.classification.risk import (
    BIAS,
    CARTS,
    LABELS,
    PAGES,
    PRIOR_MEANS,
    WEIGHTS,
    abandonment_logit,
    duration_only_logit,
    page_only_logit,
)
from hypothesis import given
from hypothesis import strategies as st

NOWHERE = Context()
UNKNOWN = (None,) * len(DIMENSIONS)
USUAL = tuple(PRIOR_MEANS[name] for name in DIMENSIONS)
PRODUCT, CHECKOUT, EMPTY, FULL = 4, 8, 1, 5

states = st.tuples(*[st.none() | st.floats(-1, 1)] * len(DIMENSIONS))
contexts = st.builds(Context, page_type=st.integers(0, 99), cart_bucket=st.integers(0, 99))
labels = st.sampled_from(Label)


def test_every_dimension_page_and_cart_has_its_number() -> None:
    assert list(WEIGHTS) == list(PRIOR_MEANS) == list(DIMENSIONS)
    assert (len(PAGES), len(CARTS)) == (14, 9)
    assert Label.NEUTRAL not in LABELS


def test_a_session_about_which_nothing_is_known_has_the_usual_risk() -> None:
    assert abandonment_logit(UNKNOWN, Label.UNSPECIFIED, NOWHERE) == BIAS


def test_intent_and_phase_weigh_more_than_all_movement_together() -> None:
    movement = sum(abs(WEIGHTS[name]) for name in ("valence", "arousal", "urgency", "confusion"))
    assert abs(WEIGHTS["intent_strength"]) > abs(WEIGHTS["session_phase"]) > movement


@given(states, labels, contexts)
def test_what_is_unknown_counts_as_usual(
    mean: tuple[float | None, ...], label: Label, context: Context
) -> None:
    filled = [b if a is None else a for a, b in zip(mean, USUAL, strict=True)]
    assert abandonment_logit(mean, label, context) == pytest.approx(
        abandonment_logit(filled, label, context)
    )


@given(states, labels, contexts)
def test_the_risk_stays_within_what_the_table_can_say(
    mean: tuple[float | None, ...], label: Label, context: Context
) -> None:
    assert abs(abandonment_logit(mean, label, context)) < 15


@pytest.mark.parametrize("label", [Label.FRUSTRATION, Label.EXIT_RISK, Label.DISENGAGEMENT])
def test_labels_of_trouble_raise_the_risk(label: Label) -> None:
    assert abandonment_logit(USUAL, label, NOWHERE) > abandonment_logit(
        USUAL, Label.NEUTRAL, NOWHERE
    )


def test_checkout_and_a_filled_cart_lower_every_score_that_may_know_them() -> None:
    here, there = Context(page_type=PRODUCT), Context(page_type=CHECKOUT, cart_bucket=FULL)
    assert abandonment_logit(USUAL, Label.NEUTRAL, there) < abandonment_logit(
        USUAL, Label.NEUTRAL, here
    )
    assert page_only_logit(there, 60) < page_only_logit(here, 60)
    assert page_only_logit(replace(here, cart_bucket=EMPTY), 60) > page_only_logit(here, 60)


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_time_on_site_never_raises_a_baseline(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert duration_only_logit(more) <= duration_only_logit(less)
    assert page_only_logit(NOWHERE, more) <= page_only_logit(NOWHERE, less)
