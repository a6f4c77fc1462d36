"""Simulated policies: repeatable, honest about errors, and able to tell good rules from bad."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.pseudo_outcome import EffectSums, Side, Unit
from eitp_server.cli import simulate_policy
from eitp_server.cli.lab import app
from eitp_server.lab.simulation import (
    SCENARIOS,
    SimulationError,
    delay,
    pooling,
    promotion,
    simulate,
)
from eitp_server.lab.simulation.table import Bar, Figure, Table, at_least, at_most
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.lab.simulation import Simulation
    from numpy.typing import NDArray
    from typer.testing import Result


def seeds(runs: int, seed: int = 7) -> list[np.random.SeedSequence]:
    return np.random.SeedSequence(seed).spawn(runs)


def short(*names: str, runs: int = 4, length: int = 2_000, **asked: Any) -> Simulation:
    return simulate(names, seed=3, runs=runs, length=length, **asked)


def value(table: Table, rule: str, column: str) -> float:
    figure = table.rows[rule][column]
    assert figure is not None
    return figure.value


@pytest.fixture(scope="module")
def drifting() -> NDArray[np.float64]:
    return promotion.promotions(promotion.TRUTHS["drift"], seeds(20), 32_000)


def test_the_obvious_rule_promotes_what_does_nothing_and_the_recommended_does_not(
    drifting: NDArray[np.float64],
) -> None:
    table = promotion.tabulate("drift", drifting)
    naive = value(table, promotion.NAIVE, "false per arm")
    plain = value(table, promotion.UNWEIGHTED, "false per arm")
    recommended = value(table, promotion.RECOMMENDED, "false per arm")
    assert naive > 0.12
    assert plain > 0.05
    assert recommended < 0.03
    assert [bar.held for bar in table.bars] == [recommended <= 0.025, naive > 0.025]


def test_a_server_with_the_obvious_rule_would_miss_the_bar(drifting: NDArray[np.float64]) -> None:
    place = {rule: number for number, rule in enumerate(promotion.RULES)}
    swapped = drifting.copy()
    swapped[:, place[promotion.RECOMMENDED]] = drifting[:, place[promotion.NAIVE]]
    assert not promotion.tabulate("drift", swapped).bars[0].held


def test_a_stricter_rule_never_promotes_before_a_laxer_one(drifting: NDArray[np.float64]) -> None:
    by_rule = dict(zip(promotion.RULES, drifting.swapaxes(0, 1), strict=True))
    assert (by_rule[promotion.COUNTED] >= by_rule[promotion.AIPW]).all()
    assert (by_rule[promotion.PAIR] >= by_rule[promotion.COUNTED]).all()
    assert (by_rule[promotion.PAIR] >= by_rule[promotion.E_PROCESS]).all()
    assert (by_rule[promotion.RECOMMENDED] >= by_rule[promotion.COUNTED]).all()


def test_an_intervention_that_helps_is_found() -> None:
    found = promotion.promotions(promotion.TRUTHS["lift50"], seeds(8), 40_000)
    table = promotion.tabulate("lift50", found)
    assert value(table, promotion.RECOMMENDED, "power") >= 0.7
    assert value(table, promotion.NAIVE, "median units") < value(
        table, promotion.RECOMMENDED, "median units"
    )


def test_a_median_that_most_runs_never_reach_is_not_given() -> None:
    promoted = np.full((5, len(promotion.RULES), promotion.ARMS), np.inf)
    promoted[:2, :, 0] = 800.0
    table = promotion.tabulate("lift30", promoted)
    assert table.rows[promotion.PAIR]["median units"] is None
    assert value(table, promotion.PAIR, "power") == 0.4


def test_sums_over_counts_are_those_of_units_one_by_one() -> None:
    units = np.array([[3.0, 5.0, 2.0, 1.0, 1.0]])
    won = np.array([[1.0, 2.0, 0.0, 1.0, 0.0]])
    shares = np.array([[0.1, 0.4, 0.2, 0.2, 0.1]])
    flat = np.full((1, 5), 0.05)
    phi, squared = promotion.sum_pseudo_outcomes(units, won, shares, flat)
    sides = [Side.HOLDOUT, Side.ARM, Side.OTHER, Side.OTHER, Side.OTHER]
    singles = [
        EffectSums().fold(
            Unit(
                side=side,
                outcome=float(number < won[0, place]),
                arm_propensity=0.4,
                holdout_share=0.1,
            )
        )
        for place, side in enumerate(sides)
        for number in range(int(units[0, place]))
    ]
    assert phi[0, 0] == pytest.approx(sum(one.phi for one in singles))
    assert squared[0, 0] == pytest.approx(sum(one.squared_phi for one in singles))


def test_pooling_wins_more_than_flat_priors_in_many_cells() -> None:
    earned = pooling.gains(pooling.TRUTHS["pooling-none"], seeds(4), 12_000)
    table = pooling.tabulate("pooling-none", earned)
    main = value(table, pooling.MAIN, "share of gain")
    assert main > value(table, pooling.FLAT, "share of gain") + 0.15
    assert all(0.0 < value(table, policy, "share of gain") < 1.0 for policy in pooling.POLICIES)


def test_pooling_without_pooling_would_miss_the_bar() -> None:
    earned = np.tile([100.0, 200.0, 131.0, 0.0, 0.0, 0.0, 131.0], (3, 1))
    assert [bar.held for bar in pooling.tabulate("pooling", earned).bars] == [False, True]


def test_counting_early_successes_alone_believes_too_much() -> None:
    table = delay.tabulate("delay", delay.beliefs(seeds(10), delay.JUDGED_AT + 1))
    means = {rule: value(table, rule, "mean at minute 60") for rule in delay.RULES}
    assert means[delay.PENDING] < 0.042
    assert means[delay.EARLY] > 0.06
    assert means[delay.CORRECTED] == pytest.approx(0.045, rel=0.15)
    assert [bar.held for bar in table.bars][-1]


def test_a_correction_that_corrects_nothing_would_miss_the_bar() -> None:
    found = delay.beliefs(seeds(2), delay.JUDGED_AT + 1)
    place = {rule: number for number, rule in enumerate(delay.RULES)}
    found[:, place[delay.CORRECTED], delay.JUDGED_AT, 0] = 0.0766
    found[:, place[delay.EARLY], delay.JUDGED_AT, 0] = 0.045
    bars = delay.tabulate("delay", found).bars
    assert not bars[0].held
    assert not bars[-1].held


def test_delays_follow_the_curve_that_they_are_drawn_from() -> None:
    rng = np.random.default_rng(2)
    drawn = delay.delays(rng.random(20_000))
    ages = np.array([2.0, 10.0, 20.0, 30.0])
    seen = (drawn[:, None] <= ages).mean(axis=0)
    np.testing.assert_allclose(seen, delay.TrueDelay().share(60.0 * ages), atol=0.015)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "delay"])
def test_the_same_seed_plays_the_same_runs(name: str) -> None:
    assert short(name).as_json() == short(name).as_json()
    assert short(name, runs=5).tables[0].runs == 5


def test_another_seed_and_another_scenario_play_others() -> None:
    one = simulate(["pooling"], seed=3, runs=2, length=800).as_json()
    other = simulate(["pooling"], seed=4, runs=2, length=800).as_json()
    assert one["scenarios"][0]["rules"] != other["scenarios"][0]["rules"]


def test_a_run_does_not_depend_on_its_company() -> None:
    truth = promotion.TRUTHS["drift"]
    together = promotion.promotions(truth, seeds(5), 4_000)
    np.testing.assert_array_equal(promotion.promotions(truth, seeds(5)[3:], 4_000), together[3:])
    minutes = delay.JUDGED_AT + 1
    beliefs = delay.beliefs(seeds(3), minutes)
    np.testing.assert_allclose(delay.beliefs(seeds(3)[2:], minutes), beliefs[2:], rtol=1e-12)


def test_more_workers_find_the_same() -> None:
    told: list[int] = []
    alone = short("null", "pooling", runs=24, length=800, progress=told.append)
    assert told == [20, 24, 44, 48]
    many = short("null", "pooling", runs=24, length=800, workers=2)
    assert many.as_json() == alone.as_json()


@pytest.mark.parametrize(
    ("name", "asked", "problem"),
    [
        ("nul", {}, "there is no scenario 'nul'; there are null, drift"),
        ("delay", {"length": 60}, "scenario delay takes a length of 61 or more, not 60"),
    ],
)
def test_what_cannot_be_simulated_is_refused(
    name: str, asked: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SimulationError, match=problem):
        simulate([name], seed=1, **asked)


def test_bars_hold_at_their_limits_and_not_beyond() -> None:
    assert at_most("x", 0.02, 0.02).held
    assert not at_most("x", 0.0201, 0.02).held
    assert at_least("x", 0.95, 0.95).held
    assert not at_least("x", 0.949, 0.95).held


def test_an_error_is_the_standard_error_of_the_mean() -> None:
    figure = Figure.of(np.array([0.0, 1.0, 1.0, 0.0]))
    assert figure.value == 0.5
    assert figure.error == pytest.approx(np.sqrt(1.0 / 3.0) / 2.0)
    assert Figure.of(np.array([2.0])).error is None


def run(*options: str) -> Result:
    return CliRunner().invoke(app, ["simulate-policy", "--workers", "1", *options])


def test_the_command_prints_tables_and_draws_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "policy.svg"
    done = run("--scenario", "pooling-none", "--runs", "2", "--plot", str(picture))
    assert done.exit_code == 0, done.output
    assert "EB, main effects" in done.stdout
    assert "<svg" in picture.read_text()


def test_the_command_prints_json_and_refuses_other_scenarios() -> None:
    done = run("--scenario", "pooling-none", "--runs", "2", "--json")
    report = json.loads(done.stdout)
    assert report["held"] is True
    assert report["scenarios"][0]["rules"].keys() == pooling.POLICIES.keys()
    refused = run("--scenario", "everything")
    assert refused.exit_code == 2
    assert "there is no scenario 'everything'" in refused.stderr


@pytest.mark.parametrize(("held", "status"), [(True, 0), (False, simulate_policy.MISSED)])
def test_the_command_ends_with_1_when_a_bar_is_missed(
    monkeypatch: pytest.MonkeyPatch, *, held: bool, status: int
) -> None:
    bar = Bar(demand="share <= 0.1", found=0.2, held=held)
    table = Table(scenario="null", title="A", runs=2, columns=(), rows={}, bars=(bar,))
    scenario = SCENARIOS["null"]
    made = type(scenario)(
        name="null",
        runs=2,
        length=1,
        shortest=1,
        play=lambda _name, own, _length: np.zeros((len(own), 1)),
        tabulate=lambda _name, _found: table,
    )
    monkeypatch.setitem(dict_of_scenarios(), "null", made)
    done = run("--scenario", "null", "--runs", "2")
    assert done.exit_code == status, done.output
    assert ("MISSED: share <= 0.1; it is 0.2" in done.stdout) is not held


def dict_of_scenarios() -> dict[str, Any]:
    assert isinstance(SCENARIOS, dict)
    return SCENARIOS
