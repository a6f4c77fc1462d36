"""The picture of the demo: a header, a line per shopper, and what happened last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp import render
from eitp.enum_name import words_of
from eitp.v1.evidence_pb2 import Evidence
from eitp.v1.page_pb2 import PageSection, PageType
from rich.console import Group
from rich.layout import Layout
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp.v1.packet_pb2 import Packet
    from rich.console import RenderableType

    from .board import Board, Place, Seat
    from .cast import Part

WIDE = 140
"""Columns from which on the bars are as wide as the names of their dimensions."""
NARROW = 116
"""Columns below which label and evidence stand below the bars and not beside them."""
SHORT = 30
"""Rows below which there is nothing but text."""
LEAST_LOG = 3
"""Lines of the log that shoppers leave free."""
WIDE_BAR, NARROW_BAR = 9, 5
NAME = 26
RECORDED, SYNTHETIC = "●", "○"


def picture(board: Board, *, width: int, height: int) -> Layout:
    """Return the whole picture, to fill a terminal of so many columns and rows.

    Where there are not rows for every shopper, the heading says how many are shown.
    """
    above, below = ([], []) if height < SHORT else ([Text()], [Rule(style="dim")])
    header, legend = [*above, *_header(board, width)], [*below, *_legend(board)]
    free = height - len(header) - len(legend) - LEAST_LOG - 2
    seats = board.seats[: max(1, free // 2)]
    heading = "shopper"
    if len(seats) < len(board.seats):
        heading = f"shopper, {len(seats)} of {len(board.seats)} shown"
    shoppers = _stacked if width < NARROW else _table
    layout = Layout()
    layout.split_column(
        Layout(_framed(*header), size=len(header)),
        Layout(_framed(shoppers(seats, heading, width)), size=2 * len(seats) + 1),
        Layout(_framed(*_log(board, width))),
        Layout(_framed(*legend), size=len(legend)),
    )
    return layout


def in_a_line(place: Place) -> str:
    """Return who plays and what is simulated, for those without a terminal."""
    who = "All visits are synthetic: EITP_DATA names no recordings of people."
    if place.people:
        who = (
            f"Every second visit is synthetic, the others replay {place.people} recorded people "
            "on simulated pages."
        )
    return f"{who} All reactions are simulated, and no outcome depends on what was shown."


def _framed(*lines: RenderableType) -> Padding:
    return Padding(Group(*lines), (0, 1))


def _header(board: Board, width: int) -> list[Text]:
    place, count = board.place, board.count
    title = Text().append("EITP demo", style="bold").append("  gRPC ", style="dim")
    title.append(place.grpc_address).append("  web ", style="dim").append(place.web_address)
    promise = Text().append("acknowledged data survives ", style="dim").append(place.survives)
    live = sum(seat.part is not None for seat in board.seats)
    now = _numbers(
        (f"{live}", f"live of {count.sessions} sessions"),
        (f"{board.batches_per_second:.0f}", "batches/s"),
    )
    total = _numbers(
        (f"{count.packets:,}", "packets"),
        (f"{count.decisions:,}", f"decisions, {count.held_out} held out"),
        (f"{count.interventions:,}", "interventions"),
        (f"{count.outcomes:,}", "outcomes"),
    )
    gap = Text("  ")
    if width < WIDE:
        return [title, gap.join((now, promise)), total]
    return [gap.join((title, promise)), gap.join((now, total))]


def _numbers(*numbers: tuple[str, str]) -> Text:
    return Text("  ").join(
        Text().append(number, style="bold cyan").append(f" {name}", style="dim")
        for number, name in numbers
    )


def _stacked(seats: Sequence[Seat], heading: str, width: int) -> Text:
    """Return two lines for each shopper: the bars, and below them the label with its evidence."""
    lines = [Text(heading.ljust(NAME + 1), style="dim")]
    for short in render.DIMENSIONS.values():
        lines[0].append(short[:NARROW_BAR].ljust(NARROW_BAR + 1))
    for seat in seats:
        lines.extend(_pair(seat, width - 2))
    return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)


def _pair(seat: Seat, width: int) -> tuple[Text, Text]:
    if seat.part is None:
        return Text("…", style="dim"), Text()
    who = _name(seat.part)
    who.truncate(NAME, overflow="ellipsis", pad=True)
    if seat.packet is None:
        return who, Text(f"  {_clock(seat)}", style="dim")
    bars = [render.dimension(seat.packet.state, each, NARROW_BAR) for each in render.DIMENSIONS]
    clock = Text(_clock(seat), style="dim")
    return Text(" ").join((who, *bars, clock)), _explained(seat, seat.packet, width)


def _explained(seat: Seat, packet: Packet, width: int) -> Text:
    """Return the label, what it rests on and what is shown, with as much else as there is room."""
    label, shown = Text("  ").append_text(render.label(packet)), _shown(seat)
    page = Text(f"  {_where(packet)}", style="dim")
    dot = Text(" · ", style="dim") if packet.evidence else Text()
    whole, bare = _evidence(packet), _evidence(packet, usual=False)
    choices = (
        Text.assemble(label, dot, whole, shown, page),
        Text.assemble(label, dot, whole, shown),
        Text.assemble(label, dot, bare, shown),
    )
    return next((each for each in choices if each.cell_len <= width), choices[-1])


def _table(seats: Sequence[Seat], heading: str, width: int) -> Table:
    bar = WIDE_BAR if width >= WIDE else NARROW_BAR
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(heading, width=NAME, no_wrap=True, overflow="ellipsis")
    for short in render.DIMENSIONS.values():
        table.add_column(short[:bar], width=bar, no_wrap=True)
    table.add_column("label, and what it rests on", ratio=1, no_wrap=True, overflow="ellipsis")
    for seat in seats:
        table.add_row(*_cells(seat, bar))
    return table


def _cells(seat: Seat, bar: int) -> list[Text]:
    if seat.part is None:
        return [Text("…\n", style="dim")]
    who = _name(seat.part).append("\n")
    who.append(f"  {_clock(seat)} {_where(seat.packet)}", style="dim")
    if seat.packet is None:
        return [who]
    bars = [_dimension(seat.packet, name, bar) for name in render.DIMENSIONS]
    label = render.label(seat.packet).append_text(_shown(seat))
    return [who, *bars, label.append("\n").append_text(_evidence(seat.packet))]


def _name(part: Part) -> Text:
    return Text(f"{SYNTHETIC if part.synthetic else RECORDED} {part.name}")


def _shown(seat: Seat) -> Text:
    return Text().append(f"  ◆ {seat.shown}" if seat.shown else "", style="green")


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


def _evidence(packet: Packet, *, usual: bool = True) -> Text:
    """Return the strongest evidence, with or without what is usual for the session."""
    if not packet.evidence:
        return Text()
    found = packet.evidence[0]
    return render.evidence(found if usual else Evidence(signal=found.signal, value=found.value))


def _log(board: Board, width: int) -> tuple[Rule, Text]:
    told = [each.short() if width < NARROW else each.line() for each in reversed(board.log)]
    lines = Text("\n").join(told or [Text("none yet", style="dim italic")])
    return Rule("interventions and outcomes", style="dim", align="left"), lines


def _legend(board: Board) -> list[Text]:
    hands = Text(f"{SYNTHETIC} synthetic visit, scripted end")
    if board.place.people:
        hands.append(f"   {RECORDED} one of {board.place.people} recorded people")
    else:
        hands.append("   (EITP_DATA names no recordings of people)", style="dim")
    simulated = (
        "Simulated: recorded people's pages, all reactions, outcomes where it says so.",
        "No outcome depends on what was shown: there is no lift to find.",
    )
    return [hands, *(Text(each, style="dim italic") for each in simulated)]
