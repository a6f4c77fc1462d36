"""Forecasts of a whole reducer: made from telemetry, resolved by commands and by time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eitp_server.bandit.choice import Experiment
from eitp_server.ingest.reducer import IDLE_US, Reducer
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy, Settings
from eitp_server.services.validation import violations
from eitp_server.storage.log import Resolution, Writes
from faults.clients import START_US, Clients
from faults.script import HOUR, MINUTE, SECOND, Close, Open, Report, Send, Step

CONVERSION, ABANDONMENT = 1, 4
VISIT = Send(0, ("moves",) * 9 + ("clicks",))
OPEN = Open(0, 4, consent=True)


class Life:
    """A reducer whose time is told."""

    def __init__(self, holdout_share: float = 0.0) -> None:
        experiment = Experiment(key=b"key", holdout_share=holdout_share)
        policy = Policy(Settings(experiment=experiment))
        self.reducer = Reducer(Desk(policy), violations)
        self.now_us = START_US
        self._clients = Clients(policy)

    def after(self, wait_us: int, *steps: Step) -> Writes:
        """Let time pass, then apply the steps in one tick."""
        self.now_us += wait_us
        inputs = [self._clients.input(step, self.now_us) for step in steps]
        return self.reducer.apply(inputs, self.now_us).writes

    def passes(self, wait_us: int) -> Writes:
        """Let time pass in which nothing arrives; the ticker asks whether anything is due."""
        self.now_us += wait_us
        if not self.reducer.due(self.now_us):
            return Writes()
        effects = self.reducer.apply([], self.now_us)
        assert effects.changed
        return effects.writes


@pytest.fixture
def life() -> Life:
    """A shopper who was foretold something."""
    life = Life()
    life.after(SECOND, OPEN)
    assert life.after(SECOND, VISIT).packets
    return life


def test_a_packet_with_a_known_state_gives_the_risk_as_shipped() -> None:
    life = Life()
    life.after(SECOND, OPEN)
    packet = life.after(SECOND, VISIT).packets[0]
    assert packet.abandonment_risk is not None
    assert 0 < packet.abandonment_risk < 1
    assert packet.calibration_version == "shipped/1"


def test_a_conversion_resolves_the_forecast_in_a_quiet_tick(life: Life) -> None:
    assert life.after(MINUTE, Report(0, CONVERSION)).forecasts == []
    assert life.passes(30 * SECOND).forecasts == []
    (row,) = life.passes(31 * SECOND).forecasts
    assert (row.abandoned, row.resolution) == (False, Resolution.SUCCESS)
    assert row.forecast_at_us == START_US + 2 * SECOND
    assert (row.tenant_id, row.session_id) == ("shop", "ses_0")


def test_a_closed_session_without_report_is_abandoned_after_half_an_hour(life: Life) -> None:
    life.after(MINUTE, Close(0))
    assert life.passes(29 * MINUTE).forecasts == []
    (row,) = life.passes(MINUTE).forecasts
    assert row.resolution == Resolution.SILENCE


def test_an_expired_session_is_abandoned_half_an_hour_later(life: Life) -> None:
    assert life.passes(IDLE_US).forecasts == []
    assert len(life.reducer.sessions) == 0
    assert life.passes(29 * MINUTE).forecasts == []
    (row,) = life.passes(MINUTE).forecasts
    assert row.abandoned is True


def test_a_session_whose_outcome_is_known_is_not_foretold_any_more() -> None:
    life = Life()
    life.after(SECOND, OPEN)
    life.after(SECOND, Report(0, CONVERSION))
    assert life.after(SECOND, VISIT).packets
    assert len(life.reducer.ledger) == 0


def test_a_forecast_of_the_same_tick_as_its_outcome_is_void() -> None:
    life = Life()
    life.after(SECOND, OPEN)
    life.after(SECOND, VISIT, Report(0, CONVERSION))
    (row,) = life.passes(2 * MINUTE).forecasts
    assert (row.abandoned, row.resolution) == (None, Resolution.TOO_LATE)


def test_an_outcome_that_happened_before_the_forecast_voids_it(life: Life) -> None:
    life.after(MINUTE, Report(0, CONVERSION, ago_us=2 * HOUR))
    (row,) = life.passes(2 * MINUTE).forecasts
    assert row.resolution == Resolution.TOO_LATE


def test_a_resolved_session_that_goes_on_is_not_foretold_again(life: Life) -> None:
    life.after(MINUTE, Report(0, CONVERSION))
    life.passes(2 * MINUTE)
    assert life.after(5 * MINUTE, VISIT).packets
    assert len(life.reducer.ledger) == 0


def test_a_visit_after_the_last_one_was_settled_is_another(life: Life) -> None:
    life.after(MINUTE, Report(0, ABANDONMENT), Close(0))
    life.passes(2 * MINUTE)
    life.after(MINUTE, OPEN)
    life.after(SECOND, VISIT)
    assert len(life.reducer.ledger) == 1


def test_held_out_visitors_are_marked_and_sessions_that_got_something_too() -> None:
    for share in (1.0, 0.0):
        life = Life(holdout_share=share)
        life.after(SECOND, OPEN)
        writes = life.after(SECOND, VISIT)
        life.after(MINUTE, Close(0))
        (row,) = life.passes(HOUR).forecasts
        assert row.holdout == (share == 1.0)
        assert row.treated == bool(writes.interventions)


def test_a_restart_in_between_leads_to_the_same_state(life: Life) -> None:
    life.after(MINUTE, Report(0, CONVERSION))
    again = Life()
    again.reducer.load(*life.reducer.dump())
    assert again.reducer.digest() == life.reducer.digest()
    again.now_us = life.now_us
    assert again.passes(2 * MINUTE).forecasts == life.passes(2 * MINUTE).forecasts
    assert again.reducer.digest() == life.reducer.digest()
    assert again.reducer.ledger.calibrators.get("shop", 0).seen == 1


def test_looking_at_a_session_foretells_nothing() -> None:
    life = Life()
    life.after(SECOND, OPEN)
    life.after(SECOND, replace(VISIT, moods=("moves",)))
    assert life.reducer.current("shop", "ses_0", life.now_us) is not None
    assert len(life.reducer.ledger) == 0
