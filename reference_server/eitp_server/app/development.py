"""The development tenant with its fixed, public keys; for the demo and for trying things out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.app.clock import clock_us
from eitp_server.app.scope import ALL_SCOPES
from eitp_server.config import DEVELOPMENT_TENANT
from eitp_server.storage.api_key import KeyKind, compose
from eitp_server.storage.tenant import Tenant

if TYPE_CHECKING:
    from eitp_server.storage.accounts import Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class DevelopmentKeys:
    """The fixed keys of the development tenant, which exists in the demo and nowhere else."""

    publishable: str
    secret: str


async def create_development_tenant(accounts: Accounts) -> DevelopmentKeys:
    """Make sure that the development tenant and its fixed keys exist; for the demo only."""
    now_us = clock_us()
    if accounts.tenants.get(DEVELOPMENT_TENANT) is None:
        await accounts.tenants.create(
            Tenant(
                tenant_id=DEVELOPMENT_TENANT,
                display_name="Demo dealership",
                vertical="automotive",
                region="US-CA",
                holdout_share=0.1,
                allowed_origins=("http://localhost:8080", "http://127.0.0.1:8080"),
                created_at_us=now_us,
            )
        )
    keys = DevelopmentKeys(
        publishable=compose(KeyKind.PUBLISHABLE, "dev", "Demo0" * 6),
        secret=compose(KeyKind.SECRET, "dev", "Demo1" * 6),
    )
    for kind, text in ((KeyKind.PUBLISHABLE, keys.publishable), (KeyKind.SECRET, keys.secret)):
        if accounts.keys.authenticate(text, now_us) is None:
            scopes = ALL_SCOPES if kind == KeyKind.SECRET else frozenset[str]()
            await accounts.keys.create(
                DEVELOPMENT_TENANT,
                kind,
                environment="dev",
                scopes=scopes,
                display_name="fixed, for the demo",
                now_us=now_us,
                fixed=text,
            )
    return keys
