"""The running experiment over the wire, and `eitp-server report lift` beside it."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp.v1.capability_service_pb2 import GetCapabilitiesRequest
from eitp.v1.experiment_pb2 import ArmStatus, Experiment, ExperimentVerdict
from eitp.v1.intervention_service_pb2 import (
    DeleteInterventionDefinitionRequest,
    GetExperimentRequest,
    ReportOutcomeRequest,
)
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp.v1.page_pb2 import PageSection
from eitp_server.cli import app
from eitp_server.storage.log import StoppedRow
from eitp_server.storage.patterns import PatternRow, Patterns
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from end_to_end.live import BOTH, refusal, started
from end_to_end.shopper import ingest, stuck, visits
from interventions.synthetic_shop import Truth, history
from transport.wire import info
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises, Transport
    from interventions.synthetic_shop import History
    from typer.testing import Result

MATURED_SECONDS = 86_400 + 61
PNG = b"\x89PNG\r\n"
HELPS = Truth(rates=(0.04, 0.04, 0.3, 0.1), holdout_share=0.4, decisions=1_900)
ANGERS = Truth(
    complaints=(0.0, 0.0, 0.4, 0.0), holdout_share=0.35, decisions=1_200, learning_every=9_999
)
EARLY = Truth(decisions=400, days=2)
TRIED = Truth(decisions=200, holdout_share=0.0)


async def experiment(
    live: Live, definition_id: str = "", key: str = "", by: Transport = "grpc"
) -> Experiment:
    request = GetExperimentRequest(definition_id=definition_id)
    answer = await live.call(request, key or live.shop.secret, by=by)
    return answer.experiment


def counted(found: Experiment) -> Experiment:
    """All but what the policy makes of it in the meantime."""
    rest = Experiment.FromString(found.SerializeToString())
    rest.ClearField("computed_at")
    for arm in rest.arms:
        arm.ClearField("current_probability")
        arm.ClearField("posterior_mean")
    return rest


def report(folder: Path, *arguments: str, tenant: str = "shop") -> Result:
    command = ("report", "lift", "--tenant", tenant, *arguments)
    environment = {"EITP_DATA_DIR": str(folder), "COLUMNS": "80"}
    return CliRunner().invoke(app, command, env=environment)


async def kept(folder: Path, found: History, *stops: StoppedRow) -> None:
    """Put a history into a data directory, as a server would have left it."""
    async with await SQLiteDatabase.open(folder) as database:
        log = await SQLiteLog.open(database)
        writes = replace(found.writes, stopped=list(stops))
        await log.commit(await log.last() + 1, b"", writes)


async def season(live: Live, count: int) -> int:
    """Let shoppers get stuck, and every third of them buy; return how many bought."""
    shoppers = await visits(live, count)
    for shopper in shoppers:
        await ingest(live, shopper.token, stuck(1))
    buyers = shoppers[::3]
    for shopper in buyers:
        outcome = Outcome(kind=OutcomeKind.OUTCOME_KIND_CONVERSION)
        for _ in range(2):
            await live.call(ReportOutcomeRequest(outcome=outcome), shopper.token)
    return len(buyers)


async def test_a_running_experiment_is_counted_once_its_day_is_over(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises, holdout_share=0.5) as live:
        before = await experiment(live)
        bought = await season(live, 12)
        waiting = await experiment(live)
        clock.advance(MATURED_SECONDS)
        after = await experiment(live)
        again = await experiment(live)
        rival = await experiment(live, key=live.rival.secret)
        words = await asyncio.to_thread(report, premises.folder)
        said = await asyncio.to_thread(report, premises.folder, "--json")
    async with started(premises, holdout_share=0.5) as live:
        restarted = await experiment(live)

    assert [arm.definition_id for arm in before.arms] == [""]
    assert not before.HasField("window")
    assert (waiting.units, after.units, rival.units) == (0, 12, 0)
    assert any("12 visitors are not counted yet" in caveat for caveat in waiting.caveats)
    assert sum(arm.pending for arm in waiting.arms) == sum(arm.decisions for arm in after.arms)
    assert sum(arm.pending for arm in after.arms) == 0
    assert after.verdict == ExperimentVerdict.EXPERIMENT_VERDICT_TOO_EARLY
    lift = after.overall
    assert lift.treated_units + lift.holdout_units == 12
    assert lift.treated_conversions + lift.holdout_conversions == bought
    assert after.holdout_share == 0.5
    assert counted(again) == counted(restarted) == counted(after)
    assert words.exit_code == 0, words.output
    assert "Nothing may be concluded yet" in words.output
    told = json.loads(said.stdout)
    assert told["statement"] == after.statement
    assert told["units"] == "12"
    assert told["propensity_audit"]["decisions"] == str(after.propensity_audit.decisions)
    assert [arm["definition_id"] for arm in told["arms"][1:]] == [
        arm.definition_id for arm in after.arms[1:]
    ]


async def test_without_a_holdout_no_lift_is_reported(premises: Premises, clock: Clock) -> None:
    async with started(premises) as live:
        await season(live, 3)
        clock.advance(MATURED_SECONDS)
        found = await experiment(live)
    assert found.verdict == ExperimentVerdict.EXPERIMENT_VERDICT_NO_HOLDOUT
    assert not found.HasField("overall")
    assert found.units == 3


@pytest.mark.parametrize("by", BOTH)
async def test_one_intervention_may_be_asked_for(own: Live, by: Transport) -> None:
    await season(own, 2)
    found = await experiment(own, "help-chat", by=by)
    assert [arm.definition_id for arm in found.arms] == ["", "help-chat"]
    request = DeleteInterventionDefinitionRequest(definition_id="help-chat")
    await own.call(request, own.shop.secret)
    (_, retired) = (await experiment(own, "help-chat", by=by)).arms
    assert retired.status == ArmStatus.ARM_STATUS_RETIRED


async def test_an_intervention_that_there_never_was_is_unknown(live: Live) -> None:
    request = GetExperimentRequest(definition_id="nothing")
    status = await refusal(live, request, live.shop.secret)
    assert info(status).reason == "DEFINITION_UNKNOWN"
    assert info(status).metadata["definition_id"] == "nothing"


async def test_only_a_secret_key_may_ask(live: Live) -> None:
    (shopper,) = await visits(live, 1)
    status = await refusal(live, GetExperimentRequest(), shopper.token)
    assert info(status).reason == "KEY_KIND_NOT_ALLOWED"


async def test_the_formulas_are_among_the_capabilities(live: Live) -> None:
    answer = await live.call(GetCapabilitiesRequest())
    listed = {each.subject: each.methodology_id for each in answer.capabilities.methodologies}
    found = await experiment(live)
    assert listed["experiment"] == found.methodology_id


@pytest.mark.parametrize(
    ("truth", "heading", "allowed"),
    [
        (HELPS, "lift shown", "By itself a lift is shown for: chat."),
        (EARLY, "too early", "Nothing may be concluded yet"),
        (TRIED, "no holdout", "EITP_HOLDOUT_SHARE=0.1"),
        (None, "too early", "there is nothing to check yet"),
    ],
)
def test_the_report_says_what_may_be_concluded_and_what_not(
    premises: Premises, tmp_path: Path, truth: Truth | None, heading: str, allowed: str
) -> None:
    if truth is not None:
        asyncio.run(kept(premises.folder, history(truth)))
    picture = tmp_path / "lift.png"
    words = report(premises.folder, "--plot", str(picture))
    assert words.exit_code == 0, words.output
    assert f"Does intervening help at shop?  {heading}" in words.output
    assert allowed in " ".join(words.output.split())
    assert max(map(len, words.output.splitlines())) <= 80
    assert (" conversions, " in words.output) == ("points at 95 %" in words.output)
    assert picture.read_bytes().startswith(PNG)


def test_the_report_shows_a_stop_and_its_harm(premises: Premises) -> None:
    found = history(ANGERS)
    stop = StoppedRow(
        tenant_id="shop", definition_id="chat", epoch=1, metric=4, at_us=found.matured_us
    )
    asyncio.run(kept(premises.folder, found, stop))
    output = " ".join(report(premises.folder).output.split())
    said = json.loads(report(premises.folder, "--json", "--definition", "chat").stdout)
    assert "chat (stopped)" in output
    assert "chat: complaint" in output
    assert "0.5 tolerated; stopped it" in output
    none, chat = said["arms"]
    assert "definition_id" not in none or not none["definition_id"]
    assert chat["status"] == "ARM_STATUS_STOPPED"
    assert "current_probability" not in chat


def test_the_report_says_what_proof_still_takes(premises: Premises) -> None:
    asyncio.run(kept(premises.folder, history(EARLY)))
    output = report(premises.folder).output
    missing = output[output.index("What a proof still takes") :]
    assert re.findall(r"^  (\w+) +automotive", missing, re.MULTILINE) == ["badge", "chat", "offer"]
    assert " of 500 treated units have matured." in missing
    assert "badge" not in report(premises.folder, "--definition", "chat").output.split("proof")[1]


def test_the_report_lists_the_patterns_in_use(premises: Premises) -> None:
    pattern = PatternRow(
        tenant_id="shop",
        pattern_id="pattern",
        version=1,
        status=2,
        vertical="retail",
        label=8,
        page_section=8,
        definition_id="help-chat",
        kind=5,
        units=4_000,
        lift=0.03,
        lower_bound=0.012,
        fresh_lift=None,
        fresh_lower_bound=None,
        promoted_at_us=1,
        expires_at_us=2**62,
        document="{}",
    )
    others = [
        replace(pattern, pattern_id="other", definition_id="taken-back", status=3),
        replace(pattern, tenant_id="rival", definition_id="rivals"),
    ]

    async def keep() -> None:
        async with await SQLiteDatabase.open(premises.folder) as database:
            await Patterns(database).keep([pattern, *others])

    asyncio.run(keep())
    output = report(premises.folder).output
    section = PageSection.Name(PageSection.ValueType(8)).removeprefix("PAGE_SECTION_").lower()
    said = f"help-chat  retail, frustration, {section.replace('_', ' ')}: at least +1.20 points"
    assert said in output
    assert "confirmed, pattern version 1" in output
    assert "taken-back" not in output
    assert "rivals" not in output


def test_the_report_leaves_the_data_as_they_were(premises: Premises) -> None:
    asyncio.run(kept(premises.folder, history(EARLY)))
    before = (premises.folder / "eitp.db").read_bytes()
    assert report(premises.folder).exit_code == 0
    assert (premises.folder / "eitp.db").read_bytes() == before


def test_what_cannot_be_reported_is_refused_in_words(premises: Premises) -> None:
    asyncio.run(kept(premises.folder, history(EARLY)))
    nobody = report(premises.folder, tenant="nobody")
    nothing = report(premises.folder, "--definition", "nothing")
    bitmap = report(premises.folder, "--plot", "lift.bmp")
    assert (nobody.exit_code, nothing.exit_code, bitmap.exit_code) == (2, 2, 2)
    assert "no such tenant: nobody; there are: rival, shop" in nobody.output
    assert "nothing was never eligible; there are: badge, chat, offer" in nothing.output
    assert ".png, .svg or .pdf" in bitmap.output
