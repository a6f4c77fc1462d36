"""What was proven to help: one version of one pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from eitp.v1.page_pb2 import PageSection

from eitp_server.bandit.arm_study import Promotion
from eitp_server.bandit.digest import identifier
from eitp_server.bandit.pattern import PatternStatus
from eitp_server.classification.packet import Label
from eitp_server.storage.patterns import SHARED

if TYPE_CHECKING:
    from eitp_server.bandit.lift import Lift
    from eitp_server.bandit.node import Node
    from eitp_server.bandit.pattern import Pattern
    from eitp_server.interventions.definition import InterventionKind

EVERYWHERE: Final = "*"


class Audience(IntEnum):
    """Whose decisions prove it; numbers are those of `eitp.v1.Audience`."""

    TENANT = 1
    SHARED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A pattern as it stands in one version; what changes, changes the version."""

    tenant_id: str
    """`SHARED` for what tenants share."""
    scope: Node
    definition_id: str
    """Empty in a shared pattern."""
    epoch: int
    """The revision at which what the shopper sees was last changed; 0 in a shared pattern."""
    kind: InterventionKind
    life: Pattern
    promotion: Lift
    first_decided_at_us: int
    last_decided_at_us: int
    """The time that `promotion` rests on; both ends are in it."""
    fresh: Lift | None = None
    """From decisions after the promotion; as it was when the version was made."""
    tenants: int | None = None
    """How many are counted in a shared pattern."""
    injection: Lift | None = None
    """What giving it to prompts does; as it was when the version was made."""
    statement: str = ""

    @property
    def pattern_id(self) -> str:
        """The same over all versions, and for the same intervention in the same scope ever."""
        return pattern_id(self.tenant_id, self.scope, self.arm)

    @property
    def audience(self) -> Audience:
        """Whose decisions prove it."""
        return Audience.SHARED if self.tenant_id == SHARED else Audience.TENANT

    @property
    def arm(self) -> str:
        """What is compared with the holdout: an intervention, or a kind of them."""
        return self.definition_id or self.kind.name

    @property
    def is_live(self) -> bool:
        """Whether it may be used."""
        return self.life.is_live

    @property
    def made(self) -> Promotion:
        """The promotion after which it is counted anew."""
        return Promotion(place=self.scope, arm=self.arm, at_us=self.life.promoted_at_us)

    @property
    def quoted(self) -> Lift:
        """The lift to name: the one free of selection as soon as it confirmed the pattern."""
        fresh = self.fresh
        if self.life.status is PatternStatus.CONFIRMED and fresh and fresh.lower_bound is not None:
            return fresh
        return self.promotion

    @property
    def lower_bound(self) -> float:
        """The bound that packets and prompts cite, -1..1."""
        bound = self.quoted.lower_bound
        assert bound is not None
        return min(max(bound, -1.0), 1.0)

    def stated(self, statement: str) -> Proven:
        """Return the pattern with its sentence."""
        return replace(self, statement=statement)


def pattern_id(tenant_id: str, scope: Node, arm: str) -> str:
    """Return the identity of what says that `arm` helps in `scope`."""
    return identifier("pat_", tenant_id, scope_text(scope), arm)


def scope_text(scope: Node) -> str:
    """Return a node as text, as `automotive/frustration/financing`."""
    parts = [scope.vertical]
    if scope.label is not None:
        parts.append(Label(scope.label).name.lower())
    if scope.page_section is not None:
        parts.append(section_name(scope.page_section))
    return "/".join(part for part in parts if part) or EVERYWHERE


def section_name(page_section: int) -> str:
    """Return a `eitp.v1.PageSection` without its prefix and in lower case."""
    name = PageSection.Name(page_section)
    return name.removeprefix("PAGE_SECTION_").lower()
