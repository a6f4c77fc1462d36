"""The findings of a table: one per pattern, judged as the family that they are shown in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.intelligence.transfer import (
    Effects,
    Method,
    Tenants,
    find,
    find_over_tenants,
    q_values,
)
from eitp_server.lab.transfer.error import TransferError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eitp_server.intelligence.transfer import Finding
    from eitp_server.lab.transfer.table import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One pattern."""

    pattern: str
    """Empty when the table has no patterns."""
    finding: Finding
    verticals: Sequence[str]
    """(k,) in the order of the finding's effects."""
    rows: Sequence[Row]
    """What the finding rests on."""
    excluded: Sequence[Row]
    q_value: float | None
    """1 - P+ with the false discovery rate controlled over the table; None where there is no P+."""

    @property
    def ineligible(self) -> list[Row]:
        """The rows that were let in although their counts speak against it."""
        return [row for row in self.rows if row.exclusion is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All patterns of a table, in its order."""

    table: Table
    method: Method
    analyses: Sequence[Analysis]


def analyse(
    table: Table,
    *,
    method: Method = Method.REML,
    include_ineligible: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Judge each pattern of a table; `progress` is told how many are done.

    Raises TransferError when tenants lie within verticals and `method` is not REML.
    """
    patterns = dict.fromkeys(row.pattern for row in table.rows)
    found: list[Analysis] = []
    for done, pattern in enumerate(patterns, start=1):
        own = [row for row in table.rows if row.pattern == pattern]
        found.append(_analysis(pattern, own, method, include_ineligible=include_ineligible))
        progress(done)
    return Report(table=table, method=method, analyses=_as_family(found))


def _analysis(
    pattern: str, own: Sequence[Row], method: Method, *, include_ineligible: bool
) -> Analysis:
    rows = [
        row
        for row in own
        if row.effect is not None and (include_ineligible or row.exclusion is None)
    ]
    verticals = list(dict.fromkeys(row.vertical for row in rows))
    return Analysis(
        pattern=pattern,
        finding=_finding(rows, verticals, method),
        verticals=verticals,
        rows=rows,
        excluded=[row for row in own if row not in rows],
        q_value=None,
    )


def _finding(rows: Sequence[Row], verticals: Sequence[str], method: Method) -> Finding:
    if not rows:
        return find(None)
    effects = Effects(
        np.array([row.effect for row in rows], np.float64),
        np.array([row.variance for row in rows], np.float64),
    )
    if len(rows) == len(verticals):
        return find(effects, method)
    if len(verticals) < 2:
        return find(Effects(effects.value[:1], effects.variance[:1]))
    if method is not Method.REML:
        most = Counter(row.vertical for row in rows).most_common(1)[0]
        raise TransferError(
            f"{most[0]} has {most[1]} tenants, and {method.value} knows one level only; "
            "leave --method at REML, or give one row per vertical"
        )
    places = {vertical: place for place, vertical in enumerate(verticals)}
    return find_over_tenants(
        Tenants(effects, np.array([places[row.vertical] for row in rows], np.intp))
    )


def _as_family(found: Sequence[Analysis]) -> list[Analysis]:
    chances = [one.finding.predictive for one in found]
    known = [new.not_positive for new in chances if new is not None]
    controlled = iter(q_values(np.array(known, np.float64)).tolist())
    return [
        one if one.finding.predictive is None else replace(one, q_value=next(controlled))
        for one in found
    ]
