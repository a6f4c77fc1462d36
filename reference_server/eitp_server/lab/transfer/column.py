"""Which column of a table is which: by its name, by the names of metafor, or as one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eitp_server.lab.transfer.error import TransferError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ALIASES: Final[Mapping[str, Sequence[str]]] = {
    "vertical": ("trial", "study", "slab"),
    "pattern": (),
    "tenant": (),
    "treated_conversions": ("ai", "tpos"),
    "treated_n": ("treated_units", "n1i"),
    "treated_failures": ("bi", "tneg"),
    "holdout_conversions": ("ci", "cpos"),
    "holdout_n": ("holdout_units", "n2i"),
    "holdout_failures": ("di", "cneg"),
    "effect": ("yi", "y", "log_odds_ratio"),
    "variance": ("vi", "v"),
    "se": ("sei", "standard_error"),
}
"""What a column may be, and other names that it goes by."""
_COUNTS: Final = (
    ("treated_conversions",),
    ("treated_n", "treated_failures"),
    ("holdout_conversions",),
    ("holdout_n", "holdout_failures"),
)
_EFFECTS: Final = (("effect",), ("variance", "se"))
_EITHER: Final = (
    "it takes treated_conversions, treated_n, holdout_conversions and holdout_n, or effect and "
    "variance (or se); name them by --column, as --column effect=d"
)


def assigned(header: Sequence[str], told: Iterable[str]) -> dict[str, str]:
    """Return which column is what. `told` are assignments as `effect=d`.

    Raises TransferError for what is unknown, missing or there twice.
    """
    chosen = dict(_told(header, one) for one in told)
    left = {name.strip().lower(): name for name in header if name not in chosen.values()}
    for meaning, aliases in ALIASES.items():
        if meaning in chosen:
            continue
        found = [left[name] for name in (meaning, *aliases) if name in left]
        if found:
            chosen[meaning] = found[0]
    return chosen


def has_counts(columns: Mapping[str, str]) -> bool:
    """Tell whether the columns give counts of both arms."""
    return _has(columns, _COUNTS)


def has_effects(columns: Mapping[str, str]) -> bool:
    """Tell whether the columns give effects with their variances."""
    return _has(columns, _EFFECTS)


def check(columns: Mapping[str, str], header: Sequence[str], wanted: str | None) -> str:
    """Return whether 'effects' or 'counts' are read; effects when there are both.

    Raises TransferError when what is `wanted`, or either, is not there.
    """
    there = {"effects": has_effects(columns), "counts": has_counts(columns)}
    if wanted and there[wanted]:
        return wanted
    if wanted is None and any(there.values()):
        return "effects" if there["effects"] else "counts"
    names = ", ".join(name for name in header if name) or "none"
    raise TransferError(f"the columns ({names}) give no {wanted or 'counts or effects'}; {_EITHER}")


def _has(columns: Mapping[str, str], groups: Sequence[Sequence[str]]) -> bool:
    return all(any(name in columns for name in group) for group in groups)


def _told(header: Sequence[str], assignment: str) -> tuple[str, str]:
    meaning, equals, name = assignment.partition("=")
    if not equals or meaning not in ALIASES:
        raise TransferError(
            f"--column {assignment!r} is no assignment; write MEANING=COLUMN, MEANING one of "
            f"{', '.join(ALIASES)}"
        )
    if name not in header:
        raise TransferError(f"there is no column {name!r}; there are {', '.join(header)}")
    return meaning, name
