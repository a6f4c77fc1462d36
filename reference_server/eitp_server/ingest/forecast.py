"""One forecast: what was foretold of a session, what was reported since, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from sys import intern
from typing import TYPE_CHECKING, Any, Final

from eitp.v1.outcome_pb2 import OutcomeKind

from eitp_server.bandit.lines import encode
from eitp_server.classification.risk import (
    RISK_MODEL,
    abandonment_logit,
    duration_only_logit,
    page_only_logit,
)
from eitp_server.storage.line import Written, read
from eitp_server.storage.log import ForecastRow, Resolution

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eitp_server.classification.packet import Packet
    from eitp_server.storage.log import OutcomeRow

    Name = tuple[str, str]

SUCCESSES: Final = frozenset((OutcomeKind.OUTCOME_KIND_CONVERSION, OutcomeKind.OUTCOME_KIND_LEAD))
FAILURES: Final = frozenset((OutcomeKind.OUTCOME_KIND_ABANDONMENT, OutcomeKind.OUTCOME_KIND_BOUNCE))
_ABANDONED: Final = {
    Resolution.SUCCESS: False,
    Resolution.REPORTED: True,
    Resolution.SILENCE: True,
}


@dataclass(slots=True, kw_only=True)
class Forecast(Written):
    """The first forecast of a session that has not come to its end."""

    tenant_id: str
    session_id: str
    packet_id: str
    at_us: int
    label: int
    risk_logit: float
    page_only_logit: float
    duration_only_logit: float
    risk: float
    estimator_version: str
    holdout: bool
    treated: bool = False
    claims: dict[int, tuple[float, int]] = field(default_factory=dict[int, "tuple[float, int]"])
    """Shipped confidence and log time of each label when it was first given."""
    success_us: int | None = None
    """When the earliest reported success happened."""
    failure_us: int | None = None
    """When the earliest reported abandonment happened."""
    due_us: int | None = None
    """Log time at which it is resolved; None while the session lives and nothing was reported."""

    @property
    def name(self) -> Name:
        """What the forecast is about."""
        return self.tenant_id, self.session_id

    @property
    def reported(self) -> bool:
        """Whether an end was reported."""
        return self.success_us is not None or self.failure_us is not None

    def note(self, outcome: OutcomeRow) -> None:
        """Take a report in; only the earliest time of each kind is kept, in whatever order."""
        at_us = outcome.occurred_at_us
        if outcome.kind in SUCCESSES:
            self.success_us = at_us if self.success_us is None else min(self.success_us, at_us)
        else:
            self.failure_us = at_us if self.failure_us is None else min(self.failure_us, at_us)

    def resolution(self) -> tuple[Resolution, int | None]:
        """Return how the session ended by what was reported, and when, None when nothing was."""
        if self.success_us is not None:
            return self._if_foretold(Resolution.SUCCESS, self.success_us), self.success_us
        if self.failure_us is not None:
            return self._if_foretold(Resolution.REPORTED, self.failure_us), self.failure_us
        return Resolution.SILENCE, None

    def claims_before(self, end_us: int | None) -> dict[int, float]:
        """Return the confidence of each label that was given before the session's end."""
        return {
            label: confidence
            for label, (confidence, at_us) in self.claims.items()
            if end_us is None or at_us < end_us
        }

    def row(self, resolution: Resolution, now_us: int) -> ForecastRow:
        """Return what is kept of the forecast once it is resolved."""
        return ForecastRow(
            tenant_id=self.tenant_id,
            packet_id=self.packet_id,
            session_id=self.session_id,
            forecast_at_us=self.at_us,
            label=self.label,
            risk_logit=self.risk_logit,
            page_only_logit=self.page_only_logit,
            duration_only_logit=self.duration_only_logit,
            risk=self.risk,
            risk_model=RISK_MODEL,
            estimator_version=self.estimator_version,
            holdout=self.holdout,
            treated=self.treated,
            abandoned=_ABANDONED.get(resolution),
            resolution=int(resolution),
            resolved_at_us=now_us,
        )

    def _if_foretold(self, resolution: Resolution, end_us: int) -> Resolution:
        return resolution if self.at_us < end_us else Resolution.TOO_LATE


def forecast(packet: Packet, *, risk: float, holdout: bool) -> Forecast:
    """Return the forecast that a shipped packet makes; `risk` is what was given out for it."""
    seconds = packet.window_end_ms / 1000
    return Forecast(
        tenant_id=packet.tenant_id,
        session_id=packet.session_id,
        packet_id=packet.packet_id,
        at_us=packet.emitted_at_us,
        label=int(packet.label),
        risk_logit=abandonment_logit(packet.mean, packet.label, packet.context),
        page_only_logit=page_only_logit(packet.context, seconds),
        duration_only_logit=duration_only_logit(seconds),
        risk=risk,
        estimator_version=packet.estimator_version,
        holdout=holdout,
    )


_FIELDS: Final = tuple(item.name for item in fields(Forecast) if item.name != "claims")
_values = attrgetter(*_FIELDS)


def written(item: Forecast) -> str:
    """Return the forecast as a line of JSON, which it keeps until it changes."""
    claims = [(label, *claim) for label, claim in item.claims.items()]
    item.line = line = encode((*_values(item), claims))
    return line


def from_json(lines: Sequence[str]) -> Iterator[Forecast]:
    """Yield the forecasts that were written as `lines`; they keep them."""
    for line, (*values, claims) in zip(lines, read(lines), strict=True):
        state: dict[str, Any] = dict(zip(_FIELDS, values, strict=True))
        state["claims"] = {label: (confidence, at_us) for label, confidence, at_us in claims}
        item = Forecast(**state)
        # Many have these in common, and each text is to be in memory once.
        item.tenant_id = intern(item.tenant_id)
        item.estimator_version = intern(item.estimator_version)
        item.line = line
        yield item
