import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import audience_pb2 as _audience_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import state_pb2 as _state_pb2
from eitp.v1 import time_window_pb2 as _time_window_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FeedStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEED_STATUS_UNSPECIFIED: _ClassVar[FeedStatus]
    FEED_STATUS_WARMING: _ClassVar[FeedStatus]
    FEED_STATUS_ACTIVE: _ClassVar[FeedStatus]
    FEED_STATUS_RETIRING: _ClassVar[FeedStatus]
    FEED_STATUS_RETIRED: _ClassVar[FeedStatus]

class BaseKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BASE_KIND_UNSPECIFIED: _ClassVar[BaseKind]
    BASE_KIND_ROLLING: _ClassVar[BaseKind]
    BASE_KIND_FIXED: _ClassVar[BaseKind]

class BaseSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BASE_SOURCE_UNSPECIFIED: _ClassVar[BaseSource]
    BASE_SOURCE_OWN: _ClassVar[BaseSource]
    BASE_SOURCE_PARENT: _ClassVar[BaseSource]

class NoValueReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NO_VALUE_REASON_UNSPECIFIED: _ClassVar[NoValueReason]
    NO_VALUE_REASON_NO_BASE: _ClassVar[NoValueReason]
    NO_VALUE_REASON_PARTIAL_COVERAGE: _ClassVar[NoValueReason]
    NO_VALUE_REASON_STALE: _ClassVar[NoValueReason]
    NO_VALUE_REASON_INSUFFICIENT_SESSIONS: _ClassVar[NoValueReason]
    NO_VALUE_REASON_INSUFFICIENT_TENANTS: _ClassVar[NoValueReason]
    NO_VALUE_REASON_CONCENTRATED: _ClassVar[NoValueReason]
    NO_VALUE_REASON_LOW_PRECISION: _ClassVar[NoValueReason]
    NO_VALUE_REASON_COMPLEMENTARY: _ClassVar[NoValueReason]

class BarPeriod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BAR_PERIOD_UNSPECIFIED: _ClassVar[BarPeriod]
    BAR_PERIOD_MINUTE: _ClassVar[BarPeriod]
    BAR_PERIOD_FIVE_MINUTES: _ClassVar[BarPeriod]
    BAR_PERIOD_HOUR: _ClassVar[BarPeriod]
    BAR_PERIOD_DAY: _ClassVar[BarPeriod]
FEED_STATUS_UNSPECIFIED: FeedStatus
FEED_STATUS_WARMING: FeedStatus
FEED_STATUS_ACTIVE: FeedStatus
FEED_STATUS_RETIRING: FeedStatus
FEED_STATUS_RETIRED: FeedStatus
BASE_KIND_UNSPECIFIED: BaseKind
BASE_KIND_ROLLING: BaseKind
BASE_KIND_FIXED: BaseKind
BASE_SOURCE_UNSPECIFIED: BaseSource
BASE_SOURCE_OWN: BaseSource
BASE_SOURCE_PARENT: BaseSource
NO_VALUE_REASON_UNSPECIFIED: NoValueReason
NO_VALUE_REASON_NO_BASE: NoValueReason
NO_VALUE_REASON_PARTIAL_COVERAGE: NoValueReason
NO_VALUE_REASON_STALE: NoValueReason
NO_VALUE_REASON_INSUFFICIENT_SESSIONS: NoValueReason
NO_VALUE_REASON_INSUFFICIENT_TENANTS: NoValueReason
NO_VALUE_REASON_CONCENTRATED: NoValueReason
NO_VALUE_REASON_LOW_PRECISION: NoValueReason
NO_VALUE_REASON_COMPLEMENTARY: NoValueReason
BAR_PERIOD_UNSPECIFIED: BarPeriod
BAR_PERIOD_MINUTE: BarPeriod
BAR_PERIOD_FIVE_MINUTES: BarPeriod
BAR_PERIOD_HOUR: BarPeriod
BAR_PERIOD_DAY: BarPeriod

