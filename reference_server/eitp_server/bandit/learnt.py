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


def learn_in_portions(lesson: Lesson, size: int) -> Learnt | None:
    """Return what follows from a lesson, about `size` characters at once; None for no change."""
    document = learn(lesson)
    if document is None:
        return None
    written = [json.dumps(portion).encode() for portion in portions(document, size)]
    return Learnt(cells=len(document["cells"]), portions=written)


def portions(document: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    """Yield a document in portions of about `size` characters, a cell or more in each.

    A decision is about one cell, so a policy that is half installed is as good as two whole ones;
    and nobody waits for ten thousand cells at once.
    """
    terms, rows, length = document["exploration"], list[Any](), 0
    for row in document["cells"]:
        rows.append(row)
        length += len(row[1])
        if length >= size:
            yield {**document, "exploration": terms, "cells": rows}
            terms, rows, length = [], [], 0
    if rows or terms:
        yield {**document, "exploration": terms, "cells": rows}
