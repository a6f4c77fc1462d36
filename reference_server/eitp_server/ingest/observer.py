"""From events to packets: fold the signals, estimate the states, emit what crossed the gate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from eitp_server.classification.calibration import sigmoid
from eitp_server.classification.citation import cited, description
from eitp_server.classification.estimator import ESTIMATOR_VERSION, estimate
from eitp_server.classification.gate import MIN_GAP_MS, GateTable, admit, crossing
from eitp_server.classification.packet import (
    AbstainReason,
    Context,
    Label,
    Packet,
    Source,
)
from eitp_server.classification.risk import abandonment_logit
from eitp_server.classification.state import ContextColumns, StateTable
from eitp_server.ingest.recheck import Rechecks, delay_ms
from eitp_server.signals.click import unanswered_ms
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.rule import DEFAULTS
from eitp_server.signals.shape import shape
from eitp_server.signals.tables import SignalTables
from eitp_server.volatility.increment import MovementTable, update

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp.v1.page_pb2 import PageContext
    from numpy.typing import NDArray

    from eitp_server.classification.state import States
    from eitp_server.ingest.session_table import SessionColumns, SessionInfo, Sessions
    from eitp_server.signals.event import Events
    from eitp_server.signals.evidence import EvidenceColumns
    from eitp_server.signals.rule import Thresholds

VALID_US: Final = 30_000_000
"""How long a packet may be acted on."""
WINDOW_MS: Final = 10_000
_OTHER_PAGE: Final = 13
_LARGEST_CART: Final = 8


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is kept of a page."""

    page_type: int
    cart: int


def page_facts(page: PageContext) -> PageFacts:
    """Return what is kept of a page; values of a later protocol read as the nearest known."""
    page_type = page.type if 0 <= page.type <= _OTHER_PAGE else _OTHER_PAGE
    return PageFacts(page_type, page.cart if 0 <= page.cart <= _LARGEST_CART else 0)


class _Table(Protocol):
    def grow(self, capacity: int) -> None: ...

    def dump(self, slots: NDArray[np.int64]) -> dict[str, NDArray[Any]]: ...

    def load(self, slots: NDArray[np.int64], rows: Mapping[str, NDArray[Any]]) -> None: ...


