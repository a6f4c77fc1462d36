"""SessionService: opening and closing sessions."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any, Final

from eitp.v1.session_pb2 import Session
from eitp.v1.session_service_pb2 import (
    CloseSessionRequest,
    CloseSessionResponse,
    OpenSessionRequest,
    OpenSessionResponse,
)

from eitp_server.errors import Forbidden, Reason
from eitp_server.ingest.input import Command, CommandKind
from eitp_server.ingest.intake import POINTERS
from eitp_server.ingest.observer import page_facts
from eitp_server.services.emotion import own_session, unknown_session
from eitp_server.services.moment import duration, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.ingest.inbox import Inbox
    from eitp_server.ingest.input import Opened
    from eitp_server.services.caller import Caller
    from eitp_server.services.tenant import Tenants
    from eitp_server.services.token import Tokens

SAMPLE_INTERVAL_SECONDS: Final = 0.05
BATCH_INTERVAL_SECONDS: Final = 0.5


class SessionService:
    """OpenSession and CloseSession; erasure and export are not offered yet."""

    def __init__(
        self,
        inbox: Inbox,
        tokens: Tokens,
        tenants: Tenants,
        alive: Callable[[str, str], bool],
        now_us: Callable[[], int],
        *,
        secret: bytes,
        idle_us: int,
        holdout_share: float,
    ) -> None:
        """Open through `inbox`; `alive(tenant, session)` tells; `secret` keys all hashes.

        `holdout_share` is that of tenants who did not choose one.
        """
        self._inbox = inbox
        self._tokens = tokens
        self._tenants = tenants
        self._alive = alive
        self._now_us = now_us
        self._secret = secret
        self._idle_us = idle_us
        self._holdout_share = holdout_share

    async def open_session(
        self, request: OpenSessionRequest, caller: Caller
    ) -> OpenSessionResponse:
        """Trade a key for a session and its token."""
        _require_consent(request)
        session_id = self._identity(request, caller)
        opened: Opened = await self._inbox.submit(
            Command(
                tenant_id=caller.tenant_id,
                kind=CommandKind.OPEN_SESSION,
                document=self._document(session_id, request, caller),
            )
        )
        now_us = self._now_us()
        issued = self._tokens.issue(
            tenant_id=caller.tenant_id,
            key_id=caller.key_id,
            session_id=session_id,
            origin=caller.origin,
            now_us=now_us,
        )
        return OpenSessionResponse(
            session=Session(
                session_id=session_id,
                opened_at=timestamp(opened.opened_us),
                consent=request.consent,
                idle_deadline=timestamp(now_us + self._idle_us),
            ),
            session_token=issued.token,
            token_expires_at=timestamp(issued.expires_at_us),
            target_salt=self._keyed("target", caller.tenant_id, "")[:16],
            sample_interval=duration(SAMPLE_INTERVAL_SECONDS),
            batch_interval=duration(BATCH_INTERVAL_SECONDS),
            next_sequence=opened.next_sequence,
        )

    async def close_session(
        self, request: CloseSessionRequest, caller: Caller
    ) -> CloseSessionResponse:
        """End a session."""
        session_id = own_session(request.session_id, caller)
        if self._alive(caller.tenant_id, session_id):
            await self._inbox.submit(
                Command(
                    tenant_id=caller.tenant_id,
                    kind=CommandKind.CLOSE_SESSION,
                    document={"session_id": session_id},
                )
            )
        return CloseSessionResponse()

    def _identity(self, request: OpenSessionRequest, caller: Caller) -> str:
        if request.resume_token:
            claims = self._tokens.verify_for_resume(request.resume_token, self._now_us())
            own = claims.tenant_id == caller.tenant_id
            if not own or not self._alive(claims.tenant_id, claims.session_id):
                raise unknown_session(claims.session_id)
            return claims.session_id
        if request.request_id:
            return "ses_" + self._keyed("session", caller.tenant_id, request.request_id).hex()[:24]
        return "ses_" + secrets.token_hex(12)

    def _document(
        self, session_id: str, request: OpenSessionRequest, caller: Caller
    ) -> dict[str, Any]:
        tenant = self._tenants.facts(caller.tenant_id)
        visitor, page = request.visitor_id, page_facts(request.page)
        visitor_hash = (
            self._keyed("visitor", caller.tenant_id, visitor).hex()[:32] if visitor else ""
        )
        own: dict[str, Any] = {"rules": dict(tenant.rules)} if tenant.rules else {}
        if request.reports_answers:
            own["reports_answers"] = True
        share = tenant.holdout_share
        return {
            **own,
            "session_id": session_id,
            "visitor_hash": visitor_hash,
            "consent_interventions": request.consent.interventions,
            "vertical": tenant.vertical,
            "region": request.region or tenant.region,
            "page_type": page.page_type,
            "cart": page.cart,
            "pointer": request.pointer_type if 0 <= request.pointer_type < POINTERS else 0,
            "holdout_share": self._holdout_share if share is None else share,
        }

    def _keyed(self, purpose: str, tenant_id: str, name: str) -> bytes:
        text = f"{purpose}\x00{tenant_id}\x00{name}".encode()
        return hmac.digest(self._secret, text, hashlib.sha256)


def _require_consent(request: OpenSessionRequest) -> None:
    if request.consent.global_privacy_control:
        message = "the browser sends Global Privacy Control: nothing may be collected"
    elif not request.consent.telemetry:
        message = "consent.telemetry is not given: collect nothing until the shopper agrees"
    else:
        return
    raise Forbidden(Reason.CONSENT_REQUIRED, message, metadata={"field": "consent.telemetry"})
