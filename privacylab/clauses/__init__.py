"""Which of ten clause categories a segment belongs to."""

from privacylab.clauses.model import (
    ARRAYS,
    CARD,
    CATEGORIES,
    LIKENESS,
    MAX_CHARS,
    UNIT,
    ClauseModel,
    likeness,
    load,
    pack,
    unit_rows,
    unpack,
    vectors_of,
)
