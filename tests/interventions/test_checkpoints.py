"""A running experiment goes on where it was kept, and comes to the same as one that never ended."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bandit.test_study import summary
from eitp_server.bandit.guardrail import GuardrailMetric
from eitp_server.bandit.node import Node
from eitp_server.bandit.study import Promotion
from eitp_server.errors import Exhausted, Reason
from eitp_server.interventions import checkpoints as module
from eitp_server.interventions.analyst import Analyst
from eitp_server.interventions.checkpoints import Checkpoints, Rhythm
from eitp_server.storage.log import Writes
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from eitp_server.storage.studies import Studies
from eitp_server.storage.tables import RecordedDecision, StudyCheckpoint
from interventions.proofs import street
from interventions.synthetic_shop import DAY_US, HOUR_US
from interventions.test_analyst import SHOP, Desk
from sqlmodel import delete
from structlog.testing import capture_logs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from eitp_server.bandit.visitors import Visitor
    from eitp_server.interventions.analyst import Examined
    from eitp_server.storage.studies import Checkpoint
    from eitp_server.storage.trials import Matured
    from sqlmodel import Session

SHOP_WIDE = Node(vertical="automotive")
MINUTE_US = 60_000_000


class Told(Studies):
    """Tells what is written, and fails when it is told to."""

    def __init__(self, database: SQLiteDatabase) -> None:
        super().__init__(database)
        self.database = database
        self.kept: list[tuple[Checkpoint, frozenset[str]]] = []
        self.writing = asyncio.Event()
        self.fault: Exception | None = None

    async def keep(
        self, tenant_id: str, checkpoint: Checkpoint, changed: Sequence[Visitor]
    ) -> None:
        self.writing.set()
        if self.fault:
            raise self.fault
        await super().keep(tenant_id, checkpoint, changed)
        self.kept.append((checkpoint, frozenset(visitor.name for visitor in changed)))

    async def tamper(self, damaged: str, instead: str) -> None:
        def job(session: Session) -> None:
            row = session.get(StudyCheckpoint, "shop")
            assert row is not None
            row.document, count = re.subn(damaged, instead, row.document, count=1)
            assert count == 1

        await self.database.write(job)


class KeptDesk(Desk):
    """A desk whose analysts go on where the last one was kept."""

    def __init__(self, database: SQLiteDatabase, log: SQLiteLog) -> None:
        super().__init__(database, log, SHOP)
        self.studies = Told(database)
        self.rhythm = Rhythm()

    def restarted(self) -> Analyst:
        return Analyst(
            self.trials,
            lambda _: self.margins,
            lambda: self.now_us,
            self._promoted,
            checkpoints=Checkpoints(self.studies, DAY_US, self.rhythm),
            portion=50,
        )

    def read_from(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Return where every portion begins that is read from now on."""
        begins: list[int] = []
        matured = self.trials.matured

        async def telling(tenant_id: str, after_us: int, now_us: int, portion: int) -> Matured:
            begins.append(after_us)
            return await matured(tenant_id, after_us, now_us, portion)

        monkeypatch.setattr(self.trials, "matured", telling)
        return begins


@pytest.fixture
async def desk() -> AsyncIterator[KeptDesk]:
    async with await SQLiteDatabase.open(None) as database:
        log = await SQLiteLog.open(database)
        await log.commit(1, b"", SHOP.writes)
        yield KeptDesk(database, log)


async def known(analyst: Analyst) -> dict[str, Any]:
    return summary((await analyst.examine("shop")).study)


