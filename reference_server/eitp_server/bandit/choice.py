"""One choice: the holdout, the draw, and the record that makes both checkable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eitp_server.bandit.decision import Cell, Decision
from eitp_server.bandit.draw import draw, held_out, pick
from eitp_server.bandit.policy_table import POLICY_VERSION
from eitp_server.bandit.selection import total_propensity

if TYPE_CHECKING:
    from eitp_server.bandit.policy_table import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """How chance is dealt."""

    key: bytes = field(repr=False)
    """Secret of the draws, at most 64 bytes: without it nobody can foresee a choice."""
    holdout_share: float = 0.1
    """Share of visitors that never get an intervention, 0..1, so that lift can be measured."""
    holdout_salt: str = ""
    """Another salt holds out other visitors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a choice is due, and for whom."""

    decision_id: str
    cell: Cell
    session_id: str
    visitor_hash: str
    """Pseudonym of the visitor; when empty, the session is what is held out or not."""
    packet_id: str
    now_us: int
    epochs: tuple[int, ...] = ()
    """Of the arms, in the order of the snapshot's."""


def choose(moment: Moment, snapshot: Snapshot, experiment: Experiment) -> Decision:
    """Return the decision of `moment`; the same arguments give the same decision anywhere."""
    tenant_id = moment.cell.tenant_id
    visitor = moment.visitor_hash or moment.session_id
    share = experiment.holdout_share
    holdout = held_out(
        tenant_id=tenant_id, salt=experiment.holdout_salt, visitor=visitor, share=share
    )
    u = draw(
        experiment.key,
        tenant_id=tenant_id,
        visitor=visitor,
        decision_id=moment.decision_id,
        snapshot_id=snapshot.snapshot_id,
    )
    index = pick(snapshot.cumulative, u)
    probability = snapshot.probabilities[index]
    return Decision(
        decision_id=moment.decision_id,
        session_id=moment.session_id,
        visitor_hash=moment.visitor_hash,
        cell=moment.cell,
        packet_id=moment.packet_id,
        decided_at_us=moment.now_us,
        arms=snapshot.arms,
        probabilities=snapshot.probabilities,
        chosen=snapshot.arms[index],
        propensity=total_propensity(probability, holdout_share=share, holdout=holdout),
        draw=u,
        holdout=holdout,
        holdout_share=share,
        snapshot_id=snapshot.snapshot_id,
        policy_version=POLICY_VERSION,
        epochs=moment.epochs,
    )
