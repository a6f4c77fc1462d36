"""CapabilityService: what the server offers and the limits it keeps, for whoever asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eitp.v1.capability_pb2 import (
    Capabilities,
    Feature,
    MethodologyVersion,
    Profile,
    ProtocolLimits,
    ServerInfo,
    Stability,
)
from eitp.v1.capability_service_pb2 import GetCapabilitiesRequest, GetCapabilitiesResponse

from eitp_server.services.descriptor import method_path, service_descriptors
from eitp_server.services.moment import timestamp
from eitp_server.services.validation import violations

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from eitp.v1.common_pb2 import Durability

    from eitp_server.services.caller import Caller

NAME: Final = "eitp.v1.CapabilityService"
_EXPERIMENT_CALL: Final = "/eitp.v1.InterventionService/GetExperiment"
_SUBJECT_CALLS: Final = frozenset(
    {"/eitp.v1.SessionService/EraseSubject", "/eitp.v1.SessionService/ExportSubject"}
)
_SERVICES: Final = {
    Profile.PROFILE_CORE: ("CapabilityService",),
    Profile.PROFILE_INGEST: ("SessionService", "TelemetryService"),
    Profile.PROFILE_STATE: ("EmotionService",),
    Profile.PROFILE_INTERVENTION: ("InterventionService",),
    Profile.PROFILE_EXPERIMENT: ("PatternService",),
    Profile.PROFILE_VOLATILITY: ("VolatilityService",),
    Profile.PROFILE_INTELLIGENCE: ("IntelligenceService",),
    Profile.PROFILE_SEER: ("SeerService",),
    Profile.PROFILE_ADMIN: ("AdminService",),
    Profile.PROFILE_SUBJECT_RIGHTS: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The server apart from the calls that it offers."""

    name: str
    version: str
    protocol_revision: str
    """Day of the specification's release, as `2026-11-23`."""
    durability: Durability
    limits: ProtocolLimits
    methodologies: Mapping[str, str] = field(default_factory=dict[str, str])
    """Identity of the formulas in use by subject, as `evi-1.0` by `volatility`."""
    features: Mapping[str, Stability] = field(default_factory=dict[str, Stability])
    """What the server does beyond its profiles, by name."""


class CapabilityService:
    """Answers with one message, made at the start."""

    def __init__(
        self, description: Description, offered: Collection[str], now_us: Callable[[], int]
    ) -> None:
        """Describe a server that answers the paths in `offered`.

        Raises `ValueError` when the description breaks a rule of the schema.
        """
        self._capabilities = _capabilities(description, frozenset(offered))
        self._now_us = now_us
        broken = violations(self._capabilities)
        if broken:
            raise ValueError(f"{broken[0].field}: {broken[0].description}")

    async def get_capabilities(
        self, request: GetCapabilitiesRequest, caller: Caller
    ) -> GetCapabilitiesResponse:
        """Return what the server can do."""
        return GetCapabilitiesResponse(
            capabilities=self._capabilities, server_time=timestamp(self._now_us())
        )


def profiles(offered: Collection[str]) -> tuple[Profile, ...]:
    """Return the profiles whose every call is among the paths in `offered`, ascending."""
    return tuple(p for p in sorted(_SERVICES) if _calls(p) <= frozenset(offered))


def _calls(profile: Profile) -> frozenset[str]:
    calls = {
        method_path(method)
        for service in service_descriptors()
        if service.name in _SERVICES[profile]
        for method in service.methods
    }
    if profile == Profile.PROFILE_EXPERIMENT:
        return frozenset(calls | {_EXPERIMENT_CALL})
    if profile == Profile.PROFILE_SUBJECT_RIGHTS:
        return _SUBJECT_CALLS
    return frozenset(calls - {_EXPERIMENT_CALL} - _SUBJECT_CALLS)


def _capabilities(description: Description, offered: frozenset[str]) -> Capabilities:
    return Capabilities(
        server=ServerInfo(name=description.name, version=description.version),
        protocol_revision=description.protocol_revision,
        profiles=profiles(offered),
        features=[
            Feature(feature_id=name, stability=stability)
            for name, stability in sorted(description.features.items())
        ],
        services=sorted({path.split("/")[1] for path in offered}),
        durability=description.durability,
        limits=description.limits,
        methodologies=[
            MethodologyVersion(subject=subject, methodology_id=identity)
            for subject, identity in sorted(description.methodologies.items())
        ],
    )
