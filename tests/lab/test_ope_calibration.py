"""Calibration within contexts: what is tested together, what is called off, and how it is said."""

from __future__ import annotations

import csv
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.cli.lab import app
from eitp_server.lab.ope import ColumnNames, DecisionLog
from eitp_server.lab.ope.calibration import Calibration
from eitp_server.lab.ope.context import Contexts
from eitp_server.lab.ope.sheet import Names
from eitp_server.lab.plot import off_policy
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from typer.testing import Result

    Shares = Mapping[str, tuple[float, ...]]

MIRRORED = {"phone": (0.4, 0.3, 0.2, 0.1), "desktop": (0.1, 0.2, 0.3, 0.4)}
UNIFORM = dict.fromkeys(MIRRORED, (0.25, 0.25, 0.25, 0.25))
TRUTH = 0.3
"""What the policy of these tests earns: an item earns the tenth of its number, and one."""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.csv"
    path.write_text("item,probability\n0,0.1\n1,0.2\n2,0.3\n3,0.4\n")
    return path


def drawn(
    path: Path,
    shown: Shares,
    claimed: Shares | None = None,
    *,
    rows: int = 4_000,
    seed: int = 1,
    drift: float = 0.0,
) -> Path:
    """Write a log of visits by device; the true shares swing by `drift` from row to row."""
    generator = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        write = csv.writer(file).writerow
        write(("device", "item", "reward", "propensity"))
        for _ in range(rows):
            device = str(generator.choice(list(shown)))
            swing = 1 + drift * generator.uniform(-1, 1, len(shown[device]))
            true, said = (_swung(of[device], swing) for of in (shown, claimed or shown))
            item = int(generator.choice(len(true), p=true))
            write((device, item, int(generator.random() < 0.1 * (item + 1)), said[item]))
    return path


def _swung(shares: tuple[float, ...], swing: NDArray[np.float64]) -> NDArray[np.float64]:
    swung = np.array(shares) * swing
    return swung / swung.sum()


def calibration(path: Path, *contexts: str) -> Calibration:
    return Calibration.of(DecisionLog.read(path, ColumnNames(contexts=contexts), lambda _: None))


def run(log: Path, policy: Path, *options: str) -> Result:
    command = ["ope", "--log", str(log), "--policy", str(policy), *options]
    return CliRunner().invoke(app, command, env={"COLUMNS": "80"})


def report(log: Path, policy: Path, *options: str) -> dict[str, Any]:
    return json.loads(run(log, policy, "--json", *options).stdout)


def test_propensities_that_are_wrong_in_each_context_and_right_over_all_are_noticed(
    tmp_path: Path, policy: Path
) -> None:
    log = drawn(tmp_path / "log.csv", MIRRORED, UNIFORM)
    over_all = calibration(log)
    assert (over_all.fits, over_all.columns) == (True, ())
    found = calibration(log, "device")
    assert found.fits is False
    assert found.off.keys() == {"device = phone", "device = desktop"}
    assert "item" in (found.reason or "")
    assert "times, and" in (found.reason or "")
    assert "were due" in (found.reason or "")
    assert "1 other group does not fit either" in (found.reason or "")
    assert found.mean_inverse == pytest.approx(4)


def test_only_the_group_that_does_not_fit_is_named(tmp_path: Path) -> None:
    log = drawn(tmp_path / "log.csv", MIRRORED, {**MIRRORED, "phone": (0.25,) * 4})
    found = calibration(log, "device").as_json()["tested"]
    assert list(found["off"]) == ["device = phone"]
    assert (found["groups"], found["groups_tested"], found["groups_off"]) == (2, 2, 1)
    assert (found["within"], found["rows_tested"]) == (["device"], 4000)


