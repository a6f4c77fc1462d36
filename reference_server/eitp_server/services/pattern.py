"""PatternService: what is proven to help, for whoever may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eitp.v1.audience_pb2 import Audience
from eitp.v1.pattern_pb2 import PatternStatus
from eitp.v1.pattern_service_pb2 import (
    GetPatternRequest,
    GetPatternResponse,
    ListPatternsRequest,
    ListPatternsResponse,
)

from eitp_server.errors import Missing, Reason
from eitp_server.interventions.archive import LIVE
from eitp_server.interventions.pattern_document import read
from eitp_server.services.page import Listing, position
from eitp_server.storage.patterns import PatternFilter

if TYPE_CHECKING:
    from collections.abc import Callable

    from eitp_server.interventions.knowledge import Knowledge
    from eitp_server.services.caller import Caller
    from eitp_server.storage.patterns import Patterns

_ANY_STATUS: Final = PatternStatus.PATTERN_STATUS_UNSPECIFIED
_ANY_AUDIENCE: Final = Audience.AUDIENCE_UNSPECIFIED


class PatternService:
    """Lists the tenant's own patterns, and the shared ones when it pools."""

    def __init__(
        self,
        patterns: Patterns,
        knowledge: Knowledge,
        sharing: Callable[[str], bool],
        now_us: Callable[[], int],
    ) -> None:
        """Read from `patterns`; `sharing` says whether a tenant pools."""
        self._patterns = patterns
        self._knowledge = knowledge
        self._sharing = sharing
        self._now_us = now_us

    async def list_patterns(
        self, request: ListPatternsRequest, caller: Caller
    ) -> ListPatternsResponse:
        """List patterns in their newest version, newest promotion first."""
        listing = Listing("ListPatterns", _filters(request))
        page = listing.page(request.page_size, request.page_token, default=50, most=200)
        found = await self._patterns.page(
            caller.tenant_id, page.size, after=position(page), wanted=self._wanted(request, caller)
        )
        after = found.next
        return ListPatternsResponse(
            patterns=map(read, found.items),
            next_page_token=listing.token(f"{after.at_us} {after.key}") if after else "",
            patterns_version=self._knowledge.version(caller.tenant_id),
        )

    async def get_pattern(self, request: GetPatternRequest, caller: Caller) -> GetPatternResponse:
        """Return a pattern in its newest version."""
        shared = self._sharing(caller.tenant_id)
        found = await self._patterns.get(caller.tenant_id, request.pattern_id, shared=shared)
        if found is None:
            raise Missing(
                Reason.RESOURCE_UNKNOWN,
                "There is no such pattern that this tenant may read.",
                metadata={"pattern_id": request.pattern_id},
            )
        return GetPatternResponse(pattern=read(found))

    def _wanted(self, request: ListPatternsRequest, caller: Caller) -> PatternFilter:
        in_use = request.status == _ANY_STATUS and not request.include_past
        chosen = () if request.status == _ANY_STATUS else (request.status,)
        audience = request.audience
        own = audience in {_ANY_AUDIENCE, Audience.AUDIENCE_TENANT}
        shared = audience in {_ANY_AUDIENCE, Audience.AUDIENCE_SHARED}
        return PatternFilter(
            statuses=[int(status) for status in LIVE] if in_use else chosen,
            in_use_at_us=self._now_us() if in_use else None,
            own=own,
            shared=shared and self._sharing(caller.tenant_id),
            vertical=request.vertical,
            label=request.label,
            page_section=request.page_section,
            definition_id=request.definition_id,
            kind=request.kind,
        )


def _filters(request: ListPatternsRequest) -> tuple[str, ...]:
    named = (
        request.status,
        request.include_past,
        request.audience,
        request.vertical,
        request.label,
        request.page_section,
        request.definition_id,
        request.kind,
    )
    return tuple(map(str, named))
