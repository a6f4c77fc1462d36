"""The terms that a shop sets with `eitp-server tenants`, and what the reports make of them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from eitp.v1.experiment_pb2 import ExperimentVerdict
from eitp.v1.intervention_service_pb2 import GetExperimentRequest
from eitp_server.cli import app
from end_to_end.live import started
from end_to_end.shopper import ingest, stuck, visits
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from eitp.v1.experiment_pb2 import Experiment
    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises
    from typer.testing import Result

MATURED_SECONDS = 86_400 + 61


def operate(premises: Premises, *command: str, **environment: str) -> Result:
    """Run `eitp-server` as an operator does."""
    known = {"EITP_DATA_DIR": str(premises.folder), "COLUMNS": "120"}
    return CliRunner().invoke(app, command, env=known | environment)


def learning(premises: Premises, *options: str, tenant: str = "shop") -> str:
    """Show or set the terms of a shop, and return them as a table."""
    result = operate(premises, "tenants", "learning", tenant, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def misuse(premises: Premises, *command: str) -> str:
    """Run a command that is used wrongly, and return what it says."""
    result = operate(premises, "tenants", *command)
    assert result.exit_code == 2, result.output
    return " ".join(result.output.replace("│", " ").split())


def told(premises: Premises) -> dict[str, Any]:
    """The report of an operator whose shell does not know the server's settings."""
    result = operate(premises, "report", "lift", "--tenant", "shop", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def asked(live: Live) -> Experiment:
    answer = await live.call(GetExperimentRequest(), live.shop.secret)
    return answer.experiment


async def test_a_shops_own_holdout_is_in_force_whatever_the_servers_is(
    premises: Premises, clock: Clock
) -> None:
    await asyncio.to_thread(learning, premises, "--holdout", "0.5")
    async with started(premises, holdout_share=0.0) as live:
        before = await asked(live), await asyncio.to_thread(told, premises)
        for shopper in await visits(live, 12):
            await ingest(live, shopper.token, stuck(1))
        clock.advance(MATURED_SECONDS)
        after = await asked(live), await asyncio.to_thread(told, premises)
    for ours, theirs in (before, after):
        assert ours.holdout_share == theirs["holdout_share"] == 0.5
        assert ours.verdict == ExperimentVerdict.EXPERIMENT_VERDICT_TOO_EARLY
        assert theirs["verdict"] == "EXPERIMENT_VERDICT_TOO_EARLY"
    overall = after[0].overall
    assert overall.holdout_units > 0
    assert overall.treated_units + overall.holdout_units == 12


def test_who_chose_to_hold_nobody_out_is_told_how_to_choose_again(
    premises: Premises, tmp_path: Path
) -> None:
    picture = tmp_path / "lift.svg"
    report = ("report", "lift", "--tenant", "shop", "--plot", str(picture))
    servers = operate(premises, *report, EITP_HOLDOUT_SHARE="0").output
    assert "EITP_HOLDOUT_SHARE=0.1" in servers
    assert "tenants learning" not in servers
    learning(premises, "--holdout", "0")
    own = " ".join(operate(premises, *report).output.split())
    assert "`eitp-server tenants learning shop --holdout 0.1`" in own
    assert "EITP_HOLDOUT_SHARE" not in own
    assert "nobody is held out" in picture.read_text()
    assert "100 visitors" not in picture.read_text()


def test_terms_are_shown_while_the_server_runs_and_set_while_it_does_not(
    premises: Premises,
) -> None:
    learning(premises, "--holdout", "0.25", "--floor", "0.5")

    async def beside() -> list[Result]:
        commands = (
            ("learning", "shop"),
            ("rules", "shop"),
            ("list",),
            ("learning", "shop", "--pool"),
        )
        async with started(premises):
            return [
                await asyncio.to_thread(operate, premises, "tenants", *command)
                for command in commands
            ]

    shown, rules, shops, refused = asyncio.run(beside())
    assert [shown.exit_code, rules.exit_code, shops.exit_code] == [0, 0, 0]
    assert "0.25" in shown.stdout
    assert "0.5, at most 0.5 / arms" in shown.stdout
    assert "rage_clicks" in rules.stdout
    assert "rival" in shops.stdout
    assert refused.exit_code == 1
    assert "is in use" in str(refused.exception)


def test_showing_the_terms_leaves_the_data_as_they_were(premises: Premises) -> None:
    before = (premises.folder / "eitp.db").read_bytes()
    learning(premises)
    assert (premises.folder / "eitp.db").read_bytes() == before


def test_there_is_a_way_back_to_the_defaults(premises: Premises) -> None:
    usual = learning(premises)
    own = learning(premises, "--holdout", "0.3", "--floor", "0.2")
    assert "the server's, 0.1" in usual
    assert "the server's" not in own
    assert "0.05, at most" in usual
    assert learning(premises, "--holdout", "default", "--floor", "default") == usual
    assert learning(premises) == usual


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--holdout", "0.6"), "value for --holdout: 0.6 does not lie between 0 and 0.5"),
        (("--holdout", "nan"), "value for --holdout: nan does not lie between 0 and 0.5"),
        (("--holdout", "usual"), "value for --holdout: 'usual' is neither a number"),
        (("--floor", "-0.1"), "value for --floor: -0.1 does not lie between 0 and 0.5"),
        (("--margin", "2"), "value for --margin: 2.0 does not lie between 0 and 1"),
        (
            ("--guardrail", "complaint=5"),
            "value for --guardrail: complaint is 5.0; as a share of visitors it must lie between 0",
        ),
        (
            ("--guardrail", "smell=0.1"),
            "value for --guardrail: smell is no harm that is watched; there are bounce, dismissal",
        ),
    ],
)
def test_terms_out_of_bounds_are_refused_by_the_option_that_set_them(
    premises: Premises, options: tuple[str, ...], said: str
) -> None:
    before = learning(premises)
    assert said in misuse(premises, "learning", "shop", *options)
    assert learning(premises) == before


@pytest.mark.parametrize(
    "command",
    [
        ("learning", "nobody"),
        ("learning", "nobody", "--pool"),
        ("rules", "nobody"),
        ("rules", "nobody", "--set", "rage_clicks=4"),
    ],
    ids=" ".join,
)
def test_a_tenant_that_there_is_not_is_answered_with_those_there_are(
    premises: Premises, command: tuple[str, ...]
) -> None:
    said = misuse(premises, *command)
    assert "value for TENANT_ID: no such tenant: nobody; there are: rival, shop" in said
