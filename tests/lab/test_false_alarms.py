"""False alarms per active hour: the hours, the figures, and input that says little."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from eitp.recording import SYNTHETIC, Kind, Recording, read, write
from eitp_server.classification.packet import Evidence, Label, Signal
from eitp_server.cli.lab import app
from eitp_server.lab.false_alarms import is_friction, measure
from eitp_server.lab.plant import Act, plant
from eitp_server.lab.playback import Cut, play
from eitp_server.lab.rules import chosen
from eitp_server.lab.survey import Survey, active_ms
from lab.rules_by_hand import at, clicks, recording
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MINUTE = 60_000


def written(folder: Path, *recordings: Recording) -> Path:
    """Write recordings into a directory and return it."""
    write(folder / "visits.csv", recordings)
    return folder


def reported(folder: Path, *options: str) -> dict[str, Any]:
    """Return what the command prints as JSON."""
    run = CliRunner().invoke(app, ["false-alarms", "--recordings", str(folder), "--json", *options])
    assert run.exit_code == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("times", "ms"),
    [((0,), 5_000), ((0, 0, 0), 5_000), ((0, 2_000), 7_000), ((0, 5_000), 10_000),
     ((0, 60_000), 10_000), ((0, 1_000, 60_000), 11_000)],
)  # fmt: skip
def test_somebody_is_active_for_five_seconds_after_every_event(
    times: Sequence[float], ms: float
) -> None:
    assert active_ms(recording(clicks(*times))) == ms


def test_the_report_has_its_keys(tmp_path: Path) -> None:
    report = reported(written(tmp_path, recording(clicks(0, 400, 800, target="buy"))))
    assert {
        *("active_hours", "per_hour", "friction_interventions_per_hour", "counts", "recordings"),
        *("people", "not_applicable", "interval", "sampling_hz", "method"),
    } <= report.keys()
    assert report["active_hours"] == pytest.approx(5.8 / 3600)
    assert report["counts"]["posthog-rage"] == 1
    assert report["per_hour"]["posthog-rage"] == pytest.approx(3600 / 5.8)
    low, high = report["interval"]["posthog-rage"]
    assert low < 3600 / 5.8 < high


def test_what_cannot_be_counted_is_null_and_says_why(tmp_path: Path) -> None:
    report = reported(written(tmp_path, recording(clicks(0, 400, 800))))
    assert report["per_hour"]["posthog-dead"] is None
    assert report["counts"]["posthog-dead"] is None
    assert "answered" in report["not_applicable"]["posthog-dead"]
    assert report["per_hour"]["splunk-rage"] == 0


def test_without_clicks_no_click_rule_is_applicable(tmp_path: Path) -> None:
    moves = [at(50 * n, Kind.MOVE, x=n) for n in range(40)]
    report = reported(written(tmp_path, recording(moves)))
    assert {name for name, rate in report["per_hour"].items() if rate is not None} == {
        "eitp-thrash"
    }
    assert report["friction_interventions_per_hour"] == 0


def test_a_source_of_one_hertz_and_repeated_times_are_no_error(tmp_path: Path) -> None:
    slow = recording([at(1000 * n, Kind.MOVE, x=100 * n) for n in range(20)], "slow")
    same = recording([at(0, Kind.MOVE, x=n) for n in range(20)] + clicks(0, 0, 0, 0), "same")
    report = reported(written(tmp_path, slow, same))
    assert report["sampling_hz"] == pytest.approx(1)
    assert "too slowly" in report["not_applicable"]["eitp-thrash"]
    assert report["counts"]["splunk-rage"] == 1


def test_an_empty_directory_is_refused_with_what_would_be_right(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["false-alarms", "--recordings", str(tmp_path)])
    assert run.exit_code == 2
    assert "has no recordings; put .csv or .parquet files there" in run.stderr


def test_a_rule_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    run = CliRunner().invoke(
        app, ["false-alarms", "--recordings", str(tmp_path), "--rule", "hotjar-rage"]
    )
    assert run.exit_code == 2
    assert "no rule 'hotjar-rage'; there are eitp-rage" in run.stderr


def test_only_the_rules_asked_for_are_counted(tmp_path: Path) -> None:
    folder = written(tmp_path, recording(clicks(0, 100, 200)))
    report = reported(folder, "--rule", "posthog-rage", "--rule", "datadog-rage")
    assert report["per_hour"].keys() == {"posthog-rage", "datadog-rage"}


def test_the_figures_do_not_depend_on_what_is_played_beside(tmp_path: Path) -> None:
    visits = list(read(SYNTHETIC))
    together = play([Cut.of(visit) for visit in visits])
    for visit, played in zip(visits[4:7], together[4:7], strict=True):
        (alone,) = play([Cut.of(visit)])
        assert [at_ms for at_ms, _ in alone.packets] == [at_ms for at_ms, _ in played.packets]
        assert [p.label for _, p in alone.packets] == [p.label for _, p in played.packets]
        assert len(alone.decisions) == len(played.decisions)


@pytest.mark.parametrize(("silence_ms", "sessions"), [(29 * MINUTE, 1), (31 * MINUTE, 2)])
def test_a_long_silence_ends_a_session(silence_ms: float, sessions: int) -> None:
    visit = next(iter(read(SYNTHETIC)))
    later = visit.events[-1].t_ms + silence_ms
    again = tuple(replace(event, t_ms=event.t_ms + later) for event in visit.events)
    (played,) = play([Cut.of(replace(visit, events=visit.events + again))])
    assert played.sessions == sessions


def test_moments_of_friction_are_among_all_moments() -> None:
    found = measure(SYNTHETIC, chosen(()), lambda _: None)
    assert 0 < found.friction_moments <= sum(found.moments.values())
    assert found.friction_moments >= found.moments.get("FRUSTRATION", 0)
    assert found.sessions == found.survey.facts.recordings == 12


@pytest.mark.parametrize(
    ("label", "signal", "weight", "friction"),
    [
        (Label.FRUSTRATION, None, 0, True),
        (Label.CONFUSION, None, 0, True),
        (Label.EXIT_RISK, None, 0, False),
        (Label.EXIT_RISK, Signal.BACK_MASH, 1.5, True),
        (Label.EXIT_RISK, Signal.BACK_MASH, -1.5, False),
        (Label.EXIT_RISK, Signal.DEPARTURES, 1.5, False),
        (Label.HESITATION, Signal.DEAD_CLICK, 1.5, False),
    ],
)
def test_friction_is_a_label_of_friction_or_an_exit_that_rests_on_it(
    label: Label, signal: Signal | None, weight: float, friction: bool
) -> None:
    (played,) = play([Cut.of(next(iter(read(SYNTHETIC))))])
    _, packet = played.packets[0]
    own = Evidence(
        signal=signal or Signal.IDLE, value=1, baseline=None, weight=weight, rule_version="rule/1"
    )
    assert is_friction(replace(packet, label=label, evidence=(own,))) is friction


def test_no_rule_of_rage_or_mashing_fires_in_calm_visits(tmp_path: Path) -> None:
    planted = list(plant(30, seed=8))
    calm = written(tmp_path, *(one.control for one in planted))
    report = reported(calm)
    fired = {name for name, count in report["counts"].items() if count}
    assert not any("rage" in name or "mash" in name or "dead" in name for name in fired)


def test_mashing_is_counted_wherever_it_is_planted(tmp_path: Path) -> None:
    mashed = [one for one in plant(30, seed=8) if one.plan.act is Act.BACK_MASH]
    folder = written(tmp_path, *(one.recording for one in mashed))
    found = {one.name: one.counts for one in Survey(folder, chosen(["eitp-back-mash"]))}
    for one in mashed:
        assert found[one.recording.name]["eitp-back-mash"] == one.plan.times - 1


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    folder = written(tmp_path, recording(clicks(0, 100, 200)))
    picture = tmp_path / "rates.png"
    run = CliRunner().invoke(
        app, ["false-alarms", "--recordings", str(folder), "--plot", str(picture)]
    )
    assert run.exit_code == 0, run.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert re.search(r"Not applicable: .*posthog-dead", run.stdout)
    assert not re.search("^posthog-dead", run.stdout, re.MULTILINE)
