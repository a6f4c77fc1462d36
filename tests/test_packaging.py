"""A bare client installs and imports little, and the packages say what they are."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from importlib.resources import files
from pathlib import Path

import eitp
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
PACKAGES = ("eitp", "eitp_server", "eitp_conformance")
NOT_FOR_A_BARE_CLIENT = {
    *("eitp_server", "eitp_conformance"),
    *("aiosqlite", "alembic", "anthropic", "asyncpg", "connectrpc", "mcp", "nats", "numpy"),
    *("pyarrow", "pydantic", "scipy", "sqlalchemy", "sqlmodel", "starlette", "structlog"),
    *("uvicorn", "uvloop"),
}


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after `statement`."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in loaded.stdout.split()}


@pytest.mark.parametrize(
    "statement", ["import eitp", "from eitp.v1 import telemetry_service_pb2_grpc"]
)
def test_a_bare_client_loads_nothing_of_the_server(statement: str) -> None:
    assert modules_after(statement) & NOT_FOR_A_BARE_CLIENT == set()


def test_the_server_is_noticed_when_something_loads_it() -> None:
    assert modules_after("import eitp_server.signals.slot_table") >= {"eitp_server", "numpy"}


def test_the_public_names_are_sorted_and_exist() -> None:
    assert eitp.__all__ == sorted(set(eitp.__all__))
    assert [name for name in eitp.__all__ if not hasattr(eitp, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_typed_and_says_what_it_is_for(package: str) -> None:
    assert files(package).joinpath("py.typed").is_file()
    assert __import__(package).__doc__


@pytest.mark.parametrize("command", sorted(PROJECT["scripts"]))
def test_a_command_leads_to_a_function(command: str) -> None:
    (entry,) = metadata.entry_points(group="console_scripts", name=command)
    assert callable(entry.load())


def test_the_changelog_begins_with_what_is_not_released_or_with_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in {"Unreleased", PROJECT["version"]}


def test_the_floors_of_the_runtimes_are_those_of_the_generated_code() -> None:
    service = files("eitp.v1").joinpath("telemetry_service_pb2_grpc.py").read_text()
    message = files("eitp.v1").joinpath("telemetry_pb2.py").read_text()
    (grpc,) = re.findall(r"GRPC_GENERATED_VERSION = '(.+)'", service)
    (protobuf,) = re.findall(r"# Protobuf Python Version: (.+)", message)
    floors = {name.partition(",")[0] for name in PROJECT["dependencies"]}
    assert {f"grpcio>={grpc}", f"grpcio-status>={grpc}", f"protobuf>={protobuf}"} <= floors
