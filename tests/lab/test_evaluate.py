"""Evaluation finds what is there, nothing where there is nothing, and never looks ahead."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp.recording import Kind, Recording, labels
from eitp_server.lab.evaluation import EvaluationError, as_json, declare, evaluate, in_words
from eitp_server.lab.evaluation.feature import FEATURES, matrix, tabulate
from eitp_server.lab.evaluation.playback import play
from eitp_server.lab.evaluation.stream import stream
from lab.study import coin_flips, fading, slow_pages, visit, written

if TYPE_CHECKING:
    from pathlib import Path

    from eitp_server.lab.evaluation import Evaluation, Task
    from lab.study import Trial
    from numpy.typing import NDArray

KEYS = (
    "task",
    "auc",
    "auc_low",
    "auc_high",
    "brier",
    "abstention_rate",
    "people",
    "positives",
    "negatives",
    "baselines",
)
"""What comparisons between servers read, in this order."""
BASELINES = {"person_mean", "duration_only", "duration_relative", "order_only"}


def rated(*, left_out: tuple[str, ...] = (), included: tuple[str, ...] = ()) -> Task:
    """Return the question which recordings were rated badly."""
    return declare("rated", label="rating", positive="<=2", left_out=left_out, included=included)


def judged(folder: Path, trials: list[Trial], task: Task | None = None) -> Evaluation:
    return evaluate(written(folder, trials), task or rated())


def features(history: list[Recording]) -> NDArray[np.float64]:
    """Return every feature of one person's recordings."""
    histories = [[stream(own) for own in history]]
    table = tabulate(histories, play(histories))
    return matrix(table, [own.name for own in history], list(FEATURES))


def test_a_label_that_the_latency_causes_is_found_and_beats_every_baseline(tmp_path: Path) -> None:
    found = judged(tmp_path, slow_pages(), declare("low-rating", label="rating", positive="<=2"))
    assert found.auc.value > 0.85
    beaten = {name for name, rival in found.rivals.items() if rival.margin.low > 0}
    assert beaten >= {"person_mean", "order_only"}
    assert "beats person_mean" in in_words(found)


def test_without_the_latency_nothing_that_follows_from_it_is_known(tmp_path: Path) -> None:
    told = declare("low-rating", label="rating", positive="<=2", left_out=["response_latency"])
    found = judged(tmp_path, slow_pages(), told)
    assert found.auc.low < 0.5
    report = as_json(found)
    assert report["withheld_events"] == ["no_response", "response"]
    assert report["features_without_variation"] == ["slow_click", "dead_click"]


def test_a_random_label_is_not_found(tmp_path: Path) -> None:
    found = judged(tmp_path, coin_flips())
    assert found.auc.low < 0.5 < found.auc.high
    assert "chance lies within" in in_words(found)
    assert as_json(found)["brier"] == pytest.approx(0.25, abs=0.05)


def test_a_label_that_follows_from_the_order_shows_in_the_order_baseline(tmp_path: Path) -> None:
    found = judged(tmp_path, fading())
    assert found.rivals["order_only"].auc.value == 1
    assert found.rivals["order_only"].margin.high < 0
    assert any("order of the recordings" in warning for warning in as_json(found)["warnings"])


def test_earlier_labels_of_a_person_are_a_baseline_of_their_own(tmp_path: Path) -> None:
    trials = [
        (recording, {"rating": "1" if int(recording.person[1:]) % 2 else "5"})
        for recording, _ in coin_flips()
    ]
    assert judged(tmp_path, trials).rivals["person_mean"].auc.value > 0.9


def test_the_label_order_says_what_was_first_where_the_file_does_not(tmp_path: Path) -> None:
    trials = [
        (recording, {**rating, "order": str(100 - int(recording.name[-2:]))})
        for recording, rating in fading()
    ]
    found = judged(tmp_path, trials)
    places = dict(zip(found.judged.recording, found.judged.place.tolist(), strict=True))
    assert (places["p03-00"], places["p03-09"]) == (9, 0)
    assert as_json(found)["played_by"] == "the label order"


def test_nobody_is_learned_from_and_judged(tmp_path: Path) -> None:
    found = judged(tmp_path, slow_pages(people=13))
    folds = {(person, fold) for person, fold in zip(found.judged.person.tolist(),
             found.judged.fold.tolist(), strict=True)}  # fmt: skip
    assert len(folds) == found.people == 13
    assert {fold for _, fold in folds} == set(range(10))


