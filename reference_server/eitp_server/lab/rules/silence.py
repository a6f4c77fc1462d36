"""Clicks that the page answered late or not at all, as the peers count them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from eitp.recording import Role

from eitp_server.lab.rules.burst import same_element
from eitp_server.lab.rules.sight import within

if TYPE_CHECKING:
    from eitp_server.lab.rules.sight import Click, Sight

SENTRY_ROLES: Final = frozenset({Role.BUTTON, Role.LINK, Role.TEXT_FIELD, Role.CHECKBOX})
"""What Sentry watches: a, button, input."""
ANY_ROLE: Final = "every click counts, whatever it is on"
LATE_ONLY: Final = "only late answers are recorded, absent ones are not: a lower bound"
WATCHED: Final = "the page is watched for 2,500 ms only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Clicks that the page answered `least_ms` or later, but before `most_ms`.

    A click is excused by what follows it within the time given: a scroll, a selection, a key; or by
    the focus or the tab changing around it.
    """

    least_ms: float
    """A click that nothing answered while the page was watched is always later."""
    most_ms: float = inf
    """When infinite, a click that nothing answered counts too."""
    scroll_ms: float | None = None
    selection_ms: float | None = None
    key_ms: float | None = None
    attention_ms: float | None = None
    """Before the click as well as after it."""
    repeat_ms: float | None = None
    """A click so soon after the one before, on the same element, is no click of its own."""
    labelled: bool = False
    """The element must have a name."""
    excluded: frozenset[Role] = frozenset()
    only: frozenset[Role] = frozenset()
    """Elements that count, where the role is known; all when empty."""

    def __call__(self, sight: Sight) -> int:
        """Return how many clicks."""
        before = (None, *sight.clicks)
        return sum(
            self._late(click)
            and self._concerns(click)
            and not self._repeats(earlier, click)
            and not self._excused(click, sight)
            for earlier, click in zip(before, sight.clicks, strict=False)
        )

    def _late(self, click: Click) -> bool:
        answer_ms = click.answer_ms
        if answer_ms is None or answer_ms < self.least_ms:
            return False
        return answer_ms < self.most_ms or self.most_ms == inf

    def _concerns(self, click: Click) -> bool:
        if self.labelled and not click.target:
            return False
        if click.role is None:
            return True
        return click.role not in self.excluded and (not self.only or click.role in self.only)

    def _repeats(self, earlier: Click | None, click: Click) -> bool:
        if earlier is None or self.repeat_ms is None:
            return False
        return click.t_ms - earlier.t_ms < self.repeat_ms and same_element(earlier, click)

    def _excused(self, click: Click, sight: Sight) -> bool:
        at = click.t_ms
        after = (
            (sight.scrolls, self.scroll_ms),
            (sight.selections, self.selection_ms),
            (sight.keys, self.key_ms),
        )
        return any(ms is not None and within(times, at, at + ms) for times, ms in after) or (
            self.attention_ms is not None
            and within(sight.attention, at - self.attention_ms, at + self.attention_ms)
        )
