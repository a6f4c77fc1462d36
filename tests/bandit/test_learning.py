"""Learning: from counts to posteriors, of each tenant by itself or of several together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bandit.lessons import (
    ARMS,
    DAY,
    HALF_LIFE_US,
    HOUR,
    MINUTE,
    SECOND,
    START_US,
    WINDOW_US,
    cell,
    delays_of,
    faded,
    frame,
    learnt,
    lesson,
    tallies,
    taught,
    wider,
)
from eitp_server.bandit.delay import LEAST_CONVERSIONS, seen_share
from eitp_server.bandit.learning import Terms, learn
from eitp_server.bandit.lines import encode
from eitp_server.bandit.policy_table import MOST_SETS, Exploration, Goal, PolicyTable
from eitp_server.bandit.scope import LEAST_TENANTS, Scopes, scope_priors
from eitp_server.bandit.selection import best_probabilities, top_two, with_floor
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from bandit.lessons import Key
    from eitp_server.bandit.decision import Cell
    from eitp_server.bandit.policy_table import CellPolicy, Shape
    from eitp_server.bandit.tally import Tallies

FAMILIES = {"comparison": "COMPARISON", "discount": "DISCOUNT"}
SHARING = Terms(arms=FAMILIES, sharing=True)
ALONE = Terms(arms=FAMILIES)


def prior_of(counts: dict[str, tuple[float, float]]) -> dict[str, Shape]:
    """The prior of the only cell that has counts, its siblings being what is wider."""
    won, tried = np.zeros((3, len(counts))), np.zeros((3, len(counts)))
    won[2], tried[2] = np.array(list(counts.values())).T
    nothing = np.zeros(3, np.int64)
    scopes = Scopes(
        vertical=nothing,
        emotion=np.array([0, 5, 5]),
        page_section=np.array([0, 0, 9]),
        tenant=nothing,
    )
    prior = scope_priors(won, tried, scopes, sharing=np.array([False]))
    alpha, beta = prior.strength * prior.mean, prior.strength * (1.0 - prior.mean)
    return {arm: (alpha[2, i], beta[2, i]) for i, arm in enumerate(counts)}


def shape(found: dict[Cell, CellPolicy], arm: str, of: Cell | None = None) -> Shape:
    return found[of or cell()].shapes[arm]


def test_three_events_give_the_posterior_that_one_counts_by_hand() -> None:
    kept = tallies()
    kept.book(cell(), "comparison", START_US)
    kept.book(cell(), "comparison", START_US + SECOND)
    kept.credit(cell(), "comparison", decided_us=START_US, delay_us=HOUR)
    closed_us = START_US + WINDOW_US + MINUTE
    kept.mature(closed_us)
    found = taught(learn(lesson(kept.frame(), now_us=closed_us)))
    faded = 2.0 ** (-(WINDOW_US + MINUTE) / HALF_LIFE_US)
    counts = {"": (0.0, 0.0), "comparison": (faded, 2.0 * faded)}
    for arm, (alpha, beta) in prior_of(counts).items():
        won, tried = counts[arm]
        assert shape(found, arm) == pytest.approx((alpha + won, beta + tried - won), rel=1e-5)
    (alpha, beta), before = shape(found, "comparison"), prior_of(counts)["comparison"]
    assert alpha - before[0] == pytest.approx(0.95, abs=0.01)
    assert beta - before[1] == pytest.approx(0.95, abs=0.01)


def open_decisions(*, won: int, lost: int, age_us: int, histories: int = 0) -> Tallies:
    """So many decisions of one age, after `histories` successes, one in ten, that have matured.

    All successes of the past came an hour after the decision.
    """
    kept, now_us = tallies(), START_US
    for number in range(histories):
        at_us = now_us - WINDOW_US - HOUR + number
        for _ in range(10):
            kept.book(cell(label=9), "comparison", at_us)
        kept.credit(cell(label=9), "comparison", decided_us=at_us, delay_us=HOUR)
    kept.mature(now_us)
    for number in range(won + lost):
        at_us = now_us - age_us
        kept.book(cell(), "discount", at_us)
        if number < won:
            kept.credit(cell(), "discount", decided_us=at_us, delay_us=min(HOUR, age_us))
    return kept


def of_discount(kept: Tallies, now_us: int = START_US) -> Shape:
    asked = {cell(): [("", "discount")]}
    return shape(taught(learn(lesson(kept.frame(), asked=asked, now_us=now_us))), "discount")


def test_a_pending_decision_is_neither_success_nor_failure() -> None:
    nothing = of_discount(open_decisions(won=0, lost=0, age_us=HOUR))
    for won, lost in ((0, 30), (5, 25), (30, 0)):
        kept = open_decisions(won=won, lost=lost, age_us=HOUR)
        assert of_discount(kept) == nothing


def test_a_pending_decision_counts_once_its_window_has_closed() -> None:
    nothing = of_discount(open_decisions(won=0, lost=0, age_us=HOUR))
    kept = open_decisions(won=5, lost=25, age_us=HOUR)
    kept.mature(START_US + WINDOW_US)
    alpha, beta = of_discount(kept, START_US + WINDOW_US)
    assert alpha > nothing[0]
    assert beta > nothing[1] + 20.0


@pytest.mark.parametrize("age_us", [MINUTE, HOUR // 2, HOUR, 2 * HOUR, DAY - HOUR])
def test_with_a_curve_of_delays_a_pending_decision_counts_tau_trials(age_us: int) -> None:
    kept = open_decisions(won=4, lost=26, age_us=age_us, histories=LEAST_CONVERSIONS)
    curve = delays_of(kept.frame())["shop"].curve(now_s=START_US / SECOND)
    assert curve is not None
    (tau,) = seen_share(curve, np.array([age_us / SECOND]), WINDOW_US / SECOND)
    assert age_us < 2 * HOUR or tau == 1.0
    assert age_us > HOUR // 2 or tau < 0.6
    history = faded(kept.frame())[cell(label=9), "comparison"]
    matured = {
        (cell(label=9), "comparison"): history.read(
            now=START_US / SECOND, half_life=HALF_LIFE_US / SECOND
        ),
        (cell(), "discount"): (4.0, 30.0 * tau),
    }
    assert of_discount(kept) == pytest.approx(shape(learnt(matured), "discount"), rel=1e-5)
    assert of_discount(kept) != pytest.approx(
        shape(learnt({**matured, (cell(), "discount"): (4.0, 30.0 * tau + 1.0)}), "discount"),
        rel=1e-5,
    )


def test_too_few_conversions_make_no_curve() -> None:
    kept = open_decisions(won=4, lost=26, age_us=2 * HOUR, histories=LEAST_CONVERSIONS - 1)
    less = open_decisions(won=0, lost=0, age_us=2 * HOUR, histories=LEAST_CONVERSIONS - 1)
    assert of_discount(kept) == of_discount(less)


def test_nothing_is_sent_when_nothing_has_changed_noticeably() -> None:
    counts: dict[Key, tuple[float, float]] = {
        (cell(label=label), arm): (20.0, 400.0) for label in (4, 5) for arm in ARMS
    }
    table = PolicyTable()
    first = learn(lesson(frame(counts), table))
    assert first is not None
    table.install(first)
    assert learn(lesson(frame(counts), table)) is None
    assert learn(lesson(frame(dict.fromkeys(counts, (20.004, 400.0))), table)) is None
    assert learn(lesson(frame({}), PolicyTable())) is None


def test_only_cells_that_changed_noticeably_are_sent() -> None:
    counts: dict[Key, tuple[float, float]] = {
        (cell(label=label, section=section), arm): (2_000.0, 40_000.0)
        for label in range(3, 9)
        for section in range(1, 9)
        for arm in ARMS
    }
    table = PolicyTable()
    first = learn(lesson(frame(counts), table))
    assert first is not None
    table.install(first)
    changed = {**counts, (cell(), "discount"): (2_100.0, 40_000.0)}
    second = learn(lesson(frame(changed), table))
    assert second is not None
    assert cell().as_row() in [row[0] for row in second["cells"]]
    assert len(second["cells"]) < len(first["cells"]) / 4
    assert len(json.dumps(second)) < len(json.dumps(first)) / 4
    assert len(json.dumps(first)) / len(first["cells"]) < 250


def test_a_set_that_is_asked_for_is_sent_although_the_counts_are_the_same() -> None:
    counts: dict[Key, tuple[float, float]] = {(cell(), arm): (20.0, 400.0) for arm in ARMS}
    table = PolicyTable()
    table.install(learn(lesson(frame(counts), table)) or {})
    computed = table.snapshot(cell(), ARMS)
    second = learn(lesson(frame(counts), table))
    assert second is not None
    assert [row[0] for row in second["cells"]] == [cell().as_row()]
    table.install(second)
    assert table.known()[cell()].choices.keys() == {ARMS}
    assert table.snapshot(cell(), ARMS).probabilities == computed.probabilities
    assert table.snapshot(cell(), ARMS).snapshot_id == second["snapshot_id"]


def test_no_cell_keeps_more_sets_than_are_asked_for_at_most() -> None:
    sets = [("", f"arm-{index:03}") for index in range(MOST_SETS)]
    terms = {"shop": Terms(arms=dict.fromkeys((arms[1] for arms in sets), ""))}
    counts: dict[Key, tuple[float, float]] = {(cell(), "arm-000"): (20.0, 400.0)}
    table = PolicyTable()
    for asked in (sets, [("", f"new-{index:03}") for index in range(9)]):
        wanted = {cell(): asked}
        table.install(learn(lesson(frame(counts), table, asked=wanted, terms=terms)) or {})
        assert len(table.known()[cell()].choices) == MOST_SETS
        assert table.known()[cell()].choices.keys() >= set(asked)


def test_documents_tell_what_the_policy_would_compute_from_their_posteriors() -> None:
    counts = uneven("shop", 6, seed=3)
    asked = {place: [ARMS, ARMS[:2]] for place in {key[0] for key in counts}}
    found = learnt(counts, asked=asked)
    bare = PolicyTable()
    for place, policy in found.items():
        bare.install(row_of(place, policy))
    for place, sets in asked.items():
        for arms in sets:
            told = found[place].choices[arms]
            assert bare.snapshot(place, arms).probabilities == pytest.approx(told, abs=1e-11)


def row_of(place: Cell, policy: CellPolicy) -> dict[str, Any]:
    return {
        "snapshot_id": "snp_x",
        "exploration": [],
        "cells": [[place.as_row(), encode(["snp_x", place.as_row(), policy.shapes, []])]],
    }


def uneven(tenant_id: str, cells: int, *, seed: int) -> dict[Key, tuple[float, float]]:
    """Counts of a tenant whose arms and cells differ."""
    chance = np.random.default_rng(seed)
    counts: dict[Key, tuple[float, float]] = {}
    for number in range(cells):
        for arm, rate in zip(ARMS, (0.03, 0.05, 0.08), strict=True):
            tried = int(chance.integers(20, 400))
            won = float(chance.binomial(tried, rate))
            counts[cell(tenant_id, label=3 + number % 4, section=number // 4), arm] = won, tried
    return counts


def test_a_tenants_goal_and_floor_make_the_probabilities_of_its_cells() -> None:
    counts = {**uneven("shop", 4, seed=1), **uneven("rival", 4, seed=1)}
    wish = Exploration(floor=0.02, goal=Goal.FIND_BEST)
    asked = {place: [ARMS] for place in {key[0] for key in counts}}
    found = learnt(counts, asked=asked, terms={"shop": Terms(arms=FAMILIES, exploration=wish)})
    for place in asked:
        alpha, beta = np.array([found[place].shapes[arm] for arm in ARMS]).T
        best = best_probabilities(alpha, beta)
        finding = place.tenant_id == "shop"
        wanted = with_floor(top_two(best), 0.02) if finding else with_floor(best, 0.05)
        told = found[place].choices[ARMS]
        assert told == pytest.approx(tuple(wanted.tolist()), abs=1e-11)
        assert sum(told) == pytest.approx(1.0, abs=1e-9)


def test_other_terms_are_in_force_for_every_cell_of_the_tenant_at_once() -> None:
    counts = {**uneven("shop", 4, seed=1), **uneven("rival", 4, seed=1)}
    table = PolicyTable()
    table.install(learn(lesson(frame(counts), table)) or {})
    wish = Exploration(floor=0.02, goal=Goal.FIND_BEST)
    changed = learn(lesson(frame(counts), table, terms={"shop": Terms(exploration=wish)}))
    assert changed is not None
    assert {row[0][0] for row in changed["cells"]} == {"shop"}
    assert len(changed["cells"]) == sum(place.tenant_id == "shop" for place in table.known())
    table.install(changed)
    assert table.explorations() == {"shop": wish}
    assert learn(lesson(frame(counts), table, terms={"shop": Terms(exploration=wish)})) is None


def test_a_cell_that_was_never_seen_is_better_known_than_the_prior() -> None:
    found = learnt(uneven("shop", 12, seed=5))
    for place in (wider(), wider(label=4)):
        rates = {arm: alpha / (alpha + beta) for arm, (alpha, beta) in found[place].shapes.items()}
        assert rates["discount"] > rates[""]
        assert rates["discount"] == pytest.approx(0.08, abs=0.03)


def test_arms_of_the_catalogue_that_were_never_tried_have_a_posterior() -> None:
    terms = {"shop": Terms(arms={**FAMILIES, "help-chat": "HELP_CHAT"})}
    found = learnt({(cell(), "discount"): (5.0, 50.0)}, terms=terms)
    assert found[cell()].shapes.keys() == {"", "comparison", "discount", "help-chat"}


@pytest.mark.parametrize("sharing", [False, True])
def test_two_tenants_share_no_statistic_unless_enough_others_do(sharing: bool) -> None:
    terms = {name: Terms(arms=FAMILIES, sharing=sharing) for name in ("shop", "rival")}
    mine = uneven("shop", 6, seed=1)
    one = learnt({**mine, **uneven("rival", 6, seed=2)}, terms=terms)
    other = learnt({**mine, **uneven("rival", 9, seed=3)}, terms=terms)
    assert own(one) == own(other)
    assert own(one, "rival") != own(other, "rival")


def own(found: dict[Cell, CellPolicy], tenant_id: str = "shop") -> dict[Cell, object]:
    """All numbers of one tenant's cells; the identity of the document is that of all tenants."""
    return {
        place: (policy.shapes, policy.choices)
        for place, policy in found.items()
        if place.tenant_id == tenant_id
    }


