"""What an update keeps: the services of which no source holds anything new, with all that hangs on them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as arrow

from privacylab import tables
from privacylab.build import annotate
from privacylab.sources import Entry, Source
from privacylab.sources.services import service_of
from privacylab.tables import schema

HANGING = ("segments", "scores", "mentions", "cues")
"""The tables that hang on segments."""


class Before(NamedTuple):
    """The corpus that stands: its folder, and what its sources were, by label. A new build has `NOTHING` before it."""

    folder: Path | None
    states: Mapping[str, Mapping[str, str]]

    def table(self, name: str, *, columns: list[str] | None = None) -> arrow.Table:
        """The rows of a table."""
        if self.folder is None:
            return schema.TABLES[name].arrow_schema().empty_table()
        return tables.read_arrow(self.folder / f"{name}.parquet", columns=columns)


NOTHING = Before(None, {})


def before(folder: Path, *, conditions: Mapping[str, Any]) -> Before:
    """The corpus in a folder; `NOTHING` if it is not whole or was made under other conditions, so all is read again.

    Args:
        folder: Where the corpus should stand.
        conditions: What the manifest must say, by key: the same parameters, code and software give the same rows.
    """
    try:
        old = tables.Corpus.open(folder)
    except tables.CorpusError:
        return NOTHING
    if any(old.manifest.get(key) != value for key, value in conditions.items()):
        return NOTHING
    if any(tables.sha256(folder / f"{name}.parquet") != old.manifest["sha256"][name] for name in schema.TABLES):
        return NOTHING
    states = {label: described["state"] for label, described in old.manifest["sources"].items()}
    return Before(folder, states)


class Touched(NamedTuple):
    """What is read again: services, and all names that the sources have or had for them; None are all names."""

    services: frozenset[str]
    names: frozenset[str] | None


def touched(old: Before, opened: Mapping[str, Source], pool: Executor) -> Touched:
    """The services of which a source holds something else than it did before."""
    if old == NOTHING:
        return Touched(frozenset(), None)
    services = {label: set[str]() for label in {*opened, *old.states}}
    pairs = old.table("versions", columns=["collection", "service"]).group_by(["collection", "service"])
    for pair in pairs.aggregate([]).to_pylist():
        services[pair["collection"]].add(pair["service"])
    found = set().union(*(services[label] for label in old.states.keys() - opened))
    names: set[str] = set()

    def names_since(label: str) -> set[str] | None:
        return opened[label].names_since(old.states[label]) if label in old.states else None

    for label, changed in zip(opened, pool.map(names_since, opened), strict=True):
        if changed is None:  # a new source
            changed = {entry.name for entry in opened[label].entries()}
        names |= changed
    found.update(service_of(name)[0] for name in names)
    called = old.table("services", columns=["service", "names"]).to_pylist()
    names.update(*(row["names"] for row in called if row["service"] in found))
    return Touched(frozenset(found), frozenset(names))


def described(
    old: Before,
    opened: Mapping[str, Source],
    entries: Sequence[Entry],
    versions: pd.DataFrame,
    stay: Mapping[str, arrow.Table],
    anew: Touched,
) -> dict[str, Any]:
    """What the manifest says of the sources: how many versions each has, and what the next update compares it with.

    Args:
        old: The corpus that stands.
        opened: The sources by label.
        entries: What was listed of them.
        versions: The rows of ``versions`` made of these entries.
        stay: What `kept` gave.
        anew: What `touched` gave.
    """
    listed = {label: [entry for entry in entries if entry.collection == label] for label in sorted(opened)}
    counts = stay["versions"]["collection"].value_counts().to_pylist()
    n_kept = Counter({one["values"]: one["counts"] for one in counts})
    found = {}
    for label, own in listed.items():
        rows = versions[versions["collection"] == label]
        new = opened[label].state(own, dict(zip(rows["source"], rows["content_id"], strict=True)))
        known = old.states.get(label, {}).items()
        state = {name: value for name, value in known if name not in (anew.names or ())} | new
        found[label] = {"n_versions": len(own) + n_kept[label], "state": state}
        if opened[label].notes:
            found[label]["notes"] = opened[label].notes
    return found


def annotated(old: Mapping[str, arrow.Table]) -> npt.NDArray[np.uint64]:
    """The numbers of the segments that are annotated already."""
    return annotate.numbers(old["segments"]["segment_id"].to_pylist())


def kept(old: Mapping[str, arrow.Table], anew: Touched, new: Iterable[int]) -> dict[str, arrow.Table]:
    """The rows that stay: of other services, and what hangs on their segments and on the ``new`` ones, by number."""
    # What goes is little: to look for it is far quicker than to look for all that stays.
    found = {name: tables.without(old[name], "service", anew.services) for name in ("versions", "policies", "services")}
    policies = tables.where(old["policies"].select(["policy_id", "service"]), "service", anew.services)
    found["occurrences"] = tables.without(old["occurrences"], "policy_id", policies["policy_id"])
    own = found["occurrences"]["segment_id"]
    in_use = arrow.chunked_array([*own.chunks, arrow.array(map(annotate.hex_id, new), own.type)]).unique()
    gone = tables.without(old["segments"].select(["segment_id"]), "segment_id", in_use)["segment_id"]
    with ThreadPoolExecutor() as pool:
        hanging = pool.map(lambda name: tables.without(old[name], "segment_id", gone), HANGING)
    return found | dict(zip(HANGING, hanging, strict=True))
