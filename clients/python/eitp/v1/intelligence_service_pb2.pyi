from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import audience_pb2 as _audience_pb2
from eitp.v1 import contagion_pb2 as _contagion_pb2
from eitp.v1 import cursor_pb2 as _cursor_pb2
from eitp.v1 import intervention_pb2 as _intervention_pb2
from eitp.v1 import page_pb2 as _page_pb2
from eitp.v1 import state_pb2 as _state_pb2
from eitp.v1 import transfer_pb2 as _transfer_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetContagionRequest(_message.Message):
    __slots__ = ("audience", "vertical", "feature")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    audience: _audience_pb2.Audience
    vertical: str
    feature: _contagion_pb2.ContagionFeature
    def __init__(self, audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., vertical: _Optional[str] = ..., feature: _Optional[_Union[_contagion_pb2.ContagionFeature, str]] = ...) -> None: ...

class GetContagionResponse(_message.Message):
    __slots__ = ("snapshot", "edges")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    snapshot: _contagion_pb2.ContagionSnapshot
    edges: _containers.RepeatedCompositeFieldContainer[_contagion_pb2.ContagionEdge]
    def __init__(self, snapshot: _Optional[_Union[_contagion_pb2.ContagionSnapshot, _Mapping]] = ..., edges: _Optional[_Iterable[_Union[_contagion_pb2.ContagionEdge, _Mapping]]] = ...) -> None: ...

class WatchContagionRequest(_message.Message):
    __slots__ = ("cursor", "start", "audience", "vertical", "feature", "mode")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    start: _cursor_pb2.StartPosition
    audience: _audience_pb2.Audience
    vertical: str
    feature: _contagion_pb2.ContagionFeature
    mode: _cursor_pb2.DeliveryMode
    def __init__(self, cursor: _Optional[bytes] = ..., start: _Optional[_Union[_cursor_pb2.StartPosition, str]] = ..., audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., vertical: _Optional[str] = ..., feature: _Optional[_Union[_contagion_pb2.ContagionFeature, str]] = ..., mode: _Optional[_Union[_cursor_pb2.DeliveryMode, str]] = ...) -> None: ...

class WatchContagionResponse(_message.Message):
    __slots__ = ("cursor", "edge", "snapshot", "heartbeat", "lagged")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    EDGE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    LAGGED_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    edge: _contagion_pb2.ContagionEdge
    snapshot: _contagion_pb2.ContagionSnapshot
    heartbeat: _cursor_pb2.Heartbeat
    lagged: _cursor_pb2.Lagged
    def __init__(self, cursor: _Optional[bytes] = ..., edge: _Optional[_Union[_contagion_pb2.ContagionEdge, _Mapping]] = ..., snapshot: _Optional[_Union[_contagion_pb2.ContagionSnapshot, _Mapping]] = ..., heartbeat: _Optional[_Union[_cursor_pb2.Heartbeat, _Mapping]] = ..., lagged: _Optional[_Union[_cursor_pb2.Lagged, _Mapping]] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "audience", "kind", "label", "page_section", "verdict")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SECTION_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    audience: _audience_pb2.Audience
    kind: _intervention_pb2.InterventionKind
    label: _state_pb2.EmotionLabel
    page_section: _page_pb2.PageSection
    verdict: _transfer_pb2.TransferVerdict
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., audience: _Optional[_Union[_audience_pb2.Audience, str]] = ..., kind: _Optional[_Union[_intervention_pb2.InterventionKind, str]] = ..., label: _Optional[_Union[_state_pb2.EmotionLabel, str]] = ..., page_section: _Optional[_Union[_page_pb2.PageSection, str]] = ..., verdict: _Optional[_Union[_transfer_pb2.TransferVerdict, str]] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ("transfers", "next_page_token")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[_transfer_pb2.Transfer]
    next_page_token: str
    def __init__(self, transfers: _Optional[_Iterable[_Union[_transfer_pb2.Transfer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
