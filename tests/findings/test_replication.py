import importlib.util
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from privacylab import findings
from privacylab.findings import Finding, replication

ROOT = Path(__file__).parents[2]
SIZE = Finding("1", "", "", direction="up", unit="points", published=0.06)
FLAT = Finding("2", "", "", direction="none", unit="points", margin=0.05)
FALL = SIZE._replace(direction="down", published=-0.06)
DOUBLED = Finding("3", "", "", direction="up", unit="ratio", published=2.0)
SHARE = replication._finding(
    {"id": "4", "claim": "", "source": "", "direction": "level", "unit": "share", "counts": [60, 100]}
)


def row(value=0.06, low=0.05, high=0.07, n=100, **more):
    return pd.Series({"n": n, "value": value, "low": low, "high": high, **more})


def estimates(**changed):
    asked = [finding.id for finding in findings.findings() if finding.direction]
    return {part: changed.get(part, row()) for part in asked}


@pytest.mark.parametrize(
    ("finding", "low", "high", "sign"),
    [
        (SIZE, 0.001, 0.1, "agrees"),
        (SIZE, -0.001, 0.1, "not shown"),
        (SIZE, -0.2, -0.1, "opposite"),
        (FALL, -0.2, -0.1, "agrees"),
        (FALL, 0.1, 0.2, "opposite"),
        (FLAT, -0.02, 0.04, "no change shown"),
        (FLAT, 0.02, 0.08, "not shown"),
        (FLAT, 0.06, 0.08, "opposite"),
        (FLAT._replace(unit="ratio"), 0.96, 1.04, "no change shown"),
        (DOUBLED, 1.1, 1.2, "agrees"),
        (DOUBLED, 0.9, 1.2, "not shown"),
        (SHARE, 0.1, 0.2, "a level"),
        (SIZE._replace(direction="new"), 0.1, 0.2, "new"),
        (SIZE, np.nan, np.nan, "too few services"),
    ],
)
def test_the_sign_follows_from_the_interval(finding, low, high, sign):
    assert findings.compare(finding, row(0.06, low, high))["sign"] == sign


@pytest.mark.parametrize(("p", "sign"), [(0.04, "no change shown"), (0.06, "not shown")])
def test_no_change_is_told_by_the_two_one_sided_tests(p, sign):
    assert findings.compare(FLAT, row(0, -0.052, 0.04, p_equivalence=p))["sign"] == sign


def test_the_size_is_a_multiple_of_the_published_on_the_scale_that_adds_up():
    half = findings.compare(SIZE, row(0.03, 0.0, 0.09))
    assert [half[name] for name in ("times", "times_low", "times_high")] == pytest.approx([0.5, 0, 1.5])
    assert half["inside"]
    # Four times is twice as much growth as two times; an interval from 3 leaves 2 outside.
    doubled = findings.compare(DOUBLED, row(4.0, 3.0, 5.0))
    assert doubled["times"] == pytest.approx(2)
    assert not doubled["inside"]
    # Of a fall the ends change places.
    fall = findings.compare(FALL, row(-0.03, -0.09, 0.0))
    assert (fall["times_low"], fall["times_high"]) == pytest.approx((0, 1.5))


def test_z_needs_an_error_of_the_source():
    assert np.isnan(findings.compare(SIZE, row())["z"])
    # Ours: 1.96 standard errors are .03, theirs .02; .06 apart.
    found = findings.compare(SIZE._replace(published=0.12, error=0.02), row(0.06, 0.03, 0.09))
    assert found["z"] == pytest.approx(-0.06 / np.hypot(0.03 / 1.95996, 0.02), rel=1e-4)
    # Counts give the share and its error.
    assert (SHARE.published, SHARE.error) == pytest.approx((0.6, np.sqrt(0.24 / 100)))


def test_a_source_without_a_figure_has_a_sign_and_no_size():
    found = findings.compare(SIZE._replace(published=np.nan), row())
    assert found["sign"] == "agrees"
    assert found["inside"] is None
    assert np.isnan([found["times"], found["z"]]).all()


@pytest.mark.parametrize("estimate", [row(n=19), pd.DataFrame({"n": [0]}), pd.DataFrame(columns=["n", "value"])])
def test_too_few_services_are_not_compared(estimate):
    first = next(finding for finding in findings.findings() if finding.direction)
    found = findings.table({"R": estimates(**{first.id: estimate})}).set_index("part").loc[first.id]
    assert found["sign"] == "too few services"
    assert found[["times", "inside", "z"]].isna().all()


@pytest.mark.parametrize(
    ("truth", "sign", "inside"),
    [(1.0, "agrees", (0.9, 1)), (0.5, "agrees", (0, 0.3)), (0.0, "not shown", (0, 0.05))],
)
def test_simulated_corpora_are_told_by_the_rule(truth, sign, inside):
    path = ROOT / "benchmarks" / "replication_rule.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    simulation = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(simulation)
    rise, flat = simulation.told(1600, truth, corpora=300)
    assert rise[sign] > 0.85
    assert inside[0] <= rise["inside"] <= inside[1]
    assert rise["times"] == pytest.approx(truth, abs=0.1)
    # Six points are beyond the margin, none are not.
    assert (flat.get("no change shown", 0) > 0.9) == (truth == 0)


