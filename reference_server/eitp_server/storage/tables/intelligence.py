"""What is learned across regions and verticals."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from eitp_server.storage.tables.record import Record


class ContagionMinute(Record, table=True):
    """What each region of a series did in one minute."""

    __tablename__ = "contagion_minutes"

    tenant_id: str = Field(primary_key=True)
    """Empty for a series that tenants share, in this and the next four tables."""
    vertical: str = Field(primary_key=True)
    """Empty for all verticals together."""
    feature: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """A `eitp.v1.ContagionFeature`."""
    at_us: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    """The end of the minute."""
    estimator_version: str
    regions: str = Field(sa_type=Text)
    """JSON array of the regions in which there was a session."""
    levels: bytes
    """A double, little endian, for each region; NaN where there is none."""
    sessions: bytes
    """A 32-bit integer, little endian, for each region."""
    reasons: bytes
    """A byte for each region: 0, or the `eitp.v1.NoValueReason` why there is no level."""


class ContagionWindow(Record, table=True):
    """Which pairs of regions were significant in one window."""

    __tablename__ = "contagion_windows"

    tenant_id: str = Field(primary_key=True)
    vertical: str = Field(primary_key=True)
    feature: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    end_us: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    estimator_version: str
    pairs: str = Field(sa_type=Text)
    """JSON array of pairs of source and target."""


class ContagionState(Record, table=True):
    """Where a series stands: its newest analysis, and the edges of the last one that was made."""

    __tablename__ = "contagion_states"

    tenant_id: str = Field(primary_key=True)
    vertical: str = Field(primary_key=True)
    feature: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    estimator_version: str
    end_us: int = Field(sa_type=BigInteger)
    """The end of the newest window."""
    snapshot: str = Field(sa_type=Text)
    """JSON of a `Snapshot`."""
    edges: str = Field(sa_type=Text)
    """JSON array of objects: `edge`, and `told` as it was published last."""


class ContagionItem(Record, table=True):
    """One message of the contagion feed."""

    __tablename__ = "contagion_items"
    __table_args__ = (Index(None, "tenant_id", "vertical", "feature", "number"),)

    tenant_id: str = Field(primary_key=True)
    number: int = Field(
        primary_key=True,
        sa_type=BigInteger,
        unique=True,
        sa_column_kwargs={"autoincrement": False},
    )
    vertical: str
    feature: int
    estimator_version: str
    end_us: int = Field(sa_type=BigInteger, index=True)
    """The end of the window that was analysed."""
    source_region: str
    """Empty in a snapshot, as is the next one."""
    target_region: str
    document: str = Field(sa_type=Text)
    """JSON of an `Edge` or a `Snapshot`."""


class ContagionProfile(Record, table=True):
    """The time-of-week profile of a series."""

    __tablename__ = "contagion_profiles"

    tenant_id: str = Field(primary_key=True)
    vertical: str = Field(primary_key=True)
    feature: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    estimator_version: str
    day_us: int = Field(sa_type=BigInteger)
    """The end of the 28 days that it was fitted to."""
    document: str = Field(sa_type=Text)
    """JSON object: for each region the weights of the waves."""


class Transfer(Record, table=True):
    """What is known about carrying a kind of intervention over to other verticals."""

    __tablename__ = "transfers"

    tenant_id: str = Field(primary_key=True)
    """Empty for a finding that tenants share."""
    transfer_id: str = Field(primary_key=True)
    kind: int
    """A `eitp.v1.InterventionKind`."""
    label: int
    """0: any."""
    page_section: int
    """0: any."""
    verdict: int
    """A `eitp.v1.TransferVerdict`."""
    probability_positive: float | None
    """NULL when there is too little data for one."""
    computed_at_us: int = Field(sa_type=BigInteger)
    document: str = Field(sa_type=Text)
    """JSON of the observed effects and of what follows from them."""
