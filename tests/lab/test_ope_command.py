"""Off-policy evaluation over files: figures, flags, pictures, and files that do not fit."""

from __future__ import annotations

import csv
import json
import math
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.cli.lab import app
from eitp_server.lab.ope.sheet import CHUNK
from lab.drawn_logs import HEADER, WORLD, rows_of, save, save_policy
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def run(log: Path, policy: Path, *options: str) -> Result:
    command = ["ope", "--log", str(log), "--policy", str(policy), *options]
    return CliRunner().invoke(app, command, env={"COLUMNS": "80"})


def report(log: Path, policy: Path, *options: str, code: int = 0) -> dict[str, Any]:
    done = run(log, policy, "--json", *options)
    assert done.exit_code == code, done.stderr
    return json.loads(done.stdout)


def refusal(log: Path, policy: Path, *options: str) -> str:
    done = run(log, policy, *options)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return rows_of(WORLD.log(1000, 5))


@pytest.fixture
def log(tmp_path: Path, rows: list[dict[str, str]]) -> Path:
    return save(tmp_path / "log.csv", rows)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return save_policy(tmp_path / "policy.csv", WORLD.policy)


def test_figures_are_those_of_the_textbook(
    log: Path, policy: Path, rows: list[dict[str, str]]
) -> None:
    found = report(log, policy, "--clip", "2", "--switch", "2")
    reward = [float(row["click"]) for row in rows]
    weight = [
        float(WORLD.policy[int(row["position"]), int(row["item_id"])])
        / float(row["propensity_score"])
        for row in rows
    ]
    count, total = len(rows), math.fsum(weight)
    ratio = math.fsum(w * y for w, y in zip(weight, reward, strict=True)) / total
    squares = math.fsum((w * (y - ratio)) ** 2 for w, y in zip(weight, reward, strict=True))
    expected = {
        "ips": [w * y for w, y in zip(weight, reward, strict=True)],
        "clipped_ips": [min(w, 2) * y for w, y in zip(weight, reward, strict=True)],
    }
    for name, terms in expected.items():
        own = found["estimates"][name]
        assert own["value"] == pytest.approx(fmean(terms), abs=1e-9)
        assert own["se"] == pytest.approx(stdev(terms) / count**0.5, abs=1e-9)
    assert found["estimates"]["snips"]["value"] == pytest.approx(ratio, abs=1e-9)
    assert found["estimates"]["snips"]["se"] == pytest.approx(squares**0.5 / total, abs=1e-9)
    assert found["ess"] == pytest.approx(total**2 / math.fsum(w * w for w in weight), abs=1e-9)
    assert found["mean_weight"] == pytest.approx(total / count, abs=1e-9)
    assert found["max_weight"] == max(weight)
    assert found["n"] == count
    assert found["on_policy"] == pytest.approx(fmean(reward), abs=1e-9)
    earned = found["on_policy_estimate"]
    assert earned["value"] == found["on_policy"]
    assert earned["se"] == pytest.approx(stdev(reward) / count**0.5, abs=1e-9)
    assert earned["low"] < earned["value"] < earned["high"]
    assert list(found["estimates"]) == [
        "ips", "snips", "clipped_ips", "dm", "dr", "sndr", "switch_dr"
    ]  # fmt: skip


def test_the_same_files_give_the_same_figures_and_another_seed_another_model(
    log: Path, policy: Path
) -> None:
    first, again, other = (report(log, policy, "--seed", seed) for seed in ("1", "1", "2"))
    assert first == again
    assert other["estimates"]["ips"] == first["estimates"]["ips"]
    assert other["estimates"]["dr"] != first["estimates"]["dr"]


def test_a_log_with_many_other_columns_and_other_names_is_mapped_by_flags(
    tmp_path: Path, rows: list[dict[str, str]], log: Path, policy: Path
) -> None:
    wide = [
        {
            "": str(number),
            "timestamp": "2019-11-24 00:00:23+00:00",
            "shown": row["item_id"],
            "place": row["position"],
            "bought": row["click"],
            "p": row["propensity_score"],
            "user_feature_0": str(number % 3),
            **{f"affinity_{n}": "0.0" for n in range(40)},
        }
        for number, row in enumerate(rows)
    ]
    renamed = [
        {"what": row["item_id"], "place": row["position"], "chance": row["probability"]}
        for row in csv.DictReader(policy.read_text().splitlines())
    ]
    found = report(
        save(tmp_path / "wide.csv", wide),
        save(tmp_path / "renamed.csv", renamed),
        *("--item", "shown", "--reward", "bought", "--propensity", "p", "--position", "place"),
        *("--policy-item", "what", "--policy-probability", "chance"),
    )
    expected = report(log, policy)
    assert found["estimates"] == expected["estimates"]
    assert found["columns"]["policy_depends_on"] == ["place"]
    message = refusal(tmp_path / "wide.csv", policy)
    assert "has no column item_id or item or action or arm" in message
    assert "shown, place, bought" in message
    assert "and 27 more; name yours by --item" in message


