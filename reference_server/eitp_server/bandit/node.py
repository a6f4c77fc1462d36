"""The nodes of the tree of situations that findings are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.bandit.decision import Cell


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Node:
    """Everything, a vertical, a label in it, or a section under that; None means all of them."""

    vertical: str | None = None
    label: int | None = None
    page_section: int | None = None

    @property
    def depth(self) -> int:
        """0 for everything, 3 for a page section."""
        return sum(part is not None for part in (self.vertical, self.label, self.page_section))

    def as_row(self) -> list[str | int | None]:
        """Return the node as JSON values."""
        return [self.vertical, self.label, self.page_section]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Node:
        """Return the node that `as_row` wrote."""
        vertical, label, page_section = row
        return cls(vertical=vertical, label=label, page_section=page_section)

    def holds(self, cell: Cell) -> bool:
        """Return whether `cell` lies under the node."""
        return (
            self.vertical in (None, cell.vertical)
            and self.label in (None, cell.label)
            and self.page_section in (None, cell.page_section)
        )


def nodes_above(cell: Cell) -> tuple[Node, Node, Node]:
    """Return the vertical, label and section that a cell lies under, the widest first."""
    vertical, label, section = cell.vertical, cell.label, cell.page_section
    return (
        Node(vertical=vertical),
        Node(vertical=vertical, label=label),
        Node(vertical=vertical, label=label, page_section=section),
    )
