"""The judge finds every fault that is planted, and none in a sound history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from faults.checker import Anomaly, Claims, Fault, Remains, Table, anomalies
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

lengths = st.lists(st.integers(2, 6), min_size=1, max_size=4)


def history(lengths: list[int]) -> tuple[Claims, Remains]:
    """Return a sound history: all but the last batch of each session are acknowledged."""
    names = [
        (f"session-{session}", sequence)
        for session, length in enumerate(lengths)
        for sequence in range(1, length + 1)
    ]
    sent = {(name, sequence): f"{name}/{sequence}".encode() for name, sequence in names}
    last = {(f"session-{session}", length) for session, length in enumerate(lengths)}
    identities = [f"packet-{number}" for number in range(1, 4)]
    return Claims(sent=sent, acknowledged=set(sent) - last), Remains(
        logged=[(*name, payload) for name, payload in sent.items()],
        tables={"packets": Table(identities, [1, 2, 3]), "decisions": Table(identities[:2])},
        replayed={"packets": identities, "decisions": identities[:2]},
        digests={"snapshot": "a", "log": "a"},
    )


def with_log(remains: Remains, log: list[tuple[str, int, bytes]]) -> Remains:
    return replace(remains, logged=log)


def with_packets(remains: Remains, *identities: str, numbers: list[int]) -> Remains:
    return replace(remains, tables={**remains.tables, "packets": Table(identities, numbers)})


PLANTS: dict[Fault, Callable[[Remains], Remains]] = {
    Fault.LOST: lambda r: with_log(r, [*r.logged[1:]]),
    Fault.TWICE: lambda r: with_log(r, [*r.logged, r.logged[-1]]),
    Fault.ALTERED: lambda r: with_log(r, [(*r.logged[0][:2], b"other"), *r.logged[1:]]),
    Fault.INVENTED: lambda r: with_log(r, [*r.logged, ("stranger", 1, b"")]),
    Fault.MISORDERED: lambda r: with_log(r, [r.logged[1], r.logged[0], *r.logged[2:]]),
    Fault.GAP: lambda r: with_packets(r, "packet-1", "packet-2", "packet-3", numbers=[1, 2, 4]),
    Fault.REPEATED: lambda r: with_packets(
        r, "packet-1", "packet-1", "packet-3", numbers=[1, 2, 3]
    ),
    Fault.UNLIKE_REPLAY: lambda r: replace(r, replayed={**r.replayed, "decisions": []}),
    Fault.DIVERGED: lambda r: replace(r, digests={"snapshot": "a", "log": "b"}),
}


@given(lengths)
def test_a_sound_history_has_no_anomaly(lengths: list[int]) -> None:
    assert anomalies(*history(lengths)) == []


@given(lengths)
def test_a_batch_that_was_never_acknowledged_may_be_missing(lengths: list[int]) -> None:
    claims, remains = history(lengths)
    assert anomalies(claims, with_log(remains, [*remains.logged[:-1]])) == []


@pytest.mark.parametrize("fault", Fault)
@given(lengths=lengths)
def test_every_planted_fault_is_found(fault: Fault, lengths: list[int]) -> None:
    claims, remains = history(lengths)
    found = {anomaly.fault for anomaly in anomalies(claims, PLANTS[fault](remains))}
    assert fault in found


@given(lengths)
def test_a_lost_batch_is_named(lengths: list[int]) -> None:
    claims, remains = history(lengths)
    assert anomalies(claims, with_log(remains, [*remains.logged[1:]])) == [
        Anomaly(Fault.LOST, "('session-0', 1)")
    ]
