"""What the shop may do, and what was proven to help."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from eitp_server.storage.tables.record import Record


class CatalogueEntry(Record, table=True):
    """One revision of an intervention's definition."""

    __tablename__ = "catalogue"

    tenant_id: str = Field(primary_key=True)
    definition_id: str = Field(primary_key=True)
    revision: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    document: str = Field(sa_type=Text)
    """Canonical JSON of the definition."""
    created_at_us: int = Field(sa_type=BigInteger)
    retired_at_us: int | None = Field(sa_type=BigInteger)


class ProvenPattern(Record, table=True):
    """One version of the finding that an intervention helps in a scope."""

    __tablename__ = "proven_patterns"
    __table_args__ = (Index(None, "tenant_id", "promoted_at_us", "pattern_id"),)

    tenant_id: str = Field(primary_key=True)
    """Empty for a pattern that tenants share."""
    pattern_id: str = Field(primary_key=True)
    version: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    status: int
    """A `eitp.v1.PatternStatus`."""
    vertical: str | None
    """NULL when the pattern holds in every vertical."""
    label: int | None
    """NULL when the pattern holds for every label."""
    page_section: int | None
    """NULL when the pattern holds in every section."""
    definition_id: str
    kind: int
    """A `eitp.v1.InterventionKind`."""
    units: int = Field(sa_type=BigInteger)
    """Matured visitors on both sides at promotion."""
    lift: float | None
    """Difference of conversion rates at promotion."""
    lower_bound: float | None
    fresh_lift: float | None
    """The same from decisions after the promotion only."""
    fresh_lower_bound: float | None
    promoted_at_us: int = Field(sa_type=BigInteger)
    expires_at_us: int = Field(sa_type=BigInteger)
    document: str = Field(sa_type=Text)
    """Canonical JSON of the whole `eitp.v1.ProvenPattern`."""


class PatternOffer(Record, table=True):
    """That a pattern was put into the prompts of one session, or withheld from them at random."""

    __tablename__ = "pattern_offers"
    __table_args__ = (Index(None, "pattern_id", "at_us"),)

    tenant_id: str = Field(primary_key=True)
    session_id: str = Field(primary_key=True)
    pattern_id: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    given: bool
    """False when it was withheld."""
    withheld_probability: float
    """With which it would have been withheld."""
    at_us: int = Field(sa_type=BigInteger)
    """When the session was first offered it."""
