"""The client: a connection to a server, and everything that a key allows."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from .connection import Connection, Key
from .errors import EITPError
from .intelligence import IntelligenceCaller
from .relay import RELAY_BACKLOG, Relay, log_rejection
from .session import SESSION_BACKLOG, Session
from .v1.capability_service_pb2 import GetCapabilitiesRequest
from .v1.capability_service_pb2_grpc import CapabilityServiceStub
from .v1.common_pb2 import POINTER_TYPE_UNSPECIFIED, PointerType
from .v1.cursor_pb2 import (
    DELIVERY_MODE_LATEST,
    DELIVERY_MODE_LOSSLESS,
    START_POSITION_NOW,
    START_POSITION_OLDEST,
    DeliveryMode,
    StartPosition,
)
from .v1.emotion_service_pb2 import WatchPacketsRequest
from .v1.intervention_service_pb2 import ListDecisionsRequest, WatchInterventionsRequest
from .v1.session_service_pb2 import OpenSessionRequest
from .v1.session_service_pb2_grpc import SessionServiceStub
from .v1.volatility_pb2 import BAR_PERIOD_MINUTE, BarPeriod
from .v1.volatility_service_pb2 import (
    GetIndexRequest,
    ListBarsRequest,
    ListFeedsRequest,
    SubscribeIndexRequest,
)
from .v1.volatility_service_pb2_grpc import VolatilityServiceStub
from .watch import PATIENCE, Watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    import grpc

    from .connection import Metadata
    from .relay import OnRejection
    from .retry import Retry
    from .v1.capability_pb2 import Capabilities
    from .v1.decision_pb2 import Decision
    from .v1.intervention_pb2 import Intervention
    from .v1.packet_pb2 import Packet
    from .v1.page_pb2 import PageContext
    from .v1.session_pb2 import Consent
    from .v1.volatility_pb2 import Bar, Base, Feed, IndexCorrection, IndexTick
    from .v1.volatility_service_pb2 import GetIndexResponse
    from .watch import StreamCall


class Client(IntelligenceCaller):
    """An EITP client; make it inside a running event loop and use it as a context manager.

        async with eitp.Client("localhost:50051", key="eitp_sk_…") as client:
            async for item in client.watch_packets():
                print(item.value)

    One client serves any number of tasks. Calls raise the exceptions of `eitp.errors`; those that
    may be repeated are, until they succeed or `timeout` seconds have passed.
    """

    def __init__(
        self,
        address: str = "localhost:50051",
        *,
        key: str = "",
        origin: str = "",
        tls: grpc.ChannelCredentials | bool = False,
        timeout: float = 10.0,
        keepalive: float = 30.0,
        retry: Retry | None = None,
    ) -> None:
        """Prepare a client; nothing is sent before the first call.

        `key` is a publishable or secret key; only `capabilities` needs none. `origin` goes with a
        publishable key, as a browser's would. `tls` is True for the system's authorities, or
        credentials of `grpc.ssl_channel_credentials`. `keepalive` is the time between pings in
        seconds, 10 or more.
        """
        connection = Connection(
            address, tls=tls, origin=origin, timeout=timeout, keepalive=keepalive, retry=retry
        )
        super().__init__(connection, Key(key))
        self._volatility = VolatilityServiceStub(connection.channel)
        self.address = address
        self.retry = connection.retry

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connection.close()

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the server was called and there is no connection to it yet, or any more."""
        return self._connection.is_out_of_reach

    async def capabilities(self) -> Capabilities:
        """Return what the server can do, and the limits it keeps."""
        service = CapabilityServiceStub(self._connection.channel)
        request = GetCapabilitiesRequest()
        response = await self._connection.call(service.GetCapabilities, request, self._credential)
        return response.capabilities

    @asynccontextmanager
    async def open_session(
        self,
        *,
        consent: Consent,
        visitor_id: str = "",
        page: PageContext | None = None,
        pointer_type: PointerType = POINTER_TYPE_UNSPECIFIED,
        region: str = "",
        reports_answers: bool = False,
        resume_token: str = "",
        leave_open: bool = False,
        most_unacknowledged: int = SESSION_BACKLOG,
    ) -> AsyncGenerator[Session]:
        """Open a session, or with the token of an earlier one resume it.

        With `reports_answers` the client tells of every click whether the page answered it.
        At the end of the block everything is sent and the session closed, unless it is to be left
        open for another process; when the block fails, it is only closed. While the server is away
        `most_unacknowledged` batches are kept. Raises ConsentRequired when the shopper has not
        agreed, and SessionGone when there is nothing to resume.
        """
        request = OpenSessionRequest(
            visitor_id=visitor_id,
            consent=consent,
            page=page,
            pointer_type=pointer_type,
            region=region,
            reports_answers=reports_answers,
            request_id=str(uuid.uuid4()),
            resume_token=resume_token,
        )
        service = SessionServiceStub(self._connection.channel)
        opened = await self._connection.call(service.OpenSession, request, self._credential)
        session = Session(
            self._connection,
            self._credential,
            request,
            opened,
            most_unacknowledged=most_unacknowledged,
        )
        try:
            yield session
        except BaseException:
            with suppress(EITPError):
                await session.close()
            raise
        await session.flush()
        if not leave_open:
            await session.close()

    def relay(
        self,
        *,
        on_rejection: OnRejection = log_rejection,
        most_unacknowledged: int = RELAY_BACKLOG,
        patience: float = PATIENCE,
    ) -> Relay:
        """Return a context manager that sends the telemetry of many sessions over one stream.

        Secret key of scope `telemetry.write`. At the end of the block everything is durable or
        given up; `on_rejection` is told of each batch that is. `most_unacknowledged` bounds the
        batches that are kept, `patience` the seconds that the stream may be down.
        """
        return Relay(
            self._connection,
            self._credential,
            on_rejection=on_rejection,
            most_unacknowledged=most_unacknowledged,
            patience=patience,
        )

    def watch_packets(
        self,
        *,
        cursor: bytes = b"",
        oldest: bool = False,
        session_id: str = "",
        latest: bool = False,
        patience: float = PATIENCE,
    ) -> Watch[Packet]:
        """Return the emotional events of all sessions, or of one, as an async iterator.

        It goes on right behind `cursor`; without one it starts now, or with the oldest packet that
        is kept. A slow reader gets everything, late if need be; one that asks for `latest` is
        skipped ahead, and told. `patience` bounds the seconds that the feed may be out of reach.
        Secret key of scope `packets.read`.
        """

        def opened(cursor: bytes, metadata: Metadata) -> StreamCall:
            request = WatchPacketsRequest(
                cursor=cursor, start=_start(oldest), session_id=session_id, mode=_mode(latest)
            )
            return self._emotion.WatchPackets(request, metadata=metadata)

        return Watch(self._connection, self._credential, opened, cursor=cursor, patience=patience)

    def watch_interventions(
        self,
        *,
        cursor: bytes = b"",
        oldest: bool = False,
        session_id: str = "",
        latest: bool = False,
        patience: float = PATIENCE,
    ) -> Watch[Intervention]:
        """Return the interventions for all sessions, or for one, as `watch_packets` does packets.

        Secret key of scope `interventions.read`.
        """
        request = WatchInterventionsRequest(
            start=_start(oldest), session_id=session_id, mode=_mode(latest)
        )
        return self._watch_interventions(request, cursor=cursor, patience=patience)

    def watch_volatility(
        self,
        feed_ids: Sequence[str] = (),
        *,
        cursor: bytes = b"",
        oldest: bool = False,
        latest: bool = False,
        patience: float = PATIENCE,
    ) -> Watch[IndexTick | IndexCorrection | Base]:
        """Return the ticks of the volatility index, of some feeds or of all, as `watch_packets`.

        Without a cursor the newest tick of each feed comes first. A base comes before the first
        tick that uses it, a correction whenever a published tick was wrong; a reader that asks for
        `latest` gets the newest tick of each feed and every correction.
        Secret key of scope `volatility.read`.
        """

        def opened(cursor: bytes, metadata: Metadata) -> StreamCall:
            request = SubscribeIndexRequest(
                cursor=cursor, start=_start(oldest), feed_ids=feed_ids, mode=_mode(latest)
            )
            return self._volatility.SubscribeIndex(request, metadata=metadata)

        return Watch(self._connection, self._credential, opened, cursor=cursor, patience=patience)

    async def feeds(self) -> AsyncIterator[Feed]:
        """Yield the feeds of the volatility index that the key may read, by identity.

        Secret key of scope `volatility.read`.
        """
        request = ListFeedsRequest()
        while True:
            page = await self._connection.call(
                self._volatility.ListFeeds, request, self._credential
            )
            for feed in page.feeds:
                yield feed
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def index(self, feed_id: str, at: datetime | None = None) -> GetIndexResponse:
        """Return the newest tick of a feed, or that of a past moment, with all that explains it.

        Secret key of scope `volatility.read`. Raises Missing when there is no such feed.
        """
        request = GetIndexRequest(feed_id=feed_id)
        if at is not None:
            request.at.FromDatetime(at)
        return await self._connection.call(self._volatility.GetIndex, request, self._credential)

    async def bars(
        self,
        feed_id: str,
        period: BarPeriod = BAR_PERIOD_MINUTE,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> AsyncIterator[Bar]:
        """Yield the bars of a feed that start within [start, end), oldest first.

        Secret key of scope `volatility.read`. Raises Missing when there is no such feed.
        """
        request = ListBarsRequest(feed_id=feed_id, period=period)
        if start is not None:
            request.start_at.FromDatetime(start)
        if end is not None:
            request.end_at.FromDatetime(end)
        while True:
            page = await self._connection.call(self._volatility.ListBars, request, self._credential)
            for bar in page.bars:
                yield bar
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def decisions(self, session_id: str = "") -> AsyncIterator[Decision]:
        """Yield the decisions of a session, or of all, newest first.

        Secret key of scope `decisions.read`.
        """
        request = ListDecisionsRequest(session_id=session_id)
        while True:
            page = await self._connection.call(
                self._intervention.ListDecisions, request, self._credential
            )
            for decision in page.decisions:
                yield decision
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


def _start(oldest: bool) -> StartPosition:
    return START_POSITION_OLDEST if oldest else START_POSITION_NOW


def _mode(latest: bool) -> DeliveryMode:
    return DELIVERY_MODE_LATEST if latest else DELIVERY_MODE_LOSSLESS
