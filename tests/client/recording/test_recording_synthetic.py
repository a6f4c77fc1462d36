"""The synthetic hand follows the laws it names, and the bundle is what the code makes."""

from __future__ import annotations

from itertools import pairwise
from math import dist
from random import Random
from statistics import fmean

import pytest
from eitp.recording import SYNTHETIC, Kind, Recording, Role, generate, labels, read
from eitp.recording.motor import (
    Traits,
    draw_traits,
    inside,
    minimum_jerk,
    movement_ms,
    reach,
    reading_ms,
)
from eitp.recording.synthetic import SEED, write_bundle
from hypothesis import given
from hypothesis import strategies as st

TYPICAL = Traits(throughput=4.5, reading_pace=1, hold_ms=90, page_ms=160)


@pytest.fixture(scope="module")
def bundle() -> dict[str, Recording]:
    """The recordings of the bundle by scenario."""
    scenario = {name: values["scenario"] for name, values in labels(SYNTHETIC).items()}
    return {scenario[recording.name]: recording for recording in read(SYNTHETIC)}


def clicks_on(recording: Recording, target: str) -> list[float]:
    """Return the times of the clicks on a target."""
    return [
        event.t_ms
        for event in recording.events
        if event.kind is Kind.CLICK and event.target == target
    ]


def test_the_bundle_can_be_made_again_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    again = tmp_path_factory.mktemp("bundle") / SYNTHETIC.name
    write_bundle(again)
    assert again.read_bytes() == SYNTHETIC.read_bytes()
    beside = "synthetic.labels.csv"
    assert again.with_name(beside).read_bytes() == SYNTHETIC.with_name(beside).read_bytes()


def test_the_bundle_says_in_every_name_that_it_is_synthetic(bundle: dict[str, Recording]) -> None:
    assert len(bundle) == 12
    assert all(recording.name.startswith("synthetic-") for recording in bundle.values())
    assert len({recording.person for recording in bundle.values()}) == 12


def test_the_bundle_is_small_and_its_visits_last_about_a_minute(
    bundle: dict[str, Recording],
) -> None:
    assert SYNTHETIC.stat().st_size <= 600_000
    assert all(40_000 <= recording.events[-1].t_ms <= 90_000 for recording in bundle.values())


def test_the_bundle_has_every_kind_of_event(bundle: dict[str, Recording]) -> None:
    events = [event for recording in bundle.values() for event in recording.events]
    assert {event.kind for event in events} == set(Kind)


def test_every_click_of_the_bundle_is_on_something(bundle: dict[str, Recording]) -> None:
    events = [event for recording in bundle.values() for event in recording.events]
    assert all(event.target for event in events if event.kind is Kind.CLICK)


@pytest.mark.parametrize("scenario", ["financing-rage-leaves", "financing-rage-recovers"])
def test_rage_is_four_quick_clicks_on_a_button_that_never_answers(
    bundle: dict[str, Recording], scenario: str
) -> None:
    recording = bundle[scenario]
    times = clicks_on(recording, "calculate")
    quick = [later - earlier <= 1000 for earlier, later in pairwise(times)]
    assert "111" in "".join(str(int(each)) for each in quick)
    answers = [event.t_ms for event in recording.events if event.kind is Kind.RESPONSE]
    assert not any(times[0] < answer <= times[5] for answer in answers)
    assert any(event.kind is Kind.NO_RESPONSE for event in recording.events)


@pytest.mark.parametrize(
    ("scenario", "target", "role"),
    [("configures", "wheel-size", Role.STEPPER), ("looks-at-photos", "next-photo", Role.PAGER)],
)
def test_quick_clicks_that_are_answered_are_in_the_bundle_too(
    bundle: dict[str, Recording], scenario: str, target: str, role: Role
) -> None:
    recording = bundle[scenario]
    times = clicks_on(recording, target)
    assert sum(later - earlier <= 1000 for earlier, later in pairwise(times)) >= 4
    assert {event.role for event in recording.events if event.target == target} == {role}
    assert not any(event.kind is Kind.NO_RESPONSE for event in recording.events)


