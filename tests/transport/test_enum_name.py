"""A name of an enum value that nobody knows is refused, and never dropped without a word."""

from __future__ import annotations

import json
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from eitp.v1.intervention_service_pb2 import ReportOutcomeRequest
from eitp.v1.pattern_service_pb2 import ListPatternsRequest
from eitp.v1.telemetry_service_pb2 import IngestRequest
from eitp_server.errors import Invalid, Reason
from eitp_server.services.descriptor import method_path, service_descriptors
from eitp_server.services.validation import violations
from eitp_server.transport.codec import JSON
from eitp_server.transport.enum_name import OBSERVATIONS, UNKNOWN
from google.protobuf.message_factory import GetMessageClass
from transport.shop import SECRET
from transport.wire import fields, frame, info, refused, stream_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
    from google.protobuf.message import Message
    from transport.server import Shop

Spelling = str
SPELLINGS: tuple[Spelling, ...] = ("json_name", "name")
CATALOGUE = {
    "eitp.v1.InterventionDefinition.page_types",
    "eitp.v1.InterventionDefinition.page_sections",
}
"""Fields that are no observation, of which the schema nevertheless takes any number."""


class Place(NamedTuple):
    """An enum somewhere in the request of a call."""

    path: str
    request: type[Message]
    way: tuple[FieldDescriptor, ...]
    """The fields from the request down to the enum."""

    def __str__(self) -> str:
        return f"{self.path} {'.'.join(field.name for field in self.way)}"

    @property
    def field(self) -> FieldDescriptor:
        return self.way[-1]

    @property
    def enum(self) -> EnumDescriptor:
        assert self.field.enum_type is not None
        return self.field.enum_type

    @property
    def is_observed(self) -> bool:
        owner = self.field.containing_type
        return owner is not None and owner.full_name in OBSERVATIONS

    @property
    def violation(self) -> str:
        """Path of the field, where every list has something before it."""
        return ".".join(field.name + "[1]" * field.is_repeated for field in self.way)

    def document(self, value: object, spelling: Spelling = "json_name", **beside: object) -> bytes:
        """Return the JSON of a request with that value, the second of every list on the way."""
        first = self.enum.values[1].name

        def around(inner: object, field: FieldDescriptor) -> dict[str, object]:
            filler: object = {} if field.message_type else first
            return {getattr(field, spelling): [filler, inner] if field.is_repeated else inner}

        whole = reduce(around, reversed(self.way), value)
        assert isinstance(whole, dict)
        return json.dumps({**whole, **beside}).encode()

    def read(self, message: Any) -> int:
        """Return the number that the message has there."""
        for field in self.way:
            value = getattr(message, field.name)
            message = value[1] if field.is_repeated else value
        return message


def ways(descriptor: Descriptor) -> Iterator[tuple[FieldDescriptor, ...]]:
    for field in descriptor.fields:
        if field.enum_type is not None:
            yield (field,)
        elif field.message_type is not None:
            yield from ((field, *rest) for rest in ways(field.message_type))


PLACES = [
    Place(method_path(method), GetMessageClass(method.input_type), way)
    for service in service_descriptors()
    for method in service.methods
    for way in ways(method.input_type)
]
everywhere = pytest.mark.parametrize("place", PLACES, ids=str)
as_spelt = pytest.mark.parametrize("spelling", SPELLINGS)


def refusal(kind: type[Message], data: bytes | str) -> Invalid:
    """Return the error with which the codec refuses a request, whoever reads it."""
    body = data.encode() if isinstance(data, str) else data
    with pytest.raises(Invalid) as decoding:
        JSON.decode(kind, body)
    with pytest.raises(Invalid) as screening:
        JSON.binary(kind, body)
    assert decoding.value.message == screening.value.message
    return decoding.value


@as_spelt
@everywhere
@pytest.mark.parametrize("name", ["NOPE", "help-chat", "", "page_type_home", "9" * 5000])
def test_every_call_refuses_a_name_that_no_schema_has(
    place: Place, spelling: Spelling, name: str
) -> None:
    error = refusal(place.request, place.document(name, spelling))

    assert error.reason is Reason.FIELD_INVALID
    assert [(v.field, v.rule) for v in error.violations] == [(place.violation, "enum.defined_only")]
    assert json.dumps(name[:60]) in error.message


@everywhere
def test_a_newer_name_is_refused_but_where_a_page_says_what_it_saw(place: Place) -> None:
    stem = place.enum.values[0].name.removesuffix("UNSPECIFIED")
    document = place.document(f"{stem}OF_NEXT_YEAR")

    if place.is_observed:
        assert place.read(JSON.decode(place.request, document)) == UNKNOWN
        assert JSON.binary(place.request, document) == (
            JSON.decode(place.request, place.document(UNKNOWN)).SerializeToString()
        )
    else:
        assert [v.field for v in refusal(place.request, document).violations] == [place.violation]


@everywhere
@pytest.mark.parametrize("name", ["{}", "{}home", "{}HOME ", "A_{}HOME", "{}HÖME"])
def test_a_name_that_no_schema_could_have_is_no_newer_one(place: Place, name: str) -> None:
    stem = place.enum.values[0].name.removesuffix("UNSPECIFIED")

    error = refusal(place.request, place.document(name.format(stem)))

    assert [violation.field for violation in error.violations] == [place.violation]