def test_what_comes_later_changes_nothing_about_what_came_before() -> None:
    history = [recording for recording, _ in slow_pages(people=1)]
    late = visit("late", history[0].person, latency_ms=2400, pace_ms=4000, clicks=9)
    changed = [*history[:6], *(replace(late, name=own.name) for own in history[6:])]
    before, after = features(history), features(changed)
    np.testing.assert_array_equal(before[:6], after[:6])
    assert not np.array_equal(before[6:], after[6:], equal_nan=True)


def test_other_people_change_nothing_about_a_person() -> None:
    people = [[recording for recording, _ in slow_pages(seed, people=1)] for seed in (1, 2)]
    histories = [[stream(own) for own in person] for person in people]
    together = play(histories)
    for history, moments in zip(histories, together, strict=True):
        (alone,) = play([history])
        for one, other in zip(alone, moments, strict=True):
            np.testing.assert_array_equal(one.value, other.value)
            np.testing.assert_array_equal(one.mean, other.mean)


def test_windows_at_the_end_of_a_recording_hold_nothing_of_the_one_before() -> None:
    history = [stream(visit("busy", clicks=30)), stream(visit("calm", clicks=2))]
    _, calm = play([history])[0]
    assert calm.value[10] == 2, "clicks per minute"


def test_a_late_answer_never_looks_worse_than_none() -> None:
    late, never = visit("late", latency_ms=9000, clicks=1), visit("never", clicks=1)
    silence = replace(never.events[-1], kind=Kind.NO_RESPONSE, response_ms=None)
    never = replace(never, events=(*never.events[:-1], silence))
    column = list(FEATURES).index("latency_mean")
    assert features([late])[0, column] == features([never])[0, column]
    waited = list(FEATURES).index("wait_per_answer")
    assert 2 ** features([late])[0, waited] == pytest.approx(9000)
    assert 2 ** features([never])[0, waited] == pytest.approx(2500 / 0.5)


def test_a_recording_whose_page_nobody_noted_begins_with_one() -> None:
    recording = visit("visit")
    bare = replace(recording, events=recording.events[1:])
    assert stream(bare).events.kind[0] == stream(recording).events.kind[0]
    assert stream(bare).events.t_ms[0] == 0


def test_what_only_one_person_lacks_is_no_failure(tmp_path: Path) -> None:
    trials = slow_pages(people=5)
    silent = tuple(event for event in trials[0][0].events if event.kind != "response")
    trials[0] = (replace(trials[0][0], events=silent), trials[0][1])
    assert "missing_only" in as_json(judged(tmp_path, trials))["baselines"]


def test_chance_seldom_does_as_well_as_what_is_there(tmp_path: Path) -> None:
    there = evaluate(written(tmp_path, slow_pages()), rated(), permutations=39)
    assert as_json(there)["p_value"] == 1 / 40
    nothing = evaluate(
        written(tmp_path, coin_flips(seed=4), "nothing.csv"), rated(), permutations=39
    )
    assert nothing.chance is not None
    assert nothing.chance > 0.05


def test_labels_that_differ_between_people_only_cannot_be_dealt(tmp_path: Path) -> None:
    trials = [
        (recording, {"rating": "1" if int(recording.person[1:]) % 2 else "5"})
        for recording, _ in coin_flips(people=6)
    ]
    assert evaluate(written(tmp_path, trials), rated(), permutations=9).chance is None


def test_the_report_leads_with_what_is_compared_and_holds_no_nan(tmp_path: Path) -> None:
    report = as_json(judged(tmp_path, slow_pages(people=5)))
    assert tuple(report)[: len(KEYS)] == KEYS
    assert set(report["baselines"]) >= BASELINES
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["auc_low"] <= report["auc"] <= report["auc_high"]
    assert report["positives"] + report["negatives"] == 50


def test_the_same_seed_gives_the_same_report(tmp_path: Path) -> None:
    path = written(tmp_path, slow_pages(people=5))
    one, other, third = (as_json(evaluate(path, rated(), seed=seed)) for seed in (3, 3, 4))
    assert one == other != third


def test_the_server_alone_is_scored_by_what_it_says(tmp_path: Path) -> None:
    path = written(tmp_path, slow_pages())
    task = rated(included=("response_latency",))
    found = evaluate(path, task, model="server")
    assert found.auc.value > 0.85
    assert as_json(found)["features"] == ["response_latency"]
    reverse = evaluate(path, rated(included=("-response_latency",)), model="server")
    assert reverse.auc.value == pytest.approx(1 - found.auc.value)


