"""A proven pattern in one English sentence, as prompts and people read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from eitp_server.bandit.pattern import PatternStatus
from eitp_server.classification.packet import Label
from eitp_server.interventions.proven import section_name

if TYPE_CHECKING:
    from eitp_server.bandit.lift import Lift
    from eitp_server.bandit.node import Node
    from eitp_server.interventions.proven import Proven

MOST_CHARACTERS: Final = 500


def statement(pattern: Proven) -> str:
    """Return what the pattern says, with its dates, counts and bound.

    Only names of the tenant's own, which have a shape that no instruction fits in, and numbers are
    put into a fixed sentence: it may stand in a prompt. At most 500 characters long.
    """
    lift, life = pattern.quoted, pattern.life
    proven, last = _day(pattern.first_decided_at_us), _day(pattern.last_decided_at_us)
    if lift is pattern.promotion:
        when = f"between {proven} and {last}"
        doubt = " This selected the finding, so expect less; later visitors are being counted."
    else:
        when = f"after the promotion on {_day(life.promoted_at_us)}"
        doubt = ""
    if life.status is PatternStatus.DEMOTED and life.demoted_at_us is not None:
        doubt = f" Taken back on {_day(life.demoted_at_us)}: do not use it."
    elif life.status is PatternStatus.EXPIRED:
        doubt = f" Out of date since {_day(life.expires_at_us)}: do not use it."
    return (
        f"In {_where(pattern.scope)}, {_what(pattern)} made a conversion or lead more likely "
        f"{when}: {_rates(lift)}, at least {_points(pattern.lower_bound)} more at "
        f"{100 * (1 - lift.alpha):g} % confidence.{doubt}"
    )


def _where(scope: Node) -> str:
    words = scope.vertical or "all verticals"
    if scope.label is not None:
        words += f", visitors showing {Label(scope.label).name.lower().replace('_', ' ')}"
    if scope.page_section is not None:
        words += f" at {section_name(scope.page_section).replace('_', ' ')}"
    return words


def _what(pattern: Proven) -> str:
    kind = pattern.kind.name.lower().replace("_", " ")
    if pattern.definition_id:
        return f"the intervention {pattern.definition_id} ({kind})"
    return f"an intervention of kind {kind} in {pattern.tenants} shops"


def _rates(lift: Lift) -> str:
    treated = lift.treated_conversions / lift.treated_units
    holdout = lift.holdout_conversions / lift.holdout_units
    return (
        f"{100 * treated:.2f} % of {lift.treated_units:,} visitors chosen for it against "
        f"{100 * holdout:.2f} % of {lift.holdout_units:,} held out"
    )


def _points(difference: float) -> str:
    return f"{100 * difference:.2f} points"


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).date().isoformat()
