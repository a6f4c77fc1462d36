"""Invented worlds with a known truth, the logs drawn from them, and both written to files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from eitp_server.lab.ope import DecisionLog, Policy, Settings, evaluate
from eitp_server.lab.ope.context import Contexts
from eitp_server.lab.ope.sheet import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.lab.ope import OffPolicyEvaluation
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

HEADER = ("item_id", "position", "click", "propensity_score")


@dataclass(frozen=True, slots=True)
class World:
    """Positions by items: what is shown how often, what it earns, and what else could be shown."""

    shown: Array
    earns: Array
    policy: Array

    @property
    def truth(self) -> float:
        """What the policy earns, positions being equally frequent."""
        return float((self.policy * self.earns).sum(axis=1).mean())

    def log(self, rows: int, seed: int, written: Array | None = None) -> DecisionLog:
        """Draw a log; `written` are the propensities that it claims instead of the true ones."""
        generator = np.random.default_rng(seed)
        positions, items = self.shown.shape
        position = generator.integers(0, positions, rows)
        below = np.cumsum(self.shown, axis=1)[position, :-1] < generator.random(rows)[:, None]
        item = below.sum(axis=1, dtype=np.intp)
        reward = (generator.random(rows) < self.earns[position, item]).astype(np.float64)
        propensity = (self.shown if written is None else written)[position, item]
        where = Names(tuple(str(n) for n in range(positions)), position)
        contexts = Contexts(("position",), tuple((name,) for name in where.values), where.code)
        return DecisionLog(
            path=Path("drawn.csv"),
            columns={},
            item=Names(tuple(str(n) for n in range(items)), item),
            reward=reward,
            propensity=propensity,
            position=contexts,
            context=contexts,
        )

    def wanted(self) -> Policy:
        positions, items = self.policy.shape
        return Policy(
            path=Path("policy.csv"),
            columns=("position",),
            items=tuple(str(n) for n in range(items)),
            probability=self.policy,
            row=np.arange(positions, dtype=np.intp),
        )

    def judged(self, rows: int, seed: int, written: Array | None = None) -> OffPolicyEvaluation:
        settings = Settings(clip=3.0, switch=3.0, seed=1)
        return evaluate(self.log(rows, seed, written), self.wanted(), settings)


WORLD = World(
    shown=np.array([[0.55, 0.2, 0.15, 0.1], [0.1, 0.2, 0.3, 0.4]]),
    earns=np.array([[0.1, 0.3, 0.2, 0.5], [0.4, 0.1, 0.2, 0.3]]),
    policy=np.array([[0.2, 0.2, 0.2, 0.4], [0.5, 0.3, 0.1, 0.1]]),
)


def rows_of(log: DecisionLog) -> list[dict[str, str]]:
    return [
        dict(zip(HEADER, (str(item), str(position), repr(reward), repr(propensity)), strict=True))
        for item, position, reward, propensity in zip(
            log.item.code.tolist(),
            log.position.code.tolist(),
            log.reward.tolist(),
            log.propensity.tolist(),
            strict=True,
        )
    ]


def save(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def save_policy(path: Path, table: Array) -> Path:
    return save(
        path,
        [
            {"item_id": str(item), "position": str(position), "probability": repr(float(value))}
            for (position, item), value in np.ndenumerate(table)
        ],
    )
