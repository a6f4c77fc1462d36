"""InterventionService: delivery, acknowledgements, outcomes, the catalogue, decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eitp.v1.cursor_pb2 import Heartbeat, Lagged
from eitp.v1.intervention_service_pb2 import (
    AcknowledgeInterventionRequest,
    AcknowledgeInterventionResponse,
    CreateInterventionDefinitionRequest,
    CreateInterventionDefinitionResponse,
    DeleteInterventionDefinitionRequest,
    DeleteInterventionDefinitionResponse,
    GetExperimentRequest,
    GetExperimentResponse,
    GetInterventionDefinitionRequest,
    GetInterventionDefinitionResponse,
    ListDecisionsRequest,
    ListDecisionsResponse,
    ListInterventionDefinitionsRequest,
    ListInterventionDefinitionsResponse,
    ReportOutcomeRequest,
    ReportOutcomeResponse,
    UpdateInterventionDefinitionRequest,
    UpdateInterventionDefinitionResponse,
    WatchInterventionsRequest,
    WatchInterventionsResponse,
)

from eitp_server.errors import Invalid, Missing, Reason, Violation
from eitp_server.ingest.input import Command, CommandKind
from eitp_server.services.decision import decision_message
from eitp_server.services.definition import (
    definition_document,
    definition_message,
    intervention_message,
)
from eitp_server.services.emotion import own_session
from eitp_server.services.experiment_message import experiment_message
from eitp_server.services.moment import microseconds
from eitp_server.services.page import Listing, position

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from eitp.v1.intervention_pb2 import Intervention, InterventionDefinition

    from eitp_server.ingest.inbox import Inbox
    from eitp_server.interventions.policy import Policy
    from eitp_server.services.caller import Caller
    from eitp_server.services.experiment import Experiments
    from eitp_server.services.watch import Watch
    from eitp_server.storage.log import InterventionRow
    from eitp_server.storage.queries import Queries

_CATALOGUE: Final = Listing("ListInterventionDefinitions")


class InterventionService:
    """Everything about interventions."""

    def __init__(
        self,
        inbox: Inbox,
        watch: Watch,
        policy: Callable[[], Policy],
        queries: Queries,
        experiments: Experiments,
        now_us: Callable[[], int],
    ) -> None:
        """Change through `inbox`; read from `policy()`, `queries` and `experiments`."""
        self._inbox = inbox
        self._watch = watch
        self._policy = policy
        self._queries = queries
        self._experiments = experiments
        self._now_us = now_us

    async def watch_interventions(
        self, request: WatchInterventionsRequest, caller: Caller
    ) -> AsyncGenerator[WatchInterventionsResponse]:
        """Stream interventions; for a session, first those that are still to be shown."""
        session_id = own_session(request.session_id, caller)
        after = self._watch.start(caller.tenant_id, request.cursor, request.start)
        if caller.session_id and not request.cursor:
            after = self._watch.newest()
            for row in self._pending(caller.tenant_id, session_id, after):
                yield WatchInterventionsResponse(
                    cursor=self._watch.cursor(caller.tenant_id, row.number),
                    intervention=self._message(row),
                )
        items = self._watch.follow(caller.tenant_id, after, session_id, request.mode)
        async for cursor, item in items:
            if isinstance(item, Heartbeat):
                yield WatchInterventionsResponse(heartbeat=item)
            elif isinstance(item, Lagged):
                yield WatchInterventionsResponse(lagged=item)
            else:
                yield WatchInterventionsResponse(cursor=cursor, intervention=self._message(item))

    async def acknowledge_intervention(
        self, request: AcknowledgeInterventionRequest, caller: Caller
    ) -> AcknowledgeInterventionResponse:
        """Keep what became of an intervention."""
        document = {
            "session_id": own_session(request.session_id, caller),
            "intervention_id": request.intervention_id,
            "disposition": request.disposition,
        }
        await self._submit(caller, CommandKind.ACKNOWLEDGE_INTERVENTION, document)
        return AcknowledgeInterventionResponse()

    async def report_outcome(
        self, request: ReportOutcomeRequest, caller: Caller
    ) -> ReportOutcomeResponse:
        """Credit an outcome to a decision."""
        outcome = request.outcome
        session_id = own_session(outcome.session_id, caller)
        if not session_id and not outcome.decision_id:
            raise _nobody()
        occurred = outcome.occurred_at if outcome.HasField("occurred_at") else None
        document = {
            "session_id": session_id,
            "decision_id": outcome.decision_id,
            "reported_id": outcome.outcome_id,
            "kind": outcome.kind,
            "name": outcome.name,
            "value_micros": outcome.value_micros,
            "currency": outcome.currency,
            "occurred_at_us": None if occurred is None else microseconds(occurred),
        }
        reported = await self._submit(caller, CommandKind.REPORT_OUTCOME, document)
        return ReportOutcomeResponse(
            decision_id=reported.row.decision_id, duplicate=reported.duplicate
        )

    async def create_intervention_definition(
        self, request: CreateInterventionDefinitionRequest, caller: Caller
    ) -> CreateInterventionDefinitionResponse:
        """Add an entry to the catalogue."""
        return CreateInterventionDefinitionResponse(
            definition=await self._put(request, caller, replace=False)
        )

    async def update_intervention_definition(
        self, request: UpdateInterventionDefinitionRequest, caller: Caller
    ) -> UpdateInterventionDefinitionResponse:
        """Replace an entry of the catalogue."""
        return UpdateInterventionDefinitionResponse(
            definition=await self._put(request, caller, replace=True)
        )

    async def delete_intervention_definition(
        self, request: DeleteInterventionDefinitionRequest, caller: Caller
    ) -> DeleteInterventionDefinitionResponse:
        """Remove an entry of the catalogue."""
        document = {"definition_id": request.definition_id}
        await self._submit(caller, CommandKind.DELETE_DEFINITION, document)
        return DeleteInterventionDefinitionResponse()

    async def get_intervention_definition(
        self, request: GetInterventionDefinitionRequest, caller: Caller
    ) -> GetInterventionDefinitionResponse:
        """Return an entry of the catalogue."""
        found = self._policy().catalogue.get(caller.tenant_id, request.definition_id)
        return GetInterventionDefinitionResponse(definition=definition_message(found))

    async def list_intervention_definitions(
        self, request: ListInterventionDefinitionsRequest, caller: Caller
    ) -> ListInterventionDefinitionsResponse:
        """List the catalogue by identity."""
        page = _CATALOGUE.page(request.page_size, request.page_token, default=50, most=200)
        found = self._policy().catalogue.definitions(caller.tenant_id)
        rest = [item for item in found if item.definition_id > page.after]
        shown = rest[: page.size]
        more = len(rest) > page.size
        return ListInterventionDefinitionsResponse(
            definitions=[definition_message(item) for item in shown],
            next_page_token=_CATALOGUE.token(shown[-1].definition_id) if more else "",
        )

    async def list_decisions(
        self, request: ListDecisionsRequest, caller: Caller
    ) -> ListDecisionsResponse:
        """List decisions, newest first."""
        listing = Listing("ListDecisions", (request.session_id,))
        page = listing.page(request.page_size, request.page_token, default=50, most=500)
        found = await self._queries.decisions(
            caller.tenant_id, page.size, after=position(page), session_id=request.session_id
        )
        decision_ids = [item.decision_id for item in found.items]
        delivered = await self._queries.delivered(caller.tenant_id, decision_ids)
        return ListDecisionsResponse(
            decisions=[
                decision_message(item, delivered=item.decision_id in delivered)
                for item in found.items
            ],
            next_page_token=listing.token(f"{found.next.at_us} {found.next.key}")
            if found.next
            else "",
        )

    async def get_experiment(
        self, request: GetExperimentRequest, caller: Caller
    ) -> GetExperimentResponse:
        """Say what the running experiment allows to conclude."""
        findings = await self._experiments.examine(caller.tenant_id, request.definition_id)
        return GetExperimentResponse(experiment=experiment_message(findings))

    async def _put(
        self,
        request: CreateInterventionDefinitionRequest | UpdateInterventionDefinitionRequest,
        caller: Caller,
        *,
        replace: bool,
    ) -> InterventionDefinition:
        document = {
            "definition": definition_document(request.definition),
            "replace": replace,
            "request_id": request.request_id,
        }
        kept = await self._submit(caller, CommandKind.PUT_DEFINITION, document)
        return definition_message(kept)

    async def _submit(self, caller: Caller, kind: CommandKind, document: dict[str, Any]) -> Any:
        command = Command(tenant_id=caller.tenant_id, kind=kind, document=document)
        return await self._inbox.submit(command)

    def _pending(self, tenant_id: str, session_id: str, through: int) -> Sequence[InterventionRow]:
        pending = self._policy().pending(tenant_id, session_id, self._now_us())
        return [row for row in pending if row.number <= through]

    def _message(self, row: InterventionRow) -> Intervention:
        catalogue = self._policy().catalogue
        try:
            definition = catalogue.get(row.tenant_id, row.definition_id, row.definition_revision)
        except Missing:
            definition = catalogue.get(row.tenant_id, row.definition_id)
        return intervention_message(row, definition)


def _nobody() -> Invalid:
    message = "outcome: names neither a session nor a decision; give one of the two"
    violation = Violation("outcome.session_id", "outcome.session_or_decision", message)
    return Invalid(Reason.FIELD_INVALID, message, violations=(violation,))