@pytest.mark.parametrize("drift", [0.0, 0.6])
def test_true_propensities_fit_in_every_one_of_many_contexts(tmp_path: Path, drift: float) -> None:
    generator = np.random.default_rng(5)
    shares = {f"d{n}": (*(0.98 * generator.dirichlet((1, 1, 1))).tolist(), 0.02) for n in range(40)}
    for seed in range(3):
        log = drawn(tmp_path / "log.csv", shares, rows=8_000, seed=seed, drift=drift)
        found = calibration(log, "device")
        assert (found.fits, found.tested) == (True, 40), found.reason
        assert (found.smallest is None) == (drift > 0)


def test_each_of_many_groups_is_held_to_a_stricter_limit() -> None:
    # The same counts, a little more rarely by chance than one alone may be.
    alone = Calibration.of(_counted(groups=1))
    assert alone.fits is False
    among = Calibration.of(_counted(groups=50))
    assert (among.fits, among.tested) == (True, 50)
    assert among.smallest == pytest.approx(50 * (alone.chance or 0))


def _counted(groups: int) -> DecisionLog:
    """Return a log of even coins, 100 a group, the first of which fell on one side 75 times."""
    side = np.tile(np.arange(100) % 2, groups)
    side[:100] = np.arange(100) >= 75
    return _log(np.repeat(np.arange(groups), 100), side, np.full(len(side), 0.5))


def _log(group: NDArray[np.intp], item: NDArray[np.intp], propensity: NDArray[Any]) -> DecisionLog:
    """Return a log of decisions in contexts that are numbered from 0."""
    return DecisionLog(
        path=Path("drawn.csv"),
        columns={},
        item=Names(tuple(str(n) for n in range(item.max() + 1)), item),
        reward=np.zeros(len(item)),
        propensity=propensity,
        position=Contexts((), ((),), np.zeros(len(item), np.intp)),
        context=Contexts(("group",), tuple((str(n),) for n in range(group.max() + 1)), group),
    )


def test_items_that_are_unseen_in_small_contexts_by_chance_raise_no_alarm() -> None:
    generator = np.random.default_rng(2)
    shown = np.array([0.5, 0.49, 0.005, 0.005])
    group = np.repeat(np.arange(200), 80)
    item = generator.choice(4, p=shown, size=len(group))
    found = Calibration.of(_log(group, item, shown[item]))
    assert found.fits is True, found.reason
    assert found.tested == 200
    # In a context only 2.7 of them came, and all four have counted.
    assert found.expected == pytest.approx(4, abs=0.3)


def test_propensities_that_change_from_row_to_row_are_judged_group_by_group(
    tmp_path: Path,
) -> None:
    # On device b the mean of all inverses is right: too large for one item, too small for another.
    shown, claimed = {"a": (0.5, 0.5), "b": (0.8, 0.2)}, {"a": (0.8, 0.2), "b": (0.5, 0.5)}
    log = drawn(tmp_path / "log.csv", shown, claimed, rows=8_000, drift=0.3)
    found = calibration(log, "device")
    assert (found.sums, found.chance) == (None, None)
    assert found.off.keys() == {"device = a", "device = b"}
    for device, why in found.off.items():
        assert f"the mean of 1 / propensity over {device}, 0 where another item was" in why


def test_contexts_that_are_too_small_are_tested_together(tmp_path: Path) -> None:
    log = drawn(tmp_path / "log.csv", {"a": (0.25,) * 4})
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["device"] = "common" if number < 2_000 else f"rare-{number // 50}"
    _write(tmp_path / "log.csv", rows)
    found = calibration(log, "device")
    assert (found.groups, found.tested, found.rows_tested) == (2, 2, 4000)
    for row in rows[2_000:]:
        row["propensity"] = "0.2"
    _write(tmp_path / "log.csv", rows)
    (name,) = calibration(log, "device").off
    assert name == "40 contexts with few rows, taken together"
    # Fewer than 20 rows for each of its four items.
    _write(tmp_path / "log.csv", [*rows[:2_000], *rows[2_000:2_079]])
    found = calibration(log, "device")
    assert (found.fits, found.tested, found.rows_tested) == (True, 1, 2_000)
    assert "2,000 of 2,079 decisions" in found.scope


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_whether_to_trust_the_figures_is_said_above_them(tmp_path: Path, policy: Path) -> None:
    log = drawn(tmp_path / "log.csv", MIRRORED, UNIFORM)
    done = run(log, policy, "--context", "device")
    said = " ".join(done.stdout.split())
    assert done.exit_code == 0
    for words in ("Not to be trusted: ", "no estimate can be trusted", "does not fit"):
        assert 0 < said.index(words) < said.index("on-policy"), words
    assert "over device = " in said
    assert "2 of 2 groups, p-values times 2 (Bonferroni)" in said
    assert "calibration" not in done.stderr


