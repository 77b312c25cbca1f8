"""Which service and document a name stands for."""

import datetime as dt
import re

import archives
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import sources
from privacylab.sources import Entry, services


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kites.example", ("kites-example", "main")),  # no public suffix
        ("kites.co.uk", ("kites.co.uk", "main")),
        ("www.kites.example", ("kites-example", "main")),
        ("WWW.Kites.co.uk", ("kites.co.uk", "main")),
        ("www2.kites.com", ("kites.com", "main")),
        ("wwwkites.kites.com", ("kites.com", "wwwkites")),
        ("mail.kites.com", ("kites.com", "mail")),
        ("a.b.kites.com", ("kites.com", "a-b")),
        ("Paper Boats Ltd.", ("paper-boats-ltd", "main")),
        ("Blåbær", ("blåbær", "main")),
        ("纸船", ("纸船", "main")),
        ("...", ("unnamed", "main")),
        (" kites.com ", ("kites.com", "main")),
        ("Amazon Web Services", ("amazon.com", "aws")),  # rules/services.csv
        ("amazon web SERVICES", ("amazon.com", "aws")),
    ],
)
def test_a_name_stands_for_a_service_and_a_document(name, expected):
    assert services.service_of(name) == expected


def test_a_name_is_the_same_however_its_accents_are_encoded():
    assert services.service_of("Cafe\u0301") == services.service_of("Café") == ("café", "main")


def test_each_row_of_services_has_a_known_region_and_a_domain():
    facts = services.facts().values()
    assert {fact.region for fact in facts} <= {None, "us", "eu", "uk", "other"}
    assert all(fact.domain == fact.domain.lower() and " " not in fact.domain for fact in facts)


def history(*rows, collection="crawl"):
    """Entries of (name, document, first day, last day)."""
    return [
        Entry(
            collection,
            name,
            document,
            int(dt.datetime.fromisoformat(f"{date}T00:00+00:00").timestamp()),
            "s",
            "c",
            None,
            "snapshot",
        )
        for name, document, *dates in rows
        for date in dates
    ]


def named(*rows):
    """The document of each title."""
    found = services.documents(history(*rows))
    return {title: document for (_, _, title), (_, document) in found.items()}


def test_the_only_title_is_main_whatever_it_is():
    assert named(("kites.com", "Kite Flyers Charter", "2014-01-01")) == {"Kite Flyers Charter": "main"}


def test_a_general_title_is_main_beside_a_special_one():
    rows = ("kites.com", "Privacy Policy", "2014-01-01"), ("kites.com", "Children", "2014-01-01", "2015-01-01")
    assert named(*rows) == {"Privacy Policy": "main", "Children": "children"}


def test_without_a_general_title_the_most_frequent_is_main():
    rows = ("kites.com", "Children", "2014-01-01", "2015-01-01"), ("kites.com", "Shops", "2014-01-01")
    assert named(*rows) == {"Children": "main", "Shops": "shops"}


def test_general_titles_that_follow_each_other_are_one_history():
    rows = ("kites.com", "Privacy Notice", "2013-01-01", "2013-12-01"), ("kites.com", "Privacy Policy", "2014-01-01")
    assert named(*rows) == {"Privacy Notice": "main", "Privacy Policy": "main"}


def test_of_general_titles_at_one_time_privacy_policy_is_main():
    rows = (
        ("kites.com", "Privacy Notice", "2013-01-01", "2013-06-01", "2015-01-01"),
        ("kites.com", "Privacy Policy", "2014-01-01"),
    )
    assert named(*rows) == {"Privacy Notice": "privacy-notice", "Privacy Policy": "main"}


def test_of_other_general_titles_at_one_time_the_most_frequent_is_main():
    rows = (
        ("kites.com", "Privacy Notice", "2013-01-01", "2014-06-01"),
        ("kites.com", "Data Policy", "2013-01-01", "2014-01-01", "2015-01-01"),
    )
    assert named(*rows) == {"Privacy Notice": "privacy-notice", "Data Policy": "main"}


def test_the_service_in_a_title_does_not_count():
    rows = ("kites.com", "Kites Privacy Policy", "2014-01-01"), ("kites.com", "Children", "2014-01-01")
    assert named(*rows) == {"Kites Privacy Policy": "main", "Children": "children"}


def test_a_product_keeps_its_policies_apart_from_the_service():
    rows = ("kites.com", "Privacy Policy", "2014-01-01"), ("shop.kites.com", "Privacy Policy", "2014-01-01")
    assert services.documents(history(*rows)) == {
        ("crawl", "kites.com", "Privacy Policy"): ("kites.com", "main"),
        ("crawl", "shop.kites.com", "Privacy Policy"): ("kites.com", "shop"),
    }


