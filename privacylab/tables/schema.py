"""The schemas of the tables: columns, types, vocabularies, keys; and the check of rows against them.

They are the contract between the code that reads policies and the code that counts them.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import pandas as pd
import pyarrow as arrow

CATEGORIES = (
    "First Party Collection/Use",
    "Third Party Sharing/Collection",
    "User Choice/Control",
    "User Access, Edit and Deletion",
    "Data Retention",
    "Data Security",
    "Policy Change",
    "Do Not Track",
    "International and Specific Audiences",
    "Other",
)
"""The ten clause categories of OPP-115 (Wilson et al. 2016)."""

CLAIMED = ("adheres", "relies")
"""The stances by which an organisation claims a framework."""

STATUSES = ("kept", "sampled_out", "same_day", "near_duplicate", "flip", "rejected")
REASONS = (
    "bad_date",
    "companion",
    "empty",
    "encrypted",
    "language",
    "no_text",
    "not_a_policy_file",
    "not_policy",
    "not_text",
    "other_document",
    "too_large",
    "too_short",
    "unreadable",
    "unreadable_kind",
    "unsafe_path",
)
DATE_BASES = ("snapshot", "effective", "none")
REGIONS = ("us", "eu", "uk", "other")
AUDIENCES = ("all", "children", "california", "us_states", "eu_uk", "other")

Kind = Literal["text", "date", "count", "integer", "share", "number", "percent", "list"]
Dtype = Literal["str", "datetime64[ms]", "int32", "Int32", "float32", "uint8", "object"]


class _Type(NamedTuple):
    """How pandas and Arrow store the values of a kind, and their range (None: open)."""

    dtype: Dtype
    arrow: arrow.DataType
    low: int | None = None
    high: int | None = None


_TYPES: Mapping[Kind, _Type] = {
    "text": _Type("str", arrow.string()),
    "date": _Type("datetime64[ms]", arrow.date32()),
    "count": _Type("int32", arrow.int32(), low=0),
    "integer": _Type("int32", arrow.int32()),
    "share": _Type("float32", arrow.float32(), low=0, high=1),
    "number": _Type("float32", arrow.float32(), low=0),
    "percent": _Type("uint8", arrow.uint8(), high=100),
    "list": _Type("object", arrow.list_(arrow.string())),
}


class Column(NamedTuple):
    """One column of a table: its kind, whether it may be null, and the values it may take."""

    kind: Kind
    nullable: bool = False
    allowed: tuple[str, ...] | None = None

    @property
    def dtype(self) -> Dtype:
        """Its type in pandas."""
        return "Int32" if self.kind == "count" and self.nullable else _TYPES[self.kind].dtype


class Table(NamedTuple):
    """One table: its columns in order, its key (unique, and the sort order)."""

    columns: Mapping[str, Column]
    key: tuple[str, ...]

    def arrow_schema(self) -> arrow.Schema:
        """The table's types as Arrow knows them."""
        return arrow.schema([(name, _TYPES[column.kind].arrow) for name, column in self.columns.items()])


def _table(key: str, **columns: Column) -> Table:
    return Table(columns, tuple(key.split()))


_TEXT, _MAYBE_TEXT = Column("text"), Column("text", nullable=True)
_DATE, _MAYBE_DATE = Column("date"), Column("date", nullable=True)
_COUNT = Column("count")

TABLES: Mapping[str, Table] = {
    "versions": _table(
        "version_id",
        version_id=_TEXT,
        collection=_TEXT,
        service=_TEXT,
        document=_TEXT,
        date=_MAYBE_DATE,
        date_basis=Column("text", allowed=DATE_BASES),
        source=_TEXT,
        content_id=_TEXT,
        status=Column("text", allowed=STATUSES),
        reason=Column("text", nullable=True, allowed=REASONS),
        detail=_MAYBE_TEXT,
        same_as=_MAYBE_TEXT,
        n_words=_COUNT,
        claims=Column("list"),
    ),
    "policies": _table(
        "policy_id",
        policy_id=_TEXT,
        version_id=_TEXT,
        collection=_TEXT,
        service=_TEXT,
        document=_TEXT,
        snapshot_date=_MAYBE_DATE,
        effective_date=_MAYBE_TEXT,
        date=_MAYBE_DATE,
        date_basis=Column("text", allowed=DATE_BASES),
        first_seen=_MAYBE_DATE,
        last_seen=_MAYBE_DATE,
        era=_TEXT,
        era_by_frameworks=_MAYBE_TEXT,
        language=_TEXT,
        language_share=Column("share"),
        n_words=_COUNT,
        n_segments=_COUNT,
        reading_grade=Column("number", nullable=True),
        source=_TEXT,
    ),
    "services": _table(
        "service",
        service=_TEXT,
        names=Column("list"),
        region=Column("text", nullable=True, allowed=REGIONS),
        industry=_MAYBE_TEXT,
        ground=_MAYBE_TEXT,
        owner=_MAYBE_TEXT,
        owner_ground=_MAYBE_TEXT,
    ),
    "segments": _table(
        "segment_id",
        segment_id=_TEXT,
        heading=_MAYBE_TEXT,
        text=_MAYBE_TEXT,
        audience=Column("text", allowed=AUDIENCES),
        terms=_TEXT,
        n_words=_COUNT,
        n_sentences=_COUNT,
        n_syllables=_COUNT,
        n_passive=_COUNT,
        n_vague=_COUNT,
    ),
    "occurrences": _table("policy_id position", policy_id=_TEXT, position=_COUNT, segment_id=_TEXT),
    "scores": _table("segment_id", segment_id=_TEXT, **{name: Column("percent") for name in CATEGORIES}),
    "mentions": _table(
        "segment_id start framework", segment_id=_TEXT, start=_COUNT, end=_COUNT, framework=_TEXT, stance=_TEXT
    ),
    "cues": _table(
        "segment_id start cue value",
        segment_id=_TEXT,
        start=_COUNT,
        end=_COUNT,
        cue=_TEXT,
        value=_MAYBE_TEXT,
    ),
}
"""The tables that ``build`` writes."""

