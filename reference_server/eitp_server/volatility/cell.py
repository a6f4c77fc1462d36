"""The smallest sets of sessions that are summed: tenant, trade, region and part of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.volatility.partial import Partial, merged

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

SECTIONS: Final = 64
"""More than there are values of `eitp.v1.PageSection`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A set of sessions of which every feed is a sum."""

    tenant_id: str
    vertical: str = ""
    region: str = ""
    page_section: int = 0
    """An `eitp.v1.PageSection`."""


class CellCodes:
    """Numbers for what does not change while a session lives, so that sessions can be sorted.

    A table keeps the number of each session; the part of the page joins at a tick.
    """

    def __init__(self) -> None:
        self._code: dict[tuple[str, str, str], int] = {}
        self._names: list[tuple[str, str, str]] = []

    def __len__(self) -> int:
        return len(self._names)

    def code(self, tenant_id: str, vertical: str = "", region: str = "") -> int:
        """Return the number of a tenant's sessions of a trade and region, a new one if need be."""
        names = (tenant_id, vertical, region)
        code = self._code.setdefault(names, len(self._names))
        if code == len(self._names):
            self._names.append(names)
        return code

    def cell(self, key: int) -> Cell:
        """Return the cell of a key."""
        code, section = divmod(key, SECTIONS)
        tenant_id, vertical, region = self._names[code]
        return Cell(tenant_id=tenant_id, vertical=vertical, region=region, page_section=section)


def by_tenant(
    cells: Mapping[Cell, Partial],
    *,
    tenant_ids: Collection[str] | None = None,
    vertical: str = "",
    region: str = "",
    page_section: int = 0,
) -> dict[str, Partial]:
    """Return what a feed counts of each tenant; what is not said does not choose.

    A country's region holds those of its parts: `DE` also counts `DE-BY`. `tenant_ids` are the
    tenants of the feed, None for all.
    """
    chosen: dict[str, list[Partial]] = {}
    for cell, part in cells.items():
        if (
            (tenant_ids is None or cell.tenant_id in tenant_ids)
            and vertical in {"", cell.vertical}
            and (not region or f"{cell.region}-".startswith(f"{region}-"))
            and page_section in {0, cell.page_section}
        ):
            chosen.setdefault(cell.tenant_id, []).append(part)
    return {tenant_id: merged(parts) for tenant_id, parts in chosen.items()}


def cell_keys(
    codes: NDArray[np.integer[Any]], page_sections: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """Return the keys (m,) of sessions by their codes (m,) and parts of the page (m,)."""
    return codes.astype(np.int64) * SECTIONS + np.minimum(page_sections, SECTIONS - 1)
