"""The estimator as a table in words: every piece of evidence, what it moves, how far, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eitp_server.classification.estimator import ESTIMATOR_VERSION
from eitp_server.classification.label import CONDITIONS
from eitp_server.classification.weights import (
    CIRCUMSTANCE_READINGS,
    SIGNAL_READINGS,
    Transform,
)
from eitp_server.signals.signal import RULE_VERSIONS, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eitp_server.classification.weights import Reading

COLUMNS: Final = ("evidence", "reading", "dimensions", "labels", "source")
_HEAD: Final = """# The estimator, as a table

This page is what `eitp-server lab model --markdown` prints: the whole of estimator `{version}`, as
the server runs it. [evidence.md](evidence.md) says what of it has been shown to hold.

A *reading* turns a signal into a number of about 0 to 1, or -1 to 1 where less than usual says
something too; what was not observed reads 0. A dimension is a squashed sum of readings times the
weights below, a label's logit the same sum on top of a bias of -3, NEUTRAL being 0. A label is only
given when its definition holds as well. `prior` is a declared judgement that waits for outcomes to
correct it; every other source names what was measured.

## Evidence and weights
"""
_FORMULAS: Final[Mapping[Transform, str]] = {
    Transform.COUNT: "1 − exp(−value / {scale:g})",
    Transform.SHARE: "value / {scale:g}, 0 to 1",
    Transform.DEFICIT: "1 − value / {scale:g}, 0 to 1",
    Transform.CHANGE: "log2(value / own usual) / {scale:g}, −1 to 1",
    Transform.SCORE: "value / {scale:g}, −1 to 1",
}


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield a row of `COLUMNS` for every reading of the model."""
    for reading in (*SIGNAL_READINGS, *CIRCUMSTANCE_READINGS):
        yield (
            _name(reading),
            _FORMULAS[reading.transform].format(scale=reading.scale),
            _weights(dict(reading.dimensions)) or "none",
            _weights({label.name: weight for label, weight in reading.labels.items()}) or "none",
            reading.source,
        )


def definitions() -> Iterator[tuple[str, str]]:
    """Yield each label and the behaviour without which it is never given."""
    for label, condition in CONDITIONS.items():
        words = " ".join((condition.__doc__ or "").split())
        yield label.name, words.removeprefix(f"{label.name}: ")


def markdown() -> str:
    """Return the page."""
    lines = [_HEAD.format(version=ESTIMATOR_VERSION), _row(COLUMNS), _row(["---"] * len(COLUMNS))]
    lines += [_row(cells) for cells in rows()]
    lines += ["", "## Labels", "", _row(("label", "definition")), _row(("---", "---"))]
    lines += [_row(cells) for cells in definitions()]
    return "\n".join(lines) + "\n"


def _name(reading: Reading) -> str:
    if isinstance(reading.of, Signal):
        return f"{reading.of.name} ({RULE_VERSIONS[reading.of]})"
    return reading.of.name


def _weights(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:+g}" for name, weight in weights.items() if weight)


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
