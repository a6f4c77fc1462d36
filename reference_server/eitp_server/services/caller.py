"""Who makes a call, as every service method is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class CredentialKind(Enum):
    """What a caller showed."""

    ANONYMOUS = "anonymous"
    """Nothing; enough for a call that is open to everybody."""
    PUBLISHABLE = "publishable key"
    """A tenant's key that may stand in a web page: it opens sessions and reads nothing."""
    SECRET = "secret key"
    """A tenant's key that never leaves its own servers; reaches as far as its scopes."""
    SESSION = "session token"
    """The short-lived token of one session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The verified origin and reach of one call."""

    kind: CredentialKind
    tenant_id: str = ""
    """Empty for an anonymous caller."""
    key_id: str = ""
    """The key that was shown, or that the session of a token was opened with."""
    scopes: frozenset[str] = frozenset()
    session_id: str = ""
    """The one session that a token reaches; empty for every other credential."""
    origin: str = ""
    """The Origin header; empty when the caller is no browser."""
    token_expires_at_us: int = 0
    """End of the token; 0 for every other credential."""
    deadline: float | None = None
    """Seconds that were left when the call arrived; None for a stream without a deadline."""
