"""A shop for the tests of the policy: short ways to make packets, shoppers and definitions."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from eitp_server.bandit.choice import Experiment
from eitp_server.classification.packet import AbstainReason, Context, Label, Packet, Source
from eitp_server.interventions.definition import Definition, InterventionKind
from eitp_server.interventions.eligibility import Limits
from eitp_server.interventions.policy import Policy, Settings, Shopper
from eitp_server.interventions.visit import Visit

START_US = 1_790_000_000_000_000
SECOND = 1_000_000
HOUR = 3_600 * SECOND
SETTINGS = Settings(experiment=Experiment(key=b"a key of this test", holdout_share=0.0))
HELD_OUT = replace(SETTINGS, experiment=replace(SETTINGS.experiment, holdout_share=1.0))
UNLIMITED = replace(SETTINGS, limits=Limits(session_cap=1_000, cool_down_seconds=0.0))


def packet(
    number: int = 1,
    *,
    tenant_id: str = "shop",
    session_id: str = "session",
    label: Label = Label.COMPARISON,
    confidence: float | None = 0.9,
    context: Context | None = None,
) -> Packet:
    return Packet(
        tenant_id=tenant_id,
        session_id=session_id,
        packet_id=f"packet-{session_id}-{number}",
        number=number,
        sequence=number,
        emitted_at_us=START_US,
        window_start_ms=0,
        window_end_ms=10_000,
        mean=(None,) * 7,
        uncertainty=(None,) * 7,
        label=label,
        confidence=confidence,
        abstain_reason=AbstainReason.UNSPECIFIED,
        evidence=(),
        context=context or Context(vertical="automotive", page_type=4, page_section=8),
        source=Source.LOCAL,
        model="",
        estimator_version="test",
        degraded_reason="",
        suppressed=0,
        valid_until_us=START_US + HOUR,
    )


def shopper(
    session_id: str = "session", *, tenant_id: str = "shop", consent: bool = True
) -> Shopper:
    return Shopper(
        session_id=session_id,
        tenant_id=tenant_id,
        visitor_hash=f"visitor-of-{session_id}",
        consent_interventions=consent,
    )


def definition(definition_id: str = "compare", *, tenant_id: str = "shop") -> Definition:
    """A definition that fits every packet of this module and never tires."""
    return Definition(
        definition_id=definition_id,
        tenant_id=tenant_id,
        kind=InterventionKind.COMPARISON,
        title="See them side by side",
        labels=frozenset({Label.COMPARISON}),
        cool_down_seconds=0.0,
        session_cap=1_000,
        time_to_live_seconds=30.0,
    )


def open_shop(settings: Settings = UNLIMITED, *, arms: int = 1) -> Policy:
    """A policy whose tenant 'shop' offers `arms` definitions that always fit, and nothing else."""
    policy = Policy(settings)
    for item in policy.catalogue.definitions("shop"):
        policy.catalogue.delete("shop", item.definition_id)
    for index in range(arms):
        policy.catalogue.create(definition(f"compare-{index}"))
    return policy


def lines(policy: Policy) -> list[str]:
    """What the policy writes down as text: a head, what was learnt, and visits."""
    return policy.dump()["lines"].tobytes().decode().split("\n")


def text(policy: Policy) -> str:
    """The whole state."""
    numbers = {name: array.tolist() for name, array in policy.dump().items() if name != "lines"}
    return "\n".join((*lines(policy), json.dumps(numbers)))


def visits(policy: Policy) -> list[dict[str, Any]]:
    """What the policy remembers of sessions."""
    head, *rest = map(json.loads, lines(policy))
    rows = rest[head["table"] :]
    return [dict(zip(map(attrgetter("name"), fields(Visit)), row, strict=True)) for row in rows]


def reloaded(policy: Policy, settings: Settings) -> Policy:
    copy = Policy(settings)
    copy.load(policy.dump())
    return copy
