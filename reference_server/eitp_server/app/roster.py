"""The services that the server offers, by the names of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eitp_server.ingest.classify import classify
from eitp_server.ingest.reducer import IDLE_US
from eitp_server.interventions.proving import is_sharing
from eitp_server.services.capability import NAME as CAPABILITY
from eitp_server.services.capability import CapabilityService
from eitp_server.services.cursor import Cursors, FeedKind
from eitp_server.services.emotion import EmotionService
from eitp_server.services.experiment import Experiments
from eitp_server.services.hypothesis import examine
from eitp_server.services.intervention import InterventionService
from eitp_server.services.pattern import PatternService
from eitp_server.services.session import SessionService
from eitp_server.services.telemetry import TelemetryService
from eitp_server.services.validation import violations
from eitp_server.services.watch import Watch
from eitp_server.storage.forecasts import KeptForecasts
from eitp_server.storage.queries import Queries
from eitp_server.transport.description import describe
from eitp_server.transport.method import offered

if TYPE_CHECKING:
    from eitp_server.app.beside import Beside
    from eitp_server.app.core import Core
    from eitp_server.app.stores import Stores
    from eitp_server.classification.packet import Packet
    from eitp_server.config import Settings
    from eitp_server.services.caller import Caller
    from eitp_server.services.token import Tokens
    from eitp_server.transport.keyring import Keyring


def roster(
    settings: Settings, stores: Stores, core: Core, beside: Beside, tokens: Tokens, keyring: Keyring
) -> dict[str, object]:
    """Return every service."""
    services: dict[str, object] = {
        **_telemetry(settings, stores, core, tokens, keyring),
        **_interventions(settings, stores, core, beside),
        "eitp.v1.IntelligenceService": beside.learned.service,
        "eitp.v1.VolatilityService": beside.index.service,
    }
    calls = offered({**services, CAPABILITY: CapabilityService})
    description = describe(stores.log.durability, settings.token_lifetime_seconds)
    services[CAPABILITY] = CapabilityService(description, calls, core.now_us)
    return services


def _telemetry(
    settings: Settings, stores: Stores, core: Core, tokens: Tokens, keyring: Keyring
) -> dict[str, object]:
    forecasts = KeptForecasts(stores.database)

    def current(tenant_id: str, session_id: str) -> Packet | None:
        return core.reducer.current(tenant_id, session_id, core.now_us())

    def alive(tenant_id: str, session_id: str) -> bool:
        return core.reducer.sessions.find(tenant_id, session_id) is not None

    def refreshed(caller: Caller) -> str:
        return tokens.refreshed(caller, core.now_us())

    return {
        "eitp.v1.TelemetryService": TelemetryService(core.inbox, current, refreshed),
        "eitp.v1.SessionService": SessionService(
            core.inbox,
            tokens,
            keyring,
            alive,
            core.now_us,
            secret=stores.secret,
            idle_us=IDLE_US,
            holdout_share=settings.holdout_share,
        ),
        "eitp.v1.EmotionService": EmotionService(
            Watch(core.packets, Cursors(FeedKind.PACKETS, stores.log.incarnation), core.now_us),
            current,
            lambda batches, page: classify(batches, page, violations, core.now_us()),
            lambda tenant_id: examine(forecasts, tenant_id, core.now_us()),
        ),
    }


def _interventions(
    settings: Settings, stores: Stores, core: Core, beside: Beside
) -> dict[str, object]:
    cursors = Cursors(FeedKind.INTERVENTIONS, stores.log.incarnation)
    return {
        "eitp.v1.InterventionService": InterventionService(
            core.inbox,
            Watch(core.interventions, cursors, core.now_us),
            lambda: core.policy,
            Queries(stores.database),
            Experiments(
                beside.proving.analyst,
                lambda: core.policy,
                stores.tenant,
                core.now_us,
                holdout_share=settings.holdout_share,
            ),
            core.now_us,
        ),
        "eitp.v1.PatternService": PatternService(
            beside.proving.patterns,
            beside.proving.knowledge,
            lambda tenant_id: is_sharing(stores.accounts.tenants, tenant_id),
            core.now_us,
        ),
    }
