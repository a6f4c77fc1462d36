"""What a secret key may be allowed to do."""

from __future__ import annotations

from typing import Final

ALL_SCOPES: Final = frozenset(
    {
        "audit.read",
        "catalogue.read",
        "catalogue.write",
        "decisions.read",
        "intelligence.read",
        "interventions.read",
        "interventions.write",
        "outcomes.write",
        "packets.read",
        "patterns.read",
        "sessions.write",
        "subjects.erase",
        "subjects.export",
        "telemetry.write",
        "volatility.read",
    }
)
"""What a secret key may do when nothing less is asked for."""
