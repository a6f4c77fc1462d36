"""What packets look like once a tenant's own outcomes have taught something."""

from __future__ import annotations

import pytest
from eitp_server.classification.calibration import ENOUGH
from eitp_server.classification.packet import SHIPPED, AbstainReason, Label
from eitp_server.ingest.calibrators import RISK
from eitp_server.ingest.ledger import Ledger
from ingest.shopfront import (
    CONVERSION,
    MINUTE,
    SECOND,
    START_US,
    foretell,
    lived,
    outcome,
    packet,
)

OFTEN = 1200


def taught(label: Label, *, buy_of_ten: int, tenant_id: str = "shop") -> Ledger:
    """Return a ledger that saw many sessions, half of them labelled, half of all bought."""
    ledger = Ledger()
    for number in range(OFTEN):
        labelled = number % 2 == 0
        buy = buy_of_ten if labelled else 10 - buy_of_ten
        lived(
            ledger,
            f"s-{number}",
            bought=(number // 2) % 10 < buy,
            label=label if labelled else Label.NEUTRAL,
            tenant_id=tenant_id,
        )
    return ledger


def test_before_any_outcome_packets_are_as_shipped() -> None:
    made = packet()
    assert Ledger().calibrators.calibrated(made) is made
    assert made.calibration_version == SHIPPED


def test_a_risk_that_comes_true_less_often_is_lowered() -> None:
    ledger = taught(Label.FRUSTRATION, buy_of_ten=5)
    said = ledger.calibrators.calibrated(packet())
    assert said.abandonment_risk == pytest.approx(0.5, abs=0.05)
    assert said.calibration_version == f"tenant/1;n={OFTEN}"


def test_a_packet_without_a_label_gets_the_risk_that_was_learned() -> None:
    ledger = taught(Label.FRUSTRATION, buy_of_ten=5)
    said = ledger.calibrators.calibrated(packet(label=Label.UNSPECIFIED, confidence=None))
    assert said.abandonment_risk == pytest.approx(0.5, abs=0.05)
    assert (said.label, said.confidence) == (Label.UNSPECIFIED, None)


def test_a_label_whose_outcome_does_not_come_is_withheld() -> None:
    ledger = taught(Label.FRUSTRATION, buy_of_ten=9)
    said = ledger.calibrators.calibrated(packet(label=Label.FRUSTRATION))
    assert said.label is Label.UNSPECIFIED
    assert said.confidence is None
    assert said.abstain_reason is AbstainReason.LOW_CONFIDENCE


def test_a_label_whose_outcome_comes_keeps_a_confidence_that_says_how_often() -> None:
    ledger = taught(Label.FRUSTRATION, buy_of_ten=3)
    said = ledger.calibrators.calibrated(packet(label=Label.FRUSTRATION))
    assert said.label is Label.FRUSTRATION
    assert said.confidence == pytest.approx(0.7, abs=0.05)


def test_a_label_that_foretells_success_is_judged_by_success() -> None:
    ledger = taught(Label.INTEREST, buy_of_ten=7)
    said = ledger.calibrators.calibrated(packet(label=Label.INTEREST))
    assert said.confidence == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("label", [Label.NEUTRAL, Label.EXIT_RISK])
def test_labels_that_were_not_judged_keep_their_confidence(label: Label) -> None:
    ledger = taught(Label.FRUSTRATION, buy_of_ten=9)
    said = ledger.calibrators.calibrated(packet(label=label))
    assert (said.label, said.confidence) == (label, 0.8)


def test_a_label_that_is_withheld_is_judged_all_the_same() -> None:
    ledger = taught(Label.FRUSTRATION, buy_of_ten=9)
    before = ledger.calibrators.get("shop", Label.FRUSTRATION).seen
    lived(ledger, "one more", bought=False, label=Label.FRUSTRATION)
    assert ledger.calibrators.get("shop", Label.FRUSTRATION).seen == before + 1


def test_two_tenants_share_nothing() -> None:
    ledger = taught(Label.FRUSTRATION, buy_of_ten=9)
    alone = ledger.calibrators.calibrated(packet(tenant_id="rival", label=Label.FRUSTRATION))
    assert alone == packet(tenant_id="rival", label=Label.FRUSTRATION)
    assert ledger.calibrators.get("rival", RISK).seen == 0


def test_a_label_given_after_the_outcome_teaches_nothing() -> None:
    ledger = Ledger()
    foretell(ledger, packet())
    ledger.report(outcome(CONVERSION, START_US + SECOND), START_US + 30 * SECOND)
    ledger.claim(packet(at_us=START_US + 2 * SECOND, label=Label.FRUSTRATION))
    ledger.resolve(START_US + 10 * MINUTE)
    assert ledger.calibrators.get("shop", RISK).seen == 1
    assert ledger.calibrators.get("shop", Label.FRUSTRATION).seen == 0


def test_what_was_learned_waits_for_enough_of_both_outcomes() -> None:
    ledger = Ledger()
    for number in range(int(ENOUGH) + 30):
        lived(ledger, f"s-{number}", bought=True)
    made = packet()
    assert ledger.calibrators.calibrated(made) is made
