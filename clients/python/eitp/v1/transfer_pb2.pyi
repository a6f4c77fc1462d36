import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import audience_pb2 as _audience_pb2
from eitp.v1 import intervention_pb2 as _intervention_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import state_pb2 as _state_pb2
from eitp.v1 import time_window_pb2 as _time_window_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TransferVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_VERDICT_UNSPECIFIED: _ClassVar[TransferVerdict]
    TRANSFER_VERDICT_TRANSFERABLE: _ClassVar[TransferVerdict]
    TRANSFER_VERDICT_HARMFUL: _ClassVar[TransferVerdict]
    TRANSFER_VERDICT_VARIES: _ClassVar[TransferVerdict]
    TRANSFER_VERDICT_UNDECIDED: _ClassVar[TransferVerdict]
    TRANSFER_VERDICT_INSUFFICIENT: _ClassVar[TransferVerdict]

class VerticalExclusionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERTICAL_EXCLUSION_REASON_UNSPECIFIED: _ClassVar[VerticalExclusionReason]
    VERTICAL_EXCLUSION_REASON_TOO_FEW_CONVERSIONS: _ClassVar[VerticalExclusionReason]
    VERTICAL_EXCLUSION_REASON_HOLDOUT_TOO_SMALL: _ClassVar[VerticalExclusionReason]
    VERTICAL_EXCLUSION_REASON_EXPERIMENT_INVALID: _ClassVar[VerticalExclusionReason]
    VERTICAL_EXCLUSION_REASON_INSUFFICIENT_TENANTS: _ClassVar[VerticalExclusionReason]
TRANSFER_VERDICT_UNSPECIFIED: TransferVerdict
TRANSFER_VERDICT_TRANSFERABLE: TransferVerdict
TRANSFER_VERDICT_HARMFUL: TransferVerdict
TRANSFER_VERDICT_VARIES: TransferVerdict
TRANSFER_VERDICT_UNDECIDED: TransferVerdict
TRANSFER_VERDICT_INSUFFICIENT: TransferVerdict
VERTICAL_EXCLUSION_REASON_UNSPECIFIED: VerticalExclusionReason
VERTICAL_EXCLUSION_REASON_TOO_FEW_CONVERSIONS: VerticalExclusionReason
VERTICAL_EXCLUSION_REASON_HOLDOUT_TOO_SMALL: VerticalExclusionReason
VERTICAL_EXCLUSION_REASON_EXPERIMENT_INVALID: VerticalExclusionReason
VERTICAL_EXCLUSION_REASON_INSUFFICIENT_TENANTS: VerticalExclusionReason

class Transfer(_message.Message):
    __slots__ = ("transfer_id", "audience", "kind", "label", "page_section", "verdict", "evidence", "verticals", "excluded", "window", "methodology_id", "computed_at", "statement")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    VERTICALS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    METHODOLOGY_ID_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    audience: _audience_pb2.Audience
    kind: _intervention_pb2.InterventionKind
    label: _state_pb2.EmotionLabel
    page_section: _page_pb2.PageSection
    verdict: TransferVerdict
    evidence: TransferEvidence
    verticals: _containers.RepeatedCompositeFieldContainer[VerticalEffect]
    excluded: _containers.RepeatedCompositeFieldContainer[ExcludedVertical]
    window: _time_window_pb2.TimeWindow
    methodology_id: str
    computed_at: _timestamp_pb2.Timestamp
    statement: str
    def __init__(self, transfer_id: _Optional[str] = ..., audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., kind: _Optional[_Union[_intervention_pb2.InterventionKind, str]] = ..., label: _Optional[_Union[_state_pb2.EmotionLabel, str]] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ..., verdict: _Optional[_Union[TransferVerdict, str]] = ..., evidence: _Optional[_Union[TransferEvidence, _Mapping]] = ..., verticals: _Optional[_Iterable[_Union[VerticalEffect, _Mapping]]] = ..., excluded: _Optional[_Iterable[_Union[ExcludedVertical, _Mapping]]] = ..., window: _Optional[_Union[_time_window_pb2.TimeWindow, _Mapping]] = ..., methodology_id: _Optional[str] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., statement: _Optional[str] = ...) -> None: ...

class TransferEvidence(_message.Message):
    __slots__ = ("verticals", "mean", "standard_error", "between_deviation", "between_deviation_low", "between_deviation_high", "i_squared", "prediction_low", "prediction_high", "probability_positive", "q_value", "left_out_coverage")
    VERTICALS_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    STANDARD_ERROR_FIELD_NUMBER: _ClassVar[int]
    BETWEEN_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    BETWEEN_DEVIATION_LOW_FIELD_NUMBER: _ClassVar[int]
    BETWEEN_DEVIATION_HIGH_FIELD_NUMBER: _ClassVar[int]
    I_SQUARED_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_LOW_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_HIGH_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_POSITIVE_FIELD_NUMBER: _ClassVar[int]
    Q_VALUE_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    verticals: int
    mean: float
    standard_error: float
    between_deviation: float
    between_deviation_low: float
    between_deviation_high: float
    i_squared: float
    prediction_low: float
    prediction_high: float
    probability_positive: float
    q_value: float
    left_out_coverage: float
    def __init__(self, verticals: _Optional[int] = ..., mean: _Optional[float] = ..., standard_error: _Optional[float] = ..., between_deviation: _Optional[float] = ..., between_deviation_low: _Optional[float] = ..., between_deviation_high: _Optional[float] = ..., i_squared: _Optional[float] = ..., prediction_low: _Optional[float] = ..., prediction_high: _Optional[float] = ..., probability_positive: _Optional[float] = ..., q_value: _Optional[float] = ..., left_out_coverage: _Optional[float] = ...) -> None: ...

class VerticalEffect(_message.Message):
    __slots__ = ("vertical", "effect", "variance", "shrunk_effect", "left_out_low", "left_out_high", "counts")
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_FIELD_NUMBER: _ClassVar[int]
    SHRUNK_EFFECT_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_LOW_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_HIGH_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    vertical: str
    effect: float
    variance: float
    shrunk_effect: float
    left_out_low: float
    left_out_high: float
    counts: TransferCounts
    def __init__(self, vertical: _Optional[str] = ..., effect: _Optional[float] = ..., variance: _Optional[float] = ..., shrunk_effect: _Optional[float] = ..., left_out_low: _Optional[float] = ..., left_out_high: _Optional[float] = ..., counts: _Optional[_Union[TransferCounts, _Mapping]] = ...) -> None: ...

class TransferCounts(_message.Message):
    __slots__ = ("treated_units", "treated_conversions", "holdout_units", "holdout_conversions")
    TREATED_UNITS_FIELD_NUMBER: _ClassVar[int]
    TREATED_CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_UNITS_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    treated_units: int
    treated_conversions: int
    holdout_units: int
    holdout_conversions: int
    def __init__(self, treated_units: _Optional[int] = ..., treated_conversions: _Optional[int] = ..., holdout_units: _Optional[int] = ..., holdout_conversions: _Optional[int] = ...) -> None: ...

class ExcludedVertical(_message.Message):
    __slots__ = ("vertical", "reason")
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    vertical: str
    reason: VerticalExclusionReason
    def __init__(self, vertical: _Optional[str] = ..., reason: _Optional[_Union[VerticalExclusionReason, str]] = ...) -> None: ...
