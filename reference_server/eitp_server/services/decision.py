"""Decisions as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp.v1.decision_pb2 import Decision as DecisionMessage
from eitp.v1.decision_pb2 import DecisionArm, DecisionCell

from eitp_server.services.moment import timestamp

if TYPE_CHECKING:
    from eitp_server.bandit.decision import Decision


def decision_message(decision: Decision, *, delivered: bool) -> DecisionMessage:
    """Return the wire form of a decision with its whole propensity vector."""
    cell = decision.cell
    arms = zip(decision.arms, decision.probabilities, strict=True)
    return DecisionMessage(
        decision_id=decision.decision_id,
        session_id=decision.session_id,
        packet_id=decision.packet_id,
        decided_at=timestamp(decision.decided_at_us),
        cell=DecisionCell(
            vertical=cell.vertical,
            label=cell.label,  # pyright: ignore[reportArgumentType]
            page_section=cell.page_section,  # pyright: ignore[reportArgumentType]
        ),
        arms=[DecisionArm(definition_id=arm, probability=p) for arm, p in arms],
        chosen_definition_id=decision.chosen,
        propensity=decision.propensity,
        draw=decision.draw,
        holdout=decision.holdout,
        holdout_share=decision.holdout_share,
        snapshot_id=decision.snapshot_id,
        policy_version=decision.policy_version,
        delivered=delivered,
    )
