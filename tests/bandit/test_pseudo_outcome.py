"""Pseudo-outcomes: the golden vector, no bias under any policy, sums that restart and add up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.pseudo_outcome import EffectSums, Side, Unit, pseudo_outcome
from golden import golden
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

propensities = st.floats(0.01, 0.9)
units = st.builds(
    Unit,
    side=st.sampled_from(Side),
    outcome=st.sampled_from([0.0, 1.0]),
    arm_propensity=propensities,
    holdout_share=st.floats(0.05, 0.5),
)


@pytest.fixture(scope="module")
def vectors(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "bandit")


def folded(rows: list[Unit]) -> EffectSums:
    sums = EffectSums()
    for row in rows:
        sums = sums.fold(row)
    return sums


def contrast(vector: dict[str, Any]) -> NDArray[np.float64]:
    arm, probs = np.array(vector["arm"]), np.array(vector["probs"])
    return pseudo_outcome(
        np.array(vector["y"]),
        in_arm=arm == 1,
        in_holdout=arm == 0,
        arm_propensity=probs[:, 1],
        holdout_share=probs[:, 0],
        arm_regressor=vector["qhat"]["1"],
        holdout_regressor=vector["qhat"]["0"],
    )


def test_pseudo_outcomes_are_those_of_the_vector(vectors: dict[str, Any]) -> None:
    phi = contrast(vectors["aipw"])
    np.testing.assert_allclose(phi, vectors["aipw"]["phi"], rtol=0.0, atol=1e-9)
    assert phi.mean() == pytest.approx(vectors["aipw"]["mean"], rel=0.0, abs=1e-9)
    assert phi.var() == pytest.approx(vectors["aipw"]["var_ddof0"], rel=0.0, abs=1e-9)


def test_effective_sample_size_is_that_of_the_vector(vectors: dict[str, Any]) -> None:
    vector = vectors["aipw"]
    sums = folded(
        [
            Unit(
                side={0: Side.HOLDOUT, 1: Side.ARM}.get(arm, Side.OTHER),
                outcome=y,
                arm_propensity=probs[1],
                holdout_share=probs[0],
            )
            for arm, y, probs in zip(vector["arm"], vector["y"], vector["probs"], strict=True)
        ]
    )
    expected = vectors["ips"]["ess"]
    assert sums.arm.effective_sample_size == pytest.approx(expected, rel=0.0, abs=1e-9)
    assert (sums.units, sums.arm.units, sums.arm.total) == (10, 5, 3)
    assert (sums.holdout.units, sums.holdout.total) == (2, 1)


@given(propensities, st.floats(0.05, 0.5), *[st.floats(0.0, 1.0)] * 4)
def test_the_mean_given_the_past_is_the_effect_whatever_was_guessed(
    share: float, held: float, treated: float, base: float, guess: float, other: float
) -> None:
    taken = (1 - held) * share
    chances = {Side.ARM: taken, Side.HOLDOUT: held, Side.OTHER: 1 - held - taken}
    truth = {Side.ARM: treated, Side.HOLDOUT: base, Side.OTHER: 0.5}
    mean = sum(
        chance
        * (truth[side] if outcome else 1 - truth[side])
        * float(
            pseudo_outcome(
                outcome,
                in_arm=side is Side.ARM,
                in_holdout=side is Side.HOLDOUT,
                arm_propensity=taken,
                holdout_share=held,
                arm_regressor=guess,
                holdout_regressor=other,
            )
        )
        for side, chance in chances.items()
        for outcome in (0, 1)
    )
    assert mean == pytest.approx(treated - base, abs=1e-9)


@given(st.lists(units, max_size=40))
def test_folding_one_by_one_gives_the_sums_of_the_formula(rows: list[Unit]) -> None:
    phi = [
        float(
            pseudo_outcome(
                row.outcome,
                in_arm=row.side is Side.ARM,
                in_holdout=row.side is Side.HOLDOUT,
                arm_propensity=row.arm_propensity,
                holdout_share=row.holdout_share,
                arm_regressor=earlier.arm.regressor,
                holdout_regressor=earlier.holdout.regressor,
            )
        )
        for row, earlier in ((row, folded(rows[:i])) for i, row in enumerate(rows))
    ]
    sums = folded(rows)
    assert sums.units == len(rows)
    assert sums.phi == pytest.approx(sum(phi), rel=1e-12, abs=1e-9)
    assert sums.squared_phi == pytest.approx(sum(x * x for x in phi), rel=1e-12, abs=1e-9)
    if rows:
        assert sums.variance == pytest.approx(np.var(phi), rel=1e-6, abs=1e-6)
        weights = [1 / row.arm_propensity for row in rows if row.side is Side.ARM]
        expected = sum(weights) ** 2 / sum(w * w for w in weights) if weights else 0.0
        assert sums.arm.effective_sample_size == pytest.approx(expected, rel=1e-9)


@given(units, st.lists(units, max_size=5))
def test_a_unit_does_not_shape_the_regressor_it_is_compared_with(
    unit: Unit, earlier: list[Unit]
) -> None:
    before = folded(earlier)
    outcomes = [
        before.fold(
            Unit(
                side=unit.side,
                outcome=outcome,
                arm_propensity=unit.arm_propensity,
                holdout_share=unit.holdout_share,
            )
        ).phi
        - before.phi
        for outcome in (0.0, 1.0, 2.0)
    ]
    assert outcomes[2] - outcomes[1] == pytest.approx(outcomes[1] - outcomes[0], abs=1e-6)


@given(st.lists(units, max_size=20), st.lists(units, max_size=20))
def test_sums_of_two_streams_add_up_to_those_of_both(one: list[Unit], other: list[Unit]) -> None:
    both = folded(one) + folded(other)
    assert both.units == len(one) + len(other)
    assert both.phi == pytest.approx(folded(one).phi + folded(other).phi)
    for side, merged in ((Side.ARM, both.arm), (Side.HOLDOUT, both.holdout)):
        rows = [row for row in one + other if row.side is side]
        assert merged.units == len(rows)
        assert merged.total == sum(row.outcome for row in rows)
    assert folded(one) + EffectSums() == folded(one)
    assert both == folded(other) + folded(one)


@given(st.lists(units, max_size=20), st.lists(units, max_size=20))
def test_a_restart_changes_nothing(before: list[Unit], after: list[Unit]) -> None:
    sums = EffectSums.load(json.loads(json.dumps(folded(before).dump())))
    for row in after:
        sums = sums.fold(row)
    assert sums == folded(before + after)
    assert json.dumps(sums.dump()) == json.dumps(folded(before + after).dump())


@pytest.mark.parametrize(
    ("propensity", "share", "field"),
    [
        (0.0, 0.1, "arm_propensity"),
        (1.1, 0.1, "arm_propensity"),
        (float("nan"), 0.1, "arm_propensity"),
        (0.5, 0.0, "holdout_share"),
        (0.5, 1.0, "holdout_share"),
    ],
)
def test_units_that_say_nothing_about_the_arm_are_refused(
    propensity: float, share: float, field: str
) -> None:
    unit = Unit(side=Side.OTHER, outcome=0.0, arm_propensity=propensity, holdout_share=share)
    with pytest.raises(ValueError, match=field):
        EffectSums().fold(unit)


@pytest.fixture(scope="module")
def chased() -> dict[str, NDArray[Any]]:
    """Logs (500, 4000) of a policy that chases a base rate which drifts; the arm does nothing.

    Share and base rate of the arm rise together, so converted units crowd where the arm is common.
    """
    rng = np.random.default_rng(20_240_524)
    base, share = np.linspace(0.05, 0.4, 4_000), np.linspace(0.1, 0.8, 4_000)
    taken = 0.9 * share
    u = rng.random((500, 4_000))
    return {
        "outcome": (rng.random((500, 4_000)) < base) * 1.0,
        "in_arm": u < taken,
        "in_holdout": u >= 0.9,
        "arm_propensity": taken,
        "holdout_share": np.full(4_000, 0.1),
    }


def test_weighted_means_show_no_effect_where_there_is_none(chased: dict[str, Any]) -> None:
    phi = pseudo_outcome(**chased, arm_regressor=0.2, holdout_regressor=0.2)
    assert abs(phi.mean()) < 4 * phi.std() / np.sqrt(phi.size)


def test_plain_means_show_an_effect_where_there_is_none(chased: dict[str, Any]) -> None:
    arm, holdout = (chased["outcome"][chased[side]] for side in ("in_arm", "in_holdout"))
    error = np.sqrt(arm.var() / arm.size + holdout.var() / holdout.size)
    assert arm.mean() - holdout.mean() > 10 * error
