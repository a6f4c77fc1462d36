"""The verdict on the hypothesis, over simulated shops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from eitp_server.classification import hypothesis
from eitp_server.classification.finding import caveats, conclusion, statement
from eitp_server.classification.hypothesis import (
    ENOUGH,
    LEAST,
    Baseline,
    Sample,
    Verdict,
    analyse,
    sessions_needed,
)


def shop(
    n: int, *, behaviour: float, page: float = 0.6, rate: float = 0.1, seed: int = 1
) -> Sample:
    """Return n sessions in which page and behaviour matter as much as they are told to.

    The state's score knows both, as the server's does; the page's score knows the page.
    """
    chance = np.random.default_rng(seed)
    of_page, of_behaviour, of_time = chance.normal(size=(3, n))
    odds = np.log((1 - rate) / rate)
    truth = odds + page * of_page + behaviour * of_behaviour
    abandoned = chance.random(n) < 1 / (1 + np.exp(-truth))
    state = odds + page * of_page + 0.6 * of_behaviour
    return Sample(
        state=state,
        page_only=odds + of_page,
        duration_only=odds + of_time,
        risk=1 / (1 + np.exp(-state)),
        abandoned=abandoned,
        treated=np.zeros(n, np.bool_),
        holdout=np.ones(n, np.bool_),
    )


@pytest.mark.parametrize("seed", range(3))
def test_behaviour_that_foretells_is_supported(seed: int) -> None:
    found = analyse(shop(6000, behaviour=0.9, seed=seed))
    assert found.verdict is Verdict.SUPPORTED
    assert found.further_sessions == 0
    assert found.comparison is not None
    assert found.comparison.better is Baseline.PAGE_ONLY
    assert found.comparison.strict.low > 0
    assert statement(found).startswith("Supported: behaviour foretold abandonment better than page")
    assert "does not follow" in conclusion(found)


@pytest.mark.parametrize("seed", range(5))
def test_behaviour_that_is_noise_is_not_supported(seed: int) -> None:
    found = analyse(shop(20_000, behaviour=0.0, seed=seed))
    assert found.verdict is Verdict.NOT_SUPPORTED
    assert statement(found).startswith("Not supported")


def times_fooled() -> int:
    """Return in how many of 60 shops of noise one of ten looks calls the hypothesis supported."""
    fooled = 0
    for seed in range(60):
        whole = shop(4000, behaviour=0.0, page=0.0, rate=0.3, seed=seed)
        looks = (_first(whole, n) for n in range(400, 4001, 400))
        fooled += any(analyse(look).verdict is Verdict.SUPPORTED for look in looks)
    return fooled


def test_noise_is_hardly_ever_supported_in_ten_looks() -> None:
    assert times_fooled() <= 3


def test_lax_bounds_would_let_noise_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hypothesis, "STRICT", 0.5)
    assert times_fooled() > 3


@pytest.mark.parametrize("n", [0, 1, 40, 200])
def test_it_is_too_early_below_fifty_of_each_outcome(n: int) -> None:
    found = analyse(shop(n, behaviour=2.0))
    rarer = min(found.abandoned, found.sessions - found.abandoned)
    assert rarer < ENOUGH
    assert found.verdict is Verdict.TOO_EARLY
    assert found.further_sessions >= ENOUGH - rarer
    assert "Too early" in statement(found)
    assert "Nothing may be concluded" in conclusion(found)


def test_it_is_too_early_while_the_bounds_are_wide() -> None:
    found = analyse(shop(800, behaviour=0.3, seed=4))
    assert found.verdict is Verdict.TOO_EARLY
    assert found.further_sessions > 0
    assert "so far: area under the curve" in statement(found)


def test_the_sessions_asked_for_suffice_four_times_out_of_five() -> None:
    n, level, power = 1000, 2.807, 0.8416
    assert sessions_needed(n, 0.02, 0.05) == pytest.approx(
        n * (0.02 * (level + power) / 0.05) ** 2, rel=1e-3
    )
    found = analyse(shop(1500, behaviour=0.5, seed=2))
    total = found.sessions + found.further_sessions
    supported = [
        analyse(shop(total, behaviour=0.5, seed=seed)).verdict is Verdict.SUPPORTED
        for seed in range(100, 120)
    ]
    assert sum(supported) >= 10


def test_a_smaller_effect_needs_more_sessions() -> None:
    assert sessions_needed(1000, 0.02, LEAST) > sessions_needed(1000, 0.02, 2 * LEAST)


def test_a_baseline_that_points_the_wrong_way_is_turned_round() -> None:
    sample = shop(5000, behaviour=0.0)
    turned = analyse(replace(sample, page_only=-sample.page_only))
    assert turned.comparison is not None
    assert turned.comparison.page_only.value > 0.5
    assert turned.verdict is not Verdict.SUPPORTED


def test_order_of_sessions_does_not_matter() -> None:
    sample = shop(2000, behaviour=0.5)
    order = np.random.default_rng(3).permutation(2000)
    shuffled = Sample(**{k: getattr(sample, k)[order] for k in Sample.__dataclass_fields__})
    found, again = analyse(sample).comparison, analyse(shuffled).comparison
    assert found is not None
    assert again is not None
    assert again.gain.low == pytest.approx(found.gain.low)


def test_only_held_out_sessions_that_nothing_was_sent_to_are_untouched() -> None:
    sample = replace(
        shop(4, behaviour=0.0),
        holdout=np.array([True, True, False, False]),
        treated=np.array([False, True, False, True]),
    )
    assert len(sample.untouched().abandoned) == 1


def test_caveats_say_what_a_reader_must_know() -> None:
    sample = replace(shop(500, behaviour=0.0), holdout=np.zeros(500, np.bool_))
    said = list(
        caveats(
            primary=analyse(sample.untouched()),
            secondary=analyse(sample),
            late=3,
            lost=2,
            models=2,
            cut=True,
        )
    )
    assert any("99.5 % bounds" in each for each in said)
    assert any("holds nobody out" in each for each in said)
    assert any(each.startswith("3 sessions counted as abandoned when") for each in said)
    assert any(each.startswith("2 versions of") for each in said)
    assert any(each.startswith("2 sessions had to be forgotten") for each in said)
    assert all(1 <= len(each) <= 500 for each in said)


def _first(sample: Sample, n: int) -> Sample:
    return Sample(**{k: getattr(sample, k)[:n] for k in Sample.__dataclass_fields__})
