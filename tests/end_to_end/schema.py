"""Every call of the protocol, read from the generated modules and nothing else."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import eitp.v1

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
    from google.protobuf.message import Message
    from grpc.aio import Channel


def _services() -> dict[str, ServiceDescriptor]:
    names = [name for _, name, _ in pkgutil.iter_modules(eitp.v1.__path__)]
    modules = [import_module(f"eitp.v1.{name}") for name in names if name.endswith("_service_pb2")]
    files = [cast("FileDescriptor", module.DESCRIPTOR) for module in modules]
    return {s.full_name: s for file in files for s in file.services_by_name.values()}


SERVICES = _services()
"""Every service by its full name."""
METHODS: dict[str, MethodDescriptor] = {
    f"/{name}/{method.name}": method for name, s in SERVICES.items() for method in s.methods
}
"""Every call by its path."""
_PATHS = {method.input_type.full_name: path for path, method in METHODS.items()}


def path_of(request: Message) -> str:
    """Return the path of the only call that takes this kind of request."""
    return _PATHS[request.DESCRIPTOR.full_name]


def rpc(channel: Channel, path: str) -> Any:
    """Return what the generated stub offers for a path."""
    method = METHODS[path]
    service = method.containing_service
    file = re.sub(r"(?<!^)(?=[A-Z])", "_", service.name).lower()
    module = import_module(f"eitp.v1.{file}_pb2_grpc")
    return getattr(getattr(module, f"{service.name}Stub")(channel), method.name)