def crowd(tenants: int, terms: Terms, *, seed: int) -> dict[Cell, CellPolicy]:
    """What is learnt when the shop is one of several tenants, the others being as `seed` says."""
    counts = uneven("shop", 6, seed=1)
    for number in range(tenants - 1):
        counts |= uneven(f"tenant-{number}", 6, seed=seed + number)
    return learnt(counts, terms={place.tenant_id: terms for place, _ in counts})


def test_five_tenants_that_share_learn_from_each_other() -> None:
    assert LEAST_TENANTS == 5
    one, other = (crowd(5, SHARING, seed=seed) for seed in (100, 200))
    assert own(one) != own(other)


@pytest.mark.parametrize(("tenants", "terms"), [(4, SHARING), (5, ALONE), (9, ALONE)])
def test_four_tenants_do_not_nor_do_those_that_keep_to_themselves(
    tenants: int, terms: Terms
) -> None:
    one, other = (crowd(tenants, terms, seed=seed) for seed in (100, 200))
    assert own(one) == own(other)
    assert own(one) == own(crowd(1, terms, seed=100))


def test_a_tenant_that_keeps_to_itself_teaches_nobody() -> None:
    counts = {key: n for i in range(5) for key, n in uneven(f"t-{i}", 6, seed=i).items()}
    terms = dict.fromkeys((f"t-{i}" for i in range(5)), SHARING)
    one, other = (
        learnt({**counts, **uneven("shop", 6, seed=seed)}, terms=terms) for seed in (100, 200)
    )
    for number in range(5):
        assert own(one, f"t-{number}") == own(other, f"t-{number}")
    assert own(one) != own(other)


