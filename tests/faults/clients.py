"""The clients that act out a script, and remember what a real one would."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.learning import Terms, learn
from eitp_server.bandit.policy_table import Exploration, Goal, document_of
from eitp_server.ingest.input import Command, CommandKind, Telemetry
from eitp_server.interventions.defaults import default_definitions
from eitp_server.interventions.definition import to_json
from faults import script
from faults.telemetry import batch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.ingest.input import Input
    from eitp_server.interventions.policy import Policy
    from eitp_server.storage.log import Writes

START_US: Final = 1_790_000_000_000_000
TENANTS: Final = ("shop", "rival")


class Clients:
    """Turns steps into inputs as the services would."""

    def __init__(self, policy: Policy | None = None) -> None:
        """Learn from `policy`, as the learner beside the server does; without one, nothing."""
        self._policy = policy
        self._document: dict[str, Any] = document_of({}, {})
        """What was learnt last."""
        self._next: defaultdict[int, int] = defaultdict(lambda: 1)
        self._sent: dict[tuple[int, int], bytes] = {}
        self._clock_ms: defaultdict[int, int] = defaultdict(int)
        self._decisions: list[str] = []
        self._interventions: list[tuple[str, str]] = []
        """(session, intervention), oldest first."""

    def input(self, step: script.Step, now_us: int) -> Input:
        """Return the input of a step at log time `now_us`."""
        match step:
            case script.Send():
                return self._telemetry(step, now_us)
            case script.Define():
                return _definition(step)
            case script.Stop():
                kind = CommandKind.STOP_INTERVENTION
                stopped = {"definition_id": step.definition, "metric": step.metric}
                return Command(tenant_id=TENANTS[0], kind=kind, document=stopped)
            case script.Learn():
                kind, learnt = CommandKind.INSTALL_POLICY, self._learnt(step, now_us)
                return Command(tenant_id="", kind=kind, document=learnt)
            case _:
                kind, document = self._command(step, now_us)
                return Command(tenant_id=_tenant(step.session), kind=kind, document=document)

    def note(self, writes: Writes) -> None:
        """Remember what the server decided and sent."""
        self._decisions += [decision.decision_id for decision in writes.decisions]
        self._interventions += [
            (row.session_id, row.intervention_id) for row in writes.interventions
        ]

    def _learnt(self, step: script.Learn, now_us: int) -> Mapping[str, Any]:
        before = self._document
        if self._policy is None:
            return before
        goal = Goal.FIND_BEST if step.find_best else Goal.MOST_SUCCESSES
        exploration = Exploration(goal=goal, floor=0.02 if step.sharing else None)
        terms = Terms(sharing=step.sharing, exploration=exploration)
        document = learn(self._policy.lesson(dict.fromkeys(TENANTS, terms), now_us))
        if document is not None:
            self._document = {**document, "epochs": self._policy.catalogue.epochs()}
        return before if step.ago else self._document

    def _telemetry(self, step: script.Send, now_us: int) -> Telemetry:
        own = "" if step.by_relay else session_id(step.session)
        self._clock_ms[step.session] += step.clock_step_ms
        first = max(self._next[step.session] + step.ahead, 1)
        batches = [
            self._batch(step, sequence, mood, now_us)
            for sequence, mood in enumerate(step.moods, first)
        ]
        if step.ahead < 1_000:
            self._next[step.session] = max(self._next[step.session], first + len(batches))
        return Telemetry(
            tenant_id=_tenant(step.session), session_id=own, batches=batches, wants_progress=True
        )

    def _batch(self, step: script.Send, sequence: int, mood: str, now_us: int) -> bytes:
        sent = self._sent.get((step.session, sequence))
        if sent is not None and not step.altered:
            return sent
        clock_ms = (now_us - START_US) // 1000 + self._clock_ms[step.session] + sequence * 10
        name = session_id(step.session) if step.by_relay else ""
        message = batch(name, sequence, mood=mood, clock_ms=clock_ms)
        payload = message.SerializeToString()
        self._sent.setdefault((step.session, sequence), payload)
        return payload

    def _command(
        self, step: script.Open | script.Close | script.Report | script.Acknowledge, now_us: int
    ) -> tuple[CommandKind, Mapping[str, Any]]:
        name = session_id(step.session)
        match step:
            case script.Open():
                return CommandKind.OPEN_SESSION, _opening(step)
            case script.Close():
                return CommandKind.CLOSE_SESSION, {"session_id": name}
            case script.Report():
                return CommandKind.REPORT_OUTCOME, self._outcome(step, now_us)
            case script.Acknowledge():
                shown, intervention_id = [*self._interventions, (name, "int_never")][0]
                return CommandKind.ACKNOWLEDGE_INTERVENTION, {
                    "session_id": shown,
                    "intervention_id": intervention_id,
                    "disposition": step.disposition,
                }

    def _outcome(self, step: script.Report, now_us: int) -> Mapping[str, Any]:
        name = session_id(step.session)
        return {
            "session_id": "" if step.of_decision else name,
            "decision_id": [*self._decisions, "dec_never"][0] if step.of_decision else "",
            "reported_id": step.name,
            "kind": step.kind,
            "name": "",
            "value_micros": step.value_micros,
            "currency": "EUR" if step.value_micros else "",
            "occurred_at_us": now_us - step.ago_us if step.ago_us else None,
        }


def session_id(session: int) -> str:
    """Return the name of a session."""
    return f"ses_{session}"


def _tenant(session: int) -> str:
    return TENANTS[session % 3 == 2]


def _opening(step: script.Open) -> Mapping[str, Any]:
    return {
        "session_id": session_id(step.session),
        "visitor_hash": f"visitor-{step.session % 2}",
        "consent_interventions": step.consent,
        "vertical": "automotive",
        "region": "US-CA",
        "page_type": step.page_type,
        "cart": step.page_type % 9,
        "pointer": 1,
    }


def _definition(step: script.Define) -> Command:
    tenant_id = TENANTS[0]
    if step.change == "delete":
        document: dict[str, Any] = {"definition_id": step.definition}
        return Command(tenant_id=tenant_id, kind=CommandKind.DELETE_DEFINITION, document=document)
    example = to_json(default_definitions(tenant_id)[0])
    definition = {**example, "definition_id": step.definition, "revision": step.revision}
    if step.title:
        definition["title"] = step.title
    document = {"definition": definition, "replace": step.change == "replace"}
    return Command(tenant_id=tenant_id, kind=CommandKind.PUT_DEFINITION, document=document)
