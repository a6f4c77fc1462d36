"""The tables of how far experiments have come: a checkpoint and its visitors fit each other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.bandit.visitors import Visitor
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.studies import (
    FORGOTTEN_AT_ONCE,
    PUT_VISITOR,
    Checkpoint,
    Studies,
    StudyTerms,
    as_text,
)
from eitp_server.storage.tables import StudyVisitor
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.bandit.visitors import Visitors
    from sqlmodel import Session

TERMS = StudyTerms(methodology="experiment/2", margins='{"1": 0.02}', window_us=100)
CHECKPOINT = Checkpoint(
    terms=TERMS, through_us=900, saved_at_us=1_000, document=as_text([{"arms": 1}, {"arm": "chat"}])
)
ADA, BEN = Visitor("ada", 0b101, None), Visitor("ben", 0, 0.1)
BIG = Visitor("cleo", (1 << 5_000) + 1, 1 / 3)


@pytest.fixture
def studies(database: SQLiteDatabase) -> Studies:
    """Empty tables."""
    return Studies(database)


def everybody(visitors: Visitors) -> list[Visitor]:
    """All those of a study that was read, by name."""
    return [
        Visitor(name, visitors.counted(name), visitors.held_out(name))
        for name in ("ada", "ben", "cleo", "dora")
        if name in visitors
    ]


async def visitors_of(database: SQLiteDatabase, tenant_id: str) -> int:
    def look(session: Session) -> int:
        statement = select(func.count()).where(col(StudyVisitor.tenant_id) == tenant_id)
        return session.exec(statement).one()

    return await database.read(look)


async def test_what_is_kept_is_read_again_after_a_restart(tmp_path: Path) -> None:
    async with await SQLiteDatabase.open(tmp_path) as database:
        await Studies(database).keep("shop", CHECKPOINT, [ADA, BEN, BIG])
    async with await SQLiteDatabase.open(tmp_path) as database:
        found = await Studies(database).get("shop", TERMS)
    assert found is not None
    checkpoint, visitors = found
    assert checkpoint == CHECKPOINT
    assert list(checkpoint.parts()) == [{"arms": 1}, {"arm": "chat"}]
    assert everybody(visitors) == [ADA, BEN, BIG]
    assert visitors.changed() == []


async def test_a_checkpoint_replaces_the_last_one_and_adds_to_its_visitors(
    studies: Studies,
) -> None:
    await studies.keep("shop", CHECKPOINT, [ADA, BEN])
    later = replace(CHECKPOINT, through_us=950, document="{}")
    met_again = ADA._replace(counted=0b111)
    await studies.keep("shop", later, [met_again, BEN._replace(held_out=None), BIG])
    found = await studies.get("shop", TERMS)
    assert found is not None
    assert found[0] == later
    assert everybody(found[1]) == [met_again, Visitor("ben", 0, None), BIG]


async def test_a_checkpoint_without_its_visitors_is_not_written(studies: Studies) -> None:
    await studies.keep("shop", CHECKPOINT, [ADA])
    nameless: Any = None
    with pytest.raises(IntegrityError):
        await studies.keep(
            "shop", replace(CHECKPOINT, through_us=950), [BEN, Visitor(nameless, 0, None)]
        )
    found = await studies.get("shop", TERMS)
    assert found is not None
    assert found[0] == CHECKPOINT
    assert everybody(found[1]) == [ADA]


@pytest.mark.parametrize(
    "other",
    [
        replace(TERMS, methodology="experiment/3"),
        replace(TERMS, margins="{}"),
        replace(TERMS, window_us=101),
    ],
)
async def test_under_other_terms_nothing_is_kept(studies: Studies, other: StudyTerms) -> None:
    await studies.keep("shop", CHECKPOINT, [ADA])
    assert await studies.get("shop", other) is None
    assert await studies.get("shop", TERMS)


async def test_tenants_keep_their_studies_apart(database: SQLiteDatabase, studies: Studies) -> None:
    await studies.keep("shop", CHECKPOINT, [ADA])
    await studies.keep("rival", CHECKPOINT, [ADA._replace(counted=1), BEN])
    assert await studies.get("nobody", TERMS) is None
    await studies.forget("rival")
    found = await studies.get("shop", TERMS)
    assert found is not None
    assert everybody(found[1]) == [ADA]
    assert await studies.get("rival", TERMS) is None
    assert await visitors_of(database, "rival") == 0


async def test_however_many_visitors_there_are_all_are_forgotten_in_steps(
    database: SQLiteDatabase, studies: Studies, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [Visitor(str(number), number, None) for number in range(2 * FORGOTTEN_AT_ONCE + 1)]
    await studies.keep("shop", CHECKPOINT, crowd)
    found = await studies.get("shop", TERMS)
    assert found is not None
    assert len(found[1]) == len(crowd)
    left: list[int] = []
    write = database.write

    async def counting(job: Any) -> Any:
        result = await write(job)
        left.append(await visitors_of(database, "shop"))
        return result

    monkeypatch.setattr(database, "write", counting)
    await studies.forget("shop")
    assert left == [FORGOTTEN_AT_ONCE + 1, 1, 0]


@given(st.lists(st.floats() | st.integers() | st.booleans() | st.none() | st.text()))
def test_numbers_and_names_come_back_as_they_were(values: list[Any]) -> None:
    parts = [{"values": values}, {"values": [-0.0, float("inf"), float("nan"), 5e-324, "\n\x1e"]}]
    text = as_text(parts)
    read = replace(CHECKPOINT, document=text).parts()
    assert text.isascii()
    assert repr(list(read)) == repr(parts)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(json.JSONDecodeError):
        list(replace(CHECKPOINT, document='{"arms": 1}\n{"arm": ').parts())


def test_visitors_are_written_the_same_way_into_postgresql() -> None:
    dialect: Any = postgresql.dialect()
    written = str(PUT_VISITOR.compile(dialect=dialect))
    assert "ON CONFLICT (tenant_id, visitor) DO UPDATE SET counted = excluded.counted" in written
