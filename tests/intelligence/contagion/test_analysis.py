"""The whole pipeline on streams whose edges are known, with plain tests as the control."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest
from eitp_server.intelligence.contagion.analysis import Analysis, Settings, analyse, analyse_gram
from eitp_server.intelligence.contagion.gram import LagGram
from eitp_server.intelligence.contagion.preparation import Prepared, prepare
from eitp_server.intelligence.contagion.profile import DAY
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from eitp_server.lab.contagion.known import Score, score
from eitp_server.lab.contagion.stream import KnownStream, Scenario, draw
from eitp_server.lab.contagion.trial import control

SETTINGS = Settings()
TWENTY = Scenario(regions=20)
TEN_WITHOUT = Scenario(regions=10, edges=0)


def drawn(scenario: Scenario, seed: int) -> tuple[KnownStream, Prepared]:
    stream = draw(scenario, np.random.default_rng(seed))
    return stream, prepare(stream.values, stream.names, np.arange(scenario.minutes), DAY)


def judged(stream: KnownStream, analysis: Analysis) -> Score:
    found = ((edge.source, edge.target) for edge in analysis.edges)
    return score(found, ((edge.source, edge.target) for edge in stream.edges))


def test_known_edges_are_found_and_few_are_made_up_where_plain_tests_make_up_most() -> None:
    scores: list[Score] = []
    controls: list[Score] = []
    for seed in range(3):
        stream, prepared = drawn(TWENTY, seed)
        scores.append(judged(stream, analyse(prepared, SETTINGS)))
        known = ((edge.source, edge.target) for edge in stream.edges)
        controls.append(score(control(prepared, SETTINGS), known))
    assert fmean(one.false_discovery_rate for one in scores) <= 0.08
    assert fmean(one.recall or 0.0 for one in scores) >= 0.95
    assert fmean(one.false_discovery_rate for one in controls) > 0.5


def test_without_spread_nearly_no_window_has_an_edge() -> None:
    loud = sum(bool(analyse(drawn(TEN_WITHOUT, seed)[1], SETTINGS).edges) for seed in range(8))
    controls = sum(bool(control(drawn(TEN_WITHOUT, seed)[1], SETTINGS)) for seed in range(3))
    assert loud <= 1
    assert controls == 3


def test_strength_and_total_are_near_the_truth() -> None:
    stream, prepared = drawn(TWENTY, 1)
    found = analyse(prepared, SETTINGS)
    true = stream.spread(SETTINGS.horizon)
    place = {name: n for n, name in enumerate(stream.names)}
    known = {(edge.source, edge.target) for edge in stream.edges}
    pairs = [
        (edge.strength, true.shares[place[edge.target], place[edge.source]])
        for edge in found.edges
        if (edge.source, edge.target) in known
    ]
    estimated, expected = np.array(pairs).T
    assert estimated.mean() == pytest.approx(expected.mean(), abs=0.03)
    assert found.totals.lagged == pytest.approx(true.total, abs=0.05)
    assert found.totals.generalized > 3 * true.total
    assert found.totals.corrected == pytest.approx(found.totals.generalized * 20 / 19)
    assert 0.2 < found.totals.common_share < 1
    assert 0.8 < found.totals.companion_radius < 0.999


def test_lag_and_sign_of_an_edge_are_those_that_were_put_in() -> None:
    chance = np.random.default_rng(5)
    values = chance.standard_normal((1_440, 10))
    for t in range(3, 1_440):
        values[t, 1] += 0.5 * values[t - 2, 0]
        values[t, 4] -= 0.5 * values[t - 3, 3]
    names = [f"R{n}" for n in range(10)]
    found = {
        edge.target: edge for edge in analyse(prepare(values, names, _at(1_440)), SETTINGS).edges
    }
    assert set(found) == {"R1", "R4"}
    assert (found["R1"].source, found["R1"].lag, found["R1"].sign) == ("R0", 2, 1)
    assert (found["R4"].source, found["R4"].lag, found["R4"].sign) == ("R3", 3, -1)
    # The share of 0.5^2 in 1 + 0.5^2; a window of a day strays from it by 0.02, 1 of 3 times more.
    assert found["R1"].strength == pytest.approx(0.2, abs=0.06)
    assert found["R1"].q_value < 0.05
    assert found["R1"].p_value <= found["R1"].q_value


def test_the_order_of_the_regions_does_not_matter() -> None:
    _, prepared = drawn(Scenario(regions=10), 3)
    turned = replace(prepared, values=prepared.values[:, ::-1], names=prepared.names[::-1])
    one, other = analyse(prepared, SETTINGS), analyse(turned, SETTINGS)
    assert [(e.source, e.target, e.lag) for e in one.edges] == [
        (e.source, e.target, e.lag) for e in other.edges
    ]
    assert one.totals.lagged == pytest.approx(other.totals.lagged, rel=1e-6)


def test_shards_and_rolling_sums_give_the_analysis_of_the_window() -> None:
    _, prepared = drawn(Scenario(regions=10, minutes=800), 4)
    values, lags = prepared.values, SETTINGS.lags
    shards = LagGram.of(values[:300], lags) + LagGram.of(values[300 - lags :], lags)
    one = analyse(prepared, SETTINGS)
    other = analyse_gram(shards, prepared.names, SETTINGS)
    assert [(e.source, e.target) for e in one.edges] == [(e.source, e.target) for e in other.edges]
    np.testing.assert_allclose(one.spread.shares, other.spread.shares, rtol=1e-7)


def test_the_fit_of_all_pairs_is_a_check_only_with_rows_enough() -> None:
    _, long = drawn(Scenario(regions=10, minutes=400), 1)
    assert analyse(long, SETTINGS).full_fit
    _, short = drawn(Scenario(regions=30, minutes=400), 1)
    found = analyse(short, SETTINGS)
    assert not found.full_fit
    assert found.tests == 30 * 29


def test_more_parameters_than_rows_still_have_edges_and_totals() -> None:
    _, prepared = drawn(Scenario(regions=50, minutes=250), 2)
    found = analyse(prepared, Settings(lags=5))
    assert found.observations == 245 < 50 * 5
    assert 0 <= found.totals.lagged <= 1


@pytest.mark.parametrize("regions", [2, 3, 4, 5])
def test_few_regions_are_exploratory(regions: int) -> None:
    _, prepared = drawn(Scenario(regions=regions, edges=1), 1)
    found = analyse(prepared, SETTINGS)
    assert found.exploratory
    assert found.factors == (regions > 2)


def _at(minutes: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(minutes)


def test_fewer_than_240_minutes_are_refused() -> None:
    values = np.random.default_rng(1).standard_normal((240, 10))
    names = [f"R{n}" for n in range(10)]
    assert analyse(prepare(values, names, _at(240)), SETTINGS).observations == 237
    with pytest.raises(Refused) as refused:
        analyse(prepare(values[1:], names, _at(239)), SETTINGS)
    assert refused.value.reason is Reason.INSUFFICIENT


def test_long_gaps_that_leave_fewer_than_240_minutes_are_refused() -> None:
    values = np.random.default_rng(1).standard_normal((300, 20))
    for n in range(20):
        values[10 * n : 10 * n + 8, n] = np.nan
    with pytest.raises(Refused, match="rows in which all series") as refused:
        analyse(prepare(values, [f"R{n}" for n in range(20)], _at(300)), SETTINGS)
    assert refused.value.reason is Reason.INSUFFICIENT


def test_one_region_is_refused() -> None:
    gram = LagGram.of(np.random.default_rng(1).standard_normal((300, 1)), 3)
    with pytest.raises(Refused) as refused:
        analyse_gram(gram, ("DE",), SETTINGS)
    assert refused.value.reason is Reason.INSUFFICIENT


def test_a_system_that_runs_away_is_refused() -> None:
    values = np.random.default_rng(1).standard_normal((500, 3))
    for t in range(1, 500):
        values[t, 0] += 1.02 * values[t - 1, 0]
    gram = LagGram.of(values, 1)
    with pytest.raises(Refused) as refused:
        analyse_gram(gram, ("DE", "FR", "SE"), Settings(lags=1))
    assert refused.value.reason is Reason.UNSTABLE


def test_the_same_region_twice_is_refused() -> None:
    values = np.random.default_rng(1).standard_normal((500, 3))
    values[:, 2] = 2 * values[:, 0]
    with pytest.raises(Refused, match="DE and SE") as refused:
        analyse(prepare(values, ("DE", "FR", "SE"), _at(500)), SETTINGS)
    assert refused.value.reason is Reason.DUPLICATE
