"""States: bounds, uncertainty, what is unknown, and that unmet clicks never please."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from classification.journey import (
    CHECKOUT,
    SLOT,
    TOUCH,
    UNKNOWN,
    context,
    estimated,
    found,
    state_after,
    wandering,
    with_signal,
)
from eitp_server.classification.estimator import ENOUGH_CLICKS, STALE_S, estimate
from eitp_server.classification.label import MIN_CONFIDENCE
from eitp_server.classification.packet import DIMENSIONS, AbstainReason, Label
from eitp_server.classification.state import StateTable
from eitp_server.signals.event import Kind
from eitp_server.signals.fold import evidence
from eitp_server.signals.signal import Signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from signals.stream import Row, answer, clicks, folded, journeys, silence

if TYPE_CHECKING:
    from eitp_server.signals.evidence import EvidenceColumns

VALENCE, AROUSAL, URGENCY, CONFUSION, INTEREST, INTENT, PHASE = range(len(DIMENSIONS))
UNMET = (Signal.DEAD_CLICK, Signal.RAGE_CLICK, Signal.SLOW_CLICK)

numbers = st.one_of(st.just(float("nan")), st.floats(-(2.0**31), 2.0**31, width=32))
any_values = arrays.arrays(np.float32, (3, len(Signal)), elements=numbers)


def evidence_of(value: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> EvidenceColumns:
    return replace(found(m=3), value=value, present=~np.isnan(value))


@given(any_values, any_values)
def test_states_stay_within_their_bounds_whatever_the_evidence(
    value: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    baseline: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    states = estimated(replace(evidence_of(np.abs(value)), baseline=baseline))
    assert states.known.all()
    assert np.isfinite(states.mean).all()
    assert (np.abs(states.mean) <= 1).all()
    assert (states.mean[:, 1:] >= 0).all()
    assert (states.sd > 0).all()
    assert (states.sd <= 2).all()
    assert np.isfinite(states.weights).all()
    spoken = states.label != Label.UNSPECIFIED
    assert ((states.abstain_reason == AbstainReason.UNSPECIFIED) == spoken).all()
    assert (np.isnan(states.confidence) != spoken).all()
    assert (
        (states.confidence[spoken] >= MIN_CONFIDENCE) & (states.confidence[spoken] <= 0.9)
    ).all()


@given(any_values, st.sampled_from(UNMET), st.floats(0, 50, width=32), st.floats(0, 50, width=32))
def test_more_unmet_clicks_never_raise_valence(
    value: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    signal: Signal,
    few: float,
    more: float,
) -> None:
    base = evidence_of(np.abs(value))
    fewer, many = (
        estimated(with_signal(base, signal, np.full(3, count, np.float32))).mean[:, VALENCE]
        for count in (few, few + more)
    )
    assert (many <= fewer).all()


@given(journeys(sessions=1), st.integers(1, 3), st.sampled_from((-1, 1200, 2400, 3000)))
def test_a_further_unmet_click_never_raises_valence(
    rows: list[Row], repeats: int, latency: int
) -> None:
    """Whatever went before; both states are taken at the same moment."""
    start = rows[-1].t + 3000
    base = [*rows, *clicks(start - 2900, start - 2000, start - 1100, x=900)]
    unmet = list(base)
    for i in range(repeats):
        at = start + 4000 * i
        unmet += clicks(at, x=900)
        unmet += [silence(at + 2500) if latency < 0 else answer(at + latency, latency)]
    end = start + 4000 * repeats
    before, after = (state_after(events, at=end).mean[0, VALENCE] for events in (base, unmet))
    assert after <= before + 1e-6


def test_nothing_is_known_of_a_session_that_has_hardly_begun() -> None:
    states = state_after(wandering(3))
    assert not states.known.any()
    assert np.isnan(states.mean).all()
    assert np.isnan(states.sd).all()
    assert states.label[0] == Label.UNSPECIFIED
    assert states.abstain_reason[0] == AbstainReason.INSUFFICIENT_EVIDENCE


def test_five_seconds_of_movement_are_enough() -> None:
    assert state_after(wandering(6)).known.all()


def test_three_clicks_are_enough() -> None:
    few, enough = (clicks(*range(0, 3000 * n, 3000)) for n in (ENOUGH_CLICKS - 1, ENOUGH_CLICKS))
    assert not state_after(few).known.any()
    assert state_after(enough).known.all()


def test_two_clicks_and_a_third_of_the_movement_are_enough() -> None:
    assert not state_after([*wandering(1), *clicks(4000, 7000)]).known.any()
    assert state_after([*wandering(2), *clicks(4000, 7000)]).known.all()


def test_intent_and_phase_are_unknown_where_the_page_is() -> None:
    states = state_after(wandering(6), around=context(page_type=0))
    assert states.known[0, :INTENT].all()
    assert not states.known[0, INTENT:].any()


def test_silence_widens_the_state_and_then_forgets_it() -> None:
    rows = wandering(8)
    end = rows[-1].t
    spans = [state_after(rows, at=end + ms).sd[0, VALENCE] for ms in (0, 4000, 12_000, 50_000)]
    assert spans == sorted(spans)
    assert spans[0] < spans[-1]
    stale = state_after(rows, at=end + int(STALE_S * 1000))
    assert not stale.known.any()
    assert stale.abstain_reason[0] == AbstainReason.STALE


def test_more_evidence_narrows_the_state_but_not_below_its_floor() -> None:
    known = found(m=5)
    amount = np.array([0, 1, 5, 100, 1e6], np.float32)
    sd = estimated(replace(known, recent_moving_s=amount)).sd
    assert (np.diff(sd[:, :INTENT], axis=0) <= 0).all()
    assert (sd[:, VALENCE] >= 0.3).all()
    assert (sd[:, AROUSAL] >= 0.2).all()


def test_slow_sampling_alone_gives_no_label() -> None:
    slow = replace(
        found(), sampling_hz=np.full(1, 3, np.float32), recent_clicks=np.zeros(1, np.int32)
    )
    assert estimated(slow).abstain_reason[0] == AbstainReason.RATE_TOO_LOW


def test_the_further_the_page_the_further_the_phase_and_the_stronger_the_intent() -> None:
    pages = [state_after(wandering(8), around=context(page_type=p)) for p in (1, 4, 7, 8, 9)]
    for dimension in (INTENT, PHASE):
        means = [float(states.mean[0, dimension]) for states in pages]
        assert means == sorted(means)


def test_where_a_session_stands_says_nothing_of_its_mood() -> None:
    home, checkout = (state_after(wandering(8), around=context(page_type=p)) for p in (1, CHECKOUT))
    np.testing.assert_array_equal(home.mean[0, :INTENT], checkout.mean[0, :INTENT])


def test_how_the_hand_moves_says_nothing_of_the_intent() -> None:
    calm, wild = state_after(wandering(8)), state_after(wandering(8, px=60))
    np.testing.assert_array_equal(calm.mean[0, INTENT:], wild.mean[0, INTENT:])


def test_the_state_follows_new_evidence_within_seconds_of_session_time() -> None:
    table = StateTable.allocate(1)
    calm, upset = found(), found({Signal.DEAD_CLICK: 3.0})
    first = estimate(calm, context(), table, SLOT, np.array([10_000])).mean[0, VALENCE]
    soon = estimate(upset, context(), table, SLOT, np.array([10_100])).mean[0, VALENCE]
    later = estimate(upset, context(), table, SLOT, np.array([15_000])).mean[0, VALENCE]
    assert later < soon < first
    assert later == pytest.approx(estimated(upset).mean[0, VALENCE], abs=0.01)


def test_states_of_sessions_do_not_depend_on_their_neighbours() -> None:
    rows = wandering(8)
    both = folded([*rows, *[replace(row, slot=3, x=2 * row.x) for row in rows]])
    at = np.array([8000, 8000])
    together = estimate(
        evidence(both, np.array([0, 3]), at),
        context(m=2),
        StateTable.allocate(4),
        np.array([0, 3]),
        at,
    )
    np.testing.assert_array_equal(together.mean[:1], state_after(rows, at=8000).mean)


def test_a_hidden_page_is_not_taken_for_a_pause() -> None:
    rows = [*wandering(7), Row(7000, Kind.HIDDEN), Row(17_000, Kind.VISIBLE)]
    found_ = evidence(folded(rows), SLOT, np.array([17_000]))
    assert not found_.present[0, Signal.PAUSE_SHARE.column]


def test_the_path_of_a_finger_moves_no_state() -> None:
    calm, wild = (
        found({Signal.MEAN_SPEED: 300.0, Signal.PATH_EFFICIENCY: 1.0}),
        found({Signal.PATH_EFFICIENCY: 0.05, Signal.THRASH: 4.0, Signal.PAUSE_SHARE: 0.9}),
    )
    by_finger = [estimated(known, context(pointer=TOUCH)).mean for known in (calm, wild)]
    by_mouse = [estimated(known, context()).mean for known in (calm, wild)]
    assert (by_finger[0] == by_finger[1]).all()
    assert (by_mouse[0] != by_mouse[1]).any()


def test_a_pointer_of_unknown_kind_has_no_usual_speed() -> None:
    usual = found({Signal.MEAN_SPEED: 900.0}, baselines={Signal.MEAN_SPEED: 300.0})
    quiet = found({Signal.MEAN_SPEED: 300.0}, baselines={Signal.MEAN_SPEED: 300.0})
    unknown = [estimated(known, context(pointer=UNKNOWN)).mean for known in (usual, quiet)]
    assert (unknown[0] == unknown[1]).all()
    assert (estimated(usual).mean != estimated(quiet).mean).any()
