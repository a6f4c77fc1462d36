"""Provides `buf.validate.validate_pb2`, which the generated messages import.

The protovalidate wheel carries that schema compiled for its own runtime only.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    field_mask_pb2,
    timestamp_pb2,
)
from google.protobuf.internal import builder
from protovalidate._gen.buf.validate import validate_pb

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor

MODULE = "buf.validate.validate_pb2"
FILE = "buf/validate/validate.proto"
IMPORTED_BY_FILE = (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2)
"""The well-known types that the schema builds on; to import one is to register it."""


def register() -> None:
    """Make the module importable, unless an installed package provides it already."""
    try:
        importlib.import_module(MODULE)
    except ModuleNotFoundError:
        _install(_descriptor())


def _descriptor() -> FileDescriptor:
    pool = descriptor_pool.Default()
    try:
        return pool.FindFileByName(FILE)
    except KeyError:
        return pool.AddSerializedFile(validate_pb.desc().proto.to_binary())


def _install(descriptor: FileDescriptor) -> None:
    _parent("buf")
    vars(_parent("buf.validate"))["validate_pb2"] = module = ModuleType(MODULE)
    builder.BuildMessageAndEnumDescriptors(descriptor, vars(module))
    builder.BuildTopDescriptorsAndMessages(descriptor, MODULE, vars(module))
    vars(module)["DESCRIPTOR"] = descriptor
    sys.modules[MODULE] = module


def _parent(name: str) -> ModuleType:
    """Return the package of that name, a new and empty one when nobody provides it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = []
        return package
