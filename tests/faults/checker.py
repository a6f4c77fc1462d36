"""The judge of a crash: what clients were told against what the disk has. Pure, knows no server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Name = tuple[str, int]
"""Session and sequence of a batch."""


class Fault(StrEnum):
    """What can be wrong."""

    LOST = "acknowledged, and not in the log"
    TWICE = "in the log more than once"
    ALTERED = "in the log with other bytes than were sent"
    INVENTED = "in the log, and nobody sent it"
    MISORDERED = "in the log after a later batch of its session"
    GAP = "a number of a feed is missing or repeated"
    REPEATED = "an identity occurs twice in its table"
    UNLIKE_REPLAY = "the table differs from what a replay of the log writes"
    DIVERGED = "two ways of rebuilding the state end in different states"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One thing that is wrong."""

    fault: Fault
    subject: str


@dataclass(slots=True, kw_only=True)
class Claims:
    """What the clients know."""

    sent: dict[Name, bytes] = field(default_factory=dict["Name", bytes])
    acknowledged: set[Name] = field(default_factory=set["Name"])


@dataclass(frozen=True, slots=True)
class Table:
    """A table of what ticks wrote, in the order of its numbers."""

    identities: Sequence[str]
    numbers: Sequence[int] = ()
    """Empty for a table that is no feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What is on the disk."""

    logged: Sequence[tuple[str, int, bytes]]
    """(session, sequence, batch) in the order of the log."""
    tables: Mapping[str, Table]
    replayed: Mapping[str, Sequence[str]]
    """The identities that a replay of the whole log writes to each table."""
    digests: Mapping[str, str]
    """Of the state, by the way in which it was rebuilt."""


def anomalies(claims: Claims, remains: Remains) -> list[Anomaly]:
    """Return everything that is wrong."""
    found = [*_in_log(claims, remains.logged)]
    for name, table in remains.tables.items():
        found += _in_table(name, table, remains.replayed[name])
    if len(set(remains.digests.values())) > 1:
        found.append(Anomaly(Fault.DIVERGED, str(dict(remains.digests))))
    return found


def _in_log(claims: Claims, logged: Iterable[tuple[str, int, bytes]]) -> Iterator[Anomaly]:
    counts: Counter[Name] = Counter()
    highest: dict[str, int] = {}
    for session_id, sequence, payload in logged:
        name = session_id, sequence
        counts[name] += 1
        sent = claims.sent.get(name)
        if sent is None:
            yield Anomaly(Fault.INVENTED, str(name))
        elif sent != payload:
            yield Anomaly(Fault.ALTERED, str(name))
        if sequence < highest.get(session_id, 0):
            yield Anomaly(Fault.MISORDERED, str(name))
        highest[session_id] = max(sequence, highest.get(session_id, 0))
    yield from (Anomaly(Fault.TWICE, str(name)) for name, count in counts.items() if count > 1)
    missing = claims.acknowledged.difference(counts)
    yield from (Anomaly(Fault.LOST, str(name)) for name in sorted(missing))


def _in_table(name: str, table: Table, replayed: Sequence[str]) -> Iterator[Anomaly]:
    repeated = [identity for identity, count in Counter(table.identities).items() if count > 1]
    yield from (Anomaly(Fault.REPEATED, f"{name} {identity}") for identity in repeated)
    for before, after in pairwise((0, *table.numbers)):
        if after != before + 1:
            yield Anomaly(Fault.GAP, f"{name} {before} → {after}")
    if sorted(table.identities) != sorted(replayed):
        difference = sorted(set(table.identities).symmetric_difference(replayed))
        yield Anomaly(Fault.UNLIKE_REPLAY, f"{name} {difference[:5]}")
