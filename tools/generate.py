#!/usr/bin/env python3
"""Generates the Python of `proto/eitp` into the client package, or checks that it is up to date."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import third_party

REPOSITORY = Path(__file__).resolve().parents[1]
PROTO = REPOSITORY / "proto"
CLIENT = REPOSITORY / "clients" / "python"
TOOLS = Path(sys.executable).parent
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


def main() -> int:
    """Write the generated files, or with `--check` only name those that are not as generated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    parser.add_argument("--out", type=Path, default=CLIENT, help="the folder that holds `eitp`")
    arguments = parser.parse_args()
    third_party.ensure()
    if arguments.check:
        return _check(arguments.out)
    _run(TOOLS / "buf", "format", "--write", "--path", "proto/eitp")
    _write(arguments.out)
    return 0


def _check(out: Path) -> int:
    differing = _differing(_generate(), _generated_files(out))
    for name in differing:
        print(f"{out / name} is not what proto/eitp generates: run `make generate`")
    return 1 if differing else 0


def _write(out: Path) -> None:
    files = _generate()
    for name in _differing(files, _generated_files(out)):
        if name in files:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(files[name])
        else:
            (out / name).unlink()


def _generate() -> dict[Path, bytes]:
    with TemporaryDirectory() as scratch:
        _run(
            *(sys.executable, "-m", "grpc_tools.protoc"),
            *(f"-I{PROTO}", f"-I{third_party.DIRECTORY}"),
            *(f"--python_out={scratch}", f"--pyi_out={scratch}", f"--grpc_python_out={scratch}"),
            f"--plugin=protoc-gen-mypy_grpc={TOOLS / 'protoc-gen-mypy_grpc'}",
            f"--mypy_grpc_out=quiet:{scratch}",
            *sorted((PROTO / "eitp").rglob("*.proto")),
        )
        files = _generated_files(Path(scratch))
    return {name: files[name] for name in files if not _is_empty_stub(name, files[name])}


def _is_empty_stub(name: Path, content: bytes) -> bool:
    """Return whether the gRPC generators wrote a frame around no service at all."""
    return "_pb2_grpc." in name.name and b"Stub" not in content


def _differing(one: dict[Path, bytes], other: dict[Path, bytes]) -> list[Path]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _generated_files(directory: Path) -> dict[Path, bytes]:
    files = (file for suffix in SUFFIXES for file in (directory / "eitp").rglob(f"*{suffix}"))
    return {file.relative_to(directory): file.read_bytes() for file in files}


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, cwd=REPOSITORY)


if __name__ == "__main__":
    sys.exit(main())
