"""The recording format on disk: what is read, what is refused and with which words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from eitp.recording import (
    Event,
    Kind,
    PageType,
    Recording,
    RecordingError,
    Role,
    Section,
    labels,
    read,
    write,
    write_labels,
)
from eitp.recording.row import COLUMNS
from eitp.v1 import page_pb2, telemetry_pb2

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

REPOSITORY = Path(__file__).resolve().parents[3]
MANUAL = REPOSITORY / "docs" / "recording-format.md"
HEADER = "recording,person,t_ms,kind,x,y"


def file_with(tmp_path: Path, *lines: str, name: str = "visits.csv") -> Path:
    """Write lines to a file."""
    file = tmp_path / name
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def refusal(file: Path) -> RecordingError:
    """Read a file that must be refused and return the error."""
    with pytest.raises(RecordingError) as caught:
        list(read(file))
    return caught.value


def moves(name: str, *times: float, person: str = "p1") -> Recording:
    """Make a recording of moves along the diagonal."""
    events = tuple(Event(t_ms=t_ms, kind=Kind.MOVE, x=t_ms, y=t_ms) for t_ms in times)
    return Recording(name=name, person=person, events=events)


def test_the_required_columns_are_enough_in_any_order(tmp_path: Path) -> None:
    file = file_with(tmp_path, "kind,x,y,t_ms,person,recording", "move,1,2.5,0,ann,a")
    expected = Event(t_ms=0, kind=Kind.MOVE, x=1, y=2.5)
    assert list(read(file)) == [Recording(name="a", person="ann", events=(expected,))]


def test_optional_columns_are_read(tmp_path: Path) -> None:
    file = file_with(
        tmp_path,
        ",".join(COLUMNS),
        "a,ann,0,navigate,5,6,,,,product,,,",
        "a,ann,40,click,5,6,pay,button,financing,,,,",
        "a,ann,90,scroll,5,6,,,,,0,-120,",
        "a,ann,300,response,5,6,,,,,,,260",
    )
    (recording,) = read(file)
    navigate, click, scroll, response = recording.events
    assert navigate.page_type is PageType.PRODUCT
    assert (click.target, click.role, click.section) == ("pay", Role.BUTTON, Section.FINANCING)
    assert (scroll.scroll_x, scroll.scroll_y) == (0, -120)
    assert response.response_ms == 260


def test_rows_of_one_recording_may_lie_anywhere(tmp_path: Path) -> None:
    file = file_with(
        tmp_path,
        HEADER,
        "a,ann,0,move,1,1",
        "b,bob,0,move,2,2",
        "a,ann,9,move,3,3",
        "b,bob,5,up,4,4",
    )
    first, second = read(file)
    assert (first.name, [event.x for event in first.events]) == ("a", [1, 3])
    assert (second.name, [event.x for event in second.events]) == ("b", [2, 4])


def test_a_recording_is_handed_out_before_the_rows_after_it_are_judged(tmp_path: Path) -> None:
    file = file_with(tmp_path, HEADER, "a,ann,0,move,1,1", "b,bob,0,jump,2,2")
    stream = read(file)
    assert next(stream).name == "a"
    with pytest.raises(RecordingError, match="jump"):
        next(stream)


def test_an_event_without_position_is_where_the_pointer_was(tmp_path: Path) -> None:
    file = file_with(
        tmp_path, HEADER, "a,ann,0,navigate,,", "a,ann,5,move,7,8", "a,ann,6,key,,", "b,bob,0,key,,"
    )
    first, second = read(file)
    assert [(event.x, event.y) for event in first.events] == [(7, 8)] * 3
    assert [(event.x, event.y) for event in second.events] == [(0, 0)]


def test_equal_times_are_legal(tmp_path: Path) -> None:
    file = file_with(tmp_path, HEADER, "a,ann,3,up,1,1", "a,ann,3,click,1,1")
    (recording,) = read(file)
    assert [event.kind for event in recording.events] == [Kind.UP, Kind.CLICK]


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    file = file_with(tmp_path, f"\ufeff{HEADER}", "", "a,ann,0,move,1,1", "")
    assert [recording.name for recording in read(file)] == ["a"]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("a,ann,5,jump,1,1", "kind", "'jump' is unknown; use one of move, down"),
        ("a,ann,soon,move,1,1", "t_ms", "'soon' is not a number; write milliseconds"),
        ("a,ann,,move,1,1", "t_ms", "is empty; write milliseconds"),
        ("a,ann,nan,move,1,1", "t_ms", "nan is not a time"),
        ("a,ann,inf,move,1,1", "t_ms", "inf is not a time"),
        ("a,ann,-1,move,1,1", "t_ms", "-1 is before the recording's start"),
        ("a,ann,1700000000000,move,1,1", "t_ms", "subtract the time of its first event"),
        ("a,ann,5,move,nan,1", "x", "nan is not a number of pixels"),
        ("a,ann,5,move,1,-inf", "y", "-inf is not a number of pixels"),
        ("a,ann,5,move,1,9e9", "y", "9e+09 is not a number of pixels"),
        ("a,ann,5,move,,", "x", "a move needs a position"),
        ("a,ann,5,key,1,", "x", "x and y come together"),
        (",ann,5,move,1,1", "recording", "is empty"),
        ("a,,5,move,1,1", "person", "is empty"),
        ("a, ann,5,move,1,1", "person", "blanks around it"),
        ("a,ann,5,move,1", "", "has 5 fields where the header has 6"),
        ('a,"ann"x,5,move,1,1', "", "is not CSV"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_column_and_cure(
    tmp_path: Path, row: str, column: str, words: str
) -> None:
    file = file_with(tmp_path, HEADER, "z,zoe,0,move,1,1", row)
    error = refusal(file)
    assert (error.file, error.line, error.column) == (file, 3, column)
    assert words in str(error)
    assert str(error).startswith(f"{file}, line 3")


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ("click,1,1,buy,knob,,,,,", "role", "'knob' is unknown; use one of button"),
        ("click,1,1,buy,,attic,,,,", "section", "'attic' is unknown; use one of header"),
        ("navigate,1,1,,,,cellar,,,", "page_type", "'cellar' is unknown; use one of home"),
        ("click,1,1,,,,,,120,", "scroll_y", "a click does not scroll"),
        ("scroll,1,1,,,,,,nan,", "scroll_y", "nan is not a number of pixels"),
        ("scroll,1,1,,,,,far,,", "scroll_x", "'far' is not a number"),
        ("click,1,1,,,,,,,80", "response_ms", "a click has no response time"),
        ("response,1,1,,,,,,,", "response_ms", "must say how many ms"),
        ("response,1,1,,,,,,,-4", "response_ms", "-4 is not a waiting time"),
        ("click,1,1,a\tb,,,,,,", "target", "control characters"),
    ],
)
def test_a_bad_optional_value_is_refused_with_its_column(
    tmp_path: Path, cells: str, column: str, words: str
) -> None:
    error = refusal(file_with(tmp_path, ",".join(COLUMNS), f"a,ann,0,{cells}"))
    assert (error.line, error.column) == (2, column)
    assert words in str(error)


def test_time_that_runs_backward_names_both_lines(tmp_path: Path) -> None:
    rows = ("a,ann,20,move,1,1", "b,bob,0,move,1,1", "a,ann,19,move,1,1")
    error = refusal(file_with(tmp_path, HEADER, *rows))
    assert (error.line, error.column) == (4, "t_ms")
    assert "19 is before the 20 on line 2" in str(error)


def test_two_people_in_one_recording_are_refused(tmp_path: Path) -> None:
    error = refusal(file_with(tmp_path, HEADER, "a,ann,0,move,1,1", "a,bob,1,move,1,1"))
    assert (error.line, error.column) == (3, "person")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("recording,person,t_ms,kind", "lacks x, y"),
        ("recording;person;t_ms;kind;x;y", "separated by commas"),
        (f"{HEADER},respose_ms", "column respose_ms: is not a column of the format"),
        (f"{HEADER},x", "column x: is there twice"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, header: str, words: str) -> None:
    error = refusal(file_with(tmp_path, header, "a,ann,0,move,1,1"))
    assert error.line == 1
    assert words in str(error)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert f"is empty; its first line must name at least {HEADER}" in str(
        refusal(file_with(tmp_path))
    )


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    assert "has a header and no events" in str(refusal(file_with(tmp_path, HEADER)))


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    file = file_with(tmp_path, HEADER, *["a,ann,0,move,1,1"] * 2_000)
    file.write_bytes(file.read_bytes() + "a,Jürgen,0,move,1,1\n".encode("latin-1"))
    error = refusal(file)
    assert error.line == 2_002
    assert "byte 0xfc is not UTF-8; save the file as UTF-8" in str(error)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = file_with(tmp_path, HEADER, name="visits.xlsx")
    assert "use .csv or .parquet" in str(refusal(file))
    with pytest.raises(RecordingError, match=r"use \.csv or \.parquet"):
        write(file, [moves("a", 0)])


def test_a_directory_is_read_file_by_file_without_its_labels(tmp_path: Path) -> None:
    write(tmp_path / "two.csv", [moves("c", 1)])
    write(tmp_path / "one.csv", [moves("a", 1), moves("b", 2)])
    write_labels(tmp_path / "one.csv", {"a": {"stress": "3"}})
    write_labels(tmp_path / "two.csv", {"c": {"mood": "calm, mostly"}})
    assert [recording.name for recording in read(tmp_path)] == ["a", "b", "c"]
    assert labels(tmp_path) == {"a": {"stress": "3"}, "c": {"mood": "calm, mostly"}}


def test_a_directory_without_recordings_is_refused(tmp_path: Path) -> None:
    assert "put .csv or .parquet files there" in str(refusal(tmp_path))


def test_a_recording_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "one.csv", [moves("a", 1)])
    write(tmp_path / "two.csv", [moves("a", 1)])
    error = refusal(tmp_path)
    assert error.file == tmp_path / "two.csv"
    assert "one.csv" in str(error)


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    write(file, [moves("old", 1)])
    with pytest.raises(RecordingError, match="two recordings are named 'a'"):
        write(file, [moves("a", 1), moves("a", 2)])
    assert [recording.name for recording in read(file)] == ["old"]
    assert list(tmp_path.iterdir()) == [file]


def test_write_counts_events(tmp_path: Path) -> None:
    assert write(tmp_path / "visits.csv", [moves("a", 1, 2), moves("b", 3)]) == 3


def test_a_recording_cannot_be_empty_or_run_backward() -> None:
    with pytest.raises(RecordingError, match="has no events"):
        moves("a")
    with pytest.raises(RecordingError, match="1 comes after 2"):
        moves("a", 2, 1)


def test_labels_leave_out_what_is_empty_and_are_optional(tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    write(file, [moves("a", 1)])
    assert labels(file) == {}
    file_with(tmp_path, "stress,recording,order", "3,a,", name="visits.labels.csv")
    assert labels(file) == {"a": {"stress": "3"}}


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (("name,stress", "a,3"), 1, "lacks recording"),
        (("recording,stress", "a,3", "a,4"), 3, "'a' is there twice"),
        (("recording,stress", ",3"), 2, "is empty"),
        (("recording,stress", "a"), 2, "has 1 fields"),
    ],
)
def test_bad_labels_are_refused(
    tmp_path: Path, lines: tuple[str, ...], line: int, words: str
) -> None:
    file = tmp_path / "visits.csv"
    write(file, [moves("a", 1)])
    file_with(tmp_path, *lines, name="visits.labels.csv")
    with pytest.raises(RecordingError, match=words) as caught:
        labels(file)
    assert (caught.value.file, caught.value.line) == (tmp_path / "visits.labels.csv", line)


def test_parquet_rows_are_refused_by_their_number(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "recording": ["a", "a"],
        "person": ["ann", "ann"],
        "t_ms": [5, 4],
        "kind": ["move", "move"],
        "x": [1.5, None],
        "y": [1.5, None],
    }
    file = tmp_path / "visits.parquet"
    parquet.write_table(pyarrow.table(columns), file)
    error = refusal(file)
    assert str(error) == f"{file}, row 2, column x: a move needs a position; write CSS px, as 640"
    file.write_text("no parquet")
    assert "is not a Parquet file" in str(refusal(file))


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = file_with(tmp_path, HEADER, name="visits.parquet")
    assert "pip install 'eitp[parquet]'" in str(refusal(file))


def test_recordings_need_nothing_but_the_standard_library() -> None:
    program = "import sys, eitp.recording, eitp.convert; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert {"numpy", "pyarrow", "scipy"} & set(loaded.stdout.split()) == set()


@pytest.mark.parametrize(
    ("words", "enum", "prefix"),
    [
        (Kind, telemetry_pb2.EventKind, "EVENT_KIND_"),
        (Role, page_pb2.TargetRole, "TARGET_ROLE_"),
        (Section, page_pb2.PageSection, "PAGE_SECTION_"),
        (PageType, page_pb2.PageType, "PAGE_TYPE_"),
    ],
)
def test_the_vocabulary_is_the_protocols(
    words: type[Kind | Role | Section | PageType], enum: EnumTypeWrapper, prefix: str
) -> None:
    names = [value.name for value in enum.DESCRIPTOR.values]
    known = [name.removeprefix(prefix).lower() for name in names]
    assert [word.value for word in words] == known[1:]


def test_the_examples_of_the_manual_can_be_read(tmp_path: Path) -> None:
    events, values = re.findall(r"```csv\n(.+?)```", MANUAL.read_text(), re.DOTALL)
    file = tmp_path / "visits.csv"
    file.write_text(events)
    (tmp_path / "visits.labels.csv").write_text(values)
    names = {recording.name for recording in read(file)}
    assert names == set(labels(file))


def test_the_manual_names_every_column_and_every_word() -> None:
    named = set(re.findall(r"`([a-z_]+)`", MANUAL.read_text()))
    words = {word.value for words in (Kind, Role, Section, PageType) for word in words}
    assert (words | set(COLUMNS)) - named == set()


def test_the_manuals_recorder_writes_what_can_be_read(tmp_path: Path) -> None:
    """Run the recorder of the manual against a browser of a few lines."""
    (recorder,) = re.findall(r"```js\n(.+?)```", MANUAL.read_text(), re.DOTALL)
    page = (Path(__file__).parent / "page.js").read_text()
    program = page.replace("RECORDER", json.dumps(recorder))
    try:
        made = subprocess.run(
            ["node", "-e", program], capture_output=True, text=True, check=True, timeout=30
        )
    except FileNotFoundError:
        pytest.skip("node is not installed: the recorder of the manual was not run")
    file = file_with(tmp_path, *made.stdout.splitlines())
    (recording,) = read(file)
    assert [event.kind for event in recording.events] == [
        *(Kind.NAVIGATE, Kind.MOVE, Kind.DOWN, Kind.UP, Kind.CLICK),
        *(Kind.SCROLL, Kind.KEY, Kind.HIDDEN, Kind.VISIBLE, Kind.COPY),
    ]
    click, scroll = recording.events[4], recording.events[5]
    assert (click.target, click.role, click.x) == ("buy", Role.BUTTON, 40)
    assert scroll.scroll_y == 250
