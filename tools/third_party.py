#!/usr/bin/env python3
"""Fills `build/third_party` with the schemas that ours import; it needs the network only once."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from google.rpc import error_details_pb2

REPOSITORY = Path(__file__).resolve().parents[1]
DIRECTORY = REPOSITORY / "build" / "third_party"
SOURCE_OF_BUF_VALIDATE = REPOSITORY / "tools" / "third_party.txt"
"""The source distribution that carries `buf/validate/validate.proto`, with its digest."""


def ensure() -> Path:
    """Return the directory of foreign schemas, complete and as pinned."""
    pinned = DIRECTORY / "PINNED"
    if not pinned.is_file() or pinned.read_text() != _pins():
        DIRECTORY.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=DIRECTORY.parent) as scratch:
            staged = Path(scratch) / "staged"
            _buf_validate(Path(scratch), staged)
            _google_rpc(staged)
            (staged / pinned.name).write_text(_pins())
            shutil.rmtree(DIRECTORY, ignore_errors=True)
            staged.rename(DIRECTORY)
    return DIRECTORY


def _pins() -> str:
    common_protos = version("googleapis-common-protos")
    return f"{SOURCE_OF_BUF_VALIDATE.read_text()}googleapis-common-protos=={common_protos}\n"


def _buf_validate(scratch: Path, staged: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "download", "--dest", str(scratch)]
    source = ["--no-deps", "--no-binary=protovalidate", "--require-hashes"]
    command = [*pip, *source, "--requirement", str(SOURCE_OF_BUF_VALIDATE)]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"{SOURCE_OF_BUF_VALIDATE} could not be fetched; this needs the network, once")
    (archive,) = scratch.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        (member,) = (m for m in tar if m.name.endswith("/proto/buf/validate/validate.proto"))
        content = tar.extractfile(member)
        assert content is not None
        _write(staged / "buf" / "validate" / "validate.proto", content.read())


def _google_rpc(staged: Path) -> None:
    for proto in Path(error_details_pb2.__file__).parent.glob("*.proto"):
        _write(staged / "google" / "rpc" / proto.name, proto.read_bytes())


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


if __name__ == "__main__":
    print(ensure())
