"""The estimator's page is the estimator that runs."""

from __future__ import annotations

from pathlib import Path

from eitp_server.cli import app
from eitp_server.lab.model_table import markdown, rows
from typer.testing import CliRunner


def test_the_documented_model_is_the_one_that_runs() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "estimator.md"
    assert page.read_text(encoding="utf-8") == markdown(), (
        "docs/estimator.md is not the model: eitp-server lab model --markdown > docs/estimator.md"
    )


def test_every_row_says_where_its_weights_come_from() -> None:
    assert all(source for *_, source in rows())


def test_the_table_for_people_cuts_no_name_in_80_columns() -> None:
    run = CliRunner().invoke(app, ["lab", "model"], env={"COLUMNS": "80"})
    assert run.exit_code == 0
    assert max(map(len, run.stdout.splitlines())) <= 80
    assert "…" not in run.stdout
    words = run.stdout.split()
    for name, *_ in rows():
        assert set(name.removesuffix(")").split(" (")) <= set(words)