def test_a_special_title_of_a_product_carries_both_names():
    rows = ("shop.kites.com", "Privacy Policy", "2014-01-01"), ("shop.kites.com", "Children", "2014-01-01")
    assert named(*rows) == {"Privacy Policy": "shop", "Children": "shop-children"}


def test_a_title_without_letters_still_has_a_name():
    rows = ("kites.com", "Privacy Policy", "2014-01-01"), ("kites.com", "???", "2014-01-01")
    assert named(*rows)["???"] == "unnamed"


def test_two_collections_may_call_main_by_different_titles():
    rows = history(("kites.com", "Privacy Policy", "2014-01-01")) + history(
        ("kites.com", "Charter", "2014-01-01"), collection="ota"
    )
    assert set(services.documents(rows).values()) == {("kites.com", "main")}


def test_reviewed_and_unreviewed_crawls_of_a_document_are_one(tmp_path):
    files = {f"{crawl}/kites.com/Privacy Policy.txt": archives.page(crawl) for crawl in ("crawl", "crawl_reviewed")}
    archives.commit(tmp_path / "tosback2", files, "2014-01-01")
    entries = sources.open_source(tmp_path / "tosback2", scratch=tmp_path).entries()
    assert len(entries) == 2
    assert services.documents(entries) == {("tosback2", "kites.com", "Privacy Policy"): ("kites.com", "main")}


NAMES = st.text("aBkKſsS ß-İi.", min_size=1, max_size=5)


@given(NAMES, NAMES, NAMES, st.sampled_from([" ", "-", " - ", ""]))
def test_a_title_loses_the_name_of_its_service(name, service, title, gap):
    for document in (name + gap + title, service.swapcase() + gap + title, title):
        left = document
        for word in (name, service, service.split(".")[0]):
            left = re.sub(rf"^{re.escape(word)}[ -]+", "", left, flags=re.IGNORECASE)
        assert services._title(name, document, service) == (left or "Privacy Policy")


def seen(*rows):
    """The documents that `views` gives to versions: collection, year, document."""
    entries = [
        Entry(
            name,
            "Kites",
            "Privacy Policy",
            int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp()),
            f"{name}-{year}",
            "x",
            None,
            "snapshot",
        )
        for name, year, _ in rows
    ]
    return [document for _, document in services.views([*zip(entries, (row[2] for row in rows), strict=True)])]


@pytest.mark.parametrize(
    ("rows", "documents"),
    [
        # The first archive speaks from its first version to its last, whoever else looks on.
        (
            [("tosback2", 2013, "main"), ("ota", 2014, "main"), ("tosback2", 2015, "main"), ("ota", 2016, "main")],
            ["main", "seen-by-ota", "main", "main"],
        ),
        # On one day, too; and a document besides main says so in its name.
        ([("ota", 2020, "main"), ("ota-pga", 2020, "main")], ["main", "seen-by-ota-pga"]),
        (
            [("ota", 2020, "kids"), ("ota-pga", 2021, "kids"), ("ota", 2022, "kids")],
            ["kids", "kids-seen-by-ota-pga", "kids"],
        ),
        # An unknown archive comes after the public ones; of two unknown ones that which began first is the first.
        ([("mine", 2013, "main"), ("ota", 2012, "main"), ("ota", 2014, "main")], ["seen-by-mine", "main", "main"]),
        (
            [("zeal", 2010, "main"), ("mine", 2011, "main"), ("zeal", 2012, "main"), ("mine", 2013, "main")],
            ["main", "seen-by-mine", "main", "main"],
        ),
        # What follows each other is one history.
        ([("pga-v1", 2005, "main"), ("tosback2", 2013, "main"), ("ota", 2021, "main")], ["main"] * 3),
    ],
)
def test_one_archive_speaks_on_a_day_and_a_second_view_is_a_document(rows, documents):
    assert seen(*rows) == documents


def test_three_archives_under_three_names_are_one_service(tmp_path):
    for archive, name in (("ota", "YouTube"), ("ota-pga", "youtube"), ("tosback-versions", "youtube.com")):
        archives.commit(tmp_path / archive, {f"{name}/Privacy Policy.md": archives.policy(archive)}, "2020-01-01")
    opened = [sources.open_source(tmp_path / name, scratch=tmp_path) for name in ("ota", "ota-pga", "tosback-versions")]
    assert [source.label for source in opened] == ["ota", "ota-pga", "tosback-versions"]
    assert {services.service_of(entry.name)[0] for source in opened for entry in source.entries()} == {"youtube.com"}
