"""Off-policy evaluation: simulated logs with a known truth, and files that do not fit."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.off_policy import inverse_propensity
from eitp_server.cli.lab import app
from eitp_server.lab.ope import DecisionLog, Policy, Settings, evaluate
from eitp_server.lab.ope.calibration import Calibration
from eitp_server.lab.ope.context import Contexts
from eitp_server.lab.ope.reward_model import RewardModel
from eitp_server.lab.ope.sheet import CHUNK, Names
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.lab.ope import OffPolicyEvaluation
    from numpy.typing import NDArray
    from typer.testing import Result

    Array = NDArray[np.float64]

HEADER = ("item_id", "position", "click", "propensity_score")
UNBIASED = ("ips", "snips", "dr", "sndr")
LOGS = 300


@dataclass(frozen=True, slots=True)
class World:
    """Positions by items: what is shown how often, what it earns, and what else could be shown."""

    shown: Array
    earns: Array
    policy: Array

    @property
    def truth(self) -> float:
        """What the policy earns, positions being equally frequent."""
        return float((self.policy * self.earns).sum(axis=1).mean())

    def log(self, rows: int, seed: int, written: Array | None = None) -> DecisionLog:
        """Draw a log; `written` are the propensities that it claims instead of the true ones."""
        generator = np.random.default_rng(seed)
        positions, items = self.shown.shape
        position = generator.integers(0, positions, rows)
        below = np.cumsum(self.shown, axis=1)[position, :-1] < generator.random(rows)[:, None]
        item = below.sum(axis=1, dtype=np.intp)
        reward = (generator.random(rows) < self.earns[position, item]).astype(np.float64)
        propensity = (self.shown if written is None else written)[position, item]
        where = Names(tuple(str(n) for n in range(positions)), position)
        contexts = Contexts(("position",), tuple((name,) for name in where.values), where.code)
        return DecisionLog(
            path=Path("drawn.csv"),
            columns={},
            item=Names(tuple(str(n) for n in range(items)), item),
            reward=reward,
            propensity=propensity,
            position=contexts,
            context=contexts,
        )

    def wanted(self) -> Policy:
        positions, items = self.policy.shape
        return Policy(
            path=Path("policy.csv"),
            columns=("position",),
            items=tuple(str(n) for n in range(items)),
            probability=self.policy,
            row=np.arange(positions, dtype=np.intp),
        )

    def judged(self, rows: int, seed: int, written: Array | None = None) -> OffPolicyEvaluation:
        settings = Settings(clip=3.0, switch=3.0, seed=1)
        return evaluate(self.log(rows, seed, written), self.wanted(), settings)


WORLD = World(
    shown=np.array([[0.55, 0.2, 0.15, 0.1], [0.1, 0.2, 0.3, 0.4]]),
    earns=np.array([[0.1, 0.3, 0.2, 0.5], [0.4, 0.1, 0.2, 0.3]]),
    policy=np.array([[0.2, 0.2, 0.2, 0.4], [0.5, 0.3, 0.1, 0.1]]),
)
# Propensities that a careless engineer might write: those of a uniform draw.
UNIFORM = np.full((2, 4), 0.25)


@pytest.fixture(scope="module")
def drawn() -> dict[str, Array]:
    """Return (LOGS, 2) values and errors of each estimator, over logs of one world."""
    found = [WORLD.judged(2000, seed).estimates or {} for seed in range(LOGS)]
    return {
        name: np.array([(one[name].value, one[name].standard_error) for one in found])
        for name in found[0]
    }


def test_unbiased_estimators_find_the_truth_and_their_intervals_cover_it(
    drawn: dict[str, Array],
) -> None:
    for name in UNBIASED:
        value, error = drawn[name].T
        assert abs(value.mean() - WORLD.truth) < 4 * value.std() / LOGS**0.5, name
        covered = (np.abs(value - WORLD.truth) < 1.96 * error).mean()
        # Five standard deviations of a share of 300 around 0.95.
        assert abs(covered - 0.95) < 0.063, name


def test_clipping_is_biased_downwards(drawn: dict[str, Array]) -> None:
    value = drawn["clipped_ips"][:, 0]
    assert value.mean() < WORLD.truth - 4 * value.std() / LOGS**0.5


def test_every_standard_error_is_the_spread_over_logs(drawn: dict[str, Array]) -> None:
    assert len(drawn) == 7
    for name, own in drawn.items():
        value, error = own.T
        assert error.mean() / value.std() == pytest.approx(1.0, abs=0.15), name


def test_the_doubly_robust_estimate_varies_less_than_plain_weighting(
    drawn: dict[str, Array],
) -> None:
    assert drawn["dr"][:, 0].std() < 0.95 * drawn["ips"][:, 0].std()


def test_wrong_propensities_bias_the_estimate_and_the_calibration_notices() -> None:
    covered = noticed = falsely = 0
    for seed in range(40):
        wrong, right = WORLD.judged(2000, seed, UNIFORM), WORLD.judged(2000, seed)
        found = inverse_propensity(wrong.weight, wrong.log.reward)
        covered += found.low < WORLD.truth < found.high
        noticed += wrong.as_json()["calibration"]["ok"] is False
        falsely += right.as_json()["calibration"]["ok"] is not True
    assert (covered, noticed, falsely) == (0, 40, 0)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (WORLD.shown / 2, "sum to 0.5 over position = "),
        (WORLD.shown[:, ::-1], "not chosen as often"),
        # Uniform over all items: the sums are right, and so is the mean of the inverses.
        (UNIFORM, "not chosen as often"),
    ],
)
def test_propensities_that_did_not_draw_the_log_are_noticed(written: Array, words: str) -> None:
    found = WORLD.judged(4000, 1, written)
    assert words in (found.calibration.reason or "")
    assert any(note.startswith("calibration: ") for note in found.notes())


def test_propensities_that_change_from_row_to_row_are_judged_by_their_inverses() -> None:
    log = WORLD.log(4000, 1)
    late = np.arange(len(log)) >= 2000
    for factor, fits in ((1.0, True), (1.6, False)):
        # The second half has other true propensities, or claims to.
        drifting = World(shown=WORLD.shown[:, ::-1], earns=WORLD.earns, policy=WORLD.policy)
        other = drifting.log(4000, 1)
        mixed = replace(
            log,
            item=Names(log.item.values, np.where(late, other.item.code, log.item.code)),
            propensity=np.where(late, factor * other.propensity, log.propensity),
            position=replace(
                log.position, code=np.where(late, other.position.code, log.position.code)
            ),
        )
        found = Calibration.of(mixed).as_json()
        assert (found["propensity_sums"], found["p_value"]) == (None, None)
        assert found["ok"] is fits
        assert found["reason"] is None or "mean of 1 / propensity" in found["reason"]


def test_items_that_hardly_ever_come_raise_no_false_alarm() -> None:
    shown = np.array([[0.9, 0.1 - 2e-4, 1e-4, 1e-4]])
    rare = World(shown=shown, earns=np.full((1, 4), 0.1), policy=shown)
    verdicts = [Calibration.of(rare.log(2000, seed)).as_json()["ok"] for seed in range(100)]
    assert verdicts.count(True) >= 99


def test_a_log_of_few_rows_is_not_judged() -> None:
    assert Calibration.of(WORLD.log(100, 1)).as_json()["ok"] is None


def test_no_row_is_foretold_by_itself_and_all_others_pull_as_they_should() -> None:
    log, policy = WORLD.log(60, 3), WORLD.wanted()
    model = RewardModel.fit(log, policy, seed=2)
    corrected = np.random.default_rng(4).random(60)

    def total(of: RewardModel) -> float:
        return float((of.predictions.expected - corrected * of.predictions.shown).sum())

    pull = model.pull(corrected)
    for row in range(60):
        raised = replace(log, reward=log.reward + np.eye(60)[row])
        again = RewardModel.fit(raised, policy, seed=2)
        assert again.predictions.shown[row] == model.predictions.shown[row]
        assert total(again) - total(model) == pytest.approx(pull[row], abs=1e-9)


def test_the_model_shrinks_a_cell_to_its_item_and_an_unknown_item_to_all() -> None:
    log = WORLD.log(200, 3)
    log = replace(log, reward=np.full(200, 0.7))
    policy = replace(
        WORLD.wanted(), items=("0", "1", "2", "3", "new"), probability=np.full((2, 5), 0.2)
    )
    found = RewardModel.fit(log, policy, seed=1).predictions
    np.testing.assert_allclose(found.shown, 0.7, rtol=1e-12)
    np.testing.assert_allclose(found.expected, 0.7, rtol=1e-12)


def rows_of(log: DecisionLog) -> list[dict[str, str]]:
    return [
        dict(zip(HEADER, (str(item), str(position), repr(reward), repr(propensity)), strict=True))
        for item, position, reward, propensity in zip(
            log.item.code.tolist(),
            log.position.code.tolist(),
            log.reward.tolist(),
            log.propensity.tolist(),
            strict=True,
        )
    ]


def save(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def save_policy(path: Path, table: Array) -> Path:
    return save(
        path,
        [
            {"item_id": str(item), "position": str(position), "probability": repr(float(value))}
            for (position, item), value in np.ndenumerate(table)
        ],
    )


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
    assert found["on_policy"]["value"] == pytest.approx(fmean(reward), abs=1e-9)
    assert found["on_policy"]["se"] == pytest.approx(stdev(reward) / count**0.5, abs=1e-9)
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
    assert own["ips"]["value"] == pytest.approx(found["on_policy"]["value"], abs=1e-12)
    assert own["snips"]["value"] == pytest.approx(found["on_policy"]["value"], abs=1e-12)


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
