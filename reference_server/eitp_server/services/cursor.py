"""Cursors: opaque positions in a feed, bound to the feed, the tenant and the log they came from."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from eitp_server.errors import Forbidden, OutOfRange, Reason

_VERSION: Final = 1
_LAYOUT: Final = struct.Struct(">BB8s8sQ")


class FeedKind(IntEnum):
    """The feeds that have cursors."""

    PACKETS = 1
    INTERVENTIONS = 2
    INDEX = 3
    CONTAGION = 4


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads the cursors of one feed for one log."""

    feed: FeedKind
    incarnation: str

    def encode(self, tenant_id: str, number: int) -> bytes:
        """Return the cursor right behind the item with `number`."""
        return _LAYOUT.pack(_VERSION, self.feed, _tag(self.incarnation), _tag(tenant_id), number)

    def decode(self, tenant_id: str, cursor: bytes) -> int:
        """Return the number that a cursor points behind.

        Raises `OutOfRange(CURSOR_UNKNOWN)` for what is no cursor of this log and
        `Forbidden(CURSOR_FOREIGN)` for one of another tenant or feed.
        """
        if len(cursor) != _LAYOUT.size or cursor[0] != _VERSION:
            raise unknown_cursor("the cursor was not issued by this server; start without one")
        _, feed, incarnation, tenant, number = _LAYOUT.unpack(cursor)
        if tenant != _tag(tenant_id) or feed != self.feed:
            message = "the cursor belongs to another tenant or another feed"
            raise Forbidden(Reason.CURSOR_FOREIGN, message)
        if incarnation != _tag(self.incarnation):
            message = "the log was created anew since the cursor was issued; start without one"
            raise unknown_cursor(message)
        return number


def unknown_cursor(message: str) -> OutOfRange:
    """Return the error for what is no position of this log."""
    return OutOfRange(Reason.CURSOR_UNKNOWN, message)


def _tag(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8).digest()
