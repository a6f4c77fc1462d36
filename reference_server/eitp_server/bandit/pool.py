"""Evidence that several tenants make up together, in which none of them can be read.

A shared number counts at least five tenants, none of them with more than a quarter of the units.
A tenant that is larger than the others contributes only as many visitors as that allows: whether
one is counted depends on how many were counted before, and never on what became of them, so that
the bounds hold for those who are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from eitp_server.bandit.evidence import Evidence, seen_from, seen_over_nothing, stratum_of
from eitp_server.bandit.node import nodes_above
from eitp_server.bandit.scope import LEAST_TENANTS, MOST_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eitp_server.bandit.arm_study import Promotion
    from eitp_server.bandit.decision import Decision
    from eitp_server.bandit.node import Node
    from eitp_server.bandit.pseudo_outcome import Unit
    from eitp_server.bandit.trial import Trial

FIRST_UNITS: Final = 50
"""Units that a tenant may contribute whatever the others do: somebody has to begin."""


class PooledEvidence:
    """The evidence of several tenants, and how much of it each of them is."""

    def __init__(self) -> None:
        self.evidence = Evidence()
        """The sums of all, and the bets of each stratum of each tenant by itself."""
        self._units: dict[str, int] = defaultdict(int)

    def offer(
        self,
        tenant_id: str,
        unit: Unit,
        decided_at_us: int,
        *,
        stratum: str = "",
        over_nothing: Unit | None = None,
    ) -> bool:
        """Count a tenant's unit and return True, unless the tenant has its share already.

        `stratum` and `over_nothing` are those of `Evidence.fold`.
        """
        own = self._units[tenant_id] + 1
        others = self.evidence.sums.units - own + 1
        if own > FIRST_UNITS and own > MOST_WEIGHT * (own + others):
            return False
        self._units[tenant_id] = own
        own_stratum = f"{tenant_id}/{stratum}"
        self.evidence.fold(unit, decided_at_us, stratum=own_stratum, over_nothing=over_nothing)
        return True

    @property
    def tenants(self) -> int:
        """How many tenants are counted."""
        return sum(units > 0 for units in self._units.values())

    @property
    def shareable(self) -> Evidence:
        """The evidence, an empty one while it may not be shown."""
        return self.evidence if self.is_shareable else Evidence()

    @property
    def is_shareable(self) -> bool:
        """Whether so many tenants are in it, and each with so little, that it may be shown."""
        largest = max(self._units.values(), default=0)
        return self.tenants >= LEAST_TENANTS and largest <= MOST_WEIGHT * self.evidence.sums.units


@dataclass(slots=True)
class _Place:
    whole: PooledEvidence = field(default_factory=PooledEvidence)
    fresh: dict[Promotion, PooledEvidence] = field(
        default_factory=dict["Promotion", PooledEvidence]
    )
    visitors: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])


class PooledStudy:
    """What is known of kinds of interventions over the tenants of a vertical.

    A unit is a visitor of one tenant at the first moment at which the kind was eligible in a place.
    """

    def __init__(self, promotions: Iterable[Promotion] = ()) -> None:
        """Count what was decided after each of `promotions` by itself, too; its arm is a kind."""
        self._places: dict[tuple[Node, str], _Place] = defaultdict(_Place)
        for promotion in promotions:
            place = self._places[promotion.place, promotion.arm]
            place.fresh[promotion] = PooledEvidence()

    def fold(self, trial: Trial) -> None:
        """Count a trial whose decision is one `by_kind`, in the order of decision."""
        decision = trial.decision
        visitor = (decision.cell.tenant_id, trial.visitor)
        for place in nodes_above(decision.cell):
            for kind in filter(None, decision.arms):
                self._fold(self._places[place, kind], kind, trial, visitor)

    def since(self, promotion: Promotion) -> PooledEvidence:
        """Return the evidence after a promotion."""
        return self._places[promotion.place, promotion.arm].fresh[promotion]

    @property
    def findings(self) -> dict[tuple[Node, str], PooledEvidence]:
        """Everything since the beginning, by place and kind."""
        return {key: place.whole for key, place in self._places.items()}

    @staticmethod
    def _fold(place: _Place, kind: str, trial: Trial, visitor: tuple[str, str]) -> None:
        if visitor in place.visitors:
            return
        place.visitors.add(visitor)
        unit = seen_from(trial.decision, kind, float(trial.converted))
        if trial.censored or unit is None:
            return
        at_us, stratum = trial.decision.decided_at_us, stratum_of(trial.decision.cell)
        beside = seen_over_nothing(trial.decision, kind, float(trial.converted))
        counting = [place.whole]
        counting += [fresh for promotion, fresh in place.fresh.items() if at_us > promotion.at_us]
        for evidence in counting:
            evidence.offer(visitor[0], unit, at_us, stratum=stratum, over_nothing=beside)


def by_kind(decision: Decision, kind: Callable[[str, int], str]) -> Decision:
    """Return a decision with kinds in place of a tenant's own interventions.

    `kind` names the kind of an arm as it was in an epoch. 'No intervention' keeps its empty name.
    Arms of one kind become one, with the sum of their probabilities.
    """
    epochs = decision.epochs or (0,) * len(decision.arms)
    names = {
        arm: kind(arm, epoch) if arm else ""
        for arm, epoch in zip(decision.arms, epochs, strict=True)
    }
    shares: dict[str, float] = defaultdict(float)
    for arm, share in zip(decision.arms, decision.probabilities, strict=True):
        shares[names[arm]] += share
    return replace(
        decision,
        arms=tuple(shares),
        probabilities=tuple(shares.values()),
        chosen=names[decision.chosen],
        epochs=(),
    )
