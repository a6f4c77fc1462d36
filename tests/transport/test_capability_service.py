"""The server describes itself truthfully."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eitp.v1.capability_pb2 import Profile, ProtocolLimits, Stability
from eitp.v1.capability_service_pb2 import GetCapabilitiesResponse
from eitp.v1.common_pb2 import Durability
from eitp_server.services.capability import NAME, CapabilityService, Description, profiles
from eitp_server.services.descriptor import method_path, service_descriptors
from eitp_server.services.moment import duration, timestamp
from eitp_server.transport.method import methods, offered
from transport.server import NOW_US, open_shop
from transport.shop import Telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERYTHING = frozenset(
    method_path(method) for service in service_descriptors() for method in service.methods
)
SECOND = duration(1.0)
LIMITS = ProtocolLimits(
    max_message_bytes=65_536,
    max_batches_per_message=256,
    max_events_per_batch=512,
    max_targets_per_batch=128,
    batches_per_second=4.0,
    batch_burst=10,
    reorder_window=SECOND,
    reorder_window_batches=8,
    duplicate_content_window=64,
    emotional_events_per_hour=100,
    session_idle_timeout=SECOND,
    session_token_lifetime=SECOND,
    keepalive_interval=SECOND,
    heartbeat_interval=SECOND,
    request_id_lifetime=SECOND,
    attribution_window=SECOND,
    max_deadline=SECOND,
    max_streams_per_connection=100,
)


def description(limits: ProtocolLimits = LIMITS) -> Description:
    return Description(
        name="eitp-test",
        version="1.2.3",
        protocol_revision="2026-11-23",
        durability=Durability.DURABILITY_DISK,
        limits=limits,
        methodologies={"volatility": "evi-1.0"},
        features={"transport.connect": Stability.STABILITY_STABLE},
    )


async def test_anybody_may_ask_what_the_server_offers() -> None:
    services: Mapping[str, object] = {"eitp.v1.TelemetryService": Telemetry()}
    calls = offered({**services, NAME: CapabilityService})
    service = CapabilityService(description(), calls, lambda: NOW_US)
    async with open_shop({**services, NAME: service}) as shop:
        answer = await shop.call("CapabilityService/GetCapabilities", b"")
        response = GetCapabilitiesResponse.FromString(answer)
        words = (await shop.post("CapabilityService/GetCapabilities", "{}")).json()

    capabilities = response.capabilities
    assert list(capabilities.services) == [NAME, "eitp.v1.TelemetryService"]
    assert list(capabilities.profiles) == [Profile.PROFILE_CORE]
    assert capabilities.limits == LIMITS
    assert capabilities.durability == Durability.DURABILITY_DISK
    assert response.server_time == timestamp(NOW_US)
    assert words["capabilities"]["features"][0]["featureId"] == "transport.connect"


def test_a_server_with_every_call_has_every_profile() -> None:
    assert profiles(EVERYTHING) == tuple(Profile.values())[1:]


@pytest.mark.parametrize("missing", sorted(EVERYTHING))
def test_a_call_that_is_missing_costs_exactly_its_profile(missing: str) -> None:
    left = set(Profile.values()[1:]) - set(profiles(EVERYTHING - {missing}))

    assert len(left) == 1
    if missing.endswith("/GetExperiment"):
        assert left == {Profile.PROFILE_EXPERIMENT}


def test_what_is_offered_is_what_objects_and_classes_answer() -> None:
    service = "eitp.v1.TelemetryService"

    assert offered({service: Telemetry}) == {f"/{service}/Ingest", f"/{service}/IngestStream"}
    assert offered({service: Telemetry()}) == offered({service: Telemetry})
    assert offered({service: object()}) == frozenset()
    assert set(methods({})) == EVERYTHING


def test_a_description_that_breaks_the_schema_does_not_start() -> None:
    with pytest.raises(ValueError, match=r"^limits\."):
        CapabilityService(description(ProtocolLimits()), EVERYTHING, lambda: NOW_US)
