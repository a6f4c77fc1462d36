"""Bytes of a stranger become a message or a refusal, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from eitp.v1.session_service_pb2 import OpenSessionRequest, OpenSessionResponse
from eitp.v1.telemetry_service_pb2 import IngestRequest
from eitp_server.errors import Invalid, Reason
from eitp_server.transport.codec import BINARY, CODECS, JSON, Codec
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from google.protobuf.message import Message

TYPES = [IngestRequest, OpenSessionRequest, OpenSessionResponse]
NAMES = sorted({field.json_name for kind in TYPES for field in kind.DESCRIPTOR.fields})
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*NAMES, "seconds", "nanos", "dtMs"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def decoded(codec: Codec, kind: type[Message], data: bytes) -> Message | None:
    """Return the message; None when it is refused, as malformed or for the name of a value."""
    try:
        return codec.decode(kind, data)
    except Invalid as error:
        rules = {violation.rule for violation in error.violations}
        if error.reason is not Reason.MALFORMED_MESSAGE and rules != {"enum.defined_only"}:
            raise
        return None


@given(st.sampled_from(TYPES), st.binary())
def test_any_bytes_are_a_message_or_refused(kind: type[Message], data: bytes) -> None:
    for codec in CODECS.values():
        message = decoded(codec, kind, data)
        assert message is None or isinstance(message, kind)


@given(st.sampled_from(TYPES), VALUES)
def test_any_json_is_a_message_or_refused(kind: type[Message], value: Any) -> None:
    message = decoded(JSON, kind, json.dumps(value).encode())

    assert message is None or isinstance(value, dict)


@given(st.sampled_from(TYPES), st.binary(max_size=60))
def test_a_message_survives_both_forms(kind: type[Message], data: bytes) -> None:
    message = decoded(BINARY, kind, data)
    if message is None:
        return
    assert decoded(BINARY, kind, BINARY.encode(message)) == message


def test_json_is_the_canonical_one() -> None:
    request = OpenSessionRequest(visitor_id="v")

    assert JSON.encode(request) == b'{"visitorId": "v"}'
    assert decoded(JSON, OpenSessionRequest, b' {"visitorId": "v", "later": [1]}') == request
    assert decoded(JSON, OpenSessionRequest, b'{"visitor_id": "v"}') == request


@pytest.mark.parametrize("depth", [99, 100_000])
def test_depth_does_not_matter(depth: int) -> None:
    text = '{"page": ' * depth + "{}" + "}" * depth

    assert decoded(JSON, OpenSessionRequest, text.encode()) is None or depth < 100


@pytest.mark.parametrize(
    "data",
    [
        b'{"visitorId": "v", "visitorId": "w"}',
        b'{"page": {"type": 1, "type": 1}}',
        b'\xef\xbb\xbf{"visitorId": "v"}',
        b'{"visitorId": "\xff"}',
        '{"visitorId": "v"}'.encode("utf-16"),
    ],
    ids=["twice", "twice within", "byte order mark", "no UTF-8", "UTF-16"],
)
def test_json_that_says_two_things_or_none_is_malformed(data: bytes) -> None:
    assert decoded(JSON, OpenSessionRequest, data) is None
