"""Measures a decision of the policy, what learning costs beside it, and what a peer takes."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.table import Column, Table

from eitp_server.bandit.choice import Experiment, Moment, choose
from eitp_server.bandit.learning import learn
from eitp_server.lab.bench.filled import NOW_US, RATE, TRIED, DecideOptions, filled, names
from eitp_server.lab.bench.machine import Machine, load_average, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from eitp_server.bandit.decision import Cell
    from eitp_server.interventions.policy import Policy
    from eitp_server.lab.bench.disturbance import Disturbance

_HOLDOUT: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Microseconds:
    """Time of one call, µs."""

    p50: float
    p99: float

    @classmethod
    def of(cls, nanoseconds: Sequence[int]) -> Microseconds:
        """Summarise times in ns."""
        p50, p99 = np.percentile(np.array(nanoseconds) / 1000.0, (50, 99)).tolist()
        return cls(p50=round(p50, 2), p99=round(p99, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideReport:
    """What was measured in one run."""

    options: DecideOptions
    decide: Microseconds
    """From the moment to the record of the decision, holdout and hash draw included."""
    first: Microseconds
    """The first decision of each cell after the policy was replaced."""
    unknown: Microseconds
    """A decision among arms that were not asked for before: the integral is computed at once."""
    peer: Microseconds | None
    """MABWiser's `predict` with a bandit for each cell; None when it is not installed."""
    learn_seconds: float
    """Learning anew about every cell."""
    frame_ms: float
    """Copying the counts for it, while everybody waits."""
    install_ms: float
    """Putting the new policy in the old one's place, while everybody waits."""
    document_bytes: int
    disturbance: Disturbance | None
    """What learning does to ingest."""
    machine: Machine
    load_average: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures, those that are compared first."""
        return {
            "decide_us": asdict(self.decide),
            "mabwiser_us": None if self.peer is None else asdict(self.peer),
            "learn_seconds": self.learn_seconds,
            "ingest": None if self.disturbance is None else self.disturbance.as_json(),
            "first_us": asdict(self.first),
            "unknown_arms_us": asdict(self.unknown),
            "frame_ms": self.frame_ms,
            "install_ms": self.install_ms,
            "document_bytes": self.document_bytes,
            **asdict(self.options),
            "machine": asdict(self.machine),
            "load_average": self.load_average,
        }

    def as_table(self) -> Table:
        """Return the figures for people."""
        table = Table(
            "figure",
            Column("p50", justify="right"),
            Column("p99", justify="right"),
            title=f"Decisions, {self.options.cells:,} cells of {self.options.arms} arms",
        )
        for name, taken in self._timed():
            table.add_row(name, *(("–", "–") if taken is None else _told(taken)))
        table.add_row("learning about every cell, s", f"{self.learn_seconds:.2f}", "")
        if self.disturbance is not None:
            for name, load in (
                ("acknowledged after, ms", self.disturbance.quiet_ms),
                ("  while it learns", self.disturbance.learning_ms),
            ):
                table.add_row(name, f"{load.p50}", f"{load.p99}")
            table.add_row("  ratio", "", f"{self.disturbance.ratio}")
        return table

    def _timed(self) -> tuple[tuple[str, Microseconds | None], ...]:
        return (
            ("a decision, µs", self.decide),
            ("  MABWiser's prediction", self.peer),
            ("  the first after learning", self.first),
            ("  among unknown arms", self.unknown),
        )


def _told(taken: Microseconds) -> tuple[str, str]:
    return f"{taken.p50:.1f}", f"{taken.p99:.1f}"


def bench_decide(
    options: DecideOptions,
    folder: Path,
    disturbance: Disturbance | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> DecideReport:
    """Fill a policy, learn, decide, and do the same with a peer; `say` hears progress."""
    say(f"filling {options.cells:,} cells of {options.arms} arms")
    policy, asked = filled(options)
    began = time.perf_counter()
    lesson = policy.lesson({}, NOW_US)
    framed = time.perf_counter()
    say("learning")
    document = learn(lesson)
    learnt = time.perf_counter()
    assert document is not None, "a filled policy has something to learn"
    policy.table.install(document)
    installed = time.perf_counter()
    say(f"deciding {options.decisions:,} times")
    rng = np.random.default_rng(options.seed)
    order = rng.integers(len(asked), size=options.decisions).tolist()
    arms = names(options.arms)
    first = _decide(policy, asked, arms, range(len(asked)))
    decide = _decide(policy, asked, arms, order)
    unknown = _decide(policy, asked, arms[:-1], range(min(len(asked), 500)))
    say("deciding with MABWiser")
    return DecideReport(
        options=options,
        decide=decide,
        first=first,
        unknown=unknown,
        peer=_peer(options, order[:20_000]),
        learn_seconds=round(learnt - framed, 2),
        frame_ms=round(1000 * (framed - began), 1),
        install_ms=round(1000 * (installed - learnt), 1),
        document_bytes=len(str(document)),
        disturbance=disturbance,
        machine=machine(folder),
        load_average=load_average(),
    )


def _decide(
    policy: Policy, cells: Sequence[Cell], arms: tuple[str, ...], order: Sequence[int]
) -> Microseconds:
    experiment = Experiment(key=b"bench", holdout_share=_HOLDOUT)
    clock, table, taken = time.perf_counter_ns, policy.table, list[int]()
    for number, index in enumerate(order):
        cell, name = cells[index], str(number)
        began = clock()
        moment = Moment(
            decision_id=name,
            cell=cell,
            session_id=name,
            visitor_hash=name,
            packet_id=name,
            now_us=NOW_US,
        )
        choose(moment, table.snapshot(cell, arms), experiment)
        taken.append(clock() - began)
    return Microseconds.of(taken)


def _peer(options: DecideOptions, order: Sequence[int]) -> Microseconds | None:
    try:
        from mabwiser import mab
    except ImportError:
        return None
    peer: Any = mab  # Its signatures are typed in part only.
    rng = np.random.default_rng(options.seed)
    arms = list(names(options.arms))
    count = TRIED * len(arms)
    bandits: list[Any] = []
    for _ in range(options.cells):
        bandit = peer.MAB(arms, peer.LearningPolicy.ThompsonSampling(), seed=options.seed)
        # Every arm is tried, as in the filled policy.
        chosen = [arms[index % len(arms)] for index in range(count)]
        bandit.fit(chosen, rng.binomial(1, RATE, count).tolist())
        bandits.append(bandit)
    clock, taken = time.perf_counter_ns, list[int]()
    for index in order:
        bandit = bandits[index]
        began = clock()
        bandit.predict()
        taken.append(clock() - began)
    return Microseconds.of(taken)
