"""A server under test: a process of its own, on free ports, with its own data directory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

SERVER: Final = ("-m", "eitp_server", "serve", "--development")
"""The reference server, with its two fixed keys."""
EMPTY: Final = ("-m", "eitp_server.lab.bench.empty_server")
"""The same listeners with handlers that do nothing."""
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_ADDRESSES: Final = re.compile(r"gRPC on (\S+), Connect and JSON on http://(\S+)\n")
_KEYS: Final = re.compile(r"export EITP_KEY=(\S+)\n")


class ServerFailedError(ChildProcessError):
    """The server did not start or ended early; the message has what it wrote last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is ready for calls."""

    pid: int
    grpc_address: str
    web_address: str
    """Host and port."""
    key: str
    """A secret key; empty when the server asks for none."""


@contextmanager
def running(
    command: Sequence[str], folder: Path, settings: Mapping[str, str] | None = None
) -> Generator[Server]:
    """Run a server until the block ends, its data in a fresh folder below `folder`.

    Raises `ServerFailedError`.
    """
    with (
        tempfile.TemporaryDirectory(prefix="eitp-bench-", dir=folder) as name,
        serving(command, Path(name), settings) as server,
    ):
        yield server


@contextmanager
def serving(
    command: Sequence[str], home: Path, settings: Mapping[str, str] | None = None
) -> Generator[Server]:
    """Run a server until the block ends, its data in `home`/data and its log in `home`/stderr.

    Raises `ServerFailedError`.
    """
    environment = os.environ | {
        "EITP_HOST": "127.0.0.1",
        "EITP_GRPC_PORT": "0",
        "EITP_WEB_PORT": "0",
        "EITP_DATA_DIR": str(home / "data"),
        "EITP_LOG_LEVEL": "warning",
        **(settings or {}),
    }
    with (home / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *command],
            bufsize=0,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        )
        try:
            yield _ready(process, home / "stderr", has_keys=command == SERVER)
        finally:
            _stop(process)


def _ready(process: subprocess.Popen[bytes], errors: Path, *, has_keys: bool) -> Server:
    addresses = _line(process, _ADDRESSES, errors)
    return Server(
        pid=process.pid,
        grpc_address=addresses[1],
        web_address=addresses[2],
        key=_line(process, _KEYS, errors)[1] if has_keys else "",
    )


def _line(process: subprocess.Popen[bytes], wanted: re.Pattern[str], errors: Path) -> re.Match[str]:
    assert process.stdout is not None
    readable, _, _ = select([process.stdout], [], [], _START_SECONDS)
    line = process.stdout.readline().decode() if readable else ""
    match = wanted.fullmatch(line)
    if match is None:
        said = f"{line}{errors.read_text()}"[-2_000:]
        raise ServerFailedError(f"expected a line like {wanted.pattern!r}, got: {said}")
    return match


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
