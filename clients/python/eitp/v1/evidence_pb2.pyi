from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SignalId(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGNAL_ID_UNSPECIFIED: _ClassVar[SignalId]
    SIGNAL_ID_PATH_LENGTH: _ClassVar[SignalId]
    SIGNAL_ID_MEAN_SPEED: _ClassVar[SignalId]
    SIGNAL_ID_PATH_EFFICIENCY: _ClassVar[SignalId]
    SIGNAL_ID_DIRECTION_FLIPS: _ClassVar[SignalId]
    SIGNAL_ID_PAUSE_SHARE: _ClassVar[SignalId]
    SIGNAL_ID_RAGE_CLICK: _ClassVar[SignalId]
    SIGNAL_ID_DEAD_CLICK: _ClassVar[SignalId]
    SIGNAL_ID_SLOW_CLICK: _ClassVar[SignalId]
    SIGNAL_ID_HESITATION: _ClassVar[SignalId]
    SIGNAL_ID_RESPONSE_LATENCY: _ClassVar[SignalId]
    SIGNAL_ID_CLICK_RATE: _ClassVar[SignalId]
    SIGNAL_ID_SCROLL_REVERSALS: _ClassVar[SignalId]
    SIGNAL_ID_IDLE: _ClassVar[SignalId]
    SIGNAL_ID_SCRIPT_ERROR: _ClassVar[SignalId]
    SIGNAL_ID_QUICK_BACK: _ClassVar[SignalId]
    SIGNAL_ID_BACK_MASH: _ClassVar[SignalId]
    SIGNAL_ID_THRASH: _ClassVar[SignalId]
    SIGNAL_ID_SECTION_DWELL: _ClassVar[SignalId]
    SIGNAL_ID_DEPARTURES: _ClassVar[SignalId]
    SIGNAL_ID_SELECTIONS: _ClassVar[SignalId]
    SIGNAL_ID_SPEED_SD: _ClassVar[SignalId]
    SIGNAL_ID_TURN: _ClassVar[SignalId]
    SIGNAL_ID_SPARC: _ClassVar[SignalId]
    SIGNAL_ID_ACCELERATION_RMS: _ClassVar[SignalId]
    SIGNAL_ID_INITIATION: _ClassVar[SignalId]
    SIGNAL_ID_CLICK_HOLD: _ClassVar[SignalId]
    SIGNAL_ID_EDGE_EXITS: _ClassVar[SignalId]
    SIGNAL_ID_ERROR_CLICK: _ClassVar[SignalId]
    SIGNAL_ID_RETREATS: _ClassVar[SignalId]
    SIGNAL_ID_REREADS: _ClassVar[SignalId]
    SIGNAL_ID_UNMET_SHARE: _ClassVar[SignalId]
SIGNAL_ID_UNSPECIFIED: SignalId
SIGNAL_ID_PATH_LENGTH: SignalId
SIGNAL_ID_MEAN_SPEED: SignalId
SIGNAL_ID_PATH_EFFICIENCY: SignalId
SIGNAL_ID_DIRECTION_FLIPS: SignalId
SIGNAL_ID_PAUSE_SHARE: SignalId
SIGNAL_ID_RAGE_CLICK: SignalId
SIGNAL_ID_DEAD_CLICK: SignalId
SIGNAL_ID_SLOW_CLICK: SignalId
SIGNAL_ID_HESITATION: SignalId
SIGNAL_ID_RESPONSE_LATENCY: SignalId
SIGNAL_ID_CLICK_RATE: SignalId
SIGNAL_ID_SCROLL_REVERSALS: SignalId
SIGNAL_ID_IDLE: SignalId
SIGNAL_ID_SCRIPT_ERROR: SignalId
SIGNAL_ID_QUICK_BACK: SignalId
SIGNAL_ID_BACK_MASH: SignalId
SIGNAL_ID_THRASH: SignalId
SIGNAL_ID_SECTION_DWELL: SignalId
SIGNAL_ID_DEPARTURES: SignalId
SIGNAL_ID_SELECTIONS: SignalId
SIGNAL_ID_SPEED_SD: SignalId
SIGNAL_ID_TURN: SignalId
SIGNAL_ID_SPARC: SignalId
SIGNAL_ID_ACCELERATION_RMS: SignalId
SIGNAL_ID_INITIATION: SignalId
SIGNAL_ID_CLICK_HOLD: SignalId
SIGNAL_ID_EDGE_EXITS: SignalId
SIGNAL_ID_ERROR_CLICK: SignalId
SIGNAL_ID_RETREATS: SignalId
SIGNAL_ID_REREADS: SignalId
SIGNAL_ID_UNMET_SHARE: SignalId

class Evidence(_message.Message):
    __slots__ = ("signal", "value", "baseline", "weight", "rule_version")
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RULE_VERSION_FIELD_NUMBER: _ClassVar[int]
    signal: SignalId
    value: float
    baseline: float
    weight: float
    rule_version: str
    def __init__(self, signal: _Optional[_Union[SignalId, str]] = ..., value: _Optional[float] = ..., baseline: _Optional[float] = ..., weight: _Optional[float] = ..., rule_version: _Optional[str] = ...) -> None: ...
