"""The experiment as the tables tell it, for one who has no running policy to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from eitp_server.bandit.policy_table import POLICY_VERSION, Exploration
from eitp_server.interventions.analyst import Analyst
from eitp_server.interventions.checkpoints import KeptExperiments
from eitp_server.interventions.outcome import SUCCESSES
from eitp_server.services.experiment import (
    WINDOW_US,
    Findings,
    Standing,
    judge,
    known_arms,
    margins_of,
)
from eitp_server.storage.queries import Queries
from eitp_server.storage.studies import KeptStudies
from eitp_server.storage.tenants import Tenants, unknown_tenant
from eitp_server.storage.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eitp_server.bandit.decision import Decision
    from eitp_server.storage.database import Database, Readable
    from eitp_server.storage.log import StoppedRow
    from eitp_server.storage.tenant import Learning

_NEWEST: Final = 500
"""Decisions that are looked at for what decides now."""


async def examine_records(
    database: Readable,
    tenant_id: str,
    now_us: Callable[[], int],
    *,
    holdout_share: float,
    definition_id: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Look at a tenant's experiment; `holdout_share` is the server's, before the first decision.

    Goes on from where a server has kept the experiment, and comes to the same as from the
    beginning, which takes long; `progress` is told how many decisions were counted so far. The
    clock `now_us` is read once it is known what is kept, so that none of it lies ahead.
    The probability of an arm is that of the newest decision that it was eligible for. What the
    tables do not hold is left out: posterior means, and what the tenant has withdrawn from its
    catalogue. Raises Missing for an unknown tenant.
    """
    # These read and write; here they only read.
    whole = cast("Database", database)
    tenants = Tenants(whole)
    await tenants.refresh()
    tenant = tenants.get(tenant_id)
    if tenant is None:
        raise unknown_tenant(tenant_id)
    trials = Trials(database, successes=SUCCESSES, window_us=WINDOW_US)
    learning = tenant.learning
    analyst = Analyst(
        trials,
        lambda _: margins_of(learning),
        now_us,
        kept=KeptExperiments(KeptStudies(database), WINDOW_US),
        progress=progress,
    )
    examined = await analyst.examine(tenant_id)
    newest = (await Queries(whole).decisions(tenant_id, _NEWEST)).items
    standing = standing_in(
        newest,
        known_arms(examined),
        await trials.stops(tenant_id),
        learning,
        holdout_share=holdout_share,
    )
    return judge(examined, standing, now_us=now_us(), definition_id=definition_id)


def standing_in(
    newest: Sequence[Decision],
    epochs: Mapping[str, int],
    stops: Sequence[StoppedRow],
    learning: Learning,
    *,
    holdout_share: float,
) -> Standing:
    """Return what decides now by the newest decisions, newest first; `epochs` are by arm.

    Held out is what the tenant chose. The share of the newest decision stands for the server's, and
    without one `holdout_share` does.
    """
    stopped = {
        row.definition_id: row for row in stops if epochs.get(row.definition_id) == row.epoch
    }
    chances: dict[str, float] = {}
    for decision in newest:
        for arm, chance in zip(decision.arms, decision.probabilities, strict=True):
            chances.setdefault(arm, chance)
    exploration = Exploration(floor=learning.exploration_floor, goal=learning.selection_goal)
    able = epochs.keys() - stopped.keys()
    return Standing(
        holdout_share=learning.held_out(newest[0].holdout_share if newest else holdout_share),
        is_own_holdout=learning.holdout_share is not None,
        policy_version=newest[0].policy_version if newest else POLICY_VERSION,
        exploration_floor=exploration.floor_of(len(able)),
        chances={arm: chance for arm, chance in chances.items() if arm in able},
        stops=stopped,
        promotion_margin=learning.promotion_margin,
    )