def test_hesitation_lingers_over_the_price(bundle: dict[str, Recording]) -> None:
    events = bundle["price-hesitant"].events
    lingers = [
        later.t_ms - earlier.t_ms
        for earlier, later in pairwise(events)
        if earlier.target in {"price", "reserve"}
    ]
    assert sum(linger >= 2_000 for linger in lingers) >= 4


def test_only_the_pointer_moves_the_pointer(bundle: dict[str, Recording]) -> None:
    for recording in bundle.values():
        for before, after in pairwise(recording.events):
            if after.kind is not Kind.MOVE:
                assert (after.x, after.y) == (before.x, before.y)


def test_more_people_leave_the_first_ones_as_they_are() -> None:
    few, many = list(generate(7, people=3)), list(generate(7, people=14))
    assert many[:3] == few
    assert many[12].name == "synthetic-13-calm-buyer"
    assert many[12].events != many[0].events


def test_another_seed_gives_other_recordings() -> None:
    assert next(generate(SEED)) != next(generate(SEED + 1))


def test_minimum_jerk_starts_and_ends_still_and_is_symmetric() -> None:
    steps = [minimum_jerk(number / 100) for number in range(101)]
    assert (steps[0], steps[50], steps[100]) == (0, 0.5, 1)
    assert steps == sorted(steps)
    assert steps[1] < 1e-4
    peak_speed = max(later - earlier for earlier, later in pairwise(steps)) * 100
    assert peak_speed == pytest.approx(1.875, abs=0.002)


def test_fittss_law_adds_the_same_time_for_every_bit() -> None:
    assert movement_ms(0, 40, 4.5) == 150
    times = [movement_ms(40 * (2**bits - 1), 40, 4.5) for bits in range(5)]
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx(
        [1000 / 4.5] * 4
    )


@given(
    seed=st.integers(0, 10_000),
    target=st.tuples(st.integers(0, 1280), st.integers(0, 800)),
    size=st.tuples(st.integers(20, 800), st.integers(20, 400)),
)
def test_a_reach_ends_in_the_target_within_fittss_time(
    seed: int, target: tuple[int, int], size: tuple[int, int]
) -> None:
    start = (640, 400)
    samples = list(reach(Random(seed), start=start, target=target, size=size, traits=TYPICAL))
    assert inside(samples[-1].place, target, size)
    times = [sample.after_ms for sample in samples]
    assert times == sorted(times)
    assert times[-1] <= movement_ms(dist(start, target), min(size), 4.5) + 1e-9
    assert all(later - earlier <= 50 + 1e-9 for earlier, later in pairwise([0, *times]))


def test_long_reaches_scatter_more_than_short_ones() -> None:
    def error_before_correction(distance: float) -> float:
        rng, errors = Random(1), list[float]()
        for _ in range(300):
            target = (distance, 0.0)
            samples = list(reach(rng, start=(0, 0), target=target, size=(30, 30), traits=TYPICAL))
            primary_ms = 0.75 * movement_ms(distance, 30, 4.5)
            end = next(each for each in samples if each.after_ms >= primary_ms - 1e-9)
            errors.append(dist(end.place, target))
        return fmean(errors)

    short, middle, long = (error_before_correction(distance) for distance in (100, 400, 900))
    assert short < middle < long


def test_a_minute_of_reading_is_about_238_words() -> None:
    rng = Random(3)
    assert fmean(reading_ms(rng, 238, TYPICAL) for _ in range(500)) == pytest.approx(
        60_000, rel=0.02
    )


def test_people_differ_within_human_bounds() -> None:
    people = [draw_traits(Random(seed)) for seed in range(200)]
    assert all(3.5 <= person.throughput <= 5.5 for person in people)
    assert len({person.throughput for person in people}) > 150
