"""The life of a proven pattern: promoted, confirmed by fresh data or taken back, and expired."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from eitp_server.bandit.promotion import DAY_US, bound_over_nothing, is_broad, is_enough

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.bandit.lift import Lift

CONFIRM_WITHIN_US = 30 * DAY_US
EXPIRE_AFTER_US = 90 * DAY_US
FORMAT = 1


class PatternStatus(IntEnum):
    """Where a pattern is in its life; the numbers are the protocol's."""

    PROMOTED = 1
    CONFIRMED = 2
    DEMOTED = 3
    EXPIRED = 4


class DemotionReason(IntEnum):
    """Why a pattern was taken back; the numbers are the protocol's."""

    NONE = 0
    REFUTED = 1
    UNCONFIRMED = 2
    GUARDRAIL = 3
    DEFINITION_CHANGED = 4
    EXPERIMENT_INVALID = 5
    POOL_TOO_SMALL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What is kept of a pattern's life, times in microseconds since the epoch."""

    version: int = 1
    """Counts its changes."""
    status: PatternStatus = PatternStatus.PROMOTED
    margin: float = 0.0
    """Effect that the lower bound had to exceed, absolute."""
    promoted_at_us: int
    confirmed_at_us: int | None = None
    demoted_at_us: int | None = None
    demotion_reason: DemotionReason = DemotionReason.NONE

    @property
    def expires_at_us(self) -> int:
        """The moment after which it is no longer used."""
        return self.promoted_at_us + EXPIRE_AFTER_US

    @property
    def is_live(self) -> bool:
        """Whether it may be used."""
        return self.status in (PatternStatus.PROMOTED, PatternStatus.CONFIRMED)

    def dump(self) -> dict[str, Any]:
        """Return the pattern as JSON values; equal patterns give equal values."""
        return {"format": FORMAT} | {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Pattern:
        """Return the pattern from `dump`. Raises ValueError for another format."""
        if state["format"] != FORMAT:
            raise ValueError(f"pattern has format {state['format']}, not {FORMAT}")
        fields: dict[str, Any] = {name: state[name] for name in cls.__slots__}
        fields["status"] = PatternStatus(fields["status"])
        fields["demotion_reason"] = DemotionReason(fields["demotion_reason"])
        return cls(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What is known of a pattern since its promotion, and nothing from before."""

    lift: Lift | None = None
    """From decisions taken after the promotion. Absent while none has matured."""
    over_nothing: Lift | None = None
    """The same against "nothing was chosen" in place of the holdout."""
    first_decided_at_us: int | None = None
    """When the first of these decisions was taken."""
    concentration: float = 0.0
    """Share of its units that the narrower place with the most of them has, 0..1."""
    definition_changed: bool = False
    guardrail_stop: bool = False
    experiment_invalid: bool = False
    """A check of the experiment raises its alarm."""
    pool_too_small: bool = False
    """Too few tenants still agree to pooling."""


def advance(pattern: Pattern, fresh: Fresh, now_us: int) -> Pattern:
    """Return what becomes of `pattern` at `now_us`: itself when nothing changes.

    What the decisions before the promotion said selected the pattern and overstates it, so only
    fresh ones confirm or refute; those of one narrower place confirm nothing wider. A pattern taken
    back or expired stays so; to be used again the intervention must be promoted again. Raises
    ValueError for a decision from before the promotion.
    """
    _check(pattern, fresh)
    if not pattern.is_live:
        return pattern
    reason = _reason(pattern, fresh, now_us)
    if reason is not DemotionReason.NONE:
        return replace(
            pattern,
            version=pattern.version + 1,
            status=PatternStatus.DEMOTED,
            demoted_at_us=now_us,
            demotion_reason=reason,
        )
    if now_us >= pattern.expires_at_us:
        return replace(pattern, version=pattern.version + 1, status=PatternStatus.EXPIRED)
    if pattern.confirmed_at_us is None and _is_confirmed(pattern, fresh):
        return replace(
            pattern,
            version=pattern.version + 1,
            status=PatternStatus.CONFIRMED,
            confirmed_at_us=now_us,
        )
    return pattern


def _check(pattern: Pattern, fresh: Fresh) -> None:
    first = fresh.first_decided_at_us
    if fresh.lift is not None and (first is None or first < pattern.promoted_at_us):
        raise ValueError(
            f"fresh.first_decided_at_us is {first}, not after the promotion at "
            f"{pattern.promoted_at_us}: start the evidence anew when a pattern is promoted"
        )


def _reason(pattern: Pattern, fresh: Fresh, now_us: int) -> DemotionReason:
    overdue = pattern.confirmed_at_us is None and now_us >= (
        pattern.promoted_at_us + CONFIRM_WITHIN_US
    )
    for reason, holds in (
        (DemotionReason.DEFINITION_CHANGED, fresh.definition_changed),
        (DemotionReason.GUARDRAIL, fresh.guardrail_stop),
        (DemotionReason.EXPERIMENT_INVALID, fresh.experiment_invalid),
        (DemotionReason.POOL_TOO_SMALL, fresh.pool_too_small),
        (DemotionReason.REFUTED, _is_refuted(pattern, fresh)),
        (DemotionReason.UNCONFIRMED, overdue),
    ):
        if holds:
            return reason
    return DemotionReason.NONE


def _is_refuted(pattern: Pattern, fresh: Fresh) -> bool:
    high = _bound(fresh, "interval_high")
    return high is not None and high < pattern.margin


def _is_confirmed(pattern: Pattern, fresh: Fresh) -> bool:
    if not is_broad(fresh.concentration):
        return False
    bounds = (
        _bound(fresh, "lower_bound"),
        bound_over_nothing(fresh.over_nothing) if fresh.over_nothing is not None else None,
    )
    return all(low is not None and low > pattern.margin for low in bounds)


def _bound(fresh: Fresh, name: str) -> float | None:
    """Return a bound of the fresh lift, unless too little was seen for it to hold."""
    return getattr(fresh.lift, name) if fresh.lift is not None and is_enough(fresh.lift) else None
