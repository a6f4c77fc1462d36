"""Pages of a list, by AIP-158: the token holds the key behind which the next page begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Final

from eitp_server.errors import Invalid, Reason
from eitp_server.storage.page import Position

VERSION = "2"
_MOST_INTEGER: Final = 2**63 - 1
"""Largest integer that storage can compare with."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed: a token of one listing is none of another."""

    call: str
    filters: tuple[str, ...] = ()

    def token(self, after: str) -> str:
        """Return the token of the page behind key `after`."""
        return base64.urlsafe_b64encode(f"{VERSION}:{self._tag()}:{after}".encode()).decode()

    def page(self, page_size: int, page_token: str, *, default: int, most: int) -> Page:
        """Return the page that a request asks for.

        Raises `Invalid(PAGE_TOKEN_INVALID)` for a token that was not made for this listing.
        """
        after = self._after(page_token) if page_token else ""
        return Page(after, min(page_size or default, most))

    def _after(self, page_token: str) -> str:
        try:
            text = base64.urlsafe_b64decode(page_token).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise bad_page_token() from None
        version, _, rest = text.partition(":")
        tag, _, after = rest.partition(":")
        if (version, tag) != (VERSION, self._tag()) or not after:
            raise bad_page_token()
        return after

    def _tag(self) -> str:
        named = json.dumps([self.call, *self.filters]).encode()
        return hashlib.blake2b(named, digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is wanted."""

    after: str
    """Key of the last item of the page before, empty for the first page."""
    size: int


def position(page: Page) -> Position | None:
    """Return the place in storage behind which a page begins, None for the first.

    Raises `Invalid(PAGE_TOKEN_INVALID)` when the token holds none.
    """
    if not page.after:
        return None
    at_us, _, key = page.after.partition(" ")
    if not at_us.isdecimal() or int(at_us) > _MOST_INTEGER:
        raise bad_page_token()
    return Position(int(at_us), key)


def bad_page_token() -> Invalid:
    """Return the error for a token that the call did not make."""
    message = (
        "page_token: was not issued by this call with these filters; "
        "leave it empty for the first page"
    )
    return Invalid(Reason.PAGE_TOKEN_INVALID, message, metadata={"field": "page_token"})
