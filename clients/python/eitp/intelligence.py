"""What a client can ask of what was learned across regions and trades."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .caller import Caller
from .v1.audience_pb2 import AUDIENCE_SHARED, AUDIENCE_TENANT, AUDIENCE_UNSPECIFIED
from .v1.cursor_pb2 import (
    DELIVERY_MODE_LATEST,
    DELIVERY_MODE_LOSSLESS,
    START_POSITION_NOW,
    START_POSITION_OLDEST,
)
from .v1.intelligence_service_pb2 import (
    GetContagionRequest,
    ListTransfersRequest,
    WatchContagionRequest,
)
from .v1.intelligence_service_pb2_grpc import IntelligenceServiceStub
from .watch import PATIENCE, Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .connection import Connection, Credential, Metadata
    from .v1.audience_pb2 import Audience
    from .v1.contagion_pb2 import ContagionEdge, ContagionSnapshot
    from .v1.intelligence_service_pb2 import GetContagionResponse
    from .v1.transfer_pb2 import Transfer
    from .watch import StreamCall


class IntelligenceCaller(Caller):
    """A credential that reaches what is learned; secret key of scope `intelligence.read`."""

    def __init__(self, connection: Connection, credential: Credential) -> None:
        super().__init__(connection, credential)
        self._intelligence = IntelligenceServiceStub(connection.channel)

    async def contagion(self, *, shared: bool = False, vertical: str = "") -> GetContagionResponse:
        """Return the newest analysis of what spreads between regions, with its edges.

        `shared` asks for the sessions of all tenants that agreed to pooling in place of the
        caller's own; it raises Forbidden for one that did not.
        """
        request = GetContagionRequest(audience=_audience(shared), vertical=vertical)
        return await self._connection.call(
            self._intelligence.GetContagion, request, self._credential
        )

    def watch_contagion(
        self,
        *,
        cursor: bytes = b"",
        oldest: bool = False,
        shared: bool = False,
        vertical: str = "",
        latest: bool = False,
        patience: float = PATIENCE,
    ) -> Watch[ContagionEdge | ContagionSnapshot]:
        """Return edges as they change, and a snapshot behind those of each analysis.

        Without a cursor the edges that hold come first, then the newest snapshot. A reader that
        asks for `latest` gets the newest snapshot and each edge as it is by then; otherwise as
        `Client.watch_packets`.
        """

        def opened(cursor: bytes, metadata: Metadata) -> StreamCall:
            request = WatchContagionRequest(
                cursor=cursor,
                start=START_POSITION_OLDEST if oldest else START_POSITION_NOW,
                audience=_audience(shared),
                vertical=vertical,
                mode=DELIVERY_MODE_LATEST if latest else DELIVERY_MODE_LOSSLESS,
            )
            return self._intelligence.WatchContagion(request, metadata=metadata)

        return Watch(self._connection, self._credential, opened, cursor=cursor, patience=patience)

    async def transfers(self, *, shared: bool | None = None) -> AsyncIterator[Transfer]:
        """Yield what is known about carrying interventions over to other trades, surest first.

        `shared` chooses between the caller's own findings and those over all tenants that agreed
        to pooling; None: whatever the caller may read.
        """
        audience = AUDIENCE_UNSPECIFIED if shared is None else _audience(shared)
        request = ListTransfersRequest(audience=audience)
        while True:
            page = await self._connection.call(
                self._intelligence.ListTransfers, request, self._credential
            )
            for transfer in page.transfers:
                yield transfer
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


def _audience(shared: bool) -> Audience:
    return AUDIENCE_SHARED if shared else AUDIENCE_TENANT
