"""Parts -> tables: what workers wrote, and what an update keeps, as the frames that `tables.write` takes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as arrow
import pyarrow.feather as feather
import scipy.sparse as sp

from privacylab import annotate, eras, parts, sources, tables
from privacylab.sources import Entry
from privacylab.update import HANGING


def assemble(
    read: Sequence[Path], annotated: Sequence[Path], old: Mapping[str, arrow.Table]
) -> dict[str, pd.DataFrame]:
    """The frames of `tables.TABLES`, but for ``services``: the rows of what was read.

    Args:
        read: Folders that `parts.read` wrote.
        annotated: Folders that `parts.annotated` wrote.
        old: The tables of the corpus that is updated, with the segments that it knew.
    """
    versions, version_ids = _with_ids("versions", read)
    policies, policy_ids = _with_ids("policies", read)
    frames = {name: _concat(name, (part / f"{name}.arrow" for part in annotated)) for name in HANGING}
    claimed = _concat("mentions", (part / "claims.arrow" for part in annotated))
    known = _known("mentions", old, np.concatenate([version_ids.numbers, policy_ids.numbers]))
    mentions = pd.concat([known, frames["mentions"], claimed])
    versions["claims"] = version_ids.claims(mentions)
    policies["era_by_frameworks"] = list(map(era_by_frameworks, policy_ids.claims(mentions)))
    occurrences = _occurrences(policies["policy_id"], policy_ids)
    counted = pd.concat([_known("segments", old, policy_ids.numbers), frames["segments"]])
    policies["reading_grade"] = _reading_grades(policies, occurrences, counted)
    frames |= {"versions": versions, "policies": policies, "occurrences": occurrences}
    return {name: frame[list(tables.TABLES[name].columns)] for name, frame in frames.items()}


def _known(name: str, old: Mapping[str, arrow.Table], numbers: npt.NDArray[np.uint64]) -> pd.DataFrame:
    """The rows of an old table that hang on some segments."""
    rows = old[name]
    if rows.num_rows:
        rows = tables.where(rows, "segment_id", list(map(annotate.hex_id, np.unique(numbers).tolist())))
    frame: pd.DataFrame = rows.to_pandas()
    return frame


class _SegmentIds(NamedTuple):
    """The segments of each of some rows: their numbers one row after another, and how many each row has."""

    numbers: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int64]

    def claims(self, mentions: pd.DataFrame) -> list[list[str]]:
        """What the segments of each row claim: ``framework:stance``, sorted."""
        claims, claim = np.unique(
            (mentions["framework"] + ":" + mentions["stance"]).astype(object), return_inverse=True
        )
        segments, segment = np.unique(annotate.numbers(mentions["segment_id"]), return_inverse=True)
        column = pd.Index(segments).get_indexer(pd.Index(self.numbers))
        row = np.repeat(np.arange(len(self.counts)), self.counts)[column >= 0]
        holds = sp.csr_matrix((np.ones(len(row)), (row, column[column >= 0])), (len(self.counts), len(segments)))
        found = holds @ sp.csr_matrix((np.ones(len(claim)), (segment, claim)), (len(segments), len(claims)))
        found.sort_indices()
        return [claims[found.indices[start:end]].tolist() for start, end in pairwise(found.indptr)]


def _with_ids(name: str, read: Sequence[Path]) -> tuple[pd.DataFrame, _SegmentIds]:
    """The rows of a table from its parts, and their segments."""
    rows = _rows_of(name, (part / f"{name}.arrow" for part in read))
    lists = rows["segment_ids"].combine_chunks()
    ids = _SegmentIds(lists.flatten().to_numpy(), lists.value_lengths().to_numpy().astype(np.int64))
    frame: pd.DataFrame = rows.drop_columns(["segment_ids"]).to_pandas(date_as_object=False)
    return frame, ids


def _concat(name: str, paths_: Iterable[Path]) -> pd.DataFrame:
    frame: pd.DataFrame = _rows_of(name, paths_).to_pandas(date_as_object=False)
    return frame


def _rows_of(name: str, paths_: Iterable[Path]) -> arrow.Table:
    """The rows of a table from its parts; where there is none, an empty table of its columns."""
    found = [feather.read_table(path) for path in paths_ if path.is_file()]
    found = [part for part in found if part.num_columns]
    if not found:
        nothing = tables.TABLES[name].arrow_schema().empty_table()
        found = [nothing.append_column("segment_ids", arrow.array([], arrow.list_(parts.ID)))]
    return arrow.concat_tables(found, promote_options="permissive")


def era_by_frameworks(claims: Iterable[str]) -> str | None:
    """The latest era whose framework a policy adheres to or relies on."""
    claimed = {claim.partition(":")[0] for claim in claims if claim.endswith((":adheres", ":relies"))}
    return next((era.id for era in reversed(eras.eras()) if era.id in claimed), None)


def _occurrences(policy_ids: pd.Series, found: _SegmentIds) -> pd.DataFrame:
    distinct, places = np.unique(found.numbers, return_inverse=True)
    ends = np.cumsum(found.counts)
    columns = {
        "policy_id": arrow.array(policy_ids, arrow.string()).take(
            arrow.array(np.repeat(np.arange(len(found.counts)), found.counts))
        ),
        "position": np.arange(len(found.numbers)) - np.repeat(ends - found.counts, found.counts),
        "segment_id": arrow.array(map(annotate.hex_id, distinct.tolist()), arrow.string()).take(arrow.array(places)),
    }
    frame: pd.DataFrame = arrow.table(columns).to_pandas()
    return frame


def _reading_grades(policies: pd.DataFrame, occurrences: pd.DataFrame, segments: pd.DataFrame) -> pd.Series:
    """The Flesch-Kincaid grade of each policy (Kincaid et al. 1975), from its segments' counts."""
    columns = ["n_words", "n_sentences", "n_syllables"]
    counts = occurrences.merge(segments[["segment_id", *columns]], on="segment_id").groupby("policy_id")[columns].sum()
    counts = counts[(counts["n_words"] > 0) & (counts["n_sentences"] > 0)]
    grade = 0.39 * counts["n_words"] / counts["n_sentences"] + 11.8 * counts["n_syllables"] / counts["n_words"] - 15.59
    return policies["policy_id"].map(grade.clip(lower=0).round(3))


def services(listed: Mapping[str, Sequence[tuple[Entry, str]]]) -> pd.DataFrame:
    """The table of services, from the versions of each."""
    facts: dict[str, sources.Fact] = {}
    names: dict[str, set[str]] = defaultdict(set)
    for fact in sources.facts().values():
        facts.setdefault(fact.domain, fact)
    for service, versions in listed.items():
        names[service].update(entry.name for entry, _ in versions)
    rows = [
        (service, sorted(names[service]), fact and fact.region, fact and fact.industry, fact and fact.ground)
        for service in listed
        for fact in [facts.get(service)]
    ]
    return pd.DataFrame(rows, columns=["service", "names", "region", "industry", "ground"])
