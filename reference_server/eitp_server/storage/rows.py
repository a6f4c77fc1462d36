"""Domain values as positional rows of their tables, and back."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from eitp_server.bandit.decision import Cell, Decision
from eitp_server.classification.packet import (
    DIMENSIONS,
    AbstainReason,
    Context,
    Evidence,
    Label,
    Packet,
    Signal,
    Source,
)
from eitp_server.storage import tables
from eitp_server.storage.log import InterventionRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eitp_server.storage.log import DeadLetterRow, Writes

    Row = tuple[Any, ...]


def columns(table: type[tables.Record]) -> tuple[str, ...]:
    """Return the names of the columns in the order of every positional row."""
    return tuple(table.model_fields)


def insert_into(table: type[tables.Record]) -> str:
    """Return the statement that takes one positional row."""
    names = columns(table)
    places = ", ".join("?" * len(names))
    return f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES ({places})"


def select_from(table: type[tables.Record]) -> str:
    """Return the statement that gives positional rows, up to its WHERE."""
    return f"SELECT {', '.join(columns(table))} FROM {table.__tablename__}"


def row_of(record: tables.Record) -> Row:
    """Return the record as a positional row."""
    return tuple(getattr(record, name) for name in columns(type(record)))


INSERT_ENVELOPE = insert_into(tables.Envelope)
_INSERT_PACKET = insert_into(tables.EmotionalEvent)
_INSERT_DECISION = insert_into(tables.RecordedDecision)
_INSERT_INTERVENTION = insert_into(tables.Intervention)
# A page may repeat itself after a lost reply; the first report is the true one.
_INSERT_ACKNOWLEDGEMENT = f"{insert_into(tables.Acknowledgement)} ON CONFLICT DO NOTHING"
_INSERT_OUTCOME = f"{insert_into(tables.Outcome)} ON CONFLICT DO NOTHING"
_INSERT_FORECAST = insert_into(tables.Forecast)
_INSERT_CENSORED = f"{insert_into(tables.CensoredDecision)} ON CONFLICT DO NOTHING"
_INSERT_STOPPED = f"{insert_into(tables.StoppedIntervention)} ON CONFLICT DO NOTHING"
_INSERT_DEAD_LETTER = insert_into(tables.DeadLetter)

_intervention = attrgetter(*columns(tables.Intervention))
_acknowledgement = attrgetter(*columns(tables.Acknowledgement))
_outcome = attrgetter(*columns(tables.Outcome))
_forecast = attrgetter(*columns(tables.Forecast))
_censored = attrgetter(*columns(tables.CensoredDecision))
_stopped = attrgetter(*columns(tables.StoppedIntervention))
_evidence = attrgetter("signal.value", "value", "baseline", "weight", "rule_version")
_PACKET_COLUMNS = columns(tables.EmotionalEvent)
_CONTEXT_FIELDS = ("vertical", "page_type", "page_section", "region", "cart_bucket")
_EVIDENCE_FIELDS = ("signal", "value", "baseline", "weight", "rule_version")


def batches(writes: Writes) -> Iterator[tuple[str, list[Row]]]:
    """Yield each statement that `writes` needs with the rows it takes."""
    yield _INSERT_PACKET, [packet_row(packet) for packet in writes.packets]
    yield _INSERT_DECISION, [decision_row(decision) for decision in writes.decisions]
    yield _INSERT_INTERVENTION, [_intervention(row) for row in writes.interventions]
    yield _INSERT_ACKNOWLEDGEMENT, [_acknowledgement(row) for row in writes.acknowledgements]
    yield _INSERT_OUTCOME, [_outcome(row) for row in writes.outcomes]
    yield _INSERT_FORECAST, [_forecast(row) for row in writes.forecasts]
    yield _INSERT_CENSORED, [_censored(row) for row in writes.censored]
    yield _INSERT_STOPPED, [_stopped(row) for row in writes.stopped]
    yield _INSERT_DEAD_LETTER, list(_dead_letters(writes.dead_letters))


def packet_row(packet: Packet) -> Row:
    """Return the packet as a row of `emotional_events`."""
    context = packet.context
    return (
        packet.tenant_id,
        packet.packet_id,
        packet.session_id,
        packet.number,
        packet.sequence,
        packet.emitted_at_us,
        packet.window_start_ms,
        packet.window_end_ms,
        *packet.mean,
        *packet.uncertainty,
        packet.label.value,
        packet.confidence,
        packet.abstain_reason.value,
        _evidence_json(packet.evidence),
        context.vertical,
        context.page_type,
        context.page_section,
        context.region,
        context.cart_bucket,
        packet.source.value,
        packet.model,
        packet.estimator_version,
        packet.degraded_reason,
        packet.suppressed,
        packet.valid_until_us,
        packet.abandonment_risk,
        packet.calibration_version,
    )


def packet_from(row: Row) -> Packet:
    """Return the packet that `packet_row` turned into this row."""
    fields = dict(zip(_PACKET_COLUMNS, row, strict=True))
    return Packet(
        mean=tuple(fields.pop(name) for name in DIMENSIONS),
        uncertainty=tuple(fields.pop(f"{name}_uncertainty") for name in DIMENSIONS),
        label=Label(fields.pop("label")),
        abstain_reason=AbstainReason(fields.pop("abstain_reason")),
        evidence=tuple(_evidence_from(fields.pop("evidence"))),
        context=Context(**{name: fields.pop(name) for name in _CONTEXT_FIELDS}),
        source=Source(fields.pop("source")),
        calibration_version=fields.pop("calibration_version") or "",
        **fields,
    )


def decision_row(decision: Decision) -> Row:
    """Return the decision as a row of `decisions`."""
    cell = decision.cell
    return (
        cell.tenant_id,
        decision.decision_id,
        decision.session_id,
        decision.visitor_hash,
        cell.vertical,
        cell.label,
        cell.page_section,
        decision.packet_id,
        decision.decided_at_us,
        json.dumps(decision.arms),
        json.dumps(decision.probabilities),
        decision.chosen,
        decision.propensity,
        decision.draw,
        decision.holdout,
        decision.holdout_share,
        decision.snapshot_id,
        decision.policy_version,
        json.dumps(decision.epochs),
    )


def decision_from(record: tables.RecordedDecision) -> Decision:
    """Return the decision that a record of `decisions` stands for."""
    return Decision(
        decision_id=record.decision_id,
        session_id=record.session_id,
        visitor_hash=record.visitor_hash,
        cell=Cell(
            tenant_id=record.tenant_id,
            vertical=record.vertical,
            label=record.label,
            page_section=record.page_section,
        ),
        packet_id=record.packet_id,
        decided_at_us=record.decided_at_us,
        arms=tuple(json.loads(record.arms)),
        probabilities=tuple(json.loads(record.probabilities)),
        chosen=record.chosen,
        propensity=record.propensity,
        draw=record.draw,
        holdout=record.holdout,
        holdout_share=record.holdout_share,
        snapshot_id=record.snapshot_id,
        policy_version=record.policy_version,
        epochs=tuple(json.loads(record.epochs or "[]")),
    )


def intervention_from(row: Row) -> InterventionRow:
    """Return the intervention that a row of `interventions` stands for."""
    return InterventionRow(**dict(zip(columns(tables.Intervention), row, strict=True)))


def _dead_letters(letters: Iterable[DeadLetterRow]) -> Iterator[Row]:
    for ordinal, letter in enumerate(letters):
        yield letter.tenant_id, letter.tick, ordinal, letter.error, letter.payload


def _evidence_json(evidence: Sequence[Evidence]) -> str:
    return json.dumps(
        [dict(zip(_EVIDENCE_FIELDS, _evidence(item), strict=True)) for item in evidence],
        separators=(",", ":"),
    )


def _evidence_from(text: str) -> Iterator[Evidence]:
    for item in json.loads(text):
        yield Evidence(signal=Signal(item.pop("signal")), **item)
