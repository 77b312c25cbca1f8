import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from privacylab import findings, plots
from privacylab.findings import Part, replication

ROOT = Path(__file__).parents[2]
SIZE = Part("s", "", "size", "points", published=0.06)
FLAT = Part("f", "", "none", "points", margin=0.05)
RISE = Part("r", "", "rise", "points")


def row(value=0.06, low=0.05, high=0.07, n=100, **more):
    return pd.Series({"n": n, "value": value, "low": low, "high": high, **more})


def every_part(**changed):
    return {part.id: changed.get(part.id, row()) for finding in findings.findings() for part in finding.parts}


def test_there_are_fifteen_published_findings_and_five_new_ones():
    ids = [finding.id for finding in findings.findings()]
    assert ids == [*(str(number) for number in range(1, 16)), *(f"N{number}" for number in range(1, 6))]


def test_at_most_four_are_not_testable_and_each_says_why():
    reasons = [finding.not_testable for finding in findings.findings() if finding.not_testable]
    assert 0 < len(reasons) <= 4
    assert min(len(reason) for reason in reasons) > 30


@pytest.mark.parametrize(
    ("part", "agreeing"),
    [
        (SIZE, (0.03, 0.12)),
        # On the logarithm: the root and the square.
        (Part("a", "", "size", "ratio", published=4.0), (2, 16)),
        # Odds of 3: half is 1.5, a share of 0.6; twice is 6, a share of 6/7.
        (Part("b", "", "size", "share", published=0.75), (0.6, 6 / 7)),
        (FLAT, (-0.05, 0.05)),
        (Part("c", "", "none", "ratio", margin=0.25), (0.8, 1.25)),
        (RISE, (0, np.inf)),
        (Part("d", "", "fall", "ratio"), (-np.inf, 1)),
    ],
)
def test_what_agrees_by_hand(part, agreeing):
    assert findings.agrees(part) == pytest.approx(agreeing)


@pytest.mark.parametrize(
    ("part", "low", "high", "expected"),
    [
        (SIZE, 0.04, 0.10, "confirmed"),
        (SIZE, 0.01, 0.10, "cannot tell"),
        (SIZE, -0.02, 0.02, "refuted"),
        (SIZE, 0.13, 0.20, "refuted"),
        (RISE, 0.01, 0.02, "confirmed"),
        (RISE, -0.01, 0.02, "cannot tell"),
        (RISE, -0.02, -0.01, "refuted"),
        (FLAT, -0.02, 0.04, "confirmed"),
        (FLAT, 0.02, 0.08, "cannot tell"),
        (FLAT, 0.06, 0.08, "refuted"),
        (FLAT, np.nan, np.nan, "cannot tell"),
        (FLAT._replace(doubt="it misses half"), 0.06, 0.08, "cannot tell"),
        (Part("n", "", "new", "days"), 1, 2, "new"),
    ],
)
def test_verdict_by_the_rule(part, low, high, expected):
    assert findings.verdict(part, low=low, high=high) == expected


@pytest.mark.parametrize(("p", "expected"), [(0.04, "confirmed"), (0.06, "cannot tell")])
def test_no_change_is_told_by_the_two_one_sided_tests(p, expected):
    assert findings.verdict(FLAT, low=-0.052, high=0.04, p_equivalence=p) == expected


def test_a_finding_is_refuted_by_one_part_and_confirmed_by_all():
    flat = {"10a": row(0, -0.01, 0.01), "10b": row(0, -0.01, 0.01)}
    for part, expected in ((row(0, -0.01, 0.01), "confirmed"), (row(0.2, 0.1, 0.3), "refuted")):
        found = findings.table({"R": every_part(**flat, **{"10c": part})})
        assert set(found.loc[found["finding"] == "10", "verdict"]) == {expected}


def test_the_table_answers_every_finding_and_names_the_cell():
    found = findings.table({"R": every_part()})
    assert found["finding"].nunique() == 20
    assert found["verdict"].notna().all()
    asked = found[found["verdict"] != "not testable here"]
    assert list(found) == [
        *("finding", "part", "claim", "source", "what", "kind", "unit", "published", "agrees_low", "agrees_high", "n"),
        *("value", "low", "high", "p_equivalence", "part_verdict", "verdict", "reason", "cell"),
    ]
    assert set(asked["cell"]) == {"R"} and asked["n"].notna().all()


