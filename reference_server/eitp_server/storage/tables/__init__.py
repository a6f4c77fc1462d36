"""The schema: one SQLModel class per table, for SQLite and PostgreSQL alike.

Tenant data has keys that lead with `tenant_id`; times are UTC microseconds in columns that end
in `_us`; identifiers are text; a NULL number means unknown, never zero.
"""

from __future__ import annotations

from eitp_server.storage.tables.bookkeeping import IdempotentReply, Meta
from eitp_server.storage.tables.experiment import StudyCheckpoint, StudyVisitor
from eitp_server.storage.tables.feed import (
    Acknowledgement,
    CensoredDecision,
    DeadLetter,
    EmotionalEvent,
    Envelope,
    Forecast,
    Intervention,
    Outcome,
    RecordedDecision,
    StoppedIntervention,
)
from eitp_server.storage.tables.index import (
    IndexBar,
    IndexBase,
    IndexCorrection,
    IndexFeed,
    IndexTick,
)
from eitp_server.storage.tables.intelligence import (
    ContagionItem,
    ContagionMinute,
    ContagionProfile,
    ContagionState,
    ContagionWindow,
    Transfer,
)
from eitp_server.storage.tables.knowledge import CatalogueEntry, PatternOffer, ProvenPattern
from eitp_server.storage.tables.record import Record
from eitp_server.storage.tables.tenancy import ApiKey, Tenant

__all__ = [
    "Acknowledgement",
    "ApiKey",
    "CatalogueEntry",
    "CensoredDecision",
    "ContagionItem",
    "ContagionMinute",
    "ContagionProfile",
    "ContagionState",
    "ContagionWindow",
    "DeadLetter",
    "EmotionalEvent",
    "Envelope",
    "Forecast",
    "IdempotentReply",
    "IndexBar",
    "IndexBase",
    "IndexCorrection",
    "IndexFeed",
    "IndexTick",
    "Intervention",
    "Meta",
    "Outcome",
    "PatternOffer",
    "ProvenPattern",
    "Record",
    "RecordedDecision",
    "StoppedIntervention",
    "StudyCheckpoint",
    "StudyVisitor",
    "Tenant",
    "Transfer",
]
