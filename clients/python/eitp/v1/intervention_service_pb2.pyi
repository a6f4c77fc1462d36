from buf.validate import validate_pb2 as _validate_pb2
from eitp.v1 import cursor_pb2 as _cursor_pb2
from eitp.v1 import decision_pb2 as _decision_pb2
from eitp.v1 import experiment_pb2 as _experiment_pb2
from eitp.v1 import intervention_pb2 as _intervention_pb2
from eitp.v1 import outcome_pb2 as _outcome_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchInterventionsRequest(_message.Message):
    __slots__ = ("cursor", "start", "session_id", "mode")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    start: _cursor_pb2.StartPosition
    session_id: str
    mode: _cursor_pb2.DeliveryMode
    def __init__(self, cursor: _Optional[bytes] = ..., start: _Optional[_Union[_cursor_pb2.StartPosition, str]] = ..., session_id: _Optional[str] = ..., mode: _Optional[_Union[_cursor_pb2.DeliveryMode, str]] = ...) -> None: ...

class WatchInterventionsResponse(_message.Message):
    __slots__ = ("cursor", "intervention", "heartbeat", "lagged")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    INTERVENTION_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    LAGGED_FIELD_NUMBER: _ClassVar[int]
    cursor: bytes
    intervention: _intervention_pb2.Intervention
    heartbeat: _cursor_pb2.Heartbeat
    lagged: _cursor_pb2.Lagged
    def __init__(self, cursor: _Optional[bytes] = ..., intervention: _Optional[_Union[_intervention_pb2.Intervention, _Mapping]] = ..., heartbeat: _Optional[_Union[_cursor_pb2.Heartbeat, _Mapping]] = ..., lagged: _Optional[_Union[_cursor_pb2.Lagged, _Mapping]] = ...) -> None: ...

class AcknowledgeInterventionRequest(_message.Message):
    __slots__ = ("intervention_id", "disposition", "session_id")
    INTERVENTION_ID_FIELD_NUMBER: _ClassVar[int]
    DISPOSITION_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    intervention_id: str
    disposition: _intervention_pb2.InterventionDisposition
    session_id: str
    def __init__(self, intervention_id: _Optional[str] = ..., disposition: _Optional[_Union[_intervention_pb2.InterventionDisposition, str]] = ..., session_id: _Optional[str] = ...) -> None: ...

class AcknowledgeInterventionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReportOutcomeRequest(_message.Message):
    __slots__ = ("outcome",)
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    outcome: _outcome_pb2.Outcome
    def __init__(self, outcome: _Optional[_Union[_outcome_pb2.Outcome, _Mapping]] = ...) -> None: ...

class ReportOutcomeResponse(_message.Message):
    __slots__ = ("decision_id", "duplicate")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    duplicate: bool
    def __init__(self, decision_id: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class CreateInterventionDefinitionRequest(_message.Message):
    __slots__ = ("definition", "request_id")
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    definition: _intervention_pb2.InterventionDefinition
    request_id: str
    def __init__(self, definition: _Optional[_Union[_intervention_pb2.InterventionDefinition, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateInterventionDefinitionResponse(_message.Message):
    __slots__ = ("definition",)
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    definition: _intervention_pb2.InterventionDefinition
    def __init__(self, definition: _Optional[_Union[_intervention_pb2.InterventionDefinition, _Mapping]] = ...) -> None: ...

class GetInterventionDefinitionRequest(_message.Message):
    __slots__ = ("definition_id",)
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    def __init__(self, definition_id: _Optional[str] = ...) -> None: ...

class GetInterventionDefinitionResponse(_message.Message):
    __slots__ = ("definition",)
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    definition: _intervention_pb2.InterventionDefinition
    def __init__(self, definition: _Optional[_Union[_intervention_pb2.InterventionDefinition, _Mapping]] = ...) -> None: ...

class ListInterventionDefinitionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListInterventionDefinitionsResponse(_message.Message):
    __slots__ = ("definitions", "next_page_token")
    DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    definitions: _containers.RepeatedCompositeFieldContainer[_intervention_pb2.InterventionDefinition]
    next_page_token: str
    def __init__(self, definitions: _Optional[_Iterable[_Union[_intervention_pb2.InterventionDefinition, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateInterventionDefinitionRequest(_message.Message):
    __slots__ = ("definition", "request_id")
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    definition: _intervention_pb2.InterventionDefinition
    request_id: str
    def __init__(self, definition: _Optional[_Union[_intervention_pb2.InterventionDefinition, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class UpdateInterventionDefinitionResponse(_message.Message):
    __slots__ = ("definition",)
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    definition: _intervention_pb2.InterventionDefinition
    def __init__(self, definition: _Optional[_Union[_intervention_pb2.InterventionDefinition, _Mapping]] = ...) -> None: ...

class DeleteInterventionDefinitionRequest(_message.Message):
    __slots__ = ("definition_id",)
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    def __init__(self, definition_id: _Optional[str] = ...) -> None: ...

class DeleteInterventionDefinitionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDecisionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "session_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    session_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., session_id: _Optional[str] = ...) -> None: ...

class ListDecisionsResponse(_message.Message):
    __slots__ = ("decisions", "next_page_token")
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[_decision_pb2.Decision]
    next_page_token: str
    def __init__(self, decisions: _Optional[_Iterable[_Union[_decision_pb2.Decision, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetExperimentRequest(_message.Message):
    __slots__ = ("definition_id",)
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    def __init__(self, definition_id: _Optional[str] = ...) -> None: ...

class GetExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: _experiment_pb2.Experiment
    def __init__(self, experiment: _Optional[_Union[_experiment_pb2.Experiment, _Mapping]] = ...) -> None: ...