TOPIC_TABLES: Mapping[str, Table] = {
    "topics": _table(
        "segment_id", segment_id=_TEXT, topic=Column("integer"), probability=Column("share", nullable=True)
    ),
    "topic_terms": _table("topic rank", topic=_COUNT, rank=_COUNT, term=_TEXT, weight=Column("number")),
}
"""The tables that ``topics`` writes beside the others."""

ALL_TABLES: Mapping[str, Table] = {**TABLES, **TOPIC_TABLES}


def check(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of a table, checked: columns, types, vocabularies, ranges, unique key; sorted by its key.

    Args:
        name: A key of `ALL_TABLES`.
        frame: The rows, in any order, with the columns in the table's order.

    Returns:
        A new frame, sorted by key, with a fresh index.

    Raises:
        ValueError: The first fault: table, column, value, and what is allowed.
    """
    table = ALL_TABLES[name]
    _check_columns(name, list(frame.columns))
    typed = pd.DataFrame({column: _typed(name, column, frame[column]) for column in table.columns})
    for column, spec in table.columns.items():
        _check_values(f"table {name}, column {column}", spec, typed[column])
    key = list(table.key)
    twice = typed.loc[typed.duplicated(key), key]
    if len(twice):
        raise ValueError(
            f"table {name}, column {' and '.join(key)}: {_sample(twice.iloc[0])} occurs twice, and must be unique"
        )
    return typed.sort_values(key, ignore_index=True)


def _check_columns(name: str, found: list[str]) -> None:
    expected = list(ALL_TABLES[name].columns)
    faults = {
        "lacks": [column for column in expected if column not in found],
        "has no": [column for column in found if column not in expected],
        "has in the wrong order": [column for column, other in zip(found, expected, strict=False) if column != other],
    }
    for fault, columns in faults.items():
        if columns:
            raise ValueError(f"table {name} {fault} column {_sample(columns)}; its columns are {', '.join(expected)}")


def _typed(name: str, column: str, values: pd.Series) -> pd.Series:
    """A column with its type; a value that does not fit is an error, never cut."""
    spec = ALL_TABLES[name].columns[column]
    try:
        typed = values.astype(spec.dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"table {name}, column {column}: {error}") from None
    if spec.kind in ("count", "integer", "percent"):
        changed = values[(typed != values).fillna(False)]
        if len(changed):
            raise ValueError(f"table {name}, column {column}: {changed.iloc[0]} does not fit {spec.dtype}")
    return typed


def _check_values(where: str, spec: Column, values: pd.Series) -> None:
    """Refuses nulls, values outside the vocabulary, and values outside the range of the column's kind."""
    if not spec.nullable and values.isna().any():
        raise ValueError(f"{where}: a value is missing in {values.isna().sum()} rows, and must be there")
    present = values.dropna()
    if spec.kind == "list" and len(wrong := present[present.map(lambda value: isinstance(value, str))]):
        raise ValueError(f"{where}: {_sample(wrong)} must be a list")
    if spec.allowed is not None and len(wrong := present[~present.isin(spec.allowed)]):
        raise ValueError(f"{where}: {_sample(wrong.unique())} must be one of {', '.join(spec.allowed)}")
    kind = _TYPES[spec.kind]
    if kind.low is not None and len(wrong := present[present < kind.low]):
        raise ValueError(f"{where}: {_sample(wrong.unique())} must be at least {kind.low}")
    if kind.high is not None and len(wrong := present[present > kind.high]):
        raise ValueError(f"{where}: {_sample(wrong.unique())} must be at most {kind.high}")


def _sample(values: Iterable[object]) -> str:
    """The first few values, as text."""
    return ", ".join(map(str, list(values)[:3]))


CODES = "FTCARSPDIO"
"""The letters of a label, in the order of the categories: a capital means clearly there, a small one in passing."""
