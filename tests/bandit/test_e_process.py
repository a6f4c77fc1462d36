"""The e-process: the golden vector, its exact expectation, and how often it errs when watched."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.e_process import (
    Batch,
    EProcess,
    is_bet,
    log_growth,
    plug_in_rate,
)
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln, ndtr, xlog1py, xlogy

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.bandit.confidence_sequence import Vector
    from numpy.typing import NDArray

rates = st.floats(0.001, 0.999)
sides = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
batches = st.lists(st.tuples(sides, sides), max_size=12)


def batch(treated: tuple[int, int], holdout: tuple[int, int]) -> Batch:
    return Batch(
        treated_conversions=treated[0],
        treated_units=treated[1],
        holdout_conversions=holdout[0],
        holdout_units=holdout[1],
    )


def played(rows: list[tuple[tuple[int, int], tuple[int, int]]]) -> list[EProcess]:
    states = [EProcess.start()]
    for treated, holdout in rows:
        states.append(states[-1].step(batch(treated, holdout)))
    return states


@pytest.fixture(scope="module")
def vector(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")["eprocess_2x2"]


def test_evidence_is_that_of_the_vector(vector: dict[str, Any]) -> None:
    states = played([(treated, holdout) for holdout, treated in vector["blocks"]])
    found = [float(state.log_e) for state in states[1:]]
    assert found == pytest.approx(vector["log_e"], rel=0.0, abs=1e-9)
    assert states[-1].p_value == pytest.approx(vector["p_anytime"], rel=0.0, abs=1e-9)
    assert states[-1].bets == 4


def mass(units: int, rate: float) -> Vector:
    """The binomial distribution of the conversions, (units + 1,)."""
    k = np.arange(units + 1)
    ways = gammaln(units + 1) - gammaln(k + 1) - gammaln(units - k + 1)
    return np.exp(ways + xlogy(k, rate) + xlog1py(units - k, -rate))


def expectation(
    *, units: tuple[int, int], truth: tuple[float, float], bet: tuple[float, float]
) -> float:
    """The exact mean factor of one batch; each pair is (treated, holdout)."""
    treated, holdout = units
    growth = log_growth(
        Batch(
            treated_conversions=np.arange(treated + 1)[:, None],
            treated_units=treated,
            holdout_conversions=np.arange(holdout + 1),
            holdout_units=holdout,
        ),
        treated_rate=np.asarray(bet[0]),
        holdout_rate=np.asarray(bet[1]),
    )
    return float(mass(treated, truth[0]) @ np.exp(growth) @ mass(holdout, truth[1]))


@given(st.integers(0, 25), st.integers(0, 25), st.tuples(rates, rates), st.tuples(rates, rates))
def test_capital_never_grows_on_average_while_the_treatment_is_no_better(
    treated: int, holdout: int, truth: tuple[float, float], bet: tuple[float, float]
) -> None:
    null = (min(truth), max(truth))
    assert expectation(units=(treated, holdout), truth=null, bet=bet) <= 1 + 1e-9


def test_capital_grows_on_average_when_the_bet_is_true() -> None:
    assert expectation(units=(90, 10), truth=(0.3, 0.1), bet=(0.3, 0.1)) > 1.2


def test_two_batches_that_depend_on_each_other_keep_the_expectation() -> None:
    grid = [(p_t, p_c) for p_c in (0.02, 0.3, 0.9) for p_t in (0.01, 0.02, 0.3, 0.9) if p_t <= p_c]
    for p_t, p_c in grid:
        first_t, first_c, second_t, second_c = np.meshgrid(
            *[np.arange(k + 1) for k in (7, 3, 6, 4)]
        )
        state = EProcess.start(first_t.shape)
        for treated, n, holdout, m in ((first_t, 7, first_c, 3), (second_t, 6, second_c, 4)):
            state = state.step(
                Batch(
                    treated_conversions=treated,
                    treated_units=n,
                    holdout_conversions=holdout,
                    holdout_units=m,
                )
            )
        probability = mass(7, p_t)[first_t] * mass(3, p_c)[first_c]
        probability = probability * mass(6, p_t)[second_t] * mass(4, p_c)[second_c]
        assert (probability * state.e_value).sum() <= 1 + 1e-12


def test_a_rate_from_the_batch_itself_would_break_the_expectation() -> None:
    treated, holdout = np.meshgrid(np.arange(31), np.arange(11), indexing="ij")
    bet = Batch(
        treated_conversions=treated,
        treated_units=30,
        holdout_conversions=holdout,
        holdout_units=10,
    )
    growth = log_growth(
        bet, treated_rate=plug_in_rate(treated, 30), holdout_rate=plug_in_rate(holdout, 10)
    )
    assert mass(30, 0.2) @ np.exp(growth) @ mass(10, 0.2) > 1.05


@given(batches)
def test_p_value_never_rises_and_lies_within_zero_and_one(
    rows: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    p_values = [float(state.p_value) for state in played(rows)]
    assert p_values[0] == 1.0
    assert all(0 <= after <= before for before, after in pairwise(p_values))


@given(batches, batches)
def test_a_restart_between_two_batches_changes_nothing(
    before: list[tuple[tuple[int, int], tuple[int, int]]],
    after: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    straight = played(before + after)[-1]
    state = EProcess.load(json.loads(json.dumps(played(before)[-1].dump())))
    for treated, holdout in after:
        state = state.step(batch(treated, holdout))
    assert json.dumps(state.dump()) == json.dumps(straight.dump())


@given(batches)
def test_replications_side_by_side_give_what_each_gives_alone(
    rows: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    state = EProcess.start((2,))
    for (x, n), (y, m) in rows:
        state = state.step(
            Batch(
                treated_conversions=np.array([x, n]),
                treated_units=np.array([n, n]),
                holdout_conversions=np.array([y, 0]),
                holdout_units=np.array([m, m]),
            )
        )
    alone = played(rows)[-1], played([((n, n), (0, m)) for (_, n), (_, m) in rows])[-1]
    assert state.log_e.tolist() == [float(one.log_e) for one in alone]
    assert state.bets.tolist() == [float(one.bets) for one in alone]


@pytest.mark.parametrize("sides", [((3, 40), (0, 0)), ((0, 0), (3, 40)), ((0, 0), (0, 0))])
def test_a_batch_with_one_side_only_is_no_bet(
    sides: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    known = played([((9, 40), (1, 40))])[-1]
    after = known.step(batch(*sides))
    assert (after.log_e, after.bets) == (known.log_e, known.bets)


def test_no_bet_is_placed_on_a_treatment_that_looks_worse() -> None:
    seen = batch((40, 40), (0, 40))
    worse = {"treated_rate": np.asarray(0.1), "holdout_rate": np.asarray(0.2)}
    assert log_growth(seen, **worse) == is_bet(seen, **worse) == 0.0


def test_overwhelming_evidence_stays_finite() -> None:
    state = played([((4_000, 4_000), (0, 4_000))] * 4)[-1]
    assert state.log_e > 1_000
    assert np.isfinite(state.e_value)


@pytest.fixture(scope="module")
def drifting() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """4,000 experiments of 60 batches without effect: conversions of 360 treated and 40 held out.

    The base rate drifts from 1.5 % to 7.5 %.
    """
    rng = np.random.default_rng(20_240_522)
    base = np.linspace(0.015, 0.075, 60)
    return rng.binomial(360, base, (4_000, 60)), rng.binomial(40, base, (4_000, 60))


def test_evidence_misleads_no_more_often_than_promised_however_often_it_is_looked_at(
    drifting: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    state = EProcess.start((4_000,))
    for treated, holdout in zip(drifting[0].T, drifting[1].T, strict=True):
        state = state.step(
            Batch(
                treated_conversions=treated,
                treated_units=360,
                holdout_conversions=holdout,
                holdout_units=40,
            )
        )
    assert (state.p_value <= 0.05).mean() <= 0.05


def test_ninety_five_percent_chance_to_beat_control_breaks_the_same_promise(
    drifting: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    treated, holdout = (side.cumsum(axis=1) for side in drifting)
    n, m = 360.0 * np.arange(1, 61), 40.0 * np.arange(1, 61)
    p, q = treated / n, holdout / m
    error = np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    chance = np.asarray(ndtr((p - q) / np.maximum(error, 1e-12)), dtype=np.float64)
    assert (chance[:, 2:] > 0.95).any(axis=1).mean() > 0.2
