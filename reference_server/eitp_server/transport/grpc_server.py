"""The gRPC listener: every call of the schema, health and reflection over HTTP/2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from eitp_server.services.descriptor import service_descriptors
from eitp_server.transport.grpc_call import Calls
from eitp_server.transport.port import port_taken

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from eitp_server.transport.boundary import Boundary
    from eitp_server.transport.call import Limits

    class Health(health_pb2_grpc.HealthServicer):
        """What the stubs leave out."""

        async def set(
            self, service: str, status: health_pb2.HealthCheckResponse.ServingStatus
        ) -> None: ...

        async def enter_graceful_shutdown(self) -> None: ...


MAX_STREAMS_PER_CONNECTION: Final = 100
"""Without a cap, one connection that resets streams quickly starves all others."""
KEEPALIVE_INTERVAL_MS: Final = 10_000
"""Shortest time between two pings of a client."""
_CONNECTION_AGE_MS: Final = 15 * 60_000
_CONNECTION_GRACE_MS: Final = 60_000


class GrpcServer:
    """Listens while it is entered."""

    def __init__(self, boundary: Boundary, host: str = "127.0.0.1", port: int = 50051) -> None:
        """Listen at `host` and `port`; port 0 takes any that is free."""
        self._boundary = boundary
        self._address = f"{host}:{port}"
        self._health: Health = vars(health)["aio"].HealthServicer()
        self._server: grpc.aio.Server | None = None
        self.port = port
        """The port in use, once entered."""

    async def __aenter__(self) -> Self:
        # The loop that runs now is the one that the server keeps to.
        self._server = server = grpc.aio.server(options=_options(self._boundary.limits))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)  # pyright: ignore[reportUnknownMemberType]
        names = [service.full_name for service in service_descriptors()]
        reflection.enable_server_reflection(
            (*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        server.add_generic_rpc_handlers((Calls(self._boundary),))
        try:
            self.port = server.add_insecure_port(self._address)
        except RuntimeError:
            raise port_taken(self._address, "EITP_GRPC_PORT") from None
        for name in sorted(self._boundary.services):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        await server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop(self._boundary.limits.unary_seconds if error is None else 0.0)

    async def announce_end(self) -> None:
        """Tell balancers to look elsewhere; calls go on being answered."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace_seconds: float) -> None:
        """Take no new connections, let calls finish for a while, then end them."""
        if self._server is not None:
            await self._server.stop(grace_seconds)


def _options(limits: Limits) -> list[tuple[str, int]]:
    return [
        ("grpc.max_concurrent_streams", MAX_STREAMS_PER_CONNECTION),
        ("grpc.max_receive_message_length", limits.admin_message_bytes),
        ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_INTERVAL_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.max_connection_age_ms", _CONNECTION_AGE_MS),
        ("grpc.max_connection_age_grace_ms", _CONNECTION_GRACE_MS),
        # With probing, the window of a client that does not read grows to megabytes.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.so_reuseport", 0),
    ]
