"""What is read beside the plain signals: where the pointer dwells and what the page is for."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from eitp_server.classification.packet import Label

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eitp_server.classification.state import ContextColumns
    from eitp_server.signals.evidence import EvidenceColumns


class Circumstance(IntEnum):
    """One circumstance and its unit; those that a section makes come first."""

    PRICE_DWELL = 0
    """s in price and financing sections."""
    TRUST_DWELL = 1
    """s in shipping, review, trust and payment sections."""
    COMPARISON_DWELL = 2
    """s in comparison sections."""
    DETAIL_DWELL = 3
    """s in sections that describe the product."""
    AT_PRICE = 4
    """1 while the pointer is in a price or financing section, else 0."""
    AT_TRUST = 5
    """1 while it is in a shipping, review, trust or payment section, else 0."""
    COMPARING_PAGE = 6
    """1 on a comparison, a listing or search results, else 0."""
    BUYING_PAGE = 7
    """1 in the cart and in the checkout, else 0."""


OF_SECTIONS = slice(Circumstance.PRICE_DWELL, Circumstance.AT_TRUST + 1)
"""What `Signal.SECTION_DWELL` stands for in the evidence."""

_PRICE = (7, 8)
_TRUST = (11, 12, 13, 17)
_SECTIONS = {
    Circumstance.PRICE_DWELL: _PRICE,
    Circumstance.TRUST_DWELL: _TRUST,
    Circumstance.COMPARISON_DWELL: (14,),
    Circumstance.DETAIL_DWELL: (3, 4, 5, 6, 9, 10),
}
_ABOUT = {
    Label.INTEREST: Circumstance.DETAIL_DWELL,
    Label.COMPARISON: Circumstance.COMPARISON_DWELL,
    Label.PRICE_CONCERN: Circumstance.PRICE_DWELL,
    Label.TRUST_CONCERN: Circumstance.TRUST_DWELL,
    Label.DISENGAGEMENT: Circumstance.DETAIL_DWELL,
}
_COMPARING_PAGES = (2, 3, 6)
_BUYING_PAGES = (7, 8)


def circumstances(evidence: EvidenceColumns, context: ContextColumns) -> NDArray[np.float32]:
    """Return (m, circumstances) in the units of `Circumstance`."""
    found = np.empty((len(Circumstance), len(context.page_type)), np.float32)
    for circumstance, sections in _SECTIONS.items():
        found[circumstance] = evidence.dwell_s[:, list(sections)].sum(axis=1)
    found[Circumstance.COMPARING_PAGE] = np.isin(context.page_type, _COMPARING_PAGES)
    found[Circumstance.BUYING_PAGE] = np.isin(context.page_type, _BUYING_PAGES)
    found[Circumstance.AT_PRICE] = np.isin(context.page_section, _PRICE)
    found[Circumstance.AT_TRUST] = np.isin(context.page_section, _TRUST)
    return found.T


def section_dwell_s(evidence: EvidenceColumns, row: int, label: Label) -> float:
    """Return the s that a session lately spent in the sections that `label` is about.

    In the one that held it longest when the label is about none.
    """
    about = _ABOUT.get(label)
    sections = [evidence.section(row)] if about is None else list(_SECTIONS[about])
    return float(evidence.dwell_s[row, sections].sum())
