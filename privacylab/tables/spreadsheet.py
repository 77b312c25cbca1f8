"""Tables for spreadsheets, which run a text that begins like a formula."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from privacylab.tables import schema

MAX_ROWS, MAX_CELL = 1_048_576, 32_767
"""Rows of an Excel sheet, including its head, and characters of a cell."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame in which no text begins like a formula.

    Such a text gets an apostrophe, and so does one that already begins with an apostrophe and could be confused with
    it. Remove the apostrophe before ``=``, ``+``, ``-``, ``@``, a tab or another apostrophe, and each text is as it
    was. Numbers and dates do not change.

    >>> harmless(pd.DataFrame({"text": ["=1+1", "'=1", "it's", "a-b"], "n": [-1, 0, 1, 2]}))["text"].tolist()
    ["'=1+1", "''=1", "it's", 'a-b']
    """
    return frame.assign(**{str(name): frame[name].map(_quoted) for name in frame if frame[name].dtype.kind == "O"})


def _quoted(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def codebook() -> pd.DataFrame:
    """Each table's columns: their meaning, their kind, whether they may be empty, and their allowed values."""
    rows = [
        {
            "table": name,
            "column": column,
            "meaning": spec.meaning,
            "kind": f"{spec.kind}, joined by semicolons" if spec.kind == "list" else spec.kind,
            "key": column in table.key,
            "may_be_empty": spec.nullable,
            "values": "; ".join(spec.allowed),
        }
        for name, table in schema.TABLES.items()
        for column, spec in table.columns.items()
    ]
    return pd.DataFrame(rows)


def joined(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose lists are text: their values joined by semicolons."""
    specs = schema.TABLES[name].columns
    lists = [column for column in specs if specs[column].kind == "list" and column in frame]
    return frame.assign(**{column: frame[column].map(";".join) for column in lists})


def to_csv(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Writes a CSV for each frame into a new folder, in UTF-8 with the mark that Excel needs."""
    folder.mkdir()
    for name, frame in frames.items():
        path = folder / f"{name}.csv"
        harmless(frame).to_csv(path, index=False, date_format="%Y-%m-%d", encoding="utf-8-sig")


def to_xlsx(frames: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Writes a workbook with a sheet for each frame; texts stay texts, values too long for a cell are cut.

    Raises:
        ValueError: A table has more rows than a sheet.
    """
    for name, frame in frames.items():
        if len(frame) >= MAX_ROWS:
            raise ValueError(f"{name} has {len(frame):,} rows, a sheet has {MAX_ROWS:,}: use --csv")
    options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    day = "YYYY-MM-DD"
    with pd.ExcelWriter(
        path, engine="xlsxwriter", engine_kwargs={"options": options}, date_format=day, datetime_format=day
    ) as writer:
        for name, frame in frames.items():
            texts = [str(column) for column in frame if frame[column].dtype == "str"]
            cut = {column: frame[column].str.slice(stop=MAX_CELL) for column in texts}
            frame.assign(**cut).to_excel(writer, sheet_name=name, index=False)
