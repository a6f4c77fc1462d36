"""Settings that are wrong and directories without a server's data, as commands meet them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.cli import app, main
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path


def error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *command: str
) -> str:
    """Run a command that fails and return what it says."""
    monkeypatch.setattr("sys.argv", ["eitp-server", *command])
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr().err.removesuffix("\n").removeprefix("error: ")


@pytest.mark.parametrize(
    ("variable", "value", "right"),
    [
        ("EITP_WEB_PORT", "70000", "write a whole number from 0 to 65535"),
        ("EITP_MAX_PAUSE_MS", "0", "write a number above 0 and at most 1000"),
        ("EITP_MAX_QUEUED_BATCHES", "0.5", "write a whole number of at least 1"),
        ("EITP_HOLDOUT_SHARE", "2", "write a number from 0 to 0.5"),
        ("EITP_SYNCHRONOUS", "full", "write FULL, NORMAL or OFF"),
        ("EITP_INDEX_TICK_SECONDS", "7", "7 does not divide a minute; take 1, 5, 10, 15 or 60"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    right: str,
) -> None:
    monkeypatch.setenv(variable, value)
    assert error(monkeypatch, capsys, "settings") == f"{variable} is {value!r}: {right}"


def test_all_wrong_settings_are_named_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EITP_GRPC_PORT", "x")
    monkeypatch.setenv("EITP_LOG_LEVEL", "loud")
    said = error(monkeypatch, capsys, "settings")
    assert "EITP_GRPC_PORT is 'x': " in said
    assert "; EITP_LOG_LEVEL is 'loud': " in said


@pytest.mark.parametrize(
    "command",
    [
        ("tenants", "list"),
        ("tenants", "rules", "shop"),
        ("tenants", "learning", "shop"),
        ("keys", "create", "shop"),
        ("keys", "list", "shop"),
        ("keys", "revoke", "shop", "key"),
        ("report", "hypothesis", "--tenant", "shop"),
    ],
    ids=" ".join,
)
def test_a_directory_without_a_servers_data_is_named_and_not_made(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: tuple[str, ...],
) -> None:
    folder = tmp_path / "mistyped"
    monkeypatch.setenv("EITP_DATA_DIR", str(folder))
    said = error(monkeypatch, capsys, *command)
    assert said.startswith(f"there is no server data in {folder}; name another directory with ")
    assert "EITP_DATA_DIR" in said
    assert not folder.exists()


def test_creating_a_tenant_begins_a_directory(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    command = ("tenants", "create", "shop", "--vertical", "retail")
    result = CliRunner().invoke(app, command, env={"EITP_DATA_DIR": str(folder)})
    assert result.exit_code == 0
    assert (folder / "eitp.db").is_file()
