"""The commands of the index: what an operator and an analyst see of it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.classification.estimator import ESTIMATOR_VERSION
from eitp_server.cli import app as server
from eitp_server.storage.index_row import BaseRow
from end_to_end.live import started
from ingest.index_crowd import Clock as IndexClock
from ingest.index_crowd import Crowd, given_base, index
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from end_to_end.live import Premises
    from typer.testing import Result

VERSION = f"rolling/evi-0.1/{ESTIMATOR_VERSION.replace('/', '-')}"
ROOT = f"own/shop/all/{VERSION}"
MINUTE_US = 60_000_000
PNG = b"\x89PNG\r\n"


async def command(premises: Premises, *arguments: str) -> Result:
    """Run `eitp-server`, not on the loop, for it has its own."""
    environment = {"EITP_DATA_DIR": str(premises.folder), "COLUMNS": "80"}
    return await asyncio.to_thread(CliRunner().invoke, server, arguments, env=environment)


@pytest.fixture
async def past(premises: Premises) -> Premises:
    """A data directory with half an hour of the index until now."""
    crowd = Crowd()
    crowd.come(40)
    start_us = time.time_ns() // 1000 // MINUTE_US * MINUTE_US - 30 * MINUTE_US
    clock = IndexClock(start_us)
    async with index(crowd, premises.folder, clock=clock, estimator=ESTIMATOR_VERSION) as shop:
        base = BaseRow(tenant_id="shop", feed_id=ROOT, base=given_base(ROOT).base)
        await shop.store.add_base(base)
        shop.book.bases.add(base)
        for minute in range(30):
            crowd.come(10 if minute == 7 else 40, 900 + 10 * minute)
            await shop.beat(start_us + minute * MINUTE_US)
    return premises


async def test_feeds_are_listed_with_their_newest_tick(past: Premises) -> None:
    words = await command(past, "feeds", "list")
    document = await command(past, "feeds", "list", "--json")
    (feed,) = json.loads(document.stdout)
    assert ROOT in words.stdout
    assert f"{feed['newest']['index']:.1f}" in words.stdout
    assert feed["feed_id"] == ROOT
    assert [base["base_id"] for base in feed["bases"]] == ["imported-2024-10-04"]
    assert max(map(len, words.stdout.splitlines())) <= 80


async def test_the_report_shows_ticks_bars_and_reasons(past: Premises, tmp_path: Path) -> None:
    picture = tmp_path / "evi.png"
    words = await command(past, "report", "evi", "--tenant", "shop", "--plot", str(picture))
    document = await command(past, "report", "evi", "--tenant", "shop", "--bar", "1m", "--json")
    found: dict[str, Any] = json.loads(document.stdout)
    assert words.exit_code == 0, words.output
    assert "30 ticks, 29 with a value." in words.stdout
    assert "1 without: INSUFFICIENT_SESSIONS" in words.stdout
    assert max(map(len, words.stdout.splitlines())) <= 80
    assert picture.read_bytes().startswith(PNG)
    assert len(found["ticks"]) == 30
    assert len(found["bars"]) == 29
    assert found["base"]["median"] == 1.0
    assert found["bars"][-1]["index"]["close"] == found["ticks"][-1]["index"]


async def test_a_feed_or_tenant_that_is_not_there_is_refused_with_those_that_are(
    past: Premises,
) -> None:
    feed = await command(past, "report", "evi", "--tenant", "shop", "--feed", "own/shop/nothing")
    foreign = await command(past, "report", "evi", "--tenant", "rival", "--feed", ROOT)
    tenant = await command(past, "report", "evi", "--tenant", "nobody")
    assert {feed.exit_code, foreign.exit_code, tenant.exit_code} == {2}
    assert "no such feed" in feed.output
    assert "no such feed" in foreign.output
    assert "no such tenant: nobody" in tenant.output


@pytest.mark.parametrize(
    ("content", "arguments", "problem"),
    [
        ('{"median": 0, "spread": 0.1}', ("--tenant", "shop"), "median must be above 0"),
        ('{"median": 1, "spread": 0.01}', ("--tenant", "shop"), "spread must be 0.05 or more"),
        ("nonsense", ("--tenant", "shop"), "is not JSON"),
        ('{"median": 1, "spread": 0.1}', (), "say whose feed it is"),
        ('{"median": 1, "spread": 0.1}', ("--tenant", "nobody"), "no such tenant"),
        ('{"median": 1, "spread": 0.1}', ("--shared", "--region", "DE"), "--vertical"),
        (
            '{"median": 1, "spread": 0.1}',
            ("--tenant", "shop", "--page-section", "roof"),
            "'roof' is none",
        ),
    ],
)
async def test_a_base_that_is_none_is_refused_with_the_reason(
    premises: Premises, tmp_path: Path, content: str, arguments: tuple[str, ...], problem: str
) -> None:
    file = tmp_path / "base.json"
    file.write_text(content)
    result = await command(premises, "feeds", "import-base", str(file), *arguments)
    assert result.exit_code == 2
    assert problem in " ".join(result.output.split())


async def test_closes_give_a_base_when_they_are_enough(premises: Premises, tmp_path: Path) -> None:
    file = tmp_path / "closes.csv"
    rows = [
        f"{day * 86_400 + minute * 60},{1.2 + minute % 3 / 10}"
        for day in range(20_000, 20_007)
        for minute in range(290)
    ]
    file.write_text("\n".join(["time,close", *rows]))
    arguments = ("feeds", "import-base", str(file), "--tenant", "shop")
    taken = await command(premises, *arguments)
    again = await command(premises, *arguments)
    file.write_text("\n".join(["time,close", *rows[:1_999]]))
    few = await command(premises, "feeds", "import-base", str(file), "--shared")
    assert taken.exit_code == 0, taken.output
    assert "median 1.3000" in taken.stdout
    assert again.exit_code == 2
    assert "a base never changes" in " ".join(again.output.split())
    assert few.exit_code == 2
    assert "1,999 minutes" in " ".join(few.output.split())


async def eitp(*arguments: str) -> tuple[int | None, str, str]:
    """Run the client in a process of its own, for gRPC has one loop in each."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "eitp", *arguments, stdout=PIPE, stderr=PIPE
    )
    printed, complaint = await process.communicate()
    return process.returncode, printed.decode(), complaint.decode()


async def test_the_client_prints_the_newest_tick_with_its_base(past: Premises) -> None:
    async with started(past) as live:
        options = ("--server", live.grpc_address, "--key", live.shop.secret, "--count", "1")
        arguments = ("watch", "volatility", *options)
        status, words, complaint = await eitp(*arguments)
        _, lines, _ = await eitp(*arguments, "--json")
        nobody = ("watch", "volatility", *options[:3], live.rival.secret)
        refused, _, reason = await eitp(*nobody)
    base, tick = map(json.loads, lines.splitlines())
    assert status == 0, complaint
    assert "base imported-2024-10-04: median 1.0000, spread 0.1000" in words
    assert "n 40" in words
    assert [base["kind"], tick["kind"]] == ["base", "tick"]
    assert tick["item"]["feedId"] == ROOT
    assert refused == 1
    assert "no feed of this shop yet" in reason
