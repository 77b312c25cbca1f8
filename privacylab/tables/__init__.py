"""The tables of a corpus: their content, and how to write, read and verify them."""

from privacylab.tables.corpus import (
    PART_ROWS,
    Corpus,
    check_replaceable,
    read_table,
    restore,
    sha256,
    verify,
    write,
    write_table,
)
from privacylab.tables.manifest import FORMAT, MANIFEST, CorpusError
