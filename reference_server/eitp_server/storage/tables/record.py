"""What all tables share: one collection of tables, and names for their constraints."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import MetaData
from sqlmodel import SQLModel


class Record(SQLModel):
    """A row of the schema.

    Constraints are named by rule: a migration can only change what it can name, and SQLite
    itself names nothing.
    """

    __tablename__: ClassVar[str]  # pyright: ignore[reportIncompatibleVariableOverride]

    metadata: ClassVar[MetaData] = MetaData(  # pyright: ignore[reportIncompatibleVariableOverride]
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
