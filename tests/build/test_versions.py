"""One service's versions: which is kept, which repeats another, which is left out, and what its policies are called."""

import datetime as dt
from functools import partial

import archives
import pytest
from archives import GDPR, HARBOR, LETTERS, PARROT, policy

from privacylab import sources
from privacylab.build import cache, versions
from privacylab.build.versions import read as read_service
from privacylab.sources import Entry
from privacylab.text.segments import Segment


def entry(date, n, *, basis="snapshot", collection="crawl", content=None, hour=0):
    moment = None if date is None else int(dt.datetime.fromisoformat(f"{date}T{hour:02}:00+00:00").timestamp())
    return Entry(collection, "kites", "", moment, f"{n:02}", content or f"{n:02}", "text/markdown", basis)


def read(*versions, every="all", document="main", detail=None, region=None):
    """The history of versions, each a date, with an hour where it matters, and a text (None: unreadable)."""
    listed, texts = [], {}
    for n, (date, text) in enumerate(versions):
        day, _, hour = (date or "").partition(" ")
        one = entry(day or None, n, basis="snapshot" if day else "none", hour=int(hour or 0))
        listed.append((one, document))
        texts[one] = text

    def contents(entries):
        for one in entries:
            text = texts[one]
            yield one, text.encode() if isinstance(text, str) else text, None if text is not None else detail

    return read_service("kites.com", listed, contents=contents, every=every, region=region)


def statuses(found):
    """Status, and the version that it names, of each version by its source (the order that they were given in)."""
    rows = {row["version_id"]: row for row in found.versions}
    return [
        (row["status"], row["same_as"] and rows[row["same_as"]]["source"])
        for row in sorted(rows.values(), key=lambda row: row["source"])
    ]


A, B, C = policy(), policy(LETTERS), policy(PARROT)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        # Three texts, each new.
        ([("2013-01-01", A), ("2013-08-01", B), ("2014-03-01", C)], [("kept", None)] * 3),
        # The last text of a day counts; the others say which it is.
        (
            [("2013-01-01 9", A), ("2013-01-01 10", C), ("2013-01-01 11", B)],
            [("same_day", "02"), ("same_day", "02"), ("kept", None)],
        ),
        # A repeated text is a near duplicate of the one that opened the run.
        (
            [("2013-01-01", A), ("2013-08-01", A), ("2014-08-01", A)],
            [("kept", None), ("near_duplicate", "00"), ("near_duplicate", "00")],
        ),
        # A text that comes and goes within 60 days is a flip; what follows it goes on with the run before.
        (
            [("2013-01-01", A), ("2013-02-01", B), ("2013-03-01", A)],
            [("kept", None), ("flip", "00"), ("near_duplicate", "00")],
        ),
        # What returns later is a new version.
        ([("2013-01-01", A), ("2013-02-01", B), ("2013-12-01", A)], [("kept", None)] * 3),
        # A rejected version stands in nobody's way: the text on both sides of it is one run.
        (
            [("2013-01-01", A), ("2013-02-01", archives.NO_POLICY), ("2013-03-01", A)],
            [("kept", None), ("rejected", None), ("near_duplicate", "00")],
        ),
        # ... nor is it the last text of a day.
        ([("2013-01-01 9", A), ("2013-01-01 10", "")], [("kept", None), ("rejected", None)]),
    ],
)
def test_status(versions, expected):
    assert statuses(read(*versions)) == expected


def test_the_rarer_text_of_two_that_alternate_is_the_flip():
    versions = [("2013-01-01", B), ("2013-01-10", A), ("2013-01-20", B), ("2013-02-01", B), ("2013-02-10", B)]
    assert [status for status, _ in statuses(read(*versions))] == ["kept", "flip", *["near_duplicate"] * 3]


def test_digits_and_case_make_no_new_version():
    versions = [("2013-01-01", A + "\nWe counted 17 boats."), ("2014-01-01", A.upper() + "\nWe counted 18 boats.")]
    assert statuses(read(*versions))[1] == ("near_duplicate", "00")


