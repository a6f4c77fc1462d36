"""A tenant as a value, and the origins its pages may have."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Final

from eitp_server.bandit.policy_table import Goal
from eitp_server.errors import Invalid, Reason, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RULE_BOUNDS = {
    "rage_clicks": (2, 20),
    "rage_gap_ms": (100, 5_000),
    "rage_reach_px": (1, 500),
    "slow_click_ms": (100, 10_000),
    "dead_click_ms": (500, 30_000),
    "quick_back_ms": (500, 60_000),
    "back_mash_ms": (200, 10_000),
}
"""The thresholds that a tenant may set, with the bounds of `eitp.v1.SignalRules`."""

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(:(?P<port>[0-9]{1,5}))?"
)
_USUAL_PORT = {"http": "80", "https": "443"}


GUARDRAIL_METRICS: Final = ("bounce", "dismissal", "complaint")
"""Harms that are watched, as `eitp.v1.GuardrailMetric` names them; nothing reports the others.
Each is a share of visitors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What a tenant decides about learning; fields are those of `eitp.v1.TenantPolicy`."""

    pooling: bool = False
    """It shares what its sessions teach with other tenants that do, and learns from theirs."""
    exploration_floor: float | None = None
    """Least probability of each eligible intervention, 0..0.5; None is the server's default."""
    holdout_share: float | None = None
    """Share of visitors that never get an intervention, 0..0.5; None is the server's default."""
    selection_goal: Goal = Goal.MOST_SUCCESSES
    promotion_margin: float = 0.0
    """Lift that a pattern must exceed to be promoted, in absolute rate, 0..1."""
    guardrails: Mapping[str, float] = field(default_factory=dict[str, float])
    """Harm that is tolerated, by metric, as a difference of shares of visitors, 0..1; the server's
    default where none is named."""

    def held_out(self, usual: float) -> float:
        """Return the share of visitors that is held out, where the server's is `usual`."""
        return usual if self.holdout_share is None else self.holdout_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One shop, and the terms on which it is served."""

    tenant_id: str
    display_name: str
    suspended: bool = False
    revision: int = 1
    vertical: str
    region: str = ""
    holdout_share: float
    consent_policy: str = ""
    allowed_origins: tuple[str, ...] = ()
    """Origins whose pages may use the publishable keys, in the form of `canonical_origin`."""
    policy: str = "{}"
    """JSON of the whole `eitp.v1.TenantPolicy`."""
    limits: str = "{}"
    """JSON of `eitp.v1.TenantLimits`."""
    created_at_us: int

    @property
    def rules(self) -> dict[str, int]:
        """Thresholds of the friction rules that the tenant set, by their names in the schema."""
        return json.loads(self.policy).get("rules", {})

    @property
    def learning(self) -> Learning:
        """What the tenant decided about learning."""
        kept = json.loads(self.policy).get("learning", {})
        goal = Goal(kept.pop("selection_goal", Goal.MOST_SUCCESSES))
        return Learning(selection_goal=goal, **kept)

    def with_learning(self, learning: Learning) -> Tenant:
        """Return the tenant with other terms of learning.

        Raises `Invalid(FIELD_INVALID)` that names each one that is out of range.
        """
        if violations := list(_learning_violations(learning)):
            raise Invalid(
                Reason.FIELD_INVALID,
                "; ".join(f"{found.field}: {found.description}" for found in violations),
                violations=violations,
            )
        policy = {**json.loads(self.policy), "learning": asdict(learning)}
        return replace(self, policy=json.dumps(policy), revision=self.revision + 1)

    def with_rules(self, rules: Mapping[str, int]) -> Tenant:
        """Return the tenant with other thresholds, and the published ones for all others.

        Raises `Invalid(FIELD_INVALID)` that names each one that is none or out of range.
        """
        if violations := list(_rule_violations(rules)):
            raise Invalid(
                Reason.FIELD_INVALID,
                "; ".join(violation.description for violation in violations),
                violations=violations,
            )
        policy = {**json.loads(self.policy), "rules": dict(sorted(rules.items()))}
        return replace(self, policy=json.dumps(policy), revision=self.revision + 1)


def _learning_violations(learning: Learning) -> Iterator[Violation]:
    for name, value, most in (
        ("holdout_share", learning.holdout_share, 0.5),
        ("exploration_floor", learning.exploration_floor, 0.5),
        ("promotion_margin", learning.promotion_margin, 1),
    ):
        if value is not None and not 0 <= value <= most:
            said = f"{value} does not lie between 0 and {most}"
            yield Violation(f"policy.{name}", "range", said)
    for name, tolerated in learning.guardrails.items():
        if name not in GUARDRAIL_METRICS:
            known = ", ".join(GUARDRAIL_METRICS)
            said = f"{name} is no harm that is watched; there are {known}"
            yield Violation(f"policy.guardrails.{name}", "metric", said)
        elif not 0 <= tolerated <= 1:
            said = f"{name} is {tolerated}; as a share of visitors it must lie between 0 and 1"
            yield Violation(f"policy.guardrails.{name}", "range", said)


def _rule_violations(rules: Mapping[str, int]) -> Iterator[Violation]:
    for name, value in rules.items():
        if name not in RULE_BOUNDS:
            known = ", ".join(RULE_BOUNDS)
            yield Violation(f"rules.{name}", "rule", f"{name} is no threshold; there are {known}")
            continue
        low, high = RULE_BOUNDS[name]
        if not low <= value <= high:
            described = f"{name} is {value}; it must lie between {low} and {high}"
            yield Violation(f"rules.{name}", "range", described)


def canonical_origin(origin: str) -> str | None:
    """Return the origin as browsers send it, or None when it is no origin of a page.

    That is scheme, host in lower case, and the port unless it is the usual one of the scheme.
    """
    if not (match := _ORIGIN.fullmatch(origin.lower())):
        return None
    scheme, host, port = match["scheme"], match["host"], match["port"]
    shown = f":{port}" if port and port != _USUAL_PORT[scheme] else ""
    return f"{scheme}://{host}{shown}"


def canonical_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """Return all of `origins` as browsers send them.

    Raises `Invalid(FIELD_INVALID)` that names each one that is none.
    """
    canonical = {origin: canonical_origin(origin) for origin in origins}
    if violations := [
        Violation(
            f"allowed_origins[{index}]",
            "origin",
            f"{origin!r} is no origin; one looks like https://shop.example:8443",
        )
        for index, origin in enumerate(origins)
        if canonical[origin] is None
    ]:
        raise Invalid(Reason.FIELD_INVALID, "Some origins are none.", violations=violations)
    return tuple(kept for kept in canonical.values() if kept)
