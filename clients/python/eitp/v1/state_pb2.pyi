from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EmotionLabel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMOTION_LABEL_UNSPECIFIED: _ClassVar[EmotionLabel]
    EMOTION_LABEL_NEUTRAL: _ClassVar[EmotionLabel]
    EMOTION_LABEL_INTEREST: _ClassVar[EmotionLabel]
    EMOTION_LABEL_COMPARISON: _ClassVar[EmotionLabel]
    EMOTION_LABEL_HESITATION: _ClassVar[EmotionLabel]
    EMOTION_LABEL_PRICE_CONCERN: _ClassVar[EmotionLabel]
    EMOTION_LABEL_TRUST_CONCERN: _ClassVar[EmotionLabel]
    EMOTION_LABEL_CONFUSION: _ClassVar[EmotionLabel]
    EMOTION_LABEL_FRUSTRATION: _ClassVar[EmotionLabel]
    EMOTION_LABEL_URGENCY: _ClassVar[EmotionLabel]
    EMOTION_LABEL_EXIT_RISK: _ClassVar[EmotionLabel]
    EMOTION_LABEL_DISENGAGEMENT: _ClassVar[EmotionLabel]

class AbstainReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ABSTAIN_REASON_UNSPECIFIED: _ClassVar[AbstainReason]
    ABSTAIN_REASON_INSUFFICIENT_EVIDENCE: _ClassVar[AbstainReason]
    ABSTAIN_REASON_CONFLICTING_EVIDENCE: _ClassVar[AbstainReason]
    ABSTAIN_REASON_LOW_CONFIDENCE: _ClassVar[AbstainReason]
    ABSTAIN_REASON_STALE: _ClassVar[AbstainReason]
    ABSTAIN_REASON_RATE_TOO_LOW: _ClassVar[AbstainReason]
    ABSTAIN_REASON_CONSENT_WITHHELD: _ClassVar[AbstainReason]
EMOTION_LABEL_UNSPECIFIED: EmotionLabel
EMOTION_LABEL_NEUTRAL: EmotionLabel
EMOTION_LABEL_INTEREST: EmotionLabel
EMOTION_LABEL_COMPARISON: EmotionLabel
EMOTION_LABEL_HESITATION: EmotionLabel
EMOTION_LABEL_PRICE_CONCERN: EmotionLabel
EMOTION_LABEL_TRUST_CONCERN: EmotionLabel
EMOTION_LABEL_CONFUSION: EmotionLabel
EMOTION_LABEL_FRUSTRATION: EmotionLabel
EMOTION_LABEL_URGENCY: EmotionLabel
EMOTION_LABEL_EXIT_RISK: EmotionLabel
EMOTION_LABEL_DISENGAGEMENT: EmotionLabel
ABSTAIN_REASON_UNSPECIFIED: AbstainReason
ABSTAIN_REASON_INSUFFICIENT_EVIDENCE: AbstainReason
ABSTAIN_REASON_CONFLICTING_EVIDENCE: AbstainReason
ABSTAIN_REASON_LOW_CONFIDENCE: AbstainReason
ABSTAIN_REASON_STALE: AbstainReason
ABSTAIN_REASON_RATE_TOO_LOW: AbstainReason
ABSTAIN_REASON_CONSENT_WITHHELD: AbstainReason

class Estimate(_message.Message):
    __slots__ = ("value", "uncertainty")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNCERTAINTY_FIELD_NUMBER: _ClassVar[int]
    value: float
    uncertainty: float
    def __init__(self, value: _Optional[float] = ..., uncertainty: _Optional[float] = ...) -> None: ...

class EmotionalState(_message.Message):
    __slots__ = ("valence", "arousal", "urgency", "confusion", "interest", "intent_strength", "session_phase")
    VALENCE_FIELD_NUMBER: _ClassVar[int]
    AROUSAL_FIELD_NUMBER: _ClassVar[int]
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    CONFUSION_FIELD_NUMBER: _ClassVar[int]
    INTEREST_FIELD_NUMBER: _ClassVar[int]
    INTENT_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    SESSION_PHASE_FIELD_NUMBER: _ClassVar[int]
    valence: Estimate
    arousal: Estimate
    urgency: Estimate
    confusion: Estimate
    interest: Estimate
    intent_strength: Estimate
    session_phase: Estimate
    def __init__(self, valence: _Optional[_Union[Estimate, _Mapping]] = ..., arousal: _Optional[_Union[Estimate, _Mapping]] = ..., urgency: _Optional[_Union[Estimate, _Mapping]] = ..., confusion: _Optional[_Union[Estimate, _Mapping]] = ..., interest: _Optional[_Union[Estimate, _Mapping]] = ..., intent_strength: _Optional[_Union[Estimate, _Mapping]] = ..., session_phase: _Optional[_Union[Estimate, _Mapping]] = ...) -> None: ...
