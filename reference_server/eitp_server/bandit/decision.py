"""The record of one choice: enough to audit, replay and re-weight it later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ANY = -1
"""In place of a label or a section: whatever it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a posterior is kept for."""

    tenant_id: str
    vertical: str
    label: int
    """A `eitp.v1.EmotionLabel`, or `ANY`."""
    page_section: int
    """A `eitp.v1.PageSection`, or `ANY`."""

    def as_row(self) -> list[str | int]:
        """Return the cell as JSON values."""
        return [self.tenant_id, self.vertical, self.label, self.page_section]

    @classmethod
    def from_row(cls, row: Sequence[str | int]) -> Cell:
        """Return the cell that `as_row` wrote."""
        tenant_id, vertical, label, page_section = row
        return cls(
            tenant_id=str(tenant_id),
            vertical=str(vertical),
            label=int(label),
            page_section=int(page_section),
        )

    def wider(self) -> tuple[Cell, Cell]:
        """Return what stands for sections that were not seen yet, and for labels."""
        section = Cell(
            tenant_id=self.tenant_id, vertical=self.vertical, label=self.label, page_section=ANY
        )
        label = Cell(tenant_id=self.tenant_id, vertical=self.vertical, label=ANY, page_section=ANY)
        return section, label


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One eligible moment and what was chosen."""

    decision_id: str
    session_id: str
    visitor_hash: str
    cell: Cell
    packet_id: str
    decided_at_us: int
    arms: tuple[str, ...]
    """Definition ids that were eligible; the empty string is 'no intervention'."""
    probabilities: tuple[float, ...]
    """P(choose arm), same order, sums to 1; the holdout is not in it."""
    chosen: str
    """The arm taken; empty for none."""
    propensity: float
    """Total probability of what happened: (1 - holdout share) x p, or the holdout share."""
    draw: float
    """The uniform number that picked the arm, 0..1."""
    holdout: bool
    """True when the visitor is held out: `chosen` says what would have been done."""
    holdout_share: float
    snapshot_id: str
    """Digest of the posterior that gave the probabilities."""
    policy_version: str
    epochs: tuple[int, ...] = ()
    """The revision at which what the shopper sees of each arm was last changed, in the order of
    `arms`; 0 for 'no intervention'. Empty in decisions stored before there was any."""
