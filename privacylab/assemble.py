"""Parts -> tables: what workers wrote, and what an update keeps, as the frames that `tables.write` takes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as arrow
import pyarrow.compute as compute
import pyarrow.feather as feather

from privacylab import annotate, eras, parts, sources, tables
from privacylab.sources import Entry


def assemble(
    read: Sequence[Path], annotated: Sequence[Path], old: tables.Corpus | None, untouched: set[str]
) -> dict[str, pd.DataFrame]:
    """The frames of `tables.TABLES`, but for ``services``.

    Args:
        read: Folders that `parts.read` wrote.
        annotated: Folders that `parts.annotated` wrote.
        old: The corpus that is updated; None for a new one.
        untouched: The services whose rows are taken from ``old``.
    """
    versions, version_ids = _with_ids("versions", read)
    policies, policy_ids = _with_ids("policies", read)
    frames = {name: _concat(name, (part / f"{name}.arrow" for part in annotated)) for name in _HANGING}
    if old is not None:
        frames = {name: pd.concat([old.table(name), frame]) for name, frame in frames.items()}
    claims = _claims(
        pd.concat([frames["mentions"], _concat("mentions", (part / "claims.arrow" for part in annotated))])
    )
    versions["claims"] = version_ids.claims(claims)
    policies["era_by_frameworks"] = [era_by_frameworks(found) for found in policy_ids.claims(claims)]
    occurrences = _occurrences(policies["policy_id"], policy_ids)
    policies["reading_grade"] = _reading_grades(policies, occurrences, frames["segments"])
    if old is not None:
        versions = pd.concat([_of(old.versions(), untouched), versions])
        kept = _of(old.policies(), untouched)
        policies = pd.concat([kept, policies])
        known = old.occurrences()
        occurrences = pd.concat([known[_is_in(known["policy_id"], kept["policy_id"])], occurrences])
    in_use = arrow.array(occurrences["segment_id"], arrow.string()).unique()
    frames = {name: frame[_is_in(frame["segment_id"], in_use)] for name, frame in frames.items()}
    frames |= {"versions": versions, "policies": policies, "occurrences": occurrences}
    return {name: frame[list(tables.TABLES[name].columns)] for name, frame in frames.items()}


_HANGING = ("segments", "scores", "mentions", "cues")


class _SegmentIds(NamedTuple):
    """The segments of each of some rows: their numbers one row after another, and how many each row has."""

    numbers: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int64]

    def claims(self, claims: Mapping[int, frozenset[str]]) -> list[list[str]]:
        """What the segments of each row claim."""
        found: list[set[str]] = [set() for _ in self.counts]
        hits = np.isin(self.numbers, np.fromiter(claims, dtype=np.uint64, count=len(claims)))
        rows = np.repeat(np.arange(len(self.counts)), self.counts)[hits]
        for row, number in zip(rows.tolist(), self.numbers[hits].tolist(), strict=True):
            found[row] |= claims[number]
        return [sorted(claimed) for claimed in found]


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


def _claims(mentions: pd.DataFrame) -> dict[int, frozenset[str]]:
    """``framework:stance`` of each segment that has any."""
    if mentions.empty:
        return {}
    claims = mentions["framework"] + ":" + mentions["stance"]
    return {int(str(key), 16): frozenset(group) for key, group in claims.groupby(mentions["segment_id"])}


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


def _of(frame: pd.DataFrame, services: set[str]) -> pd.DataFrame:
    return frame[_is_in(frame["service"], sorted(services))]


def _is_in(values: pd.Series, among: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which strings are among others; pandas turns each into a Python object first."""
    wanted = among if isinstance(among, arrow.Array) else arrow.array(among, arrow.string())
    found: npt.NDArray[np.bool_] = compute.is_in(arrow.array(values, arrow.string()), value_set=wanted).to_numpy(
        zero_copy_only=False
    )
    return found
