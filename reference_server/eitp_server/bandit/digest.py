"""Hashes of text: the same on any machine, in any process and Python version."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import blake2b

IDENTIFIER_BYTES = 12


def digest(domain: str, *parts: str, key: bytes = b"", size: int = 8) -> bytes:
    """Return the BLAKE2b digest (RFC 7693) of `parts`, `size` bytes long.

    Each part is hashed as its UTF-8 length in four bytes, big-endian, and then its bytes, so that
    ("a", "bc") and ("ab", "c") differ. `domain`, the personalisation (at most 16 bytes), keeps
    hashes of different purposes apart; `key` (at most 64 bytes) keeps them from being guessed.
    """
    encoded = [part.encode() for part in parts]
    framed = b"".join([len(part).to_bytes(4, "big") + part for part in encoded])
    # To take in the key costs as much as the parts do, so it is done once.
    begun = _begun(domain, key, size).copy()
    begun.update(framed)
    return begun.digest()


@lru_cache(maxsize=64)
def _begun(domain: str, key: bytes, size: int) -> blake2b:
    return blake2b(digest_size=size, key=key, person=domain.encode())


def identifier(prefix: str, *parts: str) -> str:
    """Return `prefix` and sixteen URL-safe characters that name `parts`."""
    return prefix + urlsafe_b64encode(digest(prefix, *parts, size=IDENTIFIER_BYTES)).decode()
