"""The constants of one version of the index, so that anybody can compute it again."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose, isfinite
from typing import Any, Final

DIMENSIONS: Final = (
    "valence",
    "arousal",
    "urgency",
    "confusion",
    "interest",
    "intent_strength",
    "session_phase",
)
"""The order of every state."""
INTENT: Final = DIMENSIONS.index("intent_strength")
SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Methodology:
    """What defines the index; times in seconds.

    Raises ValueError, which names the field, for constants that define none.
    """

    methodology_id: str
    dimension_scales: tuple[float, ...]
    """(7,) usual change in one second, in the dimension's unit per root second, above 0."""
    dimension_weights: tuple[float, ...] = (1 / 6,) * 6 + (0.0,)
    """(7,) summing to 1; the phase of a session has none because it drifts by construction."""
    min_gap_s: float = 5.0
    """Shortest time between two states that make an increment; what comes sooner waits."""
    max_gap_s: float = 60.0
    """Longest such time; after a longer one nothing is added."""
    volatility_half_life_s: float = 60.0
    """Time after which an increment counts half in its session."""
    recency_half_life_s: float = 30.0
    """Time after which a silent session counts half in the index."""
    smoothing_half_life_s: float = 300.0
    effective_dimensions: float = 4.0
    """Independent dimensions that the small-sample correction assumes."""
    volatility_cap: float = 5.0
    """Volatility that a session counts with at most."""
    weight_scale: int = 200
    """A weight times this, rounded, is what is summed."""
    volatility_scale: int = 1000
    """A volatility times this, rounded, is what is summed."""

    def __post_init__(self) -> None:
        for name in ("dimension_weights", "dimension_scales"):
            if len(getattr(self, name)) != len(DIMENSIONS):
                raise ValueError(f"{name} needs {len(DIMENSIONS)} numbers, one per dimension")
        if not all(isfinite(scale) and scale > 0 for scale in self.dimension_scales):
            raise ValueError("dimension_scales must be finite numbers above 0")
        weights = self.dimension_weights
        if not (all(weight >= 0 for weight in weights) and isclose(sum(weights), 1.0)):
            raise ValueError("dimension_weights must be 0 or more and sum to 1")
        for name in _POSITIVE:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a finite number above 0, not {value:g}")
        if self.min_gap_s >= self.max_gap_s:
            raise ValueError("min_gap_s must be below max_gap_s")
        if self.volatility_cap * self.volatility_scale > LARGEST_VOLATILITY:
            raise ValueError(
                f"volatility_cap times volatility_scale must not exceed {LARGEST_VOLATILITY}: "
                "sums of larger numbers do not fit 64 bits"
            )
        if self.weight_scale > LARGEST_WEIGHT:
            raise ValueError(f"weight_scale must not exceed {LARGEST_WEIGHT}")

    def as_json(self) -> dict[str, Any]:
        """Return the constants by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


LARGEST_VOLATILITY: Final = 6_000
LARGEST_WEIGHT: Final = 1_000
_POSITIVE: Final = (
    "min_gap_s",
    "max_gap_s",
    "volatility_half_life_s",
    "recency_half_life_s",
    "smoothing_half_life_s",
    "effective_dimensions",
    "volatility_cap",
    "weight_scale",
    "volatility_scale",
)

DRAFT: Final = Methodology(
    methodology_id="evi-0.1", dimension_scales=(0.04, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02)
)
"""Scales that were declared, not measured: no base period of real shoppers exists yet."""
