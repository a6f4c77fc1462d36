"""The services of the schema, found among the generated modules."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

import eitp.v1

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor


@cache
def service_descriptors() -> tuple[ServiceDescriptor, ...]:
    """Return every service of `eitp.v1`, by name."""
    modules = pkgutil.iter_modules(eitp.v1.__path__, "eitp.v1.")
    files = [_file(module.name) for module in modules if module.name.endswith("_service_pb2")]
    services = [service for file in files for service in file.services_by_name.values()]
    return tuple(sorted(services, key=lambda service: service.full_name))


def method_path(method: MethodDescriptor) -> str:
    """Return the path by which every transport calls the method, as `/eitp.v1.Service/Method`."""
    return f"/{method.containing_service.full_name}/{method.name}"


def _file(module: str) -> FileDescriptor:
    return cast("FileDescriptor", import_module(module).DESCRIPTOR)
