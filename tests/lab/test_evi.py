"""The index over files: golden sessions, made-up shoppers, and files that are not what they say."""

from __future__ import annotations

import csv
import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.cli.lab import app
from eitp_server.lab.evi.csv_table import iso
from eitp_server.lab.evi.states import COLUMNS, read_states
from eitp_server.volatility.methodology import DIMENSIONS
from golden import golden
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from typer.testing import Result

HEADER = ("time", "session", *DIMENSIONS)
CALM = ("0.1", "0.3", "0.2", "0.1", "0.5", "0.4", "0.1")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["evi", *arguments], env={"COLUMNS": "80"})


def computed(file: Path, *arguments: str) -> dict[str, Any]:
    done = run("--states", str(file), "--json", *arguments)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    return " ".join(done.stderr.split())


def written(file: Path, rows: Iterable[Sequence[object]], header: Sequence[str] = HEADER) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return file


def made_up(folder: Path, *options: str, minutes: int = 8, sessions: int = 60) -> Path:
    file = folder / "states.csv"
    asked = ["--out", str(file), "--minutes", str(minutes), "--sessions", str(sessions)]
    done = CliRunner().invoke(app, ["evi-stream", *asked, *options])
    assert done.exit_code == 0, done.stderr
    return file


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of eight minutes, some of them restless and some silent."""
    folder = tmp_path_factory.mktemp("evi")
    return made_up(folder, "--restless", "4-5.5:2", "--silent", "5.5-7.2")


def test_the_golden_session_comes_out_of_a_file(vectors: dict[str, Any], tmp_path: Path) -> None:
    golden = vectors["E1_session"]
    rows = [(at, "one", *values) for at, values in golden["input"]]
    file = written(tmp_path / "one.csv", rows)
    report = computed(file, "--tick", "5")
    (tick,) = (one for one in report["ticks"] if one["at"] == "1970-01-01T00:02:20.000Z")
    assert [tick["partial"]["Sw"], tick["partial"]["Sv"]] == golden["quantised"]
    assert tick["level"] == 1.869
    assert tick["se"] is None
    assert tick["reason"] == "NO_BASE"
    assert report["states"] == {"late": 1, "first": 1, "waited": 1, "restarted": 1, "added": 6}
    assert report["base"] is None
    assert report["bars"] == []


def test_sessions_may_be_mixed_in_any_way_and_late_states_are_said_to_be_dropped(
    states: Path, tmp_path: Path
) -> None:
    with states.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    by_session = written(tmp_path / "by.csv", sorted(rows, key=itemgetter(1)), header)
    assert computed(by_session)["ticks"] == computed(states)["ticks"]
    backwards = written(tmp_path / "back.csv", reversed(rows), header)
    output = " ".join(run("--states", str(backwards)).output.split())
    assert "came after a later one of its session" in output


@pytest.fixture
def vectors(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "analytics")


def test_without_a_base_there_are_levels_and_a_reason(states: Path) -> None:
    report = computed(states)
    assert report["reasons"] == {"NO_BASE": len(report["ticks"])}
    middle = report["ticks"][20]
    assert middle["level"] > 0
    assert middle["evi"] is middle["band"] is middle["z"] is None
    assert report["bars"][0]["index"] is None
    assert report["bars"][0]["level"]["high"] >= report["bars"][0]["level"]["low"] > 0


def test_restless_minutes_show_and_silent_ones_have_neither_tick_values_nor_bars(
    states: Path,
) -> None:
    report = computed(states, "--base-from-data")
    by_start = {bar["start"][11:16]: bar for bar in report["bars"]}
    assert by_start["09:04"]["index"]["close"] > 90 > by_start["09:02"]["index"]["close"]
    # The last state fades for a minute: half of the seventh has values.
    assert by_start["09:06"]["ticks"] in {6, 7}
    silent = [tick for tick in report["ticks"] if tick["at"][11:19] == "09:06:45"]
    assert [tick["reason"] for tick in silent] == ["STALE"]
    assert silent[0]["evi"] is None
    for tick in report["ticks"]:
        assert (tick["evi"] is None) == (tick["reason"] is not None)
        if tick["band"]:
            assert 0 <= tick["band"][0] <= tick["evi"] <= tick["band"][1] <= 100
    assert report["base"]["origin"] == "these data"
    assert report["base"]["base_id"] == "fixed-from-these-data"


def test_a_reports_base_can_be_used_again(states: Path, tmp_path: Path) -> None:
    first = computed(states, "--base-from-data")
    kept = tmp_path / "report.json"
    kept.write_text(json.dumps(first))
    again = computed(states, "--base", str(kept))
    assert again["base"] == first["base"] | {"origin": "given", "valid_minutes": 0}
    assert [t["evi"] for t in again["ticks"]] == [t["evi"] for t in first["ticks"]]


def test_a_base_of_a_month_of_closes_scales_the_index(states: Path, tmp_path: Path) -> None:
    day = 86_400
    closes = [
        (start * day + minute * 60, 1.1 if minute % 2 else 1.0)
        for start in range(20_000, 20_007)
        for minute in range(300)
    ]
    file = written(tmp_path / "closes.csv", closes, ("time", "close"))
    report = computed(states, "--base-closes", str(file))
    assert report["base"]["median"] == pytest.approx(1.05)
    assert report["base"]["base_id"] == "fixed-2024-10-11"
    few = written(tmp_path / "few.csv", closes[:500], ("time", "close"))
    told = refused("--states", str(states), "--base-closes", str(few))
    assert "500 minutes on 2 days; a base needs 2,000 on 7" in told


def test_a_shared_feed_is_rounded_and_counts_in_bands(tmp_path: Path) -> None:
    file = made_up(tmp_path, "--tenants", "4", "--every", "5", sessions=120, minutes=6)
    report = computed(file, "--shared", "--base-from-data")
    values = [tick for tick in report["ticks"] if tick["evi"] is not None]
    assert values
    assert len(report["ticks"]) == 6
    for tick in values:
        assert tick["tenants"] == 4
        assert tick["sessions"] in ([50, 99], [100, 299])
        assert tick["evi"] / tick["step"] == pytest.approx(round(tick["evi"] / tick["step"]))
    own = refused("--states", str(file))
    assert "the states are of 4 tenants (shop-1, shop-2, shop-3, shop-4); choose one" in own
    one = computed(file, "--tenant", "shop-1")
    assert {tick["tenants"] for tick in one["ticks"]} <= {0, 1}


def test_a_part_of_the_sessions_is_chosen_by_their_latest_state(tmp_path: Path) -> None:
    header = (*HEADER, "page_section")
    rows = [
        (at, f"s{n}", *CALM, "PRICE" if n % 2 and at > 30 else "FORM")
        for at in range(0, 120, 6)
        for n in range(10)
    ]
    file = written(tmp_path / "sections.csv", rows, header)
    counts = {
        section: [t["partial"]["n"] for t in computed(file, "--page-section", section)["ticks"]]
        for section in ("PRICE", "FORM")
    }
    assert (counts["FORM"][5], counts["PRICE"][5]) == (10, 0)
    assert (counts["FORM"][15], counts["PRICE"][15]) == (5, 5)
    told = refused("--states", str(file), "--page-section", "HERO")
    assert "no state has the page_section 'HERO'; there are FORM, PRICE" in told


def test_times_columns_and_unknown_dimensions_may_be_written_in_other_ways(tmp_path: Path) -> None:
    seconds = [1_767_600_000 + 6 * n for n in range(10)]
    plain = written(tmp_path / "a.csv", [(at, "x", *CALM) for at in seconds])
    zoned = [iso(at * 1_000_000).replace("Z", "+00:00") for at in seconds]
    header = ("when", "visitor", *DIMENSIONS, "nobody asked")
    other = written(tmp_path / "b.csv", [(at, "x", *CALM, "?") for at in zoned], header)
    renamed = ("--column", "time=when", "--column", "session=visitor")
    assert computed(plain)["ticks"] == computed(other, *renamed)["ticks"]
    unknown = [(at, "x", *CALM[:5], "", "") for at in seconds]
    report = computed(written(tmp_path / "c.csv", unknown))
    assert report["ticks"][-1]["partial"]["Sw"] > 0


def test_scales_can_be_given_or_measured(states: Path) -> None:
    declared, wide = computed(states), computed(states, "--scales", "0.08,0.04,0.04,0.04,0.04,0.04")
    assert wide["methodology"]["scales_origin"] == "given"
    assert wide["methodology"]["methodology_id"] != declared["methodology"]["methodology_id"]
    assert wide["ticks"][20]["level"] == pytest.approx(declared["ticks"][20]["level"] / 2, rel=2e-3)
    measured = computed(states, "--scales-from-data")
    levels = [t["level"] for t in measured["ticks"] if t["level"]]
    assert 0.6 < sum(levels) / len(levels) < 1.3


def test_the_table_fits_a_terminal_and_says_where_the_base_is_from(states: Path) -> None:
    done = run("--states", str(states), "--base-from-data")
    assert done.exit_code == 0
    assert "with a value" in done.stdout
    assert "without: STALE" in done.stdout
    assert "2026-01-05 09:04" in done.stdout
    assert "of these same states" in " ".join(done.stderr.split())
    assert "There is no base" in run("--states", str(states)).stderr


def test_pictures_are_drawn_with_and_without_a_base(states: Path, tmp_path: Path) -> None:
    for number, options in enumerate(((), ("--base-from-data",))):
        picture = tmp_path / f"{number}.svg"
        assert run("--states", str(states), "--plot", str(picture), *options).exit_code == 0
        assert picture.read_text().count("<path") > 20
    assert "is no picture" in refused("--states", str(states), "--plot", "index.gif")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no column time, session, valence, "),
        ("time,session\n1,a\n", "has no column valence, arousal, "),
        (",".join(HEADER) + "\n", "has no row; an index needs states"),
        (",".join(HEADER) + "\nsoon,a" + ",0.1" * 7, "line 2, column time: 'soon' is no moment"),
        (",".join(HEADER) + "\nnan,a" + ",0.1" * 7, "line 2, column time: nan is no moment"),
        (
            ",".join(HEADER) + "\n1767600000000,a" + ",0.1" * 7,
            "column time: 1767600000000 is no moment in seconds; divide milliseconds by 1,000",
        ),
        (",".join(HEADER) + "\n1," + ",0.1" * 7, "line 2, column session: is empty"),
        (",".join(HEADER) + "\n1,a,2" + ",0.1" * 6, "column valence: '2' is no number within -1"),
        (
            ",".join(HEADER) + "\n1,a,-1,-0.1" + ",0.1" * 5,
            "column arousal: '-0.1' is no number within 0 to 1; leave the cell empty for unknown",
        ),
        (",".join(HEADER) + "\n1,a,inf" + ",0.1" * 6, "column valence: 'inf' is no number"),
        (",".join(HEADER) + '\n1,"a' + ",0.1" * 7, "is not CSV"),
        (
            ",".join(HEADER) + "\n0,a" + ",0.1" * 7 + "\n1767600000,a" + ",0.1" * 7,
            "span 20,458 days",
        ),
    ],
)
def test_a_file_that_is_not_one_of_states_is_refused(
    text: str, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "broken.csv"
    file.write_text(text)
    assert problem in refused("--states", str(file))


@pytest.mark.parametrize("cells", [("0", "a", *CALM[:-1]), ("0", "a", *CALM, "0.5")])
def test_a_row_with_cells_too_few_or_too_many_is_refused(
    tmp_path: Path, cells: tuple[str, ...]
) -> None:
    file = written(tmp_path / "states.csv", [("0", "a", *CALM), cells])

    told = refused("--states", str(file))
    assert "line 3: " in told
    assert f"cells, the header has {len(HEADER)}" in told


def test_two_columns_of_one_name_are_refused_when_they_are_read(tmp_path: Path) -> None:
    row = ["0", "a", *CALM]
    twice = written(tmp_path / "twice.csv", [[*row, "1"]], (*HEADER, HEADER[-1]))
    unread = written(tmp_path / "unread.csv", [[*row, "x", "y"]], (*HEADER, "note", "note"))

    assert f"has two columns {HEADER[-1]}" in refused("--states", str(twice))
    assert computed(unread)


@pytest.mark.parametrize("time", ["-99999999999", "0001-01-01T00:00:00+14:00", "9999-12-31"])
def test_a_time_that_no_calendar_holds_is_refused(tmp_path: Path, time: str) -> None:
    file = written(tmp_path / "states.csv", [[time, "a", *CALM]])

    assert "line 2, column time" in refused("--states", str(file))


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "binary.csv"
    file.write_bytes(b"\xff\xfe\x00time")
    assert "is not UTF-8" in refused("--states", str(file))
    assert "No such file" in refused("--states", str(tmp_path / "missing.csv"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--tick", "7"), "--tick 7 does not divide a minute"),
        (("--shared", "--tick", "5"), "a shared feed ticks once a minute"),
        (("--shared", "--tenant", "shop-1"), "a shared feed is over all tenants"),
        (("--base", "x.json", "--base-from-data"), "choose one of them"),
        (("--scales", "1", "--scales-from-data"), "choose one of them"),
        (("--scales", "1,2"), "2 scales were given; it takes one for each of valence"),
        (("--scales", "a,b"), "'a,b' is no list of numbers"),
        (("--scales", "0,1,1,1,1,1"), "dimension_scales must be finite numbers above 0"),
        (("--column", "visitor=session"), "--column 'visitor=session': write NAME=COLUMN"),
        (("--column", "tenant=shop"), "has no column shop"),
        (("--tenant", "nobody"), "no state has the tenant 'nobody'; there are shop-1"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    states: Path, options: tuple[str, ...], problem: str
) -> None:
    assert problem in refused("--states", str(states), *options)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", 'has no number "median"'),
        ('{"median": 1, "spread": "wide"}', 'has no number "spread"'),
        ('{"median": 0, "spread": 0.1}', "median must be above 0"),
        ('{"median": 1, "spread": 0.01}', "spread must be 0.05 or more"),
        ('{"median": NaN, "spread": 0.1}', 'has no number "median"'),
    ],
)
def test_a_base_that_is_none_is_refused(
    states: Path, text: str, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "base.json"
    file.write_text(text)
    assert problem in refused("--states", str(states), "--base", str(file))


def test_data_too_thin_for_a_base_say_why(tmp_path: Path) -> None:
    rows = [(at, "only", *CALM) for at in range(0, 300, 6)]
    file = written(tmp_path / "thin.csv", rows)
    told = refused("--states", str(file), "--base-from-data")
    assert "no minute of these data has a level to take a base from (INSUFFICIENT_SESSIONS" in told


def test_the_same_seed_makes_up_the_same_states_and_another_one_others(tmp_path: Path) -> None:
    texts: list[str] = []
    for number, seed in enumerate(("3", "3", "4")):
        folder = tmp_path / str(number)
        folder.mkdir()
        texts.append(made_up(folder, "--seed", seed, minutes=1, sessions=5).read_text())
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].splitlines()[0] == ",".join(COLUMNS)


def test_made_up_states_are_as_many_as_was_asked_for(states: Path) -> None:
    stream = read_states(states, progress=lambda _: None)
    minute = 60_000_000
    third = (stream.at_us - stream.at_us[0]) // minute == 3
    alive = len(set(stream.session[third].tolist()))
    # Sixty at a time, and those who come and go within the minute.
    assert 45 <= alive <= 100


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--restless", "5"), "'5' is no stretch of minutes; write FROM-TO:FACTOR"),
        (("--restless", "5-4:2"), "'5-4:2' is no stretch of minutes"),
        (("--silent", "1-2:3"), "'1-2:3' is no stretch of minutes; write FROM-TO as 20-23"),
        (("--start", "now"), "'now' is no moment"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    options: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    out = ("--out", str(tmp_path / "states.csv"))
    done = CliRunner().invoke(app, ["evi-stream", *out, *options])
    assert done.exit_code == 2
    assert problem in " ".join(done.stderr.split())
