"""The one error of an evaluation: what was asked cannot be judged on these recordings."""

from __future__ import annotations


class EvaluationError(Exception):
    """The message says what was wrong, where, and what would be right."""
