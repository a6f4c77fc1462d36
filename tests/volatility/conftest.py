"""The golden vectors of the index, computed elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def vectors(eitp_data: Path) -> dict[str, Any]:
    file = eitp_data / "vectors" / "analytics.json"
    if not file.is_file():
        pytest.skip(f"{file} does not exist: the golden vectors are not part of the repository")
    return json.loads(file.read_text())