@pytest.mark.parametrize("claimed", [MIRRORED, UNIFORM])
def test_a_script_reads_whether_to_trust_the_figures(
    tmp_path: Path, policy: Path, claimed: Shares
) -> None:
    found = report(drawn(tmp_path / "log.csv", MIRRORED, claimed), policy, "--context", "device")
    right = claimed is MIRRORED
    near = abs(found["estimates"]["ips"]["value"] - TRUTH) < 3 * found["estimates"]["ips"]["se"]
    assert found["trustworthy"] is found["calibration"]["ok"] is right
    assert near or not right
    assert (found["doubt"] is None) is right
    assert found["notes"][0].startswith("calibration: ") is not right


def test_propensities_that_cannot_be_tested_are_not_called_trustworthy(
    tmp_path: Path, policy: Path
) -> None:
    few = drawn(tmp_path / "log.csv", {"phone": (0.1, 0.2, 0.3, 0.4)}, rows=79)
    many = drawn(tmp_path / "more.csv", {"phone": (0.1, 0.2, 0.3, 0.4)}, rows=120)
    assert report(few, policy)["calibration"]["ok"] is None
    assert report(many, policy)["trustworthy"] is True
    with many.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["position"] = str(number // 30)
    _write(many, rows)
    found = report(many, policy)
    assert (found["trustworthy"], found["calibration"]["ok"]) == (False, None)
    assert "too few rows to tell" in found["doubt"]
    assert found["estimates"] is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [((), "4 items; effective"), (("--context", "device"), "4 items, 2 contexts; effective")],
)
def test_contexts_are_counted_where_there_are_some(
    tmp_path: Path, policy: Path, options: tuple[str, ...], words: str
) -> None:
    log = drawn(tmp_path / "log.csv", MIRRORED)
    assert words in run(log, policy, *options).stdout
    assert report(log, policy, *options)["contexts"] == len(options)


def test_no_two_weights_are_written_over_each_other(
    tmp_path: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures: list[Any] = []

    def keep(figure: Any, path: Path) -> None:
        pictures.append(figure)

    monkeypatch.setattr(off_policy, "save", keep)
    # Weights from 0.25 to 4, and others.
    for number, shares in enumerate((MIRRORED["phone"], (0.01, 0.3, 0.3, 0.39), (0.25,) * 4)):
        log = drawn(tmp_path / f"{number}.csv", {"phone": shares}, {"phone": shares})
        assert run(log, policy, "--plot", str(tmp_path / "a.png")).exit_code == 0
    for figure in pictures:
        figure.draw_without_rendering()
        axis = figure.axes[1].xaxis
        labels = [
            tick.label1.get_window_extent()
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
            if tick.label1.get_text()
        ]
        labels.sort(key=lambda box: box.x0)
        assert len(labels) >= 3
        for one, other in pairwise(labels):
            assert one.x1 + 4 < other.x0


def test_weights_are_marked_at_round_numbers_few_enough_to_read() -> None:
    for low, high in ((0.25, 4), (0.4, 2), (0.001, 10), (0.001, 1e9), (0.5, 2), (1e-3, 1e25)):
        ticks = off_policy.weight_ticks(low, high)
        assert 2 <= len(ticks) <= 8
        assert all(low <= tick <= high for tick in ticks)
        nearest = min(b / a for a, b in pairwise(ticks))
        assert math.log(nearest) / math.log(high / low) > 0.05
