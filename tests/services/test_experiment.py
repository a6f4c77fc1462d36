"""What one look at an experiment finds, and the message that says it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from eitp.v1.experiment_pb2 import ArmStatus, Experiment, ExperimentVerdict, GuardrailMetric
from eitp.v1.lift_pb2 import LiftMethod
from eitp_server.bandit import guardrail, lift, verdict
from eitp_server.bandit.arm_study import watched_margins
from eitp_server.bandit.policy_table import Exploration, document_of
from eitp_server.errors import Missing, Reason
from eitp_server.interventions.analyst import Analyst
from eitp_server.interventions.policy import Settings
from eitp_server.services import experiment
from eitp_server.services.experiment import (
    WINDOW_US,
    Experiments,
    Findings,
    Standing,
    margins_of,
)
from eitp_server.services.experiment_message import experiment_message
from eitp_server.services.validation import violations
from eitp_server.storage.log import StoppedRow, Writes
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from eitp_server.storage.tenant import Learning, Tenant
from eitp_server.storage.trials import Trials
from interventions.shop import SETTINGS, reloaded, text
from interventions.synthetic_shop import DAY_US, HOUR_US, Truth, history

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from eitp_server.bandit.decision import Decision
    from eitp_server.interventions.policy import Policy
    from interventions.synthetic_shop import History

HELPS = history(Truth(rates=(0.03, 0.03, 0.15, 0.08), holdout_share=0.35, decisions=3_500))
HARMS = history(
    Truth(rates=(0.16, 0.04, 0.02, 0.02), holdout_share=0.4, decisions=3_500, learning_every=9_999)
)
IDLE = history(Truth(rates=(0.06, 0.06, 0.06, 0.06), holdout_share=0.35, decisions=3_500))
SMALL = history(Truth(rates=(0.03, 0.03, 0.3, 0.08), holdout_share=0.35, decisions=500))
MIDDLE = history(Truth(rates=(0.03, 0.03, 0.2, 0.08), holdout_share=0.35, decisions=2_000))
UNTRIED = history(Truth(holdout_share=0.0, decisions=200))
NONE = Writes()
TENANT = Tenant(
    tenant_id="shop", display_name="Shop", vertical="automotive", holdout_share=0.1, created_at_us=0
)


class Shop:
    """A policy that has learnt, a database, and who looks at both."""

    def __init__(self, found: History, database: SQLiteDatabase, share: float) -> None:
        self.policy: Policy = reloaded(found.policy, SETTINGS)
        self.now_us = found.matured_us
        self.tenant = TENANT
        self.trials = Trials(database, successes=(1, 3), window_us=WINDOW_US)
        self.experiments = Experiments(
            Analyst(self.trials, lambda _: {}, lambda: self.now_us),
            lambda: self.policy,
            lambda _: self.tenant,
            lambda: self.now_us,
            holdout_share=share,
        )

    async def findings(self, definition_id: str = "") -> Findings:
        return await self.experiments.examine("shop", definition_id)

    async def message(self, definition_id: str = "") -> Experiment:
        """The message, which always keeps the rules of the schema."""
        message = experiment_message(await self.findings(definition_id))
        assert not violations(message)
        return message


class Street:
    """Opens shops, each with a database of its own."""

    def __init__(self) -> None:
        self.databases: list[SQLiteDatabase] = []

    async def shop(self, found: History, writes: Writes | None = None, share: float = 0.3) -> Shop:
        database = await SQLiteDatabase.open(None)
        self.databases.append(database)
        log = await SQLiteLog.open(database)
        await log.commit(1, b"", found.writes if writes is None else writes)
        return Shop(found, database, share)


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    street = Street()
    yield street
    for database in street.databases:
        await database.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("found", "share", "expected"),
    [
        (HELPS, 0.35, ExperimentVerdict.EXPERIMENT_VERDICT_LIFT_SHOWN),
        (HARMS, 0.4, ExperimentVerdict.EXPERIMENT_VERDICT_HARM_SHOWN),
        (IDLE, 0.35, ExperimentVerdict.EXPERIMENT_VERDICT_NOT_SHOWN),
        (UNTRIED, 0.0, ExperimentVerdict.EXPERIMENT_VERDICT_NO_HOLDOUT),
        (UNTRIED, 0.1, ExperimentVerdict.EXPERIMENT_VERDICT_TOO_EARLY),
    ],
)
async def test_every_verdict_is_sent_with_all_that_it_rests_on(
    street: Street, found: History, share: float, expected: ExperimentVerdict
) -> None:
    shop = await street.shop(found, share=share)
    message = await shop.message()
    assert message.verdict == expected
    assert [arm.definition_id for arm in message.arms] == ["", "badge", "chat", "offer"]
    visitors = {row.visitor_hash for row in found.writes.decisions}
    assert message.units == len(visitors)
    assert message.propensity_audit.decisions == len(found.writes.decisions)
    assert message.HasField("overall") == (share > 0)
    added, whole = message.incremental_conversions, message.overall
    assert message.HasField("incremental_conversions") == whole.HasField("estimate")
    for field in ("estimate", "lower_bound", "interval_low", "interval_high"):
        share_added = getattr(whole, field)
        assert getattr(added, field) == pytest.approx(share_added * whole.treated_units)
    assert sum(arm.current_probability for arm in message.arms) == pytest.approx(1)
    assert all(arm.current_probability >= message.exploration_floor for arm in message.arms)
    assert not message.arms[0].HasField("lift")
    assert not message.arms[0].guardrails
    treated = [row for row in found.writes.decisions if not row.holdout]
    assert sum(arm.decisions for arm in message.arms) == len(treated)
    assert sum(arm.censored for arm in message.arms) > 0
    assert message.outcome_window.seconds == 86_400
    assert message.methodology_id == "experiment/2"
    for arm in message.arms[1:]:
        assert arm.definition_revision == 1
        assert arm.delivered == arm.decisions
        assert len(arm.guardrails) == 3


async def test_what_was_learnt_is_said_and_nothing_is_learnt_by_asking(street: Street) -> None:
    shop = await street.shop(SMALL)
    before = text(shop.policy), shop.policy.table.asked()
    message = await shop.message()
    means = {arm.definition_id: arm.posterior_mean for arm in message.arms}
    chances = {arm.definition_id: arm.current_probability for arm in message.arms}
    assert max(means, key=means.__getitem__) == max(chances, key=chances.__getitem__) == "chat"
    losses = {arm.definition_id: arm.expected_loss for arm in message.arms}
    assert min(losses, key=losses.__getitem__) == "chat"
    for arm in message.arms:
        gap = means["chat"] - arm.posterior_mean
        assert arm.expected_loss == pytest.approx(gap + losses["chat"], abs=1e-9)
    assert (text(shop.policy), shop.policy.table.asked()) == before


async def test_before_the_first_snapshot_there_is_no_posterior(street: Street) -> None:
    taught_nothing = history(Truth(decisions=100, learning_every=1_000))
    shop = await street.shop(taught_nothing)
    message = await shop.message()
    assert not any(arm.HasField("posterior_mean") for arm in message.arms)
    assert not any(arm.HasField("expected_loss") for arm in message.arms)
    assert message.arms[1].current_probability > 0


async def test_before_the_first_decision_the_terms_stand_and_nothing_else(street: Street) -> None:
    shop = await street.shop(UNTRIED, NONE)
    message = await shop.message()
    assert message.verdict == ExperimentVerdict.EXPERIMENT_VERDICT_TOO_EARLY
    assert message.sample_ratio.expected_holdout_share == message.holdout_share == 0.3
    assert message.sample_ratio.sequential_p_value == 1
    assert not message.HasField("window")
    assert [(arm.definition_id, arm.current_probability) for arm in message.arms] == [("", 1.0)]
    assert message.units == 0
    assert not message.propensity_audit.HasField("p_value")


@pytest.mark.parametrize(
    ("own", "servers", "expected"),
    [
        (0.35, 0.0, ExperimentVerdict.EXPERIMENT_VERDICT_LIFT_SHOWN),
        (0.0, 0.35, ExperimentVerdict.EXPERIMENT_VERDICT_NO_HOLDOUT),
    ],
)
async def test_what_the_tenant_holds_out_counts_and_not_what_the_server_does(
    street: Street, own: float, servers: float, expected: ExperimentVerdict
) -> None:
    shop = await street.shop(HELPS, share=servers)
    shop.tenant = TENANT.with_learning(Learning(holdout_share=own))
    message = await shop.message()
    assert (message.verdict, message.holdout_share) == (expected, own)
    assert message.HasField("overall") == message.arms[1].HasField("lift") == (own > 0)


async def test_before_the_first_decision_the_tenants_holdout_is_promised(street: Street) -> None:
    shop = await street.shop(UNTRIED, NONE, share=0.1)
    shop.tenant = TENANT.with_learning(Learning(holdout_share=0.5))
    message = await shop.message()
    assert message.sample_ratio.expected_holdout_share == message.holdout_share == 0.5
    assert (await shop.findings()).standing.is_own_holdout


@pytest.mark.parametrize(("wish", "floor"), [(None, 0.05), (0.1, 0.1), (0.2, 0.125)])
async def test_the_floor_that_is_reported_is_the_one_that_decides(
    street: Street, wish: float | None, floor: float
) -> None:
    shop = await street.shop(UNTRIED)
    shop.policy.table.install(document_of({}, {"shop": Exploration(floor=wish)}))
    message = await shop.message()
    chances = [arm.current_probability for arm in message.arms]
    assert len(chances) == 4
    assert message.exploration_floor == pytest.approx(floor)
    assert message.exploration_floor <= min(chances) + 1e-9


async def test_what_waits_is_pending(street: Street) -> None:
    shop = await street.shop(SMALL)
    shop.now_us = SMALL.end_us
    message = await shop.message()
    waiting = sum(arm.pending for arm in message.arms)
    assert 0 < waiting < sum(arm.decisions for arm in message.arms)
    assert message.window.end.seconds < (SMALL.end_us - DAY_US) / 1e6
    assert any("not counted yet" in caveat for caveat in message.caveats)
    shop.now_us = SMALL.matured_us
    assert sum(arm.pending for arm in (await shop.message()).arms) == 0


async def test_late_conversions_are_told_apart(street: Street) -> None:
    shop = await street.shop(SMALL)
    message = await shop.message()
    late = sum(arm.late_conversions for arm in message.arms)
    assert late > 0
    assert any("came too late to count" in caveat for caveat in message.caveats)


async def test_a_stop_is_shown_with_the_harm_that_caused_it(street: Street) -> None:
    shop = await street.shop(SMALL)
    stop = shop.policy.stop("shop", "chat", guardrail.GuardrailMetric.COMPLAINT, shop.now_us)
    arms = {arm.definition_id: arm for arm in (await shop.message()).arms}
    stopped = {
        each.metric: each.stopped_at.ToMicroseconds()
        for each in arms["chat"].guardrails
        if each.HasField("stopped_at")
    }
    assert arms["chat"].status == ArmStatus.ARM_STATUS_STOPPED
    assert arms["chat"].current_probability == 0
    assert stopped == {GuardrailMetric.GUARDRAIL_METRIC_COMPLAINT: stop.at_us}
    assert arms["badge"].status == ArmStatus.ARM_STATUS_ACTIVE
    assert not any(each.HasField("stopped_at") for each in arms["badge"].guardrails)
    others = sum(arm.current_probability for name, arm in arms.items() if name != "chat")
    assert others == pytest.approx(1)


async def test_what_the_tenant_withdrew_is_retired_and_stays_counted(street: Street) -> None:
    shop = await street.shop(SMALL)
    catalogue = shop.policy.catalogue
    catalogue.delete("shop", "chat")
    catalogue.replace(replace(catalogue.get("shop", "badge"), enabled=False))
    arms = {arm.definition_id: arm for arm in (await shop.message()).arms}
    for name in ("chat", "badge"):
        assert arms[name].status == ArmStatus.ARM_STATUS_RETIRED
        assert arms[name].current_probability == 0
        assert arms[name].decisions > 0
    assert (await shop.message("chat")).arms[1].status == ArmStatus.ARM_STATUS_RETIRED


async def test_what_shows_something_else_now_is_counted_anew(street: Street) -> None:
    last = SMALL.writes.decisions[-1]
    changed = replace(last, decision_id="new", epochs=(0, 1, 2, 1), chosen="chat", holdout=False)
    later = replace(changed, decided_at_us=SMALL.end_us + 2 * HOUR_US, visitor_hash="nobody")
    shop = await street.shop(
        SMALL, replace(SMALL.writes, decisions=[*SMALL.writes.decisions, later])
    )
    waiting = {arm.definition_id: arm for arm in (await shop.message()).arms}["chat"]
    assert (waiting.definition_revision, waiting.decisions, waiting.pending) == (2, 0, 1)
    assert waiting.lift.treated_units == 0
    shop.now_us += DAY_US
    counted = {arm.definition_id: arm for arm in (await shop.message()).arms}["chat"]
    assert (counted.decisions, counted.pending, counted.lift.treated_units) == (1, 0, 1)


async def test_one_intervention_may_be_asked_for(street: Street) -> None:
    shop = await street.shop(SMALL)
    whole, one = await shop.message(), await shop.message("offer")
    assert [arm.definition_id for arm in one.arms] == ["", "offer"]
    assert one.arms[1] == whole.arms[3]
    assert one.overall == whole.overall
    shop.policy.catalogue.create(
        replace(shop.policy.catalogue.get("shop", "chat"), definition_id="new")
    )
    untried = (await shop.message("new")).arms[1]
    assert (untried.definition_id, untried.decisions) == ("new", 0)
    assert untried.status == ArmStatus.ARM_STATUS_ACTIVE
    with pytest.raises(Missing) as caught:
        await shop.message("nothing")
    assert caught.value.reason == Reason.DEFINITION_UNKNOWN


async def test_an_alarm_makes_everything_invalid(street: Street) -> None:
    def tampered(row: Any) -> Any:
        return replace(row, probabilities=(0.25,) * 4)

    forged = replace(MIDDLE.writes, decisions=[tampered(row) for row in MIDDLE.writes.decisions])
    shop = await street.shop(MIDDLE, forged)
    message = await shop.message()
    assert message.propensity_audit.alarm
    assert message.propensity_audit.sequential_p_value < 0.001
    assert message.verdict == ExperimentVerdict.EXPERIMENT_VERDICT_INVALID


async def test_more_interventions_than_fit_leave_out_those_that_were_chosen_least(
    street: Street,
) -> None:
    names = [f"arm-{number:03}" for number in range(250)]
    begun = UNTRIED.writes.decisions[0]
    rows = [
        replace(
            begun,
            decision_id=f"{name}-{time}",
            visitor_hash=f"{name}-{time}",
            decided_at_us=begun.decided_at_us + time,
            arms=("", name),
            probabilities=(0.5, 0.5),
            epochs=(0, 1),
            chosen=name,
            propensity=0.5,
        )
        for number, name in enumerate(names)
        for time in range(1 + (number >= 100))
    ]
    shop = await street.shop(UNTRIED, Writes(decisions=rows))
    listed = [arm.definition_id for arm in (await shop.message()).arms]
    assert len(listed) == 200
    assert set(names[100:]) < set(listed)


def test_numbers_and_names_are_those_of_the_protocol() -> None:
    for ours, theirs, prefix in (
        (verdict.ExperimentVerdict, ExperimentVerdict, "EXPERIMENT_VERDICT_"),
        (experiment.ArmStatus, ArmStatus, "ARM_STATUS_"),
        (guardrail.GuardrailMetric, GuardrailMetric, "GUARDRAIL_METRIC_"),
        (lift.LiftMethod, LiftMethod, "LIFT_METHOD_"),
    ):
        known = {f"{prefix}{item.name}": item.value for item in ours}
        assert {f"{prefix}UNSPECIFIED": 0, **known} == dict(theirs.items())


def test_outcomes_count_for_as_long_as_they_are_credited() -> None:
    credited = Settings(experiment=SETTINGS.experiment).attribution_seconds
    assert credited * 1_000_000 == WINDOW_US


def test_margins_are_the_tenants_where_it_set_some() -> None:
    tolerated = margins_of(Learning(guardrails={"complaint": 0.001, "cart_removal": 0.3}))
    assert tolerated[guardrail.GuardrailMetric.COMPLAINT] == 0.001
    assert watched_margins(tolerated)[guardrail.GuardrailMetric.BOUNCE] == 0.02


def test_a_stop_of_what_is_not_shown_any_more_is_over() -> None:
    from eitp_server.services.experiment_records import standing_in

    stop = StoppedRow(tenant_id="shop", definition_id="chat", epoch=1, metric=4, at_us=1)
    newest = SMALL.writes.decisions[::-1]
    stopped = standing_in(newest, {"": 0, "chat": 1}, [stop], Learning(), holdout_share=0.1)
    renewed = standing_in(newest, {"": 0, "chat": 2}, [stop], Learning(), holdout_share=0.1)
    assert stopped.stops == {"chat": stop}
    assert stopped.chances.keys() == {""}
    assert renewed.stops == {}
    assert renewed.chances.keys() == {"", "chat"}
    assert renewed.holdout_share == 0.35


def test_the_records_have_the_tenants_terms_and_else_those_of_the_newest_decision() -> None:
    from eitp_server.services.experiment_records import standing_in

    def standing(learning: Learning, *newest: Decision) -> Standing:
        return standing_in(newest, {"": 0, "chat": 1}, [], learning, holdout_share=0.1)

    last = SMALL.writes.decisions[-1]
    own = Learning(holdout_share=0.25, exploration_floor=0.2)
    assert standing(Learning()).holdout_share == 0.1
    assert standing(Learning(), last).holdout_share == 0.35
    assert standing(own).holdout_share == standing(own, last).holdout_share == 0.25
    assert standing(own).is_own_holdout
    assert not standing(Learning(), last).is_own_holdout
    assert (standing(Learning()).exploration_floor, standing(own).exploration_floor) == (0.05, 0.2)
