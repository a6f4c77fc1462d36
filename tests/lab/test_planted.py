"""Planted acts: where they are, that the visit is the same without them, and what is reported."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from eitp.recording import Kind, Recording
from eitp_server.cli.lab import app
from eitp_server.lab.plant import Act, Planted, plant
from eitp_server.lab.planted import measure
from typer.testing import CliRunner

FORTY = list(plant(40, seed=3))


def of(act: Act) -> list[Planted]:
    return [planted for planted in FORTY if planted.plan.act is act]


def times(recording: Recording, kind: Kind) -> list[float]:
    return [event.t_ms for event in recording.events if event.kind is kind]


def test_equal_seeds_plant_the_same_and_others_do_not() -> None:
    assert list(plant(3, seed=3)) == FORTY[:3]
    assert [p.recording for p in plant(3, seed=4)] != [p.recording for p in FORTY[:3]]


def test_both_acts_are_planted() -> None:
    assert min(len(of(Act.CLICK_BURST)), len(of(Act.BACK_MASH))) >= 4


@pytest.mark.parametrize("planted", of(Act.CLICK_BURST), ids=lambda p: str(p.plan.number))
def test_a_burst_is_clicks_that_the_same_visit_lacks(planted: Planted) -> None:
    plan = planted.plan
    clicks = times(planted.recording, Kind.CLICK)
    burst = [t for t in clicks if t not in times(planted.control, Kind.CLICK)]
    assert len(burst) == plan.times
    assert (burst[0], burst[2]) == (planted.first_ms, planted.onset_ms)
    gaps = [after - before for before, after in pairwise(burst)]
    assert all(0.8 * plan.gap_ms - 60 <= gap <= 1.2 * plan.gap_ms + 60 for gap in gaps)


@pytest.mark.parametrize("planted", of(Act.BACK_MASH), ids=lambda p: str(p.plan.number))
def test_a_mash_is_steps_back_that_the_same_visit_lacks(planted: Planted) -> None:
    backs = times(planted.recording, Kind.BACK)
    assert times(planted.control, Kind.BACK) == []
    assert len(backs) == planted.plan.times
    assert backs[:2] == [planted.first_ms, planted.onset_ms]
    arrivals = times(planted.recording, Kind.NAVIGATE)
    assert len(arrivals) == len(times(planted.control, Kind.NAVIGATE)) + planted.plan.times - 1


@pytest.mark.parametrize("planted", FORTY, ids=lambda p: str(p.plan.number))
def test_a_client_reports_what_the_plan_says_and_no_more(planted: Planted) -> None:
    plan, events = planted.plan, planted.recording.events
    assert bool(times(planted.recording, Kind.RESPONSE)) <= plan.answers
    unanswered = plan.answers and plan.act is Act.CLICK_BURST
    assert len(times(planted.recording, Kind.NO_RESPONSE)) == unanswered
    assert plan.named or not any(event.target or event.role for event in events)
    assert bool(times(planted.recording, Kind.DOWN)) <= plan.presses


@pytest.mark.parametrize("planted", FORTY, ids=lambda p: str(p.plan.number))
def test_without_the_act_everything_else_is_the_same(planted: Planted) -> None:
    before = [e for e in planted.recording.events if e.t_ms < planted.first_ms - 200]
    assert before == [e for e in planted.control.events if e.t_ms < planted.first_ms - 200]
    assert planted.recording.events[-1].t_ms == planted.control.events[-1].t_ms


def test_what_is_planted_is_caught_and_nothing_else() -> None:
    report = measure(40, 3, lambda _: None).as_json()
    assert report["share"] >= 0.95
    assert report["control"]["anywhere"]["count"] == 0


def test_bursts_of_a_blind_client_count_as_nothing() -> None:
    planted = list(plant(20, 3, blind=True))
    assert not any(item.plan.named or item.plan.answers for item in planted)
    report = measure(20, 3, lambda _: None, blind=True).as_json()
    assert report["by"]["kind"]["click_burst"]["caught"] == 0
    assert report["by"]["kind"]["back_mash"]["share"] == 1


def test_the_report_adds_up() -> None:
    report = measure(8, 3, lambda _: None).as_json()
    assert report["variations"] == 8
    assert sum(part["caught"] for part in report["by"]["kind"].values()) == report["caught"]
    assert report["share_low"] <= report["share"] <= report["share_high"]
    assert report["control"]["variations"] == 8
    assert {"seconds_p50", "seconds_p95"} <= report.keys()


def test_the_command_prints_the_same_again() -> None:
    again = [
        CliRunner().invoke(app, ["planted", "--variations", "3", "--seed", "5", "--json"])
        for _ in range(2)
    ]
    assert [run.exit_code for run in again] == [0, 0]
    assert json.loads(again[0].stdout) == json.loads(again[1].stdout)


def table(*options: str) -> list[str]:
    command = ["planted", "--variations", "6", *options]
    run = CliRunner().invoke(app, command, env={"COLUMNS": "80"})
    assert run.exit_code == 0
    return run.stdout.splitlines()


def test_the_table_names_what_was_planted_and_how_clients_report() -> None:
    lines = table()
    assert any(line.startswith("click_burst") for line in lines)
    assert any(line.startswith("  answers never reported") for line in lines)
    assert not any("targets" in line or "apart" in line for line in lines)


def test_the_table_with_all_splits_fits_80_columns_without_a_wrap() -> None:
    rows = [line for line in table("--splits") if "targets" in line or "apart" in line]
    assert max(map(len, rows)) <= 80
    assert all(re.search(r" \d+ +\d+ +\d\.\d{3} +\d\.\d{3}–\d\.\d{3}$", row) for row in rows)


def test_progress_leaves_nothing_on_a_stderr_that_is_no_terminal() -> None:
    assert CliRunner().invoke(app, ["planted", "--variations", "3"]).stderr == ""
