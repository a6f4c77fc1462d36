"""Session tokens: short-lived, signed, and bound to one session of one origin."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eitp_server.errors import Reason, Unauthenticated
from eitp_server.services.caller import CredentialKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from eitp_server.services.caller import Caller

SESSION_SCOPES = frozenset(
    {
        "interventions.read",
        "interventions.write",
        "outcomes.write",
        "packets.read",
        "seer.chat",
        "sessions.write",
        "telemetry.write",
    }
)
"""What a token reaches unless it is issued with less: all that a page does for its session."""

SECONDS = 1_000_000
LEEWAY_US = 30 * SECONDS
"""How far the clocks of two servers may differ."""
MAX_LIFETIME_US = 900 * SECONDS
"""A token cannot be taken back, so it never lives longer."""
_ALGORITHM = "EdDSA"
_TYPE = "eitp-session+jwt"
_MAX_TOKEN_LENGTH = 2048
_REQUIRED = ("tenant", "key", "session", "origin", "scopes", "iat", "exp")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair; its identity follows from the public half."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Make the pair of 32 secret bytes."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key().public_bytes_raw()
        return cls(hashlib.sha256(public).hexdigest()[:16], private)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says."""

    tenant_id: str
    key_id: str
    """The key that the session was opened with; the token ends with it."""
    session_id: str
    origin: str
    """The Origin that the session was opened from; empty when the opener was no browser."""
    scopes: frozenset[str]
    issued_at_us: int
    expires_at_us: int


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and its end."""

    token: str
    expires_at_us: int


class Tokens:
    """Issues tokens with the first key and accepts those of every key it holds.

    A verification takes about 0.1 ms, so the claims of verified tokens are kept, the latest
    `max_verified` of them.
    """

    def __init__(
        self,
        keys: Sequence[SigningKey],
        *,
        lifetime_us: int = MAX_LIFETIME_US,
        resume_within_us: int = 24 * 3600 * SECONDS,
        max_verified: int = 65_536,
    ) -> None:
        if not 1 <= len(keys) <= 2:
            raise ValueError(f"one or two signing keys are needed, not {len(keys)}")
        if lifetime_us > MAX_LIFETIME_US:
            raise ValueError(f"a token may live {MAX_LIFETIME_US} µs at most, not {lifetime_us}")
        self._signing = keys[0]
        self._public: dict[str, Ed25519PublicKey] = {
            key.kid: key.private.public_key() for key in keys
        }
        self._lifetime_us = lifetime_us
        self._resume_within_us = resume_within_us
        self._max_verified = max_verified
        self._verified: dict[str, Claims] = {}

    @property
    def remembered(self) -> int:
        """How many tokens need no verification."""
        return len(self._verified)

    def issue(
        self,
        *,
        tenant_id: str,
        key_id: str,
        session_id: str,
        origin: str,
        now_us: int,
        scopes: frozenset[str] = SESSION_SCOPES,
    ) -> IssuedToken:
        """Sign a token that ends one lifetime from now, in whole seconds."""
        issued = now_us // SECONDS
        expires = issued + self._lifetime_us // SECONDS
        payload = {
            "tenant": tenant_id,
            "key": key_id,
            "session": session_id,
            "origin": origin,
            "scopes": sorted(scopes),
            "iat": issued,
            "exp": expires,
        }
        headers = {"kid": self._signing.kid, "typ": _TYPE}
        token = jwt.encode(payload, self._signing.private, algorithm=_ALGORITHM, headers=headers)
        return IssuedToken(token, expires * SECONDS)

    def verify(self, token: str, now_us: int) -> Claims:
        """Return what the token says.

        Raises `Unauthenticated` with CREDENTIAL_INVALID or TOKEN_EXPIRED.
        """
        return self._verify(token, now_us, LEEWAY_US)

    def verify_for_resume(self, token: str, now_us: int) -> Claims:
        """Return what the token says, even a while after its end."""
        return self._verify(token, now_us, self._resume_within_us)

    def refresh_due(self, expires_at_us: int, now_us: int) -> bool:
        """Tell whether a token of that end has less than a third of its life left."""
        return expires_at_us - now_us < self._lifetime_us // 3

    def refreshed(self, caller: Caller, now_us: int) -> str:
        """Return a fresh token for a caller whose own is due for one; empty for all others."""
        if caller.kind is not CredentialKind.SESSION:
            return ""
        if not self.refresh_due(caller.token_expires_at_us, now_us):
            return ""
        return self.issue(
            tenant_id=caller.tenant_id,
            key_id=caller.key_id,
            session_id=caller.session_id,
            origin=caller.origin,
            scopes=caller.scopes,
            now_us=now_us,
        ).token

    def _verify(self, token: str, now_us: int, grace_us: int) -> Claims:
        claims = self._verified.get(token) or self._read(token)
        if claims.issued_at_us > now_us + LEEWAY_US:
            raise _invalid()
        if claims.expires_at_us + grace_us < now_us:
            raise Unauthenticated(
                Reason.TOKEN_EXPIRED,
                "The session token has ended; OpenSession with resume_token gives a new one.",
            )
        return claims

    def _read(self, token: str) -> Claims:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise _invalid()
        try:
            claims = _claims(self._payload(token))
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            raise _invalid() from None
        while len(self._verified) >= self._max_verified:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = claims
        return claims

    def _payload(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != _TYPE:
            raise jwt.InvalidTokenError
        return jwt.decode(
            token,
            self._public[header["kid"]],
            algorithms=[_ALGORITHM],
            # Time is judged against the caller's clock, which is an argument.
            options={"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False},
        )


def _claims(payload: dict[str, Any]) -> Claims:
    return Claims(
        tenant_id=str(payload["tenant"]),
        key_id=str(payload["key"]),
        session_id=str(payload["session"]),
        origin=str(payload["origin"]),
        scopes=_shared(frozenset(map(str, payload["scopes"]))),
        issued_at_us=int(payload["iat"]) * SECONDS,
        expires_at_us=int(payload["exp"]) * SECONDS,
    )


def _shared(scopes: frozenset[str]) -> frozenset[str]:
    return SESSION_SCOPES if scopes == SESSION_SCOPES else scopes


def _invalid() -> Unauthenticated:
    return Unauthenticated(
        Reason.CREDENTIAL_INVALID, "The credential is not one this server issued, or was revoked."
    )
