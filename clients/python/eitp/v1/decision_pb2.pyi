import datetime

from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import state_pb2 as _state_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DecisionArm(_message.Message):
    __slots__ = ("definition_id", "probability")
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    probability: float
    def __init__(self, definition_id: _Optional[str] = ..., probability: _Optional[float] = ...) -> None: ...

class DecisionCell(_message.Message):
    __slots__ = ("vertical", "label", "page_section")
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    vertical: str
    label: _state_pb2.EmotionLabel
    page_section: _page_pb2.PageSection
    def __init__(self, vertical: _Optional[str] = ..., label: _Optional[_Union[_state_pb2.EmotionLabel, str]] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("decision_id", "session_id", "packet_id", "decided_at", "cell", "arms", "chosen_definition_id", "propensity", "draw", "holdout", "holdout_share", "snapshot_id", "policy_version", "delivered")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PACKET_ID_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    CELL_FIELD_NUMBER: _ClassVar[int]
    ARMS_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    DRAW_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_SHARE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    session_id: str
    packet_id: str
    decided_at: _timestamp_pb2.Timestamp
    cell: DecisionCell
    arms: _containers.RepeatedCompositeFieldContainer[DecisionArm]
    chosen_definition_id: str
    propensity: float
    draw: float
    holdout: bool
    holdout_share: float
    snapshot_id: str
    policy_version: str
    delivered: bool
    def __init__(self, decision_id: _Optional[str] = ..., session_id: _Optional[str] = ..., packet_id: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cell: _Optional[_Union[DecisionCell, _Mapping]] = ..., arms: _Optional[_Iterable[_Union[DecisionArm, _Mapping]]] = ..., chosen_definition_id: _Optional[str] = ..., propensity: _Optional[float] = ..., draw: _Optional[float] = ..., holdout: _Optional[bool] = ..., holdout_share: _Optional[float] = ..., snapshot_id: _Optional[str] = ..., policy_version: _Optional[str] = ..., delivered: _Optional[bool] = ...) -> None: ...
