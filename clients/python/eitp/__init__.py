"""The Python client of the Emotional Intelligence Transfer Protocol."""

from __future__ import annotations

from .client import Client
from .errors import (
    Answer,
    Conflict,
    ConsentRequired,
    CursorLost,
    EITPError,
    Exhausted,
    Forbidden,
    Invalid,
    Missing,
    Refused,
    ServerFault,
    SessionGone,
    TokenExpired,
    Unauthenticated,
    Unavailable,
    Unreachable,
    Unsupported,
    Violation,
)
from .relay import Relay, RelayCount
from .retry import Retry
from .session import Receipt, Session
from .v1.capability_pb2 import Capabilities
from .v1.decision_pb2 import Decision
from .v1.intervention_pb2 import Intervention
from .v1.outcome_pb2 import Outcome
from .v1.packet_pb2 import Packet
from .v1.page_pb2 import PageContext
from .v1.session_pb2 import Consent
from .watch import Item, Lagged, Watch

__all__ = [
    "Answer",
    "Capabilities",
    "Client",
    "Conflict",
    "Consent",
    "ConsentRequired",
    "CursorLost",
    "Decision",
    "EITPError",
    "Exhausted",
    "Forbidden",
    "Intervention",
    "Invalid",
    "Item",
    "Lagged",
    "Missing",
    "Outcome",
    "Packet",
    "PageContext",
    "Receipt",
    "Refused",
    "Relay",
    "RelayCount",
    "Retry",
    "ServerFault",
    "Session",
    "SessionGone",
    "TokenExpired",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "Unsupported",
    "Violation",
    "Watch",
]
