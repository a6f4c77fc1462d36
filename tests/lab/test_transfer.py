"""`lab transfer` and `lab transfer-coverage`: figures of tables, and tables that do not fit."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.cli.lab import app
from eitp_server.lab.transfer.coverage import GATE, RULES, WORLDS, World, simulate
from intelligence.transfer.trials import BCG
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

COUNTS = "vertical,treated_conversions,treated_n,holdout_conversions,holdout_n"
SIX = """automotive,1584,48000,348,12000
fashion,806,31000,176,7800
electronics,2704,52000,622,13000
travel,171,9000,38,2300
home,770,22000,172,5500
insurance,345,15000,71,3700
"""
TRIALS = "".join(f"trial {n},{','.join(map(str, row))}\n" for n, row in enumerate(BCG, start=1))
EFFECTS = "study,yi,vi\na,0.31,0.001\nb,0.29,0.002\nc,0.33,0.001\nd,0.30,0.002\n"
STANDARD_ERRORS = """vertical;effect;se
a;0.31;0.0316227766
b;0.29;0.0447213595
c;0.33;0.0316227766
d;0.30;0.0447213595
"""
TENANTS = "vertical,tenant,effect,variance\n" + "".join(
    f"v{vertical},t{tenant},{0.1 * vertical - 0.05 * tenant},0.01\n"
    for vertical in range(4)
    for tenant in range(3)
)


def run(folder: Path, table: str, *options: str) -> Result:
    file = folder / "table.csv"
    file.write_text(table)
    environment = {"COLUMNS": "100"}
    return CliRunner().invoke(app, ["transfer", "--table", str(file), *options], env=environment)


def figures(folder: Path, table: str, *options: str) -> dict[str, Any]:
    done = run(folder, table, "--json", *options)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_six_verticals_give_the_figures_of_their_definition(tmp_path: Path) -> None:
    found = figures(tmp_path, f"{COUNTS}\n{SIX}")
    assert (found["k"], found["verdict"], found["tau2"]) == (6, "UNDECIDED", 0.0)
    # With tau2 at 0 the mean is that of fixed effects, which one can add up by hand.
    weights = [1 / v for v in found["variances"]]
    mean = sum(w * y for w, y in zip(weights, found["effects"], strict=True)) / sum(weights)
    assert found["mu"] == pytest.approx(mean, abs=1e-12)
    assert found["se"] == pytest.approx(sum(weights) ** -0.5, abs=1e-12)
    assert found["effects"][0] == pytest.approx(
        math.log(1584 * (12000 - 348) / ((48000 - 1584) * 348)), abs=1e-12
    )
    assert found["p_positive"] == pytest.approx(0.96424, abs=1e-5)
    assert found["q_value"] == pytest.approx(1 - found["p_positive"], abs=1e-12)
    assert found["prediction_interval"] == pytest.approx([0.033278, 0.198950], abs=1e-6)
    assert found["leave_one_out"]["coverage"] == 1.0
    assert sum(found["weights"]) == pytest.approx(1.0)
    assert len(found["shrunk"]) == 6


@pytest.mark.parametrize("method", ["REML", "DL", "PM"])
def test_the_method_changes_the_estimate_and_not_the_verdict(tmp_path: Path, method: str) -> None:
    table = f"{COUNTS}\n{TRIALS}"
    found = figures(tmp_path, table, "--include-ineligible", "--method", method)
    usual = figures(tmp_path, table, "--include-ineligible")
    assert found["method"] == method
    assert (found["tau2"] == usual["tau2"]) == (method == "REML")
    assert (found["verdict"], found["p_positive"]) == (usual["verdict"], usual["p_positive"])


def test_rows_with_few_conversions_are_left_out_unless_they_are_let_in(tmp_path: Path) -> None:
    found = figures(tmp_path, f"{COUNTS}\n{TRIALS}")
    assert [own["row"] for own in found["excluded"]] == [1, 2, 3, 7, 12]
    assert {own["reason"] for own in found["excluded"]} == {"TOO_FEW_CONVERSIONS"}
    assert found["k"] == 8
    assert any("--include-ineligible" in note for note in found["notes"])
    whole = figures(tmp_path, f"{COUNTS}\n{TRIALS}", "--include-ineligible")
    assert (whole["k"], whole["excluded"]) == (13, [])
    assert [own["row"] for own in whole["ineligible"]] == [1, 2, 3, 7, 12]
    assert round(whole["tau2"], 4) == 0.3378
    assert (round(whole["mu"], 4), round(whole["se"], 4)) == (-0.7452, 0.1860)
    assert any("not one by the definition" in note for note in whole["notes"])


def test_a_small_holdout_is_left_out_by_name(tmp_path: Path) -> None:
    found = figures(tmp_path, f"{COUNTS}\n{SIX}games,900,90000,11,399\n")
    (own,) = found["excluded"]
    assert (own["vertical"], own["reason"]) == ("games", "HOLDOUT_TOO_SMALL")
    assert found["k"] == 6


def test_no_conversions_are_left_out_and_let_in_with_half_a_conversion(tmp_path: Path) -> None:
    table = f"{COUNTS}\n{SIX}games,20,9000,0,2000\n"
    assert figures(tmp_path, table)["excluded"][0]["vertical"] == "games"
    found = figures(tmp_path, table, "--include-ineligible")
    expected = math.log(20.5 * 2000.5 / (8980.5 * 0.5))
    assert found["effects"][6] == pytest.approx(expected, abs=1e-12)


def test_an_arm_without_anybody_is_left_out_whatever_is_asked(tmp_path: Path) -> None:
    table = f"{COUNTS}\n{SIX}games,20,9000,0,0\n"
    found = figures(tmp_path, table, "--include-ineligible")
    assert (found["k"], found["excluded"][0]["vertical"]) == (6, "games")


@pytest.mark.parametrize(
    ("table", "options"),
    [
        (EFFECTS, ()),
        (STANDARD_ERRORS, ()),
        (
            EFFECTS.replace("yi,vi", "d,var_d"),
            ("--column", "effect=d", "--column", "variance=var_d"),
        ),
    ],
)
def test_effects_are_read_by_their_usual_names_or_as_told(
    tmp_path: Path, table: str, options: tuple[str, ...]
) -> None:
    found = figures(tmp_path, table, *options)
    assert (found["input"], found["k"], found["verdict"]) == ("effects", 4, "TRANSFERABLE")
    assert found["mu"] == pytest.approx(
        (0.31 / 0.001 + 0.29 / 0.002 + 0.33 / 0.001 + 0.30 / 0.002) / 3000, abs=1e-8
    )
    assert any("could not be applied" in note for note in found["notes"])
    assert found["excluded"] == []


def test_counts_are_read_by_the_names_of_metafor_too(tmp_path: Path) -> None:
    rows = "".join(f"{n},{a},{t - a},{c},{h - c}\n" for n, (a, t, c, h) in enumerate(BCG))
    found = figures(tmp_path, f"trial,tpos,tneg,cpos,cneg\n{rows}")
    assert found["mu"] == figures(tmp_path, f"{COUNTS}\n{TRIALS}")["mu"]


def test_what_is_read_is_said_when_there_are_counts_and_effects(tmp_path: Path) -> None:
    lines = [f"{line},0.1,0.01" for line in f"{COUNTS}\n{SIX}".splitlines()]
    table = "\n".join([f"{COUNTS},yi,vi", *lines[1:]])
    found = figures(tmp_path, table)
    assert (found["input"], found["mu"]) == ("effects", pytest.approx(0.1))
    assert any("--from counts" in note for note in found["notes"])
    other = figures(tmp_path, table, "--from", "counts")
    assert other["mu"] == pytest.approx(0.11611, abs=1e-5)


def test_patterns_are_judged_each_and_controlled_as_a_family(tmp_path: Path) -> None:
    strong = "".join(f"strong,v{n},{0.3 + n / 100},0.001\n" for n in range(8))
    weak = "".join(f"weak,v{n},{0.1 + n / 100},0.02\n" for n in range(5))
    few = "few,v0,0.3,0.001\nfew,v1,0.3,0.001\n"
    found = figures(tmp_path, f"pattern,vertical,effect,variance\n{strong}{weak}{few}")
    one, other, last = found["patterns"]
    assert [own["pattern"] for own in found["patterns"]] == ["strong", "weak", "few"]
    assert [own["verdict"] for own in (one, other, last)] == [
        "TRANSFERABLE",
        "UNDECIDED",
        "INSUFFICIENT",
    ]
    assert one["q_value"] == pytest.approx(2 * (1 - one["p_positive"]), rel=1e-6)
    assert other["q_value"] == pytest.approx(1 - other["p_positive"], rel=1e-9)
    assert (last["p_positive"], last["q_value"]) == (None, None)


def test_two_verticals_are_estimated_with_nulls_for_what_has_no_value(tmp_path: Path) -> None:
    found = figures(tmp_path, "vertical,yi,vi\na,0.1,0.01\nb,0.4,0.02\n")
    assert (found["k"], found["verdict"]) == (2, "INSUFFICIENT")
    assert found["tau2"] == pytest.approx(0.03)
    assert found["prediction_interval"] is found["p_positive"] is found["leave_one_out"] is None


def test_one_row_is_insufficient_and_no_estimate(tmp_path: Path) -> None:
    found = figures(tmp_path, "vertical,yi,vi\na,0.1,0.01\n")
    assert (found["k"], found["verdict"]) == (1, "INSUFFICIENT")
    assert found["mu"] is found["tau2"] is found["se"] is found["q"] is None
    assert found["effects"] == [0.1]


def test_nothing_eligible_is_insufficient(tmp_path: Path) -> None:
    done = run(tmp_path, f"{COUNTS}\na,3,90,2,80\n", "--plot", str(tmp_path / "forest.svg"))
    assert done.exit_code == 0, done.stderr
    assert "INSUFFICIENT" in done.stdout
    assert "fewer than 10 conversions in an arm" in done.stderr


def test_tenants_within_verticals_are_a_level_of_their_own(tmp_path: Path) -> None:
    found = figures(tmp_path, TENANTS)
    assert (found["k"], len(found["tenants"])) == (4, 12)
    assert found["tenant_tau2"] == 0.0
    # Balanced and more alike than chance within: a vertical is the mean of its three tenants.
    assert found["effects"] == pytest.approx([-0.05, 0.05, 0.15, 0.25], abs=1e-12)
    assert found["variances"] == pytest.approx([0.01 / 3] * 4)
    assert found["leave_one_out"] is None
    refused = run(tmp_path, TENANTS, "--method", "DL")
    assert refused.exit_code == 2
    assert "knows one level only" in refused.stderr


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "has no rows"),
        ("vertical,yi,vi\n", "has no rows"),
        ("vertical,yi\na,0.1\n", "give no counts or effects"),
        ("vertical,yi,vi\na,0.1\n", "row 1 has 2 cells under 3"),
        ("vertical,yi,vi\na,0.1,0\n", "row 1 (a): variance is 0; it must be above 0"),
        ("vertical,yi,se\na,0.1,-1\n", "row 1 (a): se is -1; it must be above 0"),
        ("vertical,yi,vi\na,NaN,0.1\n", "row 1 (a): effect is 'NaN'; it must be a number"),
        ("vertical,yi,vi\na,inf,0.1\n", "effect is 'inf'"),
        ("vertical,yi,vi\na,,0.1\n", "effect is ''"),
        ("vertical,yi,vi\na,1e300,0.1\n", "rescale"),
        ("vertical,yi,vi\na,0.1,1e300\n", "rescale"),
        ("vertical,yi,vi\n,0.1,1\n", "row 1: vertical is empty"),
        ("vertical,yi,vi\na,0.1,1\nb,0.1,1\na,0.2,1\n", "row 3: vertical 'a' is there already in"),
        ("vertical,tenant,yi,vi\na,t,0.1,1\na,t,0.1,1\n", "row 2: tenant 't' is there already"),
        ("vertical,yi,vi,yi\na,0.1,1,2\n", "two columns 'yi'"),
        (f"{COUNTS}\na,-1,90,2,80\n", "row 1 (a): treated_conversions is -1"),
        (f"{COUNTS}\na,1.5,90,2,80\n", "treated_conversions is 1.5; it must be a whole number"),
        (f"{COUNTS}\na,91,90,2,80\n", "treated_conversions is 91, of treated_n 90"),
        (f"{COUNTS}\na,9,90,81,80\n", "holdout_conversions is 81, of holdout_n 80"),
        (f"{COUNTS}\na,x,90,2,80\n", "treated_conversions is 'x'"),
    ],
)
def test_tables_that_cannot_be_are_refused_with_row_and_column(
    tmp_path: Path, table: str, problem: str
) -> None:
    refused = run(tmp_path, table)
    assert refused.exit_code == 2
    assert problem in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--column", "effect"), "is no assignment"),
        (("--column", "size=yi"), "is no assignment"),
        (("--column", "effect=d"), "there is no column 'd'"),
        (("--from", "counts"), "give no counts"),
        (("--plot", "forest.gif"), "no picture that can be drawn"),
    ],
)
def test_options_that_do_not_fit_the_table_are_refused(
    tmp_path: Path, options: tuple[str, ...], problem: str
) -> None:
    refused = run(tmp_path, EFFECTS, *options)
    assert refused.exit_code == 2
    assert problem in refused.stderr


def test_a_table_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    missing = CliRunner().invoke(app, ["transfer", "--table", str(tmp_path / "none.csv")])
    assert missing.exit_code == 2
    (tmp_path / "table.xlsx").write_bytes(b"PK\xff\xfe\x00")
    binary = CliRunner().invoke(app, ["transfer", "--table", str(tmp_path / "table.xlsx")])
    assert binary.exit_code == 2
    assert "no text in UTF-8" in binary.stderr


@pytest.mark.parametrize(
    "table", [f"{COUNTS}\n{SIX}", EFFECTS, TENANTS, EFFECTS.replace("a,", "$a_^$,")]
)
def test_the_table_and_the_picture_are_made(tmp_path: Path, table: str) -> None:
    picture = tmp_path / "forest.svg"
    done = run(tmp_path, table, "--plot", str(picture))
    assert done.exit_code == 0, done.stderr
    assert "the mean over" in done.stdout
    assert "<svg" in picture.read_text()


def test_the_gate_keeps_its_promise_in_every_world_and_the_classical_rule_does_not() -> None:
    found = simulate(250, 3).worlds
    assert len(found) == 7
    for rules in found.values():
        gate = rules[GATE]
        assert gate.covered >= 0.96 - 3 * gate.error
    # The control: held to the same bound, the classical interval fails.
    failing = [
        world
        for world, rules in found.items()
        if rules["mHK k-1"].covered < 0.96 - 3 * rules["mHK k-1"].error
    ]
    assert World(8, 0.1, 0.1) in failing


def test_coverage_without_drawing_new_effects_is_that_with_them() -> None:
    import numpy as np
    from eitp_server.lab.transfer.coverage import draw, lower_bounds

    chance, world = np.random.default_rng(8), World(5, 0.1, 0.1)
    bounds = np.array([lower_bounds(draw(world, chance)) for _ in range(300)])
    new = chance.normal(world.mu, world.tau, (300, 400))
    simulated = simulate(300, 9, worlds=[world]).worlds[world]
    for place, name in enumerate(RULES):
        share = float((new > bounds[:, place, None]).mean())
        assert simulated[name].covered == pytest.approx(share, abs=5 * simulated[name].error + 2e-3)


def test_the_coverage_command_prints_every_world(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["transfer-coverage", "--runs", "3", "--json"])
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert [own["k"] for own in report["worlds"]] == [world.k for world in WORLDS]
    assert set(report["worlds"][0]["rules"]) == set(RULES)
    again = CliRunner().invoke(app, ["transfer-coverage", "--runs", "3"], env={"COLUMNS": "80"})
    assert "12, 0.3, 0.05 (1.00)" in again.stdout
