"""What each region does in one minute, for every audience that may be told."""

from __future__ import annotations

from collections import defaultdict
from math import log, nan
from typing import TYPE_CHECKING, Final

import numpy as np

from eitp_server.storage.contagion_value import Minute, Series
from eitp_server.volatility.level import level
from eitp_server.volatility.partial import merged
from eitp_server.volatility.reason import Audience, NoValueReason, unsound
from eitp_server.volatility.tenant_cap import TENANTS, capped

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TypeAlias

    from eitp_server.volatility.cell import Cell
    from eitp_server.volatility.partial import Partial

    ByTenant: TypeAlias = dict[str, list[Partial]]

VOLATILITY: Final = 1
"""`CONTAGION_FEATURE_VOLATILITY`."""


def minute_of(
    cells: Mapping[Cell, Partial], at_us: int, pooling: Collection[str]
) -> dict[Series, Minute]:
    """Return the logarithm of the level of each region at `at_us`, or why it has none.

    A tenant has one series, since it has one vertical; the tenants in `pooling` share one of all
    verticals and one of each, as long as there are three of them. A region that fewer than three
    of them have is not named there, or it would tell where one of them trades. Regions are those
    that sessions carry: a country does not hold its parts, or it would move with them. A level
    enters by the rules by which the index is published, but for those that a base decides.
    """
    return {
        series: _minute(series, regions, at_us)
        for series, regions in _by_region(cells, frozenset(pooling)).items()
        if series.tenant_id or _enough(regions)
    }


def _by_region(
    cells: Mapping[Cell, Partial], pooling: frozenset[str]
) -> dict[Series, dict[str, ByTenant]]:
    found: dict[Series, dict[str, ByTenant]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for cell, part in cells.items():
        if not (cell.region and part.sessions):
            continue
        series = [Series(tenant_id=cell.tenant_id, feature=VOLATILITY)]
        if cell.tenant_id in pooling:
            series.append(Series(feature=VOLATILITY))
            if cell.vertical:
                series.append(Series(vertical=cell.vertical, feature=VOLATILITY))
        for one in series:
            found[one][cell.region][cell.tenant_id].append(part)
    return found


def _enough(regions: Mapping[str, ByTenant]) -> bool:
    return len({tenant_id for tenants in regions.values() for tenant_id in tenants}) >= TENANTS


def _is_of_many(parts: ByTenant) -> bool:
    return sum(any(part.weight > 0 for part in own) for own in parts.values()) >= TENANTS


def _minute(series: Series, regions: Mapping[str, ByTenant], at_us: int) -> Minute:
    audience = Audience.TENANT if series.tenant_id else Audience.SHARED
    names = tuple(
        sorted(name for name, parts in regions.items() if series.tenant_id or _is_of_many(parts))
    )
    found = [_level(regions[name], audience, at_us) for name in names]
    return Minute(
        at_us=at_us,
        regions=names,
        levels=np.array([value for value, _, _ in found], np.float64),
        sessions=np.array([sessions for _, sessions, _ in found], np.int32),
        reasons=np.array([reason for _, _, reason in found], np.uint8),
    )


def _level(parts: ByTenant, audience: Audience, at_us: int) -> tuple[float, int, int]:
    """Return the logarithm of a region's level, its sessions, and the reason why it has none."""
    by_tenant = {tenant_id: merged(own) for tenant_id, own in parts.items()}
    # Too few tenants cannot share the weight, and are refused in any case.
    few = audience is Audience.SHARED and sum(one.weight > 0 for one in by_tenant.values())
    total = (
        capped(by_tenant)
        if audience is Audience.SHARED and few >= TENANTS
        else merged(by_tenant.values())
    )
    reason = unsound(total, by_tenant, audience=audience, at_us=at_us, coverage=1.0)
    found = level(total)
    if reason is None and (found is None or not found.value > 0):
        # Nobody moves: a level of 0 has no logarithm.
        reason = NoValueReason.STALE
    if reason is not None or found is None:
        return nan, total.sessions, int(reason or NoValueReason.STALE)
    return log(found.value), total.sessions, 0
