"""The tables of a corpus: what they hold, how they are written, read and verified."""

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