def test_documents_do_not_repeat_each_other():
    first, second = entry("2013-01-01", 0), entry("2014-01-01", 1)
    listed = [(first, "main"), (second, "app")]
    found = versions.read(
        "kites.com", listed, contents=lambda es: ((e, A.encode(), None) for e in es), every="all", region=None
    )
    assert [(row["policy_id"], row["document"]) for row in found.policies] == [
        ("kites.com:app@2014-01-01", "app"),
        ("kites.com@2013-01-01", "main"),
    ]


# --- Sampling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "dates", "kept"),
    [
        ("half-year", ["2013-01-01", "2013-06-30", "2013-07-01"], ["2013-06-30", "2013-07-01"]),
        ("quarter", ["2013-01-01", "2013-03-31", "2013-06-30"], ["2013-03-31", "2013-06-30"]),
        ("all", ["2013-01-01", "2013-01-02", "2013-01-03"], ["2013-01-01", "2013-01-02", "2013-01-03"]),
        # The last text before a legal date survives the one after it in the same half-year.
        ("half-year", ["2015-09-01", "2015-10-05", "2015-10-06"], ["2015-10-05", "2015-10-06"]),
        ("half-year", ["2016-07-11", "2016-07-12"], ["2016-07-11", "2016-07-12"]),
        ("half-year", ["2018-05-24", "2018-05-25"], ["2018-05-24", "2018-05-25"]),
        ("half-year", ["2020-07-15", "2020-07-16"], ["2020-07-15", "2020-07-16"]),
        ("half-year", ["2023-07-09", "2023-07-10"], ["2023-07-09", "2023-07-10"]),
    ],
)
def test_the_last_text_of_each_period_and_era_is_sampled(every, dates, kept):
    found = read(*zip(dates, (A, B, C), strict=False), every=every)
    assert [row["date"].isoformat() for row in found.policies] == kept
    assert [row["status"] for row in found.versions] == ["kept" if date in kept else "sampled_out" for date in dates]


def test_a_text_that_outlives_its_era_speaks_in_the_next_one_too():
    found = read(("2018-05-01", A), ("2018-06-01", A), ("2018-06-20", A), every="half-year")
    assert [row["date"] for row in found.policies] == [dt.date(2018, 5, 1), dt.date(2018, 6, 20)]
    assert {(row["first_seen"], row["last_seen"]) for row in found.policies} == {
        (dt.date(2018, 5, 1), dt.date(2018, 6, 20))
    }
    assert [(row["status"], bool(row["same_as"])) for row in found.versions] == [
        ("kept", False),
        ("near_duplicate", True),
        ("kept", True),
    ]


def test_with_all_each_text_is_a_policy_once():
    found = read(("2018-05-01", A), ("2018-06-01", A), every="all")
    assert [row["status"] for row in found.versions] == ["kept", "near_duplicate"]


def test_each_document_has_a_sample_of_its_own():
    listed = [(entry("2013-01-01", 0), "main"), (entry("2013-02-01", 1), "app")]
    texts = {"00": A, "01": B}
    found = versions.read(
        "kites.com",
        listed,
        contents=lambda es: ((e, texts[e.content].encode(), None) for e in es),
        every="half-year",
        region=None,
    )
    assert [row["status"] for row in found.versions] == ["kept", "kept"]


def test_undated_policies_are_all_kept():
    assert statuses(read((None, A), (None, B), every="half-year")) == [("kept", None), ("kept", None)]


# --- The ledger -----------------------------------------------------------------------------------------------------


def test_inputs_are_rows():
    versions = [("2013-01-01", A), ("2013-01-01 5", B), (None, A), (None, A), ("2013-03-01", ""), ("2013-04-01", None)]
    found = read(*versions, detail="gone")
    assert sorted(row["source"] for row in found.versions) == ["00", "01", "02", "03", "04", "05"]
    assert len({row["version_id"] for row in found.versions}) == 6


