import numpy as np
import pandas as pd
import pytest
from frames import versions_of

from privacylab import findings


def intervals(*spans, outcome="none"):
    """Spells from (left, right), or (left, right, outcome)."""
    rows = [(f"s{i}", *span, *([outcome] if len(span) == 2 else [])) for i, span in enumerate(spans)]
    frame = pd.DataFrame(rows, columns=["service", "left", "right", "outcome"])
    return frame.assign(
        outcome=frame["outcome"].where(np.isfinite(frame["right"]), "censored"), right=frame["right"].astype(float)
    )


FOREVER = np.inf
HARBOR, SHIELD = "safe_harbor:adheres", "privacy_shield:adheres"


@pytest.fixture
def versions():
    return versions_of(
        [
            ("a", "2015-06-01", HARBOR),
            ("a", "2016-01-01", HARBOR, "near_duplicate"),
            ("a", "2016-09-01", SHIELD),
            ("b", "2015-09-01", HARBOR),
            ("b", "2016-03-01", "scc:relies"),
            ("b", "2016-06-01", HARBOR),
            ("c", "2015-09-01", HARBOR),
            ("d", "2015-09-01", HARBOR),
            ("d", "2015-12-01", "", "flip"),
            ("d", "2017-10-05", HARBOR, "sampled_out"),
            ("e", "2013-01-01", HARBOR),
            ("f", "2015-09-01", "safe_harbor:mentions"),
            ("g", "2015-10-01", HARBOR),
            ("g", "2015-10-05", ""),
        ]
    )


def test_spells_run_from_the_last_sighting_with_to_the_first_without(versions):
    found = findings.spells(versions, "safe_harbor", at="2015-10-05").set_index("service")
    assert found[["left", "right", "outcome"]].to_dict("index") == {
        "a": {"left": 88, "right": 332, "outcome": "privacy_shield"},  # 2016-01-01 and 2016-09-01
        "b": {"left": 0, "right": 148, "outcome": "scc"},  # gone at 2016-03-01, though it comes back
        "c": {"left": 0, "right": FOREVER, "outcome": "censored"},  # never seen again
        "d": {"left": 731, "right": FOREVER, "outcome": "censored"},  # the flip does not count
    }


def test_a_sighting_that_is_too_old_shows_no_claim(versions):
    found = findings.spells(versions, "safe_harbor", at="2015-10-05")
    assert "e" not in set(found["service"])


def test_no_claim_at_the_start_is_an_explicit_empty_row(versions):
    found = findings.spells(versions, "dpf", at="2016-01-01")
    assert found.empty
    for curve in (findings.claim_survival(found), findings.claim_outcomes(found), findings.half_life(found)):
        assert curve["n"].tolist() == [0]
        assert curve[["value", "low", "high"]].isna().all(axis=None)


def test_a_text_seen_no_more_may_stand_while_its_archive_lives(versions):
    found = findings.spells(versions, "safe_harbor", at="2015-10-05", stands=12).set_index("service")
    # c was seen last on 2015-09-01: it stands until 2016-09-01, 332 days on. d, until the archive's end, 2017-10-05.
    assert found["left"].to_dict() == {"a": 88, "b": 0, "c": 332, "d": 731}
    assert found.loc["c", "outcome"] == "censored"


def test_standing_changes_nothing_where_all_claims_are_seen_to_go():
    versions = versions_of([("a", "2015-09-01", HARBOR), ("a", "2016-01-01", "")])
    spells = [findings.spells(versions, "safe_harbor", at="2015-10-05", stands=months) for months in (0, 18)]
    pd.testing.assert_frame_equal(*spells)


@pytest.mark.parametrize("at", ["2012-01-01", "2020-01-01"])
def test_no_claim_is_followed_from_a_date_outside_the_data(versions, at):
    found = findings.spells(versions, "safe_harbor", at=at)
    assert found.empty and findings.half_life(found)["n"].item() == 0


def test_of_two_texts_on_a_day_the_last_counts():
    versions = versions_of([("a", "2015-06-01", HARBOR, "same_day"), ("a", "2015-06-01", SHIELD)])
    assert findings.sightings(versions)["claims"].tolist() == [frozenset({"privacy_shield"})]


def test_a_days_earlier_text_counts_where_the_last_one_is_a_flip():
    versions = versions_of([("a", "2015-06-01", HARBOR, "same_day"), ("a", "2015-06-01", SHIELD, "flip")])
    assert findings.sightings(versions)["claims"].tolist() == [frozenset({"safe_harbor"})]


def test_rejected_and_undated_versions_are_no_sightings():
    versions = versions_of([("a", "2015-06-01", HARBOR, "rejected"), ("a", None, HARBOR), ("a", "2015-07-01", HARBOR)])
    assert len(findings.sightings(versions)) == 1


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"safe_harbor", "privacy_shield"}, "privacy_shield"),
        ({"bcr"}, "scc"),
        ({"gdpr", "ccpa"}, "none"),
        ({"dpf", "scc"}, "dpf"),
    ],
)
def test_the_newest_mechanism_counts(claims, expected):
    assert findings.mechanism(claims) == expected


