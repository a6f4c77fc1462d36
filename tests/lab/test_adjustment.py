"""`lab adjust`: what it reads, when it withholds, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.cli import app
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def written(folder: Path, *, leak: float = 0.0, units: int = 2_000) -> Path:
    """Write units of which `before` explains most; the treatment adds 0.5, and `leak` to it."""
    rng = np.random.default_rng(3)
    before, treated = rng.normal(10.0, 3.0, units), rng.random(units) < 0.7
    outcome = before + 0.5 * treated + rng.normal(0.0, 1.0, units)
    path = folder / "units.csv"
    rows = (
        f"{y},{x + leak * side},{'treated' if side else 'held out'}"
        for y, x, side in zip(outcome, before, treated, strict=True)
    )
    path.write_text("\n".join(["outcome,before,side", *rows]))
    return path


def run(path: Path, *arguments: str) -> Result:
    command = ["lab", "adjust", str(path), *arguments]
    return CliRunner().invoke(app, command, env={"COLUMNS": "80"})


def said(path: Path, *arguments: str) -> dict[str, Any]:
    result = run(path, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_what_was_known_before_narrows_the_interval_around_the_true_difference(
    tmp_path: Path,
) -> None:
    found = said(written(tmp_path))
    low, high = found["interval"]
    wide_low, wide_high = found["unadjusted_interval"]
    assert low < 0.5 < high
    assert found["narrowing"] == pytest.approx(1 - (high - low) / (wide_high - wide_low))
    # Nine parts of ten of the variance are the covariate's.
    assert found["narrowing"] == pytest.approx(1 - 0.1**0.5, abs=0.05)
    assert found["treated_units"] + found["holdout_units"] == 2_000
    assert found["reason"] is None


def test_a_covariate_that_the_treatment_changed_is_not_used(tmp_path: Path) -> None:
    path = written(tmp_path, leak=1.0)
    found = said(path)
    assert (found["estimate"], found["interval"], found["narrowing"]) == (None, None, None)
    assert "before the assignment" in found["reason"]
    words = run(path)
    assert words.exit_code == 0
    assert "withheld" in words.output
    assert max(map(len, words.output.splitlines())) <= 80


def test_the_other_side_may_be_called_the_treatment(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert said(path, "--treated", "held out")["estimate"] == pytest.approx(-said(path)["estimate"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("outcome,before,side\n1,2,treated\n", "it must have two"),
        ("outcome,before,side\n1,2,a\n1,2,b\n", "--treated"),
        ("outcome,before,side\n1,2,treated\n1,2,b\n", "two or more on each side"),
        ("outcome,before,side\n1,nan,treated\n1,2,b\n", "row 1 below the header, column before"),
        ("outcome,side\n1,treated\n", "correct --before"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "units.csv"
    path.write_text(text)
    result = run(path)
    assert result.exit_code != 0
    assert problem in " ".join(result.output.split())
    assert "Traceback" not in result.output
