"""What spreads and what carries over, on the command line and counted from shoppers' hands."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
import time
from typing import TYPE_CHECKING

import pytest
from eitp.v1.intelligence_service_pb2 import GetContagionRequest, ListTransfersRequest
from eitp_server.classification.estimator import ESTIMATOR_VERSION
from eitp_server.cli import app
from eitp_server.cli.report_transfer import stored_finding
from eitp_server.interventions.transfer_counts import Pattern
from eitp_server.interventions.transfer_runner import Seen, own_rows, shared_rows
from eitp_server.storage.contagion import KeptContagion
from eitp_server.storage.contagion_value import Series
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_reader import reading
from eitp_server.storage.transfers import SHARED, KeptTransfers, Transfers
from eitp_server.volatility.reason import NoValueReason
from end_to_end.insight import STREAM, analyses
from end_to_end.live import started, until
from end_to_end.shopper import calm, ingest, stuck, visit
from end_to_end.test_intelligence import pool
from google.protobuf.json_format import MessageToDict
from ingest.regions import DAY
from interventions.transfer_trials import HELPS, counts
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from end_to_end.conftest import Clock
    from end_to_end.live import Live, Premises
    from typer.testing import Result

PNG = b"\x89PNG\r\n"


async def report(premises: Premises, *arguments: str) -> Result:
    """Run `eitp-server report`; not on the loop, for it has its own."""
    environment = {"EITP_DATA_DIR": str(premises.folder), "COLUMNS": "80"}
    return await asyncio.to_thread(CliRunner().invoke, app, ("report", *arguments), env=environment)


async def watched(live: Live, *arguments: str) -> tuple[int | None, str, str]:
    """Run `eitp watch contagion` on a server; return its code, its output and its errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "eitp", "watch", "contagion", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "EITP_SERVER": live.grpc_address,
            "EITP_KEY": live.shop.secret,
            "COLUMNS": "80",
        },
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def judged(premises: Premises) -> None:
    """Store what 24 shops in eight verticals say, and what one of them does alone."""
    now_us = time.time_ns() // 1_000
    seen = [
        Seen(
            counts={
                Pattern(kind=5): {f"vertical-{number}": counts(lift)},
                Pattern(kind=1, label=4): {f"vertical-{number}": counts(-lift)},
            },
            invalid=False,
        )
        for number, lift in enumerate(HELPS)
        for _ in range(3)
    ]
    async with await SQLiteDatabase.open(premises.folder) as database:
        transfers = Transfers(database)
        await transfers.replace(SHARED, shared_rows(seen, now_us))
        await transfers.replace("shop", own_rows("shop", seen[0], now_us))
        await transfers.mark_judged(now_us)


@pytest.mark.usefixtures("still")
async def test_a_watch_prints_edges_and_a_line_for_each_analysis(premises: Premises) -> None:
    await analyses(premises, DAY, 2 * DAY)
    async with started(premises) as live:
        code, words, errors = await watched(live, "--oldest", "--count", "2")
        _, lines, _ = await watched(live, "--oldest", "--count", "1", "--json")
    assert code == 0, errors
    printed = words.splitlines()
    assert len(printed) == 12
    assert all(f"{source} → {target}" in words for source, target in STREAM.pairs)
    assert "12 regions (ok)" in printed[5]
    assert sum("had held since" in line for line in printed) == 5
    assert "go on from here with --cursor" in errors
    documents = [json.loads(line) for line in lines.splitlines()]
    assert [one["kind"] for one in documents] == [*["edge"] * 5, "snapshot"]
    assert documents[5]["item"]["status"] == "CONTAGION_STATUS_OK"


@pytest.mark.usefixtures("still")
async def test_a_watch_of_what_is_not_shared_is_refused_with_a_reason(premises: Premises) -> None:
    async with started(premises) as live:
        code, _, errors = await watched(live, "--shared")
    assert code == 1
    assert "agreed to pooling" in " ".join(errors.split())


@pytest.mark.usefixtures("still")
async def test_the_report_of_contagion_says_what_the_server_says(
    premises: Premises, tmp_path: Path
) -> None:
    await analyses(premises, DAY)
    picture = tmp_path / "contagion.png"
    async with started(premises) as live:
        answer = await live.call(GetContagionRequest(), live.shop.secret)
        said = await report(premises, "contagion", "--tenant", "shop", "--json")
        words = await report(premises, "contagion", "--tenant", "shop", "--plot", str(picture))
    assert words.exit_code == said.exit_code == 0, words.output
    assert json.loads(said.stdout) == MessageToDict(answer, preserving_proto_field_name=True)
    assert all(f"{source} → {target}" in words.stdout for source, target in STREAM.pairs)
    assert max(map(len, words.stdout.splitlines())) <= 80
    assert picture.read_bytes().startswith(PNG)


