"""What is known to help, where it holds, and which of it a session is told."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eitp_server.bandit.digest import identifier
from eitp_server.bandit.injection import Offer, assign
from eitp_server.interventions.proven import scope_text
from eitp_server.storage.offers import OfferRow
from eitp_server.storage.patterns import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eitp_server.bandit.decision import Cell
    from eitp_server.interventions.archive import Archive
    from eitp_server.interventions.catalogue import Catalogue
    from eitp_server.interventions.proven import Proven
    from eitp_server.storage.offers import Offers


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A pattern as packets and prompts cite it; fields are those of `eitp.v1.PatternReference`."""

    pattern_id: str
    version: int
    scope: str
    """Where it was proven, as `automotive/frustration/financing`."""
    definition_id: str
    """The tenant's intervention that it speaks for, also when a kind was proven."""
    lift_lower_bound: float
    statement: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a session's prompts are told, and what is kept from them to see if that matters."""

    given: tuple[Reference, ...]
    withheld: tuple[str, ...]
    """Pattern ids."""


class Knowledge:
    """The patterns in use, in memory; the archive is read when somebody says that it changed."""

    def __init__(
        self,
        archive: Archive,
        offers: Offers,
        *,
        catalogue: Callable[[], Catalogue],
        sharing: Callable[[str], bool],
        now_us: Callable[[], int],
    ) -> None:
        """Know nothing before `refresh`.

        `catalogue()` has what a tenant may show; `sharing` says whether it pools, without which it
        reads nothing that is shared.
        """
        self._archive = archive
        self._offers = offers
        self._catalogue = catalogue
        self._sharing = sharing
        self._now_us = now_us
        self._judged: dict[str, list[Proven]] = {}
        """What may be used, and what was refuted, which nothing wider may speak for."""
        self._withheld: Counter[tuple[str, str]] = Counter()

    async def refresh(self) -> None:
        """Read everything that may be used."""
        judged: dict[str, list[Proven]] = defaultdict(list)
        for pattern in (*await self._archive.live(), *await self._archive.refuted()):
            judged[pattern.tenant_id].append(pattern)
        self._withheld = Counter(await self._offers.withheld())
        self._judged = judged

    def version(self, tenant_id: str) -> str:
        """Return the version of the table that the tenant may read; empty when it is empty.

        It changes exactly when one of the patterns does: by becoming one, by another version, and
        by not being in use any more; and when a refutation is too old to count.
        """
        table = self._table(tenant_id)
        names = sorted(f"{item.pattern_id}/{item.life.version}" for item in table)
        return identifier("patterns_", *names) if any(item.is_live for item in table) else ""

    def patterns_for(self, tenant_id: str, cell: Cell) -> tuple[Reference, ...]:
        """Return for each of the tenant's interventions what is known of it in `cell`, by name.

        That is the narrowest of its own patterns that the cell lies under, or else the narrowest
        shared one of its kind. What was refuted there is not known from anything wider.
        """
        best: dict[str, Proven] = {}
        for item in sorted(self._table(tenant_id), key=_closeness):
            if item.scope.holds(cell):
                best[_key(item.tenant_id, item.arm)] = item
        found = [
            (item.definition_id, pattern)
            for item in self._catalogue().definitions(tenant_id)
            if item.enabled
            and (
                pattern := _known(
                    best.get(_key(tenant_id, item.definition_id)),
                    best.get(_key(SHARED, item.kind.name)),
                )
            )
        ]
        return tuple(_reference(pattern, definition_id) for definition_id, pattern in found)

    async def offer(self, tenant_id: str, cell: Cell, session_id: str) -> Told:
        """Return what the session's prompts are told in `cell`, and what is withheld from them.

        It is on disk before it is returned. What a session was told or not stays so, whatever cell
        it comes to. Of the patterns that a session comes to together one at most is withheld;
        those of a later cell are drawn by themselves, so that one more may be.
        """
        references = self.patterns_for(tenant_id, cell)
        known = {
            row.pattern_id: row for row in await self._offers.of_session(tenant_id, session_id)
        }
        fresh = {item.pattern_id: item for item in references if item.pattern_id not in known}
        if fresh:
            rows = self._assigned(tenant_id, session_id, fresh.values())
            kept = await self._offers.keep(rows)
            for asked, row in zip(rows, kept, strict=True):
                known[row.pattern_id] = row
                self._withheld[tenant_id, row.pattern_id] += row is asked and not row.given
        return Told(
            given=tuple(item for item in references if known[item.pattern_id].given),
            withheld=tuple(
                sorted({key for item in references if not known[key := item.pattern_id].given})
            ),
        )

    def _assigned(
        self, tenant_id: str, session_id: str, references: Iterable[Reference]
    ) -> list[OfferRow]:
        now_us = self._now_us()
        offers = [
            Offer(
                pattern_id=item.pattern_id,
                version=item.version,
                withheld_sessions=self._withheld[tenant_id, item.pattern_id],
            )
            for item in references
        ]
        return [
            OfferRow(
                tenant_id=tenant_id,
                session_id=session_id,
                pattern_id=item.pattern_id,
                version=item.version,
                given=item.given,
                withheld_probability=item.withheld_probability,
                at_us=now_us,
            )
            for item in assign(tenant_id, session_id, offers)
        ]

    def _table(self, tenant_id: str) -> Sequence[Proven]:
        """Return what counts for a tenant; what it shows differently now was not refuted."""
        now_us, catalogue = self._now_us(), self._catalogue()
        epochs = {item.definition_id: item.epoch for item in catalogue.definitions(tenant_id)}
        shared = self._judged.get(SHARED, ()) if self._sharing(tenant_id) else ()
        return [
            item
            for item in (*self._judged.get(tenant_id, ()), *shared)
            if now_us < item.life.expires_at_us
            and (item.is_live or item.epoch == epochs.get(item.definition_id, 0))
        ]


def _key(tenant_id: str, arm: str) -> str:
    return f"{tenant_id}/{arm}"


def _closeness(pattern: Proven) -> tuple[int, str]:
    return pattern.scope.depth, pattern.pattern_id


def _known(own: Proven | None, shared: Proven | None) -> Proven | None:
    """Return which of the narrowest that hold may speak; what was refuted silences wider ones."""
    if own and own.is_live:
        return own
    if shared and shared.is_live and (own is None or shared.scope.depth > own.scope.depth):
        return shared
    return None


def _reference(pattern: Proven, definition_id: str) -> Reference:
    return Reference(
        pattern_id=pattern.pattern_id,
        version=pattern.life.version,
        scope=scope_text(pattern.scope),
        definition_id=definition_id,
        lift_lower_bound=pattern.lower_bound,
        statement=pattern.statement,
    )