@everywhere
def test_a_newer_name_is_taken_nowhere_where_its_number_is_refused(place: Place) -> None:
    request = JSON.decode(place.request, place.document(UNKNOWN))

    broken = {v.field for v in violations(request) if v.rule == "enum.defined_only"}

    is_taken = place.is_observed or place.field.full_name in CATALOGUE
    assert (place.violation in broken) != is_taken


@as_spelt
@everywhere
def test_every_right_name_and_number_is_read(place: Place, spelling: Spelling) -> None:
    for value in place.enum.values:
        for said in (value.name, value.number, str(value.number)):
            document = place.document(said, spelling, laterField={"kind": "NOPE"}, later=["NOPE"])
            assert place.read(JSON.decode(place.request, document)) == value.number
    assert place.read(JSON.decode(place.request, place.document(999))) == 999


def test_a_column_with_a_newer_name_stays_as_long_as_it_was() -> None:
    batch = '{"kind": ["EVENT_KIND_MOVE", "EVENT_KIND_TELEPATHY", 4, "5"]}'

    request = IngestRequest.FromString(
        JSON.binary(IngestRequest, f'{{"batches": [{batch}]}}'.encode())
    )

    assert list(request.batches[0].kind) == [1, UNKNOWN, 4, 5]


SAID: dict[str, tuple[type[Message], str]] = {
    '{"status": "CONFIRMD"}': (
        ListPatternsRequest,
        (
            'status: "CONFIRMD" is no PatternStatus; its values are PATTERN_STATUS_PROMOTED,'
            " PATTERN_STATUS_CONFIRMED, PATTERN_STATUS_DEMOTED, PATTERN_STATUS_EXPIRED"
        ),
    ),
    '{"kind": "help-chat"}': (
        ListPatternsRequest,
        (
            'kind: "help-chat" is no InterventionKind; of its 9 values, the nearest are'
            " INTERVENTION_KIND_HELP_CHAT, INTERVENTION_KIND_CUSTOM,"
            " INTERVENTION_KIND_URGENCY_BANNER"
        ),
    ),
    '{"label": "EMOTION_LABEL_HESITATON", "audience": "me"}': (
        ListPatternsRequest,
        (
            'label: "EMOTION_LABEL_HESITATON" is no EmotionLabel; of its 11 values, the nearest are'
            " EMOTION_LABEL_HESITATION, EMOTION_LABEL_FRUSTRATION, EMOTION_LABEL_TRUST_CONCERN"
            " (1 more)"
        ),
    ),
    '{"outcome": {"kind": "CONVERSION"}}': (
        ReportOutcomeRequest,
        (
            'outcome.kind: "CONVERSION" is no OutcomeKind; its values are OUTCOME_KIND_CONVERSION,'
            " OUTCOME_KIND_ADD_TO_CART, OUTCOME_KIND_LEAD, OUTCOME_KIND_ABANDONMENT,"
            " OUTCOME_KIND_BOUNCE, OUTCOME_KIND_DISMISSAL, OUTCOME_KIND_COMPLAINT,"
            " OUTCOME_KIND_CUSTOM"
        ),
    ),
    '{"audience": NaN}': (
        ListPatternsRequest,
        "audience: NaN is no Audience; its values are AUDIENCE_TENANT, AUDIENCE_SHARED",
    ),
}


@pytest.mark.parametrize("text", SAID)
def test_a_refusal_says_where_what_and_what_would_be_right(text: str) -> None:
    kind, message = SAID[text]

    assert refusal(kind, text).message == message


def test_no_refusal_grows_with_what_was_sent() -> None:
    kinds = ["x" * 10_000] * 1_000

    error = refusal(IngestRequest, json.dumps({"batches": [{"kind": kinds}]}))

    assert len(error.violations) == 10
    assert {len(violation.description) for violation in error.violations} < {*range(300)}


@pytest.mark.parametrize(
    "value", ["{}", "[]", '["EMOTION_LABEL_DOUBT"]', "[[1]]", "Infinity", '"\\ud800"', "1e999"]
)
def test_what_is_no_name_at_all_is_refused_too(value: str) -> None:
    assert refusal(ListPatternsRequest, f'{{"label": {value}}}').reason in {
        Reason.MALFORMED_MESSAGE,
        Reason.FIELD_INVALID,
    }


def test_a_null_is_a_field_that_is_not_set() -> None:
    assert JSON.decode(ListPatternsRequest, b'{"label": null}') == ListPatternsRequest()


async def test_every_way_of_a_call_by_json_leads_to_the_same_refusal(shop: Shop) -> None:
    policy = '{"policy": {"guardrails": [{"metric": "BOUNCES"}]}}'
    unary = await shop.post("AdminService/UpdatePolicy", policy, SECRET)
    screened = await shop.post(
        "TelemetryService/Ingest", '{"batches": [{"pointerType": "mouse"}]}', SECRET
    )
    stream = await shop.post(
        "EmotionService/WatchPackets",
        frame(b'{"start": "LATEST"}'),
        SECRET,
        content_type="application/connect+json",
    )
    statuses = [refused(unary), refused(screened), stream_status(stream)]

    assert [info(status).reason for status in statuses] == ["FIELD_INVALID"] * 3
    assert [fields(status) for status in statuses] == [
        {"policy.guardrails[0].metric": "enum.defined_only"},
        {"batches[0].pointer_type": "enum.defined_only"},
        {"start": "enum.defined_only"},
    ]