def test_turnbull_by_hand():
    # (0,2] (1,3] (2,4] (3,inf): mass can lie in (1,2], (2,3] and (3,4] or beyond 3. Services 1 and 2 hold (1,2];
    # 2 holds (2,3] too, 3 holds (2,3] and (3,4], 4 holds (3,4] (as its interval begins there). By symmetry the
    # self-consistent masses are 1/2 on (1,2] and 1/2 on (3,4]: check p1 = (1 + 1)/4 with p2 = 0.
    found = intervals((0, 2), (1, 3), (2, 4), (3, FOREVER))
    curve = findings.claim_survival(found, step=1).set_index("days")
    assert curve["latest"].to_dict() == pytest.approx({0: 1, 1: 1, 2: 0.5, 3: 0.5, 4: 0}, abs=1e-3)
    assert curve["earliest"].to_dict() == pytest.approx({0: 1, 1: 1, 2: 0.5, 3: 0.5, 4: 0}, abs=1e-3)


def test_turnbull_with_unequal_masses_by_hand():
    # (0,1] twice, (0,2] once, (1,2] once: p on (0,1] solves p = (2 + p) / 4, so p = 2/3.
    found = intervals((0, 1), (0, 1), (0, 2), (1, 2))
    curve = findings.claim_survival(found, step=1).set_index("days")
    assert curve.loc[1, "value"] == pytest.approx(1 / 3, abs=1e-5)
    assert curve.loc[2, "value"] == pytest.approx(0, abs=1e-5)


def test_turnbull_without_interval_censoring_is_kaplan_meier():
    # Gone within days 1, 3 and 4; censored at 2: S = 3/4, then 3/4 * 1/2, then 0.
    found = intervals((0.999, 1), (2, FOREVER), (2.999, 3), (3.999, 4))
    curve = findings.claim_survival(found, step=1).set_index("days")
    assert curve["value"].to_dict() == pytest.approx({0: 1, 1: 0.75, 2: 0.75, 3: 0.375, 4: 0}, abs=1e-4)


def test_turnbull_equals_lifelines():
    from lifelines import KaplanMeierFitter

    rng = np.random.default_rng(2)
    # No ties between left and right ends: there lifelines counts both as inside.
    left = rng.integers(0, 20, 40) + 0.5
    right = np.floor(left) + rng.integers(1, 10, 40)
    right[:10] = np.inf
    found = intervals(*zip(left, right, strict=True))
    curve = findings.claim_survival(found, step=1).set_index("days")
    theirs = KaplanMeierFitter().fit_interval_censoring(left, right).survival_function_
    for day in (3, 8, 15, 22):
        low, high = theirs.loc[:day].iloc[-1].min(), theirs.loc[:day].iloc[-1].max()
        assert low - 0.01 <= curve.loc[day, "value"] <= high + 0.01


def test_the_curve_lies_between_its_bounds_and_falls():
    rng = np.random.default_rng(1)
    left = rng.integers(0, 500, 60).astype(float)
    curve = findings.claim_survival(intervals(*zip(left, left + 100, strict=True)))
    assert (curve["earliest"] <= curve["value"] + 1e-6).all() and (curve["value"] <= curve["latest"] + 1e-6).all()
    assert (np.diff(curve["value"]) <= 1e-6).all()
    assert (curve["low"] <= curve["value"] + 1e-6).all() and (curve["value"] <= curve["high"] + 1e-6).all()


def test_survival_covers_the_truth():
    # Claims with an exponential life of 400 days, seen every 90 days, 60 services: the share at day 360.
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(40):
        life = rng.exponential(400, 60)
        left = np.minimum(np.floor(life / 90) * 90, 900)
        found = intervals(*zip(left, np.where(left < 900, left + 90, np.inf), strict=True))
        row = findings.claim_survival(found).set_index("days").loc[360]
        covered += row["low"] <= np.exp(-0.9) <= row["high"]
    assert covered >= 34


def test_half_life_by_hand():
    found = findings.half_life(intervals((9, 10), (19, 20), (29, 30), (39, 40))).iloc[0]
    assert (found["n"], found["value"]) == (4, 20)
    assert found["low"] >= 10 and found["high"] <= 40


def test_half_life_is_infinite_while_more_than_half_stand():
    found = findings.half_life(intervals((9, 10), (50, FOREVER), (50, FOREVER))).iloc[0]
    assert found["value"] == np.inf


def test_aalen_johansen_by_hand():
    # Middles: day 10 to Shield, 20 silent, censored at 25, 30 to Shield, 40 silent. At risk 5, 4, 2, 1.
    # Shield: 1/5 at 10; then S = 3/5, and 3/5 * 1/2 = 3/10 at 30. Silent: 4/5 * 1/4 = 1/5 at 20; 3/10 at 40.
    found = intervals(
        (9, 11, "privacy_shield"), (19, 21, "none"), (25, FOREVER), (29, 31, "privacy_shield"), (39, 41, "none")
    )
    curves = findings.claim_outcomes(found, step=10).set_index(["outcome", "days"])["value"]
    assert curves["privacy_shield"].to_dict() == pytest.approx({0: 0, 10: 0.2, 20: 0.2, 30: 0.5, 40: 0.5})
    assert curves["none"].to_dict() == pytest.approx({0: 0, 10: 0, 20: 0.2, 30: 0.2, 40: 0.5})


