"""The picture of the demo: a header, a line per shopper, and what happened last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp import render
from eitp.enum_name import words_of
from eitp.v1.page_pb2 import PageSection, PageType
from rich.console import Group
from rich.layout import Layout
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from eitp.v1.packet_pb2 import Packet

    from .board import Board, Seat

WIDE = 130
"""Columns from which on the bars are as wide as the names of their dimensions."""
WIDE_BAR, NARROW_BAR = 9, 5
NAME = 26
RECORDED, SYNTHETIC = "●", "○"


def picture(board: Board, *, width: int) -> Layout:
    """Return the whole picture, to fill a terminal so many columns wide."""
    bar = WIDE_BAR if width >= WIDE else NARROW_BAR
    layout = Layout()
    layout.split_column(
        Layout(Padding(_header(board), (1, 1, 0, 1)), size=4),
        Layout(Padding(_shoppers(board, bar), (0, 1)), size=2 * len(board.seats) + 2),
        Layout(Padding(_log(board), (0, 1))),
        Layout(Padding(_legend(board), (0, 1)), size=4),
    )
    return layout


def _header(board: Board) -> Group:
    place, count = board.place, board.count
    title = Text().append("EITP demo", style="bold").append("  gRPC ", style="dim")
    title.append(place.grpc_address).append("  web ", style="dim").append(place.web_address)
    title.append("  acknowledged data survives ", style="dim").append(place.survives)
    live = sum(seat.part is not None for seat in board.seats)
    numbers = Text()
    for number, name in (
        (f"{live}", f"live of {count.sessions} sessions"),
        (f"{board.batches_per_second:.0f}", "batches/s"),
        (f"{count.packets:,}", "packets"),
        (f"{count.decisions:,}", f"decisions, {count.held_out} held out"),
        (f"{count.interventions:,}", "interventions"),
        (f"{count.outcomes:,}", "outcomes"),
    ):
        numbers.append(number, style="bold cyan").append(f" {name}   ", style="dim")
    return Group(title, numbers)


def _shoppers(board: Board, bar: int) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("shopper", width=NAME, no_wrap=True, overflow="ellipsis")
    for short in render.DIMENSIONS.values():
        table.add_column(short[:bar], width=bar, no_wrap=True)
    table.add_column("label, and what it rests on", ratio=1, no_wrap=True, overflow="ellipsis")
    for seat in board.seats:
        table.add_row(*_cells(seat, bar))
    return table


def _cells(seat: Seat, bar: int) -> list[Text]:
    if seat.part is None:
        return [Text("…\n", style="dim")]
    who = Text(f"{SYNTHETIC if seat.part.synthetic else RECORDED} {seat.part.name}\n")
    who.append(f"  {_clock(seat)} {_where(seat.packet)}", style="dim")
    if seat.packet is None:
        return [who]
    bars = [_dimension(seat.packet, name, bar) for name in render.DIMENSIONS]
    label = render.label(seat.packet)
    if seat.shown:
        label.append(f"  ◆ {seat.shown}", style="green")
    return [who, *bars, label.append("\n").append_text(_evidence(seat.packet))]


def _dimension(packet: Packet, name: str, width: int) -> Text:
    """Return the bar of a dimension with its value below, or a dot where it is unknown."""
    bar = render.dimension(packet.state, name, width)
    if packet.state.HasField(name):
        value: float = getattr(packet.state, name).value
        bar.append("\n").append(f"{value:.2f}", style="dim")
    return bar


def _clock(seat: Seat) -> str:
    minutes, seconds = divmod(int(seat.clock_ms / 1000), 60)
    return f"{minutes}:{seconds:02}"


def _where(packet: Packet | None) -> str:
    if packet is None:
        return ""
    page = words_of(PageType, packet.context.page_type, "PAGE_TYPE_")
    section = words_of(PageSection, packet.context.page_section, "PAGE_SECTION_")
    return " ".join(each for each in (page, section) if each != "unspecified")


def _evidence(packet: Packet) -> Text:
    return render.evidence(packet.evidence[0]) if packet.evidence else Text()


def _log(board: Board) -> Group:
    lines = Text("\n", no_wrap=True, overflow="ellipsis").join(reversed(board.log))
    if not board.log:
        lines.append("none yet", style="dim italic")
    return Group(Rule("interventions and outcomes", style="dim", align="left"), lines)


def _legend(board: Board) -> Group:
    hands = Text().append(f"{SYNTHETIC} synthetic visit, its end is part of its script")
    if board.place.people:
        hands.append(f"   {RECORDED} one of {board.place.people} recorded people")
    else:
        hands.append("   (EITP_DATA names no recordings of people)", style="dim")
    simulated = Text(
        "Simulated: recorded people's pages, all reactions, outcomes where it says so.\n"
        "No outcome depends on what was shown: there is no lift to find.",
        style="dim italic",
    )
    return Group(Rule(style="dim"), hands, simulated)