class Feed(_message.Message):
    __slots__ = ("feed_id", "audience", "vertical", "region", "page_section", "parent_feed_id", "tick_interval", "base_kind", "methodology_id", "estimator_version", "status", "started_at", "ends_at")
    FEED_ID_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    PARENT_FEED_ID_FIELD_NUMBER: _ClassVar[int]
    TICK_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    BASE_KIND_FIELD_NUMBER: _ClassVar[int]
    METHODOLOGY_ID_FIELD_NUMBER: _ClassVar[int]
    ESTIMATOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    feed_id: str
    audience: _audience_pb2.Audience
    vertical: str
    region: str
    page_section: _page_pb2.PageSection
    parent_feed_id: str
    tick_interval: _duration_pb2.Duration
    base_kind: BaseKind
    methodology_id: str
    estimator_version: str
    status: FeedStatus
    started_at: _timestamp_pb2.Timestamp
    ends_at: _timestamp_pb2.Timestamp
    def __init__(self, feed_id: _Optional[str] = ..., audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., vertical: _Optional[str] = ..., region: _Optional[str] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ..., parent_feed_id: _Optional[str] = ..., tick_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., base_kind: _Optional[_Union[BaseKind, str]] = ..., methodology_id: _Optional[str] = ..., estimator_version: _Optional[str] = ..., status: _Optional[_Union[FeedStatus, str]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Base(_message.Message):
    __slots__ = ("base_id", "feed_id", "kind", "source", "median", "spread", "window", "valid_minutes", "effective_at")
    BASE_ID_FIELD_NUMBER: _ClassVar[int]
    FEED_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_FIELD_NUMBER: _ClassVar[int]
    SPREAD_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    VALID_MINUTES_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    base_id: str
    feed_id: str
    kind: BaseKind
    source: BaseSource
    median: float
    spread: float
    window: _time_window_pb2.TimeWindow
    valid_minutes: int
    effective_at: _timestamp_pb2.Timestamp
    def __init__(self, base_id: _Optional[str] = ..., feed_id: _Optional[str] = ..., kind: _Optional[_Union[BaseKind, str]] = ..., source: _Optional[_Union[BaseSource, str]] = ..., median: _Optional[float] = ..., spread: _Optional[float] = ..., window: _Optional[_Union[_time_window_pb2.TimeWindow, _Mapping]] = ..., valid_minutes: _Optional[int] = ..., effective_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Methodology(_message.Message):
    __slots__ = ("methodology_id", "dimension_weights", "dimension_scales", "min_gap", "max_gap", "volatility_half_life", "recency_half_life", "smoothing_half_life", "effective_dimensions", "volatility_cap", "weight_scale", "volatility_scale")
    METHODOLOGY_ID_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_SCALES_FIELD_NUMBER: _ClassVar[int]
    MIN_GAP_FIELD_NUMBER: _ClassVar[int]
    MAX_GAP_FIELD_NUMBER: _ClassVar[int]
    VOLATILITY_HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    RECENCY_HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    SMOOTHING_HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    VOLATILITY_CAP_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_SCALE_FIELD_NUMBER: _ClassVar[int]
    VOLATILITY_SCALE_FIELD_NUMBER: _ClassVar[int]
    methodology_id: str
    dimension_weights: _containers.RepeatedScalarFieldContainer[float]
    dimension_scales: _containers.RepeatedScalarFieldContainer[float]
    min_gap: _duration_pb2.Duration
    max_gap: _duration_pb2.Duration
    volatility_half_life: _duration_pb2.Duration
    recency_half_life: _duration_pb2.Duration
    smoothing_half_life: _duration_pb2.Duration
    effective_dimensions: float
    volatility_cap: float
    weight_scale: int
    volatility_scale: int
    def __init__(self, methodology_id: _Optional[str] = ..., dimension_weights: _Optional[_Iterable[float]] = ..., dimension_scales: _Optional[_Iterable[float]] = ..., min_gap: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_gap: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., volatility_half_life: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., recency_half_life: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., smoothing_half_life: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., effective_dimensions: _Optional[float] = ..., volatility_cap: _Optional[float] = ..., weight_scale: _Optional[int] = ..., volatility_scale: _Optional[int] = ...) -> None: ...

class IndexTick(_message.Message):
    __slots__ = ("feed_id", "at", "base_id", "value", "reason", "coverage", "late_sessions", "level")
    FEED_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    BASE_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    LATE_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    feed_id: str
    at: _timestamp_pb2.Timestamp
    base_id: str
    value: IndexValue
    reason: NoValueReason
    coverage: float
    late_sessions: int
    level: float
    def __init__(self, feed_id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., base_id: _Optional[str] = ..., value: _Optional[_Union[IndexValue, _Mapping]] = ..., reason: _Optional[_Union[NoValueReason, str]] = ..., coverage: _Optional[float] = ..., late_sessions: _Optional[int] = ..., level: _Optional[float] = ...) -> None: ...

class IndexValue(_message.Message):
    __slots__ = ("index", "band_low", "band_high", "smoothed_index", "step", "min_sessions", "max_sessions", "low_precision", "detail")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    BAND_LOW_FIELD_NUMBER: _ClassVar[int]
    BAND_HIGH_FIELD_NUMBER: _ClassVar[int]
    SMOOTHED_INDEX_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    MIN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    LOW_PRECISION_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    index: float
    band_low: float
    band_high: float
    smoothed_index: float
    step: float
    min_sessions: int
    max_sessions: int
    low_precision: bool
    detail: IndexDetail
    def __init__(self, index: _Optional[float] = ..., band_low: _Optional[float] = ..., band_high: _Optional[float] = ..., smoothed_index: _Optional[float] = ..., step: _Optional[float] = ..., min_sessions: _Optional[int] = ..., max_sessions: _Optional[int] = ..., low_precision: _Optional[bool] = ..., detail: _Optional[_Union[IndexDetail, _Mapping]] = ...) -> None: ...

class IndexDetail(_message.Message):
    __slots__ = ("level", "standard_error", "level_index", "unweighted_level", "effective_sessions", "largest_share")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    STANDARD_ERROR_FIELD_NUMBER: _ClassVar[int]
    LEVEL_INDEX_FIELD_NUMBER: _ClassVar[int]
    UNWEIGHTED_LEVEL_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    LARGEST_SHARE_FIELD_NUMBER: _ClassVar[int]
    level: float
    standard_error: float
    level_index: float
    unweighted_level: float
    effective_sessions: float
    largest_share: float
    def __init__(self, level: _Optional[float] = ..., standard_error: _Optional[float] = ..., level_index: _Optional[float] = ..., unweighted_level: _Optional[float] = ..., effective_sessions: _Optional[float] = ..., largest_share: _Optional[float] = ...) -> None: ...

class IndexCorrection(_message.Message):
    __slots__ = ("original", "corrected", "explanation", "issued_at")
    ORIGINAL_FIELD_NUMBER: _ClassVar[int]
    CORRECTED_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    original: IndexTick
    corrected: IndexTick
    explanation: str
    issued_at: _timestamp_pb2.Timestamp
    def __init__(self, original: _Optional[_Union[IndexTick, _Mapping]] = ..., corrected: _Optional[_Union[IndexTick, _Mapping]] = ..., explanation: _Optional[str] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OpenHighLowClose(_message.Message):
    __slots__ = ("open", "high", "low", "close")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    open: float
    high: float
    low: float
    close: float
    def __init__(self, open: _Optional[float] = ..., high: _Optional[float] = ..., low: _Optional[float] = ..., close: _Optional[float] = ...) -> None: ...

class Bar(_message.Message):
    __slots__ = ("start_at", "period", "base_id", "index", "level", "ticks", "expected_ticks", "min_sessions", "complete")
    START_AT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    BASE_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    TICKS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_TICKS_FIELD_NUMBER: _ClassVar[int]
    MIN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    start_at: _timestamp_pb2.Timestamp
    period: BarPeriod
    base_id: str
    index: OpenHighLowClose
    level: OpenHighLowClose
    ticks: int
    expected_ticks: int
    min_sessions: int
    complete: bool
    def __init__(self, start_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., period: _Optional[_Union[BarPeriod, str]] = ..., base_id: _Optional[str] = ..., index: _Optional[_Union[OpenHighLowClose, _Mapping]] = ..., level: _Optional[_Union[OpenHighLowClose, _Mapping]] = ..., ticks: _Optional[int] = ..., expected_ticks: _Optional[int] = ..., min_sessions: _Optional[int] = ..., complete: _Optional[bool] = ...) -> None: ...

class FeedContext(_message.Message):
    __slots__ = ("leading_labels", "change_over_hour", "change_over_day", "revenue_at_risk")
    LEADING_LABELS_FIELD_NUMBER: _ClassVar[int]
    CHANGE_OVER_HOUR_FIELD_NUMBER: _ClassVar[int]
    CHANGE_OVER_DAY_FIELD_NUMBER: _ClassVar[int]
    REVENUE_AT_RISK_FIELD_NUMBER: _ClassVar[int]
    leading_labels: _containers.RepeatedCompositeFieldContainer[LabelShare]
    change_over_hour: float
    change_over_day: float
    revenue_at_risk: RevenueAtRisk
    def __init__(self, leading_labels: _Optional[_Iterable[_Union[LabelShare, _Mapping]]] = ..., change_over_hour: _Optional[float] = ..., change_over_day: _Optional[float] = ..., revenue_at_risk: _Optional[_Union[RevenueAtRisk, _Mapping]] = ...) -> None: ...

class LabelShare(_message.Message):
    __slots__ = ("label", "share")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    label: _state_pb2.EmotionLabel
    share: float
    def __init__(self, label: _Optional[_Union[_state_pb2.EmotionLabel, str]] = ..., share: _Optional[float] = ...) -> None: ...

class RevenueAtRisk(_message.Message):
    __slots__ = ("amount_micros", "currency", "sessions", "purchase_rate", "mean_order_micros")
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_RATE_FIELD_NUMBER: _ClassVar[int]
    MEAN_ORDER_MICROS_FIELD_NUMBER: _ClassVar[int]
    amount_micros: int
    currency: str
    sessions: int
    purchase_rate: float
    mean_order_micros: int
    def __init__(self, amount_micros: _Optional[int] = ..., currency: _Optional[str] = ..., sessions: _Optional[int] = ..., purchase_rate: _Optional[float] = ..., mean_order_micros: _Optional[int] = ...) -> None: ...

class Partial(_message.Message):
    __slots__ = ("tenant_id", "vertical", "region", "page_section", "tick_at", "methodology_id", "estimator_version", "shard", "number", "sums")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    TICK_AT_FIELD_NUMBER: _ClassVar[int]
    METHODOLOGY_ID_FIELD_NUMBER: _ClassVar[int]
    ESTIMATOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    SHARD_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SUMS_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    vertical: str
    region: str
    page_section: _page_pb2.PageSection
    tick_at: _timestamp_pb2.Timestamp
    methodology_id: str
    estimator_version: str
    shard: int
    number: int
    sums: PartialSums
    def __init__(self, tenant_id: _Optional[str] = ..., vertical: _Optional[str] = ..., region: _Optional[str] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ..., tick_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., methodology_id: _Optional[str] = ..., estimator_version: _Optional[str] = ..., shard: _Optional[int] = ..., number: _Optional[int] = ..., sums: _Optional[_Union[PartialSums, _Mapping]] = ...) -> None: ...

class PartialSums(_message.Message):
    __slots__ = ("n", "sum_w", "sum_ww", "sum_wv", "sum_wwv", "sum_wwvv", "sum_v", "max_w")
    N_FIELD_NUMBER: _ClassVar[int]
    SUM_W_FIELD_NUMBER: _ClassVar[int]
    SUM_WW_FIELD_NUMBER: _ClassVar[int]
    SUM_WV_FIELD_NUMBER: _ClassVar[int]
    SUM_WWV_FIELD_NUMBER: _ClassVar[int]
    SUM_WWVV_FIELD_NUMBER: _ClassVar[int]
    SUM_V_FIELD_NUMBER: _ClassVar[int]
    MAX_W_FIELD_NUMBER: _ClassVar[int]
    n: int
    sum_w: int
    sum_ww: int
    sum_wv: int
    sum_wwv: int
    sum_wwvv: int
    sum_v: int
    max_w: int
    def __init__(self, n: _Optional[int] = ..., sum_w: _Optional[int] = ..., sum_ww: _Optional[int] = ..., sum_wv: _Optional[int] = ..., sum_wwv: _Optional[int] = ..., sum_wwvv: _Optional[int] = ..., sum_v: _Optional[int] = ..., max_w: _Optional[int] = ...) -> None: ...
