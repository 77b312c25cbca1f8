"""The embedded panel is whole, holds what the README says, and holds no text."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from privacylab import build, paths, tables
from privacylab.tables import croissant


@pytest.fixture(scope="module")
def panel():
    return tables.Corpus.open(paths.checkout() / "corpus" / "panel")


@pytest.fixture(scope="module")
def main(panel):
    policies = panel.policies()
    return policies[policies["document"] == "main"]


def test_it_is_whole(panel):
    assert tables.verify(panel.path) == []


def test_it_describes_itself_by_the_rules_of_today(panel):
    described = json.loads((panel.path / croissant.FILE).read_text(encoding="utf-8"))
    assert described == croissant.describe(panel.path, panel.manifest)


def test_it_is_small_enough_for_git(panel):
    assert sum(path.stat().st_size for path in panel.path.iterdir()) < 34 * 2**20


def test_it_holds_no_running_text(panel):
    segments = panel.segments()
    assert not panel.has_text()
    assert segments["text"].isna().all()
    assert segments["heading"].dropna().str.count(" ").max() < 8
    terms = segments["terms"].sample(2000, random_state=0).str.split()
    assert all(found == sorted(found) for found in terms)


@pytest.mark.parametrize(("era", "least"), [("safe_harbor", 800), ("privacy_shield", 380), ("gdpr", 500)])
def test_services_in_each_era(panel, era, least):
    policies = panel.policies(columns=["service", "era"])
    assert policies.loc[policies["era"] == era, "service"].nunique() >= least


def test_services_in_all_three_eras(panel):
    found = panel.policies(columns=["service", "era"]).groupby("service")["era"].agg(set)
    assert found.map(lambda eras: {"safe_harbor", "privacy_shield", "gdpr"} <= eras).sum() >= 250


def test_no_policy_speaks_of_a_framework_before_it_was_announced(panel):
    # The Shield was announced on 2016-02-02, the GDPR proposed on 2012-01-25 and voted in April 2016.
    versions = panel.versions()
    early = versions[versions["date"] < "2015-10-06"]
    claims = {claim for found in early["claims"] for claim in found}
    assert not {claim for claim in claims if claim.startswith(("privacy_shield:adheres", "dpf:", "gdpr:adheres"))}


@pytest.mark.parametrize(
    ("framework", "year", "share"), [("safe_harbor", 2015, 0.224), ("privacy_shield", 2019, 0.207)]
)
def test_shares_agree_with_a_plain_count_on_tosback2(panel, framework, year, share):
    # A count by regular expressions over documents with a version in the year and at least 200 words.
    versions = panel.versions()
    crawled = versions["source"].str.startswith("crawl/") & (versions["status"] != "rejected")
    rows = versions[crawled & (versions["n_words"] >= 200) & (versions["date"].dt.year == year)]
    last = rows.sort_values(["date", "version_id"]).groupby(["service", "document"]).tail(1)
    named = [any(claim.startswith(f"{framework}:") for claim in found) for found in last["claims"]]
    assert sum(named) / len(named) == pytest.approx(share, abs=0.04)


ARCHIVE = Path(os.environ.get("PRIVACYLAB_ARCHIVES", "")) / "through-time.zip"
READ = Path(__file__).parents[1] / "data" / "through_time.csv"


def what_was_read(folder):
    """A row for each version of the oldest archive: what the program reads of it, in a corpus built there."""
    corpus = build.corpus([ARCHIVE], folder, text=False, workers=2)
    held = corpus.occurrences().merge(corpus.cues(), on="segment_id")
    held["cue"] += ("=" + held["value"]).fillna("")
    policies = corpus.policies(columns=["version_id", "policy_id", "effective_date", "n_segments"])
    policies["cues"] = policies["policy_id"].map(
        held.groupby("policy_id")["cue"].agg(lambda cue: " ".join(sorted(set(cue))))
    )
    versions = corpus.versions().drop(columns=["collection", "date_basis", "detail", "same_as"])
    versions["claims"] = versions["claims"].map(sorted).str.join(" ")
    rows = versions.merge(policies.drop(columns="policy_id"), on="version_id", how="left")
    rows["n_segments"] = rows["n_segments"].astype("Int64")
    return rows.drop(columns="version_id").sort_values("source", ignore_index=True)


@pytest.mark.skipif(not ARCHIVE.is_file(), reason="PRIVACYLAB_ARCHIVES does not name the folder of the archives")
def test_the_oldest_archive_is_read_as_it_was(tmp_path):
    """A change that is meant is renewed by ``python tests/test_panel.py``, and explained where it is committed."""
    found = what_was_read(tmp_path / "built").to_csv(index=False)
    assert found.splitlines() == READ.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        what_was_read(Path(scratch) / "built").to_csv(READ, index=False)