@pytest.mark.usefixtures("still")
async def test_without_an_analysis_the_report_says_why(premises: Premises, tmp_path: Path) -> None:
    words = await report(premises, "contagion", "--shared")
    drawn = await report(
        premises, "contagion", "--tenant", "shop", "--plot", str(tmp_path / "none.png")
    )
    assert "insufficient" in words.stdout
    assert "no minute of a region was counted" in words.stdout
    assert drawn.exit_code != 0
    assert "nothing to draw" in drawn.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("contagion",),
        ("contagion", "--tenant", "shop", "--shared"),
        ("contagion", "--tenant", "nobody"),
        ("contagion", "--tenant", "shop", "--vertical", "retail"),
        ("transfer",),
        ("transfer", "--tenant", "nobody"),
    ],
)
@pytest.mark.usefixtures("still")
async def test_a_report_about_nobody_is_wrong_usage(
    premises: Premises, arguments: tuple[str, ...]
) -> None:
    assert (await report(premises, *arguments)).exit_code == 2


@pytest.mark.usefixtures("still")
async def test_the_report_of_transfers_says_what_the_server_lists(
    premises: Premises, tmp_path: Path
) -> None:
    await judged(premises)
    await pool(premises)
    picture = tmp_path / "forest.png"
    async with started(premises) as live:
        answer = await live.call(ListTransfersRequest(), live.shop.secret)
        shared = await report(premises, "transfer", "--shared", "--plot", str(picture))
        own = await report(premises, "transfer", "--tenant", "shop")
        documents = [
            json.loads((await report(premises, "transfer", *whose, "--json")).stdout)
            for whose in (("--shared",), ("--tenant", "shop"))
        ]
    listed = [MessageToDict(one, preserving_proto_field_name=True) for one in answer.transfers]
    assert sorted(listed, key=str) == sorted([*documents[0], *documents[1]], key=str)
    assert "TRANSFERABLE" in shared.stdout
    assert "HARMFUL" in shared.stdout
    assert "Expect it to help in another vertical" in " ".join(shared.stdout.split())
    assert "INSUFFICIENT" in own.stdout
    assert picture.read_bytes().startswith(PNG)


@pytest.mark.usefixtures("still")
async def test_a_picture_of_transfers_shows_what_was_stored(premises: Premises) -> None:
    await judged(premises)
    async with reading(premises.folder) as database:
        rows = await KeptTransfers(database).all([SHARED, "shop"])
    for row in rows:
        found = stored_finding(row)
        assert int(found.verdict) == row.verdict
        if row.probability_positive is not None:
            assert found.predictive is not None
            assert found.predictive.positive == pytest.approx(row.probability_positive, abs=1e-12)


async def test_minutes_are_counted_from_what_shoppers_do(premises: Premises, clock: Clock) -> None:
    async with started(premises) as live:
        people = [await visit(live, region="US-CA") for _ in range(21)]
        people += [await visit(live, region="US-TX") for _ in range(3)]
        clock.advance(20 - time.time_ns() / 1e9 % 60 + 60)
        for sequence in range(1, 6):
            clock.advance(6)
            for number, person in enumerate(people):
                batch = stuck if (number + sequence) % 2 else calm
                await ingest(live, person.token, batch(sequence, clock_ms=sequence * 13_000))
        clock.advance(60 - time.time_ns() / 1e9 % 60)

        async with reading(premises.folder) as database:
            kept = KeptContagion(database, ESTIMATOR_VERSION)
            own = Series(tenant_id="shop")

            async def counted() -> bool:
                return bool(await kept.minutes(own, 0, time.time_ns()))

            await until(counted)
            (minute, *_) = await kept.minutes(own, 0, time.time_ns())
    assert minute.regions == ("US-CA", "US-TX")
    assert minute.sessions.tolist() == [21, 3]
    assert minute.reasons.tolist() == [0, NoValueReason.INSUFFICIENT_SESSIONS]
    assert math.isfinite(minute.levels[0])
    assert math.isnan(minute.levels[1])
    assert minute.at_us % 60_000_000 == 0
