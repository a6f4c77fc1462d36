"""Public research data in their own layouts, each read as recordings and labels."""

from __future__ import annotations

from . import choice_conflict, stress_pointclick, web_latency_clicks

__all__ = ["choice_conflict", "stress_pointclick", "web_latency_clicks"]
