"""`eitp-server report decisions`: a shop's log, row by row, and what `lab ope` makes of it."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.cli import app
from eitp_server.services import decision_sheet
from eitp_server.storage.sqlite_reader import reading
from end_to_end.live import started
from end_to_end.test_experiment import MATURED_SECONDS, kept, season
from interventions.synthetic_shop import ARMS, DAY_US, Truth, history
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from end_to_end.conftest import Clock
    from end_to_end.live import Premises
    from typer.testing import Result

TRUTH = Truth(
    rates=(0.04, 0.04, 0.3, 0.1), decisions=3_000, returning=0.0, late=0.0, withdrawn=0.02
)
SHOP = history(TRUTH)
GUIDE = Path(__file__).parents[2] / "docs" / "off-policy.md"


@pytest.fixture
def folder(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data of the made-up shop, after all of it has matured."""
    monkeypatch.setattr(time, "time_ns", lambda: SHOP.matured_us * 1000)
    asyncio.run(kept(premises.folder, SHOP))
    return premises.folder


def invoke(*command: str, folder: Path | None = None) -> Result:
    environment = {"COLUMNS": "80"} | ({"EITP_DATA_DIR": str(folder)} if folder else {})
    return CliRunner().invoke(app, command, env=environment)


def export(folder: Path, *options: str, tenant: str = "shop") -> Result:
    return invoke("report", "decisions", "--tenant", tenant, *options, folder=folder)


def exported(folder: Path, path: Path, *options: str) -> list[dict[str, str]]:
    done = export(folder, "--output", str(path), *options)
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    return rows_of(path.read_text())


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def evaluated(log: Path, policy: Sequence[dict[str, object]], *options: str) -> dict[str, Any]:
    path = log.with_name("policy.csv")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(policy[0]))
        writer.writeheader()
        writer.writerows(policy)
    command = ("lab", "ope", "--log", str(log), "--policy", str(path), "--json", *options)
    done = invoke(*command)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def always(arm: str) -> list[dict[str, object]]:
    eligible = "|".join(("none", *ARMS))
    return [{"eligible": eligible, "arm": arm, "probability": 1}]


RIGHT = ("--propensity", "probability", "--context", "eligible")


