"""What the counts of tenants say of verticals that are not among them, and what may be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.intelligence.transfer import (
    Counts,
    Effects,
    Exclusion,
    Tenants,
    between_variance,
    exclusions,
    find,
    find_over_tenants,
    pooled,
    statement,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eitp_server.intelligence.transfer import Finding
    from eitp_server.intelligence.transfer.effect import Vector
    from eitp_server.interventions.transfer_counts import TenantCounts

METHODOLOGY: Final = "transfer-1.0"
LEAST_TENANTS: Final = 5
"""In a shared finding."""
LARGEST_SHARE: Final = 0.25
"""Of the weight that one tenant has in it."""
LEAST_IN_VERTICAL: Final = 3
"""Tenants: what is told of one vertical is a shared number by itself."""
LARGEST_IN_VERTICAL: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One tenant in its vertical."""

    vertical: str
    counts: TenantCounts
    invalid: bool = False
    """A check of its experiment raised the alarm."""
    tenant: int | None = None
    """Which one, where one may be in several verticals; None: it is in this one alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An effect that entered."""

    vertical: str
    effect: float
    variance: float
    counts: TenantCounts | None
    """None where it may not be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A finding with everything that is told of it but its place among others."""

    finding: Finding
    rows: tuple[Row, ...]
    """What the finding rests on: of a shared one an effect per tenant, which is told to nobody."""
    verticals: tuple[Row, ...]
    """One effect per vertical."""
    excluded: tuple[tuple[str, Exclusion], ...]
    """By name."""

    def as_json(self, q_value: float | None) -> dict[str, Any]:
        """Return what is stored of it."""
        return {
            "statement": statement(self.finding),
            "evidence": _evidence(self.finding, q_value),
            "verticals": _verticals(self),
            "excluded": [[name, int(why)] for name, why in self.excluded],
            "effects": [[row.vertical, row.effect, row.variance] for row in self.rows],
        }


def judge_own(sites: Iterable[Site]) -> Judged:
    """Judge by the verticals of one tenant."""
    found = sorted(sites, key=lambda site: site.vertical)
    reasons = [_reason(site) for site in found]
    kept = [site for site, why in zip(found, reasons, strict=True) if why is None]
    effects = _effects(kept)
    rows = tuple(
        Row(vertical=site.vertical, effect=effect, variance=variance, counts=site.counts)
        for site, effect, variance in _zipped(kept, effects)
    )
    return Judged(
        finding=find(effects),
        rows=rows,
        verticals=rows,
        excluded=tuple(
            (site.vertical, why) for site, why in zip(found, reasons, strict=True) if why
        ),
    )


def judge_shared(sites: Sequence[Site]) -> Judged:
    """Judge by the verticals of several tenants, of which none may be told apart.

    A vertical of fewer than LEAST_IN_VERTICAL tenants is in no part of what is returned.
    """
    excluded: dict[str, Exclusion] = {}
    kept: list[Site] = []
    for vertical in sorted({site.vertical for site in sites}):
        own = [site for site in sites if site.vertical == vertical]
        if len(own) < LEAST_IN_VERTICAL:
            # Even its name would tell of a tenant's trade.
            continue
        why = _vertical_reason(own)
        if why is not None:
            excluded[vertical] = why
        else:
            kept += [site for site in own if _reason(site) is None]
    finding, shares, verticals = _over_tenants(kept)
    by_tenant = _by_tenant(kept, shares)
    if kept and (len(by_tenant) < LEAST_TENANTS or max(by_tenant) > LARGEST_SHARE):
        excluded |= {site.vertical: Exclusion.INSUFFICIENT_TENANTS for site in kept}
        kept, finding, verticals = [], find(None), ()
    return Judged(
        finding=finding,
        rows=tuple(
            Row(vertical=site.vertical, effect=effect, variance=variance, counts=None)
            for site, effect, variance in _zipped(kept, _effects(kept))
        ),
        verticals=verticals,
        excluded=tuple(sorted(excluded.items())),
    )


def _reason(site: Site) -> Exclusion | None:
    if site.invalid:
        return Exclusion.EXPERIMENT_INVALID
    counts = site.counts
    if not (counts.treated_units and counts.holdout_units):
        return Exclusion.TOO_FEW_CONVERSIONS
    return exclusions(_columns([site]))[0]


