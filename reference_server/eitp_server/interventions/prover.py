"""Looks beside the tick for what is proven to help, and whether it still is."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

import structlog

from eitp_server.bandit.evidence import Evidence
from eitp_server.bandit.injection import seen_as_given
from eitp_server.bandit.lift import overall
from eitp_server.bandit.pattern import DemotionReason
from eitp_server.bandit.pool import PooledEvidence
from eitp_server.errors import DomainError
from eitp_server.interventions.pools import shared_claims
from eitp_server.interventions.proof import Claim, Terms, review
from eitp_server.storage.patterns import SHARED

if TYPE_CHECKING:
    from collections.abc import (
        Awaitable,
        Callable,
        Collection,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from eitp_server.bandit.lift import Lift
    from eitp_server.bandit.node import Node
    from eitp_server.bandit.study import Study
    from eitp_server.interventions.analyst import Analyst
    from eitp_server.interventions.archive import Archive
    from eitp_server.interventions.definition import Definition
    from eitp_server.interventions.policy import Policy
    from eitp_server.interventions.pools import Pools
    from eitp_server.interventions.proven import Proven
    from eitp_server.storage.offers import Offers, OfferTrial
    from eitp_server.storage.tenant import Tenant

    Stop = Callable[[str, dict[str, Any]], Awaitable[object]]

_LOG: Final = structlog.get_logger(__name__)
_FIRST_SECONDS: Final = 60.0
"""Time after the start at which it looks first: a server that starts has other things to do."""
_VERTICAL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Prover:
    """Promotes, confirms, takes back and lets expire; and stops what does harm.

    It remembers nothing itself: what it does follows from the tables and from the time, so that a
    restart between two looks changes no version.
    """

    def __init__(
        self,
        *,
        analyst: Analyst,
        pools: Pools,
        archive: Archive,
        offers: Offers,
        policy: Callable[[], Policy],
        tenants: Callable[[], Sequence[Tenant]],
        stop: Stop,
        now_us: Callable[[], int],
    ) -> None:
        """Judge what `analyst` and `pools` found; `stop` takes an intervention out of the choice.

        `stop` is given a tenant and the document of a STOP_INTERVENTION.
        """
        self._analyst = analyst
        self._pools = pools
        self._archive = archive
        self._offers = offers
        self._policy = policy
        self._tenants = tenants
        self._stop = stop
        self._now_us = now_us
        self._looking = asyncio.Lock()

    async def run(self, seconds: float, published: Callable[[], Awaitable[object]]) -> None:
        """Look again and again for as long as the server lives; call `published` after changes."""
        await asyncio.sleep(min(_FIRST_SECONDS, seconds))
        is_owed = False
        while True:
            is_owed = bool(await self.prove()) or is_owed
            try:
                if is_owed:
                    await published()
                    is_owed = False
            except DomainError as error:
                _LOG.warning("what was proven could not be published", reason=error.reason)
            await asyncio.sleep(seconds)

    async def prove(self) -> tuple[Proven, ...]:
        """Look once; return the versions that were made, in the order of their making.

        A tenant that cannot be judged is left for the next look and keeps no other from being
        judged. Nor are the patterns of its pool judged without it: they would seem to have lost it.
        """
        async with self._looking:
            made: list[Proven] = []
            sound: dict[str, list[str]] = {}
            waiting: set[str] = set()
            for tenant in self._tenants():
                vertical, is_pooling = tenant.vertical, tenant.learning.pooling
                try:
                    terms, changed = await self._prove_own(tenant)
                except DomainError as error:
                    _unproven(error, tenant_id=tenant.tenant_id)
                    if is_pooling:
                        waiting.add(vertical)
                    continue
                made += changed
                if is_pooling and not terms.is_invalid:
                    sound.setdefault(vertical, []).append(tenant.tenant_id)
            try:
                made += await self._prove_shared(sound, waiting)
            except DomainError as error:
                _unproven(error, tenant_id=SHARED)
            for pattern in made:
                _LOG.info(
                    "pattern",
                    pattern_id=pattern.pattern_id,
                    version=pattern.life.version,
                    status=pattern.life.status.name,
                    reason=pattern.life.demotion_reason.name,
                )
            return tuple(made)

    async def _prove_own(self, tenant: Tenant) -> tuple[Terms, list[Proven]]:
        tenant_id = tenant.tenant_id
        known = await self._archive.newest(tenant_id)
        study = (await self._analyst.examine(tenant_id)).study
        now_us = self._now_us()
        terms = await asyncio.to_thread(_terms, study, tenant.learning.promotion_margin, now_us)
        definitions = {
            item.definition_id: item
            for item in self._policy().catalogue.definitions(tenant_id)
            if item.enabled
        }
        harmful = _harmful(study, definitions)
        await self._stop_harmful(tenant_id, harmful)
        stopped = harmful.keys() | self._policy().stopped(tenant_id).keys()
        claims = list(_claims(study, known, definitions, stopped))
        changed = await asyncio.to_thread(
            review,
            claims,
            known,
            terms,
            missing=DemotionReason.DEFINITION_CHANGED,
            injections=await self._injections(known, now_us, pooled=False),
        )
        await self._archive.keep(changed)
        return terms, changed

    async def _prove_shared(
        self, sound: Mapping[str, Sequence[str]], waiting: Collection[str]
    ) -> list[Proven]:
        everything = await self._archive.newest(SHARED)
        live = {item.scope.vertical for item in everything.values() if item.is_live}
        changed: list[Proven] = []
        for vertical in sorted({*sound, *filter(None, live)}.difference(waiting)):
            now_us = self._now_us()
            known = {
                key: item for key, item in everything.items() if item.scope.vertical == vertical
            }
            promotions = [item.made for item in known.values()]
            members = sound.get(vertical, ())
            study = await self._pools.study(vertical, members, promotions, now_us)
            changed += await asyncio.to_thread(
                review,
                list(shared_claims(study, known, is_expressible)),
                known,
                Terms(now_us=now_us),
                missing=DemotionReason.POOL_TOO_SMALL,
                injections=await self._injections(known, now_us, pooled=True),
            )
        await self._archive.keep(changed)
        return changed

    async def _injections(
        self, known: Mapping[str, Proven], now_us: int, *, pooled: bool
    ) -> dict[str, Lift]:
        """Return what giving each live pattern to prompts does, where that may be said."""
        found: dict[str, Lift] = {}
        for key, pattern in known.items():
            if pattern.is_live:
                evidence = await self._injection(pattern, now_us, pooled=pooled)
                if evidence.sums.units:
                    found[key] = overall(evidence.sums, evidence.e_process)
        return found

    async def _injection(self, pattern: Proven, now_us: int, *, pooled: bool) -> Evidence:
        since_us = pattern.life.promoted_at_us
        trials = await self._offers.matured(pattern.pattern_id, since_us, now_us)
        return await asyncio.to_thread(_told, trials, pooled=pooled)

    async def _stop_harmful(self, tenant_id: str, harmful: Mapping[str, int]) -> None:
        for arm in sorted(harmful.keys() - self._policy().stopped(tenant_id).keys()):
            document = {"definition_id": arm, "metric": harmful[arm]}
            try:
                await self._stop(tenant_id, document)
            except DomainError as error:
                _LOG.warning("could not be stopped", reason=error.reason, **document)
            else:
                _LOG.warning("stopped", tenant_id=tenant_id, **document)


def _unproven(error: DomainError, *, tenant_id: str) -> None:
    _LOG.warning("could not be judged", tenant_id=tenant_id, reason=error.reason, detail=str(error))


def is_expressible(scope: Node) -> bool:
    """Return whether a node has a name in the protocol: an unknown section or label has none."""
    return (
        scope.vertical is not None
        and _VERTICAL.fullmatch(scope.vertical) is not None
        and scope.label != 0
        and scope.page_section != 0
    )


def _told(trials: Iterable[OfferTrial], *, pooled: bool) -> Evidence:
    own, shared = Evidence(), PooledEvidence()
    for trial in trials:
        row = trial.row
        unit = seen_as_given(
            given=row.given,
            withheld_probability=row.withheld_probability,
            outcome=float(trial.converted),
        )
        # Whoever is offered more patterns at once may be another kind of visitor.
        stratum = f"{row.withheld_probability:.9f}"
        if pooled:
            shared.offer(row.tenant_id, unit, row.at_us, stratum=stratum)
        else:
            own.fold(unit, row.at_us, stratum=stratum)
    return shared.shareable if pooled else own


def _harmful(study: Study, definitions: Mapping[str, Definition]) -> dict[str, int]:
    """Return what is proven to do harm as it is now, each with the harm."""
    return {
        arm: int(found.stop.metric)
        for arm, found in study.watched().items()
        if found.stop is not None and arm in definitions and found.epoch == definitions[arm].epoch
    }


def _terms(study: Study, margin: float, now_us: int) -> Terms:
    return Terms(
        now_us=now_us,
        margin=margin,
        sample_ratio_alarm=study.ratio.report().alarm,
        propensity_audit_alarm=study.audit.report().alarm,
        outcome_loss_alarm=study.loss.report().alarm,
    )


def _claims(
    study: Study,
    known: Mapping[str, Proven],
    definitions: Mapping[str, Definition],
    stopped: Collection[str],
) -> Iterator[Claim]:
    """Yield what may be claimed of the interventions as they are now."""
    by_arm = {(item.scope, item.arm): item for item in known.values()}
    for (scope, arm), found in study.arms.items():
        definition, pattern = definitions.get(arm), by_arm.get((scope, arm))
        if definition is None or found.epoch != definition.epoch or not is_expressible(scope):
            continue
        same = pattern is not None and pattern.epoch == found.epoch
        if pattern is not None and pattern.is_live and not same:
            continue
        yield Claim(
            tenant_id=definition.tenant_id,
            scope=scope,
            definition_id=arm,
            epoch=found.epoch,
            kind=definition.kind,
            known=pattern,
            evidence=study.since(pattern.made) if pattern is not None and same else found.evidence,
            is_stopped=arm in stopped,
        )
