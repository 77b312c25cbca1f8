"""Versions that repeat another, and flips between two texts."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from privacylab.build.screen import RULES


class Sighting(NamedTuple):
    """A policy seen on a day: what `repeats` needs to know. ``key`` stands for its text (equal: near duplicates)."""

    version_id: str
    date: dt.date
    key: int


class Repeat(NamedTuple):
    """The status of a version in the ledger, and the version that it repeats or interrupts."""

    status: str
    same_as: str | None = None


def repeats(history: Sequence[Sighting]) -> dict[str, Repeat]:
    """Near duplicates and A-B-A flips in the history of one document.

    Two versions are near duplicates if their substantive sentences are the same. A text that appears for at most
    ``flip_days`` between two runs of another is a flip (a crawler in another country, an experiment, an outage). If two
    texts alternate, the one seen less is the flip. A text that returns later is a new version.

    Args:
        history: The sightings of one document, one per day, by date.

    Returns:
        For each version id: ``kept`` (a text that is new here), ``near_duplicate`` (of the version that opened the run)
        or ``flip`` (between two runs of the named version).
    """
    days = RULES["duplicates"]["flip_days"]
    n_seen = Counter(sighting.key for sighting in history)
    runs: list[list[Sighting]] = []
    flips: dict[str, Repeat] = {}
    for sighting in history:
        if runs and runs[-1][-1].key == sighting.key:
            runs[-1].append(sighting)
        else:
            runs.append([sighting])
        _close_flips(runs, flips, n_seen, days)
    for first, *others in runs:
        flips[first.version_id] = Repeat("kept")
        flips |= {other.version_id: Repeat("near_duplicate", first.version_id) for other in others}
    return flips


def _close_flips(runs: list[list[Sighting]], flips: dict[str, Repeat], n_seen: Counter[int], days: int) -> None:
    """Removes the last run but one if it is a flip, and joins its neighbours."""
    while len(runs) >= 3 and runs[-3][0].key == runs[-1][0].key:
        before, between, after = runs[-3:]
        short = (after[0].date - between[0].date).days <= days
        rarer = n_seen[between[0].key] <= n_seen[before[0].key]
        if not (short and rarer):
            return
        flips.update({sighting.version_id: Repeat("flip", before[0].version_id) for sighting in between})
        runs[-3:] = [before + after]
