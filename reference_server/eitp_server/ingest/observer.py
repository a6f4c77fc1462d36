"""From events to packets: fold the signals, estimate the states, emit what crossed the gate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eitp_server.classification.estimator import (
    ESTIMATOR_VERSION,
    ContextColumns,
    StateTable,
    estimate,
)
from eitp_server.classification.gate import GateTable, crossing, emit
from eitp_server.classification.packet import (
    AbstainReason,
    Context,
    Evidence,
    Label,
    Packet,
    Signal,
    Source,
)
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.signal import RULE_VERSIONS
from eitp_server.signals.tables import SignalTables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eitp.v1.page_pb2 import PageContext
    from numpy.typing import NDArray

    from eitp_server.classification.estimator import States
    from eitp_server.ingest.session_table import SessionColumns, SessionInfo, Sessions
    from eitp_server.signals.event import Events
    from eitp_server.signals.fold import EvidenceColumns

VALID_US: Final = 30_000_000
"""How long a packet may be acted on."""
WINDOW_MS: Final = 10_000
MAX_EVIDENCE: Final = 8
_OTHER_PAGE: Final = 13
_ABOVE_CART: Final = 8
