"""Which answers a browser lets a page of another Origin read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Header = tuple[bytes, bytes]

_VARY: Header = (b"vary", b"origin")
_EXPOSED: Header = (
    b"access-control-expose-headers",
    b"grpc-status, grpc-message, grpc-status-details-bin, connect-content-encoding",
)
_PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"POST, GET"),
    (
        b"access-control-allow-headers",
        (
            b"authorization, content-type, content-encoding, connect-protocol-version, "
            b"connect-timeout-ms, connect-content-encoding, connect-accept-encoding, "
            b"grpc-timeout, x-grpc-web, x-user-agent"
        ),
    ),
    (b"access-control-max-age", b"7200"),
)


def allow(origin: str) -> Header:
    """Return the header that lets pages of the Origin read the answer."""
    return b"access-control-allow-origin", origin.encode("latin-1")


class CrossOrigin:
    """Names an Origin in the answer if some tenant lists it.

    Whether *this* tenant lists it is the boundary's business: a preflight carries no credential.
    """

    def __init__(self, allows: Callable[[str], bool]) -> None:
        self._allows = allows

    def headers(self, origin: str) -> list[Header]:
        """Return the headers of an answer; none for a caller that is no browser."""
        if not origin:
            return []
        if not self._allows(origin):
            return [_VARY]
        return [allow(origin), _EXPOSED, _VARY]

    def preflight(self, origin: str) -> tuple[int, list[Header]]:
        """Return status and headers of the answer to a browser that asks first."""
        if not origin or not self._allows(origin):
            return 403, [_VARY]
        return 204, [*self.headers(origin), *_PREFLIGHT]
