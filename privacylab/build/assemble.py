"""Parts -> tables: what workers wrote, as the rows that `tables.write` takes; what stays of others is `update.kept`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as arrow
import pyarrow.compute as compute
import pyarrow.feather as feather
import scipy.sparse as sp

from privacylab import eras, tables
from privacylab.build import annotate, workers
from privacylab.build.update import HANGING
from privacylab.sources import Entry, services
from privacylab.tables import schema
from privacylab.tables.readability import reading_grade


class Assembled(NamedTuple):
    """The rows of `schema.TABLES`, but for ``services``; and the numbers of the segments of its policies."""

    frames: dict[str, tables.Rows]
    versions: pd.DataFrame
    segments: npt.NDArray[np.uint64]


def assemble(read: Sequence[Path], annotated: Sequence[Path], old: Mapping[str, arrow.Table]) -> Assembled:
    """The rows of what was read. Those of the large tables come in frames, so that not all are held at once.

    Args:
        read: Folders that `workers.read` wrote.
        annotated: Folders that `workers.annotated` wrote.
        old: The tables of the corpus that is updated, with the segments that it knew.
    """
    versions, version_ids = _with_ids("versions", read)
    policies, policy_ids = _with_ids("policies", read)
    new = _rows_of("mentions", annotated).to_pandas()
    known = _known(old["mentions"], np.concatenate([version_ids.numbers, policy_ids.numbers]))
    mentions = pd.concat([known, new, _rows_of("mentions", annotated, file="claims").to_pandas()])
    versions["claims"] = version_ids.claims(mentions)
    policies["era_by_frameworks"] = list(map(era_by_frameworks, policy_ids.claims(mentions)))
    counts = _rows_of("segments", annotated, columns=["segment_id", *_COUNTED]).to_pandas()
    policies["reading_grade"] = _reading_grades(
        policy_ids, pd.concat([_known(old["segments"], policy_ids.numbers), counts])
    )
    n_ranges = 1 + 2 * len(counts) // tables.PART_ROWS
    frames: dict[str, tables.Rows] = {
        "versions": _ordered("versions", versions),
        "policies": _ordered("policies", policies),
        "mentions": _ordered("mentions", new),
        "occurrences": _occurrences(policies["policy_id"], policy_ids),
        **{name: _by_range(name, annotated, n_ranges) for name in HANGING if name != "mentions"},
    }
    return Assembled(frames, versions, np.unique(policy_ids.numbers))


def _ordered(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[list(schema.TABLES[name].columns)]


def _by_range(name: str, annotated: Sequence[Path], n_ranges: int) -> Iterator[pd.DataFrame]:
    """The rows of a table that hangs on segments, a range of their ids after another."""
    borders = [annotate.hex_id(i * 2**64 // n_ranges) for i in range(n_ranges)]
    for low, high in zip(borders, [*borders[1:], "g"], strict=True):
        yield _ordered(name, _rows_of(name, annotated, between=(low, high)).to_pandas())


def _known(rows: arrow.Table, numbers: npt.NDArray[np.uint64]) -> pd.DataFrame:
    """The rows of an old table that hang on some segments."""
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
    rows = _rows_of(name, read)
    lists = rows["segment_ids"].combine_chunks()
    ids = _SegmentIds(lists.flatten().to_numpy(), lists.value_lengths().to_numpy().astype(np.int64))
    frame: pd.DataFrame = rows.drop_columns(["segment_ids"]).to_pandas(date_as_object=False)
    return frame, ids


def _rows_of(
    name: str,
    folders: Iterable[Path],
    *,
    file: str | None = None,
    columns: list[str] | None = None,
    between: tuple[str, str] | None = None,
) -> arrow.Table:
    """The rows of a table from its parts; where there is none, an empty table of its columns.

    Args:
        name: The table.
        folders: Where its parts are.
        file: What they are called; as the table if None.
        columns: Only these.
        between: Only segments with an id from one text to before another.
    """
    found = []
    for path in (folder / f"{file or name}.arrow" for folder in folders):
        part = feather.read_table(path, columns=columns) if path.is_file() else arrow.table({})
        if part.num_columns and between:
            ids = part["segment_id"]
            part = part.filter(compute.and_(compute.greater_equal(ids, between[0]), compute.less(ids, between[1])))
        if part.num_columns:
            found.append(part)
    if not found:
        nothing = schema.TABLES[name].arrow_schema().empty_table()
        found = [nothing.append_column("segment_ids", arrow.array([], arrow.list_(workers.ID)))]
    return arrow.concat_tables(found, promote_options="permissive")


def era_by_frameworks(claims: Iterable[str]) -> str | None:
    """The latest era whose framework a policy adheres to or relies on."""
    claimed = {claim.partition(":")[0] for claim in claims if claim.endswith((":adheres", ":relies"))}
    return next((era.id for era in reversed(eras.eras()) if era.id in claimed), None)


def _occurrences(policy_ids: pd.Series, found: _SegmentIds) -> Iterator[pd.DataFrame]:
    """The rows of ``occurrences``, some policies after others."""
    ends = np.cumsum(found.counts)
    order = np.argsort(policy_ids.to_numpy(dtype=object), kind="stable")
    group = np.cumsum(found.counts[order]) // tables.PART_ROWS
    for some in np.split(order, np.flatnonzero(np.diff(group)) + 1):
        counts = found.counts[some]
        rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        numbers = found.numbers[rows + np.repeat(ends[some] - counts, counts)]
        distinct, places = np.unique(numbers, return_inverse=True)
        columns = {
            "policy_id": arrow.array(policy_ids, arrow.string()).take(arrow.array(np.repeat(some, counts))),
            "position": rows,
            "segment_id": arrow.array(map(annotate.hex_id, distinct.tolist()), arrow.string()).take(
                arrow.array(places)
            ),
        }
        yield arrow.table(columns).to_pandas()


_COUNTED = ("n_words", "n_sentences", "n_syllables")


def _reading_grades(policies: _SegmentIds, segments: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The Flesch-Kincaid grade of each policy (Kincaid et al. 1975), from its segments' counts; NaN for no words."""
    place = pd.Index(annotate.numbers(segments["segment_id"])).get_indexer(pd.Index(policies.numbers))
    policy = np.repeat(np.arange(len(policies.counts)), policies.counts)
    counts = (np.bincount(policy, segments[column].to_numpy()[place], len(policies.counts)) for column in _COUNTED)
    return reading_grade(*counts).clip(min=0).round(3)


def services_table(listed: Mapping[str, Sequence[tuple[Entry, str]]]) -> pd.DataFrame:
    """The table of services, from the versions of each."""
    facts: dict[str, services.Fact] = {}
    names: dict[str, set[str]] = defaultdict(set)
    for fact in services.facts().values():
        facts.setdefault(fact.domain, fact)
    for service, versions in listed.items():
        names[service].update(entry.name for entry, _ in versions)
    rows = [
        (service, sorted(names[service]), fact and fact.region, fact and fact.industry, fact and fact.ground)
        for service in listed
        for fact in [facts.get(service)]
    ]
    return pd.DataFrame(rows, columns=["service", "names", "region", "industry", "ground"])
