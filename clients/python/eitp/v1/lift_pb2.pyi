from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LiftMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIFT_METHOD_UNSPECIFIED: _ClassVar[LiftMethod]
    LIFT_METHOD_DIFFERENCE: _ClassVar[LiftMethod]
    LIFT_METHOD_AIPW: _ClassVar[LiftMethod]
LIFT_METHOD_UNSPECIFIED: LiftMethod
LIFT_METHOD_DIFFERENCE: LiftMethod
LIFT_METHOD_AIPW: LiftMethod

class Lift(_message.Message):
    __slots__ = ("estimate", "lower_bound", "interval_low", "interval_high", "relative", "e_value", "p_value", "alpha", "treated_units", "treated_conversions", "holdout_units", "holdout_conversions", "effective_sample_size", "method")
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    LOWER_BOUND_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_LOW_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_HIGH_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_FIELD_NUMBER: _ClassVar[int]
    E_VALUE_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    TREATED_UNITS_FIELD_NUMBER: _ClassVar[int]
    TREATED_CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_UNITS_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    estimate: float
    lower_bound: float
    interval_low: float
    interval_high: float
    relative: float
    e_value: float
    p_value: float
    alpha: float
    treated_units: int
    treated_conversions: int
    holdout_units: int
    holdout_conversions: int
    effective_sample_size: float
    method: LiftMethod
    def __init__(self, estimate: _Optional[float] = ..., lower_bound: _Optional[float] = ..., interval_low: _Optional[float] = ..., interval_high: _Optional[float] = ..., relative: _Optional[float] = ..., e_value: _Optional[float] = ..., p_value: _Optional[float] = ..., alpha: _Optional[float] = ..., treated_units: _Optional[int] = ..., treated_conversions: _Optional[int] = ..., holdout_units: _Optional[int] = ..., holdout_conversions: _Optional[int] = ..., effective_sample_size: _Optional[float] = ..., method: _Optional[_Union[LiftMethod, str]] = ...) -> None: ...
