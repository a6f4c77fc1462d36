"""All that the policy remembers, and how a snapshot keeps it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from eitp_server.bandit.lines import as_bytes, lines_of
from eitp_server.bandit.policy_table import PolicyTable
from eitp_server.bandit.tally import Tallies
from eitp_server.interventions.catalogue import Catalogue
from eitp_server.interventions.earlier_tallies import frame_of
from eitp_server.interventions.eligibility import MICROSECONDS
from eitp_server.interventions.holdout import Holdouts
from eitp_server.interventions.request import Requests
from eitp_server.interventions.stops import Stops
from eitp_server.interventions.visits import Visits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eitp_server.interventions.policy_terms import Settings

FORMAT: Final = 4
_TALLIES_AS_LINES: Final = 3
_BEFORE_TALLIES: Final = 2
_TALLIES: Final = "tallies."


class PolicyState:
    """The state; the policy's methods change it, and this class keeps it together."""

    def __init__(self, settings: Settings) -> None:
        self.catalogue = Catalogue()
        self.holdouts = Holdouts(settings.experiment)
        self.requests = Requests()
        self.table = PolicyTable()
        self.tallies = Tallies(
            window_us=settings.attribution_seconds * MICROSECONDS,
            half_life_us=settings.half_life_seconds * MICROSECONDS,
        )
        self.visits = Visits(settings.retention_seconds * MICROSECONDS)
        self.stops = Stops()
        self.last_number = 0
        """Of the interventions chosen so far."""

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the whole state; the same calls in the same order give the same bytes.

        `lines` is JSON: a head, which says how many lines of the policy table follow, then these,
        then the visits. The other arrays are those of the tallies.
        """
        table = self.table.dump()
        head = {
            "format": FORMAT,
            "last_number": self.last_number,
            "catalogue": self.catalogue.dump(),
            "requests": self.requests.dump(),
            "holdouts": self.holdouts.dump(),
            "stops": self.stops.dump(),
            "table": len(table),
        }
        lines = as_bytes((json.dumps(head), *table, *self.visits.dump()))
        tallies = {f"{_TALLIES}{name}": array for name, array in self.tallies.dump().items()}
        return {"lines": lines, **tallies}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take the state from `dump`. Raises ValueError for another format."""
        first, *lines = lines_of(arrays["lines"])
        head = json.loads(first)
        if head["format"] not in (FORMAT, _TALLIES_AS_LINES, _BEFORE_TALLIES):
            raise ValueError(f"policy has format {head['format']}, not {FORMAT}")
        self.catalogue.load(head["catalogue"])
        self.requests.load(head["requests"])
        self.last_number = head["last_number"]
        if head["format"] == _BEFORE_TALLIES:
            # It counted in another way, and its sessions are over: what is left is the catalogue.
            return
        self.holdouts.load(head["holdouts"])
        self.stops.load(head["stops"])
        if head["format"] == _TALLIES_AS_LINES:
            count = head["tallies"]
            self.tallies.load(frame_of(lines[:count]).as_arrays())
            lines = lines[count:]
        else:
            self.tallies.load(
                {
                    name.removeprefix(_TALLIES): array
                    for name, array in arrays.items()
                    if name.startswith(_TALLIES)
                }
            )
        self.table.load(lines[: head["table"]])
        self.visits.load(lines[head["table"] :])
