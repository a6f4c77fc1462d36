"""Lines of JSON: read in the order of writing, however many there are."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest
from eitp_server.bandit.lines import encode
from eitp_server.storage.line import Written, read


@dataclass(slots=True)
class Thing(Written):
    name: str


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_line_is_read_once_and_in_order(count: int) -> None:
    assert list(read([encode([number, "x"]) for number in range(count)])) == [
        [number, "x"] for number in range(count)
    ]


def test_a_line_is_no_part_of_what_is_said() -> None:
    written, new = Thing("it"), Thing("it")
    written.line = encode(written.name)
    assert new.line is None
    assert written == new
    assert repr(written) == repr(new)
    assert [item.name for item in fields(written)] == ["name"]
