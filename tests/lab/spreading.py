"""Series that follow each other, as files, and the contagion commands run over them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from eitp_server.cli.lab import app
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from typer.testing import Result


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def reported(file: Path, *options: object) -> dict[str, Any]:
    done = run("contagion", "--series", file, "--json", *options)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def refused(file: Path, *options: object) -> str:
    done = run("contagion", "--series", file, *options)
    assert done.exit_code == 2
    assert done.stdout == ""
    return done.stderr


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def walk(minutes: int, seed: int = 1) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return three series around 1,000, the second of which follows the first."""
    mixing = np.array([[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.2, -0.4, 1.5]])
    shocks = np.random.default_rng(seed).standard_normal((minutes, 3)) @ mixing.T
    values = np.zeros((minutes, 3))
    for t in range(1, minutes):
        values[t] = 0.4 * values[t - 1] + shocks[t]
        values[t, 1] += 0.5 * values[t - 1, 0]
    return 1_000 + values