def test_contexts_make_the_model_finer_and_not_the_weights(
    tmp_path: Path, rows: list[dict[str, str]], policy: Path, log: Path
) -> None:
    more = [{**row, "device": "abc"[n % 3]} for n, row in enumerate(rows)]
    done = run(save(tmp_path / "more.csv", more), policy, "--json", "--context", "device")
    found, plain = json.loads(done.stdout), report(log, policy)
    assert (found["contexts"], plain["contexts"]) == (6, 2)
    assert found["estimates"]["snips"] == plain["estimates"]["snips"]
    assert found["estimates"]["dm"] != plain["estimates"]["dm"]
    assert "has no column device: it is the same for all of them" in done.stderr


def test_a_policy_may_depend_on_contexts(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    more = [{**row, "device": "ab"[n % 2]} for n, row in enumerate(rows)]
    log = save(tmp_path / "more.csv", more)
    table = [
        {"device": device, "item_id": item, "probability": value}
        for device, shares in (("a", "1000"), ("b", "0001"))
        for item, value in zip("0123", shares, strict=True)
    ]
    found = report(log, save(tmp_path / "p.csv", table), "--context", "device")
    weight = [
        (row["item_id"] == ("0" if row["device"] == "a" else "3")) / float(row["propensity_score"])
        for row in more
    ]
    assert found["mean_weight"] == pytest.approx(fmean(weight), abs=1e-9)


@pytest.mark.parametrize("rows_kept", [1, 99])
def test_few_decisions_get_no_estimate_but_the_reason_and_the_remedy(
    tmp_path: Path, rows: list[dict[str, str]], rows_kept: int
) -> None:
    always = save_policy(tmp_path / "p.csv", WORLD.shown)
    small = save(
        tmp_path / "small.csv", [row for row in rows if row["position"] == "0"][:rows_kept]
    )
    found = report(small, always, code=3)
    assert found["estimates"] is None
    assert found["withheld"] is True
    assert f"is {rows_kept} of {rows_kept} decisions" in found["reason"]
    assert "times as many" in found["remedy"]
    assert found["trustworthy"] is False
    assert found["reason"] in found["doubt"]
    assert isinstance(found["on_policy"], float)
    assert (found["ess"], found["mean_weight"], found["max_weight"]) == (rows_kept, 1, 1)
    done = run(small, always, "--plot", str(tmp_path / "small.png"))
    assert done.exit_code == 3
    assert "withheld: " in done.stderr
    assert "SNIPS" not in done.stdout
    assert (tmp_path / "small.png").stat().st_size > 10_000


def test_a_hundred_effective_decisions_are_enough(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    hundred = save(tmp_path / "h.csv", [row for row in rows if row["position"] == "0"][:100])
    found = report(hundred, save_policy(tmp_path / "p.csv", WORLD.shown))
    assert found["ess"] == pytest.approx(100)
    own = found["estimates"]
    assert own["ips"]["value"] == pytest.approx(found["on_policy"], abs=1e-12)
    assert own["snips"]["value"] == pytest.approx(found["on_policy"], abs=1e-12)


def test_what_the_log_never_showed_is_told(tmp_path: Path, log: Path) -> None:
    table = np.column_stack([0.9 * WORLD.shown, np.full(2, 0.1)])
    done = run(log, save_policy(tmp_path / "p.csv", table), "--json")
    support = json.loads(done.stdout)["support"]
    assert support["items_never_chosen"] == ["4"]
    assert support["unseen_probability"] == pytest.approx(0.1)
    assert "10 % of the time what the log never showed" in done.stderr
    missing = np.column_stack([0.7 * WORLD.shown, np.full(2, 0.3)])
    found = report(log, save_policy(tmp_path / "p.csv", missing), code=3)
    assert "mean weight is 0.7" in found["reason"]
    assert "(support)" in found["remedy"]
    only = np.array([[0.5, 0.5, 0.0, 0.0]] * 2)
    found = report(log, save_policy(tmp_path / "p.csv", only))
    assert sorted(found["support"]["items_left_out"]) == ["2", "3"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("propensity_score", "nan", "the propensity is nan; leave out rows"),
        ("propensity_score", "-0.25", "the propensity is -0.25; it must be a probability"),
        ("propensity_score", "0", "cannot have had the probability 0"),
        ("propensity_score", "25", "at most 1; divide percentages by 100"),
        ("propensity_score", "", "there is no number; write one"),
        ("propensity_score", "often", "'often' is no number"),
        ("click", "yes", "'yes' is no number"),
        ("click", "nan", "the reward is nan; write a finite number"),
        ("click", "-inf", "the reward is -inf"),
        ("item_id", " ", "there is no item"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_with_column_row_and_remedy(
    tmp_path: Path, rows: list[dict[str, str]], policy: Path, field: str, value: str, words: str
) -> None:
    broken = [*rows[:6], {**rows[6], field: value}, *rows[7:]]
    message = refusal(save(tmp_path / "broken.csv", broken), policy)
    assert f"row 7 below the header, column {field}: " in message
    assert words in message


def test_rows_are_counted_through_long_files(tmp_path: Path, policy: Path) -> None:
    row: dict[str, str] = dict(zip(HEADER, ("0", "0", "1", "0.5"), strict=True))
    many = [row] * (CHUNK + 4)
    message = refusal(save(tmp_path / "long.csv", [*many, {**row, "click": "x"}]), policy)
    assert f"row {CHUNK + 5} below the header" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is empty; its first line must name its columns"),
        (b"item_id,position,click,propensity_score\n", "has a header and no rows"),
        (b"item_id,position,click,propensity_score\n0,0,1\n", "row ends after 3 fields"),
        (b"item_id;click;propensity_score\n0;1;0.5\n", "separate columns by commas"),
        (b"item_id,click,click,propensity_score\n0,1,1,0.5\n", "has two columns click"),
        (b"item_id,click,propensity\xff\n", "is no UTF-8 text"),
        (b"item_id,click,p\n0,1,0.5\n", "has no column propensity_score or propensity; it has"),
    ],
)
def test_a_file_that_is_no_log_is_refused(
    tmp_path: Path, policy: Path, text: bytes, words: str
) -> None:
    (tmp_path / "log.csv").write_bytes(text)
    assert words in refusal(tmp_path / "log.csv", policy)


def test_a_missing_file_is_named(tmp_path: Path, policy: Path) -> None:
    assert "nowhere.csv cannot be read" in refusal(tmp_path / "nowhere.csv", policy)


def test_byte_order_marks_blank_lines_and_windows_line_ends_change_nothing(
    tmp_path: Path, log: Path, policy: Path
) -> None:
    other = tmp_path / "other.csv"
    text = log.read_text().replace("\n", "\r\n") + "\r\n\r\n"
    other.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert report(other, policy) == report(log, policy)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("0,0,0.2", "0,0,0.3", "probabilities of position = 0 sum to 1.1, not to 1"),
        ("0,0,0.2", "0,0,-0.2", "row 1 below the header, column probability: -0.2 is no prob"),
        ("0,0,0.2", "0,0,", "there is no number"),
        ("0,1,0.5", "0,1,0.500002", "probabilities of position = 1 sum to 1.000002"),
        ("3,1,0.1", "2,1,0.1", "item 2 is there for the second time for position = 1"),
        (",1,", ",9,", "lacks position = 1; it has position = 0, position = 9"),
        ("position", "place", "for the second time for the whole file"),
        ("probability", "weight", "has no column probability or propensity_score"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused(
    log: Path, policy: Path, before: str, after: str, words: str
) -> None:
    text = policy.read_text()
    assert before in text
    policy.write_text(text.replace(before, after))
    assert words in refusal(log, policy)


def test_a_sum_that_is_off_by_rounding_is_taken_as_it_is(log: Path, policy: Path) -> None:
    before = report(log, policy)["mean_weight"]
    policy.write_text(policy.read_text().replace("0,1,0.5", "0,1,0.5000005"))
    assert before < report(log, policy)["mean_weight"] < before + 1e-5


def test_items_that_are_written_differently_are_shown_side_by_side(log: Path, policy: Path) -> None:
    renamed = policy.read_text().replace("\r\n", "\n")
    policy.write_text(
        "".join(("x" if n else "") + line for n, line in enumerate(renamed.splitlines(True)))
    )
    message = refusal(log, policy)
    assert "the policy's are x0, x1, x2, x3" in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--clip", "0"), "--clip 0 is no weight"),
        (("--switch", "nan"), "--switch nan is no weight"),
        (("--context", "device"), "has no column device"),
        (("--context", "position"), "column position is asked for twice"),
        (("--plot", "figure.txt"), "is no picture that can be drawn"),
    ],
)
def test_flags_that_make_no_sense_are_refused(
    log: Path, policy: Path, options: tuple[str, ...], words: str
) -> None:
    assert words in refusal(log, policy, *options)


def test_too_many_contexts_to_learn_from_are_refused(
    tmp_path: Path, log: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eitp_server.lab.ope.policy.MOST_CELLS", 7)
    assert "name fewer or coarser columns" in refusal(log, policy)


def test_the_table_and_the_picture_show_every_estimator(
    tmp_path: Path, log: Path, policy: Path
) -> None:
    picture = tmp_path / "found.svg"
    done = run(log, policy, "--plot", str(picture))
    assert done.exit_code == 0, done.stderr
    for name in ("on-policy", "IPS", "SNIPS", "clipped IPS", "DM", "DR", "SNDR", "Switch-DR"):
        assert name in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert picture.read_text().startswith("<?xml")


def test_weights_that_are_all_zero_are_reported(tmp_path: Path, log: Path) -> None:
    table = np.array([[0.0, 0.0, 0.0, 0.0, 1.0]] * 2)
    # An item that the log never chose, and another of the log that is never shown.
    policy = save_policy(tmp_path / "p.csv", table)
    done = run(log, policy, "--json", "--plot", str(tmp_path / "none.png"))
    found = json.loads(done.stdout)
    assert done.exit_code == 3
    assert (found["ess"], found["mean_weight"], found["max_weight"]) == (0, 0, 0)
