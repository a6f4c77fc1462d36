"""How many planted acts of frustration the server notices, how soon, and how many it makes up."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

from eitp_server.classification.packet import Label
from eitp_server.lab.interval import Share
from eitp_server.lab.plant import Act, plant
from eitp_server.lab.playback import groups, play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from eitp.recording import Recording

    from eitp_server.lab.plant import Plan, Planted
    from eitp_server.lab.playback import Played

WITHIN_MS: Final = 3_000
"""A packet that comes later than this after the onset catches nothing."""
NOTICES: Final[Mapping[Act, frozenset[Label]]] = {
    Act.CLICK_BURST: frozenset({Label.FRUSTRATION}),
    Act.BACK_MASH: frozenset({Label.FRUSTRATION, Label.EXIT_RISK}),
}
"""The labels that show that an act was noticed."""
METHOD: Final = (
    "Synthetic visits through the real reducer, batches as a browser client cuts them. Clients "
    "name what is clicked or report whether the page answered, or both; of a blind client, which "
    "does neither, bursts of clicks count as nothing by the definition of rage_click/2. Caught: a "
    "packet labelled FRUSTRATION (of a back mash also EXIT_RISK) emitted between the first "
    "planted act and 3 s after the onset, which is the third click on the button that does not "
    "answer, or the second step back. from_first_act: emitted within 3 s of the first planted "
    "act. seconds: from the onset to the first such packet, of all that came after the first act. "
    "control: the same visits without the act, in the same span of time; anywhere: in the whole "
    "visit. Intervals are exact binomial, 95 %."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one variation."""

    plan: Plan
    reported_before: bool
    """The client had reported an answer by then, so that the server knew that it reports them."""
    delay_ms: float | None
    """From the onset to the first packet that notices the act; None when none came."""
    at_once: bool
    """It came within WITHIN_MS of the first planted act."""
    alarmed: bool
    """Such a packet came at that time in the visit without the act."""
    alarmed_anywhere: bool
    """Such a packet came at any time in the visit without the act."""

    @property
    def caught(self) -> bool:
        """Whether it came within WITHIN_MS of the onset."""
        return self.delay_ms is not None and self.delay_ms <= WITHIN_MS


@dataclass(frozen=True, slots=True)
class PlantedReport:
    """What became of all variations."""

    seed: int
    findings: Sequence[Finding]

    def as_json(self) -> dict[str, Any]:
        """Return the figures; shares of nothing are null."""
        delays = sorted(f.delay_ms / 1000 for f in self.findings if f.delay_ms is not None)
        return {
            **_caught(self.findings),
            "seconds_p50": _quantile(delays, 50),
            "seconds_p95": _quantile(delays, 95),
            "from_first_act": _share(_of(self.findings, lambda f: f.at_once)),
            "caught_ever": _share(Share(len(delays), len(self.findings))),
            "by": {
                split: {value: _caught(found) for value, found in _split(self.findings, split)}
                for split in SPLITS
            },
            "control": self._control(),
            "seed": self.seed,
            "method": METHOD,
        }

    def _control(self) -> dict[str, Any]:
        return {
            **_alarms(self.findings),
            "anywhere": _share(_of(self.findings, lambda f: f.alarmed_anywhere)),
            "by": {act: _alarms(f) for act, f in _split(self.findings, "kind")},
        }


def _reports(finding: Finding) -> str:
    if not finding.plan.answers:
        return "answers never reported"
    return "answers reported" if finding.reported_before else "answers not reported before"


def _client(finding: Finding) -> str:
    return f"{_reports(finding)}, {'targets' if finding.plan.named else 'no targets'}"


def _gap(finding: Finding) -> str:
    begin = finding.plan.gap_ms // 250 * 250
    return f"{begin} to {begin + 249} ms apart"


SPLITS: Final[Mapping[str, Callable[[Finding], str]]] = {
    "kind": lambda _: "",
    "reports": _reports,
    "client": _client,
    "presses": lambda finding: "down and up" if finding.plan.presses else "clicks only",
    "times": lambda finding: f"{finding.plan.times} times",
    "gap": _gap,
    "jitter": lambda finding: f"strays by {finding.plan.jitter_px} px",
    "place": lambda finding: finding.plan.place,
    "browsing": lambda finding: f"browsing {finding.plan.browsing}",
}
"""What the figures of each act are split by."""
_OF_CLICKS: Final = frozenset({"presses", "jitter", "place"})
"""What varies in clicks only."""


def measure(
    variations: int, seed: int, progress: Callable[[int], None], *, blind: bool = False
) -> PlantedReport:
    """Plant, play and count; `progress` is told how many variations are done."""
    findings: list[Finding] = []
    for planted, acted, control in _played(plant(variations, seed, blind=blind)):
        findings.append(_finding(planted, acted, control))
        progress(len(findings))
    return PlantedReport(seed, findings)


def _played(planted: Iterable[Planted]) -> Iterator[tuple[Planted, Played, Played]]:
    waiting: list[Planted] = []

    def both() -> Iterator[Recording]:
        for item in planted:
            waiting.append(item)
            yield item.recording
            yield item.control

    acted: Played | None = None
    for group in groups(both()):
        for played in play(group):
            if acted is None:
                acted = played
            else:
                yield waiting.pop(0), acted, played
                acted = None


def _finding(planted: Planted, acted: Played, control: Played) -> Finding:
    act = planted.plan.act
    noticed = [at for at in _noticed(acted, act) if at >= planted.first_ms]
    alarms = list(_noticed(control, act))
    until_ms = planted.onset_ms + WITHIN_MS
    return Finding(
        plan=planted.plan,
        reported_before=planted.reported_before,
        delay_ms=noticed[0] - planted.onset_ms if noticed else None,
        at_once=bool(noticed) and noticed[0] - planted.first_ms <= WITHIN_MS,
        alarmed=any(planted.first_ms <= at <= until_ms for at in alarms),
        alarmed_anywhere=bool(alarms),
    )


def _noticed(played: Played, act: Act) -> Iterator[float]:
    return (at_ms for at_ms, packet in played.packets if packet.label in NOTICES[act])


def _caught(findings: Sequence[Finding]) -> dict[str, Any]:
    share = _of(findings, lambda finding: finding.caught)
    return {"variations": share.of, "caught": share.hits, **_ends(share)}


def _alarms(findings: Sequence[Finding]) -> dict[str, Any]:
    share = _of(findings, lambda finding: finding.alarmed)
    return {"variations": share.of, "alarms": share.hits, **_ends(share)}


def _of(findings: Sequence[Finding], holds: Callable[[Finding], bool]) -> Share:
    return Share(sum(map(holds, findings)), len(findings))


def _share(share: Share) -> dict[str, Any]:
    return {"count": share.hits, **_ends(share)}


def _ends(share: Share) -> dict[str, float | None]:
    return {"share": share.value, "share_low": share.low, "share_high": share.high}


def _split(findings: Sequence[Finding], split: str) -> Iterator[tuple[str, list[Finding]]]:
    parts: dict[str, list[Finding]] = {}
    for finding in findings:
        act, part = finding.plan.act, SPLITS[split](finding)
        if act is Act.CLICK_BURST or split not in _OF_CLICKS:
            parts.setdefault(f"{act}, {part}" if part else act, []).append(finding)
    yield from sorted(parts.items())


def _quantile(ordered: Sequence[float], percent: int) -> float | None:
    if len(ordered) < 2:
        return ordered[0] if ordered else None
    return quantiles(ordered, n=100, method="inclusive")[percent - 1]
