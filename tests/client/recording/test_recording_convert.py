"""The public research data become recordings with the published counts."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

import pytest
from eitp.convert import Conversion, Dataset, convert, detect
from eitp.recording import Kind, Recording, RecordingError, Role, labels, read
from eitp.recording.dataset import choice_conflict

if TYPE_CHECKING:
    from pathlib import Path


def files(folder: Path, **contents: str) -> Path:
    """Write CSV files into a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.csv").write_text(content)
    return folder


def converted(source: Path, out: Path) -> tuple[Conversion, list[Recording]]:
    """Convert a source and read the outcome."""
    outcome = convert(None, source, out)
    return outcome, list(read(out))


def test_a_choice_is_a_page_a_path_and_a_click_on_a_side(tmp_path: Path) -> None:
    source = files(
        tmp_path / "source",
        trials="subject,trial,condition,exemplar,response_time_ms,correct,dt_ms,x,y\n"
        "1,2,Typical,Hai,20,1,0 10 10,0 -100 -400,300 0 -400\n"
        "1,3,Atypical,Aal,10,0,0 10,5 500,300 -400\n",
    )
    outcome, (left, right) = converted(source, tmp_path / "choices.csv")
    assert (outcome.kind, outcome.recordings, outcome.events) == ("choice-conflict", 2, 9)
    assert (left.name, left.person) == ("s01-t02", "s01")
    assert [(event.t_ms, event.kind, event.x, event.y) for event in left.events] == [
        (0, Kind.NAVIGATE, 840, 825),
        (0, Kind.MOVE, 840, 825),
        (10, Kind.MOVE, 740, 525),
        (20, Kind.MOVE, 440, 125),
        (20, Kind.CLICK, 440, 125),
    ]
    assert [each.events[-1].target for each in (left, right)] == ["left", "right"]
    assert labels(outcome.out_path)["s01-t03"] == {
        "condition": "Atypical",
        "response_time_ms": "10",
        "correct": "0",
        "trial": "3",
    }


def test_a_click_that_misses_the_circle_has_no_target(tmp_path: Path) -> None:
    source = files(
        tmp_path / "source",
        events="participant,condition,t_ms,kind,x,y,target\n"
        "p01,HS,0,c,9,9,1\np01,HS,5,m,8,8,1\np01,HS,6,c,8,8,1\np01,HS,7,c,8,7,2\np01,LS,0,c,1,1,1\n",
        labels="participant,condition,order,duration_ms,n_events,stress,sam_arousal,sam_valence,"
        "mdbf_tense,mdbf_nervous,mdbf_calm,mean_hr_bpm\n"
        "p01,HS,1,7,4,3.0,2.0,2.0,4.0,3.0,1.0,\np01,LS,2,0,1,1.0,2.0,2.0,4.0,3.0,1.0,80.5\n",
    )
    outcome, (high, low) = converted(source, tmp_path / "stress.csv")
    assert [event.target for event in high.events] == ["circle-1", "", "", "circle-2"]
    assert [event.role for event in high.events] == [Role.BUTTON, None, None, Role.BUTTON]
    assert (low.name, low.person) == ("p01-LS", "p01")
    known = labels(outcome.out_path)
    assert (known["p01-HS"]["stress"], known["p01-LS"]["order"]) == ("3.0", "2")
    assert "mean_hr_bpm" not in known["p01-HS"]


def test_an_answer_comes_its_load_time_after_the_click(tmp_path: Path) -> None:
    source = files(
        tmp_path / "source",
        events="session,t_ms,kind,x,y,load_ms\n"
        "w1,0,down,1,1,300\nw1,60,up,1,1,\nw1,100,up,2,2,\nw1,200,down,3,3,40\nw1,210,down,3,3,7\n",
        sessions="session,subject,map_type,added_delay_ms,acr_quality\nw1,v1,map,600,2\n",
    )
    outcome, (session,) = converted(source, tmp_path / "latency.csv")
    assert [(event.t_ms, event.kind.value) for event in session.events] == [
        (0, "down"),
        (60, "up"),
        (60, "click"),
        (100, "up"),
        (100, "click"),
        (200, "down"),
        (210, "down"),
        (217, "response"),
        (240, "response"),
        (360, "response"),
    ]
    assert [event.response_ms for event in session.events[-3:]] == [7, 40, 300]
    assert session.person == "v1"
    assert labels(outcome.out_path) == {
        "w1": {"satisfaction": "2", "added_delay_ms": "600", "map_type": "map"}
    }


