"""What has matured of several tenants, in one order of decision, a portion at a time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Iterator

    from eitp_server.bandit.trial import Trial
    from eitp_server.storage.trials import Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """All decisions of some tenants that were taken after the stretch before."""

    trials: deque[Trial]
    """In the order of decision, and of identity among those of one microsecond."""
    through_us: int
    """When the stretch ends: nobody has taken a decision up to here that is not in it or before."""


@dataclass(slots=True)
class _Reader:
    """One tenant, as far as it was read."""

    tenant_id: str
    through_us: int
    is_all: bool = False
    read: deque[Trial] = field(default_factory=deque["Trial"])

    async def go_on(self, trials: Trials, now_us: int, portion: int) -> None:
        matured = await trials.matured(self.tenant_id, self.through_us, now_us, portion)
        self.through_us, self.is_all = matured.through_us, matured.is_all
        self.read.extend(matured.trials)

    def take(self, through_us: int) -> Iterator[Trial]:
        while self.read and self.read[0].decision.decided_at_us <= through_us:
            yield self.read.popleft()


async def in_common_order(
    trials: Trials, tenant_ids: Collection[str], after_us: int, now_us: int, portion: int
) -> AsyncGenerator[Stretch]:
    """Yield what tenants have decided after `after_us` and what has matured of it by `now_us`.

    Each of them is read in portions of about so many decisions, and only when everything that was
    read of it is in a stretch: at any time no more than a portion of each is held. The stretches
    depend on the portion, what follows what does not. Without tenants there is none.
    """
    readers = [_Reader(tenant_id, after_us) for tenant_id in sorted(tenant_ids)]
    reached = after_us
    while behind := [each for each in readers if each.through_us <= reached and not each.is_all]:
        for reader in behind:
            await reader.go_on(trials, now_us, portion)
        # Whoever has come least far may have decided next, right after that.
        reached = min(each.through_us for each in readers)
        taken = [trial for reader in readers for trial in reader.take(reached)]
        taken.sort(key=lambda each: (each.decision.decided_at_us, each.decision.decision_id))
        yield Stretch(trials=deque(taken), through_us=reached)
