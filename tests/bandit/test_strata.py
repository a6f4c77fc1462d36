"""Bets within strata do not take a difference between strata for an effect."""

from __future__ import annotations

import json

import numpy as np
import pytest
from eitp_server.bandit.e_process import BATCH_UNITS, Batch, EProcess
from eitp_server.bandit.evidence import Evidence
from eitp_server.bandit.lift import weighted
from eitp_server.bandit.pool import PooledEvidence
from eitp_server.bandit.pseudo_outcome import Side, Unit
from eitp_server.bandit.strata import StratifiedEProcess
from hypothesis import given
from hypothesis import strategies as st

BASES = (0.4, 0.1, 0.1, 0.1, 0.1)
LIKED = (0.9, 0.2, 0.2, 0.2, 0.2)
"""How much each shop's policy likes the arm: the one with the best customers most."""


def units(seed: int, count: int, *, gain: float = 0.0) -> list[tuple[str, Unit]]:
    """Return units of five shops in turn, of which a fifth is held out."""
    rng = np.random.default_rng(seed)
    found: list[tuple[str, Unit]] = []
    for index in range(count):
        shop = index % len(BASES)
        held_out = rng.random() < 0.2
        side = Side.HOLDOUT if held_out else Side.OTHER
        if not held_out and rng.random() < LIKED[shop]:
            side = Side.ARM
        rate = BASES[shop] + gain * (side is Side.ARM)
        unit = Unit(
            side=side,
            outcome=float(rng.random() < rate),
            arm_propensity=0.8 * LIKED[shop],
            holdout_share=0.2,
        )
        found.append((str(shop), unit))
    return found


def test_shops_that_differ_pass_for_an_effect_only_where_they_are_mixed() -> None:
    mixed, apart, pooled = Evidence(), StratifiedEProcess(), PooledEvidence()
    for at_us, (shop, unit) in enumerate(units(1, 6_000)):
        mixed.fold(unit, at_us)
        apart.fold(shop, unit)
        assert pooled.offer(shop, unit, at_us)

    assert mixed.e_process.e_value > 1_000
    assert apart.value.e_value < 1
    lift = weighted(pooled.evidence.sums, pooled.evidence.e_process)
    assert lift.e_value == apart.value.e_value
    assert lift.lower_bound is not None
    assert lift.lower_bound < 0


def test_an_effect_in_all_of_them_is_found() -> None:
    apart = StratifiedEProcess()
    for shop, unit in units(2, 6_000, gain=0.1):
        apart.fold(shop, unit)
    assert apart.value.e_value > 100


def test_the_capital_seldom_reaches_twenty_where_nothing_helps() -> None:
    reached = 0
    for seed in range(40):
        apart = StratifiedEProcess()
        for shop, unit in units(100 + seed, 2_400):
            apart.fold(shop, unit)
        reached += bool(apart.value.p_value <= 0.05)
    # One in twenty at most is promised: six or more of forty would happen once in seventy times.
    assert reached <= 5


def test_strata_that_saw_one_side_only_bet_nothing() -> None:
    apart = StratifiedEProcess()
    for index in range(2_000):
        side = Side.ARM if index % 2 else Side.HOLDOUT
        unit = Unit(side=side, outcome=float(index % 2), arm_propensity=0.5, holdout_share=0.5)
        apart.fold(side.name, unit)
    assert apart.value.e_value == 1
    assert apart.value.bets == 0


def test_the_order_of_the_strata_does_not_matter() -> None:
    first, second = StratifiedEProcess(), StratifiedEProcess()
    for shop, unit in units(4, 2_000, gain=0.05):
        first.fold(shop, unit)
        second.fold(str(9 - int(shop)), unit)
    assert first.value.dump() == second.value.dump()
    second.fold("new", units(5, 1)[0][1])


def test_one_stratum_finds_what_the_plain_process_finds() -> None:
    plain, apart = EProcess.start(), StratifiedEProcess()
    found = [unit for _, unit in units(3, 6_000, gain=0.1)]
    for unit in found:
        apart.fold("all", unit)
    for first in range(0, 6_000, BATCH_UNITS):
        batch = found[first : first + BATCH_UNITS]
        treated = [unit.outcome for unit in batch if unit.side is Side.ARM]
        holdout = [unit.outcome for unit in batch if unit.side is Side.HOLDOUT]
        plain = plain.step(
            Batch(
                treated_conversions=sum(treated),
                treated_units=len(treated),
                holdout_conversions=sum(holdout),
                holdout_units=len(holdout),
            )
        )
    assert apart.value.log_e == pytest.approx(plain.log_e, rel=0.25)
    assert apart.value.treated_units == plain.treated_units


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=5), st.integers(0, 500))
def test_a_restart_changes_nothing(strata: list[tuple[str, bool]], count: int) -> None:
    apart = StratifiedEProcess()
    for index in range(count):
        stratum, converted = strata[index % len(strata)] if strata else ("a", False)
        side = Side(index % 3)
        unit = Unit(side=side, outcome=float(converted), arm_propensity=0.5, holdout_share=0.5)
        apart.fold(stratum, unit)
    copy = StratifiedEProcess.load(json.loads(json.dumps(apart.dump())))
    assert copy.dump() == apart.dump()
    for shop, unit in units(6, 900):
        apart.fold(shop, unit)
        copy.fold(shop, unit)
    assert copy.dump() == apart.dump()


def log_capital(seed: int, *, cells: int, gain: float) -> float:
    """The capital after 6,000 units, a tenth held out, in cells of which some convert seldom."""
    rng = np.random.default_rng(seed)
    apart = StratifiedEProcess()
    for index in range(6_000):
        cell = index % cells
        side = Side.HOLDOUT if rng.random() < 0.1 else Side.ARM
        rate = (0.02, 0.08, 0.2)[cell % 3] * (1 + gain * (side is Side.ARM))
        outcome = float(rng.random() < rate)
        apart.fold(
            str(cell), Unit(side=side, outcome=outcome, arm_propensity=0.9, holdout_share=0.1)
        )
    return float(apart.value.log_e)


@pytest.mark.parametrize("cells", [3, 30])
def test_neither_many_cells_nor_cells_that_seldom_convert_hide_an_effect(cells: int) -> None:
    found = [log_capital(seed, cells=cells, gain=1.0) for seed in range(8)]
    assert min(found) > np.log(20)


def test_many_cells_with_few_visitors_each_make_no_effect() -> None:
    reached = sum(log_capital(100 + seed, cells=30, gain=0.0) >= np.log(20) for seed in range(20))
    assert reached <= 4
