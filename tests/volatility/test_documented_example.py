"""The example of docs/volatility.md, worked out anew."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from eitp_server.volatility.constituent import constituents, weight_of
from eitp_server.volatility.increment import MovementTable, Step, update
from eitp_server.volatility.level import Level
from eitp_server.volatility.scale import scaled
from eitp_server.volatility.variation import variation
from volatility.sessions import base

PAGE = (Path(__file__).parents[2] / "docs" / "volatility.md").read_text(encoding="utf-8")
ROW = r"^\| (\d+) s ((?:\| [\d.]+ ){6})\| ([^|]+) \| ?([\d.]*) ?\|$"
STEPS = {"first reference": Step.FIRST, "waits": Step.WAITED}


def test_the_session_of_the_page_gives_its_figures() -> None:
    table, slot = MovementTable.allocate(1), np.array([0])
    rows = re.findall(ROW, PAGE, re.MULTILINE)
    assert len(rows) == 5
    for at, cells, what, square in rows:
        state = [float(cell) for cell in cells.split("|")[1:]]
        time_us = np.array([int(at) * 1_000_000])
        faded = table.squares[0] * 2 ** (-(time_us[0] - table.updated_us[0]) / 60e6)
        taken = update(table, slots=slot, at_us=time_us, states=np.array([[*state, 0.1]]))
        assert Step(int(taken[0])) == STEPS.get(what, Step.ADDED)
        if square:
            assert table.squares[0] - faded == pytest.approx(float(square), abs=5e-4)
    found = variation(table, slot)
    for name, value in (("*Q* =", table.squares[0]), ("*X* =", table.seconds[0])):
        assert stated(name) == pytest.approx(value, rel=6e-4)
    assert stated("*V* =") == pytest.approx(found.variance[0], abs=5e-4)
    assert stated("*v* =") == pytest.approx(found.volatility[0], abs=5e-4)
    tick = constituents(table, slot, 25_000_000)
    assert f"({tick.weight[0]}, {tick.volatility[0]})" in PAGE
    weight = weight_of(table.intent, 2 ** (-5 / 30))[0]
    assert stated("the session weighs") == pytest.approx(weight, abs=5e-4)


@pytest.mark.parametrize("sessions", [30, 100, 300, 1000])
def test_the_bands_of_the_page_are_those_of_the_formula(sessions: int) -> None:
    found = Level(
        value=1.2,
        standard_error=1.2 * 0.58 / np.sqrt(sessions),
        unweighted=1.2,
        effective_sessions=sessions,
        largest_share=1 / sessions,
    )
    ours = scaled(found, base(1.05, 0.1))
    assert f"the index is {ours.index:.1f}" in PAGE
    assert f"| {ours.band_low:.0f} to {ours.band_high:.0f} |" in PAGE


def stated(name: str) -> float:
    found = re.search(re.escape(name) + r" ([\d.]+\d)", PAGE)
    assert found, name
    return float(found.group(1))
