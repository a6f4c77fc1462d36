"""What each tenant may show: definitions with all their revisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eitp_server.errors import Conflict, Missing, Reason
from eitp_server.interventions.defaults import default_definitions
from eitp_server.interventions.definition import Definition, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    revisions: tuple[Definition, ...]
    """Ascending; kept, because what was shown can be asked for later."""
    deleted: bool = False


class Catalogue:
    """The definitions of all tenants; a tenant that changed nothing has the default eight."""

    def __init__(self) -> None:
        self._tenants: dict[str, Mapping[str, _Entry]] = {}
        self._current: dict[str, tuple[Definition, ...]] = {}
        """What `definitions` answered before; no part of the state."""

    def definitions(self, tenant_id: str) -> tuple[Definition, ...]:
        """Return the tenant's definitions by identity."""
        found = self._current.get(tenant_id)
        if found is None:
            entries = sorted(self._entries(tenant_id).items())
            found = tuple(entry.revisions[-1] for _, entry in entries if not entry.deleted)
            self._current[tenant_id] = found
        return found

    def epochs(self) -> dict[str, dict[str, int]]:
        """Return by tenant what shows something else than at first, and since which revision."""
        changed: dict[str, dict[str, int]] = {}
        for tenant_id in self._tenants:
            for item in self.definitions(tenant_id):
                if item.epoch > 1:
                    changed.setdefault(tenant_id, {})[item.definition_id] = item.epoch
        return changed

    def get(self, tenant_id: str, definition_id: str, revision: int = 0) -> Definition:
        """Return a definition as it is, or as it was at `revision` even if it is deleted by now.

        Raises Missing(DEFINITION_UNKNOWN).
        """
        entry = self._entries(tenant_id).get(definition_id)
        if entry and not revision and not entry.deleted:
            return entry.revisions[-1]
        if entry and 1 <= revision <= len(entry.revisions):
            return entry.revisions[revision - 1]
        raise Missing(
            Reason.DEFINITION_UNKNOWN,
            "the tenant's catalogue has no such intervention",
            metadata={"definition_id": definition_id},
        )

    def create(self, definition: Definition) -> Definition:
        """Add a definition and return it with its revision.

        A deleted identity may be used again; its revisions go on. Raises
        Conflict(DEFINITION_EXISTS).
        """
        entry = self._entries(definition.tenant_id).get(definition.definition_id)
        if entry and not entry.deleted:
            raise Conflict(
                Reason.DEFINITION_EXISTS,
                "the tenant's catalogue already has an intervention of that name",
                metadata={"definition_id": definition.definition_id},
            )
        return self._append(definition, entry.revisions if entry else ())

    def replace(self, definition: Definition) -> Definition:
        """Put `definition` in the place of the one that its writer read, and return it.

        `definition.revision` is the revision that was read; 0 replaces whatever is there. Raises
        Missing(DEFINITION_UNKNOWN) and Conflict(REVISION_MISMATCH).
        """
        current = self.get(definition.tenant_id, definition.definition_id)
        if definition.revision not in {0, current.revision}:
            raise Conflict(
                Reason.REVISION_MISMATCH,
                "the intervention was changed since it was read; read it again",
                metadata={
                    "definition_id": definition.definition_id,
                    "sent": str(definition.revision),
                    "current": str(current.revision),
                },
            )
        entries = self._entries(definition.tenant_id)
        return self._append(definition, entries[definition.definition_id].revisions)

    def delete(self, tenant_id: str, definition_id: str) -> None:
        """Remove a definition; its revisions can still be read. Raises Missing."""
        self.get(tenant_id, definition_id)
        entries = self._entries(tenant_id)
        kept = replace(entries[definition_id], deleted=True)
        self._put(tenant_id, {**entries, definition_id: kept})

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values; equal states give equal values, order included."""
        return {
            "format": FORMAT,
            "tenants": [
                [tenant_id, [_to_json(entry) for _, entry in sorted(entries.items())]]
                for tenant_id, entries in sorted(self._tenants.items())
            ],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take the state from `dump`. Raises ValueError for another format."""
        if state["format"] != FORMAT:
            raise ValueError(f"catalogue has format {state['format']}, not {FORMAT}")
        self._tenants, self._current = {}, {}
        for tenant_id, rows in state["tenants"]:
            self._put(tenant_id, _by_identity(map(_from_json, rows)))

    def _entries(self, tenant_id: str) -> Mapping[str, _Entry]:
        found = self._tenants.get(tenant_id)
        return _default_entries(tenant_id) if found is None else found

    def _append(self, definition: Definition, revisions: tuple[Definition, ...]) -> Definition:
        revision = len(revisions) + 1
        same = bool(revisions) and revisions[-1].appearance == definition.appearance
        epoch = revisions[-1].epoch if same else revision
        kept = replace(definition, revision=revision, epoch=epoch)
        entries = self._entries(kept.tenant_id)
        self._put(kept.tenant_id, {**entries, kept.definition_id: _Entry((*revisions, kept))})
        return kept

    def _put(self, tenant_id: str, entries: Mapping[str, _Entry]) -> None:
        self._tenants[tenant_id] = entries
        self._current.pop(tenant_id, None)


@lru_cache(maxsize=4096)
def _default_entries(tenant_id: str) -> Mapping[str, _Entry]:
    return _by_identity(_Entry((item,)) for item in default_definitions(tenant_id))


def _by_identity(entries: Iterable[_Entry]) -> dict[str, _Entry]:
    return {entry.revisions[0].definition_id: entry for entry in entries}


def _to_json(entry: _Entry) -> dict[str, Any]:
    return {"revisions": [to_json(item) for item in entry.revisions], "deleted": entry.deleted}


def _from_json(state: Mapping[str, Any]) -> _Entry:
    return _Entry(tuple(from_json(item) for item in state["revisions"]), state["deleted"])
