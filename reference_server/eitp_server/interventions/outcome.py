"""What came of a session, as it is reported, and the name under which it counts once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from eitp_server.bandit.digest import identifier

if TYPE_CHECKING:
    from eitp_server.storage.log import OutcomeRow

Row = TypeVar("Row")


class OutcomeKind(IntEnum):
    """What happened; numbers are those of `eitp.v1.OutcomeKind`."""

    CONVERSION = 1
    ADD_TO_CART = 2
    LEAD = 3
    ABANDONMENT = 4
    BOUNCE = 5
    DISMISSAL = 6
    COMPLAINT = 7
    CUSTOM = 8


SUCCESSES = frozenset({OutcomeKind.CONVERSION, OutcomeKind.LEAD})
"""The kinds that the policy learns from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReport:
    """One report of one outcome."""

    tenant_id: str
    session_id: str = ""
    """May be empty when the decision is named: then it is the decision's."""
    kind: OutcomeKind
    decision_id: str = ""
    """The decision to credit; empty for the session's latest."""
    reported_id: str = ""
    """The reporter's own name of the outcome; empty when there is one of its kind."""
    name: str = ""
    """What a CUSTOM outcome is called."""
    value_micros: int = 0
    currency: str = ""
    occurred_at_us: int | None = None
    """By the reporter's clock; None for the time of receipt."""

    def outcome_id(self, session_id: str) -> str:
        """Return the identity that all reports of the same outcome share.

        `session_id` is the session of the named decision, or else the reported one. The identity
        is the reporter's id within session and kind. Without an id there is one outcome of a kind
        per named decision, or per session when none is named: the credited decision must not enter
        it, because a retry may arrive after the session's next decision.
        """
        by_decision = self.decision_id and not self.reported_id
        scope = ("decision", self.decision_id) if by_decision else ("session", session_id)
        return identifier(
            "out_", self.tenant_id, *scope, str(int(self.kind)), self.name, self.reported_id
        )

    def occurred_us(self, now_us: int) -> int:
        """Return when it happened: never later than now, whatever the reporter's clock says."""
        return now_us if self.occurred_at_us is None else min(self.occurred_at_us, now_us)

    def agrees_with(self, row: OutcomeRow) -> bool:
        """Return whether `row` says the same.

        Times are left out: a reporter that sends again may stamp the report anew.
        """
        return (self.value_micros, self.currency) == (row.value_micros, row.currency)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[Row]):
    """A row, and whether it had been there before."""

    row: Row
    duplicate: bool
