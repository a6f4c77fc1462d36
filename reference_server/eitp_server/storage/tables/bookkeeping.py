"""What the server notes about itself and about calls it already answered."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field

from eitp_server.storage.tables.record import Record


class Meta(Record, table=True):
    """One fact about this log, by name."""

    __tablename__ = "meta"

    key: str = Field(primary_key=True)
    value: str


class IdempotentReply(Record, table=True):
    """What was answered to a request id, so that a repeat gets the same."""

    __tablename__ = "idempotency"

    tenant_id: str = Field(primary_key=True)
    request_id: str = Field(primary_key=True)
    method: str
    digest: str
    """Hexadecimal SHA-256 of the request: another one under the same id is a conflict."""
    reply: bytes
    created_at_us: int = Field(sa_type=BigInteger, index=True)
