import numpy as np
import pandas as pd
import pytest
from frames import versions_of

from privacylab import findings


def spells(*spans):
    """Claims that went so many days later to an outcome, or were censored then; each of an owner of its own."""
    rows = [(f"s{i:03}", f"o{i:03}", days, outcome) for i, (days, outcome) in enumerate(spans)]
    frame = pd.DataFrame(rows, columns=["service", "owner", "days", "outcome"]).astype({"days": float})
    return frame.assign(seen=frame["days"], stands=frame["days"], start=pd.Timestamp("2015-10-05"))


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


def test_a_claim_goes_at_the_first_sighting_after_the_last_with_it(versions):
    found = findings.spells(versions, "safe_harbor", at="2015-10-05").set_index("service")
    assert found[["days", "seen", "stands", "outcome"]].to_dict("index") == {
        "a": {"days": 332, "seen": 332, "stands": 332, "outcome": "privacy_shield"},  # 2016-09-01
        # It comes back, and is not seen again after 2016-06-01: a year on, or to the archive's end.
        "b": {"days": 605, "seen": 240, "stands": 731, "outcome": "censored"},
        "c": {"days": 366, "seen": 0, "stands": 731, "outcome": "censored"},  # never seen again
        "d": {"days": 731, "seen": 731, "stands": 731, "outcome": "censored"},  # the flip does not count
    }


def test_a_date_that_the_new_text_states_is_the_day():
    versions = versions_of([("a", "2015-09-01", HARBOR), ("a", "2015-12-01", HARBOR), ("a", "2016-03-01", "")])
    policies = pd.DataFrame({"service": "a", "date": pd.to_datetime(["2016-03-01"]), "document": "main", "owner": "A"})
    days = {}
    for stated in ("2016-02-01", "2015-11-01", "2016-05", None):  # only the first lies between the sightings
        each = policies.assign(effective_date=pd.Series([stated], dtype="str"))
        found = findings.spells(versions, "safe_harbor", at="2015-10-05", policies=each).iloc[0]
        days[stated] = found["days"]
        assert found["owner"] == "A"
    assert days == {"2016-02-01": 119, "2015-11-01": 148, "2016-05": 148, None: 148}


def test_where_in_a_gap_a_text_says_that_it_is_from():
    versions = versions_of(
        [("a", "2015-01-01", ""), ("a", "2015-04-11", ""), ("a", "2015-05-01", ""), ("b", "2015-04-11", "")]
    )
    policies = pd.DataFrame({"service": "a", "date": pd.to_datetime(["2015-04-11", "2015-05-01"]), "document": "main"})
    policies["effective_date"] = ["2015-04-01", "2015-04-30"]
    found = findings.stated_changes(versions, policies)
    assert found.to_numpy().tolist() == [["a", 100, 0.9, 10]]  # 90 of 100 days in; the second gap is short
    later = policies.assign(effective_date=["2014-12-01", None])
    assert findings.stated_changes(versions, later).empty


def test_nobody_moves_to_a_framework_before_its_first_day():
    versions = versions_of(
        [
            ("a", "2015-09-01", HARBOR),
            ("a", "2016-03-01", SHIELD),
            ("b", "2015-09-01", HARBOR),
            ("b", "2016-08-01", SHIELD),
        ]
    )
    found = findings.spells(versions, "safe_harbor", at="2015-10-05")
    assert found["outcome"].tolist() == ["none", "privacy_shield"]
    assert found.loc[found["outcome"] == "privacy_shield", "days"].min() >= 281


def test_a_sighting_that_is_too_old_shows_no_claim(versions):
    found = findings.spells(versions, "safe_harbor", at="2015-10-05")
    assert "e" not in set(found["service"])


def test_no_claim_at_the_start_is_an_explicit_empty_row(versions):
    found = findings.spells(versions, "dpf", at="2016-01-01")
    assert found.empty
    for curve in (findings.claim_survival(found), findings.claim_outcomes(found), findings.half_life(found)):
        assert curve["n"].tolist() == [0]
        assert curve[["value", "low", "high"]].isna().all(axis=None)


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


def many(*spans):
    """Each claim ten times, so that enough are followed."""
    return spells(*[span for span in spans for _ in range(10)])


def test_kaplan_meier_by_hand():
    # Gone on days 1, 3 and 4; censored on 2: S = 3/4, then 3/4 * 1/2, then 0.
    curve = findings.claim_survival(many((1, "none"), (2, "censored"), (3, "none"), (4, "scc")), step=1)
    assert curve.set_index("days")["value"].to_dict() == pytest.approx({0: 1, 1: 0.75, 2: 0.75, 3: 0.375, 4: 0})
    assert curve["at_risk"].tolist() == [40, 40, 30, 20, 10]


def test_the_estimates_are_those_of_lifelines():
    from lifelines import AalenJohansenFitter, KaplanMeierFitter

    rng = np.random.default_rng(2)
    days = rng.permutation(np.arange(1, 201))[:80]  # no ties: there lifelines draws lots
    kinds = rng.choice(["none", "scc", "censored"], 80)
    found = spells(*zip(days, kinds, strict=True))
    gone = kinds != "censored"
    curve = findings.claim_survival(found, step=1).set_index("days")["value"]
    theirs = KaplanMeierFitter().fit(days, gone).survival_function_at_times(curve.index)
    assert curve.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-5)
    outcomes = findings.claim_outcomes(found, step=1).set_index(["outcome", "days"])["value"]
    fitter = AalenJohansenFitter(calculate_variance=False).fit(days, np.where(gone, 1 + (kinds == "scc"), 0), 2)
    theirs = fitter.cumulative_density_.iloc[:, 0].reindex(outcomes["scc"].index, method="ffill")
    assert outcomes["scc"].to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-5)


