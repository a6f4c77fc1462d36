"""The check that an envelope is still what was written."""

from __future__ import annotations

from zlib import crc32

from eitp_server.storage.fault import CorruptLog


def checksum(tick: int, payload: bytes) -> int:
    """Return the CRC-32 of the tick and the payload: an envelope in another's place fails too."""
    return crc32(payload, crc32(tick.to_bytes(8, "big")))


def require_intact(tick: int, expected: int, crc: int, payload: bytes) -> None:
    """Raise `CorruptLog` unless this is the envelope of tick `expected`, unchanged."""
    if tick != expected:
        raise CorruptLog(expected, f"its envelope is missing, the next one is of tick {tick}")
    if checksum(tick, payload) != crc:
        raise CorruptLog(tick, "its envelope does not match its checksum")
