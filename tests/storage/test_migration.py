"""The migrations lead to exactly the tables that the code uses."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from eitp_server.storage.log import Writes
from eitp_server.storage.migration import HEAD, configuration, migrate, upgrade
from eitp_server.storage.queries import Queries
from eitp_server.storage.sqlite_database import FILE_NAME, SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from eitp_server.storage.tables import Record
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect
from storage.values import CENSORED, DECISION, FORECAST, PACKET, STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A connection to an empty database in memory."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def differences(connection: Connection, expected: MetaData) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return compare_metadata(context, expected)


def test_the_migrated_schema_is_the_one_of_the_models(connection: Connection) -> None:
    migrate(connection)

    assert differences(connection, Record.metadata) == []


def test_a_forgotten_migration_would_be_noticed(connection: Connection) -> None:
    migrate(connection)
    ahead = MetaData(naming_convention=Record.metadata.naming_convention)
    for table in Record.metadata.tables.values():
        table.to_metadata(ahead)
    Table("outcomes", ahead, Column("forgotten", Integer), extend_existing=True)

    assert "add_column" in str(differences(connection, ahead))


def test_the_head_that_skips_the_migration_is_the_real_one(connection: Connection) -> None:
    scripts = ScriptDirectory.from_config(configuration(connection))

    assert scripts.get_heads() == [HEAD]


def test_every_migration_can_be_taken_back(connection: Connection) -> None:
    migrate(connection)
    command.downgrade(configuration(connection), "base")

    assert inspect(connection).get_table_names() == ["alembic_version"]


async def test_packets_from_before_there_were_forecasts_are_read_without_a_risk(
    tmp_path: Path,
) -> None:
    async with await SQLiteDatabase.open(tmp_path) as database:
        log = await SQLiteLog.open(database)
        await log.commit(1, b"", Writes(packets=[PACKET]))
    engine = create_engine(f"sqlite:///{tmp_path / FILE_NAME}")
    with engine.begin() as connection:
        command.downgrade(configuration(connection), "0001")
        assert not inspect(connection).has_table("forecasts")
    engine.dispose()
    async with await SQLiteDatabase.open(tmp_path) as database:
        log = await SQLiteLog.open(database)
        (found,) = await log.packets("shop", 0, 10)
        await log.commit(2, b"", Writes(forecasts=[FORECAST]))

    assert found == replace(PACKET, abandonment_risk=None, calibration_version="")


async def test_decisions_from_before_there_were_epochs_are_read_without_them(
    tmp_path: Path,
) -> None:
    async with await SQLiteDatabase.open(tmp_path) as database:
        log = await SQLiteLog.open(database)
        writes = Writes(decisions=[DECISION], censored=[CENSORED], stopped=[STOPPED])
        await log.commit(1, b"", writes)
    engine = create_engine(f"sqlite:///{tmp_path / FILE_NAME}")
    with engine.begin() as connection:
        command.downgrade(configuration(connection), "0002")
        tables = set(inspect(connection).get_table_names())
        columns = {column["name"] for column in inspect(connection).get_columns("decisions")}
    engine.dispose()
    assert "epochs" not in columns
    assert not tables & {"censored_decisions", "stopped_interventions"}
    async with await SQLiteDatabase.open(tmp_path) as database:
        log = await SQLiteLog.open(database)
        again = replace(DECISION, decision_id="decision-2")
        await log.commit(2, b"", Writes(decisions=[again], censored=[CENSORED], stopped=[STOPPED]))
        queries = Queries(database)
        assert await queries.decision("shop", "decision-1") == replace(DECISION, epochs=())
        assert await queries.decision("shop", "decision-2") == again


def test_the_same_migrations_speak_postgresql(connection: Connection) -> None:
    script = StringIO()
    offline = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": script}
    )
    with Operations.context(offline):
        for revision in ScriptDirectory.from_config(configuration(connection)).walk_revisions():
            revision.module.upgrade()

    written = script.getvalue()
    assert written.count("CREATE TABLE") == len(Record.metadata.tables)
    assert "payload BYTEA NOT NULL" in written
    assert "tick BIGINT NOT NULL" in written


def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'eitp.db'}"
    upgrade(url)
    before = (tmp_path / "eitp.db").read_bytes()
    upgrade(url)

    assert (tmp_path / "eitp.db").read_bytes() == before


def test_keys_of_tenant_data_lead_with_the_tenant() -> None:
    of_the_server = {"envelopes", "meta"}
    for name, table in Record.metadata.tables.items():
        if name not in of_the_server:
            assert next(iter(table.primary_key)).name == "tenant_id", name


def test_times_are_microseconds_in_columns_that_say_so() -> None:
    for table in Record.metadata.tables.values():
        for column in table.columns:
            assert "DATE" not in str(column.type), column
            if column.name.endswith("_us"):
                assert str(column.type) == "BIGINT", column