def test_a_press_without_a_load_time_got_no_answer_when_it_was_waited_for(tmp_path: Path) -> None:
    source = files(
        tmp_path / "source",
        events="session,t_ms,kind,x,y,load_ms\n"
        "w1,0,down,1,1,\nw1,50,up,1,1,\nw1,3000,down,1,1,\nw1,3050,up,1,1,\nw1,4000,up,1,1,\n"
        "w1,9000,down,1,1,\nw1,9050,up,1,1,\n",
        sessions="session,subject,map_type,added_delay_ms,acr_quality\nw1,v1,map,600,2\n",
    )
    _, (session,) = converted(source, tmp_path / "latency.csv")
    # The second was clicked over, the last one's time was not up when the session ended.
    given_up = [event.t_ms for event in session.events if event.kind is Kind.NO_RESPONSE]
    assert given_up == [2550]


def test_progress_is_told_after_every_recording(tmp_path: Path) -> None:
    source = files(
        tmp_path / "source",
        trials="subject,trial,condition,response_time_ms,correct,dt_ms,x,y\n"
        "1,1,Typical,0,1,0,0,0\n1,2,Typical,0,1,0,0,0\n",
    )
    told: list[tuple[int, int]] = []
    convert(
        "choice-conflict",
        source,
        tmp_path / "out.csv",
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 2), (2, 2)]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"choice-conflict \(trials\.csv\)"):
        detect(tmp_path)
    with pytest.raises(RecordingError, match="'mice' is unknown; use one of choice-conflict"):
        convert("mice", tmp_path, tmp_path / "out.csv")


def test_a_source_that_was_changed_is_refused_with_file_line_and_column(tmp_path: Path) -> None:
    header = "subject,trial,condition,response_time_ms,correct,dt_ms,x,y\n"
    source = files(tmp_path / "source", trials=f"{header}1,1,Typical,0,1,0 ten,0 1,0 1\n")
    with pytest.raises(RecordingError, match="line 2, column dt_ms: 'ten' is not a number"):
        convert(None, source, tmp_path / "out.csv")
    files(source, trials=f"{header}1,1,Typical,0,1,0 10,0,0 1\n")
    with pytest.raises(RecordingError, match="line 2: has 2 times, 1 x, 2 y"):
        convert(None, source, tmp_path / "out.csv")
    files(source, trials="subject,trial\n1,1\n")
    with pytest.raises(RecordingError, match="line 1: the header lacks condition"):
        convert(None, source, tmp_path / "out.csv")


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    content = "subject,trial,condition,response_time_ms,correct,dt_ms,x,y\n1,1,T,0,1,0,0,0\n"
    source = files(tmp_path / "source", trials=content)
    with pytest.raises(RecordingError, match="is the source itself"):
        convert(None, source, source / "trials.csv")
    assert (source / "trials.csv").read_text() == content


@pytest.mark.parametrize(
    ("kind", "recordings", "people", "events"),
    [
        (Dataset.CHOICE_CONFLICT, 1_140, 60, 235_261 + 2 * 1_140),
        (Dataset.STRESS_POINTCLICK, 106, 53, 98_780),
        (Dataset.WEB_LATENCY_CLICKS, 479, 28, 12_953 + 7_924 + 1_797 + 825),
    ],
)
def test_the_published_data_keep_their_counts(
    eitp_data: Path, tmp_path: Path, kind: Dataset, recordings: int, people: int, events: int
) -> None:
    source = eitp_data / kind
    if not source.is_dir():
        pytest.skip(f"{source} does not exist: point EITP_DATA at the public data sets")
    outcome = convert(None, source, tmp_path / "out.csv")
    assert (outcome.kind, outcome.recordings, outcome.people) == (kind, recordings, people)
    names: set[str] = set()
    kinds: Counter[Kind] = Counter()
    for recording in read(tmp_path / "out.csv"):
        names.add(recording.name)
        kinds.update(event.kind for event in recording.events)
    assert len(names) == recordings
    assert kinds.total() == outcome.events == events
    assert names == set(labels(tmp_path / "out.csv"))


def test_every_choice_of_the_published_data_lasts_its_response_time(eitp_data: Path) -> None:
    source = eitp_data / Dataset.CHOICE_CONFLICT
    if not source.is_dir():
        pytest.skip(f"{source} does not exist: point EITP_DATA at the public data sets")
    known = choice_conflict.labels(source)
    people: list[str] = []
    for recording in choice_conflict.recordings(source):
        people.append(recording.person)
        assert recording.events[-1].kind is Kind.CLICK
        assert recording.events[-1].t_ms == float(known[recording.name]["response_time_ms"])
        assert min(min(event.x, event.y) for event in recording.events) >= 0
    assert {len(list(run)) for _, run in groupby(people)} == {19}
