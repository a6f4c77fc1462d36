"""Pages of a list, by AIP-158: the token holds the key behind which the next page begins."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from eitp_server.errors import Invalid, Reason


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is wanted."""

    after: str
    """Key of the last item of the page before, empty for the first page."""
    size: int

    @staticmethod
    def token(after: str) -> str:
        """Return the token of the page behind key `after`."""
        return base64.urlsafe_b64encode(f"1:{after}".encode()).decode()


def read_page(page_size: int, page_token: str, *, default: int, most: int) -> Page:
    """Return the page that a request asks for.

    Raises `Invalid(PAGE_TOKEN_INVALID)` for a token that this server did not make.
    """
    size = min(page_size or default, most)
    if not page_token:
        return Page("", size)
    try:
        version, _, after = base64.urlsafe_b64decode(page_token).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        version, after = "", ""
    if version != "1" or not after:
        raise bad_page_token()
    return Page(after, size)


def bad_page_token() -> Invalid:
    """Return the error for a token that the call did not make."""
    message = "page_token: was not issued by this call; leave it empty for the first page"
    return Invalid(Reason.PAGE_TOKEN_INVALID, message, metadata={"field": "page_token"})
