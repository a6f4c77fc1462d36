"""No tenant may be most of a shared feed: shares of the weight are capped."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Final

from eitp_server.volatility.partial import Partial, merged

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARE: Final = Fraction(2, 5)
"""Largest share of the weight that one tenant has."""
TENANTS: Final = 3
"""Fewest tenants of which none needs more than its share."""


def capped(by_tenant: Mapping[str, Partial], share: Fraction = SHARE) -> Partial:
    """Return the partial of all tenants, with the weights of too heavy ones scaled down.

    Weights are then in another unit, the same for all, so that they stay whole; level, standard
    error, effective sessions and shares do not depend on it. Raises ValueError for fewer tenants
    with weight than can share it.
    """
    parts = {name: one for name, one in sorted(by_tenant.items()) if one.weight}
    factors = _factors([one.weight for one in parts.values()], share)
    unit = lcm(*(factor.denominator for factor in factors))
    scaled = [
        _scaled(part, int(factor * unit))
        for part, factor in zip(parts.values(), factors, strict=True)
    ]
    return merged([*scaled, *(one for one in by_tenant.values() if not one.weight)])


def _factors(weights: list[int], share: Fraction) -> list[Fraction]:
    """Return min(1, share W / weight) with W = sum of min(weight, share W)."""
    if len(weights) * share < 1:
        raise ValueError(f"{len(weights)} tenants cannot have at most {share} of the weight each")
    heaviest = sorted(weights, reverse=True)
    rest = sum(heaviest)
    for number, weight in enumerate(heaviest):
        # With the `number` heaviest capped, the others have the rest of the whole.
        whole = rest / (1 - number * share)
        if weight <= share * whole:
            return [min(Fraction(1), share * whole / weight) for weight in weights]
        rest -= weight
    raise AssertionError("enough tenants always share")


def _scaled(part: Partial, factor: int) -> Partial:
    return Partial(
        sessions=part.sessions,
        weight=factor * part.weight,
        squared_weight=factor**2 * part.squared_weight,
        weighted=factor * part.weighted,
        squared_weight_weighted=factor**2 * part.squared_weight_weighted,
        squared_weighted=factor**2 * part.squared_weighted,
        volatility=part.volatility,
        largest_weight=factor * part.largest_weight,
        newest_us=part.newest_us,
    )
