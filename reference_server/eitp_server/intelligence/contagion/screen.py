"""Which pairs are worth a closer look: one F test each, beside own past and what all do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import fdtrc

from eitp_server.intelligence.contagion.autoregression import CONDITION, solve
from eitp_server.intelligence.contagion.factor import Others, beside, whitened
from eitp_server.intelligence.contagion.refusal import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.intelligence.contagion.gram import Array, Moments


def screen(moments: Moments, *, factor: bool = True) -> Array:
    """Return (N, N) p-values that column's lags do not help to foretell row; NaN on the diagonal.

    Beside a constant, each regression has the target's own lags and, with `factor`, the mean of
    all other standardised series at the same minute and at each lag, which takes common shocks
    out. F(p, rows - 1 - parameters beside). Without a factor it is the pairwise test of Granger
    1969, Econometrica 37. Raises Refused (UNDERDETERMINED, SINGULAR).

    The parts beside the source are shared by all sources of a target, so they are taken out once
    (Frisch and Waugh 1933), and only p x p systems are left for the pairs, solved in one batch.
    """
    series, lags = moments.series, moments.lags
    others = Others.of(moments) if factor else None
    left = moments.rows - 1 - 2 * lags - (lags + 1 if others else 0)
    if left < 1:
        raise Refused(
            Reason.UNDERDETERMINED, f"{moments.rows} complete rows are too few for {lags} lags"
        )
    own_blocks = _own_blocks(moments)
    found = np.full((series, series), np.nan)
    for target in range(series):
        f = _statistics(moments, target, others, own_blocks, left)
        found[target] = fdtrc(lags, left, f)
        found[target, target] = np.nan
    return found


def pairwise(moments: Moments) -> Array:
    """Return the p-values of plain pairwise Granger tests, which common shocks deceive."""
    return screen(moments, factor=False)


def _own_blocks(moments: Moments) -> Array:
    """Return (N, p, p): products of each series' lags with each other."""
    series, lags = moments.series, moments.lags
    past = moments.products[moments.past, moments.past].reshape(lags, series, lags, series)
    return np.einsum("ljmj->jlm", past)


def _statistics(
    moments: Moments, target: int, others: Others | None, own_blocks: Array, left: int
) -> Array:
    """Return (N,) F statistics of all sources of one target."""
    series, lags = moments.series, moments.lags
    with_fixed, fixed = beside(moments, target, others)
    white = whitened(fixed, with_fixed)
    sources = white[:, moments.past].reshape(-1, lags, series)
    blocks = own_blocks - np.einsum("blj,bmj->jlm", sources, sources)
    # The target is beside itself; any invertible block keeps the batch whole.
    blocks[target] = np.eye(lags)
    _refuse_singular(blocks, own_blocks, moments.names)
    now = moments.products[moments.past, target].reshape(lags, series)
    cross = (now - np.einsum("blj,b->lj", sources, white[:, target])).T
    gain = (cross * solve(blocks, cross[:, :, None])[:, :, 0]).sum(axis=1)
    total = moments.products[target, target] - white[:, target] @ white[:, target]
    residual = total - gain
    residual[target] = total
    if not (residual > 0).all():
        raise Refused(Reason.SINGULAR, f"{moments.names[target]} is foretold without error")
    return np.maximum(gain, 0.0) / lags / (residual / left)


def _refuse_singular(blocks: Array, own_blocks: Array, names: Sequence[str]) -> None:
    left = np.einsum("jll->jl", blocks) / np.einsum("jll->jl", own_blocks)
    if not left.min() > 1 / CONDITION:
        source = int(left.min(axis=1).argmin())
        raise Refused(
            Reason.SINGULAR,
            f"{names[source]} is, to rounding, a sum of others or of another's past; leave it out",
        )
