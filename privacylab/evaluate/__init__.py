"""Compares the program with labels: our own (`gold`) and other people's (`others`)."""

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
