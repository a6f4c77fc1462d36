"""Which interventions fit the moment, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from eitp_server.classification.packet import Packet
    from eitp_server.interventions.definition import Definition

MOST_ARMS = 9
"""With 'no intervention' ten: so many can keep a probability of 0.05 each."""
MICROSECONDS = 1_000_000


class Refusal(StrEnum):
    """Why a definition is not eligible; the first that applies, in this order."""

    CONSENT_WITHHELD = "CONSENT_WITHHELD"
    """The shopper did not agree to interventions."""
    SESSION_CAP_REACHED = "SESSION_CAP_REACHED"
    """The session has had as many interventions as any session gets."""
    SESSION_COOLING_DOWN = "SESSION_COOLING_DOWN"
    """The last decision of the session is too recent, and no less urgent."""
    DISABLED = "DISABLED"
    """The tenant switched it off."""
    STOPPED = "STOPPED"
    """It did more harm than the tenant tolerates, and shows the same as then."""
    FACT_MISSING = "FACT_MISSING"
    """It makes a claim without the fact or without the source of the fact."""
    LABEL_DIFFERS = "LABEL_DIFFERS"
    """The packet's label is none of its triggers."""
    CONFIDENCE_TOO_LOW = "CONFIDENCE_TOO_LOW"
    """The packet is not sure enough of its label."""
    PAGE_TYPE_DIFFERS = "PAGE_TYPE_DIFFERS"
    """It belongs on other pages."""
    PAGE_SECTION_DIFFERS = "PAGE_SECTION_DIFFERS"
    """It belongs to other parts of a page."""
    CAP_REACHED = "CAP_REACHED"
    """The session has had it as often as its definition allows."""
    COOLING_DOWN = "COOLING_DOWN"
    """The session had it too recently."""
    OUTRANKED = "OUTRANKED"
    """More definitions are eligible than compete in one decision; others have a higher priority."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """An intervention that a session was given, or would have been given outside the holdout."""

    definition_id: str
    at_us: int


@dataclass(frozen=True, slots=True)
class History:
    """What one session has been through."""

    exposures: Sequence[Exposure] = ()
    last_decision_us: int | None = None
    """When a choice was last made, 'no intervention' included; None when never."""
    last_priority: int = 100
    """Highest priority among the arms of that choice, 0..100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one session may be asked to bear, whatever the definitions say."""

    session_cap: int = 3
    """Most interventions in one session."""
    cool_down_seconds: float = 120.0
    """Least time between two decisions in one session.

    'No intervention' keeps its turn like any other arm: were the next packet allowed to ask
    again, a talkative session would be asked until the answer is an intervention. Only a
    definition of higher priority than all arms of the last decision need not wait: who is stuck
    gets help although a price note came up a moment ago. Priorities can only rise that way, so a
    session is not asked for ever.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """The answer for one packet."""

    arms: tuple[str, ...]
    """Eligible definition ids, ascending; without 'no intervention'."""
    refused: tuple[tuple[str, Refusal], ...]
    """Every other definition id, ascending, and why."""


def assess(
    definitions: Sequence[Definition],
    packet: Packet,
    *,
    consent: bool,
    history: History,
    limits: Limits,
    now_us: int,
    stopped: Container[str] = (),
) -> Eligibility:
    """Return which of `definitions` fit the packet and the session that it is about.

    `stopped` are the identities of those that guardrails stopped. The holdout plays no part: who
    is held out must be eligible at the same moments as all others.
    """
    everything = _session_refusal(consent, history, limits)
    resting = _cooling(history.last_decision_us, limits.cool_down_seconds, now_us)
    verdicts = {
        item.definition_id: everything
        or _rest_refusal(item, history, resting)
        or _refusal(item, packet, history, now_us, stopped)
        for item in definitions
    }
    fitting = [item for item in definitions if verdicts[item.definition_id] is None]
    fitting.sort(key=lambda item: (-item.priority, item.definition_id))
    for item in fitting[MOST_ARMS:]:
        verdicts[item.definition_id] = Refusal.OUTRANKED
    return Eligibility(
        arms=tuple(sorted(item.definition_id for item in fitting[:MOST_ARMS])),
        refused=tuple((name, why) for name, why in sorted(verdicts.items()) if why is not None),
    )


def _session_refusal(consent: bool, history: History, limits: Limits) -> Refusal | None:
    if not consent:
        return Refusal.CONSENT_WITHHELD
    if len(history.exposures) >= limits.session_cap:
        return Refusal.SESSION_CAP_REACHED
    return None


def _rest_refusal(definition: Definition, history: History, resting: bool) -> Refusal | None:
    urgent = definition.priority > history.last_priority
    return Refusal.SESSION_COOLING_DOWN if resting and not urgent else None


def _refusal(
    definition: Definition,
    packet: Packet,
    history: History,
    now_us: int,
    stopped: Container[str],
) -> Refusal | None:
    return (
        _content_refusal(definition, stopped)
        or _moment_refusal(definition, packet)
        or _repetition_refusal(definition, history, now_us)
    )


def _content_refusal(definition: Definition, stopped: Container[str]) -> Refusal | None:
    if not definition.enabled:
        return Refusal.DISABLED
    if definition.definition_id in stopped:
        return Refusal.STOPPED
    if definition.needs_fact and not (definition.fact and definition.fact_source):
        return Refusal.FACT_MISSING
    return None


def _moment_refusal(definition: Definition, packet: Packet) -> Refusal | None:
    if packet.label not in definition.labels:
        return Refusal.LABEL_DIFFERS
    if packet.confidence is None or packet.confidence < definition.min_confidence:
        return Refusal.CONFIDENCE_TOO_LOW
    if definition.page_types and packet.context.page_type not in definition.page_types:
        return Refusal.PAGE_TYPE_DIFFERS
    if definition.page_sections and packet.context.page_section not in definition.page_sections:
        return Refusal.PAGE_SECTION_DIFFERS
    return None


def _repetition_refusal(definition: Definition, history: History, now_us: int) -> Refusal | None:
    times = [
        item.at_us for item in history.exposures if item.definition_id == definition.definition_id
    ]
    if len(times) >= definition.session_cap:
        return Refusal.CAP_REACHED
    if times and _cooling(times[-1], definition.cool_down_seconds, now_us):
        return Refusal.COOLING_DOWN
    return None


def _cooling(last_us: int | None, seconds: float, now_us: int) -> bool:
    return last_us is not None and now_us - last_us < seconds * MICROSECONDS
