"""The well-known tasks on public data, people held out: what holds, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp.convert import convert
from eitp_server.lab.evaluation import as_json, declare, evaluate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def converted(eitp_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public sets as recordings, a folder each."""
    folder = tmp_path_factory.mktemp("public")
    for name in ("choice-conflict", "stress-pointclick", "web-latency-clicks"):
        (folder / name).mkdir()
        convert(name, eitp_data / name, folder / name / f"{name}.csv")
    return folder


def test_hard_choices_take_longer_than_the_person_usually_does(converted: Path) -> None:
    path = converted / "choice-conflict"
    fitted = evaluate(path, declare("hesitation"))
    assert fitted.auc.value >= 0.70
    assert fitted.rivals["order_only"].margin.low > 0
    # The server's signal is that duration, and is expected to tell as much and no more.
    assert fitted.rivals["duration_relative"].margin.low < 0.02
    assert as_json(fitted)["sampling_hz"] == pytest.approx(20, abs=1)


def test_slow_answers_are_rated_badly_and_clicks_alone_say_less(converted: Path) -> None:
    path = converted / "web-latency-clicks"
    known = evaluate(path, declare("low-rating"))
    assert known.auc.value >= 0.75
    assert known.rivals["order_only"].margin.low > 0
    assert known.rivals["missing_only"].margin.low > 0
    blind = evaluate(path, declare("low-rating", left_out=["response_latency"]))
    assert blind.auc.high < known.auc.value


def test_movement_does_not_tell_stress(converted: Path) -> None:
    found = evaluate(converted / "stress-pointclick", declare("stress"))
    assert found.auc.value < 0.60
    assert found.auc.low < 0.5
    assert as_json(found)["played_by"] == "the label order"


def test_the_order_gives_the_kind_of_map_away(converted: Path) -> None:
    task = declare("map", label="map_type", positive="map")
    found = evaluate(converted / "web-latency-clicks", task)
    assert found.rivals["order_only"].auc.value > 0.95
    assert found.rivals["order_only"].margin.high < 0
