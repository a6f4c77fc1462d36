"""Functions that a test has done in another process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


class Fastidious(Exception):
    """Needs more to be made than it keeps, and so cannot be made again from a pickle."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} in {where}")


def refuse(what: str, where: str) -> None:
    """Raise what does not come through."""
    raise Fastidious(what, where)


def promise() -> Callable[[], None]:
    """Return what does not come through."""
    return lambda: None


def hold(begun: str, over: str) -> str:
    """Make the file `begun`, and end when somebody has made the file `over`."""
    Path(begun).touch()
    while not Path(over).exists():
        time.sleep(0.005)
    return over


def summed(values: NDArray[np.float64], title: bytes) -> tuple[NDArray[np.float64], bytes]:
    """Return the sums of pairs of values, and the title."""
    return values.reshape(-1, 2).sum(axis=1), title


def say(words: str) -> int:
    """Print words; return how many there are."""
    print(words, flush=True)  # noqa: T201
    return len(words.split())
