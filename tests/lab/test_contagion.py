"""Contagion over files: tables, edges, known truths, peers, and files that do not fit."""

from __future__ import annotations

import csv
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.cli.lab import app
from eitp_server.lab.contagion.series import read_series
from eitp_server.lab.contagion.stream import Scenario, draw
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from typer.testing import Result

LAGS, HORIZON = 2, 6


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


@pytest.fixture
def three(tmp_path: Path) -> Path:
    rows = [[n, *row] for n, row in enumerate(walk(500).tolist())]
    return write(tmp_path / "three.csv", ("minute", "DE", "FR", "SE"), rows)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stream")
    done = run("contagion-stream", folder, "--regions", 12, "--seed", 3)
    assert done.exit_code == 0, done.stderr
    return folder


def by_the_book(values: object, lagged: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the table in percent from statsmodels' fit, sum by sum."""
    models: Any = import_module("statsmodels.tsa.api")
    fitted = models.VAR(values).fit(LAGS)
    psi, sigma = fitted.ma_rep(HORIZON - 1), np.asarray(fitted.sigma_u)
    if lagged:
        sigma = np.diag(np.diag(sigma))
    count = len(sigma)
    table = np.zeros((count, count))
    for i in range(count):
        error = sum(psi[h][i] @ sigma @ psi[h][i] for h in range(HORIZON))
        for j in range(count):
            moved = sum((psi[h][i] @ sigma[:, j]) ** 2 for h in range(HORIZON))
            table[i, j] = moved / sigma[j, j] / error
    return 100 * table / table.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("method", ["generalized", "lagged"])
def test_the_table_is_that_of_the_book(three: Path, method: str) -> None:
    pytest.importorskip("statsmodels")
    found = reported(three, "--lags", LAGS, "--horizon", HORIZON, "--method", method)
    table = by_the_book(walk(500), method == "lagged")
    np.testing.assert_allclose(found["table"], table, rtol=1e-7, atol=1e-9)
    others = table - np.diag(np.diag(table))
    assert found["series"] == ["DE", "FR", "SE"]
    assert found["rows"] == 500 - LAGS
    assert found["total"] == pytest.approx(others.sum() / 3)
    assert found["total_corrected"] == pytest.approx(others.sum() / 2)
    np.testing.assert_allclose(found["from"], others.sum(axis=1), rtol=1e-7)
    np.testing.assert_allclose(found["to"], others.sum(axis=0), rtol=1e-7)
    np.testing.assert_allclose(
        found["net"], others.sum(axis=0) - others.sum(axis=1), rtol=1e-6, atol=1e-8
    )


def test_same_row_movement_counts_in_one_table_only(three: Path) -> None:
    assert reported(three)["total"] > 2 * reported(three, "--method", "lagged")["total"]


def test_few_series_have_exploratory_edges(three: Path) -> None:
    found = reported(three, "--method", "pipeline")
    assert found["status"] == "EXPLORATORY"
    (edge,) = (edge for edge in found["edges"] if edge["target"] == "FR")
    assert (edge["source"], edge["lag"], edge["status"]) == ("DE", 1, "exploratory")
    assert 0 < edge["strength"] < 1
    assert edge["q_value"] < 0.05
    at = found["series"].index("FR"), found["series"].index("DE")
    assert found["table"][at[0]][at[1]] == pytest.approx(100 * edge["strength"])


def test_known_edges_of_a_drawn_stream_are_found(stream: Path) -> None:
    found = reported(stream / "series.csv", "--edges", stream / "edges.csv")
    assert found["status"] == "OK"
    assert found["score"]["known"] == 12
    assert found["score"]["recall"] >= 0.9
    assert found["score"]["fdr"] <= 0.2
    assert {edge["status"] for edge in found["edges"]} == {"candidate"}
    assert found["day_rows"] == 1_440


def test_the_daily_cycle_stays_when_it_is_not_to_be_taken_out(stream: Path) -> None:
    assert reported(stream / "series.csv", "--day", 0)["day_rows"] == 0


def test_a_stream_is_the_same_for_the_same_seed(stream: Path, tmp_path: Path) -> None:
    run("contagion-stream", tmp_path, "--regions", 12, "--seed", 3)
    for name in ("series.csv", "edges.csv"):
        assert (tmp_path / name).read_bytes() == (stream / name).read_bytes()
    run("contagion-stream", tmp_path, "--regions", 12, "--seed", 4)
    assert (tmp_path / "edges.csv").read_bytes() != (stream / "edges.csv").read_bytes()


def test_the_written_stream_is_the_drawn_one(stream: Path) -> None:
    drawn = draw(Scenario(regions=12), np.random.default_rng(3))
    read = read_series(stream / "series.csv")
    assert read.names == drawn.names
    np.testing.assert_allclose(read.values, drawn.values, rtol=1e-7)
    with (stream / "edges.csv").open() as file:
        rows = list(csv.DictReader(file))
    true = drawn.spread(10).shares
    for row, edge in zip(rows, drawn.edges, strict=True):
        assert (row["source"], row["target"], int(row["lag"])) == (
            edge.source,
            edge.target,
            edge.lag,
        )
        at = drawn.names.index(edge.target), drawn.names.index(edge.source)
        assert float(row["strength"]) == pytest.approx(true[at], abs=1e-6)


def test_windows_before_the_last_confirm_edges(tmp_path: Path) -> None:
    run("contagion-stream", tmp_path, "--regions", 10, "--minutes", 2_880, "--seed", 2)
    found = reported(tmp_path / "series.csv", "--window", 1_440)
    assert found["observations"] == 1_437
    statuses = [edge["status"] for edge in found["edges"]]
    assert statuses.count("confirmed") >= 8
    alone = reported(tmp_path / "series.csv", "--window", 2_880)
    assert {edge["status"] for edge in alone["edges"]} == {"candidate"}


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


def test_where_all_pairs_cannot_be_fitted_the_table_is_that_of_the_edges(tmp_path: Path) -> None:
    run("contagion-stream", tmp_path, "--regions", 30, "--minutes", 280)
    file = tmp_path / "series.csv"
    found = reported(file, "--lags", 10)
    assert found["method"] == "pipeline"
    assert found["table_refused"].startswith("UNDERDETERMINED: 270 complete rows")
    assert reported(file)["table_refused"] is None


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


def test_peers_on_the_same_series_make_up_most_of_their_edges(tmp_path: Path) -> None:
    pytest.importorskip("statsmodels")
    run("contagion-stream", tmp_path, "--regions", 7, "--seed", 4)
    file, edges = tmp_path / "series.csv", tmp_path / "edges.csv"
    peers = reported(file, "--compare", "--edges", edges)["compared"]
    own, raw, without, table, cholesky = peers
    assert own["fdr"] < 0.5
    assert raw["fdr"] > 0.5
    assert without["fdr"] > 0.5
    assert table["total"] == pytest.approx(reported(file)["total"])
    assert 0 < cholesky["total"] < 100
    assert all(peer["seconds"] > 0 for peer in peers)


def test_many_windows_are_judged_at_once() -> None:
    done = run("contagion-trial", "--regions", 10, "--seeds", 2, "--minutes", 600, "--json")
    found = json.loads(done.stdout)
    assert found["windows"] == 2
    assert found["fdr"] < found["control"]["fdr"]
    assert found["strength"]["true"] > 0
    small = ("--seeds", 1, "--regions", 5, "--minutes", 300)
    quiet = json.loads(run("contagion-trial", *small, "--edges", 0, "--json").stdout)
    assert quiet["recall"] is None
    assert "windows without a false edge" in run("contagion-trial", *small).stdout


@pytest.mark.parametrize("edges", [True, False])
def test_tables_and_pictures_are_made(three: Path, tmp_path: Path, edges: bool) -> None:
    if not edges:
        rows = [[n, *row] for n, row in enumerate(walk(150).tolist())]
        write(three, ("t", "DE", "FR", "SE"), rows)
    picture = tmp_path / "spread.svg"
    done = run("contagion", "--series", three, "--plot", picture)
    assert done.exit_code == 0, done.stderr
    assert "receiver" in done.stdout
    assert ("Edges" in done.stdout) == edges
    assert ("no edges were sought" in done.stderr) == (not edges)
    assert "<svg" in picture.read_text()


def test_many_series_are_shown_by_their_sums(stream: Path, tmp_path: Path) -> None:
    options = ("--edges", stream / "edges.csv", "--plot", tmp_path / "spread.png")
    done = run("contagion", "--series", stream / "series.csv", *options)
    assert done.exit_code == 0, done.stderr
    assert "to others" in done.stdout
    assert "Of 12 known edges" in done.stdout
    assert (tmp_path / "spread.png").stat().st_size > 10_000


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