def test_the_server_has_no_opinion_on_what_it_was_not_made_for(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no opinion on 'rated'"):
        evaluate(written(tmp_path, slow_pages()), rated(), model="server")


def test_a_signal_that_is_left_out_is_unknown_to_the_server_too() -> None:
    history = [[stream(visit(f"v{number}", latency_ms=2400, clicks=6)) for number in range(4)]]
    from eitp_server.signals.signal import Signal

    known, blind = play(history)[0][-1], play(history, withheld={Signal.SLOW_CLICK})[0][-1]
    assert known.value[Signal.SLOW_CLICK.column] > 0
    assert np.isnan(blind.value[Signal.SLOW_CLICK.column])
    assert blind.mean[0] > known.mean[0], "valence without the slow clicks"


def test_four_people_are_the_fewest_and_have_a_fold_each(tmp_path: Path) -> None:
    assert judged(tmp_path, slow_pages(people=4)).folds == 4
    with pytest.raises(EvaluationError, match="3 people have labelled recordings; at least 4"):
        judged(tmp_path, slow_pages(people=3))


def test_one_class_is_refused(tmp_path: Path) -> None:
    trials = [(recording, {"rating": "1"}) for recording, _ in slow_pages(people=4)]
    with pytest.raises(EvaluationError, match="all 40 labelled recordings are positive"):
        judged(tmp_path, trials)


def test_recordings_without_a_label_are_past_but_not_judged(tmp_path: Path) -> None:
    trials = slow_pages(people=6)
    trials[0] = (trials[0][0], {"place": "00"})
    found = judged(tmp_path, trials)
    assert len(found.judged.positive) == 59
    assert found.judged.place[0] == 1
    report = as_json(found)
    assert report["recordings_unlabelled"] == 1
    assert "1 recording without rating, played but not judged: p00-00" in report["warnings"]


def test_labels_of_no_recording_are_counted_and_named(tmp_path: Path) -> None:
    path = written(tmp_path, slow_pages(people=6))
    beside = tmp_path / "study.labels.csv"
    beside.write_text(beside.read_text() + "nobody,1,\n")
    report = as_json(evaluate(path, rated()))
    assert report["labels_of_no_recording"] == 1
    assert report["positives"] + report["negatives"] == 60
    assert any("1 label of no recording" in w and "nobody" in w for w in report["warnings"])


def test_a_slow_source_is_judged_and_its_rate_told(tmp_path: Path) -> None:
    trials = [
        (visit(r.name, r.person, gap_ms=1000, pace_ms=4000), label)
        for r, label in slow_pages(people=5)
    ]
    report = as_json(judged(tmp_path, trials))
    assert report["sampling_hz"] == pytest.approx(1, rel=0.1)
    assert any("1.0 Hz" in warning for warning in report["warnings"])


@pytest.mark.parametrize("kind", ["touch", "still", "jumps"])
def test_odd_hands_are_judged(tmp_path: Path, kind: str) -> None:
    def odd(recording: Recording) -> Recording:
        events = recording.events
        if kind == "touch":
            events = tuple(event for event in events if event.kind != "move")
        elif kind == "still":
            events = tuple(replace(event, x=5, y=5) for event in events)
        else:
            events = tuple(
                replace(event, x=(-1) ** number * 50_000) for number, event in enumerate(events)
            )
        return replace(recording, events=events)

    trials = [(odd(recording), rating) for recording, rating in slow_pages(people=5)]
    report = as_json(judged(tmp_path, trials))
    assert 0 <= report["auc_low"] <= report["auc_high"] <= 1
    assert any("no pointer movement" in w for w in report["warnings"]) == (kind != "jumps")


def test_a_directory_is_judged_as_its_files_together(tmp_path: Path) -> None:
    trials = slow_pages(people=6)
    whole = judged(tmp_path, trials)
    folder = tmp_path / "parts"
    folder.mkdir()
    written(folder, trials[:30], "a.csv")
    written(folder, trials[30:], "b.csv")
    assert as_json(evaluate(folder, rated())) == as_json(whole)
    assert len(labels(folder)) == 60


def test_recordings_longer_than_a_sessions_clock_are_refused() -> None:
    day = visit("day")
    last = replace(day.events[-1], t_ms=86_400_000, response_ms=1)
    long = replace(day, events=(*day.events, last))
    history = [stream(replace(long, name=f"day-{number}")) for number in range(13)]
    with pytest.raises(EvaluationError, match="13 days together"):
        play([history])
