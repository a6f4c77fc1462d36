"""The lines of forecasts: kept over a restart, and never longer than what they say is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp_server.classification.packet import Label
from eitp_server.ingest.forecast import Forecast, from_json, written
from eitp_server.ingest.ledger import Ledger
from hypothesis import given
from hypothesis import strategies as st
from ingest.shopfront import ABANDONMENT, CONVERSION, START_US, foretell, outcome, packet
from ingest.test_ledger import acted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.test_ledger import Step


def written_anew(ledger: Ledger) -> bytes:
    for waiting in ledger._open.values():  # pyright: ignore[reportPrivateUsage]
        waiting.line = None
    return ledger.dump()


def reloaded(ledger: Ledger) -> Ledger:
    copy = Ledger(capacity=4)
    copy.load(ledger.dump())
    return copy


OFTEN = ("foretell", "report", "ended", "reopened")
CALLS = (*OFTEN, *OFTEN, "treat", "forget", "resolve", "skip")
# Few names: a line is out of date only where one forecast is written and changed again.
_steps = st.lists(
    st.tuples(
        st.sampled_from(CALLS), st.just("shop"), st.sampled_from(("a", "b")), st.integers(1, 5)
    ),
    max_size=40,
)


@given(_steps, st.integers(0, 40))
def test_no_line_outlives_a_change(steps: list[Step], restart: int) -> None:
    ledger = Ledger(capacity=4)
    for name in ("a", "b"):
        foretell(ledger, packet(name))
    for number, step in enumerate(steps):
        if number == restart:
            ledger = reloaded(ledger)
        acted(ledger, step, number)
        assert ledger.dump() == written_anew(ledger)


def note_nothing(_: Ledger, __: Forecast) -> None:
    """Take the place of what throws a line away."""


def overrule(ledger: Ledger) -> None:
    ledger.report(outcome(ABANDONMENT, START_US + 1), START_US + 1)
    ledger.dump()
    ledger.report(outcome(CONVERSION, START_US + 2), START_US + 2)


CHANGES: dict[str, Callable[[Ledger], object]] = {
    "claim": lambda ledger: ledger.claim(packet(label=Label.FRUSTRATION)),
    "treat": lambda ledger: ledger.treat("shop", "s"),
    "report": lambda ledger: ledger.report(outcome(ABANDONMENT, START_US + 1), START_US + 1),
    "overrule": overrule,
    "ended": lambda ledger: ledger.ended("shop", "s", START_US + 2),
    "all_ended": lambda ledger: ledger.all_ended(START_US + 2),
    "reopened": lambda ledger: ledger.reopened("shop", "s"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("forgetful", [False, True])
def test_a_change_that_is_not_noted_would_be_seen(
    monkeypatch: pytest.MonkeyPatch, change: str, *, restart: bool, forgetful: bool
) -> None:
    # The forgetful are the negative control of the test above.
    ledger = Ledger()
    foretell(ledger, packet())
    ledger.ended("shop", "s", START_US)
    before = ledger.dump()
    if restart:
        ledger = reloaded(ledger)
    if forgetful:
        monkeypatch.setattr(Ledger, "_changed", note_nothing)
    CHANGES[change](ledger)
    kept = ledger.dump()
    assert written_anew(ledger) != before
    assert (kept == written_anew(ledger)) is not forgetful


_integers = st.integers(-(2**63), 2**63)
_forecasts = st.builds(
    Forecast,
    tenant_id=st.text(max_size=8),
    session_id=st.text(max_size=8),
    packet_id=st.text(max_size=8),
    at_us=_integers,
    label=_integers,
    risk_logit=st.floats(),
    page_only_logit=st.floats(),
    duration_only_logit=st.floats(),
    risk=st.floats(),
    estimator_version=st.text(max_size=8),
    holdout=st.booleans(),
    treated=st.booleans(),
    claims=st.dictionaries(st.integers(0, 20), st.tuples(st.floats(), _integers), max_size=4),
    success_us=st.none() | _integers,
    failure_us=st.none() | _integers,
    due_us=st.none() | _integers,
)


@given(st.lists(_forecasts, max_size=4))
def test_what_is_read_back_has_the_same_line_also_when_written_anew(known: list[Forecast]) -> None:
    lines = [written(item) for item in known]
    copies = list(from_json(lines))
    assert [item.line for item in copies] == lines
    assert [written(item) for item in copies] == lines
    assert [list(item.claims) for item in copies] == [list(item.claims) for item in known]


def test_what_many_have_in_common_is_read_into_one_object() -> None:
    ledger = Ledger()
    for number in range(3):
        foretell(ledger, packet(f"s-{number}"))
    lines = ledger.dump().decode().split("\n")[1:]
    copies = list(from_json(lines))
    assert len(copies) == 3
    assert len({id(item.tenant_id) for item in copies}) == 1
    assert len({id(item.estimator_version) for item in copies}) == 1
