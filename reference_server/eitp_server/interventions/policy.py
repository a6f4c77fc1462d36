"""The policy: decides what to show, and learns from what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eitp_server.bandit.choice import Moment, choose
from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.digest import identifier
from eitp_server.bandit.draw import held_out
from eitp_server.bandit.learning import Lesson
from eitp_server.bandit.lines import as_bytes
from eitp_server.bandit.open_decisions import WAITING
from eitp_server.errors import Conflict, Missing, Reason
from eitp_server.interventions.disposition import InterventionDisposition
from eitp_server.interventions.eligibility import (
    MICROSECONDS,
    Eligibility,
    History,
    assess,
)
from eitp_server.interventions.outcome import SUCCESSES, OutcomeReport, Recorded
from eitp_server.interventions.policy_state import PolicyState
from eitp_server.interventions.policy_terms import Choice, Settings, Shopper
from eitp_server.interventions.visit import OpenDecision, Sent, Visit
from eitp_server.storage.log import (
    AcknowledgementRow,
    CensoredRow,
    InterventionRow,
    OutcomeRow,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.bandit.learning import Terms
    from eitp_server.classification.packet import Packet
    from eitp_server.storage.log import StoppedRow

NO_INTERVENTION = ""
"""The arm that does nothing; it competes in every decision."""


class Policy:
    """Chooses interventions and keeps what the choice depends on.

    It has no clock and no randomness of its own: the same calls in the same order give the same
    answers and the same `dump`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = state = PolicyState(settings)
        self.catalogue, self.holdouts = state.catalogue, state.holdouts
        self.requests, self.table, self.tallies = state.requests, state.table, state.tallies
        self._visits, self._stops = state.visits, state.stops
        self._window_us = settings.attribution_seconds * MICROSECONDS
        self._cells: dict[Cell, Cell] = {}

    def explain(self, packet: Packet, shopper: Shopper, now_us: int) -> Eligibility:
        """Return what could be shown now, and for all else why not; changes nothing."""
        visit = self._visits.find(shopper.tenant_id, shopper.session_id)
        return assess(
            self.catalogue.definitions(shopper.tenant_id),
            packet,
            consent=shopper.consent_interventions,
            history=visit.history() if visit else History(),
            limits=self._settings.limits,
            now_us=now_us,
            stopped=self.stopped(shopper.tenant_id),
        )

    def decide(self, packet: Packet, shopper: Shopper, now_us: int) -> Choice | None:
        """Choose among the eligible interventions and doing nothing; None when none is eligible.

        A held-out visitor gets a decision at the same moments as everybody else, and nothing to
        deliver. The decision is not booked: the holdout is for measuring, not for learning.
        """
        self.expire(now_us)
        arms = self.explain(packet, shopper, now_us).arms
        if not arms:
            return None
        visit = self._visits.touch(shopper.tenant_id, shopper.session_id, now_us)
        ordinal = str(visit.decided)
        decision = self._choose(packet, shopper, arms, ordinal, now_us)
        self._remember(visit, decision)
        if decision.holdout or decision.chosen == NO_INTERVENTION:
            return Choice(decision=decision, intervention=None)
        row = self._intervention(decision, ordinal)
        visit.sent[row.intervention_id] = Sent(row=row)
        return Choice(decision=decision, intervention=row)

    def held_out(self, shopper: Shopper) -> bool:
        """Return whether the shopper never gets an intervention, as every decision finds it."""
        experiment = self.holdouts.of(shopper.tenant_id)
        return held_out(
            tenant_id=shopper.tenant_id,
            salt=experiment.holdout_salt,
            visitor=shopper.visitor_hash or shopper.session_id,
            share=experiment.holdout_share,
        )

    def pending(self, tenant_id: str, session_id: str, now_us: int) -> tuple[InterventionRow, ...]:
        """Return what the session is still to be shown, oldest first; changes nothing."""
        visit = self._visits.find(tenant_id, session_id)
        return visit.pending(now_us) if visit else ()

    def acknowledge(
        self,
        tenant_id: str,
        session_id: str,
        intervention_id: str,
        disposition: InterventionDisposition,
        now_us: int,
    ) -> Recorded[AcknowledgementRow]:
        """Keep what became of an intervention.

        A report that repeats an earlier one or falls behind it changes nothing and returns the
        furthest. Raises Missing(INTERVENTION_UNKNOWN), also for another session's intervention.
        """
        self.expire(now_us)
        visit = self._visits.find(tenant_id, session_id)
        sent = visit.sent.get(intervention_id) if visit else None
        if visit is None or sent is None:
            raise Missing(
                Reason.INTERVENTION_UNKNOWN,
                "the session has no such intervention",
                metadata={"intervention_id": intervention_id},
            )
        known = sent.acknowledgement
        if known and not disposition.follows(InterventionDisposition(known.disposition)):
            return Recorded(known, duplicate=True)
        self._visits.changed(visit)
        sent.acknowledgement = AcknowledgementRow(
            intervention_id=intervention_id,
            tenant_id=tenant_id,
            disposition=int(disposition),
            at_us=now_us,
        )
        return Recorded(sent.acknowledgement, duplicate=False)

    def outcome(self, report: OutcomeReport, now_us: int) -> Recorded[OutcomeRow]:
        """Credit an outcome to a decision and learn from it, once.

        Raises Missing(DECISION_UNKNOWN) for a named decision that the tenant does not have or that
        belongs to another session than the named one, and Conflict(OUTCOME_CONFLICT) when the same
        outcome was reported with another value.
        """
        self.expire(now_us)
        visit, named = self._named(report, now_us)
        session_id = visit.session_id if visit else report.session_id
        outcome_id = report.outcome_id(session_id)
        known = visit.outcomes.get(outcome_id) if visit else None
        if known is not None:
            return _repeated(report, known)
        visit = self._visits.touch(report.tenant_id, session_id, now_us)
        occurred_us = report.occurred_us(now_us)
        decision = named or visit.latest_decision(occurred_us, self._window_us)
        row = OutcomeRow(
            outcome_id=outcome_id,
            tenant_id=report.tenant_id,
            session_id=session_id,
            decision_id=decision.decision_id if decision else "",
            kind=int(report.kind),
            value_micros=report.value_micros,
            currency=report.currency,
            occurred_at_us=occurred_us,
            received_at_us=now_us,
        )
        visit.outcomes[outcome_id] = row
        if decision and report.kind in SUCCESSES:
            self._learn(decision, occurred_us, now_us)
        return Recorded(row, duplicate=False)

    def lesson(self, terms: Mapping[str, Terms], now_us: int) -> Lesson:
        """Return everything there is to learn from, as it is now; `terms` are by tenant."""
        return Lesson(
            frame=self.tallies.frame(),
            asked=self.table.asked(),
            policy=as_bytes(self.table.dump()),
            terms=terms,
            now_us=now_us,
            window_us=self._window_us,
            half_life_us=self._settings.half_life_seconds * MICROSECONDS,
        )

    def install(self, document: Mapping[str, Any]) -> None:
        """Decide by what was learnt from now on.

        `document["epochs"]` are those from before the learning: of what was changed since, the
        document tells what is not true any more.
        """
        self.table.install(document)
        before = document.get("epochs", {})
        for tenant_id, changed in self.catalogue.epochs().items():
            for arm, epoch in changed.items():
                if before.get(tenant_id, {}).get(arm, 1) != epoch:
                    self.table.forget(tenant_id, arm)

    def withdraw(self, tenant_id: str, session_id: str, now_us: int) -> list[CensoredRow]:
        """Give up the open decisions of a session that takes its consent back.

        They count for nobody: neither as success nor as failure.
        """
        self.expire(now_us)
        visit = self._visits.find(tenant_id, session_id)
        if visit is None:
            return []
        given_up = visit.open_decisions(now_us, self._window_us)
        self._visits.changed(visit)
        for decision in given_up:
            decision.censored = True
            if not decision.holdout:
                self.tallies.censor(
                    decision.cell, decision.chosen, decided_us=decision.decided_at_us
                )
        return [
            CensoredRow(tenant_id=tenant_id, decision_id=decision.decision_id, at_us=now_us)
            for decision in given_up
        ]

    def stop(self, tenant_id: str, definition_id: str, metric: int, now_us: int) -> StoppedRow:
        """Take an intervention out of the choice until what it shows is changed.

        Raises Missing(DEFINITION_UNKNOWN).
        """
        definition = self.catalogue.get(tenant_id, definition_id)
        return self._stops.stop(definition, metric, now_us)

    def stopped(self, tenant_id: str) -> dict[str, StoppedRow]:
        """Return what guardrails stopped, by identity; what shows something else may run again."""
        return self._stops.holding(self.catalogue.definitions(tenant_id)) if self._stops else {}

    def renew(self, tenant_id: str, definition_id: str, now_us: int) -> None:
        """Forget what was learnt of an intervention that shows something else from now on."""
        self.expire(now_us)
        self.tallies.restart(tenant_id, definition_id)
        self.table.forget(tenant_id, definition_id)

    def expire(self, now_us: int) -> None:
        """Forget the sessions whose retention is over; every change does this first."""
        self._visits.expire(now_us)
        self.tallies.mature(now_us)

    def forget_session(self, tenant_id: str, session_id: str) -> None:
        """Forget a session now, for erasure; the counts that it contributed to name nobody.

        A session that merely closed must stay: its conversion may still be reported.
        """
        self._visits.forget(tenant_id, session_id)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the whole state; the same calls in the same order give the same bytes."""
        return self._state.dump()

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take the state from `dump`. Raises ValueError for another format."""
        self._state.load(arrays)

    def _choose(
        self, packet: Packet, shopper: Shopper, arms: tuple[str, ...], ordinal: str, now_us: int
    ) -> Decision:
        cell = Cell(
            tenant_id=shopper.tenant_id,
            vertical=packet.context.vertical,
            label=int(packet.label),
            page_section=packet.context.page_section,
        )
        # Decisions of a cell share one object: there are many more of them.
        cell = self._cells.setdefault(cell, cell)
        moment = Moment(
            decision_id=identifier("dec_", shopper.tenant_id, packet.packet_id, ordinal),
            cell=cell,
            session_id=shopper.session_id,
            visitor_hash=shopper.visitor_hash,
            packet_id=packet.packet_id,
            now_us=now_us,
            epochs=(0, *(self.catalogue.get(shopper.tenant_id, arm).epoch for arm in arms)),
        )
        snapshot = self.table.snapshot(cell, (NO_INTERVENTION, *arms))
        return choose(moment, snapshot, self.holdouts.of(shopper.tenant_id))

    def _remember(self, visit: Visit, decision: Decision) -> None:
        opened = OpenDecision(
            decision_id=decision.decision_id,
            cell=decision.cell,
            chosen=decision.chosen,
            holdout=decision.holdout,
            decided_at_us=decision.decided_at_us,
            priority=self._priority(decision),
        )
        self._visits.add(visit, opened)
        if not decision.holdout:
            self.tallies.book(decision.cell, decision.chosen, decision.decided_at_us)

    def _priority(self, decision: Decision) -> int:
        tenant_id = decision.cell.tenant_id
        arms = (arm for arm in decision.arms if arm != NO_INTERVENTION)
        return max(self.catalogue.get(tenant_id, arm).priority for arm in arms)

    def _intervention(self, decision: Decision, ordinal: str) -> InterventionRow:
        tenant_id = decision.cell.tenant_id
        definition = self.catalogue.get(tenant_id, decision.chosen)
        lifetime_us = int(definition.time_to_live_seconds * MICROSECONDS)
        self._state.last_number += 1
        return InterventionRow(
            intervention_id=identifier("int_", tenant_id, decision.packet_id, ordinal),
            decision_id=decision.decision_id,
            tenant_id=tenant_id,
            session_id=decision.session_id,
            definition_id=definition.definition_id,
            definition_revision=definition.revision,
            number=self._state.last_number,
            created_at_us=decision.decided_at_us,
            expires_at_us=decision.decided_at_us + lifetime_us,
        )

    def _named(
        self, report: OutcomeReport, now_us: int
    ) -> tuple[Visit | None, OpenDecision | None]:
        if not report.decision_id:
            return self._visits.find(report.tenant_id, report.session_id), None
        found = self._visits.with_decision(report.tenant_id, report.decision_id, now_us)
        if found is None or report.session_id not in {"", found[0].session_id}:
            raise Missing(
                Reason.DECISION_UNKNOWN,
                "there is no such decision in the session that is meant, or it is too old",
                metadata={"decision_id": report.decision_id},
            )
        return found

    def _learn(self, decision: OpenDecision, occurred_us: int, now_us: int) -> None:
        # What is heard of after the window changes nothing: labels are for good.
        timely = now_us - decision.decided_at_us <= self._window_us
        delay_us = max(occurred_us - decision.decided_at_us, 0)
        earlier = not decision.succeeded or delay_us < decision.delay_us
        if timely and earlier and not decision.censored:
            if not decision.holdout:
                self.tallies.credit(
                    decision.cell,
                    decision.chosen,
                    decided_us=decision.decided_at_us,
                    delay_us=delay_us,
                    known_us=decision.delay_us if decision.succeeded else WAITING,
                )
            decision.succeeded, decision.delay_us = True, delay_us


def _repeated(report: OutcomeReport, known: OutcomeRow) -> Recorded[OutcomeRow]:
    if report.agrees_with(known):
        return Recorded(known, duplicate=True)
    raise Conflict(
        Reason.OUTCOME_CONFLICT,
        "the same outcome was reported with another value or currency",
        metadata={"outcome_id": known.outcome_id},
    )
