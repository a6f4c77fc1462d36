"""The signals on public data: hard choices hesitate, and clicking under stress is not rage."""

from __future__ import annotations

import csv
from collections import defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from eitp_server.signals.action import Action
from eitp_server.signals.event import Kind
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.signal import Signal
from eitp_server.signals.tables import SignalTables
from scipy.stats import mannwhitneyu
from signals.stream import Row, columns

if TYPE_CHECKING:
    from pathlib import Path

HESITATION = Signal.HESITATION.column
BETWEEN_TRIALS_MS = 1500


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def trial_rows(trial: dict[str, str], start: int, slot: int) -> list[Row]:
    """Return one choice, its 100 Hz samples thinned to 20 Hz."""
    times = list(accumulate(int(dt) for dt in trial["dt_ms"].split()))
    places = zip(map(int, trial["x"].split()), map(int, trial["y"].split()), strict=True)
    samples = list(zip(times, places, strict=True))
    end = int(trial["response_time_ms"])
    moves = [Row(start + t, x=x, y=y, slot=slot) for t, (x, y) in samples[::5] if t < end]
    x, y = samples[-1][1]
    begun = Row(start, Kind.NAVIGATE, slot=slot)
    return [begun, *moves, Row(start + end, Kind.CLICK, x=x, y=y, slot=slot)]


def test_hesitation_tells_hard_choices_from_easy_ones_by_the_past_alone(eitp_data: Path) -> None:
    by_subject: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for trial in read(eitp_data / "choice-conflict" / "trials.csv"):
        by_subject[trial["subject"]].append(trial)
    tables = SignalTables.allocate(len(by_subject))
    slots = np.arange(len(by_subject))
    clock = np.zeros(len(by_subject), np.int64)
    scores: dict[str, list[float]] = {"Atypical": [], "Typical": []}
    for trials in zip(*by_subject.values(), strict=True):
        starts = (clock + BETWEEN_TRIALS_MS).tolist()
        rows = [
            trial_rows(t, at, slot) for slot, (t, at) in enumerate(zip(trials, starts, strict=True))
        ]
        fold(tables, columns([row for own in rows for row in own]))
        clock = np.array([own[-1].t for own in rows])
        found = evidence(tables, slots, clock)
        for slot in np.flatnonzero(found.present[:, HESITATION]).tolist():
            scores[trials[slot]["condition"]].append(float(found.value[slot, HESITATION]))
    hard, easy = scores["Atypical"], scores["Typical"]
    assert len(hard) + len(easy) == 16 * len(by_subject)
    assert mannwhitneyu(hard, easy).statistic / (len(hard) * len(easy)) >= 0.70


def test_clicking_through_a_task_under_stress_is_never_rage(eitp_data: Path) -> None:
    slots: dict[tuple[str, str], int] = {}
    blocks: defaultdict[int, list[Row]] = defaultdict(list)
    for event in read(eitp_data / "stress-pointclick" / "events.csv"):
        block = event["participant"], event["condition"]
        slot = slots.setdefault(block, len(slots))
        kind = Kind.CLICK if event["kind"] == "c" else Kind.MOVE
        t, x, y = (int(event[name]) for name in ("t_ms", "x", "y"))
        blocks[slot].append(Row(t, kind, x, y, slot=slot))
    tables = SignalTables.allocate(len(blocks))
    for rows in blocks.values():
        fold(tables, columns(sorted(rows, key=lambda row: row.t)))
    assert tables.action.clicks.sum() > 2000
    assert tables.action.sums[:, :, Action.RAGE_CLICKS].sum() == 0
