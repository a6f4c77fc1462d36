"""From a recording to an eligible intervention: clear cases soon, ordinary use hardly ever."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from classification.floor import Seen, eligible, played, said_ms
from eitp.convert import convert
from eitp.recording import Event, Kind, Recording, read
from eitp.recording.synthetic import generate
from eitp.recording.vocabulary import Role, Section
from eitp.v1.page_pb2 import PAGE_SECTION_PRICE
from eitp_server.classification.packet import Label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SEEDS = range(10)
SOON_MS = 3000
HELP = "help-chat"
LONGEST_MS = 10_000
"""How much of a silence between two events is active time."""


def scenario(name: str) -> list[Recording]:
    """Return the scenario as it plays from every seed."""
    return [
        replace(recording, name=f"{recording.name}-{seed}")
        for seed in SEEDS
        for recording in generate(seed)
        if recording.name.endswith(name)
    ]


def burst_ms(recording: Recording) -> float:
    """Return when a third click in a row followed on a button that does not answer."""
    row = 0
    clicks = [e for e in recording.events if e.kind in (Kind.CLICK, Kind.RESPONSE)]
    for before, event in pairwise(clicks):
        repeats = event.kind is before.kind is Kind.CLICK and event.target == before.target
        row = row + 1 if repeats and event.t_ms - before.t_ms <= 1000 else 0
        if row == 2 and event.role is Role.BUTTON:
            return event.t_ms
    raise AssertionError(f"{recording.name} has no burst")


def price_ms(recording: Recording) -> float:
    """Return when the pointer first came to a price."""
    return next(event.t_ms for event in recording.events if event.section is Section.PRICE)


def delays(
    recordings: list[Recording], begins: list[float], arms: set[str], *, early_ms: float = 0
) -> Iterator[float]:
    """Yield for each recording how long it took until one of `arms` was eligible."""
    seen = played(recordings)
    for recording, begin in zip(recordings, begins, strict=True):
        times = (said_ms(p) for p in seen[recording.name].packets if arms & {*eligible(p)})
        yield min((t - begin for t in times if t >= begin - early_ms), default=float("inf"))


@pytest.mark.parametrize("name", ["financing-rage-leaves", "financing-rage-recovers"])
def test_help_is_eligible_within_three_seconds_of_a_burst_on_a_dead_button(name: str) -> None:
    recordings = scenario(name)
    found = list(delays(recordings, [burst_ms(r) for r in recordings], {HELP}))
    assert sum(delay <= SOON_MS for delay in found) >= 0.8 * len(SEEDS)


def test_help_is_eligible_while_a_form_does_not_answer() -> None:
    recordings = scenario("form-struggler")
    begins = [burst_ms(recording) for recording in recordings]
    found = list(delays(recordings, begins, {HELP}, early_ms=15_000))
    assert sum(delay <= SOON_MS for delay in found) >= 0.8 * len(SEEDS)


def test_an_answer_is_eligible_within_seconds_of_lingering_at_the_price() -> None:
    recordings = scenario("price-hesitant")
    found = list(delays(recordings, [price_ms(r) for r in recordings], {"value-highlight"}))
    assert sum(delay <= 2 * SOON_MS for delay in found) >= 0.8 * len(SEEDS)


@pytest.mark.parametrize("name", ["configures", "looks-at-photos", "calm-buyer"])
def test_fast_clicks_on_purpose_and_calm_reading_never_call_for_help(name: str) -> None:
    for seen in played(scenario(name)).values():
        assert not any(HELP in eligible(packet) for packet in seen.packets)


def test_every_label_of_the_bundle_rests_on_evidence_that_it_names() -> None:
    labels: set[Label] = set()
    for seen in played(generate(SEEDS[0])).values():
        for packet in seen.packets:
            if packet.label > Label.NEUTRAL:
                labels.add(packet.label)
                assert any(item.weight > 0 for item in packet.evidence), packet.label
    assert len(labels) >= 6


def gliding(sections: Sequence[Section | None]) -> Recording:
    """Return steady movement of 50 ms per section."""
    events = tuple(
        Event(t_ms=50 * i, kind=Kind.MOVE, x=100 + 5 * i, y=200, section=section)
        for i, section in enumerate(sections)
    )
    return Recording(name="gliding", person="nobody", events=events)


def test_the_section_of_a_packet_is_the_one_that_held_the_pointer_longest() -> None:
    rows = [*[Section.PRICE] * 60, *[Section.REVIEWS] * 50]
    first = played([gliding(rows)])["gliding"].packets[0]
    assert first.context.page_section == PAGE_SECTION_PRICE


def test_the_section_of_a_packet_is_the_current_one_when_none_has_held_the_pointer() -> None:
    rows: list[Section | None] = [*[None] * 100, Section.PRICE]
    first = played([gliding(rows)])["gliding"].packets[0]
    assert first.context.page_section == PAGE_SECTION_PRICE


def test_pointing_and_clicking_at_a_task_calls_for_help_less_than_once_an_hour(
    eitp_data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "stress.csv"
    convert("stress-pointclick", eitp_data / "stress-pointclick", file)
    recordings = list(read(file))
    hours = sum(active_ms(recording) for recording in recordings) / 3_600_000
    assert hours > 0.5
    assert sum(map(asked_for_help, played(recordings).values())) <= hours


def active_ms(recording: Recording) -> float:
    return sum(min(b.t_ms - a.t_ms, LONGEST_MS) for a, b in pairwise(recording.events))


def asked_for_help(seen: Seen) -> int:
    return sum(HELP in decision.arms for decision in seen.decisions)
