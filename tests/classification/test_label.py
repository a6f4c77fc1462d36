"""Labels: each by a journey that earns it, and each withheld where its condition fails."""

from __future__ import annotations

import numpy as np
import pytest
from classification.journey import (
    CHECKOUT,
    DESCRIPTION,
    FINANCING,
    REVIEWS,
    context,
    estimated,
    found,
    state_after,
    wandering,
)
from eitp_server.classification.label import CONDITIONS
from eitp_server.classification.packet import AbstainReason, Label
from eitp_server.signals.event import Kind
from eitp_server.signals.signal import Signal
from signals.stream import Row, answer, clicks, silence


def paced(*gaps: int, start: int = 0) -> list[Row]:
    """Return answered clicks in different places that far apart."""
    times = start + np.cumsum(gaps)
    rows: list[Row] = [Row(start, Kind.NAVIGATE)]
    for i, t in enumerate(times.tolist()):
        rows += [*clicks(t, x=300 * i, target=i + 1), answer(t + 60, 60)]
    return rows


def label_after(rows: list[Row], *, at: int | None = None, page_type: int = 4) -> Label:
    return Label(int(state_after(rows, at=at, around=context(page_type=page_type)).label[0]))


def test_plain_browsing_is_neutral() -> None:
    assert label_after([*paced(2000, 2200, 1900, 2100), *wandering(6, start=8300)]) == Label.NEUTRAL


def test_dead_clicks_are_frustration() -> None:
    rows = wandering(6)
    for start in (6000, 9000, 12_000):
        rows += [*clicks(start), silence(start + 2500)]
    states = state_after(rows)
    assert states.label[0] == Label.FRUSTRATION
    assert states.confidence[0] > 0.6
    assert states.weights[0, Signal.DEAD_CLICK.column] > 1


def test_more_unmet_clicks_never_make_a_frustration_less_certain() -> None:
    confidence = [estimated(found({Signal.DEAD_CLICK: n})).confidence[0] for n in (2, 3, 5, 50)]
    assert confidence == sorted(confidence)
    assert confidence[-1] <= 0.9


def test_fast_clicks_that_are_answered_are_not_frustration() -> None:
    rows = wandering(6)
    for start in range(6000, 8000, 220):
        rows += [*clicks(start), answer(start + 40, 40)]
    assert label_after(rows) != Label.FRUSTRATION


@pytest.mark.parametrize(
    "signal", [Signal.MEAN_SPEED, Signal.DIRECTION_FLIPS, Signal.CLICK_RATE, Signal.THRASH]
)
def test_no_speed_or_wildness_alone_is_frustration(signal: Signal) -> None:
    states = estimated(found({signal: 1e6}, baselines={signal: 1.0}))
    assert states.label[0] != Label.FRUSTRATION


def test_dwelling_on_the_description_is_interest() -> None:
    assert label_after(wandering(16, section=DESCRIPTION)) == Label.INTEREST


def test_dwelling_on_the_financing_is_price_concern() -> None:
    assert label_after(wandering(14, section=FINANCING)) == Label.PRICE_CONCERN


def test_dwelling_on_reviews_is_trust_concern() -> None:
    assert label_after(wandering(14, section=REVIEWS)) == Label.TRUST_CONCERN


def test_deciding_slower_than_usual_is_hesitation() -> None:
    assert label_after(paced(2000, 2200, 1900, 2100, 2000, 14_000)) == Label.HESITATION


def test_hesitating_at_the_price_is_price_concern() -> None:
    hesitant = found({Signal.HESITATION: 2.0})
    assert estimated(hesitant).label[0] == Label.HESITATION
    assert estimated(hesitant, context(page_section=FINANCING)).label[0] == Label.PRICE_CONCERN
    assert estimated(hesitant, context(page_section=REVIEWS)).label[0] == Label.TRUST_CONCERN


def test_merely_pointing_at_the_price_is_no_concern() -> None:
    assert estimated(found(), context(page_section=FINANCING)).label[0] == Label.NEUTRAL


def test_deciding_faster_than_usual_is_urgency() -> None:
    rows = paced(4000, 4200, 3900, 4100, 4000, 700)
    assert label_after(rows) == Label.URGENCY


