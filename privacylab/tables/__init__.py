"""The tables of a corpus: their content, and how to write, read and verify them."""

from privacylab.tables.corpus import Corpus, Part, Rows, check_replaceable, restore, verify, write
from privacylab.tables.manifest import FORMAT, MANIFEST, CorpusError
from privacylab.tables.storage import read_table, sha256, write_table