@pytest.mark.parametrize(
    ("estimates", "message"),
    [
        ({"R": {"1": row()}}, r"missing: \['10a'"),
        ({"R": {**every_part(), "99": row()}}, r"not asked for: \['99'\]"),
        ({"R": every_part(), "S": {"1": row()}}, "made twice: 1"),
        ({"R": {**every_part(), "1": pd.DataFrame([row(), row()])}}, "part '1' has 2 rows, not one"),
    ],
)
def test_estimates_that_do_not_fit_are_refused(estimates, message):
    with pytest.raises(ValueError, match=message):
        findings.table(estimates)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"part": [{"id": "1", "what": "", "kind": "larger", "unit": "ratio"}]}, "kind 'larger' must be one of size"),
        ({"part": [{"id": "1", "what": "", "kind": "size", "unit": "ratio"}]}, "a size needs `published`"),
        ({}, "needs either parts or `not_testable`"),
    ],
)
def test_a_finding_that_cannot_be_judged_is_refused(block, message):
    with pytest.raises(ValueError, match=message):
        replication._finding({"id": "1", "claim": "", "source": "", **block})


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(ROOT / "figures" / "replication.csv")


def test_the_page_says_what_the_notebook_computed(published):
    page = (ROOT / "docs" / "replication.md").read_text(encoding="utf-8")
    assert page == findings.markdown(published), "docs/replication.md is not the notebook's: run `make notebooks`"


def test_the_verdicts_of_the_page_follow_from_its_numbers(published):
    parts = {part.id: part for finding in findings.findings() for part in finding.parts}
    told = published[published["part"].notna()]
    again = [
        findings.verdict(parts[row["part"]], low=row["low"], high=row["high"], p_equivalence=row["p_equivalence"])
        for row in told.to_dict("records")
    ]
    assert told["part_verdict"].tolist() == again


def test_every_estimate_of_the_page_has_services_an_interval_and_a_cell(published):
    told = published[published["part"].notna()]
    assert (told["n"] >= 20).all() and told[["value", "low", "high"]].notna().all(axis=None)
    notebook = nbformat.read(ROOT / "notebooks" / "3-eras.ipynb", as_version=4)
    first_lines = [cell.source.split("\n")[0] for cell in notebook.cells if cell.cell_type == "code"]
    labels = {match[1] for line in first_lines if (match := re.match(r"# (R\d):", line))}
    assert set(told["cell"]) == labels


def test_the_page_of_a_table_and_of_its_csv_are_one(tmp_path):
    found = findings.table({"R": every_part()})
    path = tmp_path / "replication.csv"
    path.write_text(plots.numbers(found))
    assert findings.markdown(pd.read_csv(path)) == findings.markdown(found)


def test_the_figure_is_drawn():
    found = findings.table({"R": every_part(**{"1": row(2, 1.5, 2.5)})})
    assert [len(axes.get_yticks()) for axes in plots.replication(found).axes] == [
        ((found["kind"] == "size") & (found["unit"] != "share")).sum(),
        (found["kind"] == "none").sum(),
    ]


def test_published_series_are_shares_of_half_years_of_known_features(corpus):
    series = findings.published_series()
    assert set(series["feature"]) <= set(findings.features(corpus))
    assert not series.duplicated(["source", "feature", "half_year"]).any()
    assert series["half_year"].str.fullmatch(r"20\d\d-H[12]").all()
    assert (series[["low", "value", "high"]].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert series["low"].min() >= 0
    # The peak that the source names.
    harbor = series[series["feature"] == "claims:safe_harbor"].set_index("half_year")["value"]
    assert (harbor.idxmax(), harbor.max()) == ("2015-H2", pytest.approx(0.043))


def test_shares_stand_beside_those_published_where_both_have_the_half_year():
    names, halves = ["claims:safe_harbor", "cue:ai"], ["2015-H1", "2015-H2", "2030-H1"]
    ours = pd.MultiIndex.from_product([halves, names], names=["half_year", "feature"]).to_frame(index=False)
    ours = ours.assign(n=40, value=[0.2, 0.1, 0.3, 0.1, 0.4, 0.1], low=0.1, high=0.5, archive="a", day="2015-06-30")
    beside = findings.beside_published(ours)
    assert beside[["source", "half_year"]].to_numpy().tolist() == [
        ["this corpus", "2015-H1"],
        ["this corpus", "2015-H2"],
        ["Amos et al. 2021", "2015-H1"],
        ["Amos et al. 2021", "2015-H2"],
    ]
    assert beside["value"].tolist() == pytest.approx([0.2, 0.3, 0.041, 0.043])
    assert beside["n"].isna().tolist() == [False, False, True, True]
