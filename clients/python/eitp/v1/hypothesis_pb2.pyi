import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import time_window_pb2 as _time_window_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HypothesisVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HYPOTHESIS_VERDICT_UNSPECIFIED: _ClassVar[HypothesisVerdict]
    HYPOTHESIS_VERDICT_TOO_EARLY: _ClassVar[HypothesisVerdict]
    HYPOTHESIS_VERDICT_SUPPORTED: _ClassVar[HypothesisVerdict]
    HYPOTHESIS_VERDICT_NOT_SUPPORTED: _ClassVar[HypothesisVerdict]

class HypothesisBaseline(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HYPOTHESIS_BASELINE_UNSPECIFIED: _ClassVar[HypothesisBaseline]
    HYPOTHESIS_BASELINE_PAGE_ONLY: _ClassVar[HypothesisBaseline]
    HYPOTHESIS_BASELINE_DURATION_ONLY: _ClassVar[HypothesisBaseline]
HYPOTHESIS_VERDICT_UNSPECIFIED: HypothesisVerdict
HYPOTHESIS_VERDICT_TOO_EARLY: HypothesisVerdict
HYPOTHESIS_VERDICT_SUPPORTED: HypothesisVerdict
HYPOTHESIS_VERDICT_NOT_SUPPORTED: HypothesisVerdict
HYPOTHESIS_BASELINE_UNSPECIFIED: HypothesisBaseline
HYPOTHESIS_BASELINE_PAGE_ONLY: HypothesisBaseline
HYPOTHESIS_BASELINE_DURATION_ONLY: HypothesisBaseline

class Hypothesis(_message.Message):
    __slots__ = ("window", "verdict", "statement", "conclusion", "caveats", "primary", "secondary", "further_sessions", "late_successes", "void_forecasts", "forgotten_sessions", "interval_level", "verdict_level", "models", "computed_at", "methodology_id")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    CONCLUSION_FIELD_NUMBER: _ClassVar[int]
    CAVEATS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    SECONDARY_FIELD_NUMBER: _ClassVar[int]
    FURTHER_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    LATE_SUCCESSES_FIELD_NUMBER: _ClassVar[int]
    VOID_FORECASTS_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_LEVEL_FIELD_NUMBER: _ClassVar[int]
    VERDICT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    METHODOLOGY_ID_FIELD_NUMBER: _ClassVar[int]
    window: _time_window_pb2.TimeWindow
    verdict: HypothesisVerdict
    statement: str
    conclusion: str
    caveats: _containers.RepeatedScalarFieldContainer[str]
    primary: ForecastAnalysis
    secondary: ForecastAnalysis
    further_sessions: int
    late_successes: int
    void_forecasts: int
    forgotten_sessions: int
    interval_level: float
    verdict_level: float
    models: _containers.RepeatedScalarFieldContainer[str]
    computed_at: _timestamp_pb2.Timestamp
    methodology_id: str
    def __init__(self, window: _Optional[_Union[_time_window_pb2.TimeWindow, _Mapping]] = ..., verdict: _Optional[_Union[HypothesisVerdict, str]] = ..., statement: _Optional[str] = ..., conclusion: _Optional[str] = ..., caveats: _Optional[_Iterable[str]] = ..., primary: _Optional[_Union[ForecastAnalysis, _Mapping]] = ..., secondary: _Optional[_Union[ForecastAnalysis, _Mapping]] = ..., further_sessions: _Optional[int] = ..., late_successes: _Optional[int] = ..., void_forecasts: _Optional[int] = ..., forgotten_sessions: _Optional[int] = ..., interval_level: _Optional[float] = ..., verdict_level: _Optional[float] = ..., models: _Optional[_Iterable[str]] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., methodology_id: _Optional[str] = ...) -> None: ...

class ForecastAnalysis(_message.Message):
    __slots__ = ("sessions", "abandoned", "treated", "comparison")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    TREATED_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    sessions: int
    abandoned: int
    treated: int
    comparison: ForecastComparison
    def __init__(self, sessions: _Optional[int] = ..., abandoned: _Optional[int] = ..., treated: _Optional[int] = ..., comparison: _Optional[_Union[ForecastComparison, _Mapping]] = ...) -> None: ...

class ForecastComparison(_message.Message):
    __slots__ = ("state_area", "page_only_area", "duration_only_area", "better_baseline", "gain", "strict_gain", "brier_score", "brier_score_of_share", "calibration_intercept", "calibration_slope", "reliability")
    STATE_AREA_FIELD_NUMBER: _ClassVar[int]
    PAGE_ONLY_AREA_FIELD_NUMBER: _ClassVar[int]
    DURATION_ONLY_AREA_FIELD_NUMBER: _ClassVar[int]
    BETTER_BASELINE_FIELD_NUMBER: _ClassVar[int]
    GAIN_FIELD_NUMBER: _ClassVar[int]
    STRICT_GAIN_FIELD_NUMBER: _ClassVar[int]
    BRIER_SCORE_FIELD_NUMBER: _ClassVar[int]
    BRIER_SCORE_OF_SHARE_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_INTERCEPT_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_SLOPE_FIELD_NUMBER: _ClassVar[int]
    RELIABILITY_FIELD_NUMBER: _ClassVar[int]
    state_area: BoundedEstimate
    page_only_area: BoundedEstimate
    duration_only_area: BoundedEstimate
    better_baseline: HypothesisBaseline
    gain: BoundedEstimate
    strict_gain: BoundedEstimate
    brier_score: float
    brier_score_of_share: float
    calibration_intercept: float
    calibration_slope: float
    reliability: _containers.RepeatedCompositeFieldContainer[ReliabilityBin]
    def __init__(self, state_area: _Optional[_Union[BoundedEstimate, _Mapping]] = ..., page_only_area: _Optional[_Union[BoundedEstimate, _Mapping]] = ..., duration_only_area: _Optional[_Union[BoundedEstimate, _Mapping]] = ..., better_baseline: _Optional[_Union[HypothesisBaseline, str]] = ..., gain: _Optional[_Union[BoundedEstimate, _Mapping]] = ..., strict_gain: _Optional[_Union[BoundedEstimate, _Mapping]] = ..., brier_score: _Optional[float] = ..., brier_score_of_share: _Optional[float] = ..., calibration_intercept: _Optional[float] = ..., calibration_slope: _Optional[float] = ..., reliability: _Optional[_Iterable[_Union[ReliabilityBin, _Mapping]]] = ...) -> None: ...

class BoundedEstimate(_message.Message):
    __slots__ = ("value", "low", "high")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    value: float
    low: float
    high: float
    def __init__(self, value: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class ReliabilityBin(_message.Message):
    __slots__ = ("sessions", "foretold", "abandoned")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    FORETOLD_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    sessions: int
    foretold: float
    abandoned: BoundedEstimate
    def __init__(self, sessions: _Optional[int] = ..., foretold: _Optional[float] = ..., abandoned: _Optional[_Union[BoundedEstimate, _Mapping]] = ...) -> None: ...
