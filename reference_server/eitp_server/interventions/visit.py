"""What the policy remembers of one session: its decisions and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from sys import intern
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.decision import Cell
from eitp_server.bandit.lines import encode
from eitp_server.interventions.eligibility import Exposure, History
from eitp_server.storage.line import Written
from eitp_server.storage.log import AcknowledgementRow, InterventionRow, OutcomeRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _typeshed import DataclassInstance


@dataclass(slots=True, kw_only=True)
class OpenDecision:
    """A decision that outcomes can still be credited to."""

    decision_id: str
    cell: Cell
    chosen: str
    holdout: bool
    decided_at_us: int
    priority: int
    """Highest priority among its arms: what it takes to break the session's cool-down."""
    succeeded: bool = False
    """Its success was reported in time."""
    delay_us: int = 0
    """How long after the decision the earliest such success came."""
    censored: bool = False
    """Its outcome can never be known."""


@dataclass(slots=True, kw_only=True)
class Sent:
    """An intervention and the furthest that the page reported about it."""

    row: InterventionRow
    acknowledgement: AcknowledgementRow | None = None


@dataclass(slots=True, kw_only=True)
class Visit(Written):
    """One session that had a decision or an outcome."""

    tenant_id: str
    session_id: str
    touched_at_us: int = 0
    """When something was last added."""
    decided: int = 0
    """Decisions taken so far, forgotten ones included: the ordinal of the next."""
    decisions: list[OpenDecision] = field(default_factory=list[OpenDecision])
    """In the order of time."""
    sent: dict[str, Sent] = field(default_factory=dict[str, Sent])
    outcomes: dict[str, OutcomeRow] = field(default_factory=dict[str, OutcomeRow])

    def history(self) -> History:
        """Return what eligibility asks about."""
        exposures = [Exposure(d.chosen, d.decided_at_us) for d in self.decisions if d.chosen]
        if not self.decisions:
            return History(exposures)
        last = self.decisions[-1]
        return History(exposures, last.decided_at_us, last.priority)

    def latest_decision(self, at_us: int, window_us: int) -> OpenDecision | None:
        """Return the last decision before `at_us` and not further back than `window_us`."""
        for decision in reversed(self.decisions):
            if 0 <= at_us - decision.decided_at_us <= window_us:
                return decision
        return None

    def open_decisions(self, now_us: int, window_us: int) -> list[OpenDecision]:
        """Return the decisions whose outcome is not known and may still be heard of."""
        return [
            item
            for item in self.decisions
            if now_us - item.decided_at_us <= window_us and not item.censored and not item.succeeded
        ]

    def pending(self, now_us: int) -> tuple[InterventionRow, ...]:
        """Return what was sent, is not acknowledged and may still be shown."""
        return tuple(
            item.row
            for item in self.sent.values()
            if item.acknowledgement is None and now_us < item.row.expires_at_us
        )

    def trim(self, before_us: int) -> list[OpenDecision]:
        """Forget what is older than `before_us` and return the forgotten decisions."""
        old = [item for item in self.decisions if item.decided_at_us < before_us]
        self.decisions = self.decisions[len(old) :]
        self.sent = {k: v for k, v in self.sent.items() if v.row.created_at_us >= before_us}
        self.outcomes = {k: v for k, v in self.outcomes.items() if v.received_at_us >= before_us}
        return old


def to_json(visit: Visit) -> list[Any]:
    """Return the visit as JSON values without names: there are many of them in memory."""
    return [
        *_visit(visit),
        [[*_decision(each), each.cell.as_row()] for each in visit.decisions],
        [
            [_intervention(item.row), item.acknowledgement and _report(item.acknowledgement)]
            for item in visit.sent.values()
        ],
        [_outcome(row) for row in visit.outcomes.values()],
    ]


def written(visit: Visit) -> str:
    """Return the visit as a line of JSON, which it keeps until it changes."""
    visit.line = line = encode(to_json(visit))
    return line


class Cells(dict[tuple[str | int, ...], Cell]):
    """Cells by their rows. Decisions of a cell share one object: there are many more of them."""

    def __missing__(self, row: tuple[str | int, ...]) -> Cell:
        """Make the cell when its first decision is read."""
        cell = self[row] = Cell.from_row(row)
        return cell


def from_json(state: Sequence[Any], cells: Cells | None = None) -> Visit:
    """Return the visit that `to_json` was given, its decisions on the cells in `cells`."""
    cells = Cells() if cells is None else cells
    *facts, decisions, sent, outcomes = state
    visit = Visit(**dict(zip(_VISIT, facts, strict=True)))
    visit.tenant_id = intern(visit.tenant_id)
    visit.decisions = [_open_decision(row, cells) for row in decisions]
    texts = _texts(visit) if sent or outcomes else {}
    for row, report in sent:
        intervention = InterventionRow(**_named(_INTERVENTION, row, texts))
        name = texts[intervention.intervention_id] = intervention.intervention_id
        visit.sent[name] = Sent(
            row=intervention,
            acknowledgement=report and AcknowledgementRow(**_named(_REPORT, report, texts)),
        )
    for row in outcomes:
        outcome = OutcomeRow(**_named(_OUTCOME, row, texts))
        visit.outcomes[outcome.outcome_id] = outcome
    return visit


def _open_decision(row: Sequence[Any], cells: Cells) -> OpenDecision:
    # By name and not from `_DECISION`: most of what a server reads when it starts are decisions.
    decision_id, chosen, holdout, decided_us, priority, succeeded, delay_us, censored, cell = row
    return OpenDecision(
        decision_id=decision_id,
        cell=cells[tuple(cell)],
        chosen=intern(chosen),
        holdout=holdout,
        decided_at_us=decided_us,
        priority=priority,
        succeeded=succeeded,
        delay_us=delay_us,
        censored=censored,
    )


def _texts(visit: Visit) -> dict[Any, Any]:
    """Return the texts that the rows of a visit repeat, by themselves."""
    texts = {visit.tenant_id: visit.tenant_id, visit.session_id: visit.session_id}
    for decision in visit.decisions:
        texts[decision.decision_id] = decision.decision_id
        texts[decision.chosen] = decision.chosen
    return texts


def _named(names: tuple[str, ...], row: Sequence[Any], texts: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the values of a row by name, each text that is in `texts` as the object there.

    That halves the memory of what was read.
    """
    return dict(zip(names, map(texts.get, row, row), strict=True))


def _names(record: type[DataclassInstance], *without: str) -> tuple[str, ...]:
    return tuple(item.name for item in fields(record) if item.name not in without)


_VISIT: Final = _names(Visit, "decisions", "sent", "outcomes")
_DECISION: Final = _names(OpenDecision, "cell")
_INTERVENTION: Final = _names(InterventionRow)
_REPORT: Final = _names(AcknowledgementRow)
_OUTCOME: Final = _names(OutcomeRow)
_visit, _decision, _intervention, _report, _outcome = (
    attrgetter(*names) for names in (_VISIT, _DECISION, _INTERVENTION, _REPORT, _OUTCOME)
)
