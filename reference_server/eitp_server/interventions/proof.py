"""What becomes of patterns: candidates are judged together, and live ones by fresh data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from eitp_server.bandit.e_process import EProcess
from eitp_server.bandit.lift import weighted
from eitp_server.bandit.pattern import DemotionReason, Fresh, Pattern, advance
from eitp_server.bandit.promotion import Candidate, judge
from eitp_server.interventions.proven import Proven
from eitp_server.interventions.statement import statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from eitp_server.bandit.evidence import Evidence
    from eitp_server.bandit.lift import Lift
    from eitp_server.bandit.node import Node
    from eitp_server.interventions.definition import InterventionKind

REMEASURED: Final = 2
"""Growth of what is known since the promotion that is worth a new version.

A version each time that a visitor is counted would change every prompt that holds the table every
hour; this way the number of versions grows with the logarithm of the visitors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That an arm helps in a place, whether or not there is anything to it."""

    tenant_id: str
    scope: Node
    definition_id: str
    epoch: int
    kind: InterventionKind
    known: Proven | None
    """The newest version of the pattern, when it was ever proven."""
    evidence: Evidence
    """Since the last promotion when there was one: nothing is proven twice by the same visitors."""
    is_stopped: bool = False
    tenants: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all claims that are judged together."""

    now_us: int
    margin: float = 0.0
    sample_ratio_alarm: bool = False
    propensity_audit_alarm: bool = False
    outcome_loss_alarm: bool = False

    @property
    def is_invalid(self) -> bool:
        """Whether a check of the experiment raised its alarm."""
        return self.sample_ratio_alarm or self.propensity_audit_alarm or self.outcome_loss_alarm


def review(
    claims: Sequence[Claim],
    known: Mapping[str, Proven],
    terms: Terms,
    *,
    missing: DemotionReason,
    injections: Mapping[str, Lift],
) -> list[Proven]:
    """Return the next version of every pattern that changes.

    `known` are the newest versions by identity; a live one that nobody claims any more is taken
    back for the reason `missing`. `injections` are what giving a pattern does, by identity.
    """
    lifts = [weighted(each.evidence.sums, each.evidence.e_process) for each in claims]
    claimed = {each.known.pattern_id for each in claims if each.known is not None}
    orphans = [item for key, item in known.items() if item.is_live and key not in claimed]
    changed = [
        *(_taken_back(item, missing, terms.now_us) for item in orphans),
        *_followed(zip(claims, lifts, strict=True), terms, injections),
        *_promoted(claims, lifts, terms),
    ]
    return [item.stated(statement(item)) for item in changed]


def _promoted(claims: Sequence[Claim], lifts: Sequence[Lift], terms: Terms) -> Iterator[Proven]:
    # Live ones are judged along: without them the others would pass too easily.
    candidates = [
        Candidate(
            lift=lift,
            over_nothing=_over_nothing(claim),
            days=claim.evidence.days,
            concentration=claim.evidence.concentration(claim.scope),
            sample_ratio_alarm=terms.sample_ratio_alarm,
            propensity_audit_alarm=terms.propensity_audit_alarm,
            outcome_loss_alarm=terms.outcome_loss_alarm,
            guardrail_stop=claim.is_stopped,
        )
        for claim, lift in zip(claims, lifts, strict=True)
    ]
    verdicts = judge(candidates, margin=terms.margin)
    for claim, lift, verdict in zip(claims, lifts, verdicts, strict=True):
        if verdict.promote and not (claim.known and claim.known.is_live):
            yield _proven(claim, lift, terms)


def _proven(claim: Claim, lift: Lift, terms: Terms) -> Proven:
    first, last = claim.evidence.first_decided_at_us, claim.evidence.last_decided_at_us
    assert first is not None
    assert last is not None
    return Proven(
        tenant_id=claim.tenant_id,
        scope=claim.scope,
        definition_id=claim.definition_id,
        epoch=claim.epoch,
        kind=claim.kind,
        life=Pattern(
            version=claim.known.life.version + 1 if claim.known else 1,
            margin=terms.margin,
            promoted_at_us=terms.now_us,
        ),
        promotion=lift,
        first_decided_at_us=first,
        last_decided_at_us=last,
        tenants=claim.tenants,
    )


def _followed(
    claims: Iterable[tuple[Claim, Lift]], terms: Terms, injections: Mapping[str, Lift]
) -> Iterator[Proven]:
    for claim, lift in claims:
        pattern = claim.known
        if pattern is None or not pattern.is_live:
            continue
        seen = claim.evidence.sums.units > 0
        fresh = Fresh(
            lift=lift if seen else None,
            over_nothing=_over_nothing(claim),
            first_decided_at_us=claim.evidence.first_decided_at_us,
            concentration=claim.evidence.concentration(claim.scope),
            guardrail_stop=claim.is_stopped,
            experiment_invalid=terms.is_invalid,
        )
        life = advance(pattern.life, fresh, terms.now_us)
        injection = injections.get(pattern.pattern_id)
        if life is pattern.life:
            if not (_grew(pattern.fresh, fresh.lift) or _grew(pattern.injection, injection)):
                continue
            life = replace(life, version=life.version + 1)
        yield replace(pattern, life=life, fresh=fresh.lift, injection=injection)


def _over_nothing(claim: Claim) -> Lift:
    # Only the bound is asked for: no bets are placed on it.
    return weighted(claim.evidence.over_nothing, EProcess.start())


def _taken_back(pattern: Proven, reason: DemotionReason, now_us: int) -> Proven:
    gone = Fresh(
        definition_changed=reason is DemotionReason.DEFINITION_CHANGED,
        pool_too_small=reason is DemotionReason.POOL_TOO_SMALL,
    )
    return replace(pattern, life=advance(pattern.life, gone, now_us))


def _grew(before: Lift | None, now: Lift | None) -> bool:
    known = before.treated_units + before.holdout_units if before else 0
    return now is not None and now.treated_units + now.holdout_units >= max(REMEASURED * known, 1)
