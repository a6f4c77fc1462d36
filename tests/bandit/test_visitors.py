"""Who was met, and who has to be written again."""

from __future__ import annotations

from eitp_server.bandit.visitors import Visitor, Visitors


def test_everybody_who_is_new_has_changed() -> None:
    visitors = Visitors()
    visitors.meet("ada", None)
    visitors.meet("ben", 0.1)
    assert sorted(visitors.changed()) == [Visitor("ada", 0, None), Visitor("ben", 0, 0.1)]
    assert "ada" in visitors
    assert "cleo" not in visitors
    assert len(visitors) == 2


def test_who_is_kept_has_changed_only_when_something_happened_since() -> None:
    visitors = Visitors()
    for name in ("ada", "ben", "cleo", "dora"):
        visitors.meet(name, 0.1)
    visitors.count("dora", 2)
    visitors.kept()
    visitors.count("ben", 5)
    visitors.leak("cleo")
    visitors.count("dora", 2)
    assert sorted(visitors.changed()) == [Visitor("ben", 5, 0.1), Visitor("cleo", 0, None)]
    visitors.kept()
    assert visitors.changed() == []


def test_those_who_are_known_are_as_they_were_and_have_not_changed() -> None:
    known = [Visitor("ada", 1 << 700, None), Visitor("ben", 0, 0.25)]
    visitors = Visitors(known)
    assert visitors.changed() == []
    assert (visitors.counted("ada"), visitors.held_out("ada")) == (1 << 700, None)
    assert (visitors.counted("ben"), visitors.held_out("ben")) == (0, 0.25)
    assert visitors.held_out("nobody") is None
