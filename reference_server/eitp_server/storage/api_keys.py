"""The keys of a server: changed in the database, read from memory."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from sqlmodel import col, select

from eitp_server.errors import Missing, Reason
from eitp_server.storage import tables
from eitp_server.storage.api_key import (
    ApiKey,
    IssuedKey,
    KeyKind,
    digest,
    environment_of,
    mint,
    prefix_of,
)
from eitp_server.storage.tenants import unknown_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlmodel import Session

    from eitp_server.storage.database import Database

OPERATOR = ""
"""In place of a tenant: the key belongs to who runs the server."""
_USE_IS_EXACT_TO_US = 60_000_000


class ApiKeys:
    """What changes is in the database before the method returns, and in memory right after."""

    def __init__(self, database: Database) -> None:
        """Know no key before `refresh`."""
        self._database = database
        self._by_digest: dict[str, ApiKey] = {}
        self._digests: dict[tuple[str, str], str] = {}
        self._unsaved_use: dict[str, int] = {}

    async def refresh(self) -> None:
        """Read all keys again."""
        self._by_digest = await self._database.read(_all)
        self._digests = {
            (key.tenant_id, key.key_id): fingerprint for fingerprint, key in self._by_digest.items()
        }

    def authenticate(self, presented: str, now_us: int) -> ApiKey | None:
        """Return what is known of the key that was presented, None when it opens nothing."""
        if not presented.isascii():
            return None
        fingerprint = digest(presented)
        key = self._by_digest.get(fingerprint)
        if key is None or not key.opens(now_us):
            return None
        if now_us - (self._last_use(fingerprint, key) or 0) >= _USE_IS_EXACT_TO_US:
            self._unsaved_use[fingerprint] = now_us
        return key

    def get(self, tenant_id: str, key_id: str) -> ApiKey | None:
        """Return one key of the tenant, also when it has ended."""
        fingerprint = self._digests.get((tenant_id, key_id))
        return self._shown(fingerprint) if fingerprint else None

    def opens(self, tenant_id: str, key_id: str, now_us: int) -> bool:
        """Tell whether the tenant's key of that identity is accepted at `now_us`."""
        fingerprint = self._digests.get((tenant_id, key_id))
        return fingerprint is not None and self._by_digest[fingerprint].opens(now_us)

    def of(self, tenant_id: str) -> list[ApiKey]:
        """Return the tenant's keys, also those that have ended, newest first."""
        own = [
            self._shown(fingerprint)
            for fingerprint, key in self._by_digest.items()
            if key.tenant_id == tenant_id
        ]
        return sorted(own, key=lambda key: (key.created_at_us, key.key_id), reverse=True)

    async def create(
        self,
        tenant_id: str,
        kind: KeyKind,
        *,
        environment: str,
        now_us: int,
        scopes: Iterable[str] = (),
        display_name: str = "",
        expires_at_us: int | None = None,
        fixed: str = "",
    ) -> IssuedKey:
        """Make a key for a tenant or the `OPERATOR`; raises `Missing` for an unknown tenant.

        `environment` is a word of lower case letters and digits that the key shows, as `live`.
        `fixed` is the key itself, for development only: anybody can know it.
        """
        secret = fixed or mint(kind, environment)
        key = ApiKey(
            tenant_id=tenant_id,
            key_id=str(uuid.uuid4()),
            kind=kind,
            display_name=display_name,
            prefix=prefix_of(secret),
            last_four=secret[-4:],
            scopes=frozenset(scopes),
            created_at_us=now_us,
            expires_at_us=expires_at_us,
            last_used_at_us=None,
            revoked_at_us=None,
            replaced_by_key_id="",
        )

        def job(session: Session) -> None:
            if tenant_id != OPERATOR and not session.get(tables.Tenant, tenant_id):
                raise unknown_tenant(tenant_id)
            session.add(_record(digest(secret), key))

        await self._database.write(job)
        return IssuedKey(self._remember(digest(secret), key), secret)

    async def rotate(
        self, tenant_id: str, key_id: str, *, ends_at_us: int, now_us: int
    ) -> tuple[IssuedKey, ApiKey]:
        """Make a key like this one, which ends at `ends_at_us`; return the new and the old one.

        Raises `Missing` when the tenant has no such key.
        """
        old = self._known(tenant_id, key_id)
        secret = mint(old.kind, environment_of(old.prefix))
        new = replace(
            old,
            key_id=str(uuid.uuid4()),
            last_four=secret[-4:],
            created_at_us=now_us,
            last_used_at_us=None,
        )

        def end(key: ApiKey) -> ApiKey:
            ends = min(ends_at_us, key.expires_at_us or ends_at_us)
            return replace(key, expires_at_us=ends, replaced_by_key_id=new.key_id)

        replaced = await self._change(old, end, _record(digest(secret), new))
        return IssuedKey(self._remember(digest(secret), new), secret), replaced

    async def revoke(self, tenant_id: str, key_id: str, now_us: int) -> ApiKey:
        """End a key and return it; one that was revoked before stays as it is.

        Raises `Missing` when the tenant has no such key.
        """

        def end(key: ApiKey) -> ApiKey:
            return replace(key, revoked_at_us=key.revoked_at_us or now_us)

        return await self._change(self._known(tenant_id, key_id), end)

    async def save_use(self) -> None:
        """Write when keys were last used; to be called now and then."""
        used, self._unsaved_use = self._unsaved_use, {}

        def job(session: Session) -> None:
            wanted = col(tables.ApiKey.sha256).in_(used)
            for record in session.exec(select(tables.ApiKey).where(wanted)):
                record.last_used_at_us = used[record.sha256]

        if used:
            await self._database.write(job)
        for fingerprint, at_us in used.items():
            self._remember(
                fingerprint, replace(self._by_digest[fingerprint], last_used_at_us=at_us)
            )

    async def _change(
        self, key: ApiKey, change: Callable[[ApiKey], ApiKey], *added: tables.ApiKey
    ) -> ApiKey:
        # What is changed is the row of now: what is in memory may miss a change on its way.
        def job(session: Session) -> tuple[str, ApiKey]:
            record = session.get_one(tables.ApiKey, (key.tenant_id, key.key_id))
            changed = change(_key(record))
            session.merge(_record(record.sha256, changed))
            session.add_all(added)
            return record.sha256, changed

        return self._remember(*await self._database.write(job))

    def _known(self, tenant_id: str, key_id: str) -> ApiKey:
        if key := self.get(tenant_id, key_id):
            return key
        raise Missing(
            Reason.FIELD_INVALID,
            f"There is no key {key_id}.",
            metadata={"key_id": key_id},
        )

    def _remember(self, fingerprint: str, key: ApiKey) -> ApiKey:
        self._by_digest[fingerprint] = key
        self._digests[key.tenant_id, key.key_id] = fingerprint
        return key

    def _shown(self, fingerprint: str) -> ApiKey:
        key = self._by_digest[fingerprint]
        return replace(key, last_used_at_us=self._last_use(fingerprint, key))

    def _last_use(self, fingerprint: str, key: ApiKey) -> int | None:
        return self._unsaved_use.get(fingerprint, key.last_used_at_us)


def _all(session: Session) -> dict[str, ApiKey]:
    return {record.sha256: _key(record) for record in session.exec(select(tables.ApiKey))}


def _record(fingerprint: str, key: ApiKey) -> tables.ApiKey:
    fields = asdict(key)
    fields.update(kind=key.kind.value, scopes=json.dumps(sorted(key.scopes)))
    return tables.ApiKey(**fields, sha256=fingerprint)


def _key(record: tables.ApiKey) -> ApiKey:
    fields = record.model_dump(exclude={"sha256", "kind", "scopes"})
    scopes = frozenset(json.loads(record.scopes))
    return ApiKey(**fields, kind=KeyKind(record.kind), scopes=scopes)
