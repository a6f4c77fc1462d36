"""All that the signals remember of every session."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from eitp_server.signals.action import ActionTable
from eitp_server.signals.attention import AttentionTable
from eitp_server.signals.back import BackTable
from eitp_server.signals.baseline import BaselineTable
from eitp_server.signals.chain import ClickTable
from eitp_server.signals.hesitation import DecisionTable
from eitp_server.signals.hold import HoldTable
from eitp_server.signals.hover import HoverTable
from eitp_server.signals.initiation import InitiationTable
from eitp_server.signals.motion import MotionTable
from eitp_server.signals.retreat import RetreatTable
from eitp_server.signals.rule import RuleTable
from eitp_server.signals.scroll import ScrollTable
from eitp_server.signals.trail import TrailTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from eitp_server.signals.slot_table import SlotTable

_TABLES: dict[str, type[SlotTable]] = {
    "rule": RuleTable,
    "motion": MotionTable,
    "trail": TrailTable,
    "action": ActionTable,
    "click": ClickTable,
    "back": BackTable,
    "scroll": ScrollTable,
    "attention": AttentionTable,
    "hover": HoverTable,
    "retreat": RetreatTable,
    "decision": DecisionTable,
    "initiation": InitiationTable,
    "hold": HoldTable,
    "deciding": BaselineTable,
    "hovering": BaselineTable,
    "latency": BaselineTable,
    "initiating": BaselineTable,
    "holding": BaselineTable,
}

_OF_THE_HAND = (
    "motion", "trail", "retreat", "hover", "initiation", "hold",
    "deciding", "hovering", "initiating", "holding",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class SignalTables:
    """The slot tables of the signals, sharing one slot index; a `SlotTable` in use."""

    rule: RuleTable
    motion: MotionTable
    trail: TrailTable
    action: ActionTable
    click: ClickTable
    back: BackTable
    scroll: ScrollTable
    attention: AttentionTable
    hover: HoverTable
    retreat: RetreatTable
    decision: DecisionTable
    initiation: InitiationTable
    hold: HoldTable
    deciding: BaselineTable
    """Time from the previous click or navigation to a click."""
    hovering: BaselineTable
    """Time from the pointer's arrival to a click."""
    latency: BaselineTable
    """Time from a click to the page's answer."""
    initiating: BaselineTable
    """Time from a click or navigation to the next movement."""
    holding: BaselineTable
    """Time from a button's going down to its going up."""

    @classmethod
    def allocate(cls, capacity: int) -> Self:
        """Return tables of `capacity` fresh slots."""
        made: dict[str, Any] = {name: kind.allocate(capacity) for name, kind in _TABLES.items()}
        return cls(**made)

    @classmethod
    def bytes_per_slot(cls) -> int:
        """Return the memory that one session takes in all tables."""
        return sum(kind.bytes_per_slot() for kind in _TABLES.values())

    def grow(self, capacity: int) -> None:
        """Extend every table to `capacity` slots; existing rows keep their values."""
        for _, table in self._named():
            table.grow(capacity)

    def reset(self, slots: NDArray[np.integer[Any]]) -> None:
        """Make `slots` fresh again."""
        for _, table in self._named():
            table.reset(slots)

    def forget_hand(self, slots: NDArray[np.integer[Any]]) -> None:
        """Forget how the pointer of `slots` moves and at which pace its hand acts.

        What the page did and what was clicked stays.
        """
        for name in _OF_THE_HAND:
            getattr(self, name).reset(slots)

    def dump(self, slots: NDArray[np.integer[Any]]) -> dict[str, NDArray[Any]]:
        """Copy the rows `slots` of every column, named `table.column`."""
        return {
            f"{name}.{column}": rows
            for name, table in self._named()
            for column, rows in table.dump(slots).items()
        }

    def load(self, slots: NDArray[np.integer[Any]], rows: Mapping[str, NDArray[Any]]) -> None:
        """Write rows from `dump` into `slots`."""
        for name, table in self._named():
            prefix = f"{name}."
            own = {
                key.removeprefix(prefix): row for key, row in rows.items() if key.startswith(prefix)
            }
            table.load(slots, own)

    def _named(self) -> Iterator[tuple[str, SlotTable]]:
        for item in fields(self):
            yield item.name, getattr(self, item.name)
