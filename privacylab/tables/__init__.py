"""The tables of a corpus: their content, and how to write, read and verify them."""

from privacylab.tables.corpus import (
    FORMAT,
    MANIFEST,
    PART_ROWS,
    Corpus,
    CorpusError,
    check_replaceable,
    read_table,
    restore,
    sha256,
    verify,
    write,
    write_table,
)
