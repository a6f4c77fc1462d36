"""One life of a reducer: what it was given, what it logged, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.choice import Experiment
from eitp_server.ingest.envelope import read_envelope
from eitp_server.ingest.reducer import Reducer
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.eligibility import Limits
from eitp_server.interventions.policy import Policy, Settings
from eitp_server.services.validation import violations
from eitp_server.storage.log import Writes
from faults.clients import START_US, TENANTS, Clients, session_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eitp_server.ingest.input import Input
    from faults.script import Script
    from numpy.typing import NDArray

_LIVELY: Final = Settings(
    experiment=Experiment(key=b"a key of this test", holdout_share=0.1),
    limits=Limits(session_cap=5, cool_down_seconds=1.0),
)
_SILENT_TICKS: Final = 5
"""As many between two steps: a long silence would make a history too long to try at every tick."""
_CAPACITY: Final = 2
"""So few slots that a script makes the tables grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """One committed tick."""

    envelope: bytes
    writes: Writes
    digest: str
    """Of the state right after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state after so many committed ticks, as a file would give it back."""

    tick: int
    arrays: dict[str, NDArray[Any]]
    document: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class History:
    """A life."""

    ticks: list[Committed] = field(default_factory=list[Committed])
    snapshots: list[Snapshot] = field(default_factory=list[Snapshot])
    """One after every tick, committed or not."""

    def writes(self) -> Writes:
        """Return everything that was written, in order."""
        total = Writes()
        for tick in self.ticks:
            total.packets += tick.writes.packets
            total.decisions += tick.writes.decisions
            total.interventions += tick.writes.interventions
            total.acknowledgements += tick.writes.acknowledgements
            total.outcomes += tick.writes.outcomes
            total.forecasts += tick.writes.forecasts
            total.censored += tick.writes.censored
            total.stopped += tick.writes.stopped
        return total


def new_reducer(kind: type[Reducer] = Reducer) -> Reducer:
    """Return an empty reducer, of the tested kind."""
    return kind(Desk(Policy(_LIVELY)), violations, capacity=_CAPACITY)


def policy_of(reducer: Reducer) -> Policy:
    """Return the policy within a reducer."""
    desk = reducer.policy
    assert isinstance(desk, Desk)
    return desk.policy


def live(script: Script, make: Callable[[], Reducer] = new_reducer) -> History:
    """Act a script out, as the ticker would: what changed nothing is not logged.

    Between two steps the reducer ticks whenever time alone has something to change.
    """
    reducer, history = make(), History()
    clients, now_us = Clients(policy_of(reducer)), START_US
    for tick in script:
        then_us = now_us + tick.after_us
        for _ in range(_SILENT_TICKS):
            due_us = reducer.next_due_us()
            if due_us is None or due_us >= then_us:
                break
            now_us = max(due_us, now_us + 1)
            _act(reducer, clients, history, [], now_us)
        now_us = then_us
        inputs = [clients.input(step, now_us) for step in tick.steps]
        _act(reducer, clients, history, inputs, now_us)
    return history


def _act(
    reducer: Reducer, clients: Clients, history: History, inputs: Sequence[Input], now_us: int
) -> None:
    effects = reducer.apply(inputs, now_us)
    clients.note(effects.writes)
    if effects.changed:
        envelope = effects.envelope.finish(now_us)
        history.ticks.append(
            Committed(envelope=envelope, writes=effects.writes, digest=reducer.digest())
        )
    _look(reducer, now_us)
    history.snapshots.append(_snapshot(reducer, len(history.ticks)))


def replayed(envelopes: Iterable[bytes], reducer: Reducer) -> list[Committed]:
    """Apply envelopes and return what came of each, the envelope written anew."""
    ticks: list[Committed] = []
    for envelope in envelopes:
        now_us, inputs = read_envelope(envelope)
        effects = reducer.apply(inputs, now_us)
        ticks.append(
            Committed(
                envelope=effects.envelope.finish(now_us),
                writes=effects.writes,
                digest=reducer.digest(),
            )
        )
    return ticks


def restored(snapshot: Snapshot, reducer: Reducer) -> Reducer:
    """Return the reducer with the state of a snapshot."""
    reducer.load(snapshot.arrays, snapshot.document)
    return reducer


def envelopes(ticks: Sequence[Committed]) -> list[bytes]:
    """Return the log of these ticks."""
    return [tick.envelope for tick in ticks]


def _look(reducer: Reducer, now_us: int) -> None:
    """Read what GetState reads: that must not change anything."""
    for tenant_id in TENANTS:
        for session in range(5):
            reducer.current(tenant_id, session_id(session), now_us)


def _snapshot(reducer: Reducer, tick: int) -> Snapshot:
    arrays, document = reducer.dump()
    copies = {name: array.copy() for name, array in arrays.items()}
    return Snapshot(tick=tick, arrays=copies, document=json.loads(json.dumps(document)))
