import datetime as dt
import re

import examples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import paths
from privacylab.dates import KINDS, EffectiveDate, effective_date

RULES = paths.rules("dates")
BLOCKS = [*RULES["cues"].values(), RULES["change_log"]]


def value(text, **options):
    found = effective_date(text, **options)
    return found and found.value


@pytest.mark.parametrize(("text", "expected"), [tuple(pair) for block in BLOCKS for pair in block["examples"]])
def test_examples_of_the_rules_state_their_date(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize("text", [text for block in BLOCKS for text in block.get("counter_examples", [])])
def test_counter_examples_of_the_rules_state_none(text):
    assert effective_date(text) is None


def test_a_clock_at_the_top_is_not_its_date():
    assert effective_date("2016-07-13 06:32:53\nPrivacy and Cookies\nYour privacy matters to Umbra Teas.") is None


def test_the_day_of_the_visit_is_not_its_date():
    assert effective_date("Monday, October 29, 2012\nHome\nPrivacy Policy\nUmbra Teas is a shop.") is None


def test_effective_before_updated_before_posted():
    text = (
        "Privacy Policy\nPosted: May 1, 2018\nLast updated: May 3, 2018\nEffective: May 25, 2018\nUmbra Teas is a shop."
    )
    assert value(text) == "2018-05-25"
    assert value(text.replace("Effective: May 25, 2018\n", "")) == "2018-05-03"


def test_an_effective_date_long_before_the_last_change_is_doubtful():
    found = effective_date("Privacy Policy\nEffective Date: August 16, 2001\nUpdated: September 21, 2020")
    assert found == EffectiveDate("2001-08-16", "effective", "Effective Date: August 16, 2001", ambiguous=True)


def test_the_privacy_policys_date_among_several_documents():
    text = (
        "Terms of Service Last updated: July 31, 2013 Welcome to Umbra Teas.\nWe sell tea.\n"
        "Privacy Policy Last updated: February 19, 2010 Umbra Teas is a shop.\n"
        "Cookie Policy Last updated: March 1, 2014 We set cookies.\n"
    )
    assert value(text) == "2010-02-19"


def test_the_newer_of_two_versions_on_one_page():
    text = (
        "PART A: New Version (Effective as of May 25, 2018)\nWe ...\nPART B: Old Version\n(Effective as of 28 May 2017)"
    )
    assert value(text) == "2018-05-25"


def test_an_announced_version_leaves_the_date_of_this_one():
    text = (
        "Privacy Policy\nEffective: April 12, 2017\nOur policy will be changing effective May 25, 2018. See more here."
    )
    assert value(text) == "2017-04-12"


def test_a_part_with_its_own_effective_date_does_not_date_the_whole():
    body = "We at Umbra Teas value your trust and tell you what we collect. " * 60
    text = (
        f"Privacy Policy\nLast updated: March 3, 2021\n{body}\nNotice for Ohio\nEffective Date: January 1, 2020\n{body}"
    )
    assert value(text) == "2021-03-03"


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_entry_of_a_change_log_in_either_order(order):
    entries = ["2014-01-02: Initial text.", "2018-07-11: Added a list.", "2019-12-20: Updated the address."][::order]
    assert value("Privacy Policy\nUmbra Teas is a shop.\nChange log\n" + "\n".join(entries)) == "2019-12-20"


def test_a_flattened_change_log():
    text = "You accept this. Change log: February 1, 2011: Clarified a word January 3, 2011: Added a part Contact Us"
    assert value(text) == "2011-02-01"


def test_a_stated_date_goes_before_the_change_log():
    text = "Privacy Policy\nLast updated: June 1, 2019\nUmbra Teas\nChange log\nMay 1, 2019: Added a part"
    assert value(text) == "2019-06-01"


def test_previous_versions_beside_the_date_do_not_count():
    assert (
        value("Effective: May 25, 2018\n(view previous versions: 3/28/17, 3/29/16)\nUmbra Teas is a shop.")
        == "2018-05-25"
    )


def test_a_date_alone_at_the_very_end():
    body = "We at Umbra Teas value your trust and tell you what we collect. " * 30
    assert value(f"Privacy\n{body}\nWrite to us.\n\n5/15/2013\n") == "2013-05-15"


def test_a_date_alone_in_the_middle_is_nobodys():
    body = "We at Umbra Teas value your trust and tell you what we collect. " * 30
    assert effective_date(f"Umbra\n{body}\nMay 15, 2013\n{body}") is None


def test_an_announced_policy_may_lie_ahead_of_its_snapshot():
    assert value("Effective: May 25, 2018", snapshot="2018-04-20") == "2018-05-25"


def test_a_date_far_ahead_of_the_snapshot_is_not_believed():
    assert effective_date("Effective: May 25, 2019", snapshot="2018-04-20") is None


def test_the_evidence_is_the_texts_own_characters():
    text = "Privacy Policy\n**Last updated:** May 25, 2018\nUmbra Teas is a shop."
    assert effective_date(text).evidence == "Last updated:** May 25, 2018"


@pytest.mark.parametrize("options", [{"snapshot": "yesterday"}, {"snapshot": ""}, {"region": "mars"}])
def test_bad_options_are_refused(options):
    with pytest.raises(ValueError, match=r"give"):
        effective_date("Last updated: May 25, 2018", **options)


NUMBERS = st.integers(0, 2050).map(str) | st.integers(0, 40).map("{:02d}".format)
WORDS = st.sampled_from(
    "Effective updated Last posted version policy as of on May June Sept 31st 2018 1999 5/25/18 - / . , : \n ( ) © **"
    " <p> </p> &nbsp; \\- | previous law until Terms change log Privacy Policy".split(" ")
)
TEXTS = st.lists(WORDS | NUMBERS, max_size=30).flatmap(
    lambda parts: st.sampled_from(["", " ", "/"]).map(lambda separator: separator.join(parts))
)


def test_a_chain_of_numbers_is_read_at_once():
    assert effective_date("Last updated " + "1." * 60 + "ß 2018") is None


@given(TEXTS | st.text(), st.none() | st.dates(), st.sampled_from([None, "us", "eu", "uk", "other"]))
def test_any_text_gives_none_or_a_day_of_the_calendar(text, snapshot, region):
    found = effective_date(text, snapshot=snapshot, region=region)
    if found is not None:
        parts = [int(part) for part in found.value.split("-")]
        assert re.fullmatch(r"\d{4}(-\d\d){0,2}", found.value)
        assert dt.date(*parts, *[1] * (3 - len(parts)))
        assert found.kind in KINDS
        assert found.evidence in text


@given(
    st.dates(dt.date(1994, 1, 1), dt.date(2049, 12, 31)),
    st.sampled_from(["%B %d, %Y", "%d %b %Y", "%Y-%m-%d", "%d-%b-%Y"]),
)
def test_every_day_is_read_in_every_plain_form(day, form):
    assert value(f"Privacy Policy\nLast updated: {day.strftime(form)}\n") == day.isoformat()


@pytest.mark.parametrize("row", examples.params("dates"))
def test_example(row):
    for form in examples.PLACES[row["place"]]:
        value, kind, ambiguous = examples.stated(row, form)
        assert (value, row["kind"] or kind, row["ambiguous"] or ambiguous) == (row["value"], kind, ambiguous)


@pytest.mark.parametrize("given", [dt.date(2018, 3, 20), dt.datetime(2018, 3, 20, 12)])
def test_a_snapshot_may_be_a_date(given):
    assert value("Last updated: 03/04/2018", snapshot=given, region="uk") == "2018-03-04"


def test_a_signature_is_the_date_where_there_is_no_other():
    head, body = examples.HEAD, examples.BODY
    assert value(head + body * 9 + "\nLarkspur Looms, June 2021") == "2021-06"
    assert effective_date(head + body * 9 + "\nCopyright Larkspur Looms, June 2021") is None
    assert value(head + "Last updated: May 2020" + body * 9 + "\nLarkspur Looms, June 2021") == "2020-05"
