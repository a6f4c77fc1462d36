"""Which values of a label count as positive: `<=2`, `>=4`, `=hard`, `hard`, `!=x`, `in a,b`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING

from eitp_server.lab.evaluation.error import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<=": le, ">=": ge, "<": lt, ">": gt}
_OPERATORS = ("<=", ">=", "!=", "==", "<", ">", "=")
"""Longer ones first, so that `<=2` is not read as `<` and `=2`."""
_FORMS = "write <=2, >=4, =hard, !=hard or 'in a,b'"


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a label's value; values are equal as numbers where both are numbers."""

    text: str
    """As it was written."""
    operator: str
    """One of `<=`, `>=`, `<`, `>`, `!=` and `in`."""
    operands: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read a rule; raises EvaluationError when it is none."""
        written = text.strip()
        if written.split()[:1] == ["in"]:
            operands = tuple(word.strip() for word in written.removeprefix("in").split(","))
            return cls(text, "in", _given(text, operands))
        operator = next((sign for sign in _OPERATORS if written.startswith(sign)), "")
        operands = _given(text, (written.removeprefix(operator).strip(),))
        if operator in _COMPARISONS and _number(operands[0]) is None:
            raise EvaluationError(f"rule {text!r} compares with no number; {_FORMS}")
        return cls(text, "in" if operator in {"", "=", "=="} else operator, operands)

    @property
    def is_bare(self) -> bool:
        """Whether the text is a value without an operator, which is read as `=`."""
        return self.operator == "in" and self.operands == (self.text.strip(),)

    def holds(self, value: str) -> bool:
        """Tell whether a value is positive; raises EvaluationError when it cannot be compared."""
        if self.operator in _COMPARISONS:
            return self._compared(value)
        found = any(_equal(value, operand) for operand in self.operands)
        return found if self.operator == "in" else not found

    def _compared(self, value: str) -> bool:
        known, limit = _number(value), _number(self.operands[0])
        if known is None or limit is None:
            raise EvaluationError(
                f"{value!r} is not a number, and rule {self.text!r} compares them"
            )
        return _COMPARISONS[self.operator](known, limit)


def _given(text: str, operands: tuple[str, ...]) -> tuple[str, ...]:
    if not all(operands):
        raise EvaluationError(f"rule {text!r} lacks a value; {_FORMS}")
    return operands


def _equal(one: str, other: str) -> bool:
    left, right = _number(one), _number(other)
    return one == other if left is None or right is None else left == right


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