def test_each_matured_decision_is_a_row_with_what_came_of_it(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "decisions.csv")
    trials = {
        trial.decision.decision_id: trial
        for trial in SHOP.trials()
        if not trial.decision.holdout and not trial.censored
    }
    assert [row["decision_id"] for row in rows] == list(trials)
    assert list(rows[0]) == list(decision_sheet.COLUMNS)
    for row in rows:
        trial = trials[row["decision_id"]]
        decision = trial.decision
        chance = decision.probabilities[decision.arms.index(decision.chosen)]
        assert float(row["probability"]) == chance
        assert float(row["propensity"]) == decision.propensity == pytest.approx(0.8 * chance)
        assert row["arm"] == (decision.chosen or "none")
        assert row["eligible"] == "none|badge|chat|offer"
        assert row["reward"] == str(int(trial.converted))
        assert (row["holdout"], row["delivered"]) == ("false", str(trial.delivered).lower())
        assert (row["vertical"], row["label"]) == ("automotive", "comparison")
        assert row["snapshot_id"] == decision.snapshot_id
        assert row["policy_version"] == decision.policy_version
    first = next(iter(trials.values())).decision.decided_at_us
    assert rows[0]["decided_at"].startswith(time.strftime("%FT%T.", time.gmtime(first // 10**6)))
    assert rows[0]["decided_at"].endswith(f".{first % 10**6:06}Z")
    assert rows[0]["page_section"] not in {"", "8"}


def test_the_closing_line_counts_what_was_left_out(folder: Path, tmp_path: Path) -> None:
    done = export(folder, "--output", str(tmp_path / "decisions.csv"))
    trials = list(SHOP.trials())
    censored = sum(trial.censored for trial in trials)
    held_out = sum(trial.decision.holdout and not trial.censored for trial in trials)
    written = len(trials) - censored - held_out
    assert censored > 20
    assert f"{written:,} decisions; left out: {held_out:,} about held-out visitors" in done.stderr
    assert f"{censored} whose outcome can never be known" in done.stderr
    assert "not over" not in done.stderr


def test_the_policy_that_made_the_log_earns_exactly_the_mean_reward(
    folder: Path, tmp_path: Path
) -> None:
    rows = exported(folder, tmp_path / "decisions.csv")
    itself: dict[tuple[str, str], dict[str, object]] = {
        (decision.snapshot_id, arm): {
            "snapshot_id": decision.snapshot_id, "arm": arm or "none", "probability": chance
        }
        for decision in SHOP.writes.decisions
        for arm, chance in zip(decision.arms, decision.probabilities, strict=True)
    }  # fmt: skip
    options = ("--propensity", "probability", "--context", "snapshot_id")
    found = evaluated(tmp_path / "decisions.csv", list(itself.values()), *options)
    assert found["n"] == len(rows)
    assert found["on_policy"] == pytest.approx(fmean(int(row["reward"]) for row in rows))
    for name in ("ips", "snips", "clipped_ips"):
        assert found["estimates"][name]["value"] == pytest.approx(found["on_policy"], abs=1e-12)
    assert found["trustworthy"] is True
    assert found["calibration"]["tested"]["groups_tested"] == 6
    assert found["calibration"]["p_value"] > 1e-6


@pytest.mark.parametrize(("arm", "truth"), [("none", 0.04), ("chat", 0.3), ("offer", 0.1)])
def test_what_always_the_same_arm_would_earn_is_the_truth_of_the_shop(
    folder: Path, tmp_path: Path, arm: str, truth: float
) -> None:
    exported(folder, tmp_path / "decisions.csv")
    found = evaluated(tmp_path / "decisions.csv", always(arm), *RIGHT)
    assert found["trustworthy"] is True
    for name in ("ips", "snips", "dr", "sndr"):
        own = found["estimates"][name]
        assert abs(own["value"] - truth) < 3 * own["se"] < 0.12, name


def test_the_propensity_that_counts_the_holdout_in_is_noticed(folder: Path, tmp_path: Path) -> None:
    exported(folder, tmp_path / "decisions.csv")
    path = tmp_path / "policy.csv"
    path.write_text("arm,probability\nnone,0.25\nbadge,0.25\nchat,0.25\noffer,0.25\n")
    command = ("lab", "ope", "--log", str(tmp_path / "decisions.csv"), "--policy", str(path))
    found = json.loads(invoke(*command, "--json").stdout)
    assert found["columns"]["propensity"] == "propensity"
    assert (found["trustworthy"], found["calibration"]["ok"]) == (False, False)
    right = json.loads(invoke(*command, "--json", "--propensity", "probability").stdout)
    assert right["trustworthy"] is True


def test_held_out_visitors_saw_nothing_and_cannot_be_weighed(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    fewer = exported(folder, path)
    rows = exported(folder, path, "--holdout", "include")
    held_out = [row for row in rows if row["holdout"] == "true"]
    assert [row for row in rows if row["holdout"] == "false"] == fewer
    assert len(held_out) > 500
    for row in held_out:
        assert (row["arm"], row["probability"], row["delivered"]) == ("none", "", "false")
        assert float(row["propensity"]) == 0.2
    (tmp_path / "policy.csv").write_text("arm,probability\nnone,1\n")
    policy = ("--policy", str(tmp_path / "policy.csv"), "--propensity", "probability")
    done = invoke("lab", "ope", "--log", str(path), *policy)
    assert done.exit_code == 2
    assert "column probability: there is no number" in done.stderr


async def test_any_portion_gives_the_same_rows(premises: Premises) -> None:
    await kept(premises.folder, history(replace(TRUTH, decisions=300)))
    found: list[list[Sequence[object]]] = []
    async with reading(premises.folder) as database:
        for portion in (7, 100, 10_000):
            rows: list[Sequence[object]] = []
            looks: list[int] = []
            sheet = decision_sheet.DecisionSheet()
            waiting = await decision_sheet.write_decisions(
                database,
                "shop",
                SHOP.matured_us,
                sheet,
                rows.extend,
                portion=portion,
                progress=looks.append,
            )
            found.append(rows)
            assert (waiting, looks[-1], len(rows)) == (0, 300, sheet.written)
            assert len(looks) >= 300 // portion
    assert found[0] == found[1] == found[2] != []


def test_decisions_whose_day_is_not_over_wait(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: (SHOP.end_us - 4 * DAY_US) * 1000)
    rows = exported(folder, tmp_path / "early.csv")
    assert 0 < len(rows) < 0.8 * 2_400
    assert "whose day is not over" in export(folder).stderr
    monkeypatch.setattr(time, "time_ns", lambda: SHOP.writes.decisions[0].decided_at_us * 1000)
    assert exported(folder, tmp_path / "first.csv") == []
    assert "0 decisions; left out: 3,000 whose day is not over" in export(folder).stderr


def test_it_writes_to_stdout_and_changes_nothing(folder: Path, tmp_path: Path) -> None:
    before = (folder / "eitp.db").read_bytes()
    done = export(folder)
    assert rows_of(done.stdout) == exported(folder, tmp_path / "decisions.csv")
    assert "written: stdout, " in done.stderr
    assert (folder / "eitp.db").read_bytes() == before


def test_it_reads_beside_a_running_server(premises: Premises, clock: Clock) -> None:
    async def beside() -> Result:
        async with started(premises, holdout_share=0.5) as live:
            bought = await season(live, 12)
            clock.advance(MATURED_SECONDS)
            done = await asyncio.to_thread(export, premises.folder, "--holdout", "include")
        assert sum(int(row["reward"]) for row in rows_of(done.stdout)) >= bought
        return done

    done = asyncio.run(beside())
    rows = rows_of(done.stdout)
    assert done.exit_code == 0
    assert len(rows) >= 12
    assert {row["arm"] in row["eligible"].split("|") for row in rows} == {True}


def test_an_intervention_that_is_called_none_asks_for_another_name(
    premises: Premises, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interventions.synthetic_shop.ARMS", ("badge", "none", "offer"))
    shop = history(Truth(decisions=40, days=1))
    monkeypatch.setattr(time, "time_ns", lambda: shop.matured_us * 1000)
    asyncio.run(kept(premises.folder, shop))
    done = export(premises.folder)
    assert done.exit_code == 2
    assert "An intervention is called none" in done.stderr
    assert "--none" in done.stderr
    rows = exported(premises.folder, tmp_path / "decisions.csv", "--none", "nothing")
    assert {row["eligible"] for row in rows} == {"nothing|badge|none|offer"}
    assert {"nothing", "none"} <= {row["arm"] for row in rows}
    assert export(premises.folder, "--none", " ").exit_code == 2


def test_a_shop_that_there_is_not_leaves_a_file_as_it_was(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "decisions.csv").write_text("mine")
    done = export(folder, "--output", str(tmp_path / "decisions.csv"), tenant="nobody")
    assert done.exit_code == 2
    assert "no such tenant: nobody" in done.output
    assert (tmp_path / "decisions.csv").read_text() == "mine"


def test_the_recipe_of_the_guide_works_as_it_stands(folder: Path, tmp_path: Path) -> None:
    told = GUIDE.read_text().split("<!-- recipe -->\n")[1]
    script = told.split("```sh\n")[1].split("```")[0]
    assert "help-chat" in script
    (tmp_path / "eitp-server").write_text(
        f"#!{sys.executable}\nimport time\ntime.time_ns = lambda: {SHOP.matured_us * 1000}\n"
        "from eitp_server.cli import main\nmain()\n"
    )
    (tmp_path / "eitp-server").chmod(0o755)
    tools = f"{tmp_path}:{Path(sys.executable).parent}"
    done = subprocess.run(  # a page of ours
        ["/bin/sh", "-ec", script.replace("my-shop", "shop").replace("help-chat", "chat")],
        cwd=tmp_path,
        env={**os.environ, "EITP_DATA_DIR": str(folder), "PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Calibration: fits." in done.stdout
    assert "IPS" in done.stdout
    policy = rows_of((tmp_path / "policy.csv").read_text())
    assert [(row["eligible"], row["arm"]) for row in policy] == [("none|badge|chat|offer", "chat")]
