"""Bringing a database to the schema that this server expects."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

HEAD = "0007"
"""The newest revision in `migrations/versions`; a test keeps the two equal."""

_SCRIPTS = Path(__file__).parent / "migrations"
_one_at_a_time = Lock()


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest revision; a new database gets the whole schema."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            migrate(connection)
    finally:
        engine.dispose()


def migrate(connection: Connection) -> None:
    """Bring the database behind `connection` to the newest revision, in its open transaction."""
    # Alembic takes longer to import than a restart may last, and mostly has nothing to do.
    if revision(connection) == HEAD:
        return
    from alembic import command

    # Alembic keeps the running environment in a global.
    with _one_at_a_time:
        command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration for our migrations over `connection`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def revision(connection: Connection) -> str | None:
    """Return the revision that a database is at, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
