"""What is read beside the signals: where the pointer dwells and what the page is for."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.classification.state import ContextColumns
    from eitp_server.signals.evidence import EvidenceColumns


class Circumstance(IntEnum):
    """One circumstance and its unit."""

    PRICE_DWELL = 0
    """s in price and financing sections."""
    TRUST_DWELL = 1
    """s in shipping, review, trust and payment sections."""
    COMPARISON_DWELL = 2
    """s in comparison sections."""
    DETAIL_DWELL = 3
    """s in sections that describe the product."""
    DEPARTURES = 4
    """Times the page was hidden."""
    SELECTIONS = 5
    """Texts selected or copied."""
    COMPARING_PAGE = 6
    """1 on a comparison, a listing or search results, else 0."""
    BUYING_PAGE = 7
    """1 in the cart and in the checkout, else 0."""
    AT_PRICE = 8
    """1 while the pointer is in a price or financing section, else 0."""
    AT_TRUST = 9
    """1 while it is in a shipping, review, trust or payment section, else 0."""


_PRICE = (7, 8)
_TRUST = (11, 12, 13, 17)
_SECTIONS = {
    Circumstance.PRICE_DWELL: _PRICE,
    Circumstance.TRUST_DWELL: _TRUST,
    Circumstance.COMPARISON_DWELL: (14,),
    Circumstance.DETAIL_DWELL: (3, 4, 5, 6, 9, 10),
}
_COMPARING_PAGES = (2, 3, 6)
_BUYING_PAGES = (7, 8)


def circumstances(evidence: EvidenceColumns, context: ContextColumns) -> NDArray[np.float32]:
    """Return (m, circumstances) in the units of `Circumstance`."""
    found = np.empty((len(Circumstance), len(context.page_type)), np.float32)
    for circumstance, sections in _SECTIONS.items():
        found[circumstance] = evidence.dwell_s[:, list(sections)].sum(axis=1)
    found[Circumstance.DEPARTURES] = evidence.departures
    found[Circumstance.SELECTIONS] = evidence.selections
    found[Circumstance.COMPARING_PAGE] = np.isin(context.page_type, _COMPARING_PAGES)
    found[Circumstance.BUYING_PAGE] = np.isin(context.page_type, _BUYING_PAGES)
    found[Circumstance.AT_PRICE] = np.isin(context.page_section, _PRICE)
    found[Circumstance.AT_TRUST] = np.isin(context.page_section, _TRUST)
    return found.T
