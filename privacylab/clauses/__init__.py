"""Which of ten clause categories a segment belongs to."""

from privacylab.clauses.model import CATEGORIES, ClauseModel, load
