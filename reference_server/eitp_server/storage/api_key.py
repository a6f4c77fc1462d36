"""API keys: how they are made, recognised and stored."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from zlib import crc32

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 30
_CHECKSUM_LENGTH = 6
PATTERN = re.compile(r"eitp_(pk|sk)_[a-z0-9]{1,16}_[0-9A-Za-z]{36}")
"""What a secret scanner looks for; `is_well_formed` tells the real ones among its finds."""


class KeyKind(StrEnum):
    """Where a key may be used."""

    PUBLISHABLE = "publishable"
    """In a page, for everyone to see: it opens sessions and nothing else."""
    SECRET = "secret"
    """On a server of the tenant, as far as its scopes reach."""


_MARKS = {KeyKind.PUBLISHABLE: "pk", KeyKind.SECRET: "sk"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key; the key itself is not."""

    tenant_id: str
    """Empty for a key of the operator."""
    key_id: str
    kind: KeyKind
    display_name: str
    prefix: str
    """What the key starts with up to its random part, as `eitp_sk_live_`."""
    last_four: str
    scopes: frozenset[str]
    created_at_us: int
    expires_at_us: int | None
    last_used_at_us: int | None
    revoked_at_us: int | None
    replaced_by_key_id: str
    """Empty when no key replaces it."""

    def opens(self, now_us: int) -> bool:
        """Tell whether the key is accepted at `now_us`."""
        return self.revoked_at_us is None and (
            self.expires_at_us is None or now_us < self.expires_at_us
        )


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key, to be shown this once."""

    key: ApiKey
    secret: str


def mint(kind: KeyKind, environment: str) -> str:
    """Return a new key, as `eitp_sk_live_…`, with 178 bits that nobody can guess."""
    return compose(
        kind, environment, "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    )


def compose(kind: KeyKind, environment: str, random: str) -> str:
    """Return the key with a given random part of 30 letters and digits."""
    body = f"eitp_{_MARKS[kind]}_{environment}_{random}"
    return body + _checksum(body)


def is_well_formed(key: str) -> bool:
    """Tell whether `key` has the form and the checksum of a key of ours."""
    if not PATTERN.fullmatch(key):
        return False
    return _checksum(key[:-_CHECKSUM_LENGTH]) == key[-_CHECKSUM_LENGTH:]


def digest(key: str) -> str:
    """Return what is stored in place of the key: its SHA-256 in hexadecimal."""
    # A slow hash would buy nothing: it slows down guesses, and 178 random bits are not guessed.
    return sha256(key.encode()).hexdigest()


def prefix_of(key: str) -> str:
    """Return the part of the key that is not secret."""
    return key[: -(_RANDOM_LENGTH + _CHECKSUM_LENGTH)]


def environment_of(prefix: str) -> str:
    """Return the word of the prefix that names the environment, as `live`."""
    return prefix.split("_")[2]


def _checksum(body: str) -> str:
    value, digits = crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
