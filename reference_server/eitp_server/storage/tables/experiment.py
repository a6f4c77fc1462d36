"""How far the running experiment of each tenant has come."""

from __future__ import annotations

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from eitp_server.storage.tables.record import Record


class StudyCheckpoint(Record, table=True):
    """All that a study knows, without its visitors."""

    __tablename__ = "study_checkpoints"

    tenant_id: str = Field(primary_key=True)
    methodology: str
    """Version of the formulas; so are the next two a condition of going on from here."""
    margins: str = Field(sa_type=Text)
    """Canonical JSON object: the harm that is tolerated, by the number of its metric."""
    window_us: int = Field(sa_type=BigInteger)
    """How long outcomes count."""
    through_us: int = Field(sa_type=BigInteger)
    """Decisions up to here are in it."""
    saved_at_us: int = Field(sa_type=BigInteger)
    document: str = Field(sa_type=Text)
    """A JSON object in each line: the whole, then each arm."""


class StudyVisitor(Record, table=True):
    """One visitor whom a study has met, as of its checkpoint."""

    __tablename__ = "study_visitors"
    # The key is most of the row, and a row with a number of its own would have it twice.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    tenant_id: str = Field(primary_key=True)
    visitor: str = Field(primary_key=True)
    """The keyed hash of the visitor, or the session of one without."""
    counted: bytes
    """A bit for the number of every arm that the visitor counts in; the lowest byte first."""
    held_out: float | None
    """The holdout share that drew the visitor; NULL for the treated, and for whoever leaked."""
