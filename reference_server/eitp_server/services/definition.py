"""Catalogue entries between their message and their domain form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eitp.v1.intervention_pb2 import Intervention, InterventionDefinition

from eitp_server.services.moment import duration, seconds, timestamp

if TYPE_CHECKING:
    from eitp_server.interventions.definition import Definition
    from eitp_server.storage.log import InterventionRow

_DEFAULT_COOL_DOWN_SECONDS: Final = 900.0
_DEFAULT_CAP: Final = 2
_DEFAULT_TIME_TO_LIVE_SECONDS: Final = 30.0


def definition_message(definition: Definition) -> InterventionDefinition:
    """Return the wire form of a catalogue entry."""
    return InterventionDefinition(
        definition_id=definition.definition_id,
        revision=definition.revision,
        kind=definition.kind.value,  # pyright: ignore[reportArgumentType]
        title=definition.title,
        body=definition.body,
        action_url=definition.action_url,
        offer_id=definition.offer_id,
        labels=sorted(definition.labels),  # pyright: ignore[reportArgumentType]
        min_confidence=definition.min_confidence,
        page_types=sorted(definition.page_types),  # pyright: ignore[reportArgumentType]
        page_sections=sorted(definition.page_sections),  # pyright: ignore[reportArgumentType]
        priority=definition.priority,
        cool_down=duration(definition.cool_down_seconds),
        session_cap=definition.session_cap,
        time_to_live=duration(definition.time_to_live_seconds),
        fact=definition.fact,
        fact_source=definition.fact_source,
        enabled=definition.enabled,
    )


def definition_document(message: InterventionDefinition) -> dict[str, Any]:
    """Return the entry as the log keeps it, defaults filled in."""
    return {
        "definition_id": message.definition_id,
        "revision": message.revision,
        "kind": message.kind,
        "title": message.title,
        "body": message.body,
        "action_url": message.action_url,
        "offer_id": message.offer_id,
        "labels": sorted(message.labels),
        "min_confidence": message.min_confidence,
        "page_types": sorted(message.page_types),
        "page_sections": sorted(message.page_sections),
        "priority": message.priority,
        "cool_down_seconds": seconds(message.cool_down)
        if message.HasField("cool_down")
        else _DEFAULT_COOL_DOWN_SECONDS,
        "session_cap": message.session_cap or _DEFAULT_CAP,
        "time_to_live_seconds": seconds(message.time_to_live)
        if message.HasField("time_to_live")
        else _DEFAULT_TIME_TO_LIVE_SECONDS,
        "fact": message.fact,
        "fact_source": message.fact_source,
        "enabled": message.enabled,
    }


def intervention_message(row: InterventionRow, definition: Definition) -> Intervention:
    """Return the wire form of an intervention with the entry it shows."""
    return Intervention(
        intervention_id=row.intervention_id,
        decision_id=row.decision_id,
        session_id=row.session_id,
        definition=definition_message(definition),
        created_at=timestamp(row.created_at_us),
        expires_at=timestamp(row.expires_at_us),
    )
