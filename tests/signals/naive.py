"""The signal rules once more, one event at a time, to judge the vectorised ones by.

Written from the rules' text and sharing no code with the server but the vocabulary.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eitp_server.signals.event import Kind, Role

if TYPE_CHECKING:
    from signals.stream import Row

POINTER = {Kind.MOVE, Kind.DOWN, Kind.UP, Kind.CLICK}
RESTART = {Kind.VISIBLE, Kind.BACK, Kind.FORWARD, Kind.NAVIGATE}
REPEATABLE = {Role.TEXT_FIELD, Role.STEPPER, Role.PAGER, Role.CANVAS}
DECISIONS = {Kind.CLICK, Kind.BACK, Kind.FORWARD, Kind.NAVIGATE}
LEAST_STAY = {
    Role.BUTTON: 300,
    Role.SELECT: 300,
    Role.CHECKBOX: 300,
    Role.FORM: 300,
    Role.LINK: 1000,
}
SILENT = {Role.TEXT_FIELD, Role.TEXT, Role.CANVAS, Role.VIDEO}


def section_of(row: Row) -> int:
    named = {Role.PRICE: 7, Role.FORM: 16, Role.TEXT_FIELD: 16}
    return min(row.section, 20) or named.get(Role(row.role), 0)


def rested(run: int) -> int:
    return min(run, 2000)


def paused(run: int) -> int:
    return rested(run) if run >= 200 else 0


@dataclass(frozen=True)
class Step:
    """A moving step and the rest before it, 251 when it begins a stroke."""

    dt: int
    dx: int
    dy: int
    rested: int


@dataclass
class Pointer:
    """Movement."""

    seconds: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    last: Row | None = None
    lost: bool = True
    still_since: int = 0
    heading: list[int] = field(default_factory=lambda: [0, 0])
    trail: list[Step] = field(default_factory=list[Step])
    moved: int = 0
    unseen: bool = True
    exits: int = 0

    def see(self, row: Row) -> None:
        if row.kind not in POINTER | RESTART:
            return
        if self.last is not None and row.kind in POINTER and row.t == self.last.t:
            return
        into = self.seconds[row.t // 1000]
        into["samples"] += 1
        before = self.last.t - self.still_since if self.last else 0
        if before >= 250:
            self.heading = [0, 0]
        if self.last is None or self.lost or row.kind in RESTART:
            self._new_place(row)
        else:
            self._step(self.last, row, into, before)
        self.last = row
        self.lost = row.kind in RESTART

    def _new_place(self, row: Row) -> None:
        self.unseen = True
        self.still_since = row.t
        self.heading = [0, 0]

    def _step(self, last: Row, row: Row, into: Counter[str], before: int) -> None:
        dt, dx, dy = row.t - last.t, row.x - last.x, row.y - last.y
        px = math.hypot(dx, dy)
        if px < dt / 50:
            into["still"] += rested(before + dt) - rested(before)
            into["pause"] += paused(before + dt) - paused(before)
            into["pauses"] += before < 200 <= before + dt
        elif dt > 250 or px > 4000:
            self._new_place(row)
        else:
            self.still_since = row.t
            self._keep(last, row)
            into["moving"] += dt
            into["steps"] += 1
            into["path"] += round(px * 16)
            into["dx"] += dx
            into["dy"] += dy
            for axis, delta in enumerate((dx, dy)):
                if abs(delta) >= 3:
                    way = 1 if delta > 0 else -1
                    into["flips"] += self.heading[axis] == -way
                    self.heading[axis] = way

    def _keep(self, last: Row, row: Row) -> None:
        rest = 251 if self.unseen else min(last.t - self.moved, 251)
        self.trail.append(Step(row.t - last.t, row.x - last.x, row.y - last.y, rest))
        self.moved, self.unseen = row.t, False
        rising = (last.y - row.y) / (row.t - last.t) * 1000
        self.exits += row.kind == Kind.MOVE and row.y <= 10 < last.y and rising >= 200


@dataclass
class Clicks:
    """Rage, dead, slow and error clicks."""

    counts: Counter[str] = field(default_factory=Counter[str])
    chain: list[Row] = field(default_factory=list["Row"])
    answered: bool = False
    raged: bool = False
    explained: bool = False
    awaiting: bool = False
    reports: bool = False
    failed: bool = False
    latencies: list[int] = field(default_factory=list[int])

    def see(self, row: Row) -> None:
        if row.kind in {Kind.SELECT, Kind.SCROLL}:
            self.explained = True
            self._rage(self._unmet() and row.t > self.chain[0].t + 1000)
        elif row.kind == Kind.SCRIPT_ERROR:
            self._fail(row)
        elif row.kind == Kind.CLICK:
            self._click(row)
        elif row.kind in {Kind.RESPONSE, Kind.NO_RESPONSE}:
            self._answer(row)

    def _click(self, row: Row) -> None:
        if not (self.chain and self._repeats(self.chain[-1], row)):
            self._rage(self._unmet() and row.t > self.chain[0].t + 1000)
            self.chain, self.answered, self.raged = [], False, False
        self.chain.append(row)
        self.explained, self.awaiting, self.failed = False, True, False
        self.counts["clicks"] += 1
        impatient = bool(row.target or row.role) and len(self.chain) >= 4 and not self.answered
        self._rage(impatient or (self._unmet() and row.t > self.chain[0].t + 1000))

    def _fail(self, row: Row) -> None:
        if self.chain and row.t - self.chain[-1].t <= 1000:
            self.counts["error clicks"] += not self.failed
        self.failed = True
        self._rage(self._unmet() and row.t > self.chain[0].t + 1000)

    def _repeats(self, last: Row, row: Row) -> bool:
        known = last.target and row.target
        return (
            row.t - last.t <= 1000
            and math.dist((last.x, last.y), (row.x, row.y)) <= 30
            and (last.target == row.target or not known)
            and not {last.role, row.role} & REPEATABLE
            and not self.explained
        )

    def _answer(self, row: Row) -> None:
        self.reports = True
        if self.chain:
            clicked = self.chain[-1].t
            latency = row.response_ms if row.response_ms >= 0 else row.t - clicked
            if row.kind == Kind.RESPONSE and clicked + latency <= self.chain[0].t + 1000:
                self.answered = True
            if row.kind == Kind.NO_RESPONSE:
                latency = 2500
            if self.awaiting:
                self._judge(latency)
            self.awaiting = False
            self._rage(self._unmet())

    def _judge(self, latency: int) -> None:
        self.latencies.append(latency)
        self.counts["answers"] += 1
        if self.chain[-1].role not in SILENT:
            self.counts["dead"] += latency >= 2500
            self.counts["slow"] += 1000 <= latency < 2500

    def _unmet(self) -> bool:
        return len(self.chain) >= 3 and self.reports and not self.answered

    def _rage(self, completed: bool) -> None:
        if completed and not self.raged:
            self.counts["rage"] += 1
            self.raged = True


@dataclass
class Paces:
    """Deciding and hovering before clicks."""

    deciding: list[int] = field(default_factory=list[int])
    hovering: list[int] = field(default_factory=list[int])
    decided: int | None = None
    target: int = 0
    arrived: int = 0

    def see(self, row: Row, pointer: Pointer) -> None:
        if row.target != self.target:
            self.target, self.arrived = row.target, row.t
        if row.kind not in {Kind.CLICK, Kind.BACK, Kind.FORWARD, Kind.NAVIGATE}:
            return
        took = None if self.decided is None else row.t - self.decided
        self.decided = row.t
        if row.kind != Kind.CLICK or (took is not None and took < 250):
            return
        if took is not None:
            self.deciding.append(took)
        since = pointer.still_since
        if row.target and self.arrived < row.t:
            since = self.arrived
        if since < row.t:
            self.hovering.append(row.t - since)


@dataclass
class Starts:
    """Setting off after clicks and navigations."""

    durations: list[int] = field(default_factory=list[int])
    since: int | None = None
    steps: int = 0

    def see(self, row: Row, pointer: Pointer) -> None:
        if len(pointer.trail) > self.steps and self.since is not None:
            self.durations.append(row.t - pointer.trail[-1].dt - self.since)
            self.since = None
        self.steps = len(pointer.trail)
        if row.kind in DECISIONS:
            self.since = row.t
        elif row.kind == Kind.HIDDEN:
            self.since = None


@dataclass
class Holds:
    """Buttons held."""

    durations: list[int] = field(default_factory=list[int])
    down: int | None = None

    def see(self, row: Row) -> None:
        if row.kind == Kind.DOWN:
            self.down = row.t
        elif row.kind == Kind.UP:
            if self.down is not None and row.t - self.down <= 5000:
                self.durations.append(row.t - self.down)
            self.down = None


@dataclass
class Retreats:
    """Stays on something to act on that ended without acting."""

    count: int = 0
    target: int = 0
    role: int = 0
    arrived: int = 0
    settled: bool = False

    def see(self, row: Row) -> None:
        if row.target != self.target:
            least = LEAST_STAY.get(Role(self.role), math.inf) if self.target else math.inf
            stayed = row.t - self.arrived
            self.count += row.kind == Kind.MOVE and not self.settled and stayed >= least
            self.target, self.role, self.arrived, self.settled = row.target, row.role, row.t, False
        self.settled |= row.kind in DECISIONS | {Kind.HIDDEN, Kind.SCROLL}


@dataclass
class Pages:
    """Returns, scrolls, dwell and the rest."""

    counts: Counter[str] = field(default_factory=Counter[str])
    dwell: Counter[int] = field(default_factory=Counter[int])
    arrived: int | None = None
    back: int | None = None
    direction: int = 0
    scrolled: int = 0
    last: Row | None = None

    def see(self, row: Row) -> None:
        self._dwell(row)
        self.counts["errors"] += row.kind == Kind.SCRIPT_ERROR
        self.counts["departures"] += row.kind == Kind.HIDDEN
        self.counts["selections"] += row.kind in {Kind.SELECT, Kind.COPY}
        if row.kind == Kind.BACK:
            mashed = self.back is not None and row.t - self.back <= 2000
            self.counts["mash"] += mashed
            self.counts["quick"] += (
                not mashed and self.arrived is not None and row.t - self.arrived < 5000
            )
            self.back = row.t
        if row.kind in {Kind.BACK, Kind.FORWARD, Kind.NAVIGATE}:
            self.arrived = row.t
        if row.kind == Kind.SCROLL and abs(row.scroll_y) >= 10:
            direction = 1 if row.scroll_y > 0 else -1
            turned = direction == -self.direction
            self.counts["reversals"] += turned
            self.counts["rereads"] += turned and row.section == self.scrolled != 0
            self.direction, self.scrolled = direction, row.section

    def _dwell(self, row: Row) -> None:
        last, self.last = self.last, row
        if last and last.kind != Kind.HIDDEN and section_of(last):
            self.dwell[section_of(last)] += min(row.t - last.t, 3000)


@dataclass
class Session:
    """Everything about one session."""

    pointer: Pointer = field(default_factory=Pointer)
    clicks: Clicks = field(default_factory=Clicks)
    paces: Paces = field(default_factory=Paces)
    pages: Pages = field(default_factory=Pages)
    starts: Starts = field(default_factory=Starts)
    holds: Holds = field(default_factory=Holds)
    retreats: Retreats = field(default_factory=Retreats)

    def see(self, row: Row) -> None:
        self.pointer.see(row)
        self.clicks.see(row)
        self.paces.see(row, self.pointer)
        self.pages.see(row)
        self.starts.see(row, self.pointer)
        self.holds.see(row)
        self.retreats.see(row)


def watched(rows: list[Row]) -> dict[int, Session]:
    """Return every session after its events."""
    sessions: defaultdict[int, Session] = defaultdict(Session)
    for row in rows:
        sessions[row.slot].see(row)
    return dict(sessions)
