"""The generated code is what the schema says, and imports without anybody's preparation."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import eitp
import eitp.v1
import protovalidate
import pytest
from eitp.v1 import telemetry_service_pb2
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, FileDescriptor

REPOSITORY = Path(__file__).resolve().parents[1]
GENERATE = REPOSITORY / "tools" / "generate.py"
THIRD_PARTY = REPOSITORY / "build" / "third_party"
MODULES = sorted(module.name for module in pkgutil.iter_modules(eitp.v1.__path__, "eitp.v1."))


def python(*arguments: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter that sees the modules in `path` before all others."""
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | ({"PYTHONPATH": str(path)} if path else {}),
        check=False,
    )


def messages() -> Iterator[Descriptor]:
    """Yield every message of `eitp.v1`, nested ones left out."""
    for name in MODULES:
        if name.endswith("_pb2"):
            file: FileDescriptor = importlib.import_module(name).DESCRIPTOR
            yield from file.message_types_by_name.values()


def test_the_checked_in_code_is_what_the_schema_generates() -> None:
    check = python(GENERATE, "--check")
    assert (check.stdout, check.stderr, check.returncode) == ("", "", 0)


def test_a_changed_a_missing_and_a_leftover_file_are_each_named(tmp_path: Path) -> None:
    generated = tmp_path / "eitp" / "v1"
    shutil.copytree(Path(eitp.v1.__path__[0]), generated)
    (generated / "telemetry_pb2.py").write_text("changed")
    (generated / "telemetry_pb2.pyi").unlink()
    (generated / "removed_service_pb2_grpc.py").write_text("left over")

    check = python(GENERATE, "--check", "--out", tmp_path)

    assert check.returncode == 1
    assert [Path(line.split()[0]).name for line in check.stdout.splitlines()] == [
        "removed_service_pb2_grpc.py",
        "telemetry_pb2.py",
        "telemetry_pb2.pyi",
    ]


@pytest.mark.parametrize("module", [name for name in MODULES if name.endswith("_pb2_grpc")])
def test_every_service_can_be_the_first_import_of_a_program(module: str) -> None:
    assert python("-c", f"import {module}").stderr == ""


def test_every_rule_of_the_schema_compiles() -> None:
    checked = [
        protovalidate.collect_violations(GetMessageClass(message)()) for message in messages()
    ]
    assert len(checked) > 50


def test_a_broken_rule_is_found_and_named() -> None:
    (violation,) = protovalidate.collect_violations(telemetry_service_pb2.IngestRequest())
    assert violation.proto.rule_id == "repeated.min_items"


def test_the_rules_are_readable_from_the_descriptors() -> None:
    rules = python(
        "-c",
        "from eitp.v1 import telemetry_service_pb2 as t\n"
        "from buf.validate import validate_pb2\n"
        "options = t.IngestRequest.DESCRIPTOR.fields_by_name['batches'].GetOptions()\n"
        "print(options.Extensions[validate_pb2.field].repeated.max_items)",
    )
    assert (rules.stdout, rules.stderr) == ("256\n", "")


def test_an_installed_buf_validate_is_used_instead_of_ours(tmp_path: Path) -> None:
    python(
        *("-m", "grpc_tools.protoc", f"-I{THIRD_PARTY}", f"--python_out={tmp_path}"),
        "buf/validate/validate.proto",
    )
    imported = python(
        "-c",
        "from eitp.v1 import telemetry_service_pb2\n"
        "from buf.validate import validate_pb2\n"
        "print(validate_pb2.__file__)",
        path=tmp_path,
    )
    assert imported.stdout == f"{tmp_path / 'buf' / 'validate' / 'validate_pb2.py'}\n"


def test_another_package_called_buf_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "buf").mkdir()
    (tmp_path / "buf" / "__init__.py").write_text("OWNER = 'somebody else'")
    imported = python(
        "-c",
        "from eitp.v1 import telemetry_service_pb2\nimport buf\nprint(buf.OWNER)",
        path=tmp_path,
    )
    assert (imported.stdout, imported.stderr) == ("somebody else\n", "")
