"""Turns what a call shows into who makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from eitp_server.errors import Forbidden, Reason, Unauthenticated, Unready
from eitp_server.services.caller import Caller, CredentialKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.services.token import Tokens

_SCHEME = "bearer "
_KEY_PREFIX = "eitp_"


class KeyRecord(Protocol):
    """What is known about a key that works."""

    @property
    def tenant_id(self) -> str:
        """The tenant it belongs to; empty for the operator's."""
        ...

    @property
    def key_id(self) -> str:
        """Its identity, no secret."""
        ...

    @property
    def is_secret(self) -> bool:
        """Whether it is a secret key; otherwise it is a publishable one."""
        ...

    @property
    def scopes(self) -> frozenset[str]:
        """What a secret key may do."""
        ...

    @property
    def origins(self) -> frozenset[str]:
        """The Origins from which a browser may show it, each as the browser writes it."""
        ...


class Keys(Protocol):
    """The keys of all tenants, in memory: every call asks."""

    def lookup(self, presented: str) -> KeyRecord | None:
        """Return the record of a key that works now; None for any other text."""
        ...

    def works(self, tenant_id: str, key_id: str) -> bool:
        """Tell whether the tenant's key of that identity still works."""
        ...

    def is_suspended(self, tenant_id: str) -> bool:
        """Tell whether the operator stopped the tenant."""
        ...

    def lists_origin(self, origin: str) -> bool:
        """Tell whether any tenant lists the Origin."""
        ...


class Authenticator:
    """Knows keys and session tokens, and where each may come from."""

    def __init__(
        self,
        keys: Keys,
        tokens: Tokens,
        clock_us: Callable[[], int],
        console_origins: frozenset[str] = frozenset(),
    ) -> None:
        """Accept secret keys from no Origin but the operator's own `console_origins`."""
        self._keys = keys
        self._tokens = tokens
        self._clock_us = clock_us
        self._console_origins = console_origins

    def authenticate(self, authorization: str, origin: str, deadline: float | None) -> Caller:
        """Return who calls.

        Raises `Unauthenticated` for a credential that does not work, and `Forbidden` for one that
        comes from the wrong Origin.
        """
        if not authorization:
            return Caller(kind=CredentialKind.ANONYMOUS, origin=origin, deadline=deadline)
        if authorization[:7].lower() != _SCHEME:
            raise _invalid()
        presented = authorization[7:]
        if presented.startswith(_KEY_PREFIX):
            return self._key(presented, origin, deadline)
        return self._session(presented, origin, deadline)

    def require_served(self, caller: Caller) -> None:
        """Raise `Unready(TENANT_SUSPENDED)` when the caller's tenant was stopped."""
        if self._keys.is_suspended(caller.tenant_id):
            raise Unready(Reason.TENANT_SUSPENDED, "The operator of the server stopped the tenant.")

    def allows_browser(self, origin: str) -> bool:
        """Tell whether a page of that Origin may read answers at all."""
        return origin in self._console_origins or self._keys.lists_origin(origin)

    def _key(self, presented: str, origin: str, deadline: float | None) -> Caller:
        record = self._keys.lookup(presented)
        if record is None:
            raise _invalid()
        allowed = self._console_origins if record.is_secret else record.origins
        if origin and origin not in allowed:
            raise _wrong_origin(origin, "a secret key" if record.is_secret else "this key")
        return Caller(
            kind=CredentialKind.SECRET if record.is_secret else CredentialKind.PUBLISHABLE,
            tenant_id=record.tenant_id,
            key_id=record.key_id,
            scopes=record.scopes,
            origin=origin,
            deadline=deadline,
        )

    def _session(self, token: str, origin: str, deadline: float | None) -> Caller:
        claims = self._tokens.verify(token, self._clock_us())
        if not self._keys.works(claims.tenant_id, claims.key_id):
            raise _invalid()
        if claims.origin != origin:
            raise _wrong_origin(origin, "this session token")
        return Caller(
            kind=CredentialKind.SESSION,
            tenant_id=claims.tenant_id,
            key_id=claims.key_id,
            scopes=claims.scopes,
            session_id=claims.session_id,
            origin=origin,
            token_expires_at_us=claims.expires_at_us,
            deadline=deadline,
        )


def _invalid() -> Unauthenticated:
    return Unauthenticated(
        Reason.CREDENTIAL_INVALID, "The credential is not one this server issued, or was revoked."
    )


def _wrong_origin(origin: str, credential: str) -> Forbidden:
    return Forbidden(
        Reason.ORIGIN_NOT_ALLOWED,
        f"The Origin {origin or '(none)'} may not use {credential}.",
        metadata={"origin": origin},
    )
