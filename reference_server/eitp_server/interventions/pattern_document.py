"""Proven patterns as the protocol's message, and back: what is kept is what is sent."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from eitp.v1.lift_pb2 import Lift as LiftMessage
from eitp.v1.pattern_pb2 import InjectionEffect, ProvenPattern
from eitp.v1.scope_pb2 import Scope
from eitp.v1.time_window_pb2 import TimeWindow
from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.timestamp_pb2 import Timestamp

from eitp_server.bandit.injection import WITHHELD_SHARE
from eitp_server.bandit.lift import Lift, LiftMethod
from eitp_server.bandit.node import Node
from eitp_server.bandit.pattern import DemotionReason, Pattern, PatternStatus
from eitp_server.interventions.definition import InterventionKind
from eitp_server.interventions.proven import Audience, Proven
from eitp_server.storage.patterns import SHARED, PatternRow

if TYPE_CHECKING:
    from google.protobuf.message import Message


def row(pattern: Proven) -> PatternRow:
    """Return the pattern as it is kept."""
    scope, life, lift, fresh = pattern.scope, pattern.life, pattern.promotion, pattern.fresh
    return PatternRow(
        tenant_id=pattern.tenant_id,
        pattern_id=pattern.pattern_id,
        version=life.version,
        status=int(life.status),
        vertical=scope.vertical,
        label=scope.label,
        page_section=scope.page_section,
        definition_id=pattern.definition_id,
        kind=int(pattern.kind),
        units=lift.treated_units + lift.holdout_units,
        lift=lift.estimate,
        lower_bound=lift.lower_bound,
        fresh_lift=fresh and fresh.estimate,
        fresh_lower_bound=fresh and fresh.lower_bound,
        promoted_at_us=life.promoted_at_us,
        expires_at_us=life.expires_at_us,
        document=canonical(message(pattern)),
    )


def pattern(kept: PatternRow) -> Proven:
    """Return the pattern that `row` was given."""
    found = read(kept)
    scope, window = found.scope, found.promotion_window
    return Proven(
        tenant_id=SHARED if found.audience == Audience.SHARED else kept.tenant_id,
        scope=Node(**{name: getattr(scope, name) for name in _LEVELS if scope.HasField(name)}),
        definition_id=found.definition_id,
        epoch=found.definition_revision,
        kind=InterventionKind(found.kind),
        life=Pattern(
            version=found.version,
            status=PatternStatus(found.status),
            margin=found.margin,
            promoted_at_us=found.promoted_at.ToMicroseconds(),
            confirmed_at_us=_optional_us(found, "confirmed_at"),
            demoted_at_us=_optional_us(found, "demoted_at"),
            demotion_reason=DemotionReason(found.demotion_reason),
        ),
        promotion=_lift(found.promotion),
        first_decided_at_us=window.start.ToMicroseconds(),
        last_decided_at_us=window.end.ToMicroseconds() - 1,
        fresh=_lift(found.fresh) if found.HasField("fresh") else None,
        tenants=found.tenants if found.HasField("tenants") else None,
        injection=_lift(found.injection.lift) if found.HasField("injection") else None,
        statement=found.statement,
    )


def read(kept: PatternRow) -> ProvenPattern:
    """Return the message that a row holds."""
    return Parse(kept.document, ProvenPattern(), ignore_unknown_fields=True)


def message(pattern: Proven) -> ProvenPattern:
    """Return the wire form of a pattern."""
    life, scope = pattern.life, pattern.scope
    window = (pattern.first_decided_at_us, pattern.last_decided_at_us + 1)
    injection = pattern.injection
    return ProvenPattern(
        pattern_id=pattern.pattern_id,
        version=life.version,
        status=life.status.value,  # pyright: ignore[reportArgumentType]  # same numbers, by test
        audience=pattern.audience.value,  # pyright: ignore[reportArgumentType]
        scope=Scope(**{name: getattr(scope, name) for name in _LEVELS}),
        definition_id=pattern.definition_id,
        definition_revision=pattern.epoch,
        kind=pattern.kind.value,  # pyright: ignore[reportArgumentType]
        promotion=_lift_message(pattern.promotion),
        promotion_window=TimeWindow(start=_timestamp(window[0]), end=_timestamp(window[1])),
        fresh=pattern.fresh and _lift_message(pattern.fresh),
        margin=life.margin,
        tenants=pattern.tenants,
        promoted_at=_timestamp(life.promoted_at_us),
        confirmed_at=_timestamp(life.confirmed_at_us),
        demoted_at=_timestamp(life.demoted_at_us),
        demotion_reason=life.demotion_reason.value,  # pyright: ignore[reportArgumentType]
        expires_at=_timestamp(life.expires_at_us),
        injection=injection
        and InjectionEffect(withheld_share=WITHHELD_SHARE, lift=_lift_message(injection)),
        statement=pattern.statement,
    )


def canonical(message: Message) -> str:
    """Return a message as JSON that is the same for the same message."""
    found = MessageToDict(message)
    return json.dumps(found, sort_keys=True, separators=(",", ":"), allow_nan=False)


_LEVELS = ("vertical", "label", "page_section")
_OPTIONAL = frozenset(
    ("estimate", "lower_bound", "interval_low", "interval_high", "relative", "e_value", "p_value")
)


def _lift_message(lift: Lift) -> LiftMessage:
    values: dict[str, Any] = {**asdict(lift), "method": lift.method.value}
    return LiftMessage(**values)


def _lift(found: LiftMessage) -> Lift:
    values: dict[str, Any] = {
        item.name: getattr(found, item.name)
        for item in fields(Lift)
        if item.name not in _OPTIONAL or found.HasField(item.name)
    }
    return Lift(**{**values, "method": LiftMethod(found.method)})


def _timestamp(us: int | None) -> Timestamp | None:
    if us is None:
        return None
    moment = Timestamp()
    moment.FromMicroseconds(us)
    return moment


def _optional_us(found: ProvenPattern, name: str) -> int | None:
    if not found.HasField(name):
        return None
    return getattr(found, name).ToMicroseconds()
