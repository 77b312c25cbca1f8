import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from frames import policies_of

from privacylab import eras, findings

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ENDS = pd.date_range("2013-03-31", "2026-03-31", freq="6ME")
GDPR = 11  # the half-year that ends on 2018-09-30


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("placebo_benchmark", BENCHMARKS / "placebo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_panel_holds_what_is_in_force_at_each_half_years_end():
    table = findings.panel(policies_of({"a": ["2016-02-01", "2017-05-01"], "b": ["2015-12-31"]}))
    shown = table.drop(columns="collection").assign(end=table["end"].dt.strftime("%Y-%m-%d"))
    assert shown.to_numpy().tolist() == [
        ["a", "a", 0, "2016-03-31", "a@2016-02-01"],
        ["a", "a", 1, "2016-09-30", "a@2016-02-01"],
        ["a", "a", 2, "2017-03-31", "a@2016-02-01"],
        ["b", "b", 0, "2016-03-31", "b@2015-12-31"],
        ["b", "b", 1, "2016-09-30", "b@2015-12-31"],
    ]


def test_panel_carries_the_owner():
    policies = policies_of({"a": ["2016-02-01", "2017-05-01"], "b": ["2016-02-01"]})
    services = pd.DataFrame({"service": ["a", "b"], "owner": ["one", "one"]})
    assert set(findings.panel(findings.with_owners(policies, services))["owner"]) == {"one"}


@pytest.mark.parametrize("dates", [["2020-05-03"], ["2020-05-03", "2020-08-06"], ["2020-04-01", "2020-09-01"]])
def test_a_panel_within_one_half_year_holds_what_has_ended(dates):
    table = findings.panel(policies_of({"a": dates}))
    assert table.columns.tolist() == ["service", "collection", "owner", "period", "end", "policy_id"]
    assert table["policy_id"].tolist() == (["a@2020-09-01"] if dates[-1] == "2020-09-01" else [])


def test_no_two_legal_dates_share_a_half_year_and_each_lies_within_one():
    panel, outcome = histories({"a": {}})
    events = findings.steps(panel, outcome).query("move == 'gain' and kind == 'event'")
    assert events["event"].tolist() == [event.id for event in eras.events()]
    # A third of the texts changed in December 2019, a third in January 2020: both lie in the CCPA's half-year.
    policies = policies_of({"a": ["2019-09-30", "2019-12-02", "2020-01-20", "2020-06-01"]})
    assert findings.panel(policies)["policy_id"].tolist() == ["a@2019-09-30", "a@2020-01-20"]


def histories(moves, *, owners=None, amount=False, first=0, last=26):
    """A panel over all half-years and the outcome ``x``: for each service what it has from which period on."""
    rows = []
    for service, changes in moves.items():
        now = 0.0 if amount else False
        for period, end in enumerate(ENDS):
            now = changes.get(period, now)
            if first <= period <= last:
                rows.append((service, "crawl", (owners or {}).get(service, service), period, end, now))
    panel = pd.DataFrame(rows, columns=["service", "collection", "owner", "period", "end", "x"])
    panel["policy_id"] = panel["service"] + "@" + panel["period"].astype(str)
    return panel.drop(columns="x"), panel.set_index("policy_id")[["x"]].astype(float if amount else bool)


def many(n, changes, **options):
    return histories({f"{next(iter(changes), 0)}-{len(changes)}-{i:03}": changes for i in range(n)}, **options)


def joined(*parts):
    panels, outcomes = zip(*parts, strict=True)
    return pd.concat(panels, ignore_index=True), pd.concat(outcomes)


def row(steps, date, move="gain"):
    return steps[(steps["date"] == pd.Timestamp(date)) & (steps["move"] == move)].iloc[0]


def test_a_gain_by_hand():
    # 30 services never have the clause, 10 gain it in the GDPR's half-year, 5 in the quiet one before (2018-03-31).
    panel, outcome = joined(many(30, {}), many(10, {GDPR: True}), many(5, {GDPR - 1: True}))
    gdpr = row(findings.steps(panel, outcome), "2018-05-25")
    assert (gdpr["event"], gdpr["kind"], gdpr["n"], gdpr["owners"]) == ("gdpr", "event", 40, 40)
    assert gdpr["here"] == pytest.approx(10 / 40)
    # Quiet within two years: the ends of 2017-09, 2018-03 (45 without the clause), 2019-09 (30 left).
    assert gdpr["quiet"] == pytest.approx(5 / (45 + 45 + 30))
    assert gdpr["value"] == pytest.approx(gdpr["here"] - gdpr["quiet"])
    assert gdpr["low"] > 0 and gdpr["p"] < 0.05


def test_a_loss_is_told_of_those_that_have_the_clause():
    panel, outcome = joined(many(30, {}), many(25, {1: True}), many(5, {2: True, GDPR: False}))
    gdpr = row(findings.steps(panel, outcome), "2018-05-25", "loss")
    assert (gdpr["n"], gdpr["here"], gdpr["quiet"]) == (30, pytest.approx(5 / 30), 0)


def test_an_amount_is_told_by_its_change():
    panel, outcome = joined(many(30, {}, amount=True), many(30, {3: 1.0, GDPR: 3.0}, amount=True))
    steps = findings.steps(panel, outcome)
    gdpr = row(steps, "2018-05-25", "change")
    assert (gdpr["here"], gdpr["quiet"], gdpr["value"]) == (1, 0, 1)
    assert set(steps["move"]) == {"change"}


def test_errors_are_those_of_a_regression_clustered_by_owner():
    rng = np.random.default_rng(1)
    moves = {f"s{i:03}": {int(rng.integers(1, 27)): 1.0, GDPR: float(rng.normal(3, 2))} for i in range(80)}
    panel, outcome = histories(moves, owners={name: f"o{int(name[1:]) // 8}" for name in moves}, amount=True)
    found = row(findings.steps(panel, outcome), "2018-05-25", "change")
    rows = panel.assign(y=outcome["x"].to_numpy() - outcome["x"].shift().to_numpy())
    rows = rows[rows["period"].isin([9, 10, 13, GDPR])]  # the quiet half-years around it, and it
    options = {"groups": rows["owner"].factorize()[0], "df_correction": True, "use_correction": False}
    design = sm.add_constant((rows["period"] == GDPR).astype(float).to_numpy())
    fit = sm.OLS(rows["y"].to_numpy(), design).fit(cov_type="cluster", cov_kwds=options, use_t=True)
    error = fit.bse[1] * np.sqrt(10 / 9)
    assert found["owners"] == 10 and found["value"] == pytest.approx(fit.params[1])
    assert (found["high"] - found["value"]) / 2.262157 == pytest.approx(error, rel=1e-5)


def test_services_of_one_owner_tell_less():
    moves = {f"s{i:03}": ({GDPR: True} if i < 20 else {}) for i in range(80)}
    together = {name: f"o{int(name[1:]) // 10}" for name in moves}
    apart, owned = (findings.steps(*histories(moves, owners=owners)) for owners in (None, together))
    apart, owned = (row(steps, "2018-05-25") for steps in (apart, owned))
    assert owned["value"] == apart["value"] and (apart["owners"], owned["owners"]) == (80, 8)
    assert owned["high"] - owned["low"] > 2 * (apart["high"] - apart["low"])


def test_that_by_chance_nobody_moved_is_not_certain():
    # 3 of 40 gain in quiet half-years, none in the GDPR's: no step is shown, though the half-year itself has no error.
    panel, outcome = joined(many(37, {}), many(2, {GDPR - 1: True}), many(1, {GDPR - 2: True}))
    gdpr = row(findings.steps(panel, outcome), "2018-05-25")
    assert gdpr["here"] == 0 and gdpr["low"] < 0 < gdpr["high"] and gdpr["p"] > 0.05


def test_kinds_of_half_years():
    panel, outcome = many(30, {GDPR: True})
    steps = findings.steps(panel, outcome).query("move == 'gain'").set_index("date")["kind"]
    # Six dates; those of Schrems I and the Shield, and of the CCPA and Schrems II, follow each other.
    assert steps.value_counts().to_dict() == {"placebo": 16, "event": 6, "after": 4}
    assert steps[steps == "after"].index.strftime("%Y-%m").tolist() == ["2017-03", "2019-03", "2021-03", "2024-03"]


def test_the_rank_of_p_and_the_least_that_there_can_be():
    panel, outcome = joined(
        *(many(3, {t: True}) for t in range(1, 27) if t != GDPR), many(40, {GDPR: True}), many(60, {})
    )
    steps = findings.steps(panel, outcome)
    gdpr, dull = row(steps, "2018-05-25"), steps[(steps["kind"] == "placebo") & (steps["move"] == "gain")]
    assert gdpr["placebos"] == dull["p"].notna().sum() == 16
    assert gdpr["rejected"] == (dull["p"] < 0.05).sum()
    assert gdpr["least_p"] == gdpr["rank_p"] == pytest.approx(1 / 17)
    assert dull["rank_p"].isna().all()


def test_few_services_and_outcomes_that_never_move_have_no_interval():
    few = row(findings.steps(*many(19, {GDPR: True})), "2018-05-25")
    assert few["n"] == 19 and few[["here", "value", "low", "p", "rank_p", "q"]].isna().all()
    still = row(findings.steps(*many(30, {})), "2018-05-25")
    assert still["value"] == 0 and still[["low", "high", "p", "rank_p"]].isna().all()


def test_a_group_is_compared_with_the_others():
    # Of 30 in the group 15 gain it, of 60 others 12: 50 points less 20.
    panel, outcome = joined(
        many(15, {GDPR: True}), many(15, {}), histories({f"o{i}": {GDPR: True} for i in range(12)}),
        histories({f"p{i}": {} for i in range(48)}),
    )  # fmt: skip
    group = [service for service in panel["service"].unique() if service[0] not in "op"]
    gdpr = row(findings.steps(panel, outcome, treated=group), "2018-05-25")
    assert gdpr[["n", "owners", "n_others", "owners_others"]].tolist() == [30, 30, 60, 60]
    assert gdpr["value"] == pytest.approx(0.3) and gdpr["here"] == 0.5
    assert gdpr["low"] > 0


def test_another_archive_of_a_service_is_another_series():
    # Every service goes over to an archive that cuts a unit off each text: nothing of it is a change.
    panel, outcome = many(40, {}, amount=True)
    late = (panel["period"] >= GDPR).to_numpy()
    moved, cut = panel.assign(collection=np.where(late, "other", "crawl")), outcome.where(~late[:, None], -5.0)
    assert row(findings.steps(moved, cut), "2018-05-25", "change")["n"] == 0


def test_only_the_data_decide_where_the_calendar_begins_and_ends():
    panel, outcome = many(30, {}, first=9, last=15)
    steps = findings.steps(panel, outcome).query("move == 'gain'")
    assert steps["date"].min() == pd.Timestamp("2018-03-31") and steps["date"].max() == pd.Timestamp("2020-07-16")
    assert steps["event"].dropna().tolist() == ["gdpr", "ccpa", "schrems_ii"]


def test_an_event_study_counts_moves_around_its_date():
    panel, outcome = joined(many(30, {}), many(10, {GDPR: True}), many(5, {GDPR - 1: True}))
    gone = histories({f"gone{i}": {} for i in range(8)}, last=GDPR - 1)
    panel, outcome = joined((panel, outcome), gone)
    study = findings.event_study(panel, outcome["x"], event="gdpr", move="gain").set_index("period")
    # Services that are not seen in the half-year of the date do not count before it either.
    around = study.loc[-2:1]
    assert around["n"].tolist() == [45, 45, 40, 30] and around["count"].tolist() == [0, 5, 10, 0]
    assert around["value"].tolist() == pytest.approx([0, 5 / 45, 0.25, 0])
    assert study.loc[0, "low"] == pytest.approx(0.1419, abs=1e-4)  # Wilson, 10 of 40


def test_an_event_study_outside_the_data_is_empty_and_an_unknown_move_is_refused():
    panel, outcome = many(30, {}, first=14)
    study = findings.event_study(panel, outcome["x"], event="gdpr", move="loss")
    assert len(study) == 9 and set(study["n"]) == {0} and study["value"].isna().all()
    with pytest.raises(ValueError, match="'fall' must be one of gain, loss"):
        findings.event_study(panel, outcome["x"], event="gdpr", move="fall")
    with pytest.raises(ValueError, match="'brexit' must be one of"):
        findings.event_study(panel, outcome["x"], event="brexit", move="gain")


def test_undated_policies_make_an_empty_panel(policies):
    panel = findings.panel(policies.assign(date=pd.NaT))
    assert panel.empty and findings.steps(panel, pd.DataFrame({"x": pd.Series(dtype=bool)})).empty


def test_the_panel_of_the_corpus_goes_through(corpus, policies):
    features = findings.features(corpus)[["claims:gdpr"]]
    assert set(findings.steps(findings.panel(policies), features)["move"]) <= {"gain", "loss"}


def test_what_is_not_sound_is_refused():
    panel, outcome = many(3, {})
    with pytest.raises(ValueError, match="not in the outcome"):
        findings.steps(panel, outcome.iloc[5:])
    twice = pd.concat([panel, panel.iloc[:1].assign(policy_id=panel["policy_id"].iloc[1])])
    with pytest.raises(ValueError, match="twice in one period"):
        findings.steps(twice, outcome)


def test_a_dead_archive_shows_no_more_that_nothing_changed():
    policies = policies_of({"a": ["2018-02-01"], "b": ["2018-03-01", "2019-12-01"]})
    policies = policies.assign(collection=["dead", "alive", "alive"])
    held = findings.panel(policies).groupby("service")["end"].max().dt.strftime("%Y-%m-%d").to_dict()
    assert held == {"a": "2018-03-31", "b": "2019-09-30"}


def test_of_two_versions_on_one_day_the_panel_holds_one():
    policies = policies_of({"a": ["2018-02-01", "2018-02-01", "2018-09-30"]})
    policies["policy_id"] = ["a@1", "a@2", "a@3"]
    assert findings.panel(policies)["policy_id"].tolist() == ["a@2", "a@3"]


ESTIMATE = ["value", "low", "high", "p"]


def test_the_columns_of_each_frame():
    panel, outcome = many(30, {GDPR: True})
    named, told = ["outcome", "move", "date", "event", "kind"], ["q", "placebos", "rejected", "least_p", "rank_p"]
    assert list(findings.steps(panel, outcome)) == [*named, "n", "owners", "here", "quiet", *ESTIMATE, *told]
    both = findings.steps(panel, outcome, treated=["a"])
    sizes = ["n", "owners", "n_others", "owners_others", "here", "quiet"]
    assert list(both) == [*named, *sizes, *ESTIMATE, *told]
    study = findings.event_study(panel, outcome["x"], event="gdpr", move="gain")
    assert list(study) == ["period", "n", "owners", "count", "value", "low", "high"]


def test_the_benchmark_of_placebos_finds_few_and_the_step_nearly_always(benchmark):
    results = pd.read_csv(BENCHMARKS / "results" / "placebo.csv")
    assert (results["runs"] == 200).all() and set(results["outcome"]) == set(benchmark.KINDS)
    assert (results["share"] == (results["significant"] / results["tests"]).round(3)).all()
    placebo = results["at"] == "placebo"
    assert (results.loc[placebo, "share"] <= benchmark.MOST).all()
    assert (results.loc[~placebo, "share"] >= benchmark.LEAST).all()


@pytest.mark.parametrize("kind", ["rising", "step"])
def test_a_slow_trend_is_no_step_and_a_step_is_found_without_bending_what_lies_around_it(benchmark, kind):
    steps = pd.concat([findings.steps(*benchmark.simulated(kind, 300, seed=seed)) for seed in range(8)])
    steps = steps[steps["move"] == "gain"]
    placebo, gdpr = steps[steps["kind"] == "placebo"], steps[steps["event"] == "gdpr"]
    # About 120 tests: at 5% six are expected, and 13 or more have a chance below 1%.
    assert placebo["p"].notna().sum() > 90 and (placebo["p"] < 0.05).sum() < 13
    hits = (gdpr["p"] < 0.05) & (gdpr["low"] > 0)
    assert hits.all() if kind == "step" else hits.sum() <= 2
