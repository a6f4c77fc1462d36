"""`eitp-server report`, beside a running server and after it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from eitp.v1.emotion_service_pb2 import GetHypothesisRequest
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest
from eitp.v1.outcome_pb2 import Outcome, OutcomeKind
from eitp_server.cli import app, main
from eitp_server.errors import Missing
from end_to_end.live import started, until
from end_to_end.shopper import calm, ingest, visits
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises
    from typer.testing import Result

PNG = b"\x89PNG\r\n"


def report(folder: Path, *arguments: str, tenant: str = "shop") -> Result:
    command = ("report", "hypothesis", "--tenant", tenant, *arguments)
    return CliRunner().invoke(app, command, env={"EITP_DATA_DIR": str(folder), "COLUMNS": "100"})


async def outcomes(live: Live, clock: Clock) -> None:
    """Let six sessions end, three of each kind."""
    kinds = (OutcomeKind.OUTCOME_KIND_CONVERSION, OutcomeKind.OUTCOME_KIND_ABANDONMENT)
    for number, shopper in enumerate(await visits(live, 6)):
        await ingest(live, shopper.token, calm(1))
        outcome = Outcome(kind=kinds[number % 2])
        await live.call(ReportOutcomeRequest(outcome=outcome), shopper.token)
    clock.advance(61)

    async def counted() -> bool:
        answer = await live.call(GetHypothesisRequest(), live.shop.secret)
        return answer.hypothesis.secondary.sessions == 6

    await until(counted)


async def test_the_report_beside_a_running_server_says_what_the_server_says(
    premises: Premises, clock: Clock, tmp_path: Path
) -> None:
    picture = tmp_path / "hypothesis.png"
    async with started(premises, holdout_share=0.5) as live:
        await outcomes(live, clock)
        answer = await live.call(GetHypothesisRequest(), live.shop.secret)
        words = await asyncio.to_thread(report, premises.folder)
        document = await asyncio.to_thread(report, premises.folder, "--json")
        drawn = await asyncio.to_thread(report, premises.folder, "--plot", str(picture))

    assert words.exit_code == drawn.exit_code == 0, words.output
    assert "Does behaviour foretell abandonment at shop?  too early" in words.output
    assert "Nothing may be concluded yet" in words.output
    assert picture.read_bytes().startswith(PNG)
    said = json.loads(document.stdout)
    assert said["statement"] == answer.hypothesis.statement
    assert said["secondary"]["sessions"] == "6"
    assert said["secondary"]["comparison"]["state_area"]["value"] == pytest.approx(
        answer.hypothesis.secondary.comparison.state_area.value
    )


async def test_the_report_after_the_server_has_ended_leaves_the_data_as_they_were(
    premises: Premises, clock: Clock
) -> None:
    async with started(premises) as live:
        await outcomes(live, clock)
    before = (premises.folder / "eitp.db").read_bytes()
    result = await asyncio.to_thread(report, premises.folder)

    assert result.exit_code == 0, result.output
    assert (premises.folder / "eitp.db").read_bytes() == before
    async with started(premises) as live:
        answer = await live.call(GetHypothesisRequest(), live.shop.secret)
    assert answer.hypothesis.secondary.sessions == 6


def test_a_shop_that_has_not_begun_gets_a_report_all_the_same(
    premises: Premises, tmp_path: Path
) -> None:
    result = report(premises.folder, "--plot", str(tmp_path / "empty.png"))
    assert result.exit_code == 0, result.output
    assert "0 sessions without an intervention" in result.output
    assert "counts only once its outcome is known" in result.output


def test_the_help_says_which_case_the_keys_of_its_json_have() -> None:
    result = CliRunner().invoke(app, ("report", "hypothesis", "--help"), env={"COLUMNS": "100"})
    assert "snake_case" in result.stdout


def test_an_unknown_shop_is_named_with_those_that_there_are(premises: Premises) -> None:
    result = report(premises.folder, tenant="nobody")
    assert result.exit_code == 2
    assert "no such tenant: nobody; there are: rival, shop" in result.output


def test_a_folder_without_a_server_is_named(tmp_path: Path) -> None:
    result = report(tmp_path)
    assert isinstance(result.exception, FileNotFoundError)
    assert f"no server data in {tmp_path}; " in str(result.exception)
    assert "--data-dir or EITP_DATA_DIR" in str(result.exception)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "eitp.db").write_bytes(b"no database" * 1000)
    result = report(tmp_path)
    assert isinstance(result.exception, Missing)
    assert "eitp.db cannot be read" in result.exception.message
    assert "file is not a database" in result.exception.message


@pytest.mark.parametrize(
    ("name", "value", "arguments", "said"),
    [
        ("EITP_DATA_DIR", "shops", ("keys", "create", "[/x]"), "There is no tenant [/x]."),
        (
            "EITP_DATA_DIR",
            "garbled",
            ("tenants", "rules", "x"),
            "garbled/eitp.db cannot be read as",
        ),
        ("EITP_DATA_DIR", "garbled", ("keys", "list", "x"), "file is not a database"),
        ("EITP_DATA_DIR", "none", ("tenants", "rules", "x"), "there is no server data in "),
        ("EITP_GRPC_PORT", "abc", ("settings",), "EITP_GRPC_PORT is 'abc': write a whole number"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    premises: Premises,
    tmp_path: Path,
    name: str,
    value: str,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    (tmp_path / "shops").symlink_to(premises.folder)
    (tmp_path / "garbled").mkdir()
    (tmp_path / "garbled" / "eitp.db").write_bytes(b"no database" * 1000)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["eitp-server", *arguments])
    with pytest.raises(SystemExit):
        main()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {said}")


def test_data_of_an_older_version_are_not_misread(premises: Premises) -> None:
    with closing(sqlite3.connect(premises.folder / "eitp.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    result = report(premises.folder)
    assert isinstance(result.exception, Missing)
    assert "schema 0001" in result.exception.message


def test_a_picture_of_an_unknown_kind_is_refused(premises: Premises) -> None:
    result = report(premises.folder, "--plot", "picture.bmp")
    assert result.exit_code == 2
    assert ".png, .svg or .pdf" in result.output


def test_a_picture_in_no_folder_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    result = report(tmp_path, "--plot", str(tmp_path / "none" / "picture.png"))
    assert result.exit_code == 2
    assert "is no directory" in result.output