class Observer:
    """The signals, states and gates of all sessions."""

    def __init__(self, capacity: int) -> None:
        self._signals = SignalTables.allocate(capacity)
        self._states = StateTable.allocate(capacity)
        self._gates = GateTable.allocate(capacity)
        self._rechecks = Rechecks(capacity)
        self.movement = MovementTable.allocate(capacity)
        """How much the states of each session have moved."""
        self._capacity = capacity
        self.packets = 0
        """Number of the packet emitted last."""

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` slots."""
        if capacity > self._capacity:
            self._capacity = capacity
            for table in self._tables.values():
                table.grow(capacity)

    def open(
        self,
        slot: int,
        capacity: int,
        thresholds: Thresholds = DEFAULTS,
        *,
        reports_answers: bool = False,
    ) -> None:
        """Make a slot fresh, for a session that is judged by `thresholds`."""
        self.grow(capacity)
        for table in (self._signals, self._states, self._gates, self.movement):
            table.reset(np.array([slot]))
        self._signals.rule.set(slot, thresholds)
        self._signals.click.reports[slot] = reports_answers

    def repoint(self, slots: NDArray[np.int64]) -> None:
        """Forget how the hands of `slots` move: fingers and mice are not compared."""
        if len(slots):
            self._signals.forget_hand(slots)

    def close(self, slot: int) -> None:
        """Wait for nothing more from a slot."""
        self._rechecks.forget(slot)

    def skip(self, now_us: int) -> None:
        """Look at nobody who is due by `now_us` before something comes from them."""
        self._rechecks.take(now_us)

    def next_due_us(self) -> int | None:
        """Return the log time at which a session has to be looked at for its silence, if any."""
        return self._rechecks.next_due_us()

    def turn_page(self, columns: SessionColumns, slot: int, page: PageFacts) -> None:
        """Note the page that a session is on."""
        if page.page_type:
            columns.page_type[slot] = page.page_type
            columns.pages[slot] = min(int(columns.pages[slot]) + 1, 65_535)
        if page.cart:
            columns.cart[slot] = page.cart

    def observe(
        self,
        sessions: Sessions,
        events: Events | None,
        pages: Sequence[tuple[int, PageContext]],
        now_us: int,
    ) -> list[Packet]:
        """Fold in a tick's events; return the packets that they or silence make worth sending."""
        for slot, page in pages:
            self.turn_page(sessions.columns, slot, page_facts(page))
        slots = self._rechecks.take(now_us)
        if events is not None:
            fold(self._signals, events)
            slots = np.union1d(slots, events.slot).astype(np.int64)
        at_ms = _session_ms(sessions.columns, slots, now_us)
        known = evidence(self._signals, slots, at_ms)
        context = _context(sessions.columns, slots, at_ms)
        states = estimate(known, context, self._states, slots, at_ms)
        moved = np.where(states.known, states.mean, np.nan)
        update(self.movement, slots=slots, at_us=np.full(len(slots), now_us), states=moved)
        told, kept_back = crossing(self._gates, states, slots, at_ms)
        self._look_again(slots, at_ms, known, kept_back, now_us)
        rows = np.flatnonzero(told)
        if not len(rows):
            return []
        rows = rows[admit(self._gates, states, rows, slots, at_ms, now_us)]
        return [self._emit(sessions, known, states, int(r), slots, at_ms, now_us) for r in rows]

    def _look_again(
        self,
        slots: NDArray[np.int64],
        at_ms: NDArray[np.int64],
        known: EvidenceColumns,
        kept_back: NDArray[np.bool_],
        now_us: int,
    ) -> None:
        until_ms = self._gates.at_ms[slots].astype(np.int64) + MIN_GAP_MS
        delay = delay_ms(
            at_ms=at_ms,
            idle_s=known.idle_s,
            kept_back_until_ms=np.where(kept_back, until_ms, at_ms),
            unanswered_ms=unanswered_ms(self._signals.click, self._signals.rule, slots),
        )
        self._rechecks.set(slots, delay, now_us)

    def peek(
        self, sessions: Sessions, slot: int, now_us: int, *, described: bool = False
    ) -> Packet:
        """Return what is believed about a session now, changing nothing.

        When it is to be `described`, the evidence ends with the shape of its movement.
        """
        slots = np.array([slot])
        at_ms = _session_ms(sessions.columns, slots, now_us)
        known = evidence(self._signals, slots, at_ms)
        context = _context(sessions.columns, slots, at_ms)
        before = StateTable.allocate(1)
        before.load(np.array([0]), self._states.dump(slots))
        states = estimate(known, context, before, np.array([0]), at_ms)
        packet = self._packet(sessions, known, states, 0, slots, at_ms, now_us)
        if not described:
            return packet
        shown = description(shape(self._signals, slots))
        return replace(packet, evidence=(*packet.evidence, *shown))

    def labels(self, slots: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Copy the label (m,) that was last said of each of `slots`."""
        return self._gates.label[slots]

    def dump(self, slots: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Copy the rows of `slots`."""
        return {
            f"{name}.{key}": rows
            for name, table in self._tables.items()
            for key, rows in table.dump(slots).items()
        }

    def load(self, slots: NDArray[np.int64], rows: Mapping[str, NDArray[Any]]) -> None:
        """Write rows from `dump` into `slots`."""
        for name, table in self._tables.items():
            prefix = f"{name}."
            own = {k.removeprefix(prefix): v for k, v in rows.items() if k.startswith(prefix)}
            table.load(slots, own)

    @property
    def _tables(self) -> Mapping[str, _Table]:
        return {
            "signals": self._signals,
            "states": self._states,
            "gates": self._gates,
            "rechecks": self._rechecks,
            "movement": self.movement,
        }

    def _emit(
        self,
        sessions: Sessions,
        known: EvidenceColumns,
        states: States,
        row: int,
        slots: NDArray[np.int64],
        at_ms: NDArray[np.int64],
        now_us: int,
    ) -> Packet:
        self.packets += 1
        return self._packet(sessions, known, states, row, slots, at_ms, now_us, number=self.packets)

    def _packet(
        self,
        sessions: Sessions,
        known: EvidenceColumns,
        states: States,
        row: int,
        slots: NDArray[np.int64],
        at_ms: NDArray[np.int64],
        now_us: int,
        *,
        number: int = 0,
    ) -> Packet:
        slot = int(slots[row])
        info, columns = sessions.info[slot], sessions.columns
        assert info is not None
        sequence = int(columns.next_sequence[slot]) - 1
        end_ms = max(int(columns.last_ms[slot]), 0)
        silence_ms = int(at_ms[row]) - end_ms if number else 0
        label = Label(int(states.label[row]))
        mean = _known(states.mean[row], states.known[row])
        context = Context(
            vertical=info.vertical,
            page_type=int(columns.page_type[slot]),
            page_section=known.section(row) or int(columns.section[slot]),
            region=info.region,
            cart_bucket=int(columns.cart[slot]),
        )
        return Packet(
            tenant_id=info.tenant_id,
            session_id=info.session_id,
            packet_id=_packet_id(info, sequence, silence_ms),
            number=number,
            sequence=sequence,
            emitted_at_us=now_us,
            window_start_ms=max(end_ms - WINDOW_MS, 0),
            window_end_ms=end_ms,
            mean=mean,
            uncertainty=_known(states.sd[row], states.known[row]),
            label=label,
            confidence=float(states.confidence[row]) if label else None,
            abstain_reason=AbstainReason(int(states.abstain_reason[row])),
            evidence=cited(known, states, row, own_rules=bool(self._signals.rule.own[slot])),
            context=context,
            source=Source.LOCAL,
            model="",
            estimator_version=ESTIMATOR_VERSION,
            degraded_reason="",
            suppressed=int(self._gates.suppressed[slot]) if number else 0,
            valid_until_us=now_us + VALID_US,
            abandonment_risk=_risk(mean, label, context),
        )


def _session_ms(
    columns: SessionColumns, slots: NDArray[np.int64], now_us: int
) -> NDArray[np.int64]:
    """Return (m,) the session time: that of the latest event and the silence since its arrival."""
    last = columns.last_ms[slots]
    silence = np.maximum((now_us - columns.seen_us[slots]) // 1000, 0)
    return np.where(last >= 0, last + silence, 0)


def _context(
    columns: SessionColumns, slots: NDArray[np.int64], at_ms: NDArray[np.int64]
) -> ContextColumns:
    return ContextColumns(
        page_type=columns.page_type[slots],
        page_section=columns.section[slots],
        cart_bucket=columns.cart[slots],
        seconds=(at_ms / 1000).astype(np.float32),
        pages=columns.pages[slots],
        pointer=columns.pointer[slots],
    )


def _risk(mean: tuple[float | None, ...], label: Label, context: Context) -> float | None:
    if all(value is None for value in mean):
        return None
    return sigmoid(abandonment_logit(mean, label, context))


def _known(values: NDArray[np.float32], known: NDArray[np.bool_]) -> tuple[float | None, ...]:
    pairs = zip(values.tolist(), known.tolist(), strict=True)
    return tuple(value if is_known else None for value, is_known in pairs)


def _packet_id(info: SessionInfo, sequence: int, silence_ms: int) -> str:
    """Name a packet by the batch that it accounts for, and by the silence behind it if any."""
    moment = f"{sequence}+{silence_ms}" if silence_ms else str(sequence)
    name = f"{info.tenant_id}\0{info.session_id}\0{info.opened_us}\0{moment}".encode()
    return "pkt_" + hashlib.blake2b(name, digest_size=12).hexdigest()
