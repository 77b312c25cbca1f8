"""Every frame has exactly the columns that its function's docstring lists, in that order."""

import pandas as pd
import pytest

from privacylab import findings
from privacylab.tables import schema

SIDES = {"before": "privacy_shield", "after": "gdpr"}
ESTIMATE = ["n", "n_effective", "count", "value", "low", "high", "interval"]
DIFFERENCE = ["feature", "n_before", "n_after", "n", "n_both", "before", "after", "value", "low", "high"]
PAIRED = [
    *["feature", "n", "n_effective", "gained", "lost", "kept", "neither", "before", "after"],
    *["value", "low", "high", "p", "q"],
]
PAIRED_AMOUNT = ["amount", "n", "before", "after", "value", "low", "high", "up", "down", "p", "q"]
OBSERVED = ["policy_id", "service", "collection", "date"]
VERSION = [*schema.TABLES["policies"].columns]

FRAMES = {
    "in_force": (lambda c, p: findings.in_force(p, "2018-05-24"), VERSION),
    "observations": (lambda c, p: findings.observations(p), [*OBSERVED, "era"]),
    "observations in force": (
        lambda c, p: findings.observations(p, by="half_year_in_force", services=c.services()),
        [*OBSERVED, "half_year", "region", "industry"],
    ),
    "amounts": (
        lambda c, p: findings.amounts(c),
        [
            "n_words",
            "reading_grade",
            "words_per_sentence",
            "syllables_per_word",
            "passive_per_100_sentences",
            "vague_per_100_words",
        ],
    ),
    "share": (
        lambda c, p: findings.share(
            findings.observations(p, services=c.services()), findings.features(c), by=["era", "region"]
        ),
        ["era", "region", "feature", *ESTIMATE],
    ),
    "share of all": (
        lambda c, p: findings.share(p.drop_duplicates("service"), findings.features(c), by=None),
        ["feature", *ESTIMATE],
    ),
    "share_by_era": (lambda c, p: findings.share_by_era(p, findings.features(c)), ["era", "feature", *ESTIMATE]),
    "share_by_half_year": (
        lambda c, p: findings.share_by_half_year(p, findings.features(c)),
        ["half_year", "feature", *ESTIMATE, "archive", "day"],
    ),
    "share_difference": (
        lambda c, p: findings.share_difference(findings.observations(p), findings.features(c), **SIDES),
        DIFFERENCE,
    ),
    "average": (
        lambda c, p: findings.average(findings.observations(p), findings.amounts(c)),
        ["era", "amount", "statistic", "n", "value", "low", "high", "interval"],
    ),
    "length_by_half_year": (
        lambda c, p: findings.length_by_half_year(p, findings.amounts(c)),
        ["half_year", "amount", "statistic", "n", "value", "low", "high", "interval", "archive", "day"],
    ),
    "sensitivity": (
        lambda c, p: findings.sensitivity(p, findings.features(c), versions=c.versions()),
        ["variant", *DIFFERENCE],
    ),
    "exclusion_flow": (
        lambda c, p: findings.exclusion_flow(c.versions()),
        ["stage", "kind", "reason", "n_versions", "n", "examples"],
    ),
    "archive_timeline": (
        lambda c, p: findings.archive_timeline(c.versions()),
        ["collection", "half_year", "n", "n_versions"],
    ),
    "pairs": (lambda c, p: findings.pairs(p, **SIDES), ["service", "before", "after"]),
    "paired": (lambda c, p: findings.paired(p, findings.features(c), **SIDES), PAIRED),
    "paired with a margin": (
        lambda c, p: findings.paired(p, findings.features(c), margin=0.05, **SIDES),
        [*PAIRED, "p_equivalence"],
    ),
    "paired_amount": (lambda c, p: findings.paired_amount(p, findings.amounts(c), **SIDES), PAIRED_AMOUNT),
    "paired_amount with a margin": (
        lambda c, p: findings.paired_amount(p, findings.amounts(c), margin=0.05, **SIDES),
        [*PAIRED_AMOUNT, "p_equivalence"],
    ),
    "average_ratio": (
        lambda c, p: findings.average_ratio(p, findings.amounts(c), **SIDES).to_frame().T,
        ["n", "n_before", "n_after", "before", "after", "value", "low", "high"],
    ),
    "both_sides": (
        lambda c, p: findings.both_sides(p, findings.amounts(c), column="n_words", **SIDES),
        ["before", "after"],
    ),
    "both_ways": (
        lambda c, p: findings.both_ways(p, findings.features(c), **SIDES),
        [
            *["feature", "view", "n_before", "n_after", "n", "before", "after", "value", "low", "high"],
            *["n_effective", "gained", "lost", "kept", "neither", "p", "q"],
        ],
    ),
    "keyness": (
        lambda c, p: findings.keyness(c, p, minimum=1, **SIDES),
        ["term", "n", "n_effective", "gained", "lost", "before", "after", "value", "low", "high", "p", "q"],
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_has_the_documented_columns_in_order(name, corpus, policies):
    function, columns = FRAMES[name]
    assert list(function(corpus, policies)) == columns


@pytest.mark.parametrize("name", ["share_by_era", "share_by_half_year", "length_by_half_year", "paired", "both_ways"])
def test_without_a_dated_policy_the_columns_are_the_same(name, corpus, policies):
    function, columns = FRAMES[name]
    assert list(function(corpus, policies.assign(date=pd.NaT))) == columns
