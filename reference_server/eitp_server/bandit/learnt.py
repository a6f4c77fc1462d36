"""What was learnt on its way to the server: in portions, each of which is installed by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eitp_server.bandit.learning import learn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eitp_server.bandit.learning import Lesson


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What a lesson came to."""

    cells: int
    """About which there is something new."""
    portions: Sequence[bytes]
    """Documents for `PolicyTable.install`, in this order, each as JSON.

    As bytes, because whoever takes them apart holds up everybody else, and does it one by one.
    """


def learn_in_portions(lesson: Lesson, cells: int) -> Learnt | None:
    """Return what follows from a lesson, so many cells at once; None when nothing has changed."""
    document = learn(lesson)
    if document is None:
        return None
    written = [json.dumps(portion).encode() for portion in portions(document, cells)]
    return Learnt(cells=len(document["cells"]), portions=written)


def portions(document: Mapping[str, Any], cells: int) -> Iterator[dict[str, Any]]:
    """Yield a document in portions of so many cells.

    A decision is about one cell, so a policy that is half installed is as good as two whole ones;
    and nobody waits for ten thousand cells at once.
    """
    rows: Sequence[Any] = document["cells"]
    for start in range(0, max(len(rows), 1), cells):
        terms: list[Any] = document["exploration"] if start == 0 else []
        yield {**document, "exploration": terms, "cells": rows[start : start + cells]}
