"""What each tenant's own outcomes taught about risk and labels; two tenants share nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from eitp_server.classification.calibration import (
    FORETOLD,
    TENANT,
    Calibration,
    balance,
    logit_of,
)
from eitp_server.classification.label import MIN_CONFIDENCE
from eitp_server.classification.packet import AbstainReason, Label
from eitp_server.classification.risk import abandonment_logit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eitp_server.classification.packet import Packet

RISK: Final = 0
"""In place of a label: the calibration of the abandonment risk."""
_NEW: Final = Calibration()


class Calibrators:
    """The calibration of the risk and of each label, tenant by tenant."""

    def __init__(self) -> None:
        self._of: dict[str, dict[int, Calibration]] = {}
        """By tenant, then by label or RISK."""

    def get(self, tenant_id: str, use: int) -> Calibration:
        """Return what is known of a label's confidence, or of RISK."""
        return self._of.get(tenant_id, {}).get(use, _NEW)

    def calibrated(self, packet: Packet) -> Packet:
        """Return the shipped packet as the tenant's outcomes correct it.

        A label whose corrected confidence is too low to be given is withheld.
        """
        of_tenant = self._of.get(packet.tenant_id)
        if of_tenant is None:
            return packet
        # Without a label there is no confidence to correct, and UNSPECIFIED is RISK's number.
        of_risk = of_tenant[RISK]
        of_label = of_tenant.get(packet.label, _NEW) if packet.label else _NEW
        if not (of_risk.is_used or of_label.is_used):
            return packet
        changes: dict[str, Any] = {
            "abandonment_risk": _risk(of_risk, packet),
            "calibration_version": f"{TENANT};n={of_risk.seen}",
        }
        if of_label.is_used:
            changes |= _label(of_label, packet)
        return replace(packet, **changes)

    def learn(
        self,
        tenant_id: str,
        risk_logit: float,
        confidences: Mapping[int, float],
        *,
        abandoned: bool,
    ) -> None:
        """Learn how a session ended.

        `confidences` holds the shipped confidence of each label that was given before the end.
        """
        of_tenant = self._of.setdefault(tenant_id, {})
        of_risk = of_tenant.get(RISK, _NEW).observed(risk_logit, came=abandoned)
        of_tenant[RISK] = of_risk
        of_kind = of_risk.came if abandoned else of_risk.stayed_away
        weight = balance(of_kind=of_kind, of_both=of_risk.came + of_risk.stayed_away)
        for label, confidence in confidences.items():
            came = FORETOLD[Label(label)] == abandoned
            known = of_tenant.get(label, _NEW)
            of_tenant[label] = known.observed(logit_of(confidence), came=came, weight=weight)

    def dump(self) -> list[str]:
        """Return a line of JSON per tenant, in the order of their first outcomes."""
        return [
            json.dumps([tenant, [[use, known.dump()] for use, known in of_tenant.items()]])
            for tenant, of_tenant in self._of.items()
        ]

    def load(self, lines: Iterable[str]) -> None:
        """Take over what `dump` returned."""
        self._of = {
            tenant: {use: Calibration.load(known) for use, known in of_tenant}
            for tenant, of_tenant in map(json.loads, lines)
        }


def _risk(of_risk: Calibration, packet: Packet) -> float | None:
    if packet.abandonment_risk is None:
        return None
    return of_risk.applied(abandonment_logit(packet.mean, packet.label, packet.context))


def _label(of_label: Calibration, packet: Packet) -> dict[str, Any]:
    assert packet.confidence is not None
    confidence = of_label.recalibrated(logit_of(packet.confidence))
    if confidence >= MIN_CONFIDENCE:
        return {"confidence": confidence}
    return {
        "label": Label.UNSPECIFIED,
        "confidence": None,
        "abstain_reason": AbstainReason.LOW_CONFIDENCE,
    }