def test_curves_end_where_fewer_than_ten_are_followed():
    found = spells(*[(day, "none") for day in range(1, 31)])
    for curve in (findings.claim_survival(found, step=5), findings.claim_outcomes(found, step=5)):
        assert curve["days"].max() == 21
        assert curve["at_risk"].min() == 10


def test_claims_not_seen_again_bound_the_curve():
    found = many((100, "none"), (150, "censored"), (300, "none"))
    unseen = found["outcome"] == "censored"
    found["seen"], found["stands"] = found["days"].mask(unseen, 50), found["days"].mask(unseen, 400)
    row = findings.claim_survival(found, step=100).set_index("days").loc[100]
    assert (row["lost"], row["value"], row["stands"]) == (0.5, pytest.approx(2 / 3), pytest.approx(2 / 3))
    life = findings.half_life(found).iloc[0]
    assert life["lost"] == 100
    assert life["lost"] <= life["value"] <= life["stands"]


def test_owners_are_resampled():
    alone = many((100, "none"), (400, "censored"), (200, "none"), (400, "censored"))
    owned = alone.assign(owner=[f"o{i // 10}" for i in range(40)])
    widths = []
    for found in (alone, owned):
        row = findings.claim_survival(found, step=100).set_index("days").loc[200]
        widths.append(row["high"] - row["low"])
    assert widths[1] > 2 * widths[0]


def test_one_owner_alone_has_a_curve():
    found = many((100, "none"), (400, "censored")).assign(owner="o")
    row = findings.claim_survival(found, step=100).set_index("days").loc[100]
    assert (row["value"], row["low"], row["high"]) == (0.5, 0.5, 0.5)


def test_survival_covers_the_truth():
    # Claims with an exponential life of 400 days, followed for 900: the share at day 360.
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(40):
        life = np.ceil(rng.exponential(400, 60))
        spans = [(min(each, 900), "none" if each < 900 else "censored") for each in life]
        row = findings.claim_survival(spells(*spans)).set_index("days").loc[360]
        covered += row["low"] <= np.exp(-0.9) <= row["high"]
    assert covered >= 34


def test_half_life_by_hand():
    found = findings.half_life(many((10, "none"), (20, "none"), (30, "none"), (40, "none"))).iloc[0]
    assert (found["n"], found["value"]) == (40, 20)
    assert found["low"] >= 10 and found["high"] <= 40


@pytest.mark.parametrize("n", [20, 22, 24])
def test_half_of_the_claims_are_gone_on_the_day_when_just_half_are(n):
    one_a_day = spells(*((day, "none") for day in range(1, n + 1)))
    assert findings.half_life(one_a_day)["value"].item() == n / 2


def test_half_life_is_infinite_while_more_than_half_stand():
    assert findings.half_life(many((10, "none"), (50, "censored"), (50, "censored")))["value"].item() == np.inf


def test_aalen_johansen_with_ties_by_hand():
    # Two at once on day 10 of four, one to each outcome; another on day 20 of the two left.
    found = many((10, "scc"), (10, "none"), (20, "scc"), (25, "censored"))
    curves = findings.claim_outcomes(found, step=10).set_index(["outcome", "days"])["value"]
    assert curves["scc"].to_dict() == pytest.approx({0: 0, 10: 0.25, 20: 0.5, 25: 0.5})
    assert curves["none"].to_dict() == pytest.approx({0: 0, 10: 0.25, 20: 0.25, 25: 0.25})


def test_outcomes_and_survivors_add_up_to_one():
    rng = np.random.default_rng(0)
    found = spells(*zip(rng.integers(0, 99, 60), ["scc", "none", "dpf", "censored"] * 15, strict=True))
    last = findings.claim_outcomes(found, step=5).groupby("days")["value"].sum()
    standing = findings.claim_survival(found, step=5).set_index("days")["value"]
    assert (last + standing).to_numpy() == pytest.approx(1, abs=1e-5)


def test_claims_that_all_stand_are_a_zero_with_their_n():
    found = spells((50, "censored"), (60, "censored"))
    assert findings.claim_outcomes(found)[["outcome", "n", "value"]].to_numpy().tolist() == [["censored", 2, 0.0]]
    assert findings.claim_survival(found)["value"].tolist() == [1.0, 1.0, 1.0]
    assert findings.half_life(found)["value"].item() == np.inf


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
        assert list(claims) == ["service", "owner", "start", "outcome", "days", "seen", "stands"]
        assert list(findings.claim_survival(claims)) == ["days", "n", "at_risk", *shares, "lost", "stands"]
        assert list(findings.half_life(claims)) == ["n", *shares, "lost", "stands"]
        assert list(findings.claim_outcomes(claims)) == ["outcome", "days", "n", "at_risk", *shares]
