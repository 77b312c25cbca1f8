"""Tables as files: one of Parquet, or a folder of them that follow each other."""

import hashlib
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
from pyarrow import compute

from privacylab.tables.schema import ALL_TABLES, check

PART_ROWS = 1 << 17
"""Rows of a row group of Parquet."""

SELDOM_TWICE = ("content_id", "same_as", "source", "terms", "text")
"""Columns whose values hardly repeat: to keep them in a dictionary takes time and room."""


Keep = tuple[str, Collection[str]]
"""A column, and its values in the rows that are read."""


def write_table(path: Path, name: str, rows: pd.DataFrame) -> None:
    """Writes one table as Parquet, checked and sorted: the same rows give the same bytes, in whatever order they come.

    Args:
        path: The file.
        name: A key of `ALL_TABLES`.
        rows: The rows, as `check` takes them.
    """
    spec = ALL_TABLES[name]
    encodings = {column: encoding for column in spec.columns if (encoding := _encoding(name, column))}
    table = arrow.Table.from_pandas(check(name, rows), schema=spec.arrow_schema(), preserve_index=False)
    table = table.replace_schema_metadata(None)
    with parquet.ParquetWriter(
        path,
        table.schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[column for column in spec.columns if column not in encodings],
        column_encoding=encodings,
        dictionary_pagesize_limit=64 << 20,
        data_page_size=8 << 20,
        write_statistics=False,
    ) as file:
        for start in range(0, max(table.num_rows, 1), PART_ROWS):
            file.write_table(table.slice(start, PART_ROWS).combine_chunks())


def _encoding(name: str, column: str) -> str | None:
    """How Parquet writes a column; None for by a dictionary, which pays where values repeat."""
    if ALL_TABLES[name].key == [column]:
        return "DELTA_BYTE_ARRAY"  # sorted, each once: what it adds to the one before
    if ALL_TABLES[name].columns[column].kind in ("count", "integer", "date"):
        return "DELTA_BINARY_PACKED"
    return "DELTA_LENGTH_BYTE_ARRAY" if column in SELDOM_TWICE else None


def read_table(path: Path, name: str, *, columns: list[str] | None = None, keep: Keep | None = None) -> pd.DataFrame:
    """Reads one table into pandas with the types of its schema (dates as ``datetime64[ms]``).

    Args:
        path: Its file, or the folder of its parts.
        name: A key of `ALL_TABLES`.
        columns: All if None.
        keep: Which rows are read; all if None.

    Raises:
        ValueError: A column is none of the table's.
    """
    specs = ALL_TABLES[name].columns
    files = parts_of(path)
    there = parquet.read_schema(files[0]).names
    lost = [column for column in columns or () if column in specs and column not in there]
    if lost:
        raise ValueError(f"{path} lacks column {', '.join(lost)}: make the corpus again with privacylab build --force")
    names = there if columns is None else columns
    unknown = [column for column in names if column not in specs]
    if unknown:
        raise ValueError(f"table {name} has no column {', '.join(unknown)}: it has {', '.join(specs)}")
    if len(files) == 1 and keep is None:
        with parquet.ParquetFile(files[0]) as file:  # `parquet.read_table` imports and starts what a file does not need
            rows = file.read(columns=names)
    else:
        kept = keep and compute.field(keep[0]).isin(arrow.array(sorted(keep[1]), arrow.string()))
        rows = parquet.read_table([str(file) for file in files], columns=names, filters=kept)
    frame: pd.DataFrame = rows.to_pandas(date_as_object=False)
    return frame.astype({column: specs[column].dtype for column in names if specs[column].kind != "list"})


def place_of(folder: Path, name: str) -> Path | None:
    """Where a table of a corpus stands: its file, or the folder of its parts; None if it is not there."""
    there = [path for path in (folder / f"{name}.parquet", folder / name) if parts_of(path)]
    return there[0] if there else None


def parts_of(path: Path) -> list[Path]:
    """The files of a table in their order: one, or the parts in a folder."""
    return [path] if path.is_file() else sorted(path.glob("part-*.parquet"))


def sha256(path: Path) -> str:
    """The sha256 of a table's file, as hex; of a folder of parts that of their sha256 in hex, one behind the other."""
    if path.is_dir():
        return hashlib.sha256("".join(map(sha256, parts_of(path))).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
