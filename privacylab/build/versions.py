"""One service: its versions from all sources -> the ledger's rows, the kept policies, and their segments.

Everything that needs a service's other versions is decided here (same day, near duplicate, flip, sample), so that
services can be read in parallel.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from privacylab import dates, eras, normalize, sources
from privacylab.build import duplicates, screen
from privacylab.build.cache import Reader
from privacylab.build.duplicates import Repeat
from privacylab.sources import Entry
from privacylab.text.segments import Segment

EVERY: Mapping[str, Callable[[dt.date], str]] = {
    "half-year": lambda day: f"{eras.half_year(day)} {eras.sub_era(day)}",
    "quarter": lambda day: f"{day.year} {(day.month - 1) // 3} {eras.sub_era(day)}",
    "all": lambda day: day.isoformat(),
}
"""The last version of each of these is sampled; eras divide them, so that a text before a legal date is never lost."""

FEW_BEFORE = 2008
"""So few texts are left from the years before that each counts."""

Read = Callable[[Sequence[Entry]], Iterator[tuple[Entry, bytes | None, str | None]]]


class Text(NamedTuple):
    """One content after reading; a rejected one keeps neither segments nor blocks."""

    content_id: str
    verdict: screen.Verdict
    segment_ids: tuple[int, ...] = ()
    blocks: Sequence[normalize.Block] = ()

    def effective_date(self, *, snapshot: dt.date | None, region: dates.Region | None) -> dates.EffectiveDate | None:
        """The date that it states; None if it is rejected."""
        lines = "\n".join(block.text for block in self.blocks)
        return dates.effective_date(lines, snapshot=snapshot, region=region)


class Version(NamedTuple):
    """One dated version, with its text; ``since`` is a year or a month if no more is known."""

    entry: Entry
    document: str
    date: dt.date | None
    date_basis: str
    text: Text
    since: str | None = None


class History(NamedTuple):
    """From `read`: rows for ``versions`` (with ``segment_ids``) and ``policies``, and the distinct segments."""

    versions: list[dict[str, Any]]
    policies: list[dict[str, Any]]
    segments: dict[int, Segment]


def read(
    service: str, listed: Sequence[tuple[Entry, str]], *, contents: Read, every: str, region: dates.Region | None
) -> History:
    """Reads all versions of one service.

    Args:
        service: The registrable domain.
        listed: Each version's entry and its document.
        contents: Gives the bytes of entries, each distinct content once, in any order.
        every: A key of `EVERY`.
        region: The service's region, which settles ambiguous dates.

    Returns:
        One row in ``versions`` for each entry; a row in ``policies`` for each version whose status is ``kept``.
    """
    texts: dict[tuple[str, str], Text] = {}
    reader = Reader()
    for entry, data, detail in contents([entry for entry, _ in listed if not entry.reason]):
        texts[entry.collection, entry.content] = _text(reader, data, detail, entry.media_type)
    versions = []
    for entry, document in listed:
        if entry.reason:
            text = _rejected(sources.UNREAD, entry.reason, entry.detail)
        else:
            text = texts[entry.collection, entry.content]
        versions.append(_dated(entry, document, text, region))
    return _rows(service, versions, reader.segments, every=every, region=region)


def _text(reader: Reader, data: bytes | None, detail: str | None, media_type: str | None) -> Text:
    if data is None:
        reason = detail if detail in _REFUSED else "unreadable"
        return _rejected(sources.UNREAD, reason, _REFUSED.get(reason, detail))
    content = sources.content_id(data)
    try:
        page = reader.read(data, media_type=media_type)
    except normalize.NormalizeError as error:
        return _rejected(content, error.reason, error.detail)
    except MemoryError:
        detail = "more than the memory holds once it is read: cut it into files"
        return _rejected(content, sources.TOO_LARGE, detail)
    if page.verdict.reason:
        return Text(content, page.verdict)
    return Text(content, page.verdict, page.segment_ids, page.blocks)


_REFUSED = {
    "unsafe_path": "its path leads out of the archive",
    sources.TOO_LARGE: f"at most {sources.MAX_BYTES:,} bytes are read",
}


def _rejected(content: str, reason: str, detail: str | None) -> Text:
    return Text(content, screen.Verdict(reason, detail))


def _dated(entry: Entry, document: str, text: Text, region: dates.Region | None) -> Version:
    """A version with its date and the date's basis: the snapshot's, else the one that the policy states.

    A year or a month alone is not a date: it may lie in two eras.
    """
    if entry.moment is not None:
        day, basis = dt.datetime.fromtimestamp(entry.moment, dt.UTC).date(), entry.date_basis
        value = day.isoformat()[: _LENGTHS[entry.precision]]
    else:
        stated = text.effective_date(snapshot=None, region=region)
        value, basis = stated.value if stated else "", "effective"
    if len(value) == _LENGTHS["day"]:
        return Version(entry, document, eras.as_date(value), basis, text)
    return Version(entry, document, None, "none", text, value or None)


_LENGTHS = {"day": 10, "month": 7, "year": 4}
"""The characters of an ISO date of a precision."""


def _rows(
    service: str, versions: list[Version], segments: dict[int, Segment], *, every: str, region: dates.Region | None
) -> History:
    named = _named(service, sorted(versions, key=_order))
    status = _statuses(named)
    kept_runs = _runs(named, status)
    sampled = _sampled(named, status, every)
    ledger, policies = [], []
    for version_id, version in named.items():
        state = status[version_id]
        if version_id in sampled:
            state = state._replace(status="kept")
        elif state.status == "kept":
            state = state._replace(status="sampled_out")
        row = _row(service, version_id, version, state)
        ledger.append(row)
        if state.status == "kept":
            policies.append(row | _policy(row, version, kept_runs[state.same_as or version_id], region))
    wanted: set[int] = set().union(*[version.text.segment_ids for version in versions])
    return History(ledger, policies, {number: segments[number] for number in sorted(wanted)})


def _order(version: Version) -> tuple[object, ...]:
    entry = version.entry
    moment = (version.date or dt.date.min, entry.moment or 0)
    return (version.document, *moment, entry.collection, entry.source)


def _named(service: str, versions: Sequence[Version]) -> dict[str, Version]:
    """Version ids: the policy id, and the version's place in its day."""
    n_of_day: dict[str, int] = defaultdict(int)
    named = {}
    for version in versions:
        base = policy_id(service, version.document, version.date or version.since, version.text.content_id)
        n_of_day[base] += 1
        named[f"{base}.{n_of_day[base]}"] = version
    return named


