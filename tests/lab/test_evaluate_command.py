"""`eitp-server lab evaluate` and `lab draw` as people run them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from eitp.recording import SYNTHETIC
from eitp_server.cli import app
from lab.study import slow_pages, written
from typer.testing import CliRunner, Result

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG"
RATED = ("--task", "rated", "--label", "rating", "--positive", "<=2")
QUICK = ("--permutations", "0")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of six people."""
    return written(tmp_path_factory.mktemp("study"), slow_pages(people=6))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["lab", *map(str, arguments)], env={"COLUMNS": "80"})


def refused(*arguments: str | Path) -> str:
    """Return the one line that a refusal says."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    return line


def test_json_is_all_that_is_printed(study: Path) -> None:
    result = run("evaluate", "--recordings", study, *RATED, *QUICK, "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["task"], report["people"], report["folds"]) == ("rated", 6, 6)


def test_the_table_says_whom_the_model_beats_and_the_notes_go_to_stderr(study: Path) -> None:
    result = run("evaluate", "--recordings", study, *RATED, "--permutations", "9")
    assert result.exit_code == 0
    assert "person_mean" in result.stdout
    assert "beats" in result.stdout
    assert "p 0.100" in result.stdout
    assert "note: only 6 people, so 6 folds" in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_nothing_but_notes_goes_to_a_stderr_that_is_no_terminal(study: Path) -> None:
    result = run("evaluate", "--recordings", study, *RATED, *QUICK)
    assert all(line.startswith("note: ") for line in result.stderr.splitlines())


def test_a_rule_without_an_operator_says_how_it_is_read(study: Path) -> None:
    bare = ("--task", "rated", "--label", "rating", "--positive", "1")
    result = run("evaluate", "--recordings", study, *bare, *QUICK, "--json")
    assert json.loads(result.stdout)["positive"] == "1"
    assert "--positive '1' has no operator and is read as '=1'" in result.stderr


def test_features_can_be_added_and_left_out(study: Path) -> None:
    result = run(
        "evaluate", "--recordings", study, *RATED, *QUICK, "--json",
        "--with", "duration", "--with", "state", "--without", "response_latency",
    )  # fmt: skip
    report = json.loads(result.stdout)
    assert report["with"] == ["duration", "state"]
    assert report["without"] == ["response_latency"]
    assert "duration" in report["features"]
    assert not any("latency" in name for name in report["features"])


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_an_evaluation_is_drawn(study: Path, tmp_path: Path, suffix: str) -> None:
    plot = tmp_path / f"found.{suffix}"
    result = run("evaluate", "--recordings", study, *RATED, *QUICK, "--plot", plot)
    assert result.exit_code == 0
    assert plot.read_bytes().startswith(PNG if suffix == "png" else b"<?xml")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--task", "mine"), "task 'mine' needs --label"),
        (("--task", "mine", "--label", "rating", "--positive", "<=x"), "compares with no number"),
        (
            ("--task", "mine", "--label", "mood", "--positive", "=x"),
            "no recording has a label 'mood'",
        ),
        (("--task", "mine", "--label", "rating", "--positive", "<=9"), "recordings are positive"),
        ((*RATED, "--with", "smell"), "there is no feature 'smell'"),
        ((*RATED, "--model", "server"), "no opinion on 'rated'"),
        ((*RATED, "--plot", "found.gif"), "no picture that can be drawn"),
        ((*RATED, "--plot", "/nowhere/found.png"), "/nowhere is no directory"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_line(
    study: Path, arguments: tuple[str, ...], problem: str
) -> None:
    assert problem in refused("evaluate", "--recordings", study, *arguments)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    line = refused("evaluate", "--recordings", tmp_path / "none.csv", *RATED)
    assert "none.csv does not exist" in line


def test_a_value_that_is_no_number_is_found_by_file_column_and_recording(tmp_path: Path) -> None:
    trials = slow_pages(people=4)
    trials[5] = (trials[5][0], {"rating": "good"})
    line = refused("evaluate", "--recordings", written(tmp_path, trials), *RATED)
    assert "study.csv, column rating, recording 'p00-05': 'good' is not a number" in line


def test_a_broken_recording_is_found_by_its_line(study: Path, tmp_path: Path) -> None:
    broken = tmp_path / "study.csv"
    broken.write_text(study.read_text().replace(",move,", ",wave,", 1))
    (tmp_path / "study.labels.csv").write_text(study.with_name("study.labels.csv").read_text())
    assert "line 3, column kind" in refused("evaluate", "--recordings", broken, *RATED)


def test_a_recording_is_drawn(tmp_path: Path) -> None:
    plot = tmp_path / "drawn.png"
    result = run(
        "draw", "--recordings", SYNTHETIC, "--recording", "synthetic-08-lost", "--plot", plot
    )
    assert result.exit_code == 0
    assert plot.read_bytes().startswith(PNG)


def test_a_recording_that_is_not_there_is_refused_with_some_that_are(
    study: Path, tmp_path: Path
) -> None:
    line = refused(
        "draw", "--recordings", study, "--recording", "nobody", "--plot", tmp_path / "a.png"
    )
    assert "no recording 'nobody'; there are p00-00, p00-01, p00-02 and 57 more" in line
