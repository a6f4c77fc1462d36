"""What spreads between regions, for people who look at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from .enum_name import words_of
from .v1.contagion_pb2 import (
    CONTAGION_EDGE_STATUS_ENDED,
    CONTAGION_SIGN_OPPOSITE,
    ContagionEdgeStatus,
    ContagionStatus,
)

if TYPE_CHECKING:
    from .v1.contagion_pb2 import ContagionEdge, ContagionSnapshot

_STYLES = {
    "confirmed": "bold green",
    "candidate": "yellow",
    "exploratory": "yellow",
    "ended": "dim",
}


def edge_line(edge: ContagionEdge) -> Text:
    """Return an edge in one line."""
    status = words_of(ContagionEdgeStatus, edge.status, "CONTAGION_EDGE_STATUS_")
    line = Text().append(f"{edge.window.end.ToDatetime():%d %b %H:%M} ", style="dim")
    line.append(f"{edge.source_region} → {edge.target_region} ".ljust(18), style="bold")
    line.append(status.ljust(12), style=_STYLES[status])
    if edge.status == CONTAGION_EDGE_STATUS_ENDED:
        return line.append(f"had held since {edge.first_seen_at.ToDatetime():%d %b %H:%M}")
    way = "the other way" if edge.sign == CONTAGION_SIGN_OPPOSITE else "the same way"
    line.append(f"{edge.strength:.1%} after {edge.lag_minutes} min, {way}")
    return line.append(f"  q {edge.q_value:.2g}", style="dim")


def snapshot_line(snapshot: ContagionSnapshot) -> Text:
    """Return an analysis in one line."""
    status = words_of(ContagionStatus, snapshot.status, "CONTAGION_STATUS_")
    end = snapshot.window.end.ToDatetime()
    line = Text().append(f"{end:%d %b %H:%M} ", style="dim")
    if not snapshot.HasField("totals"):
        why = "fitted system does not settle" if status == "unstable" else "too little data"
        line.append(f"no analysis: {why}", style="yellow")
    else:
        totals = snapshot.totals
        line.append(f"{len(snapshot.regions)} regions").append(f" ({status})", style="dim")
        line.append(f", {totals.lagged:.1%} of what moves them comes from others")
        line.append(f", {totals.common_share:.0%} moves all at once")
    left_out = len(snapshot.excluded)
    return line.append(f", {left_out} left out" if left_out else "", style="dim")
