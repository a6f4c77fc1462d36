"""The state machine of the server: inputs and a time in, new state and effects out.

Nothing here reads a clock, draws a random number or depends on the order of a set, so the same
envelopes always lead to the same bytes of state.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.errors import DomainError, Reason, Unready
from eitp_server.ingest.admission import Admission
from eitp_server.ingest.envelope import EnvelopeWriter
from eitp_server.ingest.input import (
    Command,
    CommandKind,
    Opened,
    Progress,
    Receipt,
    Telemetry,
)
from eitp_server.ingest.intake import Intake
from eitp_server.ingest.ledger import Ledger
from eitp_server.ingest.observer import Observer
from eitp_server.ingest.session_table import SessionInfo, Sessions
from eitp_server.signals.rule import thresholds_from
from eitp_server.storage.log import Writes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from eitp_server.classification.packet import Packet
    from eitp_server.ingest.input import Input
    from eitp_server.ingest.policy import Policy
    from eitp_server.ingest.screen import Validator
    from eitp_server.storage.log import OutcomeRow

REDUCER_VERSION: Final = "8"
IDLE_US: Final = 30 * 60 * 1_000_000
"""A session without input for this long is closed."""


@dataclass(slots=True, kw_only=True)
class Effects:
    """What one tick did."""

    now_us: int
    envelope: EnvelopeWriter = field(default_factory=EnvelopeWriter)
    writes: Writes = field(default_factory=Writes)
    results: list[tuple[Input, Any]] = field(default_factory=list["tuple[Input, Any]"])
    """The answer to each input: a value, or a `DomainError` to raise."""
    timers: bool = False
    """Something changed because time passed."""

    @property
    def changed(self) -> bool:
        """Whether the state is another one than before."""
        return self.timers or self.envelope.records > 0


class Reducer:
    """All live state and the one method that changes it."""

    def __init__(self, policy: Policy, validator: Validator, capacity: int = 256) -> None:
        self.sessions = Sessions(capacity)
        self.observer = Observer(capacity)
        self.ledger = Ledger()
        self.policy = policy
        self._admission = Admission(self.sessions.columns)
        self._intake = Intake(self.sessions, self._admission, validator)
        self._next_sweep_us = 0

    def apply(self, inputs: Sequence[Input], now_us: int) -> Effects:
        """Advance by one tick at log time `now_us`, µs since the epoch, later than the last one."""
        effects = Effects(now_us=now_us)
        if any(isinstance(i, Command) and i.kind is CommandKind.SKIP_TIMERS for i in inputs):
            self._skip_timers(effects)
        self._resolve(effects)
        telemetry = [item for item in inputs if isinstance(item, Telemetry)]
        commands = [item for item in inputs if isinstance(item, Command)]
        early = [c for c in commands if c.kind in _BEFORE_TELEMETRY]
        for command in early:
            self._command(command, effects)
        self._telemetry(telemetry, effects)
        for command in commands:
            if command.kind not in _BEFORE_TELEMETRY:
                self._command(command, effects)
        self._sweep(effects)
        if effects.changed:
            self.policy.expire(now_us)
        return effects

    def due(self, now_us: int) -> bool:
        """Return whether time alone has something to change."""
        due_us = self.next_due_us()
        return due_us is not None and due_us <= now_us

    def next_due_us(self) -> int | None:
        """Return a log time before which time alone changes nothing; None when it never does."""
        awaited = [
            self._admission.next_due_us(),
            self.observer.next_due_us(),
            self.ledger.next_due_us(),
            self._next_sweep_us if len(self.sessions) else None,
        ]
        return min((due_us for due_us in awaited if due_us is not None), default=None)

    def progress(self, slot: int) -> Progress:
        """Return how far the session in `slot` has come."""
        info = self.sessions.info[slot]
        columns = self.sessions.columns
        return Progress(
            session_id="" if info is None else info.session_id,
            acknowledged=int(columns.next_sequence[slot]) - 1,
            waiting=self._admission.waiting(slot),
            lost=int(columns.lost[slot]),
        )

    def current(self, tenant_id: str, session_id: str, now_us: int) -> Packet | None:
        """Return what is believed about a session now, None when there is no such session."""
        slot = self.sessions.find(tenant_id, session_id)
        if slot is None:
            return None
        packet = self.observer.peek(self.sessions, slot, now_us)
        return self.ledger.calibrators.calibrated(packet)

    def dump(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the state as arrays and a small JSON-able document.

        Everybody waits meanwhile, so what is long is copied as bytes and not taken apart.
        """
        used = self.sessions.used()
        arrays = {f"session.{k}": v for k, v in self.sessions.columns.dump(used).items()}
        arrays |= {f"observer.{k}": v for k, v in self.observer.dump(used).items()}
        arrays["sessions"] = np.frombuffer(self.sessions.dump(), np.uint8)
        arrays["ledger"] = np.frombuffer(self.ledger.dump(), np.uint8)
        arrays |= {f"policy.{k}": v for k, v in self.policy.dump().items()}
        document = {
            "version": REDUCER_VERSION,
            "waiting": self._admission.dump(),
            "packets": self.observer.packets,
            "next_sweep_us": self._next_sweep_us,
        }
        return arrays, document

    def load(self, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
        """Take over what `dump` returned."""
        used = self.sessions.load(arrays["sessions"].tobytes())
        self.observer.grow(self.sessions.capacity)
        self.sessions.columns.load(used, _under("session.", arrays))
        self.observer.load(used, _under("observer.", arrays))
        self._admission.load(document["waiting"])
        self.ledger.load(arrays["ledger"].tobytes())
        self.policy.load(_under("policy.", arrays))
        self.observer.packets = document["packets"]
        self._next_sweep_us = document["next_sweep_us"]

    def inherit(self, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
        """Take over what outlives sessions from what another version's `dump` returned."""
        is_lines = "policy" in arrays  # Until version 7 the policy was lines and nothing else.
        self.policy.load({"lines": arrays["policy"]} if is_lines else _under("policy.", arrays))
        if "ledger" in arrays:
            self.ledger.load(arrays["ledger"].tobytes())
            self.ledger.all_ended(document["now_us"])
        self.observer.packets = document["packets"]

    def digest(self) -> str:
        """Return the SHA-256 of the whole state: equal for equal states, byte by byte."""
        arrays, document = self.dump()
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
        for name in sorted(arrays):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(arrays[name]).tobytes())
        return digest.hexdigest()

    def _telemetry(self, items: Sequence[Telemetry], effects: Effects) -> None:
        taken = self._intake.take(items, effects.envelope, effects.now_us)
        effects.timers |= taken.timers
        effects.results += zip(items, taken.receipts, strict=True)
        self.observer.repoint(taken.repointed)
        due_us = self.observer.next_due_us()
        silent = due_us is not None and due_us <= effects.now_us
        effects.timers |= silent
        if silent or taken.events is not None:
            packets = self.observer.observe(
                self.sessions, taken.events, taken.pages, effects.now_us
            )
            for packet in packets:
                self._say(packet, effects)
        for item, receipt in zip(items, taken.receipts, strict=True):
            if item.wants_progress:
                receipt.progress = [self.progress(slot) for slot in receipt.slots]

    def _say(self, shipped: Packet, effects: Effects) -> None:
        """Write a packet as the tenant's outcomes correct it, keep its forecast, and decide."""
        slot = self.sessions.find(shipped.tenant_id, shipped.session_id)
        assert slot is not None
        info = self.sessions.info[slot]
        assert info is not None
        packet = self.ledger.calibrators.calibrated(shipped)
        effects.writes.packets.append(packet)
        self._foretell(shipped, packet, slot, effects)
        choice = self.policy.decide(packet, info, effects.now_us)
        if choice is None:
            return
        effects.writes.decisions.append(choice.decision)
        if choice.intervention is not None:
            effects.writes.interventions.append(choice.intervention)
            self.ledger.treat(packet.tenant_id, packet.session_id)

    def _foretell(self, shipped: Packet, said: Packet, slot: int, effects: Effects) -> None:
        columns, info = self.sessions.columns, self.sessions.info[slot]
        if said.abandonment_risk is not None and not columns.foretold[slot]:
            assert info is not None
            columns.foretold[slot] = True
            effects.writes.forecasts += self.ledger.foretell(
                shipped, risk=said.abandonment_risk, holdout=self.policy.held_out(info)
            )
        self.ledger.claim(shipped)

    def _resolve(self, effects: Effects) -> None:
        rows = self.ledger.resolve(effects.now_us)
        effects.writes.forecasts += rows
        effects.timers |= bool(rows)

    def _command(self, command: Command, effects: Effects) -> None:
        try:
            result = self._commands[command.kind](self, command, effects)
        except DomainError as error:
            effects.results.append((command, error))
            return
        effects.envelope.command(command)
        effects.results.append((command, result))

    def _skip_timers(self, effects: Effects) -> None:
        """Drop what is due, before any of it runs."""
        self.observer.skip(effects.now_us)
        self._admission.skip(effects.now_us)
        effects.writes.forecasts += self.ledger.skip(effects.now_us)

    def _skipped(self, _: Command, __: Effects) -> None:
        """Do nothing more: what was due is gone by now."""

    def _open(self, command: Command, effects: Effects) -> Opened:
        """Open a session, or go on with it under the consent that was given now."""
        slot = self.sessions.find(command.tenant_id, command.document["session_id"])
        if slot is None:
            slot = self._fresh(command, effects.now_us)
        if "holdout_share" in command.document:
            self.policy.hold_out(command.tenant_id, command.document["holdout_share"])
        self._withdraw(slot, command, effects)
        self.sessions.consent(slot, interventions=command.document["consent_interventions"])
        self.sessions.columns.seen_us[slot] = effects.now_us
        info = self.sessions.info[slot]
        assert info is not None
        following = int(self.sessions.columns.next_sequence[slot])
        return Opened(next_sequence=following, opened_us=info.opened_us)

    def _withdraw(self, slot: int, command: Command, effects: Effects) -> None:
        # Also for a fresh slot: its session may have closed with consent and come back without.
        info = self.sessions.info[slot]
        assert info is not None
        if not command.document["consent_interventions"]:
            effects.writes.censored += self.policy.withdraw(info, effects.now_us)

    def _fresh(self, command: Command, now_us: int) -> int:
        document = dict(command.document)
        page_type, cart, pointer = (document.pop(k) for k in ("page_type", "cart", "pointer"))
        rules = thresholds_from(document.pop("rules", {}))
        reports_answers = document.pop("reports_answers", False)
        document.pop("holdout_share", None)
        info = SessionInfo(tenant_id=command.tenant_id, opened_us=now_us, **document)
        slot = self.sessions.open(info)
        self.ledger.reopened(info.tenant_id, info.session_id)
        self.observer.open(slot, self.sessions.capacity, rules, reports_answers=reports_answers)
        columns = self.sessions.columns
        columns.page_type[slot] = page_type
        columns.cart[slot] = cart
        columns.pointer[slot] = pointer
        columns.pages[slot] = 1 if page_type else 0
        if len(self.sessions) == 1:
            self._next_sweep_us = now_us + IDLE_US
        return slot

    def _close(self, command: Command, effects: Effects) -> None:
        slot = self.sessions.find(command.tenant_id, command.document["session_id"])
        if slot is None:
            raise Unready(Reason.SESSION_CLOSED, "the session has ended already")
        self._end(slot, effects.now_us)

    def _end(self, slot: int, now_us: int) -> None:
        info = self.sessions.close(slot)
        self._admission.forget([slot])
        self.observer.close(slot)
        self.ledger.ended(info.tenant_id, info.session_id, now_us)

    def _sweep(self, effects: Effects) -> None:
        if self._next_sweep_us > effects.now_us or not len(self.sessions):
            return
        used = self.sessions.used()
        seen = self.sessions.columns.seen_us[used]
        for slot in used[seen + IDLE_US <= effects.now_us].tolist():
            self._end(slot, effects.now_us)
            effects.timers = True
        alive = seen[seen + IDLE_US > effects.now_us]
        oldest = int(alive.min()) if len(alive) else effects.now_us
        self._next_sweep_us = oldest + IDLE_US
        effects.timers = True

    def _outcome(self, command: Command, effects: Effects) -> Any:
        reported = self.policy.outcome(command.tenant_id, command.document, effects.now_us)
        if not reported.duplicate:
            effects.writes.outcomes.append(reported.row)
            self._settle(reported.row, effects.now_us)
        return reported

    def _settle(self, outcome: OutcomeRow, now_us: int) -> None:
        slot = self.sessions.find(outcome.tenant_id, outcome.session_id)
        if self.ledger.report(outcome, now_us) and slot is not None:
            # What is forecast from here on would have seen the outcome.
            self.sessions.columns.foretold[slot] = True

    def _acknowledge(self, command: Command, effects: Effects) -> None:
        row = self.policy.acknowledge(command.tenant_id, command.document, effects.now_us)
        if row is not None:
            effects.writes.acknowledgements.append(row)

    def _install(self, command: Command, _: Effects) -> None:
        self.policy.install(command.document)

    def _stop(self, command: Command, effects: Effects) -> None:
        row = self.policy.stop(command.tenant_id, command.document, effects.now_us)
        effects.writes.stopped.append(row)

    def _put(self, command: Command, effects: Effects) -> Any:
        return self.policy.put_definition(command.tenant_id, command.document, effects.now_us)

    def _delete(self, command: Command, _: Effects) -> None:
        self.policy.delete_definition(command.tenant_id, command.document["definition_id"])

    _commands: Final = {
        CommandKind.OPEN_SESSION: _open,
        CommandKind.CLOSE_SESSION: _close,
        CommandKind.REPORT_OUTCOME: _outcome,
        CommandKind.ACKNOWLEDGE_INTERVENTION: _acknowledge,
        CommandKind.PUT_DEFINITION: _put,
        CommandKind.DELETE_DEFINITION: _delete,
        CommandKind.SKIP_TIMERS: _skipped,
        CommandKind.INSTALL_POLICY: _install,
        CommandKind.STOP_INTERVENTION: _stop,
    }


_BEFORE_TELEMETRY: Final = frozenset(
    (CommandKind.OPEN_SESSION, CommandKind.PUT_DEFINITION, CommandKind.DELETE_DEFINITION)
)


def _under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


__all__ = ["IDLE_US", "REDUCER_VERSION", "Effects", "Receipt", "Reducer"]
