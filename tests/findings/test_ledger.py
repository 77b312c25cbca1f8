from privacylab import findings


def test_versions_by_year_counts_rows_and_services(corpus):
    years = findings.versions_by_year(corpus.versions()).set_index(["year", "collection"])
    # 2014: birch, cedar, fir, hazel, larch kept, elm seen again unchanged.
    assert years.loc[("2014", "crawl"), ["n", "n_versions", "n_kept"]].tolist() == [5, 6, 5]
    assert years.loc[("2014", "archive"), "n_versions"] == 0


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
