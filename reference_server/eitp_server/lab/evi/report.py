"""The index over a file: ticks, bars, and everything that they were computed by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from eitp_server.lab.evi.csv_table import iso
from eitp_server.lab.evi.replay import SHARES
from eitp_server.lab.evi.scaling import Scaling, base_of_these_data
from eitp_server.volatility.bar import Bar, BarPeriod, bars
from eitp_server.volatility.bar_range import garman_klass, parkinson
from eitp_server.volatility.index import IndexTick, index_tick
from eitp_server.volatility.methodology import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp_server.lab.evi.replay import Replayed, TickSums
    from eitp_server.volatility.bar import OpenHighLowClose
    from eitp_server.volatility.increment import Step
    from eitp_server.volatility.methodology import Methodology
    from eitp_server.volatility.partial import Partial
    from eitp_server.volatility.reason import Audience

SYMBOLS: Final = {
    "n": "sessions",
    "Sw": "weight",
    "Sww": "squared_weight",
    "Swv": "weighted",
    "Swwv": "squared_weight_weighted",
    "Swwvv": "squared_weighted",
    "Sv": "volatility",
    "wmax": "largest_weight",
}
"""What the sums are called in formulas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EviReport:
    """What a feed over the states of a file would have been."""

    methodology: Methodology
    scales_origin: str
    """`declared`, `given` or `measured`."""
    audience: Audience
    only: Mapping[str, str]
    """By column, the value that sessions were chosen by."""
    tick_us: int
    scaling: Scaling
    steps: Mapping[Step, int]
    """How many states became what."""
    sessions: int
    sums: Sequence[TickSums]
    ticks: Sequence[IndexTick]
    bars: Sequence[Bar]

    def reasons(self) -> dict[str, int]:
        """Return how many ticks have no value for which reason, most frequent first."""
        counts = Counter(tick.reason.name for tick in self.ticks if tick.reason)
        return dict(counts.most_common())

    def as_json(self) -> dict[str, Any]:
        """Return it for machines; what there is none of is null."""
        return {
            "methodology": self.methodology.as_json() | {"scales_origin": self.scales_origin},
            "feed": {
                "audience": self.audience.name,
                "tick_s": self.tick_us / SECOND_US,
                **self.only,
            },
            "base": self.scaling.as_json(),
            "sessions": self.sessions,
            "states": {step.name.lower(): number for step, number in self.steps.items()},
            "reasons": self.reasons(),
            "ticks": [_tick(tick, sums) for tick, sums in zip(self.ticks, self.sums, strict=True)],
            "bars": [_bar(bar, self.sums[-1].at_us) for bar in self.bars],
        }


def report(
    played: Replayed,
    *,
    methodology: Methodology,
    scales_origin: str,
    audience: Audience,
    only: Mapping[str, str],
    tick_us: int,
    scaling: Scaling | None,
    period: BarPeriod,
    sessions: int,
) -> EviReport:
    """Scale ticks by a base, None to take it from the ticks themselves.

    Raises EviInputError where they give no base.
    """
    if scaling is None:
        scaling = base_of_these_data(_ticks(played, audience, None, methodology), tick_us)
    ticks = _ticks(played, audience, scaling, methodology)
    return EviReport(
        methodology=methodology,
        scales_origin=scales_origin,
        audience=audience,
        only=only,
        tick_us=tick_us,
        scaling=scaling,
        steps=played.steps,
        sessions=sessions,
        sums=played.ticks,
        ticks=ticks,
        bars=bars(ticks, tick_us=tick_us, period=period),
    )


def _ticks(
    played: Replayed, audience: Audience, scaling: Scaling | None, methodology: Methodology
) -> list[IndexTick]:
    found: list[IndexTick] = []
    for sums in played.ticks:
        tick = index_tick(
            sums.by_tenant,
            at_us=sums.at_us,
            audience=audience,
            base=scaling.base if scaling else None,
            before=found[-1].smoothed if found else None,
            methodology=methodology,
        )
        found.append(tick)
    return found


def _tick(tick: IndexTick, sums: TickSums) -> dict[str, Any]:
    level, value = tick.level, tick.value
    shown = tick.scaled if value else None
    return {
        "at": iso(tick.at_us),
        "partial": _partial(tick.total),
        "tenants": sum(part.weight > 0 for part in sums.by_tenant.values()),
        "level": level and level.value,
        "se": _finite(level and level.standard_error),
        "n_eff": level and level.effective_sessions,
        "unweighted_level": level and level.unweighted,
        "largest_share": level and level.largest_share,
        **{
            f"p{round(100 * share)}": one for share, one in zip(SHARES, sums.quantiles, strict=True)
        },
        "base_id": tick.base_id or None,
        "z": shown and shown.z,
        "evi": value and value.index,
        "band": value and [value.band_low, value.band_high],
        "smoothed": value and value.smoothed_index,
        "level_index": shown and shown.level_index,
        "step": value and value.step,
        "sessions": value and [value.sessions.least, value.sessions.most],
        "low_precision": value and value.low_precision,
        "reason": tick.reason and tick.reason.name,
    }


def _partial(part: Partial) -> dict[str, int]:
    return {symbol: getattr(part, name) for symbol, name in SYMBOLS.items()}


def _finite(number: float | None) -> float | None:
    return number if number is not None and isfinite(number) else None


def _bar(bar: Bar, last_us: int) -> dict[str, Any]:
    return {
        "start": iso(bar.start_us),
        "period": bar.period.name,
        "base_id": bar.base_id or None,
        "index": _run(bar.index) if bar.index else None,
        "level": _run(bar.level),
        "ticks": bar.ticks,
        "expected_ticks": bar.expected_ticks,
        "min_sessions": bar.min_sessions,
        "complete": last_us >= bar.end_us - bar.tick_us,
        "parkinson": parkinson(bar.level, bar.ticks),
        "garman_klass": garman_klass(bar.level, bar.ticks),
    }


def _run(run: OpenHighLowClose) -> dict[str, float]:
    return {"open": run.open, "high": run.high, "low": run.low, "close": run.close}
