"""The schemas of the tables: columns, types, vocabularies, keys; and the check of rows against them.

They are the contract between the wing that reads policies and the wing that finds things out.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd
import pyarrow as arrow

if TYPE_CHECKING:
    import pandera.pandas as pa

# pandera is imported where rows are checked: it takes a third of a second, which whoever only reads need not wait.

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
    "empty",
    "encrypted",
    "language",
    "no_text",
    "not_policy",
    "not_text",
    "too_large",
    "too_short",
    "unreadable",
    "unsafe_path",
)
DATE_BASES = ("snapshot", "effective", "none")
REGIONS = ("us", "eu", "uk", "other")

Kind = Literal["text", "date", "count", "integer", "share", "number", "percent", "list"]
Dtype = Literal["str", "datetime64[ms]", "int32", "float32", "uint8", "object"]

_ARROW: dict[Kind, arrow.DataType] = {
    "text": arrow.string(),
    "date": arrow.date32(),
    "count": arrow.int32(),
    "integer": arrow.int32(),
    "share": arrow.float32(),
    "number": arrow.float32(),
    "percent": arrow.uint8(),
    "list": arrow.list_(arrow.string()),
}
_PANDAS: dict[Kind, Dtype] = {
    "text": "str",
    "date": "datetime64[ms]",
    "count": "int32",
    "integer": "int32",
    "share": "float32",
    "number": "float32",
    "percent": "uint8",
    "list": "object",
}


class Column(NamedTuple):
    """One column of a table: its kind, whether it may be null, and the values it may take."""

    kind: Kind
    nullable: bool = False
    allowed: tuple[str, ...] | None = None

    @property
    def dtype(self) -> Dtype:
        """Its type in pandas."""
        return _PANDAS[self.kind]


class Table(NamedTuple):
    """One table: its columns in order, its key (unique, and the sort order)."""

    columns: Mapping[str, Column]
    key: tuple[str, ...]

    def arrow_schema(self) -> arrow.Schema:
        """The table's types as Arrow knows them."""
        return arrow.schema([(name, _ARROW[column.kind]) for name, column in self.columns.items()])

    def frame_schema(self) -> "pa.DataFrameSchema":
        """The table's types, vocabularies and ranges as pandera checks them."""
        import pandera.pandas as pa

        columns = {
            name: pa.Column(column.dtype, _checks(column), nullable=column.nullable)
            for name, column in self.columns.items()
        }
        return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=list(self.key))


def _checks(column: Column) -> "list[pa.Check]":
    import pandera.pandas as pa

    checks = []
    if column.allowed is not None:
        checks.append(pa.Check.isin(column.allowed))
    if column.kind == "share":
        checks.append(pa.Check.in_range(0, 1))
    if column.kind in ("count", "number"):
        checks.append(pa.Check.ge(0))
    if column.kind == "percent":
        checks.append(pa.Check.le(100))
    return checks


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
    ),
    "segments": _table(
        "segment_id",
        segment_id=_TEXT,
        heading=_MAYBE_TEXT,
        text=_MAYBE_TEXT,
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
    "cues": _table("segment_id start cue", segment_id=_TEXT, start=_COUNT, cue=_TEXT, value=_MAYBE_TEXT),
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
        ValueError: The first thing that is wrong: table, column, value.
    """
    from pandera.errors import SchemaError

    table = ALL_TABLES[name]
    _check_columns(name, frame)
    rows = frame.reset_index(drop=True)
    typed = rows.assign(**{column: _typed(name, column, rows[column]) for column in table.columns})
    try:
        checked = table.frame_schema().validate(typed, inplace=True)
    except SchemaError as error:
        cases = error.failure_cases
        sample = sorted({str(v) for v in cases["failure_case"]})[:3] if isinstance(cases, pd.DataFrame) else [cases]
        where = getattr(error.schema, "name", None) or " and ".join(table.key)
        what = getattr(error.check, "error", None) or error.check
        raise ValueError(f"table {name}, column {where}: {what} fails for {', '.join(map(str, sample))}") from None
    return checked.sort_values(list(table.key), ignore_index=True)


def keys(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The keys of a table's rows, with their types, sorted; the index gives each one's place in the frame.

    Raises:
        ValueError: A column is missing, foreign or misplaced, or a key does not fit its type.
    """
    _check_columns(name, frame)
    key = list(ALL_TABLES[name].key)
    rows = frame[key].reset_index(drop=True)
    return pd.DataFrame({column: _typed(name, column, rows[column]) for column in key}).sort_values(key)


@cache
def load() -> None:
    """Loads what checking needs, half a second: while a program waits for something else, and before threads check."""
    check("services", TABLES["services"].arrow_schema().empty_table().to_pandas())


def _check_columns(name: str, frame: pd.DataFrame) -> None:
    expected, found = list(ALL_TABLES[name].columns), list(frame.columns)
    for fault, columns in (
        ("lacks", [column for column in expected if column not in found]),
        ("has the foreign", [column for column in found if column not in expected]),
        (
            "has in another order the",
            [column for column, other in zip(found, expected, strict=False) if column != other],
        ),
    ):
        if columns:
            raise ValueError(
                f"table {name} {fault} column {', '.join(map(str, columns))}; it has {', '.join(expected)}"
            )


def _typed(name: str, column: str, values: pd.Series) -> pd.Series:
    """A column with its type; a value that the type cannot hold is an error, never cut to fit."""
    spec = ALL_TABLES[name].columns[column]
    try:
        typed = values.astype(spec.dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"table {name}, column {column}: {error}") from None
    if spec.kind in ("count", "integer", "percent"):
        changed = values[typed.to_numpy() != values.to_numpy()]
        if len(changed):
            raise ValueError(f"table {name}, column {column}: {changed.iloc[0]} does not fit {spec.dtype}")
    return typed


CODES = "FTCARSPDIO"
"""The letters of a label, in the order of the categories: a capital says plainly there, a small one in passing."""
