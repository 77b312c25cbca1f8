"""The tables of a corpus: what they hold, how they are written, read and verified."""

from privacylab.tables.corpus import (
    FORMAT,
    MANIFEST,
    Corpus,
    CorpusError,
    Part,
    Rows,
    check_replaceable,
    restore,
    verify,
    write,
)
from privacylab.tables.storage import PART_ROWS, parts_of, place_of, read_table, sha256, write_table
