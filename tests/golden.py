"""The golden vectors, which are not part of the repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def golden(eitp_data: Path, name: str) -> dict[str, Any]:
    """Return the vectors of one area; skip the test where they are absent."""
    file = eitp_data / "vectors" / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"{file} does not exist: point EITP_DATA at the golden vectors")
    return json.loads(file.read_text())
