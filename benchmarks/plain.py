"""The plain way beside the build: each version read and annotated on its own, with nothing kept from the last one.

It calls the same annotators, as the author of a notebook would. `benchmarks/build.py` times it, and `differences`
compares what it finds with a corpus.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from privacylab import build, dates, normalize, sources, tables
from privacylab.build import annotate, cache, screen, versions
from privacylab.normalize.cleaning import clean
from privacylab.sources import Entry, services
from privacylab.tables import schema
from privacylab.text.segments import Segment, segments


class Part:
    """A part of a source: some of its entries."""

    def __init__(self, whole: sources.Source, entries: list[Entry]) -> None:
        self.label, self.place, self.notes = whole.label, whole.place, whole.notes
        self._whole, self._entries = whole, entries

    def __getstate__(self) -> dict[str, object]:
        # A source goes to a worker with each task, and workers ask for contents only.
        return {**vars(self), "_entries": []}

    def entries(self, *, names: Collection[str] | None = None) -> list[Entry]:
        """The entries of the part."""
        return [entry for entry in self._entries if names is None or entry.name in names]

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """As the whole gives them."""
        return self._whole.contents(keys)

    def stamp(self) -> list[tuple[str, int, int]]:
        """That of the whole."""
        return self._whole.stamp()

    def state(self, entries: Iterable[Entry], content_ids: Mapping[str, str]) -> dict[str, str]:
        """That of the whole."""
        return self._whole.state(entries, content_ids)

    def names_since(self, state: Mapping[str, str]) -> set[str]:
        """As the whole tells them."""
        return self._whole.names_since(state)


def parts(opened: Mapping[str, sources.Source], share: int, thinned: int = 1) -> dict[str, sources.Source]:
    """Every ``share``-th service of the sources, with every ``thinned``-th of its versions."""
    entries = {label: source.entries() for label, source in opened.items()}
    listed = build._by_service([entry for found in entries.values() for entry in found])
    chosen = {entry for name in list(listed)[::share] for entry, _ in listed[name][::thinned]}
    return {
        label: Part(source, [entry for entry in entries[label] if entry in chosen]) for label, source in opened.items()
    }


class Read(NamedTuple):
    """One version by itself."""

    verdict: screen.Verdict
    segments: list[Segment]
    lines: str


def read(data: bytes, media_type: str | None) -> Read | None:
    """One version's bytes to its segments; None where they cannot be read."""
    clean.cache_clear()
    try:
        blocks = normalize.blocks(data, media_type=media_type)
    except normalize.NormalizeError:
        return None
    found = segments(blocks)
    return Read(screen.judge(found), found, "\n".join(block.text for block in blocks))


def annotated(found: Read) -> dict[str, pd.DataFrame]:
    """The rows of one version's segments, as `annotate.tables` gives them for a batch."""
    return annotate.tables({cache.segment_id(one): one for one in found.segments}, text=True)


def contents(opened: Mapping[str, sources.Source], entries: list[Entry]) -> Iterator[tuple[Entry, bytes | None]]:
    """The bytes of versions."""
    for entry, data, _ in versions.reader(opened)(entries):
        yield entry, data


def differences(corpus: tables.Corpus, opened: Mapping[str, sources.Source], n: int, *, seed: int = 1) -> list[str]:
    """Where a corpus says something else of ``n`` random versions than the plain way does; empty if nowhere.

    Args:
        corpus: Built from ``opened``, with text.
        opened: Its sources by label.
        n: How many versions of the ledger; all if it has fewer.
        seed: Which ones.
    """
    entries = {(entry.collection, entry.source, entry.moment): entry for s in opened.values() for entry in s.entries()}
    by_source = {(collection, source): entry for (collection, source, _), entry in entries.items()}
    ledger = corpus.versions()
    sample = ledger.iloc[sorted(random.Random(seed).sample(range(len(ledger)), min(n, len(ledger))))]
    policies = corpus.policies().set_index("version_id")
    occurrences = corpus.occurrences().groupby("policy_id")["segment_id"].agg(list)
    hanging = {name: corpus.table(name).set_index("segment_id") for name in ("segments", "scores", "mentions", "cues")}
    data = dict(contents(opened, [by_source[row.collection, row.source] for row in sample.itertuples()]))
    read_from = {(entry.collection, entry.content): found for entry, found in data.items()}
    faults = []
    for _, row in sample.iterrows():
        entry = by_source[row.collection, row.source]
        raw = read_from[entry.collection, entry.content]
        found = None if raw is None else read(raw, entry.media_type)
        fault = _ledger_fault(row, found)
        if fault is None and found is not None and row.version_id in policies.index:
            fault = _policy_fault(policies.loc[row.version_id], found, occurrences, hanging)
        if fault:
            faults.append(f"{row.version_id}: {fault}")
    return faults


def _ledger_fault(row: pd.Series, found: Read | None) -> str | None:
    """What the ledger says otherwise of one version by itself: whether it is rejected and why, words, claims."""
    rejected = row.status == "rejected"
    if found is None or found.verdict.reason:
        return None if rejected else f"it is {row.status}, and rejected by itself"
    if rejected or row.n_words != found.verdict.n_words:
        return f"it is {row.status} with {row.n_words} words, by itself it has {found.verdict.n_words}"
    mentions = annotate.mentions({cache.segment_id(one): one for one in found.segments})
    claims = sorted(set(mentions["framework"] + ":" + mentions["stance"]))
    return None if list(row.claims) == claims else f"its claims are {list(row.claims)}, by itself {claims}"


def _policy_fault(
    policy: pd.Series, found: Read, occurrences: pd.Series, hanging: Mapping[str, pd.DataFrame]
) -> str | None:
    """What the tables say otherwise of one policy: segments in order, its stated date, labels, mentions, cues."""
    ids = [annotate.hex_id(cache.segment_id(one)) for one in found.segments]
    if occurrences[policy["policy_id"]] != ids:
        return "its segments differ"
    snapshot = policy["snapshot_date"]
    region = next((f.region for f in services.facts().values() if f.domain == policy["service"]), None)
    stated = dates.effective_date(found.lines, snapshot=None if pd.isna(snapshot) else snapshot.date(), region=region)
    known = None if pd.isna(policy["effective_date"]) else policy["effective_date"]
    if known != (stated.value if stated else None):
        return f"it states {known}, by itself {stated}"
    for name, rows in annotated(found).items():
        own = rows.set_index("segment_id")
        stored = hanging[name].loc[hanging[name].index.isin(ids)]
        if _values(name, own) != _values(name, stored):
            return f"its {name} differ"
    return None


def _values(name: str, rows: pd.DataFrame) -> list[tuple[object, ...]]:
    columns = [column for column in schema.TABLES[name].columns if column != "segment_id"]
    plain = rows[columns].astype(object).where(rows[columns].notna(), None)
    return sorted(zip(rows.index, *(plain[column] for column in columns), strict=True), key=repr)
