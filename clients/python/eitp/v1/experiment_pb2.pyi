import datetime

from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import lift_pb2 as _lift_pb2
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

class ArmStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ARM_STATUS_UNSPECIFIED: _ClassVar[ArmStatus]
    ARM_STATUS_ACTIVE: _ClassVar[ArmStatus]
    ARM_STATUS_STOPPED: _ClassVar[ArmStatus]
    ARM_STATUS_RETIRED: _ClassVar[ArmStatus]

class GuardrailMetric(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GUARDRAIL_METRIC_UNSPECIFIED: _ClassVar[GuardrailMetric]
    GUARDRAIL_METRIC_BOUNCE: _ClassVar[GuardrailMetric]
    GUARDRAIL_METRIC_CART_REMOVAL: _ClassVar[GuardrailMetric]
    GUARDRAIL_METRIC_DISMISSAL: _ClassVar[GuardrailMetric]
    GUARDRAIL_METRIC_COMPLAINT: _ClassVar[GuardrailMetric]
    GUARDRAIL_METRIC_RESPONSE_LATENCY: _ClassVar[GuardrailMetric]

class ExperimentVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPERIMENT_VERDICT_UNSPECIFIED: _ClassVar[ExperimentVerdict]
    EXPERIMENT_VERDICT_INVALID: _ClassVar[ExperimentVerdict]
    EXPERIMENT_VERDICT_NO_HOLDOUT: _ClassVar[ExperimentVerdict]
    EXPERIMENT_VERDICT_TOO_EARLY: _ClassVar[ExperimentVerdict]
    EXPERIMENT_VERDICT_LIFT_SHOWN: _ClassVar[ExperimentVerdict]
    EXPERIMENT_VERDICT_HARM_SHOWN: _ClassVar[ExperimentVerdict]
    EXPERIMENT_VERDICT_NOT_SHOWN: _ClassVar[ExperimentVerdict]
ARM_STATUS_UNSPECIFIED: ArmStatus
ARM_STATUS_ACTIVE: ArmStatus
ARM_STATUS_STOPPED: ArmStatus
ARM_STATUS_RETIRED: ArmStatus
GUARDRAIL_METRIC_UNSPECIFIED: GuardrailMetric
GUARDRAIL_METRIC_BOUNCE: GuardrailMetric
GUARDRAIL_METRIC_CART_REMOVAL: GuardrailMetric
GUARDRAIL_METRIC_DISMISSAL: GuardrailMetric
GUARDRAIL_METRIC_COMPLAINT: GuardrailMetric
GUARDRAIL_METRIC_RESPONSE_LATENCY: GuardrailMetric
EXPERIMENT_VERDICT_UNSPECIFIED: ExperimentVerdict
EXPERIMENT_VERDICT_INVALID: ExperimentVerdict
EXPERIMENT_VERDICT_NO_HOLDOUT: ExperimentVerdict
EXPERIMENT_VERDICT_TOO_EARLY: ExperimentVerdict
EXPERIMENT_VERDICT_LIFT_SHOWN: ExperimentVerdict
EXPERIMENT_VERDICT_HARM_SHOWN: ExperimentVerdict
EXPERIMENT_VERDICT_NOT_SHOWN: ExperimentVerdict

class Experiment(_message.Message):
    __slots__ = ("window", "outcome_window", "units", "policy_version", "holdout_share", "exploration_floor", "arms", "overall", "propensity_audit", "sample_ratio", "outcome_loss", "verdict", "statement", "caveats", "computed_at", "methodology_id", "incremental_conversions")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_WINDOW_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_SHARE_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FLOOR_FIELD_NUMBER: _ClassVar[int]
    ARMS_FIELD_NUMBER: _ClassVar[int]
    OVERALL_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_AUDIT_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATIO_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_LOSS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    CAVEATS_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    METHODOLOGY_ID_FIELD_NUMBER: _ClassVar[int]
    INCREMENTAL_CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    window: _time_window_pb2.TimeWindow
    outcome_window: _duration_pb2.Duration
    units: int
    policy_version: str
    holdout_share: float
    exploration_floor: float
    arms: _containers.RepeatedCompositeFieldContainer[ExperimentArm]
    overall: _lift_pb2.Lift
    propensity_audit: PropensityAudit
    sample_ratio: SampleRatio
    outcome_loss: OutcomeLoss
    verdict: ExperimentVerdict
    statement: str
    caveats: _containers.RepeatedScalarFieldContainer[str]
    computed_at: _timestamp_pb2.Timestamp
    methodology_id: str
    incremental_conversions: IncrementalConversions
    def __init__(self, window: _Optional[_Union[_time_window_pb2.TimeWindow, _Mapping]] = ..., outcome_window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., units: _Optional[int] = ..., policy_version: _Optional[str] = ..., holdout_share: _Optional[float] = ..., exploration_floor: _Optional[float] = ..., arms: _Optional[_Iterable[_Union[ExperimentArm, _Mapping]]] = ..., overall: _Optional[_Union[_lift_pb2.Lift, _Mapping]] = ..., propensity_audit: _Optional[_Union[PropensityAudit, _Mapping]] = ..., sample_ratio: _Optional[_Union[SampleRatio, _Mapping]] = ..., outcome_loss: _Optional[_Union[OutcomeLoss, _Mapping]] = ..., verdict: _Optional[_Union[ExperimentVerdict, str]] = ..., statement: _Optional[str] = ..., caveats: _Optional[_Iterable[str]] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., methodology_id: _Optional[str] = ..., incremental_conversions: _Optional[_Union[IncrementalConversions, _Mapping]] = ...) -> None: ...

class IncrementalConversions(_message.Message):
    __slots__ = ("estimate", "lower_bound", "interval_low", "interval_high")
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    LOWER_BOUND_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_LOW_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_HIGH_FIELD_NUMBER: _ClassVar[int]
    estimate: float
    lower_bound: float
    interval_low: float
    interval_high: float
    def __init__(self, estimate: _Optional[float] = ..., lower_bound: _Optional[float] = ..., interval_low: _Optional[float] = ..., interval_high: _Optional[float] = ...) -> None: ...

class ExperimentArm(_message.Message):
    __slots__ = ("definition_id", "definition_revision", "status", "decisions", "delivered", "pending", "censored", "late_conversions", "current_probability", "posterior_mean", "lift", "guardrails", "expected_loss")
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_REVISION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    CENSORED_FIELD_NUMBER: _ClassVar[int]
    LATE_CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    POSTERIOR_MEAN_FIELD_NUMBER: _ClassVar[int]
    LIFT_FIELD_NUMBER: _ClassVar[int]
    GUARDRAILS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_LOSS_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    definition_revision: int
    status: ArmStatus
    decisions: int
    delivered: int
    pending: int
    censored: int
    late_conversions: int
    current_probability: float
    posterior_mean: float
    lift: _lift_pb2.Lift
    guardrails: _containers.RepeatedCompositeFieldContainer[Guardrail]
    expected_loss: float
    def __init__(self, definition_id: _Optional[str] = ..., definition_revision: _Optional[int] = ..., status: _Optional[_Union[ArmStatus, str]] = ..., decisions: _Optional[int] = ..., delivered: _Optional[int] = ..., pending: _Optional[int] = ..., censored: _Optional[int] = ..., late_conversions: _Optional[int] = ..., current_probability: _Optional[float] = ..., posterior_mean: _Optional[float] = ..., lift: _Optional[_Union[_lift_pb2.Lift, _Mapping]] = ..., guardrails: _Optional[_Iterable[_Union[Guardrail, _Mapping]]] = ..., expected_loss: _Optional[float] = ...) -> None: ...

class Guardrail(_message.Message):
    __slots__ = ("metric", "margin", "harm", "harm_lower_bound", "alpha", "stopped_at")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    HARM_FIELD_NUMBER: _ClassVar[int]
    HARM_LOWER_BOUND_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    STOPPED_AT_FIELD_NUMBER: _ClassVar[int]
    metric: GuardrailMetric
    margin: float
    harm: float
    harm_lower_bound: float
    alpha: float
    stopped_at: _timestamp_pb2.Timestamp
    def __init__(self, metric: _Optional[_Union[GuardrailMetric, str]] = ..., margin: _Optional[float] = ..., harm: _Optional[float] = ..., harm_lower_bound: _Optional[float] = ..., alpha: _Optional[float] = ..., stopped_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PropensityAudit(_message.Message):
    __slots__ = ("decisions", "least_propensity", "mean_weight", "chi_square", "degrees_of_freedom", "p_value", "alarm", "sequential_p_value")
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    LEAST_PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    MEAN_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    CHI_SQUARE_FIELD_NUMBER: _ClassVar[int]
    DEGREES_OF_FREEDOM_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    ALARM_FIELD_NUMBER: _ClassVar[int]
    SEQUENTIAL_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    decisions: int
    least_propensity: float
    mean_weight: float
    chi_square: float
    degrees_of_freedom: int
    p_value: float
    alarm: bool
    sequential_p_value: float
    def __init__(self, decisions: _Optional[int] = ..., least_propensity: _Optional[float] = ..., mean_weight: _Optional[float] = ..., chi_square: _Optional[float] = ..., degrees_of_freedom: _Optional[int] = ..., p_value: _Optional[float] = ..., alarm: _Optional[bool] = ..., sequential_p_value: _Optional[float] = ...) -> None: ...

class SampleRatio(_message.Message):
    __slots__ = ("treated_units", "holdout_units", "expected_holdout_share", "sequential_p_value", "p_value", "leaked_units", "alarm")
    TREATED_UNITS_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_UNITS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HOLDOUT_SHARE_FIELD_NUMBER: _ClassVar[int]
    SEQUENTIAL_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    LEAKED_UNITS_FIELD_NUMBER: _ClassVar[int]
    ALARM_FIELD_NUMBER: _ClassVar[int]
    treated_units: int
    holdout_units: int
    expected_holdout_share: float
    sequential_p_value: float
    p_value: float
    leaked_units: int
    alarm: bool
    def __init__(self, treated_units: _Optional[int] = ..., holdout_units: _Optional[int] = ..., expected_holdout_share: _Optional[float] = ..., sequential_p_value: _Optional[float] = ..., p_value: _Optional[float] = ..., leaked_units: _Optional[int] = ..., alarm: _Optional[bool] = ...) -> None: ...

class OutcomeLoss(_message.Message):
    __slots__ = ("treated_share", "holdout_share", "sequential_p_value", "alarm")
    TREATED_SHARE_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_SHARE_FIELD_NUMBER: _ClassVar[int]
    SEQUENTIAL_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    ALARM_FIELD_NUMBER: _ClassVar[int]
    treated_share: float
    holdout_share: float
    sequential_p_value: float
    alarm: bool
    def __init__(self, treated_share: _Optional[float] = ..., holdout_share: _Optional[float] = ..., sequential_p_value: _Optional[float] = ..., alarm: _Optional[bool] = ...) -> None: ...
