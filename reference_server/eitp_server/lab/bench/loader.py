"""The load process: reads a plan as JSON, opens sessions, sends, and writes what it measured."""

from __future__ import annotations

import asyncio
import gc
import sys
from os import getpid
from typing import TYPE_CHECKING, Final

import uvloop

from eitp_server.lab.bench.browser import Browser
from eitp_server.lab.bench.lane import Lane
from eitp_server.lab.bench.machine import cpu_seconds
from eitp_server.lab.bench.measurement import Window, measure
from eitp_server.lab.bench.opening import invented_sessions, open_sessions
from eitp_server.lab.bench.pace import Pace, now
from eitp_server.lab.bench.plan import OUTCOME, PLAN, Outcome
from eitp_server.lab.bench.relay import Relay
from eitp_server.lab.bench.shopper import shoppers
from eitp_server.lab.bench.subscriber import subscribed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.lab.bench.lane import OpenSession
    from eitp_server.lab.bench.plan import Plan

_POLL_SECONDS: Final = 0.05
_AGEING_BATCHES: Final = 64
_AGEING_IN_FLIGHT: Final = 128


async def load(plan: Plan) -> Outcome:
    """Carry out a plan.

    Raises `grpc.aio.AioRpcError`, `RefusedError`, `ConnectionError` or `TimeoutError` when the
    server does not take what it should.
    """
    people = shoppers(plan.load, plan.events)
    if plan.key:
        sessions = await open_sessions(plan.grpc_address, plan.key, plan.sessions, people)
    else:
        sessions = invented_sessions(plan.sessions, people)
    if plan.age:
        await _age(plan, sessions)
    lanes = _lanes(plan, sessions)
    # Millions of messages that never go away are no garbage to look for.
    gc.freeze()
    pace = Pace(plan.lanes)
    async with subscribed(plan.grpc_address, plan.key) as arrivals:
        async with asyncio.timeout(plan.longest_seconds):
            windows = await _send(plan, lanes, pace)
    batches = sum(len(person.bodies) for person in people)
    return Outcome(
        measurements=tuple(measure(lanes, arrivals, window) for window in windows),
        batches=sum(len(lane.acknowledged) * lane.batches_per_message for lane in lanes),
        events_per_batch=round(sum(person.events for person in people) / batches, 2),
        plain_share=round(sum(person.plain for person in people) / batches, 3),
    )


def _lanes(plan: Plan, sessions: Sequence[OpenSession]) -> list[Lane]:
    lanes = [
        Lane(
            sessions=sessions[number :: plan.lanes],
            batches_per_message=plan.batches_per_message,
            first_turn=plan.age,
            repeats=not plan.key,
        )
        for number in range(plan.lanes)
    ]
    share = plan.lanes * plan.batches_per_message
    for lane in lanes:
        lane.encode(-(-plan.stock // share) * plan.batches_per_message)
    return lanes


async def _age(plan: Plan, sessions: Sequence[OpenSession]) -> None:
    """Send the first batches of all sessions, by one relay as fast as it goes."""
    lane = Lane(sessions=sessions, batches_per_message=_AGEING_BATCHES)
    lane.encode(plan.age * len(sessions))
    ageing = Relay(lane=lane, number=0, pace=Pace(1), in_flight=_AGEING_IN_FLIGHT)
    await ageing.run(plan.grpc_address, plan.key)


async def _send(plan: Plan, lanes: Sequence[Lane], pace: Pace) -> list[Window]:
    async with asyncio.TaskGroup() as tasks:
        windows = tasks.create_task(_conduct(plan, lanes, pace))
        for number, lane in enumerate(lanes):
            if plan.mode == "relay":
                relay = Relay(lane=lane, number=number, pace=pace, in_flight=plan.in_flight)
                tasks.create_task(relay.run(plan.grpc_address, plan.key))
            else:
                browser = Browser(lane=lane, number=number, pace=pace)
                tasks.create_task(browser.run(plan.web_address, plan.path))
    return windows.result()


async def _conduct(plan: Plan, lanes: Sequence[Lane], pace: Pace) -> list[Window]:
    windows: list[Window] = []
    for phase in plan.phases:
        pace.set(phase.batches_per_second / plan.batches_per_message)
        await asyncio.sleep(phase.warmup)
        begin, server, loader = now(), cpu_seconds(plan.server_pid), cpu_seconds(getpid())
        end = begin + phase.seconds
        while now() < end and not any(lane.finished for lane in lanes):  # noqa: ASYNC110 - a clock
            await asyncio.sleep(_POLL_SECONDS)
        windows.append(
            Window(
                begin=begin,
                end=now(),
                server_cpu_seconds=cpu_seconds(plan.server_pid) - server,
                loader_cpu_seconds=cpu_seconds(getpid()) - loader,
            )
        )
    pace.running = not plan.phases
    return windows


def main() -> None:
    """Read the plan from standard input, write the outcome to standard output."""
    plan = PLAN.validate_json(sys.stdin.buffer.read())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(load(plan))
    sys.stdout.buffer.write(OUTCOME.dump_json(outcome))


if __name__ == "__main__":
    main()
