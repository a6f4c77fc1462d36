"""Names of enum values are found in every shape of a field, whether EITP uses it today or not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from eitp_server.transport.codec import JSON
from eitp_server.transport.enum_name import read_names
from google.protobuf import struct_pb2, text_format, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass

SCHEMA = """
name: "shapes.proto" package: "shapes" syntax: "proto3"
dependency: "google/protobuf/struct.proto"
dependency: "google/protobuf/timestamp.proto"
dependency: "google/protobuf/wrappers.proto"
enum_type {
  name: "Kind"
  value { name: "KIND_UNSPECIFIED" number: 0 }
  value { name: "KIND_ONE" number: 1 }
}
message_type {
  name: "Node"
  field { name: "the_kind" number: 1 type: TYPE_ENUM type_name: ".shapes.Kind" }
  field {
    name: "renamed_kind" json_name: "odd" number: 2 type: TYPE_ENUM type_name: ".shapes.Kind"
  }
  field {
    name: "kinds" number: 3 label: LABEL_REPEATED type: TYPE_ENUM type_name: ".shapes.Kind"
  }
  field {
    name: "nodes" number: 4 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".shapes.Node"
  }
  field {
    name: "by_text" number: 5 label: LABEL_REPEATED type: TYPE_MESSAGE
    type_name: ".shapes.Node.ByTextEntry"
  }
  field {
    name: "by_number" number: 6 label: LABEL_REPEATED type: TYPE_MESSAGE
    type_name: ".shapes.Node.ByNumberEntry"
  }
  field { name: "first" number: 7 oneof_index: 0 type: TYPE_ENUM type_name: ".shapes.Kind" }
  field { name: "second" number: 8 oneof_index: 0 type: TYPE_MESSAGE type_name: ".shapes.Node" }
  field {
    name: "maybe" number: 9 oneof_index: 1 proto3_optional: true
    type: TYPE_ENUM type_name: ".shapes.Kind"
  }
  field { name: "free" number: 10 type: TYPE_MESSAGE type_name: ".google.protobuf.Struct" }
  field { name: "loose" number: 11 type: TYPE_MESSAGE type_name: ".google.protobuf.Value" }
  field { name: "at" number: 12 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" }
  field { name: "text" number: 13 type: TYPE_MESSAGE type_name: ".google.protobuf.StringValue" }
  oneof_decl { name: "choice" }
  oneof_decl { name: "_maybe" }
  nested_type {
    name: "ByTextEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING }
    field { name: "value" number: 2 type: TYPE_ENUM type_name: ".shapes.Kind" }
  }
  nested_type {
    name: "ByNumberEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_INT32 }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".shapes.Node" }
  }
}
"""


def node_class() -> Any:
    pool = DescriptorPool()
    for module in (struct_pb2, timestamp_pb2, wrappers_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    schema = text_format.Parse(SCHEMA, FileDescriptorProto())
    pool.AddSerializedFile(schema.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName("shapes.Node"))


NODE = node_class()
SHAPES: dict[str, tuple[str, str]] = {
    "by its name in JSON": ('{"theKind": %}', "the_kind"),
    "by its name in the schema": ('{"the_kind": %}', "the_kind"),
    "by a name of its own": ('{"odd": %}', "renamed_kind"),
    "by the name that this one hides": ('{"renamed_kind": %}', "renamed_kind"),
    "in a list": ('{"kinds": ["KIND_ONE", 1, %]}', "kinds[2]"),
    "in a message of a list": ('{"nodes": [{}, {"theKind": %}]}', "nodes[1].the_kind"),
    "in a map by text": ('{"byText": {"b": %}}', 'by_text["b"]'),
    "in a map by a strange text": ('{"byText": {"\\ud800": %}}', 'by_text["\\ud800"]'),
    "in a map by number": ('{"byNumber": {"7": {"maybe": %}}}', "by_number[7].maybe"),
    "in a choice": ('{"first": %}', "first"),
    "in a message of a choice": ('{"second": {"kinds": [%]}}', "second.kinds[0]"),
    "in itself": ('{"second": {"second": {"odd": %}}}', "second.second.renamed_kind"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_unknown_name_is_found(shape: str) -> None:
    text, path = SHAPES[shape]

    broken = read_names(json.loads(text.replace("%", '"NOPE"')), NODE.DESCRIPTOR)

    assert [violation.field for violation in broken] == [path]
    path.encode()


@pytest.mark.parametrize(("value", "number"), [('"KIND_ONE"', 1), ("1", 1), ('"1"', 1), ("9", 9)])
@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"in a map by a strange text"}))
def test_a_known_one_is_read(shape: str, value: str, number: int) -> None:
    text, _ = SHAPES[shape]

    message = JSON.decode(NODE, text.replace("%", value).encode())

    numbers = re.findall(r"\d+", str(MessageToDict(message, use_integers_for_enums=True)))
    assert int(numbers[-1]) == number


def test_what_has_no_schema_may_hold_any_name() -> None:
    text = (
        '{"free": {"theKind": "NOPE", "fields": {"a": {"nullValue": "NOPE"}}},'
        ' "loose": {"kinds": ["NOPE"], "nullValue": "NOPE"},'
        ' "at": "2026-01-01T00:00:00Z", "text": "NOPE", "later": {"theKind": "NOPE"}}'
    )

    message: Any = JSON.decode(NODE, text.encode())

    assert message.free["theKind"] == message.text.value == "NOPE"
    assert message.loose.struct_value["kinds"][0] == "NOPE"


@pytest.mark.parametrize(
    "text",
    [
        '{"nodes": {"theKind": "NOPE"}}',
        '{"kinds": "NOPE"}',
        '{"theKind": ["NOPE"]}',
        '{"byText": ["NOPE"]}',
        '{"second": "NOPE"}',
        '{"kinds": [null, {}, []]}',
    ],
)
def test_a_wrong_shape_is_left_to_the_parser(text: str) -> None:
    assert not read_names(json.loads(text), NODE.DESCRIPTOR)
