"""State as lines of JSON, and lines as the bytes that a snapshot keeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def encode(value: object) -> str:
    """Return `value` as JSON without blanks."""
    return _encode(value)


# One encoder for all: `json.dumps` makes one for each call.
_encode = json.JSONEncoder(separators=(",", ":")).encode


def as_bytes(lines: Iterable[str]) -> NDArray[np.uint8]:
    """Return lines of text as an array that a snapshot can keep."""
    return np.frombuffer("\n".join(lines).encode(), np.uint8)


def lines_of(array: NDArray[Any]) -> list[str]:
    """Return the lines that `as_bytes` joined; none of them was empty."""
    return array.tobytes().decode().split("\n") if array.size else []
