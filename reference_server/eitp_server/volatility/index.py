"""One tick of a feed: from the sums of its sessions to a value, or to the reason for none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eitp_server.volatility.level import level
from eitp_server.volatility.methodology import DRAFT
from eitp_server.volatility.partial import merged
from eitp_server.volatility.privacy import Count, above, banded, below, influence, nearest, step_of
from eitp_server.volatility.reason import IMPRECISE, Audience, NoValueReason, unsound
from eitp_server.volatility.scale import index_of, scaled
from eitp_server.volatility.smoothing import Smoothed, smoothed
from eitp_server.volatility.tenant_cap import TENANTS, capped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.volatility.base import Base
    from eitp_server.volatility.level import Level
    from eitp_server.volatility.methodology import Methodology
    from eitp_server.volatility.partial import Partial
    from eitp_server.volatility.scale import Scaled


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexValue:
    """The numbers of a tick as they are published."""

    index: float
    band_low: float
    band_high: float
    smoothed_index: float
    step: float
    """Smallest difference that is published; 0 in a feed of one tenant."""
    sessions: Count
    low_precision: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexTick:
    """A tick: what is published of it, and what is behind."""

    at_us: int
    base_id: str
    """Empty without a base."""
    coverage: float
    value: IndexValue | None
    reason: NoValueReason | None
    """None exactly when there is a value."""
    fault: NoValueReason | None
    """What speaks against the level itself, whatever it is scaled by."""
    total: Partial
    """The sums behind the level, with the weights of tenants capped in a shared feed."""
    level: Level | None
    """None when nobody counts. For the tenant alone: not rounded."""
    scaled: Scaled | None
    """None without a level or a base. For the tenant alone: not rounded."""
    smoothed: Smoothed | None
    """What the next tick goes on from."""

    @property
    def sound(self) -> bool:
        """Whether the level may enter a base; a feed gets its first base from such levels."""
        return self.fault is None


def index_tick(
    by_tenant: Mapping[str, Partial],
    *,
    at_us: int,
    audience: Audience,
    base: Base | None,
    coverage: float = 1.0,
    before: Smoothed | None = None,
    methodology: Methodology = DRAFT,
) -> IndexTick:
    """Return the tick at `at_us` of a feed over the sessions of `by_tenant`.

    `coverage` is the share of expected servers whose partials are in, `before` the `smoothed` of
    the tick before.
    """
    total = _total(by_tenant, audience)
    found = level(total, methodology)
    against = scaled(found, base, methodology) if found and base else None
    fault = unsound(total, by_tenant, audience=audience, at_us=at_us, coverage=coverage)
    reason = _reason(fault, base, against, audience)
    value = None
    if reason is None:
        assert found is not None
        assert base is not None
        assert against is not None
        before = smoothed(before, against.z, at_us, methodology)
        if audience == Audience.SHARED:
            step = step_of(influence(found, base, methodology))
            value = _rounded(against, before, step, total.sessions)
        else:
            value = _exact(against, before, total.sessions)
    return IndexTick(
        at_us=at_us,
        base_id=base.base_id if base else "",
        coverage=coverage,
        value=value,
        reason=reason,
        fault=fault,
        total=total,
        level=found,
        scaled=against,
        smoothed=before,
    )


def withheld(tick: IndexTick, before: Smoothed | None) -> IndexTick:
    """Return `tick` without its value, which would reveal a sibling's; `before` as given to it."""
    reason = NoValueReason.COMPLEMENTARY if tick.reason is None else tick.reason
    return replace(tick, value=None, reason=reason, smoothed=before)


def _total(by_tenant: Mapping[str, Partial], audience: Audience) -> Partial:
    heavy = sum(part.weight > 0 for part in by_tenant.values())
    if audience == Audience.SHARED and heavy >= TENANTS:
        return capped(by_tenant)
    return merged(by_tenant.values())


def _reason(
    fault: NoValueReason | None, base: Base | None, against: Scaled | None, audience: Audience
) -> NoValueReason | None:
    if base is None:
        return NoValueReason.NO_BASE
    if fault is not None:
        return fault
    imprecise = against is not None and against.imprecision > IMPRECISE
    return NoValueReason.LOW_PRECISION if imprecise and audience == Audience.SHARED else None


def _exact(against: Scaled, smooth: Smoothed, sessions: int) -> IndexValue:
    return IndexValue(
        index=against.index,
        band_low=against.band_low,
        band_high=against.band_high,
        smoothed_index=index_of(smooth.z),
        step=0.0,
        sessions=Count(sessions, sessions),
        low_precision=against.imprecision > IMPRECISE,
    )


def _rounded(against: Scaled, smooth: Smoothed, step: float, sessions: int) -> IndexValue:
    index = nearest(against.index, step)
    return IndexValue(
        index=index,
        band_low=min(below(against.band_low, step), index),
        band_high=max(above(against.band_high, step), index),
        smoothed_index=nearest(index_of(smooth.z), step),
        step=step,
        sessions=banded(sessions),
        low_precision=False,
    )
