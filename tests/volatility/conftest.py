"""The golden vectors of the index, computed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from golden import golden

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def vectors(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "analytics")
