"""The envelope: all inputs of one tick in the bytes that the log keeps.

Layout, little endian: magic `EITP`, u8 version, i64 tick time in µs, u32 record count, then each
record as u8 kind, u16 tenant length, tenant, u32 part count and the parts as u32 length + bytes.
The first part of a telemetry record is the session that its batches mean when they name none, the
others are the batches as they came; a command has one part, its JSON document. The log adds a
checksum.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Final

from eitp_server.ingest.input import Command, CommandKind, Telemetry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.ingest.input import Input

_MAGIC: Final = b"EITP\x01"
_HEAD: Final = struct.Struct("<qI")
_RECORD: Final = struct.Struct("<BH")
_LENGTH: Final = struct.Struct("<I")
_TELEMETRY: Final = 0


class EnvelopeWriter:
    """Collects the inputs of a tick that changed something."""

    __slots__ = ("_parts", "records")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.records = 0
        """Inputs collected so far."""

    def telemetry(self, tenant_id: str, session_id: str, batches: Sequence[bytes]) -> None:
        """Add the accepted batches of one request, serialised."""
        self._record(_TELEMETRY, tenant_id, 1 + len(batches))
        pack = _LENGTH.pack
        for batch in (session_id.encode(), *batches):
            self._parts += (pack(len(batch)), batch)

    def command(self, command: Command) -> None:
        """Add a command."""
        document = json.dumps(command.document, separators=(",", ":"), sort_keys=True).encode()
        self._record(command.kind, command.tenant_id, 1)
        self._parts += (_LENGTH.pack(len(document)), document)

    def finish(self, now_us: int) -> bytes:
        """Return the envelope of a tick at `now_us`."""
        return b"".join((_MAGIC, _HEAD.pack(now_us, self.records), *self._parts))

    def _record(self, kind: int, tenant_id: str, parts: int) -> None:
        tenant = tenant_id.encode()
        self.records += 1
        self._parts += (_RECORD.pack(kind, len(tenant)), tenant, _LENGTH.pack(parts))


def read_envelope(envelope: bytes) -> tuple[int, list[Input]]:
    """Return the tick time in µs and the inputs of an envelope.

    Raises `ValueError` when the bytes are no envelope of a known version.
    """
    if not envelope.startswith(_MAGIC):
        message = f"not an envelope of version {_MAGIC[-1]}: starts with {envelope[:5]!r}"
        raise ValueError(message)
    now_us, count = _HEAD.unpack_from(envelope, len(_MAGIC))
    offset = len(_MAGIC) + _HEAD.size
    inputs: list[Input] = []
    for _ in range(count):
        kind, tenant_length = _RECORD.unpack_from(envelope, offset)
        offset += _RECORD.size
        tenant_id = envelope[offset : offset + tenant_length].decode()
        parts, offset = _read_parts(envelope, offset + tenant_length)
        inputs.append(_input(kind, tenant_id, parts))
    return now_us, inputs


def _read_parts(envelope: bytes, offset: int) -> tuple[list[bytes], int]:
    (count,) = _LENGTH.unpack_from(envelope, offset)
    offset += _LENGTH.size
    parts: list[bytes] = []
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(envelope, offset)
        offset += _LENGTH.size
        parts.append(envelope[offset : offset + length])
        offset += length
    return parts, offset


def _input(kind: int, tenant_id: str, parts: Sequence[bytes]) -> Input:
    if kind == _TELEMETRY:
        return Telemetry(tenant_id=tenant_id, session_id=parts[0].decode(), batches=parts[1:])
    return Command(tenant_id=tenant_id, kind=CommandKind(kind), document=json.loads(parts[0]))
