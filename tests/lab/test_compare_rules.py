"""Rules against labels: shares, AUC and rates, and labels that do not fit."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from eitp.recording import Recording, write, write_labels
from eitp_server.cli.lab import app
from lab.rules_by_hand import clicks, recording
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

ANGRY, CALM = (0, 100, 200, 300), (0, 5_000, 10_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory with 8 rated recordings; those rated 1 have bursts, and one rated 5."""
    ratings = (1, 1, 1, 5, 5, 5, 4, 1)
    bursts = (0, 1, 2, 3)
    made: list[Recording] = []
    for number in range(len(ratings)):
        times = ANGRY if number in bursts else CALM
        made.append(recording(clicks(*times), f"r{number}", f"p{number % 4}"))
    write(tmp_path / "visits.csv", made)
    rows = {f"r{n}": {"rating": str(rating)} for n, rating in enumerate(ratings)}
    write_labels(tmp_path / "visits.csv", rows)
    return tmp_path


def run(folder: Path, label: str, positive: str, *options: str) -> Result:
    where = ("--recordings", str(folder), "--label", label, "--positive", positive)
    return CliRunner().invoke(app, ["compare-rules", *where, *options], env={"COLUMNS": "80"})


def compared(folder: Path, positive: str, *options: str) -> dict[str, Any]:
    done = run(folder, "rating", positive, "--json", *options)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_shares_and_auc_are_those_of_a_hand_count(folder: Path) -> None:
    report = compared(folder, "<=2")
    own = report["rules"]["posthog-rage"]
    assert (report["positives"], report["negatives"]) == (4, 4)
    assert own["tripped_positive"]["share"] == 3 / 4
    assert own["tripped_negative"]["share"] == 1 / 4
    # 3 bursts and a calm one against 1 and 3: 9 pairs won, 3 + 3 tied, 1 lost, of 16.
    assert own["auc"] == pytest.approx((9 + 6 / 2 + 0) / 16)
    assert own["auc_low"] <= own["auc"] <= own["auc_high"]
    assert own["tripped_by_value"] == {"1": 3 / 4, "4": 0, "5": 1 / 3}


def test_rates_are_per_active_hour_of_each_side(folder: Path) -> None:
    own = compared(folder, "<=2")["rules"]["posthog-rage"]
    hours = (3 * 5.3 + 15) / 3600
    assert own["per_hour_positive"] == pytest.approx(3 / hours)


def test_a_rule_that_is_not_applicable_is_null(folder: Path) -> None:
    report = compared(folder, "<=2")
    assert report["rules"]["eitp-dead"] is None
    assert "eitp-dead" in report["not_applicable"]
    assert report["clicks_watched_positive"] == 0


@pytest.mark.parametrize(
    ("positive", "positives"), [("in 1,4", 5), ("!=5", 5), ("=4", 1), (">=4", 4)]
)
def test_labels_are_split_by_the_rule_that_is_given(
    folder: Path, positive: str, positives: int
) -> None:
    assert compared(folder, positive)["positives"] == positives


def test_recordings_without_the_label_are_left_out(folder: Path) -> None:
    write_labels(folder / "visits.csv", {"r0": {"rating": "1"}, "r4": {"rating": "5"}})
    report = compared(folder, "<=2")
    assert (report["positives"], report["negatives"], report["unlabelled"]) == (1, 1, 6)


@pytest.mark.parametrize(
    ("label", "positive", "problem"),
    [
        ("stress", "<=2", "no recording has a label 'stress'; there are rating"),
        ("rating", "<=9", "all 8 recordings are positive by rating <=9"),
        ("rating", "<=0", "all 8 recordings are negative by rating <=0"),
        ("rating", "<=low", "rule '<=low' compares with no number"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    folder: Path, label: str, positive: str, problem: str
) -> None:
    refused = run(folder, label, positive)
    assert refused.exit_code == 2
    assert problem in refused.stderr


def test_recordings_without_labels_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "visits.csv", [recording(clicks(0))])
    refused = run(tmp_path, "rating", "<=2")
    assert refused.exit_code == 2
    assert "there are no labels beside it" in refused.stderr


def test_the_table_and_the_picture_are_made(folder: Path) -> None:
    picture = folder / "rules.svg"
    done = run(folder, "rating", "<=2", "--plot", str(picture))
    assert done.exit_code == 0, done.stderr
    assert "posthog-rage" in done.stdout
    assert "<svg" in picture.read_text()


def test_the_table_fits_80_columns_without_a_cut(folder: Path) -> None:
    done = run(folder, "rating", "<=2")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "…" not in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("posthog-site-rage"))
    assert row.split()[1:3] == ["75", "(19–99)"]


def test_the_table_leaves_out_what_is_not_applicable_and_says_so_below(folder: Path) -> None:
    table, below = run(folder, "rating", "<=2").stdout.split("In brackets", maxsplit=1)
    assert "eitp-dead" not in table
    assert re.search(r"Not applicable: .*eitp-dead", below)


@pytest.mark.parametrize(("positive", "said"), [("1", True), ("=1", False), ("in 1", False)])
def test_a_rule_without_an_operator_says_how_it_is_read(
    folder: Path, positive: str, said: bool
) -> None:
    done = run(folder, "rating", positive, "--json")
    assert json.loads(done.stdout)["positives"] == 4
    assert done.stderr == (
        "note: --positive '1' has no operator and is read as '=1': values that equal it are "
        "positive\n"
        if said
        else ""
    )
