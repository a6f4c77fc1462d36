"""Who may use the server, and on which terms."""

from __future__ import annotations

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from eitp_server.storage.tables.record import Record


class Tenant(Record, table=True):
    """One shop."""

    __tablename__ = "tenants"

    tenant_id: str = Field(primary_key=True)
    display_name: str
    suspended: bool
    revision: int = Field(sa_type=BigInteger)
    vertical: str
    region: str
    holdout_share: float
    consent_policy: str
    allowed_origins: str = Field(sa_type=Text)
    """JSON array of origins, each scheme and host, and the port when it is not the usual one."""
    policy: str = Field(sa_type=Text)
    """JSON of the whole `eitp.v1.TenantPolicy`."""
    limits: str = Field(sa_type=Text)
    """JSON of `eitp.v1.TenantLimits`."""
    created_at_us: int = Field(sa_type=BigInteger)


class ApiKey(Record, table=True):
    """One credential; the key itself is shown once and never stored."""

    __tablename__ = "api_keys"

    tenant_id: str = Field(primary_key=True)
    """Empty for a key of the operator."""
    key_id: str = Field(primary_key=True)
    kind: str
    """`publishable` or `secret`."""
    display_name: str
    prefix: str
    """What the key starts with up to its random part, as `eitp_sk_live_`."""
    last_four: str
    sha256: str = Field(unique=True)
    """Hexadecimal digest of the whole key."""
    scopes: str = Field(sa_type=Text)
    """JSON array of scope names."""
    created_at_us: int = Field(sa_type=BigInteger)
    expires_at_us: int | None = Field(sa_type=BigInteger)
    last_used_at_us: int | None = Field(sa_type=BigInteger)
    revoked_at_us: int | None = Field(sa_type=BigInteger)
    replaced_by_key_id: str
    """Empty when no key replaces it."""
