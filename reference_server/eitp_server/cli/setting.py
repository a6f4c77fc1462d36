"""What is wrong with a setting, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eitp_server.config import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_KINDS: Final[Mapping[str, str]] = {"integer": "a whole number", "number": "a number"}
_BOUNDS: Final[Mapping[str, str]] = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def in_words(error: ValidationError) -> str:
    """Return the variables that are wrong, what they are, and what would be right."""
    return "; ".join(map(_sentence, error.errors()))


def _sentence(problem: ErrorDetails) -> str:
    name = "_".join(map(str, problem["loc"]))
    return f"EITP_{name.upper()} is {problem['input']!r}: {_remedy(name, problem)}"


def _remedy(name: str, problem: ErrorDetails) -> str:
    if problem["type"] == "value_error":
        return str(problem.get("ctx", {})["error"])
    schema: Mapping[str, Any] = Settings.model_json_schema()["properties"].get(name, {})
    if choices := schema.get("enum"):
        return f"write {', '.join(choices[:-1])} or {choices[-1]}"
    if kind := _KINDS.get(schema.get("type", "")):
        return " ".join((f"write {kind}", *_span(schema))).rstrip()
    return problem["msg"]


def _span(schema: Mapping[str, Any]) -> tuple[str, ...]:
    if "minimum" in schema and "maximum" in schema:
        return (f"from {schema['minimum']} to {schema['maximum']}",)
    bounds = [f"{words} {schema[key]}" for key, words in _BOUNDS.items() if key in schema]
    return (" and ".join(bounds),)
