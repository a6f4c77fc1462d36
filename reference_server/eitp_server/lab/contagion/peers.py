"""What statsmodels makes of the same series: pairwise Granger tests and the Cholesky table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from eitp_server.intelligence.contagion.analysis import analyse
from eitp_server.intelligence.contagion.false_discovery import q_values
from eitp_server.lab.contagion.error import ContagionError
from eitp_server.lab.contagion.known import Score, score
from eitp_server.lab.contagion.report import Method, Options, plain_table, prepared_series

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from eitp_server.intelligence.contagion.analysis import Settings
    from eitp_server.intelligence.contagion.gram import Array
    from eitp_server.lab.contagion.known import Pair
    from eitp_server.lab.contagion.series import Series

Result = TypeVar("Result")

MOST_PAIRS: Final = 2_500
"""More tests, one by one, are timed on the first of them and not made."""
TIMED: Final = 100
MOST_BYTES: Final = 2**31
"""A table that statsmodels needs more memory for is not made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One way of doing it, in this run."""

    name: str
    seconds: float | None
    found: frozenset[Pair] | None = None
    """Edges; None when it gives none."""
    total: float | None = None
    """Percent; None when it gives none."""
    note: str = ""

    def score(self, known: Collection[Pair] | None) -> Score | None:
        """Return its edges against those that are known."""
        return None if self.found is None or known is None else score(self.found, known)

    def as_json(self, known: Collection[Pair] | None) -> dict[str, Any]:
        """Return the figures."""
        judged = self.score(known)
        return {
            "name": self.name,
            "seconds": self.seconds,
            "edges": None if self.found is None else len(self.found),
            "fdr": judged and judged.false_discovery_rate,
            "recall": judged and judged.recall,
            "total": self.total,
            "note": self.note,
        }


def compare(
    series: Series, options: Options, day: int, progress: Callable[[int], None]
) -> tuple[Peer, ...]:
    """Run both on the same series; `progress` is told how many pairs are tested.

    Raises ContagionError without statsmodels, or when a value is missing, which it does not take;
    Refused as the pipeline does.
    """
    if np.isnan(series.values).any():
        raise ContagionError("--compare takes series without empty cells; statsmodels needs all")
    settings = options.settings
    _required()
    own = _timed(lambda: analyse(prepared_series(series, day), settings))
    calm = prepared_series(series, day).values
    raw = _granger("statsmodels, Granger by pair", series.values, series, settings, progress)
    without = _granger("the same without the cycle", calm, series, settings, progress)
    table = _timed(lambda: plain_table(series, Method.GENERALIZED, settings))
    return (
        Peer(
            name="EITP, pipeline",
            seconds=own[1],
            found=frozenset((edge.source, edge.target) for edge in own[0].edges),
            total=100 * own[0].totals.lagged,
        ),
        raw,
        without,
        Peer(name="EITP, generalized table", seconds=table[1], total=100 * table[0][0].total),
        _cholesky(series, settings),
    )


def granger(values: Array, lags: int, source: int, target: int) -> tuple[float, float]:
    """Return F and p of statsmodels' test that `source` foretells `target`; raises ImportError."""
    tests: Any = import_module("statsmodels.tsa.stattools")
    found = tests.grangercausalitytests(values[:, [target, source]], [lags])[lags][0]["ssr_ftest"]
    return float(found[0]), float(found[1])


def _granger(
    name: str, values: Array, series: Series, settings: Settings, progress: Callable[[int], None]
) -> Peer:
    count = len(series.names)
    pairs = [(i, j) for i in range(count) for j in range(count) if i != j]
    p_value: NDArray[np.float64] = np.full((count, count), np.nan)
    tested = pairs if len(pairs) <= MOST_PAIRS else pairs[:TIMED]
    began = perf_counter()
    for number, (target, source) in enumerate(tested, start=1):
        p_value[target, source] = granger(values, settings.lags, source, target)[1]
        progress(number)
    seconds = perf_counter() - began
    if len(tested) < len(pairs):
        seconds *= len(pairs) / len(tested)
        return Peer(name=name, seconds=seconds, note=f"reckoned from {TIMED} of {len(pairs):,}")
    reported = np.argwhere(q_values(p_value) < settings.fdr_level).tolist()
    found = frozenset((series.names[source], series.names[target]) for target, source in reported)
    return Peer(name=name, seconds=seconds, found=found)


def _cholesky(series: Series, settings: Settings) -> Peer:
    name = "statsmodels, Cholesky table"
    count = len(series.names)
    size = 8 * (count * (count * settings.lags + 1)) ** 2
    if size > MOST_BYTES:
        return Peer(name=name, seconds=None, note=f"it would take {size / 2**30:,.0f} GiB")
    models: Any = import_module("statsmodels.tsa.api")

    def table() -> Any:
        return models.VAR(series.values).fit(settings.lags).fevd(settings.horizon).decomp

    decomposed, seconds = _timed(table)
    last = np.asarray(decomposed, np.float64)[:, -1]
    return Peer(
        name=name,
        seconds=seconds,
        total=float(100 * (1 - np.trace(last) / count)),
        note="depends on the order of the columns",
    )


def _required() -> None:
    if find_spec("statsmodels") is None:
        raise ContagionError("--compare needs statsmodels: pip install 'statsmodels>=0.15'")


def _timed(job: Callable[[], Result]) -> tuple[Result, float]:
    began = perf_counter()
    return job(), perf_counter() - began
