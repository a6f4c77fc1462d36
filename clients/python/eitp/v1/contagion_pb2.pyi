import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import audience_pb2 as _audience_pb2
from eitp.v1 import time_window_pb2 as _time_window_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ContagionFeature(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTAGION_FEATURE_UNSPECIFIED: _ClassVar[ContagionFeature]
    CONTAGION_FEATURE_VOLATILITY: _ClassVar[ContagionFeature]
    CONTAGION_FEATURE_VALENCE: _ClassVar[ContagionFeature]
    CONTAGION_FEATURE_AROUSAL: _ClassVar[ContagionFeature]
    CONTAGION_FEATURE_URGENCY: _ClassVar[ContagionFeature]
    CONTAGION_FEATURE_CONFUSION: _ClassVar[ContagionFeature]
    CONTAGION_FEATURE_INTEREST: _ClassVar[ContagionFeature]
    CONTAGION_FEATURE_INTENT_STRENGTH: _ClassVar[ContagionFeature]

class ContagionEdgeStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTAGION_EDGE_STATUS_UNSPECIFIED: _ClassVar[ContagionEdgeStatus]
    CONTAGION_EDGE_STATUS_CANDIDATE: _ClassVar[ContagionEdgeStatus]
    CONTAGION_EDGE_STATUS_CONFIRMED: _ClassVar[ContagionEdgeStatus]
    CONTAGION_EDGE_STATUS_EXPLORATORY: _ClassVar[ContagionEdgeStatus]
    CONTAGION_EDGE_STATUS_ENDED: _ClassVar[ContagionEdgeStatus]

class ContagionSign(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTAGION_SIGN_UNSPECIFIED: _ClassVar[ContagionSign]
    CONTAGION_SIGN_SAME: _ClassVar[ContagionSign]
    CONTAGION_SIGN_OPPOSITE: _ClassVar[ContagionSign]

class ContagionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTAGION_STATUS_UNSPECIFIED: _ClassVar[ContagionStatus]
    CONTAGION_STATUS_OK: _ClassVar[ContagionStatus]
    CONTAGION_STATUS_EXPLORATORY: _ClassVar[ContagionStatus]
    CONTAGION_STATUS_INSUFFICIENT: _ClassVar[ContagionStatus]
    CONTAGION_STATUS_UNSTABLE: _ClassVar[ContagionStatus]

class RegionExclusionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REGION_EXCLUSION_REASON_UNSPECIFIED: _ClassVar[RegionExclusionReason]
    REGION_EXCLUSION_REASON_INSUFFICIENT_SESSIONS: _ClassVar[RegionExclusionReason]
    REGION_EXCLUSION_REASON_INSUFFICIENT_TENANTS: _ClassVar[RegionExclusionReason]
    REGION_EXCLUSION_REASON_MISSING_MINUTES: _ClassVar[RegionExclusionReason]
    REGION_EXCLUSION_REASON_CONSTANT: _ClassVar[RegionExclusionReason]
    REGION_EXCLUSION_REASON_TOO_MANY: _ClassVar[RegionExclusionReason]
CONTAGION_FEATURE_UNSPECIFIED: ContagionFeature
CONTAGION_FEATURE_VOLATILITY: ContagionFeature
CONTAGION_FEATURE_VALENCE: ContagionFeature
CONTAGION_FEATURE_AROUSAL: ContagionFeature
CONTAGION_FEATURE_URGENCY: ContagionFeature
CONTAGION_FEATURE_CONFUSION: ContagionFeature
CONTAGION_FEATURE_INTEREST: ContagionFeature
CONTAGION_FEATURE_INTENT_STRENGTH: ContagionFeature
CONTAGION_EDGE_STATUS_UNSPECIFIED: ContagionEdgeStatus
CONTAGION_EDGE_STATUS_CANDIDATE: ContagionEdgeStatus
CONTAGION_EDGE_STATUS_CONFIRMED: ContagionEdgeStatus
CONTAGION_EDGE_STATUS_EXPLORATORY: ContagionEdgeStatus
CONTAGION_EDGE_STATUS_ENDED: ContagionEdgeStatus
CONTAGION_SIGN_UNSPECIFIED: ContagionSign
CONTAGION_SIGN_SAME: ContagionSign
CONTAGION_SIGN_OPPOSITE: ContagionSign
CONTAGION_STATUS_UNSPECIFIED: ContagionStatus
CONTAGION_STATUS_OK: ContagionStatus
CONTAGION_STATUS_EXPLORATORY: ContagionStatus
CONTAGION_STATUS_INSUFFICIENT: ContagionStatus
CONTAGION_STATUS_UNSTABLE: ContagionStatus
REGION_EXCLUSION_REASON_UNSPECIFIED: RegionExclusionReason
REGION_EXCLUSION_REASON_INSUFFICIENT_SESSIONS: RegionExclusionReason
REGION_EXCLUSION_REASON_INSUFFICIENT_TENANTS: RegionExclusionReason
REGION_EXCLUSION_REASON_MISSING_MINUTES: RegionExclusionReason
REGION_EXCLUSION_REASON_CONSTANT: RegionExclusionReason
REGION_EXCLUSION_REASON_TOO_MANY: RegionExclusionReason

class ContagionSeries(_message.Message):
    __slots__ = ("audience", "vertical", "feature", "estimator_version")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    ESTIMATOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    audience: _audience_pb2.Audience
    vertical: str
    feature: ContagionFeature
    estimator_version: str
    def __init__(self, audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., vertical: _Optional[str] = ..., feature: _Optional[_Union[ContagionFeature, str]] = ..., estimator_version: _Optional[str] = ...) -> None: ...

class ContagionMethod(_message.Message):
    __slots__ = ("methodology_id", "lags", "horizon", "factors", "seasonal_profile_id")
    METHODOLOGY_ID_FIELD_NUMBER: _ClassVar[int]
    LAGS_FIELD_NUMBER: _ClassVar[int]
    HORIZON_FIELD_NUMBER: _ClassVar[int]
    FACTORS_FIELD_NUMBER: _ClassVar[int]
    SEASONAL_PROFILE_ID_FIELD_NUMBER: _ClassVar[int]
    methodology_id: str
    lags: int
    horizon: int
    factors: int
    seasonal_profile_id: str
    def __init__(self, methodology_id: _Optional[str] = ..., lags: _Optional[int] = ..., horizon: _Optional[int] = ..., factors: _Optional[int] = ..., seasonal_profile_id: _Optional[str] = ...) -> None: ...

class ContagionEdge(_message.Message):
    __slots__ = ("series", "source_region", "target_region", "status", "window", "lag_minutes", "strength", "strength_generalized", "sign", "f_statistic", "p_value", "q_value", "first_seen_at", "observations", "min_sessions", "method")
    SERIES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_REGION_FIELD_NUMBER: _ClassVar[int]
    TARGET_REGION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    LAG_MINUTES_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_GENERALIZED_FIELD_NUMBER: _ClassVar[int]
    SIGN_FIELD_NUMBER: _ClassVar[int]
    F_STATISTIC_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    Q_VALUE_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    MIN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    series: ContagionSeries
    source_region: str
    target_region: str
    status: ContagionEdgeStatus
    window: _time_window_pb2.TimeWindow
    lag_minutes: int
    strength: float
    strength_generalized: float
    sign: ContagionSign
    f_statistic: float
    p_value: float
    q_value: float
    first_seen_at: _timestamp_pb2.Timestamp
    observations: int
    min_sessions: int
    method: ContagionMethod
    def __init__(self, series: _Optional[_Union[ContagionSeries, _Mapping]] = ..., source_region: _Optional[str] = ..., target_region: _Optional[str] = ..., status: _Optional[_Union[ContagionEdgeStatus, str]] = ..., window: _Optional[_Union[_time_window_pb2.TimeWindow, _Mapping]] = ..., lag_minutes: _Optional[int] = ..., strength: _Optional[float] = ..., strength_generalized: _Optional[float] = ..., sign: _Optional[_Union[ContagionSign, str]] = ..., f_statistic: _Optional[float] = ..., p_value: _Optional[float] = ..., q_value: _Optional[float] = ..., first_seen_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., observations: _Optional[int] = ..., min_sessions: _Optional[int] = ..., method: _Optional[_Union[ContagionMethod, _Mapping]] = ...) -> None: ...

class ContagionRegion(_message.Message):
    __slots__ = ("region", "to_others", "from_others", "net")
    REGION_FIELD_NUMBER: _ClassVar[int]
    TO_OTHERS_FIELD_NUMBER: _ClassVar[int]
    FROM_OTHERS_FIELD_NUMBER: _ClassVar[int]
    NET_FIELD_NUMBER: _ClassVar[int]
    region: str
    to_others: float
    from_others: float
    net: float
    def __init__(self, region: _Optional[str] = ..., to_others: _Optional[float] = ..., from_others: _Optional[float] = ..., net: _Optional[float] = ...) -> None: ...

class ExcludedRegion(_message.Message):
    __slots__ = ("region", "reason")
    REGION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    region: str
    reason: RegionExclusionReason
    def __init__(self, region: _Optional[str] = ..., reason: _Optional[_Union[RegionExclusionReason, str]] = ...) -> None: ...

class ContagionSnapshot(_message.Message):
    __slots__ = ("series", "window", "status", "totals", "regions", "excluded", "tests", "fdr_level", "method", "computed_at")
    SERIES_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    FDR_LEVEL_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    series: ContagionSeries
    window: _time_window_pb2.TimeWindow
    status: ContagionStatus
    totals: ContagionTotals
    regions: _containers.RepeatedCompositeFieldContainer[ContagionRegion]
    excluded: _containers.RepeatedCompositeFieldContainer[ExcludedRegion]
    tests: int
    fdr_level: float
    method: ContagionMethod
    computed_at: _timestamp_pb2.Timestamp
    def __init__(self, series: _Optional[_Union[ContagionSeries, _Mapping]] = ..., window: _Optional[_Union[_time_window_pb2.TimeWindow, _Mapping]] = ..., status: _Optional[_Union[ContagionStatus, str]] = ..., totals: _Optional[_Union[ContagionTotals, _Mapping]] = ..., regions: _Optional[_Iterable[_Union[ContagionRegion, _Mapping]]] = ..., excluded: _Optional[_Iterable[_Union[ExcludedRegion, _Mapping]]] = ..., tests: _Optional[int] = ..., fdr_level: _Optional[float] = ..., method: _Optional[_Union[ContagionMethod, _Mapping]] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ContagionTotals(_message.Message):
    __slots__ = ("lagged", "generalized", "corrected", "reproduction_index", "common_share", "companion_radius")
    LAGGED_FIELD_NUMBER: _ClassVar[int]
    GENERALIZED_FIELD_NUMBER: _ClassVar[int]
    CORRECTED_FIELD_NUMBER: _ClassVar[int]
    REPRODUCTION_INDEX_FIELD_NUMBER: _ClassVar[int]
    COMMON_SHARE_FIELD_NUMBER: _ClassVar[int]
    COMPANION_RADIUS_FIELD_NUMBER: _ClassVar[int]
    lagged: float
    generalized: float
    corrected: float
    reproduction_index: float
    common_share: float
    companion_radius: float
    def __init__(self, lagged: _Optional[float] = ..., generalized: _Optional[float] = ..., corrected: _Optional[float] = ..., reproduction_index: _Optional[float] = ..., common_share: _Optional[float] = ..., companion_radius: _Optional[float] = ...) -> None: ...
