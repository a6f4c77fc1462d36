"""IntelligenceService: what spreads between regions and what carries over between verticals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from eitp.v1.audience_pb2 import Audience
from eitp.v1.contagion_pb2 import ContagionFeature
from eitp.v1.cursor_pb2 import Heartbeat, Lagged, StartPosition
from eitp.v1.intelligence_service_pb2 import (
    GetContagionRequest,
    GetContagionResponse,
    ListTransfersRequest,
    ListTransfersResponse,
    WatchContagionRequest,
    WatchContagionResponse,
)

from eitp_server.errors import Forbidden, Invalid, Reason, Unimplemented, Violation
from eitp_server.ingest.contagion.reader import ContagionReader
from eitp_server.services.contagion import (
    analysis_message,
    edge_message,
    series_message,
    snapshot_message,
)
from eitp_server.services.page import Listing
from eitp_server.services.transfer import transfer_message
from eitp_server.storage.contagion_value import SHARED, Edge, Series, Snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from eitp.v1.contagion_pb2 import ContagionSeries

    from eitp_server.services.caller import Caller
    from eitp_server.services.watch import Watch
    from eitp_server.storage.contagion import KeptContagion
    from eitp_server.storage.contagion_value import Item
    from eitp_server.storage.tenant import Tenant
    from eitp_server.storage.transfers import KeptTransfers, TransferRow

_VERTICAL: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,63})?")


class IntelligenceService:
    """GetContagion, WatchContagion, ListTransfers."""

    def __init__(
        self,
        contagion: KeptContagion,
        watch: Watch,
        transfers: KeptTransfers,
        tenant: Callable[[str], Tenant | None],
        now_us: Callable[[], int],
    ) -> None:
        """Answer from what is stored."""
        self._contagion = contagion
        self._watch = watch
        self._transfers = transfers
        self._tenant = tenant
        self._now_us = now_us

    async def get_contagion(
        self, request: GetContagionRequest, caller: Caller
    ) -> GetContagionResponse:
        """Return the newest analysis with its edges."""
        series = self._series(request, caller)
        named = self._named(series, request.vertical)
        state = await self._contagion.state(series)
        return analysis_message(state, named, self._now_us())

    async def watch_contagion(
        self, request: WatchContagionRequest, caller: Caller
    ) -> AsyncGenerator[WatchContagionResponse]:
        """Stream edges as they change, and a snapshot after each analysis."""
        series = self._series(request, caller)
        named = self._named(series, request.vertical)
        watch = self._watch
        after = watch.start(series.tenant_id, request.cursor, request.start)
        if not request.cursor and request.start != StartPosition.START_POSITION_OLDEST:
            for item in _holding(await self._contagion.newest(series, after)):
                yield _response(watch.cursor(series.tenant_id, item.number), item, named)
        reader = ContagionReader(self._contagion, series)
        items = watch.follow_as(reader, series.tenant_id, after, request.mode)
        async for cursor, item in items:
            if isinstance(item, Heartbeat):
                yield WatchContagionResponse(heartbeat=item)
            elif isinstance(item, Lagged):
                yield WatchContagionResponse(lagged=item)
            else:
                yield _response(cursor, item, named)

    async def list_transfers(
        self, request: ListTransfersRequest, caller: Caller
    ) -> ListTransfersResponse:
        """List what is known about carrying interventions over."""
        audience = request.audience
        if audience == Audience.AUDIENCE_SHARED:
            self._require_pooling(caller)
        owners = [caller.tenant_id] if audience != Audience.AUDIENCE_SHARED else []
        if audience != Audience.AUDIENCE_TENANT and self._pools(caller):
            owners.append(SHARED)
        wanted = {
            "kind": request.kind,
            "label": request.label,
            "page_section": request.page_section,
            "verdict": request.verdict,
        }
        listing = Listing(
            "ListTransfers", (caller.tenant_id, str(audience), *map(str, wanted.values()))
        )
        page = listing.page(request.page_size, request.page_token, default=50, most=200)
        rows = [
            row
            for row in await self._transfers.all(owners)
            if all(not value or getattr(row, name) == value for name, value in wanted.items())
            and _key(row) > page.after
        ]
        token = listing.token(_key(rows[page.size - 1])) if len(rows) > page.size else ""
        return ListTransfersResponse(
            transfers=[transfer_message(row) for row in rows[: page.size]], next_page_token=token
        )

    def _series(
        self, request: GetContagionRequest | WatchContagionRequest, caller: Caller
    ) -> Series:
        _require_followed(request.feature)
        if not _VERTICAL.fullmatch(request.vertical):
            said = "names no vertical; one is lower case letters, digits and dashes"
            raise Invalid(
                Reason.FIELD_INVALID,
                f"vertical: {said}",
                violations=[Violation("vertical", "string.pattern", said)],
            )
        if request.audience == Audience.AUDIENCE_SHARED:
            self._require_pooling(caller)
            return Series(tenant_id=SHARED, vertical=request.vertical)
        tenant = self._tenant(caller.tenant_id)
        own = tenant is not None and request.vertical == tenant.vertical
        return Series(tenant_id=caller.tenant_id, vertical="" if own else request.vertical)

    def _named(self, series: Series, vertical: str) -> ContagionSeries:
        return series_message(series, vertical, self._contagion.estimator_version)

    def _pools(self, caller: Caller) -> bool:
        tenant = self._tenant(caller.tenant_id)
        return tenant is not None and tenant.learning.pooling

    def _require_pooling(self, caller: Caller) -> None:
        if not self._pools(caller):
            raise Forbidden(
                Reason.POOLING_REQUIRED,
                "The shared audience is open to tenants that agreed to pooling; set `pooling` in "
                "the tenant's policy, or ask for the audience of the tenant alone.",
                metadata={"field": "audience"},
            )


def _require_followed(feature: int) -> None:
    volatility = ContagionFeature.CONTAGION_FEATURE_VOLATILITY
    if feature not in {ContagionFeature.CONTAGION_FEATURE_UNSPECIFIED, volatility}:
        name = ContagionFeature.Name(feature)
        raise Unimplemented(
            Reason.NOT_IMPLEMENTED,
            f"This server follows the volatility index from region to region, not {name}; leave "
            "`feature` empty.",
            metadata={"feature": name},
        )


def _holding(newest: Sequence[Item]) -> list[Item]:
    """Return what holds now of the last items of each edge and of the snapshots."""
    made = any(isinstance(one.content, Snapshot) and one.content.totals for one in newest)
    return [
        one
        for one in newest
        if isinstance(one.content, Snapshot) or (made and one.content.status != "ENDED")
    ]


def _response(cursor: bytes, item: Item, named: ContagionSeries) -> WatchContagionResponse:
    content: Edge | Snapshot = item.content
    if isinstance(content, Edge):
        return WatchContagionResponse(cursor=cursor, edge=edge_message(content, named))
    return WatchContagionResponse(cursor=cursor, snapshot=snapshot_message(content, named))


def _key(row: TransferRow) -> str:
    """Return the row's rank as text that sorts as it does."""
    sure, identity = row.rank
    return f"{sure:.17f} {identity}"
