"""One pattern over all verticals that it was tried in: the numbers, and the verdict on new ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.intelligence.transfer.heterogeneity import (
    Method,
    between_variance,
    h_squared,
    i_squared,
    q_profile,
    weighted_squares,
)
from eitp_server.intelligence.transfer.left_out import LeftOut, leave_one_out
from eitp_server.intelligence.transfer.pooling import Pooled, pooled
from eitp_server.intelligence.transfer.predictive import Predictive, predictive
from eitp_server.intelligence.transfer.tenant import (
    Tenants,
    most_likely_pair,
    predictive_over_tenants,
)
from eitp_server.intelligence.transfer.verdict import LEAST_VERTICALS, Verdict, verdict

if TYPE_CHECKING:
    from eitp_server.intelligence.transfer.effect import Effects


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The random-effects analysis of two or more effects."""

    method: Method
    pooled: Pooled
    tenant_tau2: float | None
    """Variance of true effects between tenants of a vertical; None for one effect per vertical."""
    q: float
    """Cochran's Q."""
    i_squared: float
    h_squared: float
    tau2_interval: tuple[float, float]
    """By the Q-profile, 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What k verticals say of one that is not among them."""

    k: int
    verdict: Verdict
    estimate: Estimate | None
    """None for fewer than two verticals."""
    predictive: Predictive | None
    """None for fewer than three: the verdict is INSUFFICIENT."""
    left_out: LeftOut | None
    """None for fewer than four."""


def find(effects: Effects | None, method: Method = Method.REML) -> Finding:
    """Judge a pattern by its effects, one per vertical; None stands for no vertical at all.

    The verdict does not depend on `method`: it rests on the predictive distribution and on the
    Q-profile of tau2.
    """
    if effects is None or len(effects) < 2:
        return _insufficient(0 if effects is None else 1, None)
    estimate = _estimate(effects, between_variance(effects, method), method)
    if len(effects) < LEAST_VERTICALS:
        return _insufficient(len(effects), estimate)
    return _judged(estimate, predictive(effects), leave_one_out(effects))


def find_over_tenants(tenants: Tenants) -> Finding:
    """Judge a pattern by several effects per vertical, one per tenant, in two or more verticals.

    Given the variance between tenants, by REML together with tau2, the tenants of a vertical make
    one effect, and the analysis is that of `find`; the predictive distribution leaves that variance
    open as well. Nothing is left out: `left_out` is None.
    """
    tau2, tenant_tau2 = most_likely_pair(tenants)
    effects = tenants.collapsed(tenant_tau2)
    estimate = _estimate(effects, tau2, Method.REML, tenant_tau2)
    if len(effects) < LEAST_VERTICALS:
        return _insufficient(len(effects), estimate)
    return _judged(estimate, predictive_over_tenants(tenants), None)


def _estimate(
    effects: Effects, tau2: float, method: Method, tenant_tau2: float | None = None
) -> Estimate:
    return Estimate(
        method=method,
        pooled=pooled(effects, tau2),
        tenant_tau2=tenant_tau2,
        q=weighted_squares(effects),
        i_squared=i_squared(effects, tau2),
        h_squared=h_squared(effects, tau2),
        tau2_interval=q_profile(effects),
    )


def _judged(estimate: Estimate, new: Predictive, left_out: LeftOut | None) -> Finding:
    return Finding(
        k=len(estimate.pooled.effects),
        verdict=verdict(positive=new.positive, tau2_low=estimate.tau2_interval[0]),
        estimate=estimate,
        predictive=new,
        left_out=left_out,
    )


def _insufficient(k: int, estimate: Estimate | None) -> Finding:
    return Finding(
        k=k, verdict=Verdict.INSUFFICIENT, estimate=estimate, predictive=None, left_out=None
    )