def test_each_kept_version_is_a_policy_and_no_other():
    found = read(("2013-01-01", A), ("2013-02-01", A), ("2013-03-01", B), ("2013-04-01", ""), every="half-year")
    kept = [row["version_id"] for row in found.versions if row["status"] == "kept"]
    assert [row["version_id"] for row in found.policies] == kept == ["kites.com@2013-03-01.1"]


@pytest.mark.parametrize(
    ("text", "detail", "reason", "said"),
    [
        (None, "Permission denied", "unreadable", "Permission denied"),
        (None, "unsafe_path", "unsafe_path", "its path leads out of the archive"),
        (b"", None, "empty", "no words"),
        (b"\x00\x01\x02" * 500, None, "not_text", "NUL bytes"),
        ("We collect your personal data and share it.", None, "too_short", "8 words"),
        (archives.NO_POLICY, None, "other_document", "it reads as another document"),
        (b"x" * 20_000_001, None, "too_large", "20,000,001 bytes"),
    ],
)
def test_a_rejected_version_says_why(text, detail, reason, said):
    (row,) = read(("2013-01-01", text), detail=detail).versions
    assert (row["status"], row["reason"]) == ("rejected", reason)
    assert said in row["detail"]


def test_another_language_is_rejected_by_its_name():
    german = (
        "Wir erheben Ihre personenbezogenen Daten nur, soweit Sie uns diese Daten freiwillig zur Verfügung stellen, "
        "und geben sie niemals an Dritte weiter, die nicht an der Lieferung Ihrer Papierboote beteiligt sind. "
    ) * 6
    (row,) = read(("2013-01-01", german)).versions
    assert (row["reason"], row["detail"]) == ("language", "de")


def test_what_could_not_be_read_has_the_content_id_of_nothing():
    (row,) = read(("2013-01-01", None), detail="gone").versions
    assert row["content_id"] == "0000000000000000"


def test_a_content_is_asked_for_once_and_shared_by_its_versions():
    listed = [(entry("2013-01-01", 0, content="x"), "main"), (entry("2015-01-01", 1, content="x"), "main")]
    asked = []

    class Archive:
        def contents(self, keys):
            asked.extend(keys)
            return ((key, A.encode(), None) for key in keys)

    contents = partial(versions.contents, {"crawl": Archive()})
    found = versions.read("kites.com", listed, contents=contents, every="all", region=None)
    assert asked == ["x"]
    assert {row["content_id"] for row in found.versions} == {sources.content_id(A.encode())}


# --- Policies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "day", "expected"),
    [
        ("main", dt.date(2013, 1, 2), "kites.com@2013-01-02"),
        ("app", dt.date(2013, 1, 2), "kites.com:app@2013-01-02"),
        ("main", None, "kites.com@undated-01234567"),
        ("app", None, "kites.com:app@undated-01234567"),
    ],
)
def test_policy_id(document, day, expected):
    assert versions.policy_id("kites.com", document, day, "0123456789abcdef") == expected


def test_versions_of_a_day_are_numbered():
    found = read(("2013-01-01 9", A), ("2013-01-01 10", B))
    assert [row["version_id"] for row in found.versions] == ["kites.com@2013-01-01.1", "kites.com@2013-01-01.2"]


def test_an_undated_policy_is_named_by_its_content():
    found = read((None, A))
    assert found.policies[0]["policy_id"] == f"kites.com@undated-{sources.content_id(A.encode())[:8]}"
    assert (found.policies[0]["era"], found.policies[0]["date_basis"]) == ("undated", "none")


def test_two_undated_files_of_one_content_are_one_policy():
    assert sorted(statuses(read((None, A), (None, A)))) == [("kept", None), ("near_duplicate", "01")]


