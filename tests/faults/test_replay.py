"""The reducer is a function of its log: a replay, or the rest after a snapshot, ends alike."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.bandit.learning import learn
from eitp_server.bandit.policy_table import PolicyTable
from eitp_server.ingest.ledger import Ledger
from eitp_server.ingest.reducer import Reducer
from eitp_server.storage.sqlite_database import SQLiteDatabase
from eitp_server.storage.sqlite_log import SQLiteLog
from faults.history import History, envelopes, live, new_reducer, policy_of, replayed, restored
from faults.script import (
    HOUR,
    MS,
    OPENING,
    SECOND,
    Close,
    Define,
    Learn,
    Open,
    Report,
    Send,
    Stop,
    Tick,
    scripts,
)
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eitp_server.ingest.input import Input
    from eitp_server.ingest.reducer import Effects
    from faults.history import Committed
    from faults.script import Script
    from numpy.typing import NDArray

pytestmark = pytest.mark.timeout(600)
unhurried = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def ends_alike(original: Sequence[Committed], again: Sequence[Committed]) -> bool:
    """Tell whether envelopes, outputs and states are the same, byte by byte, at every tick."""
    return list(original) == list(again)


def rest(history: History, number: int, reducer: Reducer) -> list[Committed]:
    """Go on from one of the snapshots of a history."""
    snapshot = history.snapshots[number]
    return replayed(envelopes(history.ticks[snapshot.tick :]), restored(snapshot, reducer))


@unhurried
@given(scripts)
def test_a_replay_of_the_log_writes_the_same_and_ends_in_the_same_state(script: Script) -> None:
    history = live(script)
    assert ends_alike(history.ticks, replayed(envelopes(history.ticks), new_reducer()))


@unhurried
@given(scripts, st.data())
def test_a_snapshot_and_the_rest_of_the_log_end_as_the_uninterrupted_run(
    script: Script, data: st.DataObject
) -> None:
    history = live(script)
    number = data.draw(st.integers(0, len(history.snapshots) - 1), "snapshot after tick")
    after = history.snapshots[number].tick
    assert ends_alike(history.ticks[after:], rest(history, number, new_reducer()))


@unhurried
@given(scripts)
def test_feeds_are_numbered_without_holes(script: Script) -> None:
    writes = live(script).writes()
    for rows in (writes.packets, writes.interventions):
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))


@unhurried
@given(scripts)
def test_nothing_is_written_twice(script: Script) -> None:
    assert written_twice(script) == []


async def test_an_outcome_that_is_reported_again_after_days_can_be_stored() -> None:
    report = Report(1, 1, name="order-1")
    history = live((OPENING, Tick(MS, (report,)), Tick(50 * HOUR, (report,))))
    log = await SQLiteLog.open(await SQLiteDatabase.open(None))
    for number, tick in enumerate(history.ticks, 1):
        await log.commit(number, tick.envelope, tick.writes)
    assert await log.last() == len(history.ticks)
    await log.close()


def test_a_session_that_is_opened_again_has_packets_of_its_own() -> None:
    visit = Send(0, ("moves",) * 9 + ("clicks",), ahead=-70)
    again = Tick(MS, (Close(0), Open(0, 4, consent=True)))
    assert written_twice((OPENING, Tick(MS, (visit,)), again, Tick(MS, (visit,)))) == []


def written_twice(script: Script) -> list[tuple[str, str]]:
    """Return the identities that come more than once; of an outcome the log keeps the first."""
    writes = live(script).writes()
    identities = Counter(
        [
            *((row.tenant_id, row.packet_id) for row in writes.packets),
            *((row.cell.tenant_id, row.decision_id) for row in writes.decisions),
            *((row.tenant_id, row.intervention_id) for row in writes.interventions),
            *((row.tenant_id, f"forecast of {row.packet_id}") for row in writes.forecasts),
            *((row.tenant_id, f"censored {row.decision_id}") for row in writes.censored),
        ]
    )
    return [identity for identity, count in identities.items() if count > 1]


STUCK = Send(0, ("clicks",) * 12)
AGREED, REFUSED = Open(0, 4, consent=True), Open(0, 4, consent=False)


def everything() -> History:
    """A life in which all that the policy learns from happens at least once."""
    return live(
        (
            OPENING,
            Tick(SECOND, tuple(Send(s, ("clicks",) * 12) for s in range(4))),
            Tick(5 * SECOND, (Report(1, 1), Report(2, 3))),
            Tick(SECOND, (REFUSED,)),
            Tick(SECOND, (Learn(sharing=False, find_best=False), AGREED)),
            Tick(26 * HOUR, OPENING.steps),
            Tick(SECOND, (Learn(sharing=True, find_best=True),)),
            Tick(SECOND, (Send(1, STUCK.moods), Send(2, STUCK.moods))),
            Tick(SECOND, (Define("help-chat", "replace", title="Side by side"),)),
            Tick(SECOND, (Learn(sharing=True, find_best=True, ago=True),)),
            Tick(SECOND, (Send(3, STUCK.moods),)),
            Tick(SECOND, (Stop("help-chat", 3),)),
            Tick(SECOND, (STUCK,)),
        )
    )


def test_the_life_of_these_tests_reaches_all_that_is_learnt() -> None:
    history = everything()
    writes = history.writes()
    assert len({d.snapshot_id for d in writes.decisions}) > 1
    assert writes.censored
    assert writes.stopped
    assert {len(d.epochs) - len(d.arms) for d in writes.decisions} == {0}
    arrays = history.snapshots[-1].arrays
    head = json.loads(arrays["policy.lines"].tobytes().split(b"\n")[0])
    assert head["stops"]
    assert head["table"] > 3
    assert arrays["policy.tallies.trials"].any()


def test_what_was_learnt_is_the_same_after_a_replay_from_the_start_and_from_each_snapshot() -> None:
    history = everything()
    assert ends_alike(history.ticks, replayed(envelopes(history.ticks), new_reducer()))
    for number, snapshot in enumerate(history.snapshots):
        assert ends_alike(history.ticks[snapshot.tick :], rest(history, number, new_reducer()))


class CountsItsCalls(Reducer):
    """A mutant whose time depends on how often it was called, logged or not."""

    calls = 0

    def apply(self, inputs: Sequence[Input], now_us: int) -> Effects:
        self.calls += 1
        return super().apply(inputs, now_us + self.calls)


class LooksTooLong(Reducer):
    """A mutant that counts a read as activity of the session."""

    def current(self, tenant_id: str, session_id: str, now_us: int) -> Any:
        slot = self.sessions.find(tenant_id, session_id)
        if slot is not None:
            self.sessions.columns.seen_us[slot] = now_us
        return super().current(tenant_id, session_id, now_us)


class Forgetful(Reducer):
    """A mutant that forgets a part of its snapshot."""

    forgets: tuple[str, Any] = ("", None)

    def load(self, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
        name, empty = self.forgets
        super().load(arrays, {**document, name: empty})


class ForgetsWhatWaits(Forgetful):
    """A mutant that drops batches that came too early."""

    forgets = ("waiting", [])


class ForgetsItsNumbers(Forgetful):
    """A mutant that begins the feed again."""

    forgets = ("packets", 0)


class ForgetsItsTimer(Forgetful):
    """A mutant that looks for idle sessions as soon as it is loaded."""

    forgets = ("next_sweep_us", 0)


class ForgetsAColumn(Reducer):
    """A mutant that begins every session's signals again."""

    def load(self, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
        empty = {name: 0 * rows for name, rows in arrays.items() if "gates" in name}
        super().load({**arrays, **empty}, document)


class ForgetsItsForecasts(Reducer):
    """A mutant that does not remember what it foretold, nor what that taught."""

    def load(self, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
        super().load(arrays, document)
        self.ledger.load(Ledger().dump())


class ForgetsWhatItCounted(Reducer):
    """A mutant that does not remember what was tried and what came of it."""

    def load(self, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
        super().load(arrays, document)
        policy_of(self).tallies.load(policy_of(new_reducer()).tallies.dump())


class ForgetsWhatItLearnt(Reducer):
    """A mutant that decides by the prior after a restart."""

    def load(self, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
        super().load(arrays, document)
        policy_of(self).table.load(PolicyTable().dump())


class ForgetsWhatWasStopped(Reducer):
    """A mutant that offers what did harm again after a restart."""

    def load(self, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
        first, rest = arrays["policy.lines"].tobytes().split(b"\n", 1)
        head = json.dumps({**json.loads(first), "stops": []}).encode()
        policy = np.frombuffer(head + b"\n" + rest, np.uint8)
        super().load({**arrays, "policy.lines": policy}, document)


class LearnsOnItsOwn(Reducer):
    """A mutant whose policy follows the counts without an entry in the log."""

    def current(self, tenant_id: str, session_id: str, now_us: int) -> Any:
        policy = policy_of(self)
        document = learn(policy.lesson({}, now_us))
        if document is not None:
            policy.install(document)
        return super().current(tenant_id, session_id, now_us)


class StopsOnItsOwn(Reducer):
    """A mutant that stops what it likes to stop, without an entry in the log."""

    def current(self, tenant_id: str, session_id: str, now_us: int) -> Any:
        for item in policy_of(self).catalogue.definitions(tenant_id):
            policy_of(self).stop(tenant_id, item.definition_id, 1, now_us)
        return super().current(tenant_id, session_id, now_us)


def found(is_wrong: Callable[[Script], bool]) -> Script:
    """Return a script that shows the fault. Raises `NoSuchExample`."""
    return find(
        scripts,
        is_wrong,
        settings=settings(unhurried, max_examples=400, phases=[Phase.generate], database=None),
        random=Random(1),
    )


@pytest.mark.parametrize("mutant", [CountsItsCalls, LooksTooLong, LearnsOnItsOwn, StopsOnItsOwn])
def test_a_replay_exposes_hidden_state(mutant: type[Reducer]) -> None:
    def is_wrong(script: Script) -> bool:
        history = live(script, lambda: new_reducer(mutant))
        return not ends_alike(
            history.ticks, replayed(envelopes(history.ticks), new_reducer(mutant))
        )

    assert found(is_wrong)


@pytest.mark.parametrize(
    "mutant",
    [
        ForgetsWhatWaits,
        ForgetsItsNumbers,
        ForgetsItsTimer,
        ForgetsAColumn,
        ForgetsItsForecasts,
        ForgetsWhatItCounted,
        ForgetsWhatItLearnt,
        ForgetsWhatWasStopped,
    ],
)
def test_a_snapshot_exposes_forgotten_state(mutant: type[Reducer]) -> None:
    def is_wrong(script: Script) -> bool:
        history = live(script)
        numbers = range(0, len(history.snapshots), 3)
        return not all(
            ends_alike(
                history.ticks[history.snapshots[number].tick :],
                rest(history, number, new_reducer(mutant)),
            )
            for number in numbers
        )

    assert found(is_wrong)