def test_the_table_answers_every_finding_and_names_the_cell():
    found = findings.table({"R": estimates()})
    assert list(found) == list(replication.COLUMNS)
    assert found["part"].tolist() == [finding.id for finding in findings.findings()]
    asked = found[found["sign"] != "not testable here"]
    assert set(asked["cell"]) == {"R"}
    assert asked["n"].notna().all()
    assert found.loc[found["sign"] == "not testable here", "misses"].str.len().min() > 30


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"R": {"1a": row()}}, r"missing: \['10a'"),
        ({"R": {**estimates(), "99": row()}}, r"of no finding: \['99'\]"),
        ({"R": estimates(), "S": {"1a": row()}}, "made twice: 1"),
        ({"R": {**estimates(), "1a": pd.DataFrame([row(), row()])}}, "part '1a' has 2 rows, not one"),
    ],
)
def test_estimates_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        findings.table(given)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"direction": "larger", "unit": "ratio"}, "direction 'larger' must be one of"),
        ({"direction": "up", "unit": "words"}, "unit 'words' must be one of"),
        ({"direction": "up"}, "unit '' must be one of"),
        ({"direction": "up", "unit": "ratio", "read": "memory"}, "read 'memory' must be one of"),
        ({"direction": "none", "unit": "ratio"}, "no change needs `margin`"),
        ({}, "needs either a direction or `not_testable`"),
    ],
)
def test_a_finding_that_cannot_be_compared_is_refused(block, message):
    with pytest.raises(ValueError, match=message):
        replication._finding({"id": "1", "claim": "", "source": "", **block})


def test_every_published_finding_says_how_its_source_was_read_and_quotes_it():
    published = [finding for finding in findings.findings() if not finding.id.startswith("N")]
    assert all(finding.read and finding.quoted for finding in published)
    assert len({finding.id for finding in findings.findings()}) == len(findings.findings())


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(ROOT / "figures" / "replication.csv", dtype={"finding": str})


def test_there_are_enough_findings(published):
    own = published["finding"].str.startswith("N")
    assert published.loc[~own, "finding"].nunique() >= 25
    assert published.loc[own, "finding"].nunique() >= 5


def test_the_page_says_what_the_notebook_computed(published):
    page = (ROOT / "docs" / "replication.md").read_text(encoding="utf-8")
    assert page == findings.markdown(published), "docs/replication.md is not the notebook's: run `make notebooks`"


def test_the_columns_of_the_page_follow_from_its_numbers(published):
    asked = {finding.id: finding for finding in findings.findings() if finding.direction}
    told = published[published["part"].isin(asked)].set_index("part")
    assert set(told.index) == set(asked)
    again = {part: findings.compare(asked[part], row) for part, row in told.to_dict("index").items()}
    assert told["sign"].to_dict() == {part: columns["sign"] for part, columns in again.items()}
    for name in ("times", "z"):
        # The file has four digits.
        expected = [columns[name] for columns in again.values()]
        assert told[name].to_numpy() == pytest.approx(expected, rel=5e-3, abs=0.02, nan_ok=True)


def test_the_n_of_every_share_is_its_denominator(published):
    shares = published[published["unit"].isin(["share", "points"]) & published["value"].notna()]
    counted = shares[shares["count"].notna()]
    assert (counted["count"] / counted["n"]).to_numpy() == pytest.approx(counted["value"].to_numpy(), rel=1e-3)
    # Only corrected shares and differences of all services in force have no count of their own.
    rest = shares.loc[shares["count"].isna(), "what"]
    assert rest.str.contains("corrected|all services|all others").all(), rest.tolist()


def test_every_estimate_has_an_interval_and_stands_in_the_notebook(published):
    told = published[~published["sign"].isin(["not testable here", "too few services"])]
    assert (told["n"] >= replication.ENOUGH).all()
    assert told[["value", "low", "high"]].notna().all(axis=None)
    notebook = nbformat.read(ROOT / "notebooks" / "6-published.ipynb", as_version=4)
    first_lines = [cell.source.split("\n")[0] for cell in notebook.cells if cell.cell_type == "code"]
    labels = {match[1] for line in first_lines if (match := re.match(r"# (R\d+):", line))}
    assert set(told["cell"]) == labels


def test_the_page_has_a_line_for_each_row_and_says_what_is_missing():
    without = next(finding.id for finding in findings.findings() if finding.unit and np.isnan(finding.published))
    ratio = next(f.id for f in findings.findings() if f.direction == "down" and f.unit == "ratio" and f.published > 0)
    found = findings.table({"R": estimates(**{"2": row(n=3), ratio: row(0.1, 0.0, 0.3)})})
    lines = {line.split(" | ")[0].strip("| "): line for line in findings.markdown(found).splitlines()}
    assert set(found["part"]) < set(lines)
    assert "| no figure |" in lines[without]
    assert "| too few services |" in lines["2"]
    assert "to ∞)" in lines[ratio]


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
