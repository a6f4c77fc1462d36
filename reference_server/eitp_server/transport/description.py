"""What the server says of itself in GetCapabilities: every limit, from where it is kept."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final, cast

from eitp.v1.capability_pb2 import ProtocolLimits, Stability

from eitp_server.bandit.study import METHODOLOGY as EXPERIMENT
from eitp_server.classification.estimator import ESTIMATOR_VERSION
from eitp_server.classification.gate import HOURLY
from eitp_server.classification.hypothesis import METHODOLOGY
from eitp_server.classification.risk import RISK_MODEL
from eitp_server.ingest.admission import MAX_WAITING, WAIT_US
from eitp_server.ingest.columns import MAX_EVENTS, MAX_TARGETS
from eitp_server.ingest.contagion.analysis import METHODOLOGY as CONTAGION
from eitp_server.ingest.feed import HEARTBEAT_SECONDS
from eitp_server.ingest.reducer import IDLE_US
from eitp_server.ingest.session_table import DIGESTS
from eitp_server.interventions.transfer_finding import METHODOLOGY as TRANSFER
from eitp_server.services.capability import Description
from eitp_server.services.moment import duration
from eitp_server.services.telemetry import MAX_BATCHES
from eitp_server.transport.call import Limits
from eitp_server.transport.grpc_server import KEEPALIVE_INTERVAL_MS, MAX_STREAMS_PER_CONNECTION
from eitp_server.volatility.methodology import DRAFT

if TYPE_CHECKING:
    from eitp.v1.common_pb2 import Durability

PROTOCOL_REVISION: Final = "2026-11-23"
_DAY_SECONDS: Final = 86_400


def describe(durability: int, token_lifetime_seconds: int) -> Description:
    """Return the description of a server with this durability and life of session tokens."""
    limits = Limits()
    return Description(
        name="eitp-server",
        version=version("eitp"),
        protocol_revision=PROTOCOL_REVISION,
        durability=cast("Durability", durability),
        limits=ProtocolLimits(
            max_message_bytes=limits.session_message_bytes,
            max_batches_per_message=MAX_BATCHES,
            max_events_per_batch=MAX_EVENTS,
            max_targets_per_batch=MAX_TARGETS,
            reorder_window=duration(WAIT_US / 1e6),
            reorder_window_batches=MAX_WAITING,
            duplicate_content_window=DIGESTS,
            emotional_events_per_hour=HOURLY,
            session_idle_timeout=duration(IDLE_US / 1e6),
            session_token_lifetime=duration(token_lifetime_seconds),
            keepalive_interval=duration(KEEPALIVE_INTERVAL_MS / 1e3),
            heartbeat_interval=duration(HEARTBEAT_SECONDS),
            request_id_lifetime=duration(_DAY_SECONDS),
            attribution_window=duration(_DAY_SECONDS),
            max_deadline=duration(limits.unary_seconds),
            max_streams_per_connection=MAX_STREAMS_PER_CONNECTION,
        ),
        methodologies={
            "abandonment_risk": RISK_MODEL,
            "contagion": CONTAGION,
            "estimator": ESTIMATOR_VERSION,
            "experiment": EXPERIMENT,
            "hypothesis": METHODOLOGY,
            "transfer": TRANSFER,
            "volatility": DRAFT.methodology_id,
        },
        features={"telemetry.include_packets": Stability.STABILITY_EXPERIMENTAL},
    )
