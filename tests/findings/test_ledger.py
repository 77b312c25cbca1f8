from frames import versions_of

from privacylab import findings


def test_exclusion_flow_accounts_for_every_version(corpus):
    versions = corpus.versions()
    flow = findings.exclusion_flow(versions)
    left_out = flow[flow["kind"] == "left_out"]["n_versions"].sum()
    assert flow["n_versions"].iloc[0] == len(versions) == left_out + flow["n_versions"].iloc[-1]
    assert flow.loc[flow["reason"] == "language", ["n_versions", "examples"]].to_numpy().tolist() == [
        [1, "ivy.example"]
    ]
    # alder, birch and larch have four, four and five policies.
    assert flow["examples"].iloc[-1] == "larch.example, alder.example, birch.example"


def test_archive_timeline_has_every_half_year_of_every_collection(corpus):
    timeline = findings.archive_timeline(corpus.versions())
    assert len(timeline) == 2 * timeline["half_year"].nunique()
    assert timeline.loc[timeline["collection"] == "archive", "n_versions"].sum() == 5


def test_services_on_both_sides_of_a_day():
    versions = versions_of(
        [
            ("a", "2020-11-26", ""),
            ("a", "2020-11-27", "", "near_duplicate"),
            ("b", "2020-01-01", ""),
            ("b", "2021-01-01", "", "rejected"),
            ("c", "2020-11-27", ""),
            ("d", "2012-01-01", "", "flip"),
            ("d", "2021-01-01", "", "sampled_out"),
            ("e", None, ""),
        ]
    )
    assert findings.on_both_sides(versions) == ["a", "d"]
    assert findings.on_both_sides(versions, "2020-06-30") == ["d"]
    assert findings.on_both_sides(versions, "2011-12-31") == []


def test_silences_that_ended():
    versions = versions_of(
        [
            ("a", "2013-01-01", ""),
            ("a", "2013-12-01", ""),  # after eleven months
            ("b", "2013-01-01", ""),
            ("b", "2013-02-01", "", "rejected"),  # no sighting
            ("a", "2020-01-01", ""),
        ]
    )
    again = findings.sighted_again(versions, silent=(6, 12)).set_index("months")
    # Six months: a twice, b never. A year: a's second silence, b's.
    assert again[["n", "count"]].to_numpy().tolist() == [[3, 2], [2, 1]]
    assert again["value"].tolist() == [2 / 3, 1 / 2]


def test_a_silence_at_the_archives_end_says_nothing():
    versions = versions_of([("a", "2013-01-01", ""), ("b", "2015-06-01", "")])
    assert findings.sighted_again(versions, silent=(6,))["n"].sum() == 0
