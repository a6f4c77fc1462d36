"""The picture of the hypothesis: drawn from any sample, the same each time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.classification.hypothesis import Sample, analyse
from eitp_server.lab.plot.hypothesis import draw

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = ["informative", "turned round", "without a success", "empty"]


def sample(kind: str) -> Sample:
    n = 0 if kind == "empty" else 200
    chance = np.random.default_rng(1)
    state, page, time = chance.normal(3, 1, (3, n))
    abandoned = chance.random(n) < 1 / (1 + np.exp(1 - state))
    made = Sample(
        state=state,
        page_only=page,
        duration_only=time,
        risk=1 / (1 + np.exp(-state)),
        abandoned=abandoned | (kind == "without a success"),
        treated=np.zeros(n, np.bool_),
        holdout=np.ones(n, np.bool_),
    )
    return replace(made, page_only=-state) if kind == "turned round" else made


def drawn(kind: str, path: Path) -> bytes:
    made = sample(kind)
    draw(made, analyse(made), path, heading="Does it?", statement="It does. " * 30, of="sessions")
    return path.read_bytes()


@pytest.mark.parametrize("kind", SAMPLES)
def test_equal_samples_make_equal_pictures(kind: str, tmp_path: Path) -> None:
    assert drawn(kind, tmp_path / "one.png") == drawn(kind, tmp_path / "two.png")


def test_other_samples_make_other_pictures(tmp_path: Path) -> None:
    pictures = {drawn(kind, tmp_path / f"{number}.png") for number, kind in enumerate(SAMPLES)}
    assert len(pictures) == 3
    assert drawn("empty", tmp_path / "empty.svg").startswith(b"<?xml")
