"""Off-policy evaluation: estimates, errors and alarms over simulated logs with a known truth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.bandit.off_policy import inverse_propensity
from eitp_server.lab.ope.calibration import Calibration
from eitp_server.lab.ope.reward_model import RewardModel
from eitp_server.lab.ope.sheet import Names
from lab.drawn_logs import WORLD, World

if TYPE_CHECKING:
    from lab.drawn_logs import Array

UNBIASED = ("ips", "snips", "dr", "sndr")
LOGS = 300
# Propensities that a careless engineer might write: those of a uniform draw.
UNIFORM = np.full((2, 4), 0.25)


@pytest.fixture(scope="module")
def drawn() -> dict[str, Array]:
    """Return (LOGS, 2) values and errors of each estimator, over logs of one world."""
    found = [WORLD.judged(2000, seed).estimates or {} for seed in range(LOGS)]
    return {
        name: np.array([(one[name].value, one[name].standard_error) for one in found])
        for name in found[0]
    }


def test_unbiased_estimators_find_the_truth_and_their_intervals_cover_it(
    drawn: dict[str, Array],
) -> None:
    for name in UNBIASED:
        value, error = drawn[name].T
        assert abs(value.mean() - WORLD.truth) < 4 * value.std() / LOGS**0.5, name
        covered = (np.abs(value - WORLD.truth) < 1.96 * error).mean()
        # Five standard deviations of a share of 300 around 0.95.
        assert abs(covered - 0.95) < 0.063, name


def test_clipping_is_biased_downwards(drawn: dict[str, Array]) -> None:
    value = drawn["clipped_ips"][:, 0]
    assert value.mean() < WORLD.truth - 4 * value.std() / LOGS**0.5


def test_every_standard_error_is_the_spread_over_logs(drawn: dict[str, Array]) -> None:
    assert len(drawn) == 7
    for name, own in drawn.items():
        value, error = own.T
        assert error.mean() / value.std() == pytest.approx(1.0, abs=0.15), name


def test_the_doubly_robust_estimate_varies_less_than_plain_weighting(
    drawn: dict[str, Array],
) -> None:
    assert drawn["dr"][:, 0].std() < 0.95 * drawn["ips"][:, 0].std()


def test_wrong_propensities_bias_the_estimate_and_the_calibration_notices() -> None:
    covered = noticed = falsely = 0
    for seed in range(40):
        wrong, right = WORLD.judged(2000, seed, UNIFORM), WORLD.judged(2000, seed)
        found = inverse_propensity(wrong.weight, wrong.log.reward)
        covered += found.low < WORLD.truth < found.high
        noticed += wrong.as_json()["calibration"]["ok"] is False
        falsely += right.as_json()["calibration"]["ok"] is not True
    assert (covered, noticed, falsely) == (0, 40, 0)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (WORLD.shown / 2, "sum to 0.5 over position = "),
        (WORLD.shown[:, ::-1], "not chosen as often"),
        # Uniform over all items: the sums are right, and so is the mean of the inverses.
        (UNIFORM, "not chosen as often"),
    ],
)
def test_propensities_that_did_not_draw_the_log_are_noticed(written: Array, words: str) -> None:
    found = WORLD.judged(4000, 1, written)
    assert words in (found.calibration.reason or "")
    assert found.warnings()[0].startswith("calibration: ")


def test_propensities_that_change_from_row_to_row_are_judged_by_their_inverses() -> None:
    log = WORLD.log(4000, 1)
    late = np.arange(len(log)) >= 2000
    for factor, fits in ((1.0, True), (1.6, False)):
        # The second half has other true propensities, or claims to.
        drifting = World(shown=WORLD.shown[:, ::-1], earns=WORLD.earns, policy=WORLD.policy)
        other = drifting.log(4000, 1)
        mixed = replace(
            log,
            item=Names(log.item.values, np.where(late, other.item.code, log.item.code)),
            propensity=np.where(late, factor * other.propensity, log.propensity),
            position=replace(
                log.position, code=np.where(late, other.position.code, log.position.code)
            ),
        )
        found = Calibration.of(mixed).as_json()
        assert (found["propensity_sums"], found["p_value"]) == (None, None)
        assert found["ok"] is fits
        assert found["reason"] is None or "mean of 1 / propensity" in found["reason"]


def test_items_that_hardly_ever_come_raise_no_false_alarm() -> None:
    shown = np.array([[0.9, 0.1 - 2e-4, 1e-4, 1e-4]])
    rare = World(shown=shown, earns=np.full((1, 4), 0.1), policy=shown)
    verdicts = [Calibration.of(rare.log(2000, seed)).as_json()["ok"] for seed in range(100)]
    assert verdicts.count(True) >= 99


def test_a_log_of_few_rows_is_not_judged() -> None:
    assert Calibration.of(WORLD.log(100, 1)).as_json()["ok"] is None


def test_no_row_is_foretold_by_itself_and_all_others_pull_as_they_should() -> None:
    log, policy = WORLD.log(60, 3), WORLD.wanted()
    model = RewardModel.fit(log, policy, seed=2)
    corrected = np.random.default_rng(4).random(60)

    def total(of: RewardModel) -> float:
        return float((of.predictions.expected - corrected * of.predictions.shown).sum())

    pull = model.pull(corrected)
    for row in range(60):
        raised = replace(log, reward=log.reward + np.eye(60)[row])
        again = RewardModel.fit(raised, policy, seed=2)
        assert again.predictions.shown[row] == model.predictions.shown[row]
        assert total(again) - total(model) == pytest.approx(pull[row], abs=1e-9)


def test_the_model_shrinks_a_cell_to_its_item_and_an_unknown_item_to_all() -> None:
    log = WORLD.log(200, 3)
    log = replace(log, reward=np.full(200, 0.7))
    policy = replace(
        WORLD.wanted(), items=("0", "1", "2", "3", "new"), probability=np.full((2, 5), 0.2)
    )
    found = RewardModel.fit(log, policy, seed=1).predictions
    np.testing.assert_allclose(found.shown, 0.7, rtol=1e-12)
    np.testing.assert_allclose(found.expected, 0.7, rtol=1e-12)
