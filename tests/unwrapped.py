"""Lets the failure of a test out of the group of tasks that it ran in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def unwrapped() -> Generator[None]:
    """Raise the one exception of a group itself.

    `pytest.fail` raises no `Exception`: as a group, it would end the loop that later tests share.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from group
        raise
