import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import audience_pb2 as _audience_pb2
from eitp.v1 import cursor_pb2 as _cursor_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import volatility_pb2 as _volatility_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListFeedsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "audience", "vertical", "region", "page_section", "status")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    audience: _audience_pb2.Audience
    vertical: str
    region: str
    page_section: _page_pb2.PageSection
    status: _volatility_pb2.FeedStatus
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., vertical: _Optional[str] = ..., region: _Optional[str] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ..., status: _Optional[_Union[_volatility_pb2.FeedStatus, str]] = ...) -> None: ...

class ListFeedsResponse(_message.Message):
    __slots__ = ("feeds", "next_page_token")
    FEEDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    feeds: _containers.RepeatedCompositeFieldContainer[_volatility_pb2.Feed]
    next_page_token: str
    def __init__(self, feeds: _Optional[_Iterable[_Union[_volatility_pb2.Feed, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetIndexRequest(_message.Message):
    __slots__ = ("feed_id", "at")
    FEED_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    feed_id: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, feed_id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetIndexResponse(_message.Message):
    __slots__ = ("tick", "feed", "base", "methodology", "context", "corrections")
    TICK_FIELD_NUMBER: _ClassVar[int]
    FEED_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    METHODOLOGY_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CORRECTIONS_FIELD_NUMBER: _ClassVar[int]
    tick: _volatility_pb2.IndexTick
    feed: _volatility_pb2.Feed
    base: _volatility_pb2.Base
    methodology: _volatility_pb2.Methodology
    context: _volatility_pb2.FeedContext
    corrections: _containers.RepeatedCompositeFieldContainer[_volatility_pb2.IndexCorrection]
    def __init__(self, tick: _Optional[_Union[_volatility_pb2.IndexTick, _Mapping]] = ..., feed: _Optional[_Union[_volatility_pb2.Feed, _Mapping]] = ..., base: _Optional[_Union[_volatility_pb2.Base, _Mapping]] = ..., methodology: _Optional[_Union[_volatility_pb2.Methodology, _Mapping]] = ..., context: _Optional[_Union[_volatility_pb2.FeedContext, _Mapping]] = ..., corrections: _Optional[_Iterable[_Union[_volatility_pb2.IndexCorrection, _Mapping]]] = ...) -> None: ...

class ListBarsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "feed_id", "period", "start_at", "end_at")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FEED_ID_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    START_AT_FIELD_NUMBER: _ClassVar[int]
    END_AT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    feed_id: str
    period: _volatility_pb2.BarPeriod
    start_at: _timestamp_pb2.Timestamp
    end_at: _timestamp_pb2.Timestamp
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., feed_id: _Optional[str] = ..., period: _Optional[_Union[_volatility_pb2.BarPeriod, str]] = ..., start_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListBarsResponse(_message.Message):
    __slots__ = ("bars", "next_page_token")
    BARS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    bars: _containers.RepeatedCompositeFieldContainer[_volatility_pb2.Bar]
    next_page_token: str
    def __init__(self, bars: _Optional[_Iterable[_Union[_volatility_pb2.Bar, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SubscribeIndexRequest(_message.Message):
    __slots__ = ("cursor", "start", "feed_ids", "mode")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    FEED_IDS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    start: _cursor_pb2.StartPosition
    feed_ids: _containers.RepeatedScalarFieldContainer[str]
    mode: _cursor_pb2.DeliveryMode
    def __init__(self, cursor: _Optional[bytes] = ..., start: _Optional[_Union[_cursor_pb2.StartPosition, str]] = ..., feed_ids: _Optional[_Iterable[str]] = ..., mode: _Optional[_Union[_cursor_pb2.DeliveryMode, str]] = ...) -> None: ...

class SubscribeIndexResponse(_message.Message):
    __slots__ = ("cursor", "tick", "correction", "base", "heartbeat", "lagged")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    CORRECTION_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    LAGGED_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    tick: _volatility_pb2.IndexTick
    correction: _volatility_pb2.IndexCorrection
    base: _volatility_pb2.Base
    heartbeat: _cursor_pb2.Heartbeat
    lagged: _cursor_pb2.Lagged
    def __init__(self, cursor: _Optional[bytes] = ..., tick: _Optional[_Union[_volatility_pb2.IndexTick, _Mapping]] = ..., correction: _Optional[_Union[_volatility_pb2.IndexCorrection, _Mapping]] = ..., base: _Optional[_Union[_volatility_pb2.Base, _Mapping]] = ..., heartbeat: _Optional[_Union[_cursor_pb2.Heartbeat, _Mapping]] = ..., lagged: _Optional[_Union[_cursor_pb2.Lagged, _Mapping]] = ...) -> None: ...
