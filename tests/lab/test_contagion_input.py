"""Contagion over files with gaps, with other times and separators, and that do not fit."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.lab.contagion.series import read_series
from lab.spreading import refused, reported, run, walk, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def three(tmp_path: Path) -> Path:
    rows = [[n, *row] for n, row in enumerate(walk(500).tolist())]
    return write(tmp_path / "three.csv", ("minute", "DE", "FR", "SE"), rows)


def test_empty_cells_are_missing_values(tmp_path: Path) -> None:
    rows: list[list[object]] = [[n, *row] for n, row in enumerate(walk(500).tolist())]
    for n in range(100, 110):
        rows[n][2] = ("", "NA", "nan")[n % 3]
    found = reported(write(tmp_path / "gap.csv", ("t", "DE", "FR", "SE"), rows), "--lags", 2)
    assert found["rows"] == 500 - 2 - 12
    assert found["observations"] == 500 - 2 - 12


def test_a_series_with_too_few_values_is_left_out_of_the_pipeline(tmp_path: Path) -> None:
    rows: list[list[object]] = [[n, *row] for n, row in enumerate(walk(500).tolist())]
    for row in rows[::5]:
        row[3] = ""
    file = write(tmp_path / "gap.csv", ("t", "DE", "FR", "SE"), rows)
    found = reported(file, "--method", "pipeline")
    assert found["series"] == ["DE", "FR"]
    assert found["excluded"] == {"SE": "MISSING_MINUTES"}


def test_too_few_rows_for_edges_still_have_a_table(tmp_path: Path) -> None:
    rows = [[n, *row] for n, row in enumerate(walk(200).tolist())]
    file = write(tmp_path / "short.csv", ("t", "DE", "FR", "SE"), rows)
    found = reported(file)
    assert (found["status"], found["edges"], found["totals"]) == ("INSUFFICIENT", [], None)
    assert len(found["table"]) == 3
    assert "INSUFFICIENT: 197 rows" in refused(file, "--method", "pipeline")


def test_times_and_separators_may_differ_and_the_time_column_may_be_any(tmp_path: Path) -> None:
    values = walk(300)
    text = ["DE;when;FR;SE"]
    for n, (de, fr, se) in enumerate(values.tolist()):
        text.append(f"{de};2026-01-{1 + n // 1440:02}T{n // 60 % 24:02}:{n % 60:02};{fr};{se}")
    file = tmp_path / "semicolons.csv"
    file.write_text("\n".join(text) + "\n\n")
    read = read_series(file, "when")
    assert read.names == ("DE", "FR", "SE")
    assert (read.day, read.uneven) == (1_440, 0)
    np.testing.assert_allclose(read.values, values)
    assert "name it with --time" in refused(file)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({(7, 2): "high"}, "row 9, column 'FR': 'high' is no finite number"),
        ({(7, 2): "inf"}, "row 9, column 'FR': 'inf' is no finite number"),
        ({(7, 0): "soon"}, "row 9, column 'minute': 'soon' is no finite number"),
        ({(0, 0): "soon"}, "row 2, column 'minute': 'soon' is neither a number nor a time"),
        ({(7, 0): "3"}, "row 9, column 'minute': '3' does not come after '6'"),
    ],
)
def test_cells_that_cannot_be_read_are_named(
    three: Path, change: dict[tuple[int, int], str], problem: str
) -> None:
    with three.open() as file:
        rows = list(csv.reader(file))
    for (row, column), value in change.items():
        rows[row + 1][column] = value
    write(three, rows[0], rows[1:])
    assert problem in refused(three)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds 0 rows"),
        ("t,DE\n1,2\n", "holds 1 rows"),
        ("t\n1\n2\n3\n", "no series beside it"),
        ("t,DE,DE\n1,2,3\n2,3,4\n3,1,2\n", "two columns named 'DE'"),
        ("t,DE,\n1,2,3\n2,3,4\n3,1,2\n", "a column without name"),
        ("t,DE,FR\n1,2,3\n2,3\n3,1,2\n", "row 3: 2 cells, the header has 3"),
        ("t,DE\n1,2\n2,3\n3,1\n", "INSUFFICIENT: 1 series"),
        ("t,DE,FR\n1,2,\n2,3,\n3,1,\n", "INSUFFICIENT: FR has no value at all"),
    ],
)
def test_files_that_are_no_series_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "file.csv"
    file.write_text(text)
    assert problem in refused(file)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "picture.csv"
    file.write_bytes(bytes(range(128, 256)) * 20)
    assert "is no CSV file" in refused(file)


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        (np.full(500, 3.7), "CONSTANT: SE does not move"),
        (5 - 2 * walk(500)[:, 0], "DUPLICATE: DE and SE are the same"),
        (walk(500)[:, 0] + walk(500)[:, 1], "SINGULAR"),
        (1.02 ** np.arange(500) + np.random.default_rng(1).normal(size=500), "UNSTABLE"),
    ],
)
def test_series_without_a_table_are_refused_with_the_reason(
    tmp_path: Path, column: np.ndarray[Any, np.dtype[np.float64]], problem: str
) -> None:
    values = walk(500)
    values[:, 2] = column
    rows = [[n, *row] for n, row in enumerate(values.tolist())]
    assert problem in refused(write(tmp_path / "bad.csv", ("t", "DE", "FR", "SE"), rows))


def test_more_parameters_than_rows_are_refused(tmp_path: Path) -> None:
    values = np.random.default_rng(1).standard_normal((40, 20)).tolist()
    names = [f"R{n}" for n in range(20)]
    file = write(tmp_path / "wide.csv", ("t", *names), [[n, *row] for n, row in enumerate(values)])
    problem = refused(file, "--method", "generalized")
    assert "UNDERDETERMINED: 37 complete rows for 61 parameters" in problem
    assert "take --method pipeline" in problem
    assert "UNDERDETERMINED" in refused(file)


def test_what_was_asked_in_vain_is_refused(three: Path, tmp_path: Path) -> None:
    edges = write(tmp_path / "edges.csv", ("source", "target"), [("DE", "XX")])
    assert "no series is named 'XX'" in refused(three, "--edges", edges)
    nameless = write(tmp_path / "nameless.csv", ("from", "to"), [("DE", "FR")])
    assert "no column 'source'" in refused(three, "--edges", nameless)
    assert "no column 'when' for --time" in refused(three, "--time", "when")
    assert "a window of 501 is longer" in refused(three, "--window", 501)
    assert "name a .png" in refused(three, "--plot", tmp_path / "spread.txt")
    assert "No such file" in refused(tmp_path / "none.csv")
    done = run("contagion-stream", tmp_path, "--regions", 3, "--edges", 7)
    assert "7 edges do not fit 3 regions" in done.stderr
    done = run("contagion-stream", tmp_path, "--regions", 5, "--edges", 20)
    assert "does not settle" in done.stderr


@pytest.mark.parametrize(
    ("first", "step", "unit", "cycle"),
    [
        (0, 1, "minutes", 1_440),
        (29_453_760, 1, "minutes", 1_440),
        (1_767_225_600, 60, "seconds since 1970", 1_440),
        (1_767_225_600_000, 60_000, "milliseconds since 1970", 1_440),
        (1_767_225_600, 3_600, "seconds since 1970", 24),
        (0, 60, "minutes", 24),
    ],
)
def test_numbers_are_minutes_seconds_or_milliseconds_and_it_is_told_which(
    tmp_path: Path, first: int, step: int, unit: str, cycle: int
) -> None:
    rows = [[first + step * n, *row] for n, row in enumerate(walk(1_500).tolist())]
    file = write(tmp_path / "numbers.csv", ("time", "DE", "FR", "SE"), rows)

    found = reported(file)
    assert (found["times"], found["day_rows"]) == (unit, cycle)
    told = " ".join(run("contagion", "--series", file).stderr.split())
    assert f"times are read as {unit}" in told
    assert f"a daily cycle of {cycle:,} rows is taken out" in told


@pytest.mark.parametrize(
    ("row", "time", "problem"),
    [
        (0, "nan", "row 2, column 'minute': 'nan' is no finite number"),
        (7, "1e999", "row 9, column 'minute': '1e999' is no finite number"),
        (7, "2026-03-01", "row 9, column 'minute': '2026-03-01' is no finite number"),
        (499, "1e17", "column 'minute': 1e+17 is too large for milliseconds"),
    ],
)
def test_times_that_are_none_are_refused(
    three: Path, tmp_path: Path, row: int, time: str, problem: str
) -> None:
    lines = three.read_text().splitlines()
    lines[row + 1] = time + lines[row + 1][lines[row + 1].index(",") :]
    spoilt = tmp_path / "spoilt.csv"
    spoilt.write_text("\n".join(lines))

    assert problem in " ".join(refused(spoilt).split())


def test_known_edges_that_are_no_text_are_refused(three: Path, tmp_path: Path) -> None:
    edges = tmp_path / "edges.csv"
    edges.write_bytes(b"source,target\nDE,caf\xe9\n")

    told = " ".join(refused(three, "--edges", edges).split())
    assert "is no CSV file in UTF-8" in told


def test_uneven_times_are_told(three: Path) -> None:
    with three.open() as file:
        rows = list(csv.reader(file))
    write(three, rows[0], rows[1:50] + rows[60:])
    done = run("contagion", "--series", three)
    assert "1 steps between rows are not the usual one" in done.stderr
