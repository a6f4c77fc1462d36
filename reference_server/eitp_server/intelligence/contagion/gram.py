"""Sums of products of series and of their pasts, from which every regression here is solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

STILL: Final = 1e-14
"""A series whose variance is below this part of its mean square does not move."""
SAME: Final = 1 - 1e-9
"""Two series that are correlated beyond this are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LagGram:
    """Weighted sums over rows of products of (1, y_t, y_{t-1}, ..., y_{t-p}).

    The sum of two is that of their rows together: shards are added, and a window rolls by adding
    the minute that came and subtracting the one that went. Series should lie around 0, with the
    seasonal profile taken out, so that little is lost to rounding.
    """

    products: Array
    """(1 + N (p + 1), 1 + N (p + 1)), symmetric; lag by lag, N series each."""
    rows: int
    lags: int
    """p."""

    @classmethod
    def of(cls, values: Array, lags: int, weights: Array | None = None) -> LagGram:
        """Sum over the rows of `values` (T, N) whose `lags` predecessors are there too.

        Rows that hold NaN, themselves or in their past, do not count. `weights` (T,) are above 0,
        proportional to the sessions behind each minute; None: all alike. To roll a window, give
        the new minute and the `lags` minutes before it.
        """
        minutes, series = values.shape
        if minutes <= lags:
            size = 1 + series * (lags + 1)
            return cls(products=np.zeros((size, size)), rows=0, lags=lags)
        past = sliding_window_view(values, lags + 1, axis=0)[:, :, ::-1]
        complete = np.isfinite(past).all(axis=(1, 2))
        rows = int(complete.sum())
        regressors = np.ones((rows, 1 + series * (lags + 1)))
        regressors[:, 1:] = past[complete].transpose(0, 2, 1).reshape(rows, -1)
        if weights is not None:
            regressors *= np.sqrt(weights[lags:][complete])[:, None]
        return cls(products=regressors.T @ regressors, rows=rows, lags=lags)

    def __add__(self, other: LagGram) -> LagGram:
        """Return the sums over the rows of both."""
        return LagGram(
            products=self.products + other.products, rows=self.rows + other.rows, lags=self.lags
        )

    def __sub__(self, other: LagGram) -> LagGram:
        """Return the sums without the rows of `other`, which must be among those of this one."""
        return LagGram(
            products=self.products - other.products, rows=self.rows - other.rows, lags=self.lags
        )

    @property
    def series(self) -> int:
        """N."""
        return (len(self.products) - 1) // (self.lags + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Centred sums of products of standardised series and of their pasts.

    A constant in every regression is the same as centring each column (Frisch and Waugh 1933,
    Econometrica 1), so none appears from here on.
    """

    products: Array
    """(N (p + 1), N (p + 1)); lag 0 of all series first."""
    scale: Array
    """(N,) standard deviation of each series, which it was divided by."""
    names: tuple[str, ...]
    """Of the series, for what is said of them."""
    rows: int
    lags: int

    @classmethod
    def of(cls, gram: LagGram, names: Sequence[str] | None = None) -> Moments:
        """Centre and standardise; raises Refused for series that do not move or are the same."""
        if not np.isfinite(gram.products).all():
            raise Refused(Reason.NOT_FINITE, "the sums hold values that are no numbers")
        if gram.rows < 2:
            raise Refused(Reason.INSUFFICIENT, f"{gram.rows} complete rows; it takes many more")
        known = tuple(names or (f"series {number}" for number in range(gram.series)))
        weight = gram.products[0, 0]
        sums = gram.products[0, 1:]
        centred = gram.products[1:, 1:] - np.outer(sums, sums) / weight
        series = gram.series
        variance = np.diag(centred)[:series] / weight
        size = np.diag(gram.products)[1 : 1 + series] / weight
        still = np.flatnonzero(variance <= STILL * size)
        if len(still):
            raise Refused(Reason.CONSTANT, f"{known[still[0]]} does not move; leave it out")
        scale = np.sqrt(variance)
        divisor = np.tile(scale, gram.lags + 1)
        found = cls(
            products=centred / np.outer(divisor, divisor),
            scale=scale,
            names=known,
            rows=gram.rows,
            lags=gram.lags,
        )
        found._refuse_twins()
        return found

    @property
    def series(self) -> int:
        """N."""
        return len(self.scale)

    @property
    def past(self) -> slice:
        """Where the lags 1 to p of all series are."""
        return slice(self.series, None)

    def _refuse_twins(self) -> None:
        now = self.products[: self.series, : self.series]
        spread = np.sqrt(np.diag(now))
        alike = np.abs(np.triu(now / np.outer(spread, spread), 1))
        if self.series > 1 and alike.max() > SAME:
            one, other = np.unravel_index(int(alike.argmax()), alike.shape)
            raise Refused(
                Reason.DUPLICATE,
                f"{self.names[one]} and {self.names[other]} are the same; leave one of them out",
            )
