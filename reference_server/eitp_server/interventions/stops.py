"""What guardrails took out of the choice, until what it shows the shopper is changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from eitp_server.storage.log import StoppedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eitp_server.interventions.definition import Definition


class Stops:
    """The stops of all tenants, each of one epoch of an intervention."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], StoppedRow] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def stop(self, definition: Definition, metric: int, now_us: int) -> StoppedRow:
        """Stop `definition` as it is now; one that is stopped already stays as it was stopped."""
        name = definition.tenant_id, definition.definition_id
        known = self._rows.get(name)
        if known is not None and known.epoch == definition.epoch:
            return known
        row = self._rows[name] = StoppedRow(
            tenant_id=definition.tenant_id,
            definition_id=definition.definition_id,
            epoch=definition.epoch,
            metric=metric,
            at_us=now_us,
        )
        return row

    def holding(self, definitions: Iterable[Definition]) -> dict[str, StoppedRow]:
        """Return the stops that hold for `definitions` as they are now, by identity."""
        return {
            item.definition_id: row
            for item in definitions
            if (row := self._rows.get((item.tenant_id, item.definition_id))) is not None
            and row.epoch == item.epoch
        }

    def dump(self) -> list[dict[str, Any]]:
        """Return the stops as JSON values; equal stops give equal values, order included."""
        return [asdict(row) for _, row in sorted(self._rows.items())]

    def load(self, state: Sequence[dict[str, Any]]) -> None:
        """Take over what `dump` returned."""
        rows = [StoppedRow(**row) for row in state]
        self._rows = {(row.tenant_id, row.definition_id): row for row in rows}
