"""Parts of services -> the tables of a corpus."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as arrow

from privacylab.build.workers import Listed
from privacylab.sources.services import Fact
from privacylab.tables import schema


def assemble(
    parts: Sequence[arrow.Table], listed: Mapping[str, Listed], facts: Mapping[str, Fact]
) -> dict[str, pd.DataFrame]:
    """The rows of each of `schema.TABLES`.

    Args:
        parts: What `workers.read_part` gives for each service.
        listed: The versions of each service.
        facts: What is known of services.
    """
    joined = arrow.concat_tables(parts)
    frames = {name: _rows(joined, name) for name in schema.TABLES if name != "services"}
    rows = []
    for service, versions in listed.items():
        fact = facts.get(service)
        stated = (fact.region, fact.industry, fact.ground, fact.owner, fact.owner_ground) if fact else (None,) * 5
        rows.append((service, sorted({entry.name for entry, _ in versions}), *stated))
    return {**frames, "services": pd.DataFrame(rows, columns=list(schema.TABLES["services"].columns))}


def _rows(parts: arrow.Table, name: str) -> pd.DataFrame:
    """The rows of a table; a segment that several services have stands in the part of each, and here once."""
    batches = [arrow.RecordBatch.from_struct_array(rows.flatten()) for rows in parts[name].chunks]
    table = arrow.Table.from_batches(batches, schema.TABLES[name].arrow_schema())
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    key = list(schema.TABLES[name].key)
    return frame.drop_duplicates(key) if key[0] == "segment_id" else frame