def test_leaving_for_other_tabs_and_copying_is_comparison() -> None:
    rows = wandering(6)
    for start in (6000, 9000, 12_000):
        rows += [Row(start, Kind.COPY), Row(start + 100, Kind.HIDDEN)]
        rows += [Row(start + 2000, Kind.VISIBLE)]
    assert label_after(rows, page_type=6) == Label.COMPARISON


def test_mashing_back_is_frustration() -> None:
    rows = [*wandering(6), Row(6000, Kind.BACK), Row(6900, Kind.BACK)]
    assert label_after(rows) == Label.FRUSTRATION


def test_returns_in_quick_succession_need_no_other_evidence() -> None:
    assert label_after([Row(0), Row(900, Kind.BACK), Row(1800, Kind.BACK)]) == Label.FRUSTRATION


def test_turning_to_the_browsers_controls_in_the_checkout_is_exit_risk() -> None:
    leaving = {Signal.EDGE_EXITS: 1.0}
    assert estimated(found(leaving), context(page_type=CHECKOUT)).label[0] == Label.EXIT_RISK
    assert estimated(found(leaving)).label[0] == Label.NEUTRAL


def test_a_page_that_does_not_answer_is_the_matter_wherever_the_pointer_dwells() -> None:
    stuck = found({Signal.RAGE_CLICK: 1.0}, dwell_s={FINANCING: 13.0})
    assert estimated(stuck).label[0] == Label.FRUSTRATION
    assert estimated(found(dwell_s={FINANCING: 13.0})).label[0] == Label.PRICE_CONCERN


def test_doing_nothing_for_a_while_is_disengagement() -> None:
    rows = wandering(6)
    assert label_after(rows, at=rows[-1].t + 40_000) == Label.DISENGAGEMENT


def test_detours_and_reversals_are_confusion() -> None:
    states = estimated(
        found(
            {
                Signal.PATH_EFFICIENCY: 0.1,
                Signal.SCROLL_REVERSALS: 9.0,
                Signal.QUICK_BACK: 1.0,
                Signal.DIRECTION_FLIPS: 6.0,
            },
            baselines={Signal.DIRECTION_FLIPS: 2.0},
        )
    )
    assert states.label[0] == Label.CONFUSION


def test_without_any_sign_no_label_but_neutral_is_possible_and_even_that_is_not_certain() -> None:
    states = estimated(found())
    assert states.label[0] == Label.NEUTRAL
    assert states.confidence[0] == pytest.approx(0.9)


def test_two_equally_likely_labels_are_a_conflict() -> None:
    both = found(dwell_s={FINANCING: 8, REVIEWS: 8})
    states = estimated(both)
    assert states.label[0] == Label.UNSPECIFIED
    assert states.abstain_reason[0] == AbstainReason.CONFLICTING_EVIDENCE
    assert np.isnan(states.confidence[0])


def test_a_label_hardly_likelier_than_neutral_is_withheld() -> None:
    weak = found(dwell_s={FINANCING: 6.2, REVIEWS: 4.0})
    assert estimated(weak).abstain_reason[0] == AbstainReason.LOW_CONFIDENCE


def test_the_weights_of_a_neutral_label_speak_against_the_strongest_other_one() -> None:
    states = estimated(found({Signal.RESPONSE_LATENCY: 400.0}))
    assert states.label[0] == Label.NEUTRAL
    assert states.weights[0, Signal.RESPONSE_LATENCY.column] < 0


def test_the_weights_are_the_signals_share_of_the_logit() -> None:
    quiet, dead = found({Signal.DEAD_CLICK: 0.0}), found({Signal.DEAD_CLICK: 3.0})
    weight = estimated(dead).weights[0, Signal.DEAD_CLICK.column]
    assert weight == pytest.approx(4.5 * (1 - np.exp(-3 / 2)), rel=1e-4)
    assert estimated(quiet).weights[0, Signal.DEAD_CLICK.column] == 0


def test_every_label_has_a_condition_and_a_definition() -> None:
    assert set(CONDITIONS) == {label for label in Label if label > Label.NEUTRAL}
    for label, condition in CONDITIONS.items():
        assert (condition.__doc__ or "").startswith(f"{label.name}: ")


def test_departures_alone_are_no_comparison_yet() -> None:
    assert estimated(found({Signal.DEPARTURES: 1.0})).label[0] == Label.NEUTRAL