def policy_id(service: str, document: str, day: dt.date | str | None, content_id: str) -> str:
    """``service@YYYY-MM-DD``; with the document if it is not ``main``.

    Without a day ``service@undated-<8 hex>``, or the known year or month instead of ``undated``.
    """
    name = service if document == "main" else f"{service}:{document}"
    if isinstance(day, dt.date):
        return f"{name}@{day.isoformat()}"
    return f"{name}@{day or 'undated'}-{content_id[:8]}"


def _statuses(named: Mapping[str, Version]) -> dict[str, Repeat]:
    status: dict[str, Repeat] = {}
    undated: dict[tuple[str, str], list[str]] = defaultdict(list)
    days: dict[tuple[str, dt.date], list[str]] = defaultdict(list)
    for version_id, version in named.items():
        if version.text.verdict.reason:
            status[version_id] = Repeat("rejected")
        elif version.date is None:
            undated[version.document, version.text.content_id].append(version_id)
        else:
            days[version.document, version.date].append(version_id)
    for *repeats, last in undated.values():
        status |= {**dict.fromkeys(repeats, Repeat("near_duplicate", last)), last: Repeat("kept")}
    histories: dict[str, list[duplicates.Sighting]] = defaultdict(list)
    for (document, day), (*earlier, last) in days.items():
        status |= dict.fromkeys(earlier, Repeat("same_day", last))
        histories[document].append(duplicates.Sighting(last, day, hash(named[last].text.verdict.fingerprint)))
    for history in histories.values():
        status |= duplicates.repeats(history)
    return status


def _runs(named: Mapping[str, Version], status: Mapping[str, Repeat]) -> dict[str, list[dt.date]]:
    """The days on which each kept version and its near duplicates were seen."""
    runs: dict[str, list[dt.date]] = defaultdict(list)
    for version_id, version in named.items():
        state = status[version_id]
        opener = version_id if state.status == "kept" else state.same_as
        if version.date is not None and opener is not None and state.status in ("kept", "near_duplicate"):
            runs[opener].append(version.date)
    return runs


def _sampled(named: Mapping[str, Version], status: Mapping[str, Repeat], every: str) -> set[str]:
    """The versions that become policies.

    For each document and period the last version, even if it repeats a text of an earlier period: an unchanged policy
    counts for its service in every era in which it was seen. All undated texts; with ``all``, and for the years before
    `FEW_BEFORE`, each text once.
    """
    last: dict[object, str] = {}
    for version_id, version in named.items():
        state = status[version_id].status
        if state == "kept" and (version.date is None or every == "all" or version.date.year < FEW_BEFORE):
            last[version_id] = version_id
        elif state in ("kept", "near_duplicate") and version.date is not None and every != "all":
            last[version.document, EVERY[every](version.date)] = version_id
    return set(last.values())


def _row(service: str, version_id: str, version: Version, state: Repeat) -> dict[str, Any]:
    text = version.text
    return {
        "version_id": version_id,
        "policy_id": policy_id(service, version.document, version.date or version.since, text.content_id),
        "collection": version.entry.collection,
        "service": service,
        "document": version.document,
        "date": version.date,
        "date_basis": version.date_basis,
        "source": version.entry.source,
        "content_id": text.content_id,
        "status": state.status,
        "same_as": state.same_as,
        **text.verdict._asdict(),
        **({"detail": _NO_DAY.format(version.since)} if version.since and not text.verdict.reason else {}),
        "segment_ids": text.segment_ids,
    }


_NO_DAY = "dated {} without a day: it counts in no half-year and no era; write the day in the name or a metadata.csv"


def _policy(
    row: Mapping[str, Any], version: Version, days: Sequence[dt.date], region: dates.Region | None
) -> dict[str, Any]:
    """The other columns of the table of policies."""
    snapshot = version.date if version.date_basis == "snapshot" else None
    stated = version.text.effective_date(snapshot=snapshot, region=region)
    return {
        "snapshot_date": snapshot,
        "effective_date": stated.value if stated else None,
        "first_seen": min(days, default=None),
        "last_seen": max(days, default=None),
        "era": eras.era(version.date),
        "n_segments": len(row["segment_ids"]),
    }


def contents(
    opened: Mapping[str, sources.Source], listed: Sequence[Entry]
) -> Iterator[tuple[Entry, bytes | None, str | None]]:
    """The bytes of entries, from opened sources by collection: each distinct content is read once."""
    wanted: dict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in sorted(listed, key=lambda entry: (entry.source.partition("@")[0], entry.moment or 0)):
        wanted[entry.collection].setdefault(entry.content, entry)
    for collection, by_key in wanted.items():
        for key, data, detail in opened[collection].contents(list(by_key)):
            yield by_key[key], data, detail
