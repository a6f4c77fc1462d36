"""Pictures of what the lab found; matplotlib is loaded only when one is drawn."""

from __future__ import annotations
