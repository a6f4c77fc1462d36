"""What a holder of a key and a holder of a session's token can both ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .v1.emotion_service_pb2 import GetStateRequest
from .v1.emotion_service_pb2_grpc import EmotionServiceStub
from .v1.intervention_service_pb2 import (
    AcknowledgeInterventionRequest,
    ReportOutcomeRequest,
    WatchInterventionsRequest,
)
from .v1.intervention_service_pb2_grpc import InterventionServiceStub
from .watch import PATIENCE, Watch

if TYPE_CHECKING:
    from .connection import Connection, Credential, Metadata
    from .v1.intervention_pb2 import Intervention, InterventionDisposition
    from .v1.intervention_service_pb2 import ReportOutcomeResponse
    from .v1.outcome_pb2 import Outcome
    from .v1.packet_pb2 import Packet
    from .watch import StreamCall


class Caller:
    """A credential on a connection."""

    def __init__(self, connection: Connection, credential: Credential) -> None:
        self._connection = connection
        self._credential = credential
        self._emotion = EmotionServiceStub(connection.channel)
        self._intervention = InterventionServiceStub(connection.channel)

    async def state(self, session_id: str = "") -> Packet:
        """Return what the server believes about a session right now.

        `session_id` may stay empty with a session's token. Raises SessionGone.
        """
        request = GetStateRequest(session_id=session_id)
        response = await self._connection.call(self._emotion.GetState, request, self._credential)
        return response.packet

    async def report_outcome(self, outcome: Outcome) -> ReportOutcomeResponse:
        """Report what came of a session; the same outcome counts once, however often reported.

        `outcome.session_id` may stay empty with a session's token. The answer says which decision
        it was credited to. Raises Conflict when it was reported before with other content.
        """
        return await self._connection.call(
            self._intervention.ReportOutcome,
            ReportOutcomeRequest(outcome=outcome),
            self._credential,
        )

    async def acknowledge(
        self, intervention_id: str, disposition: InterventionDisposition, *, session_id: str = ""
    ) -> None:
        """Say what became of an intervention on the page; repeating it changes nothing.

        `session_id` may stay empty with a session's token.
        """
        await self._connection.call(
            self._intervention.AcknowledgeIntervention,
            AcknowledgeInterventionRequest(
                intervention_id=intervention_id, disposition=disposition, session_id=session_id
            ),
            self._credential,
        )

    def _watch_interventions(
        self,
        request: WatchInterventionsRequest,
        *,
        cursor: bytes = b"",
        patience: float = PATIENCE,
    ) -> Watch[Intervention]:
        def opened(cursor: bytes, metadata: Metadata) -> StreamCall:
            request.cursor = cursor
            return self._intervention.WatchInterventions(request, metadata=metadata)

        return Watch(self._connection, self._credential, opened, cursor=cursor, patience=patience)
