"""The reading wing against labels: our own (`gold`), and those that others made (`others`)."""

from privacylab.evaluate.gold import (
    PREDICTIONS,
    SETS,
    Row,
    clauses_on,
    errors,
    gold_labels,
    heading_counts,
    predict,
    reliability,
    score,
    stored,
    was_trained_on,
)
from privacylab.evaluate.others import ANSWERS, answers, coded, coders, coders_gold, passages