def test_a_shops_own_invention_is_compared_with_nothing_elsewhere() -> None:
    terms = Terms(arms={"comparison": "COMPARISON", "discount": ""}, sharing=True)
    better: list[float] = []
    for rate in (0.1, 0.9):
        counts = uneven("shop", 6, seed=1)
        for number in range(4):
            others = uneven(f"tenant-{number}", 6, seed=number)
            counts |= {
                k: (rate * n, n) if k[1] == "discount" else (w, n) for k, (w, n) in others.items()
            }
        found = learnt(counts, terms={place.tenant_id: terms for place, _ in counts})
        alpha, beta = found[wider()].shapes["discount"]
        better.append(alpha / (alpha + beta))
    assert better[1] < 2.5 * better[0]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=40))
def test_the_order_in_which_cells_were_first_seen_does_not_matter(
    events: list[tuple[int, int, bool]],
) -> None:
    counts: dict[Key, tuple[float, float]] = {}
    for label, arm, success in events:
        key = cell(label=3 + label), ARMS[arm]
        won, tried = counts.get(key, (0.0, 0.0))
        counts[key] = won + success, tried + 1.0
    mixed = dict(sorted(counts.items(), key=lambda item: (item[0][1], -item[0][0].label)))
    assert learn(lesson(frame(counts))) == learn(lesson(frame(mixed)))


def test_thousands_of_cells_get_the_numbers_of_each_tenant_by_itself() -> None:
    arms = ("", *(f"arm-{index}" for index in range(7)))
    chance = np.random.default_rng(11)
    counts: dict[Key, tuple[float, float]] = {}
    for number in range(2_000):
        place = cell(f"tenant-{number % 20}", label=number // 20 % 12, section=number // 240)
        for arm in arms:
            tried = float(chance.integers(0, 200))
            counts[place, arm] = float(chance.binomial(int(tried), 0.05)), tried
    asked = {place: [arms] for place in {key[0] for key in counts}}
    found = learnt(counts, asked=asked)
    assert sum(arms in policy.choices for policy in found.values()) == 2_000
    for name in ("tenant-0", "tenant-13"):
        few = {key: numbers for key, numbers in counts.items() if key[0].tenant_id == name}
        alone = learnt(few, asked={place: [arms] for place, _ in few})
        assert own(found, name).keys() == own(alone, name).keys()
        for place, policy in alone.items():
            assert found[place].shapes == policy.shapes
            for sets, chances in policy.choices.items():
                assert found[place].choices[sets] == pytest.approx(chances, abs=1e-12)
