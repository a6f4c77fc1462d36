"""What is kept of contagion, as values and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

SHARED: Final = ""
"""In place of a tenant: a series of all tenants that agreed to pooling."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Series:
    """One analysis that goes on."""

    tenant_id: str = SHARED
    vertical: str = ""
    """Empty: all verticals."""
    feature: int = 1
    """A `eitp.v1.ContagionFeature`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What each region of a series did in one minute, (n,) each."""

    at_us: int
    """The end of the minute."""
    regions: tuple[str, ...]
    levels: NDArray[np.float64]
    """NaN where there is none."""
    sessions: NDArray[np.int32]
    reasons: NDArray[np.uint8]
    """0, or a `NoValueReason`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an analysis rests on."""

    start_us: int
    end_us: int
    observations: int
    lags: int
    horizon: int
    factors: int
    seasonal_profile_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An edge as it is published; fields are those of `eitp.v1.ContagionEdge`."""

    source_region: str
    target_region: str
    status: str
    """A name of `eitp.v1.ContagionEdgeStatus`, without its prefix."""
    lag_minutes: int
    strength: float
    strength_generalized: float
    sign: int
    """1 for the same way, -1 for the opposite one, 0 for an edge that has ended."""
    f_statistic: float | None
    p_value: float | None
    q_value: float | None
    first_seen_us: int
    min_sessions: int
    """As counted, also in a shared series."""
    basis: Basis

    @property
    def pair(self) -> tuple[str, str]:
        """Source and target."""
        return self.source_region, self.target_region


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An analysis as a whole; fields are those of `eitp.v1.ContagionSnapshot`."""

    status: str
    """A name of `eitp.v1.ContagionStatus`, without its prefix."""
    totals: Mapping[str, float] | None
    """By the field of `eitp.v1.ContagionTotals`; None when no analysis was made."""
    regions: Sequence[tuple[str, float, float]]
    """Each region by name, what it gives to others and what it takes."""
    excluded: Sequence[tuple[str, str]]
    """Each region that is left out by name, and a name of `eitp.v1.RegionExclusionReason`."""
    tests: int
    fdr_level: float
    basis: Basis
    computed_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message of the feed."""

    number: int
    series: Series
    estimator_version: str
    content: Edge | Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a series stands."""

    snapshot: Snapshot
    edges: tuple[Edge, ...]
    """Of the last analysis that was made, strongest first."""
    told: Mapping[tuple[str, str], Edge]
    """The same edges as they were published last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProfile:
    """What comes back every week in a series."""

    day_us: int
    weights: Mapping[str, Sequence[float]]
    """By region."""


def edge_from(document: dict[str, Any]) -> Edge:
    """Return the edge that `asdict` made this of."""
    basis = Basis(**document.pop("basis"))
    return Edge(**document, basis=basis)


def snapshot_from(document: dict[str, Any]) -> Snapshot:
    """Return the snapshot that `asdict` made this of."""
    basis = Basis(**document.pop("basis"))
    regions = tuple((name, to, taken) for name, to, taken in document.pop("regions"))
    excluded = tuple((name, reason) for name, reason in document.pop("excluded"))
    return Snapshot(**document, basis=basis, regions=regions, excluded=excluded)


def as_json(value: object) -> str:
    """Return compact JSON; raises ValueError for a number that it cannot hold."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
