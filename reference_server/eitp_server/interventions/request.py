"""Changes of a catalogue that were asked for by name, so that each is made once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from eitp_server.errors import Conflict, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eitp_server.interventions.definition import Definition

LIFETIME_US = 86_400_000_000
"""How long a request may be repeated."""


@dataclass(slots=True)
class Made:
    """A change that was made; its answer is a revision that the catalogue keeps."""

    content: str
    """Digest of what was asked for."""
    definition_id: str
    revision: int
    at_us: int | None = None
    """None until the end of the tick that made it."""


class Requests:
    """The named changes of a day, oldest first.

    Time comes at the end of a tick only, so that a replay forgets at the same place in the log.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Made] = {}

    def find(self, tenant_id: str, request_id: str, document: Mapping[str, Any]) -> Made | None:
        """Return the change that was made for this request; None for the first of its name.

        Raises Conflict(REQUEST_ID_REUSED) when the same name asked for something else.
        """
        made = self._made.get((tenant_id, request_id))
        if made and made.content != _content(document):
            raise Conflict(
                Reason.REQUEST_ID_REUSED,
                "request_id: was used for another content; use a new one for each change",
                metadata={"field": "request_id", "request_id": request_id},
            )
        return made

    def keep(
        self, tenant_id: str, request_id: str, document: Mapping[str, Any], answer: Definition
    ) -> None:
        """Remember what was made for a request; one without a name is not remembered."""
        if request_id:
            made = Made(_content(document), answer.definition_id, answer.revision)
            self._made[tenant_id, request_id] = made

    def expire(self, now_us: int) -> None:
        """Date what the tick at `now_us` made, and forget what is past its lifetime."""
        for made in reversed(self._made.values()):
            if made.at_us is not None:
                break
            made.at_us = now_us
        while self._made:
            name, made = next(iter(self._made.items()))
            if made.at_us is None or now_us - made.at_us <= LIFETIME_US:
                return
            del self._made[name]

    def dump(self) -> list[Any]:
        """Return the state as JSON values."""
        return [[*name, *astuple(made)] for name, made in self._made.items()]

    def load(self, state: list[Any]) -> None:
        """Take the state from `dump`."""
        self._made = {
            (tenant_id, request_id): Made(*made) for tenant_id, request_id, *made in state
        }


def _content(document: Mapping[str, Any]) -> str:
    named = json.dumps(document, sort_keys=True).encode()
    return hashlib.blake2b(named, digest_size=16).hexdigest()
