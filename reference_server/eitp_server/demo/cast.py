"""Who plays in the demo: recorded people, where there are any, and synthetic visitors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, groupby
from operator import attrgetter
from statistics import mean
from typing import TYPE_CHECKING

from eitp.recording import SYNTHETIC, labels, read
from eitp.recording.dataset import stress_pointclick, web_latency_clicks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from eitp.recording import Recording

    Labels = Mapping[str, Mapping[str, str]]

PUBLIC_DATA = {
    "stress-pointclick": (stress_pointclick, "pointing"),
    "web-latency-clicks": (web_latency_clicks, "slow map"),
}
"""By the folder's name: the public data that the demo can play, and what its people were doing."""
CONTENT = 4.0
"""Mean rating, of 1 to 5, from which on a recorded person is taken to have been content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a part ends, and where that comes from."""

    success: bool
    source: str
    """For the screen, as `script` or `simulated: rated it 1.8 of 5`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one shopper plays: all recordings of one person, one after the other."""

    name: str
    synthetic: bool
    recordings: tuple[Recording, ...]
    ending: Ending | None
    """None when nothing is known of it; then no outcome is reported."""


def assemble(data: Path | None) -> list[list[Part]]:
    """Return the parts by where they come from: synthetic visits, then each public data set."""
    folders = {name: data / name for name in PUBLIC_DATA if data and (data / name).is_dir()}
    recorded: list[list[Part]] = []
    for name, folder in folders.items():
        reader, activity = PUBLIC_DATA[name]
        recorded.append(_recorded(reader.recordings(folder), reader.labels(folder), activity))
    return [_synthetic(), *recorded]


def casting(sets: Sequence[Sequence[Part]]) -> Iterator[Part]:
    """Yield parts for ever: every second one is synthetic, the others take turns."""
    synthetic, *recorded = (cycle(parts) for parts in sets)
    while True:
        for people in recorded or [synthetic]:
            yield next(synthetic)
            yield next(people)


def _synthetic() -> list[Part]:
    known = labels(SYNTHETIC)
    return [
        Part(
            name=known[recording.name]["scenario"].replace("-", " "),
            synthetic=True,
            recordings=(recording,),
            ending=Ending(success=known[recording.name]["outcome"] == "lead", source="script"),
        )
        for recording in read(SYNTHETIC)
    ]


def _recorded(recordings: Iterable[Recording], known: Labels, activity: str) -> list[Part]:
    people = sorted(recordings, key=attrgetter("person"))
    return [
        Part(
            name=f"{activity} {person}",
            synthetic=False,
            recordings=(part := tuple(own)),
            ending=_rated([known[recording.name] for recording in part]),
        )
        for person, own in groupby(people, key=attrgetter("person"))
    ]


def _rated(known: Iterable[Mapping[str, str]]) -> Ending | None:
    """Return an ending made of the person's ratings, where there are any."""
    ratings = [float(each["satisfaction"]) for each in known if "satisfaction" in each]
    if not ratings:
        return None
    rating = mean(ratings)
    return Ending(success=rating >= CONTENT, source=f"simulated: rated it {rating:.1f} of 5")
