"""Which series the volatility index has: whose sessions each counts, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from eitp.v1.page_pb2 import PageSection

from eitp_server.storage.index_row import SHARED, FeedRow
from eitp_server.volatility.base import MINUTE_US, BaseKind
from eitp_server.volatility.cell import by_tenant
from eitp_server.volatility.methodology import DRAFT
from eitp_server.volatility.partial import Partial
from eitp_server.volatility.reason import OWN_SESSIONS, SHARED_SESSIONS
from eitp_server.volatility.tenant_cap import TENANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eitp_server.volatility.cell import Cell

SHARED_TICK_US: Final = MINUTE_US
"""A shared feed is no faster: who can watch it often can see sessions come and go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The sessions that a feed counts; what is not said does not choose."""

    tenant_id: str = SHARED
    vertical: str = ""
    region: str = ""
    page_section: int = 0

    @property
    def is_root(self) -> bool:
        """Whether all sessions of the tenant, or of all that share, are counted."""
        return self.parent is None

    @property
    def parent(self) -> Choice | None:
        """The feed whose base is used while this one has none; None for a root."""
        if self.tenant_id == SHARED and self.region:
            return replace(self, region="")
        root = Choice(tenant_id=self.tenant_id)
        return None if self == root else root

    def of(self, cells: Mapping[Cell, Partial]) -> dict[str, Partial]:
        """Return what the feed counts of each tenant in `cells`, which are of its tenants only."""
        return by_tenant(
            cells, vertical=self.vertical, region=self.region, page_section=self.page_section
        )

    def holds(self, cell: Cell) -> bool:
        """Return whether the feed counts the sessions of a cell."""
        return bool(self.of({cell: Partial()})) and self.tenant_id == cell.tenant_id

    def may_begin(self, parts: Mapping[str, Partial]) -> bool:
        """Return whether there are enough sessions, for once, for the feed to come into being.

        A root begins at once. Others would never have a value, or would tell by their existence
        that a single tenant trades there; and who invents regions shall not fill the list.
        """
        if self.is_root:
            return True
        sessions = sum(part.sessions for part in parts.values())
        if self.tenant_id != SHARED:
            return sessions >= OWN_SESSIONS
        tenants = sum(part.weight > 0 for part in parts.values())
        return sessions >= SHARED_SESSIONS and tenants >= TENANTS


def own_choices(tenant_id: str, cells: Iterable[Cell]) -> list[Choice]:
    """Return the feeds that sessions in `cells` of one tenant belong to, the root first."""
    there = list(cells)
    regions = {cell.region for cell in there if cell.region}
    regions |= {country(region) for region in regions}
    sections = {cell.page_section for cell in there if cell.page_section}
    return [
        Choice(tenant_id=tenant_id),
        *(Choice(tenant_id=tenant_id, region=region) for region in sorted(regions)),
        *(Choice(tenant_id=tenant_id, page_section=section) for section in sorted(sections)),
    ]


def country(region: str) -> str:
    """Return the country of an ISO 3166 code, as `DE` of `DE-BY`."""
    return region.partition("-")[0]


def feed_id(choice: Choice, kind: BaseKind, estimator_version: str) -> str:
    """Return the identity of a feed, the same at every start."""
    whose = f"own/{choice.tenant_id}" if choice.tenant_id != SHARED else "shared"
    parts = [whose]
    if choice.is_root:
        parts.append("all")
    if choice.vertical:
        parts.append(f"vertical/{choice.vertical}")
    if choice.region:
        parts.append(f"region/{choice.region.lower()}")
    if choice.page_section:
        parts.append(f"section/{_section(choice.page_section)}")
    version = estimator_version.lower().replace("/", "-")
    return "/".join((*parts, kind.name.lower(), DRAFT.methodology_id, version))


def feed_row(
    choice: Choice, kind: BaseKind, estimator_version: str, *, tick_us: int, started_us: int
) -> FeedRow:
    """Return a feed that begins at `started_us`."""
    parent = choice.parent
    borrows = parent is not None and kind == BaseKind.ROLLING
    return FeedRow(
        tenant_id=choice.tenant_id,
        feed_id=feed_id(choice, kind, estimator_version),
        vertical=choice.vertical,
        region=choice.region,
        page_section=choice.page_section,
        parent_feed_id=feed_id(parent, kind, estimator_version) if parent and borrows else "",
        tick_us=SHARED_TICK_US if choice.tenant_id == SHARED else tick_us,
        base_kind=kind,
        methodology_id=DRAFT.methodology_id,
        estimator_version=estimator_version,
        started_us=started_us,
    )


def choice_of(feed: FeedRow) -> Choice:
    """Return whose sessions a feed counts."""
    return Choice(
        tenant_id=feed.tenant_id,
        vertical=feed.vertical,
        region=feed.region,
        page_section=feed.page_section,
    )


def section_number(name: str) -> int | None:
    """Return the part of a page that identities call `name`, None when there is none."""
    return next((number for number in PageSection.values() if _section(number) == name), None)


def _section(number: int) -> str:
    if number not in PageSection.values():
        return str(number)
    name = PageSection.Name(PageSection.ValueType(number))
    return name.removeprefix("PAGE_SECTION_").lower().replace("_", "-")
