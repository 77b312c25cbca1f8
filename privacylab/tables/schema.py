"""The schemas of the tables: columns, types, vocabularies, keys; and the check of rows against them.

They are the contract between the code that reads policies and the code that counts them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import pandas as pd
import pyarrow as arrow

from privacylab import paths

CLAIMED = ("adheres", "relies")
"""The stances by which an organisation claims a framework."""

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
    """One column of a table: its kind, what it holds, whether it may be null, and its vocabulary, if it has one."""

    kind: Kind
    meaning: str
    nullable: bool = False
    allowed: Sequence[str] = ()

    @property
    def dtype(self) -> Dtype:
        """Its type in pandas."""
        return "Int32" if self.kind == "count" and self.nullable else _TYPES[self.kind].dtype


class Table(NamedTuple):
    """One table: what it holds, its columns in order, its key (unique, and the sort order)."""

    meaning: str
    columns: Mapping[str, Column]
    key: list[str]

    def arrow_schema(self) -> arrow.Schema:
        """The table's types as Arrow knows them."""
        return arrow.schema([(name, _TYPES[column.kind].arrow) for name, column in self.columns.items()])


def _column(spec: Mapping[str, Any]) -> Column:
    meaning = spec["meaning"]
    return Column(**{**spec, "meaning": meaning if isinstance(meaning, str) else " ".join(meaning)})


ALL_TABLES: Mapping[str, Table] = {
    name: Table(block["meaning"], {column: _column(spec) for column, spec in block["columns"].items()}, block["key"])
    for name, block in paths.rules("columns").items()
}
"""The tables of ``rules/columns.toml``."""

TABLES: Mapping[str, Table] = {name: table for name, table in ALL_TABLES.items() if not name.startswith("topic")}
"""The tables that ``build`` writes; ``topics`` writes the others beside them."""

CATEGORIES = tuple(name for name, column in TABLES["scores"].columns.items() if column.kind == "percent")
"""The ten clause categories of OPP-115 (Wilson et al. 2016)."""

CODES = "FTCARSPDIO"
"""The letters of a label, in the order of the categories: a capital means clearly there, a small one in passing."""

STATUSES = TABLES["versions"].columns["status"].allowed
REASONS = TABLES["versions"].columns["reason"].allowed
REGIONS = TABLES["services"].columns["region"].allowed


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
    where = f"table {name}, column"
    columns = {}
    for column, spec in table.columns.items():
        columns[column] = _checked(f"{where} {column}", spec, frame[column])
    typed = pd.DataFrame(columns)
    twice = typed.loc[typed.duplicated(table.key), table.key]
    if len(twice):
        key = " and ".join(table.key)
        raise ValueError(f"{where} {key}: {_sample(twice.iloc[0])} occurs twice, and must be unique")
    return typed.sort_values(table.key, ignore_index=True)


def _check_columns(name: str, columns: list[str]) -> None:
    expected = list(ALL_TABLES[name].columns)
    faults = {
        "lacks": [column for column in expected if column not in columns],
        "has no": [column for column in columns if column not in expected],
        "has in the wrong order": [column for column, other in zip(columns, expected, strict=False) if column != other],
    }
    for fault, wrong in faults.items():
        if wrong:
            raise ValueError(f"table {name} {fault} column {_sample(wrong)}; its columns are {', '.join(expected)}")


def _checked(where: str, spec: Column, given: pd.Series) -> pd.Series:
    """A column with its type: a value that does not fit, or is outside the vocabulary or range, is an error."""
    try:
        values: pd.Series = given.astype(spec.dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{where}: {error}") from None
    if spec.kind in ("count", "integer", "percent") and len(wrong := given[(values != given).fillna(False)]):
        raise ValueError(f"{where}: {wrong.iloc[0]} does not fit {spec.dtype}")
    if not spec.nullable and values.isna().any():
        raise ValueError(f"{where}: a value is missing in {values.isna().sum()} rows, and must be there")
    present = values.dropna()
    if spec.kind == "list" and len(wrong := present[present.map(lambda value: isinstance(value, str))]):
        raise ValueError(f"{where}: {_sample(wrong)} must be a list")
    if spec.allowed and len(wrong := present[~present.isin(spec.allowed)]):
        raise ValueError(f"{where}: {_sample(wrong.unique())} must be one of {', '.join(spec.allowed)}")
    kind = _TYPES[spec.kind]
    if kind.low is not None and len(wrong := present[present < kind.low]):
        raise ValueError(f"{where}: {_sample(wrong.unique())} must be at least {kind.low}")
    if kind.high is not None and len(wrong := present[present > kind.high]):
        raise ValueError(f"{where}: {_sample(wrong.unique())} must be at most {kind.high}")
    return values


def _sample(values: Iterable[object]) -> str:
    """The first few values, as text."""
    return ", ".join(map(str, list(values)[:3]))
