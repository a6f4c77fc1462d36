"""The demo: who plays, what the picture says of them, and that all of it really happens."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from eitp.client import Client
from eitp.v1.decision_pb2 import Decision
from eitp.v1.evidence_pb2 import SIGNAL_ID_RESPONSE_LATENCY, Evidence
from eitp.v1.intervention_pb2 import Intervention, InterventionDefinition
from eitp.v1.packet_pb2 import Packet, PacketContext
from eitp.v1.page_pb2 import PAGE_SECTION_FINANCING, PAGE_TYPE_PRODUCT
from eitp.v1.state_pb2 import (
    EMOTION_LABEL_DISENGAGEMENT,
    EMOTION_LABEL_FRUSTRATION,
    EmotionalState,
    Estimate,
)
from eitp_server.app import create_development_tenant, running
from eitp_server.config import Settings
from eitp_server.demo import run_demo
from eitp_server.demo.board import Board, Place
from eitp_server.demo.cast import Ending, Part, assemble, casting
from eitp_server.demo.stage import Stage
from eitp_server.demo.view import picture
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.text import Text

ANN = Part(
    name="slow map v01",
    synthetic=False,
    recordings=(),
    ending=Ending(success=False, source="simulated: rated it 1.8 of 5"),
)
FRUSTRATED = Packet(
    session_id="ses_ann",
    label=EMOTION_LABEL_FRUSTRATION,
    confidence=0.81,
    state=EmotionalState(valence=Estimate(value=-0.6, uncertainty=0.1)),
    context=PacketContext(page_type=PAGE_TYPE_PRODUCT, page_section=PAGE_SECTION_FINANCING),
    evidence=[Evidence(signal=SIGNAL_ID_RESPONSE_LATENCY, value=2400, baseline=310)],
)
WIDEST = Packet(
    label=EMOTION_LABEL_DISENGAGEMENT,
    confidence=0.62,
    state=FRUSTRATED.state,
    context=FRUSTRATED.context,
    evidence=[Evidence(signal=SIGNAL_ID_RESPONSE_LATENCY, value=12_400, baseline=10_310)],
)
HELP = Intervention(
    intervention_id="i-1",
    session_id="ses_ann",
    definition=InterventionDefinition(definition_id="help-chat", title="Can we help?"),
)


def board(announce: Callable[[Text], None] = lambda _: None, *, seats: int = 2) -> Board:
    """Make an empty board."""
    place = Place(
        grpc_address="127.0.0.1:1",
        web_address="http://127.0.0.1:2",
        survives="a power cut",
        people=28,
    )
    return Board(place, seats=seats, announce=announce)


def painted(board: Board, *, width: int = 140, height: int = 45) -> list[str]:
    """Return the lines of the picture on a terminal of such a size."""
    console = Console(width=width, height=height, color_system=None, force_terminal=True)
    with console.capture() as capture:
        console.print(picture(board, width=width, height=height), height=height)
    return capture.get().splitlines()


def crowded() -> Board:
    """Make a board with ten shoppers, all at their widest, and a full log."""
    shop = board(seats=10)
    for number, seat in enumerate(shop.seats):
        shop.enter(seat, replace(ANN, name="financing rage recovers"), f"ses_{number}")
        shop.played(seat, 3_599_000, WIDEST)
        shop.chosen(replaced(HELP, f"ses_{number}"), Decision(propensity=0.31))
    shop.count.packets = shop.count.decisions = shop.count.interventions = 12_345
    return shop


def replaced(intervention: Intervention, session_id: str) -> Intervention:
    """Return an intervention for another session."""
    other = Intervention()
    other.CopyFrom(intervention)
    other.session_id = session_id
    return other


def line(board: Board, start: str) -> str:
    """Return the first line of the picture that has these words."""
    return next(each for each in painted(board) if start in each)


def test_a_shopper_has_a_line_with_state_label_and_evidence() -> None:
    shop = board()
    seat = shop.seats[0]
    shop.enter(seat, ANN, "ses_ann")
    shop.played(seat, 83_000, FRUSTRATED)
    first = line(shop, "● slow map v01")
    assert "frustration 0.81" in first
    assert first.count("·") == 6
    second = line(shop, "1:23 product financing")
    assert "-0.60" in second
    assert "response latency 2,400 ms (usual 310 ms)" in second


def test_an_intervention_is_told_with_its_label_and_propensity() -> None:
    shop = board()
    shop.enter(shop.seats[0], ANN, "ses_ann")
    shop.played(shop.seats[0], 0, FRUSTRATED)
    shop.chosen(HELP, Decision(propensity=0.31))
    assert "after frustration 0.81  propensity 0.31" in line(shop, "◆ help-chat “Can we help?”")
    assert "◆ help-chat" in line(shop, "● slow map v01")


def test_everything_that_is_simulated_says_so() -> None:
    shop = board()
    shop.enter(shop.seats[0], ANN, "ses_ann")
    shop.reacted(HELP, used=True)
    assert ANN.ending
    shop.ended(shop.seats[0], ANN.ending, "")
    assert line(shop, "used help-chat (simulated)")
    assert line(shop, "left (simulated: rated it 1.8 of 5)")
    assert line(shop, "there is no lift to find")


def test_a_terminal_of_80_by_24_shows_labels_evidence_and_legend_uncut() -> None:
    shown = painted(crowded(), width=80, height=24)
    assert len(shown) == 24
    assert "…" not in "".join(shown)
    assert "12,345 decisions, 0 held out  12,345 interventions  0 outcomes" in shown[2]
    assert "shopper, 6 of 10 shown" in shown[3]
    for row in range(4, 16, 2):
        assert re.match(r" ● financing rage recovers .* 59:59", shown[row])
        assert "disengagement 0.62 · response latency 12,400 ms" in shown[row + 1]
        assert "◆ help-chat" in shown[row + 1]
    assert "○ synthetic visit, scripted end   ● one of 28 recorded people" in shown[21]
    assert "outcomes where it says so." in shown[22]
    assert "there is no lift to find." in shown[23]


@pytest.mark.parametrize(
    ("height", "seats", "told"), [(24, 6, 2), (26, 7, 2), (36, 10, 3), (60, 10, 10)]
)
def test_a_taller_terminal_shows_more_shoppers_and_then_more_log(
    height: int, seats: int, told: int
) -> None:
    shown = painted(crowded(), width=80, height=height)
    assert sum("● financing" in each for each in shown) == seats
    assert "there is no lift to find." in shown[-1]
    assert sum("propensity 0.31" in each for each in shown) == told


def test_a_wider_terminal_has_the_evidence_beside_the_bars() -> None:
    shown = painted(crowded(), width=120, height=45)
    assert any("disengagement 0.62  ◆ help-chat" in each for each in shown)
    assert any("(usual 10,310 ms)" in each for each in shown)
    assert "…" not in "".join(shown)


def test_every_packet_is_announced_for_those_without_a_terminal() -> None:
    lines: list[Text] = []
    board(lines.append).emitted(FRUSTRATED)
    assert re.search(r"packet .*frustration 0\.81 · response latency 2,400 ms", lines[0].plain)


def test_without_data_all_parts_are_synthetic_and_end_by_script() -> None:
    parts = list(islice(casting(assemble(None)), 30))
    assert all(part.synthetic and part.ending for part in parts)
    assert {part.ending.source for part in parts if part.ending} == {"script"}


def test_with_data_every_second_part_is_a_recorded_person(eitp_data: Path) -> None:
    parts = list(islice(casting(assemble(eitp_data)), 8))
    assert [part.synthetic for part in parts] == [True, False] * 4
    endings = [part.ending for part in parts if not part.synthetic]
    assert [ending is None for ending in endings] == [True, False] * 2
    assert all("simulated" in ending.source for ending in endings if ending)


async def test_shoppers_bring_packets_interventions_and_outcomes_through_the_server() -> None:
    """Plays until all three have been seen; the test's own timeout bounds it."""
    stopped = asyncio.Event()
    settings = Settings(data_dir=None, grpc_port=0, web_port=0)
    async with running(settings) as server:
        keys = await create_development_tenant(server.accounts)
        async with Client(server.grpc_address, key=keys.secret) as client:
            seen: set[str] = set()

            def note(line: Text) -> None:
                seen.add(line.plain.split()[1])
                if {"packet", "intervention", "outcome"} <= seen:
                    stopped.set()

            shop = board(note, seats=6)
            await Stage(client, shop, casting(assemble(None)), speed=60.0).play(stopped)
    assert shop.count.outcomes > 0


async def test_the_demo_ends_when_it_should_and_sums_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEMO_SECONDS", "0.5")
    monkeypatch.delenv("EITP_DATA", raising=False)
    await run_demo(speed=60.0)
    *lines, summary = capsys.readouterr().out.splitlines()
    (notice,) = [each for each in lines if each.startswith("All visits are synthetic: EITP_DATA ")]
    assert "All reactions are simulated" in notice
    assert re.match(r"packets=\d+ interventions=\d+ outcomes=\d+ ", summary)