async def test_a_restart_reads_only_what_was_decided_since(
    desk: KeptDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_us, desk.now_us = desk.now_us, SHOP.end_us - 3 * DAY_US
    first = await desk.restarted().examine("shop")
    desk.now_us = end_us
    begins = desk.read_from(monkeypatch)
    examined = await desk.restarted().examine("shop")
    assert begins[0] == first.through_us
    assert summary(examined.study) == await known(desk.analyst())
    assert examined.study.visitors > first.study.visitors > 0


async def test_restarts_at_every_look_do_not_show(desk: KeptDesk) -> None:
    desk.rhythm = Rhythm(trials=1)
    never_stopped = desk.analyst()
    again: Examined | None = None
    for days in range(12, -2, -1):
        desk.now_us = SHOP.end_us - days * DAY_US
        through_us = (await never_stopped.examine("shop")).through_us
        if days in (9, 4):
            desk.promotions.append(Promotion(place=SHOP_WIDE, arm="chat", at_us=desk.now_us))
        again = await desk.restarted().examine("shop")
        assert again.through_us == through_us
        assert summary(again.study) == await known(never_stopped)
    assert again is not None
    assert [again.study.since(item).sums.units > 20 for item in desk.promotions] == [True, True]
    assert summary(again.study) == await known(desk.analyst())


async def test_who_waits_after_a_restart_are_those_who_waited_before(desk: KeptDesk) -> None:
    desk.now_us = SHOP.end_us
    before = await desk.restarted().examine("shop")
    after = await desk.restarted().examine("shop")
    assert before.pending_visitors == after.pending_visitors > 0
    assert before.pending == after.pending
    assert len(before.pending.visitors) > before.pending_visitors


async def test_a_promotion_that_was_kept_is_followed_from_where_it_was(desk: KeptDesk) -> None:
    desk.now_us = SHOP.end_us - 6 * DAY_US
    promotion = Promotion(place=SHOP_WIDE, arm="chat", at_us=desk.now_us)
    desk.promotions = [promotion]
    for days in (3, -2):
        desk.now_us = SHOP.end_us - days * DAY_US
        study = (await desk.restarted().examine("shop")).study
        # The archive may have a newer promotion of the same pattern by now.
        desk.promotions = []
    assert study.since(promotion).sums.units > 50
    desk.promotions = [promotion]
    assert summary(study) == await known(desk.analyst())


async def test_a_promotion_that_comes_too_late_to_be_followed_begins_anew(
    desk: KeptDesk,
) -> None:
    for analyst in (running := desk.restarted(), desk.restarted()):
        await known(analyst)
    promotion = Promotion(place=SHOP_WIDE, arm="chat", at_us=SHOP.end_us - 6 * DAY_US)
    desk.promotions = [promotion]
    expected = await known(desk.analyst())
    assert await known(running) == expected
    assert await known(desk.restarted()) == expected
    assert (await running.examine("shop")).study.since(promotion).sums.units > 50


@pytest.mark.parametrize("change", ["margins", "methodology"])
async def test_under_other_terms_all_is_counted_anew_and_kept(
    desk: KeptDesk, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    await known(desk.restarted())
    if change == "margins":
        desk.margins = {GuardrailMetric.COMPLAINT: 0.5}
    else:
        monkeypatch.setattr(module, "METHODOLOGY", "experiment/next")
    begins = desk.read_from(monkeypatch)
    first = await known(desk.restarted())
    assert begins[0] == 0
    begins.clear()
    assert await known(desk.restarted()) == first == await known(desk.analyst())
    assert begins[0] > 0


async def test_whom_a_study_under_other_terms_had_met_is_nobody_to_the_next(
    desk: KeptDesk,
) -> None:
    await known(desk.restarted())
    end_us, desk.now_us = desk.now_us, SHOP.end_us - 5 * DAY_US
    desk.margins = {GuardrailMetric.COMPLAINT: 0.5}
    await known(desk.restarted())
    desk.now_us = end_us
    assert await known(desk.restarted()) == await known(desk.analyst())


@pytest.mark.parametrize(
    ("damaged", "instead"),
    [
        (r".{40}\Z", ""),
        (r"\n[^\n]*\Z", ""),
        (r'"format":1', '"format":0'),
        (r'"system"', '"sistem"'),
        (r"(?s)\A.*", ""),
        (r"(?s)\A.*", "[]"),
    ],
    ids=["cut", "a line is missing", "another format", "a field is missing", "empty", "a list"],
)
async def test_a_damaged_checkpoint_is_told_of_and_replaced(
    desk: KeptDesk, monkeypatch: pytest.MonkeyPatch, damaged: str, instead: str
) -> None:
    await known(desk.restarted())
    await desk.studies.tamper(damaged, instead)
    with capture_logs() as logs:
        assert await known(desk.restarted()) == await known(desk.analyst())
    assert [entry["tenant_id"] for entry in logs if "cannot be read" in entry["event"]] == ["shop"]
    begins = desk.read_from(monkeypatch)
    assert await known(desk.restarted()) == await known(desk.analyst())
    assert begins[0] > 0


async def test_where_none_can_be_written_the_answer_is_the_same_and_nothing_is_lost(
    desk: KeptDesk,
) -> None:
    end_us, desk.now_us = desk.now_us, SHOP.end_us - 9 * DAY_US
    analyst = desk.restarted()
    desk.studies.fault = Exhausted(Reason.STORAGE_FULL, "full")
    with capture_logs() as logs:
        expected = await known(desk.analyst())
        assert await known(analyst) == expected
    assert [entry["event"] for entry in logs] == ["a checkpoint could not be written"]
    desk.studies.fault, desk.now_us = None, SHOP.end_us - 5 * DAY_US
    await known(analyst)
    desk.now_us = end_us
    assert await known(desk.restarted()) == await known(analyst) == await known(desk.analyst())


async def test_who_gives_up_while_a_checkpoint_is_written_leaves_none_half_done(
    desk: KeptDesk,
) -> None:
    end_us, desk.now_us = desk.now_us, SHOP.end_us - 5 * DAY_US
    analyst = desk.restarted()
    asking = asyncio.create_task(known(analyst))
    await desk.studies.writing.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(desk.studies.kept) == 1
    desk.now_us = end_us
    expected = await known(desk.analyst())
    assert await known(analyst) == expected
    assert await known(desk.restarted()) == expected


async def test_a_long_look_is_kept_in_the_middle(
    desk: KeptDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(
        SHOP.writes.decisions[-1], decision_id="broken", holdout=True, holdout_share=0.0,
        visitor_hash="nobody", decided_at_us=SHOP.end_us + HOUR_US,
    )  # fmt: skip
    await desk.log.commit(2, b"", Writes(decisions=[broken]))
    desk.now_us += DAY_US
    desk.rhythm = Rhythm(catching_up=200)
    with pytest.raises(ValueError, match="held out by a share of 0"):
        await known(desk.restarted())
    assert len(desk.studies.kept) == 3
    desk.now_us -= DAY_US
    begins = desk.read_from(monkeypatch)
    assert await known(desk.restarted()) == await known(desk.analyst())
    # What was folded after the fault may be half a portion, and what was kept before is whole.
    assert begins[0] == desk.studies.kept[2][0].through_us


async def test_a_checkpoint_waits_for_enough_trials_or_for_some_time(desk: KeptDesk) -> None:
    desk.rhythm = Rhythm(trials=100, seconds=600)
    end_us, desk.now_us = desk.now_us, SHOP.end_us - 5 * DAY_US
    analyst = desk.restarted()
    written: list[int] = []
    # A decision comes about every half an hour.
    for minutes in (0, 9, 180, 5, 4):
        desk.now_us += minutes * MINUTE_US
        await known(analyst)
        written.append(len(desk.studies.kept))
    assert written == [1, 1, 2, 2, 2]
    desk.now_us += 1
    desk.rhythm = Rhythm(trials=100, seconds=1e9)
    analyst = desk.restarted()
    await known(analyst)
    desk.now_us += DAY_US
    await known(analyst)
    assert len(desk.studies.kept) == 2
    desk.now_us = end_us
    await known(analyst)
    assert len(desk.studies.kept) == 3


async def test_only_who_changed_is_written_again(desk: KeptDesk) -> None:
    end_us, desk.now_us = desk.now_us, SHOP.end_us - 5 * DAY_US
    analyst = desk.restarted()
    await known(analyst)
    (first, before), desk.now_us = desk.studies.kept[0], end_us
    study = (await analyst.examine("shop")).study
    _, changed = desk.studies.kept[1]
    later = {
        row.visitor_hash for row in SHOP.writes.decisions if row.decided_at_us > first.through_us
    }
    assert changed <= later
    assert len(before) + len(changed - before) == study.visitors


async def test_what_is_kept_proves_the_same_when_the_decisions_are_gone(
    tmp_path: Path,
) -> None:
    async with street(tmp_path / "steady") as steady, street(tmp_path / "restarted") as restarted:
        parts, made = steady.proving(), ()
        for shops in (steady, restarted):
            await shops.open()
        for number in range(3):
            for shops in (steady, restarted):
                await shops.visit(seed=number)
            made = await parts.prover.prove()
            assert made == await restarted.proving().prover.prove()
            assert len(made) == 1
            await restarted.database.write(lambda session: session.exec(delete(RecordedDecision)))
        for item in made:
            assert (item.life.version, item.life.status.name) == (3, "CONFIRMED")
