"""`eitp-server report lift` goes on where a server has kept an experiment, as if it had not."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from eitp_server.bandit.node import Node
from eitp_server.bandit.study import Promotion
from eitp_server.interventions.analyst import Analyst
from eitp_server.interventions.checkpoints import Checkpoints
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.studies import Studies
from eitp_server.storage.tables import StudyCheckpoint
from eitp_server.storage.tenant import Learning
from eitp_server.storage.tenants import Tenants
from eitp_server.storage.trials import Trials
from end_to_end.live import started
from end_to_end.test_experiment import HELPS, MATURED_SECONDS, experiment, kept, report, season
from interventions.synthetic_shop import DAY_US, history

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.storage.trials import Matured
    from end_to_end.conftest import Clock
    from end_to_end.live import Premises
    from sqlmodel import Session
    from typer.testing import Result

SHOP = history(HELPS)
"""A shop to which visitors return, also those who were counted when it was kept."""
NOW_US = SHOP.end_us
"""A day before all of it has matured."""
PROVEN = Promotion(place=Node(vertical="automotive"), arm="chat", at_us=NOW_US - 10 * DAY_US)
"""What a server follows, and a report does not."""


class Reads:
    """Notes how far ahead of the beginning each look at the decisions begins."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begins: list[int] = []
        matured = Trials.matured

        async def telling(
            trials: Trials, tenant_id: str, after_us: int, now_us: int, portion: int | None = None
        ) -> Matured:
            self.begins.append(after_us)
            return await matured(trials, tenant_id, after_us, now_us, portion)

        monkeypatch.setattr(Trials, "matured", telling)

    def since_last(self) -> list[int]:
        begins, self.begins = self.begins, []
        return begins


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


@pytest.fixture
def shop(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data of a shop, at a time that stands still."""
    monkeypatch.setattr(time, "time_ns", lambda: NOW_US * 1000)
    asyncio.run(kept(premises.folder, SHOP))
    return premises.folder


async def served(folder: Path, days: float) -> int:
    """Keep the experiment as a server would that ended days ago; return how far it had come."""

    async def promoted(_: str) -> list[Promotion]:
        return [PROVEN]

    async with await SQLiteDatabase.open(folder) as database:
        examined = await Analyst(
            Trials(database, successes=(1, 3), window_us=DAY_US),
            lambda _: {},
            lambda: NOW_US - round(days * DAY_US),
            promoted,
            checkpoints=Checkpoints(Studies(database), DAY_US),
        ).examine("shop")
    return examined.through_us


def from_zero(folder: Path, *arguments: str) -> Result:
    """Report on a copy in which nothing is kept."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy, dirs_exist_ok=True)

    async def forget() -> None:
        async with await SQLiteDatabase.open(copy) as database:
            await Studies(database).forget("shop")

    asyncio.run(forget())
    return report(copy, *arguments)


@pytest.mark.parametrize(
    ("days", "arguments"),
    [
        (8.0, ("--json",)),
        (3.0, ()),
        (1.0, ("--json", "--definition", "chat")),
        (0.0, ("--json",)),
    ],
)
def test_it_comes_to_the_same_to_the_last_byte(
    shop: Path, reads: Reads, days: float, arguments: tuple[str, ...]
) -> None:
    expected = from_zero(shop, *arguments)
    assert reads.since_last()[0] == 0
    through_us = asyncio.run(served(shop, days))
    reads.since_last()
    found = report(shop, *arguments)
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout == expected.stdout
    assert "not counted yet" in " ".join(found.stdout.split())
    assert reads.since_last() == [through_us]


def test_it_changes_nothing_of_what_is_kept(shop: Path) -> None:
    asyncio.run(served(shop, 5.0))
    before = (shop / "eitp.db").read_bytes()
    found = report(shop)
    # What it tried to write and could not would be warned of.
    assert (found.exit_code, found.stderr) == (0, "")
    assert (shop / "eitp.db").read_bytes() == before


def test_under_other_terms_all_is_counted_from_zero(shop: Path, reads: Reads) -> None:
    asyncio.run(served(shop, 5.0))

    async def tolerate() -> None:
        async with await SQLiteDatabase.open(shop) as database:
            tenants = Tenants(database)
            await tenants.refresh()
            learning = Learning(guardrails={"complaint": 0.5})
            await tenants.change("shop", lambda known: known.with_learning(learning))

    asyncio.run(tolerate())
    expected = from_zero(shop, "--json")
    reads.since_last()
    assert report(shop, "--json").stdout == expected.stdout
    assert reads.since_last()[0] == 0
    assert '"margin": 0.5' in expected.stdout


def test_what_is_kept_and_cannot_be_read_is_warned_of_beside_the_report(shop: Path) -> None:
    asyncio.run(served(shop, 5.0))

    async def damage() -> None:
        def job(session: Session) -> None:
            row = session.get(StudyCheckpoint, "shop")
            assert row is not None
            row.document = row.document[:-40]

        async with await SQLiteDatabase.open(shop) as database:
            await database.write(job)

    asyncio.run(damage())
    found = report(shop, "--json")
    assert found.exit_code == 0
    assert found.stdout == from_zero(shop, "--json").stdout
    assert "a checkpoint cannot be read" in found.stderr


async def test_it_goes_on_beside_the_server_that_keeps_the_experiment(
    premises: Premises, clock: Clock, reads: Reads, still: None
) -> None:
    async with started(premises, holdout_share=0.5) as live:
        await season(live, 12)
        clock.advance(MATURED_SECONDS)
        await experiment(live)
        await season(live, 6)
        clock.advance(MATURED_SECONDS)
        reads.since_last()
        found = await asyncio.to_thread(report, premises.folder, "--json")
        begins = reads.since_last()
        after = await experiment(live)
    document = json.loads(found.stdout)
    assert begins[0] > 0
    assert document["units"] == str(after.units) == "18"
    expected = json.loads((await asyncio.to_thread(from_zero, premises.folder, "--json")).stdout)
    for told in (document, expected):
        del told["computed_at"]
    assert document == expected