def test_without_a_snapshot_the_stated_date_counts():
    (row,) = read((None, policy(stated="May 6, 2014"))).policies
    assert (row["date"], row["date_basis"], row["effective_date"]) == (dt.date(2014, 5, 6), "effective", "2014-05-06")
    assert (row["snapshot_date"], row["era"]) == (None, "safe_harbor")


def test_a_month_that_is_stated_is_kept_and_decides_no_era():
    (row,) = read((None, policy(stated="May 2014"))).policies
    assert (row["date"], row["date_basis"], row["effective_date"]) == (None, "none", "2014-05")
    assert (row["snapshot_date"], row["era"], row["policy_id"].rpartition("-")[0]) == (
        None,
        "undated",
        "kites.com@2014-05",
    )


def test_a_year_of_a_name_stays_a_year_beside_what_the_text_states():
    year = entry("2018-01-01", 1)._replace(precision="year")
    text = policy(stated="May 6, 2014").encode()
    found = read_service(
        "kites.com", [(year, "main")], contents=lambda entries: [(year, text, None)], every="all", region=None
    )
    (row,) = found.policies
    assert (row["date"], row["era"], row["effective_date"]) == (None, "undated", "2014-05-06")
    assert row["policy_id"].startswith("kites.com@2018-")
    assert "2018" in row["detail"] and "metadata.csv" in row["detail"]


def test_with_a_snapshot_the_stated_date_stands_beside_it():
    (row,) = read(("2018-06-01", policy(stated="May 2, 2018"))).policies
    assert (row["date"], row["snapshot_date"]) == (dt.date(2018, 6, 1), dt.date(2018, 6, 1))
    assert (row["effective_date"], row["date_basis"], row["era"]) == ("2018-05-02", "snapshot", "gdpr")


@pytest.mark.parametrize(("region", "expected"), [("us", "2014-03-04"), ("eu", "2014-04-03")])
def test_the_region_settles_day_and_month(region, expected):
    (row,) = read((None, policy(stated="03/04/2014")), region=region).policies
    assert row["effective_date"] == expected


def test_first_and_last_seen_are_those_of_the_run():
    versions = [("2013-01-01", A), ("2013-09-01", A), ("2013-10-01", B), ("2013-10-20", A), ("2014-05-01", C)]
    rows = read(*versions).policies
    assert [(row["first_seen"].isoformat(), row["last_seen"].isoformat()) for row in rows] == [
        ("2013-01-01", "2013-10-20"),
        ("2014-05-01", "2014-05-01"),
    ]


def test_an_undated_policy_was_seen_on_no_day():
    (row,) = read((None, A)).policies
    assert (row["first_seen"], row["last_seen"]) == (None, None)


def test_the_segments_are_those_of_the_texts_each_once():
    found = read(("2013-01-01", A), ("2014-01-01", policy(HARBOR)), ("2015-01-01", policy(HARBOR, GDPR)))
    assert len(found.segments) == 14  # twelve sentences, and two more
    assert [row["n_segments"] for row in found.policies] == [12, 13, 14]
    assert {n for row in found.policies for n in row["segment_ids"]} == set(found.segments)


def test_a_segment_is_known_by_its_heading_and_text():
    ids = {cache.segment_id(Segment(heading, text)) for heading in (None, "A", "B") for text in ("x", "y")}
    assert len(ids) == 6


def test_heading_and_text_do_not_run_together():
    assert cache.segment_id(Segment("ab", "c")) != cache.segment_id(Segment("a", "bc"))


def test_the_order_of_the_inputs_changes_nothing():
    listed = [(entry(f"2013-0{n}-01", n), "main") for n in range(1, 7)]
    texts = dict(zip("123456", (A, B, A, C, C, B), strict=True))

    def contents(entries):
        return ((one, texts[one.content[1]].encode(), None) for one in entries)

    found = [
        versions.read("kites.com", each, contents=contents, every="half-year", region=None)
        for each in (listed, listed[::-1])
    ]
    assert found[0].versions == found[1].versions
    assert found[0].policies == found[1].policies
