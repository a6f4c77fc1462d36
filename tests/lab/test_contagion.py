"""Contagion over files: tables, edges, known truths, peers and pictures."""

from __future__ import annotations

import csv
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.lab.contagion.series import read_series
from eitp_server.lab.contagion.stream import Scenario, draw
from lab.spreading import reported, run, walk, write

if TYPE_CHECKING:
    from pathlib import Path

LAGS, HORIZON = 2, 6


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


def test_where_all_pairs_cannot_be_fitted_the_table_is_that_of_the_edges(tmp_path: Path) -> None:
    run("contagion-stream", tmp_path, "--regions", 30, "--minutes", 280)
    file = tmp_path / "series.csv"
    found = reported(file, "--lags", 10)
    assert found["method"] == "pipeline"
    assert found["table_refused"].startswith("UNDERDETERMINED: 270 complete rows")
    assert reported(file)["table_refused"] is None


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
