"""The numbers of the server's enums are those of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp.v1.evidence_pb2 import SignalId
from eitp.v1.hypothesis_pb2 import HypothesisBaseline, HypothesisVerdict
from eitp.v1.packet_pb2 import ProvenanceSource
from eitp.v1.page_pb2 import TargetRole
from eitp.v1.state_pb2 import AbstainReason as WireAbstainReason
from eitp.v1.state_pb2 import EmotionLabel
from eitp.v1.telemetry_pb2 import EventKind
from eitp_server.classification.hypothesis import Baseline, Verdict
from eitp_server.classification.packet import AbstainReason, Label, Source
from eitp_server.signals.event import Kind, Role
from eitp_server.signals.signal import RULE_VERSIONS, Signal

if TYPE_CHECKING:
    from enum import IntEnum

    from google.protobuf.descriptor import EnumDescriptor

PAIRS: list[tuple[type[IntEnum], EnumDescriptor, str]] = [
    (Signal, SignalId.DESCRIPTOR, "SIGNAL_ID_"),
    (Kind, EventKind.DESCRIPTOR, "EVENT_KIND_"),
    (Role, TargetRole.DESCRIPTOR, "TARGET_ROLE_"),
    (Label, EmotionLabel.DESCRIPTOR, "EMOTION_LABEL_"),
    (AbstainReason, WireAbstainReason.DESCRIPTOR, "ABSTAIN_REASON_"),
    (Source, ProvenanceSource.DESCRIPTOR, "PROVENANCE_SOURCE_"),
    (Verdict, HypothesisVerdict.DESCRIPTOR, "HYPOTHESIS_VERDICT_"),
    (Baseline, HypothesisBaseline.DESCRIPTOR, "HYPOTHESIS_BASELINE_"),
]


@pytest.mark.parametrize(("ours", "wire", "prefix"), PAIRS)
def test_an_enum_has_the_names_and_numbers_of_the_protocol(
    ours: type[IntEnum], wire: EnumDescriptor, prefix: str
) -> None:
    sent = {value.name.removeprefix(prefix): value.number for value in wire.values}
    assert {member.name: member.value for member in ours} | {"UNSPECIFIED": 0} == sent


def test_every_signal_has_a_rule() -> None:
    assert set(RULE_VERSIONS) == set(Signal)