def _vertical_reason(sites: Sequence[Site]) -> Exclusion | None:
    reasons = [_reason(site) for site in sites]
    kept = [site for site, why in zip(sites, reasons, strict=True) if why is None]
    if not kept:
        return min(why for why in reasons if why is not None)
    if len(kept) < LEAST_IN_VERTICAL:
        return Exclusion.INSUFFICIENT_TENANTS
    effects = _effects(kept)
    assert effects is not None
    weights = pooled(effects, between_variance(effects)).weights
    return Exclusion.INSUFFICIENT_TENANTS if weights.max() > LARGEST_IN_VERTICAL else None


def _by_tenant(sites: Sequence[Site], shares: Vector) -> list[float]:
    """Return each tenant's share of the weight, over all of its verticals."""
    found: dict[tuple[bool, int], float] = {}
    for n, (site, share) in enumerate(zip(sites, shares.tolist(), strict=True)):
        key = (True, n) if site.tenant is None else (False, site.tenant)
        found[key] = found.get(key, 0.0) + share
    return list(found.values())


def _over_tenants(sites: Sequence[Site]) -> tuple[Finding, Vector, tuple[Row, ...]]:
    """Return the finding, each tenant's share of its weight (n,), and one effect per vertical."""
    effects = _effects(sites)
    names = list(dict.fromkeys(site.vertical for site in sites))
    if effects is None:
        return find(None), np.zeros(0), ()
    place = np.array([names.index(site.vertical) for site in sites], np.intp)
    if len(names) == 1:
        mean = pooled(effects, between_variance(effects))
        own = Effects(np.array([mean.mean]), np.array([mean.standard_error**2]))
        return find(own), mean.weights, _told(names, own)
    tenants = Tenants(effects, place)
    finding = find_over_tenants(tenants)
    estimate = finding.estimate
    assert estimate is not None
    assert estimate.tenant_tau2 is not None
    within = 1 / (effects.variance + estimate.tenant_tau2)
    shares = estimate.pooled.weights[place] * within / tenants.sums(within)[place]
    return finding, shares, _told(names, estimate.pooled.effects)


def _told(names: Sequence[str], effects: Effects) -> tuple[Row, ...]:
    pairs = zip(names, effects.value.tolist(), effects.variance.tolist(), strict=True)
    return tuple(
        Row(vertical=name, effect=effect, variance=variance, counts=None)
        for name, effect, variance in pairs
    )


def _columns(sites: Sequence[Site]) -> Counts:
    return Counts(
        **{
            name: np.array([getattr(site.counts, name) for site in sites], np.float64)
            for name in (
                "treated_conversions",
                "treated_units",
                "holdout_conversions",
                "holdout_units",
            )
        }
    )


def _effects(sites: Sequence[Site]) -> Effects | None:
    return _columns(sites).log_odds_ratios() if sites else None


def _zipped(sites: Sequence[Site], effects: Effects | None) -> Iterable[tuple[Site, float, float]]:
    if effects is None:
        return ()
    return zip(sites, effects.value.tolist(), effects.variance.tolist(), strict=True)


def _evidence(finding: Finding, q_value: float | None) -> dict[str, Any] | None:
    estimate, new = finding.estimate, finding.predictive
    if estimate is None or new is None:
        return None
    low, high = estimate.pooled.prediction_interval()
    return {
        "verticals": finding.k,
        "mean": estimate.pooled.mean,
        "standard_error": estimate.pooled.modified_knapp_hartung,
        "between_deviation": estimate.pooled.tau2**0.5,
        "between_deviation_low": estimate.tau2_interval[0] ** 0.5,
        "between_deviation_high": estimate.tau2_interval[1] ** 0.5,
        "i_squared": estimate.i_squared,
        "prediction_low": low,
        "prediction_high": high,
        "probability_positive": min(new.positive, 1.0),
        "q_value": q_value,
        "left_out_coverage": finding.left_out and finding.left_out.coverage,
    }


def _verticals(judged: Judged) -> list[dict[str, Any]]:
    finding, rows = judged.finding, judged.verticals
    shrunk = finding.estimate.pooled.shrunk if finding.estimate else np.zeros(0)
    left_out = finding.left_out
    return [
        {
            "vertical": row.vertical,
            "effect": row.effect,
            "variance": row.variance,
            "shrunk_effect": float(shrunk[n]) if finding.predictive else None,
            "left_out_low": float(left_out.low[n]) if left_out else None,
            "left_out_high": float(left_out.high[n]) if left_out else None,
            "counts": row.counts
            and {
                "treated_units": row.counts.treated_units,
                "treated_conversions": row.counts.treated_conversions,
                "holdout_units": row.counts.holdout_units,
                "holdout_conversions": row.counts.holdout_conversions,
            },
        }
        for n, row in enumerate(rows)
    ]
