"""No tenant has more than its share of a shared feed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from eitp_server.volatility.level import level
from eitp_server.volatility.partial import Partial, merged
from eitp_server.volatility.tenant_cap import SHARE, capped
from hypothesis import given
from hypothesis import strategies as st
from volatility.sessions import partial

_TENANT = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 5000)), min_size=1, max_size=8
).map(partial)
_TENANTS = st.lists(_TENANT, min_size=3, max_size=7).map(
    lambda parts: {f"tenant {n}": part for n, part in enumerate(parts)}
)


def shares(by_tenant: dict[str, Partial]) -> list[float]:
    """Return what each tenant has of the weight: the level when it alone has a volatility, of 1."""
    found: list[float] = []
    for marked in by_tenant:
        parts = {
            name: replace(part, weighted=1000 * part.weight if name == marked else 0)
            for name, part in by_tenant.items()
        }
        share = level(capped(parts))
        assert share is not None
        found.append(share.value)
    return found


@given(_TENANTS)
def test_no_tenant_has_more_than_its_share(by_tenant: dict[str, Partial]) -> None:
    found = shares(by_tenant)
    assert max(found) <= float(SHARE) + 1e-12
    assert sum(found) == pytest.approx(1)


@given(_TENANTS)
def test_tenants_below_their_share_are_left_as_they_are(by_tenant: dict[str, Partial]) -> None:
    whole = merged(by_tenant.values())
    if 5 * max(part.weight for part in by_tenant.values()) <= 2 * whole.weight:
        assert capped(by_tenant) == whole
    else:
        assert capped(by_tenant) != whole


@given(_TENANTS)
def test_the_order_of_tenants_does_not_matter(by_tenant: dict[str, Partial]) -> None:
    names = sorted(by_tenant, reverse=True)
    assert capped({name: by_tenant[name] for name in names}) == capped(by_tenant)


def test_one_tenant_with_nearly_all_the_weight_ends_at_its_share() -> None:
    heavy = partial([(200, 3000)] * 500)
    light = partial([(200, 1000)] * 30)
    plain = level(merged([heavy, light, light]))
    found = level(capped({"heavy": heavy, "one": light, "two": light}))
    assert plain is not None
    assert found is not None
    assert found.value == pytest.approx(0.4 * 3 + 0.6 * 1, rel=1e-12)
    assert plain.value > 2.7


def test_two_heavy_tenants_are_both_capped() -> None:
    parts = {
        "a": partial([(100, 4000)] * 50),
        "b": partial([(100, 2000)] * 40),
        "c": partial([(100, 1000)]),
    }
    found = level(capped(parts))
    assert found is not None
    assert found.value == pytest.approx(0.4 * 4 + 0.4 * 2 + 0.2 * 1, rel=1e-12)


def test_too_few_tenants_cannot_share() -> None:
    light = partial([(100, 1000)])
    with pytest.raises(ValueError, match="2 tenants cannot have at most 2/5"):
        capped({"one": light, "two": light, "silent": Partial()})
    assert capped({"one": light, "two": light}, Fraction(1, 2)).weight > 0