def test_aalen_johansen_with_ties_by_hand():
    # Two at once on day 10 of four, one to each outcome; another on day 20 of the two left.
    found = intervals((9, 11, "scc"), (9, 11, "none"), (19, 21, "scc"), (25, FOREVER))
    curves = findings.claim_outcomes(found, step=10).set_index(["outcome", "days"])["value"]
    assert curves["scc"].to_dict() == pytest.approx({0: 0, 10: 0.25, 20: 0.5, 25: 0.5})
    assert curves["none"].to_dict() == pytest.approx({0: 0, 10: 0.25, 20: 0.25, 25: 0.25})


def test_outcomes_and_survivors_add_up_to_one():
    rng = np.random.default_rng(0)
    spans = [
        (left, left + 10, kind) for left, kind in zip(rng.integers(0, 99, 30), ["scc", "none", "dpf"] * 10, strict=True)
    ]
    found = intervals(*spans)
    last = findings.claim_outcomes(found, step=5).groupby("outcome")["value"].max()
    assert last.sum() == pytest.approx(1)


def test_claims_that_all_stand_are_a_zero_with_their_n():
    found = findings.claim_outcomes(intervals((50, FOREVER), (60, FOREVER)))
    assert found[["outcome", "n", "value"]].to_numpy().tolist() == [["censored", 2, 0.0]]


def test_the_corpus_goes_through(corpus):
    found = findings.spells(corpus.versions(), "safe_harbor", at="2015-10-05")
    # The oldest is alder's of 2013-03; all are sighted again later.
    services = ["alder.example", "birch.example", "elm.example", "fir.example", "larch.example"]
    assert found["service"].tolist() == services
    assert found["outcome"].tolist() == ["privacy_shield", "privacy_shield", "none", "none", "none"]


@pytest.fixture
def moves():
    return versions_of(
        [
            ("a", "2015-09-01", HARBOR),
            ("a", "2016-09-01", SHIELD),
            ("b", "2015-09-01", f"{HARBOR} scc:relies"),
            ("b", "2016-09-01", "scc:relies"),
            ("c", "2015-09-01", ""),
            ("d", "2016-12-01", SHIELD),
        ]
    )


def test_flow_by_hand(moves):
    flow = findings.transfer_flow(moves)
    last = flow[(flow["n"] > 0) & (flow["before"] == "2016-07-11")].set_index(["source", "target"])["n"].to_dict()
    assert last == {
        ("safe_harbor", "privacy_shield"): 1,
        ("safe_harbor", "scc"): 1,
        # c was not sighted for over a year.
        ("none", "not_seen"): 1,
        ("not_seen", "privacy_shield"): 1,
    }


def test_flow_keeps_every_service(moves):
    # On the first pair of dates a, b and c are seen on one of them; on the second all four are.
    counts = findings.transfer_flow(moves).groupby("before")["n"].sum()
    assert counts.to_dict() == {"2015-10-05": 3, "2016-07-11": 4}


def test_flow_shares_of_a_source_add_up(moves):
    flow = findings.transfer_flow(moves).query("before == '2016-07-11'")
    shares = flow.groupby("source")["value"].sum(min_count=1)
    assert shares["safe_harbor"] == 1
    assert flow.loc[flow["source"] == "dpf", "value"].isna().all()


def test_flow_stands_on_the_eves_of_the_legal_dates(moves):
    flow = findings.transfer_flow(moves)
    assert sorted({*flow["before"], *flow["after"]}) == ["2015-10-05", "2016-07-11", "2016-12-01"]


def test_there_is_no_flow_before_the_first_legal_date_or_without_dates(moves):
    early = versions_of([("a", "2014-09-01", HARBOR)])
    assert findings.transfer_flow(early).empty and findings.transfer_flow(moves.assign(date=pd.NaT)).empty


def test_the_columns_of_each_frame(versions, moves):
    spells = findings.spells(versions, "safe_harbor", at="2015-10-05")
    shares = ["value", "low", "high"]
    assert list(findings.sightings(versions)) == ["service", "collection", "date", "claims"]
    assert list(findings.transfer_flow(moves)) == ["before", "after", "source", "target", "n", *shares]
    for claims in (spells, spells.iloc[:0]):
        assert list(claims) == ["service", "start", "left", "right", "outcome"]
        assert list(findings.claim_survival(claims)) == ["days", "n", *shares, "earliest", "latest"]
        assert list(findings.half_life(claims)) == ["n", *shares]
        assert list(findings.claim_outcomes(claims)) == ["outcome", "days", "n", *shares]
