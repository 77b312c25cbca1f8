import datetime as dt
import re
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab.dates import KINDS, EffectiveDate, effective_date

RULES = tomllib.loads(resources.files("privacylab").joinpath("rules/dates.toml").read_text(encoding="utf-8"))
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Last updated: May 25, 2018", "2018-05-25"),
        ("Last updated: 25 May 2018", "2018-05-25"),
        ("Last updated 1st May 2018", "2018-05-01"),
        ("Last updated: May 3rd, 2018", "2018-05-03"),
        ("Effective as of the 25th day of May, 2018", "2018-05-25"),
        ("Effective Friday, May 25, 2018", "2018-05-25"),
        ("Last revised 10-JUN-2021", "2021-06-10"),
        ("Last revised 10-Jun-21", "2021-06-10"),
        ("Last modified: 2020.12.07", "2020-12-07"),
        ("Last modified: 2020-12-07", "2020-12-07"),
        ("Last modified: 2018/5/25", "2018-05-25"),
        ("Last modified: 2018 May 25", "2018-05-25"),
        ("Version 20180525", "2018-05-25"),
        ("Last updated: Nov, 24 2022", "2022-11-24"),
        ("This page was last changed on 4, December 2012.", "2012-12-04"),
        ("Updated Sept. 7, 2016", "2016-09-07"),
        ("Updated:May 25,2018", "2018-05-25"),
        ("Effective: 5/25/18", "2018-05-25"),
        ("Effective: 12/31/99", "1999-12-31"),
        ("Last updated 25/5/2018", "2018-05-25"),
        ("Last updated: 25.05.2018", "2018-05-25"),
        ("Last updated: 05.25.2018", "2018-05-25"),
        ("Last updated: May 2018", "2018-05"),
        ("Last updated in October, 2015", "2015-10"),
        ("Last updated: 09/2015", "2015-09"),
        ("Last updated 2017", "2017"),
        ("Last updated 3 Oct '05", "2005-10-03"),
        ("Updated: Oct 3, \u201905", "2005-10-03"),
        ("Last updated: May '18", "2018-05"),
        ("Revised 7/99", "1999-07"),
        ("Revised: 08/00", "2000-08"),
        ("FB-102 Rev 11/04", "2004-11"),
        ("Version 3.2 \u2013 05/2018", "2018-05"),
        ("Issue 4 - June 2018", "2018-06"),
        ("Last revised on 20 - June - 2018", "2018-06-20"),
        ("LAST UPDATED: JANUARY 2ND, 2019", "2019-01-02"),
        ("Page last updated at 09.57 EST on Friday 14 September 2012", "2012-09-14"),
        ("Page last updated on 14/9/2012 - 1:15 PM", "2012-09-14"),
    ],
)
def test_forms_of_a_date(text, expected):
    assert value("Privacy Policy\n" + text + "\nWe at Umbra Teas value your trust.") == expected


@pytest.mark.parametrize(
    ("text", "expected", "kind"),
    [
        ("Effective Date: May 25, 2018", "2018-05-25", "effective"),
        ("This policy takes effect on 25 May 2018.", "2018-05-25", "effective"),
        ("This notice is effective from 1 February 2008.", "2008-02-01", "effective"),
        ("This notice came into force on 1 February 2008.", "2008-02-01", "effective"),
        ("Please note that our privacy policy has changed effective July 1, 2008.", "2008-07-01", "effective"),
        ("Last updated and effective: March 1, 2017", "2017-03-01", "effective"),
        ("This policy was approved on April 2, 2014 and went into effect on June 6, 2014.", "2014-06-06", "effective"),
        ("Effective from 25 May 2018 until further notice.", "2018-05-25", "effective"),
        ("With effect from 1 February 2020 this policy replaces all others.", "2020-02-01", "effective"),
        ("This policy shall come into operation on 1 February 2020.", "2020-02-01", "effective"),
        ("Effective as of midnight on July 1, 2011", "2011-07-01", "effective"),
        ("Revision Date: March 24th 2015", "2015-03-24", "updated"),
        ("Version current as of March 2019", "2019-03", "updated"),
        ("Our policy was last updated on or about May 11, 2009.", "2009-05-11", "updated"),
        ("We have updated our privacy policy as of May 1, 2019.", "2019-05-01", "updated"),
        ("(amended as of February 01, 2004)", "2004-02-01", "updated"),
        ("Updated August 22, 2011 to include our new shop.", "2011-08-22", "updated"),
        ("Posted: August 12, 2015", "2015-08-12", "posted"),
        ("Version dated 25 May 2018", "2018-05-25", "version"),
        ("Date: July 20, 2020", "2020-07-20", "version"),
        ("As of July 10th, 2013", "2013-07-10", "version"),
        ("May 25, 2018", "2018-05-25", "bare"),
        ("May 2018", "2018-05", "bare"),
        ("May 25, 2018 (effective date)", "2018-05-25", "effective"),
        ("25 May 2018 - last updated", "2018-05-25", "updated"),
        ("Reviewed: May 2018. Next review due: May 2019", "2018-05", "updated"),
        ("Last updated: May 25, 2018 California residents see below.", "2018-05-25", "updated"),
        ("This privacy and cookie policy is effective from May 25, 2018.", "2018-05-25", "effective"),
        ("Effective March 1, 2012, our policy covers tea and meets the law.", "2012-03-01", "effective"),
    ],
)
def test_cues_and_their_kinds(text, expected, kind):
    found = effective_date("Privacy Policy\n" + text + "\nWe at Umbra Teas value your trust.")
    assert (found.value, found.kind) == (expected, kind)


@pytest.mark.parametrize(
    "text",
    [
        "**Last Updated: May 25, 2018**",
        "_Last modified: 05\\-25\\-2018_",
        "Last Updated: **May 25, 2018**",
        "## Last updated May 25, 2018",
        "[Last updated](https://umbra.example/2011/01/02/log) May 25, 2018",
        "Last updated: May 25, 2018 ([archived versions](https://umbra.example/archive/2016-01-01))",
        "<p>Last modified: May 25, 2018</p>",
        "<p>\n<strong>Effective.\nMay 25<sup>th</sup>, 2018</strong>\n</p>",
        "<em>Last&nbsp;updated:</em>&nbsp;May&nbsp;25,&nbsp;2018",
        "Last updated:\xa0May 25,\xa02018",
        "Last updated\n\nMay 25, 2018",
        "| Last updated | May 25, 2018 |",
        "Made by DesignLast updated: May 25, 2018.This policy describes our shop.",
        "Umbra Teas Privacy Centre Last updated: May 25, 2018 Umbra Teas is a shop.",
        "Privacy Policy (May 25, 2018)",
        "Archived privacy policy - 5/25/18",
        "Last updated: May 25, 2018 | Archived versions | Download PDF",
    ],
)
def test_markup_and_glued_text_do_no_harm(text):
    assert value("Privacy Policy\n" + text + "\nWe at Umbra Teas value your trust.") == "2018-05-25"


@pytest.mark.parametrize(
    "text",
    [
        "Regulation (EU) 2016/679 of 27 April 2016 gives you rights.",
        "The General Data Protection Regulation is in force since May 25, 2018.",
        "The California Consumer Privacy Act of 2018 took effect on January 1, 2020.",
        "As of January 1, 2020, California residents may ask for a copy.",
        "Effective January 1, 2005, California Civil Code Section 1798.83 lets you ask.",
        "Section 22575 of the code, as amended effective January 1, 2014, lets you ask.",
        "© 2018 Umbra Teas. All rights reserved.",
        "Copyright 1999-2018 Umbra Teas",
        "Last updated: 5/18",
        "Cards (exp. 05/18) are kept; our updated 24/7 support answers in 4/10 hours.",
        "We changed 9/11 of our lists in the '90s, as the class of '05 knows.",
        "Our Terms of Service are effective as of May 25, 2018.",
        "Terms of Use\nLast updated: May 25, 2018\nThese terms bind you.",
        "See our previous policy, effective May 25, 2016.",
        "Policy (June 2006 - August 2008): effective from June 21, 2006 until August 19, 2008.",
        "This policy replaces the version of May 25, 2016.",
        "For the policy in use prior to May 25, 2018, see here.",
        "Our Privacy Policy will be updated on May 25, 2018.",
        "A new Privacy Policy will take effect on May 25, 2018. Click here to read it.",
        "A new Privacy Policy becomes effective May 25, 2018. To review the new Privacy Policy, click here.",
        "Read the news of May 25, 2018: we won a prize.",
        "Posted by Ann on May 25, 2018",
        "If you registered before 17/08/2007 the old rule applies.",
        "Please object by May 25, 2018 at the latest.",
        "10.1.1.20 - 25/Mar/2003 10:15:32 - /search?q=tea",
        "Under the German version of the resolution (DSGVO) valid from 25 May 2018 you may object.",
        "Umbra Teas left the seal program effective June 30, 2017",
        "This section was updated on 26 June 2020.",
        "In the last 12 months before May 2018 we sold no data.",
        "// Updated 03-19-2015 by KD",
        "Last updated: 31 June 2018",
        "[archive](https://umbra.example/privacy/2013-03-25)",
    ],
)
def test_dates_of_other_things_are_not_the_policys(text):
    filler = "We at Umbra Teas value your trust and tell you what we collect. " * 30
    assert effective_date(f"Privacy Policy\n{filler}\n{text}\n{filler}") is None


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


@pytest.mark.parametrize(
    ("options", "expected", "ambiguous"),
    [
        ({}, "2018-03-04", True),
        ({"region": "us"}, "2018-03-04", False),
        ({"region": "uk"}, "2018-04-03", False),
        ({"region": "eu"}, "2018-04-03", False),
        ({"snapshot": "2018-03-20"}, "2018-03-04", False),
        ({"snapshot": dt.date(2018, 3, 20), "region": "uk"}, "2018-03-04", False),
        ({"snapshot": dt.datetime(2018, 5, 1), "region": "uk"}, "2018-04-03", False),
    ],
)
def test_day_and_month_by_region_and_snapshot(options, expected, ambiguous):
    found = effective_date("Last updated: 03/04/2018\nUmbra Teas is a shop.", **options)
    assert (found.value, found.ambiguous) == (expected, ambiguous)


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        ("Umbra Teas Ltd is registered in England.", "2018-04-03"),
        ("We personalise our website's behaviour.", "2018-04-03"),
        ("Umbra Teas LLC, Dayton, OH 45402", "2018-03-04"),
        ("We personalize our website's behavior.", "2018-03-04"),
        ("The shop opened on 3 May 2011.", "2018-04-03"),
        ("The shop opened on May 3, 2011.", "2018-03-04"),
        ("The shop opened on 25/12/2011.", "2018-04-03"),
        ("Regulation (EU) 2016/679 of 27 April 2016 binds Umbra Teas LLC.", "2018-03-04"),
    ],
)
def test_day_and_month_by_the_habits_of_the_text(cue, expected):
    found = effective_date(f"Last updated: 03/04/2018\n{cue}")
    assert (found.value, found.ambiguous) == (expected, False)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("Last updated: 09.07.2019", {}, "2019-07-09"),
        ("Last updated: 09.07.2019", {"region": "us"}, "2019-09-07"),
        ("Last updated: 04/04/2018", {}, "2018-04-04"),
    ],
)
def test_dots_and_equal_numbers_are_settled(text, options, expected):
    found = effective_date(text, **options)
    assert (found.value, found.ambiguous) == (expected, False)


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


TITLE = "Privacy Policy\n"
BODY = "\nWe collect what you tell us and use it to answer you.\n"


@pytest.mark.parametrize(
    ("text", "expected", "options"),
    [
        (TITLE + "Effective as of the 1st day of May, 2018" + BODY, "2018-05-01", {}),
        (TITLE + "Last updated 1st May 2018" + BODY, "2018-05-01", {}),
        (TITLE + "Rev. 10-JUN-2021" + BODY, "2021-06-10", {}),
        (TITLE + "Updated 2020.12.07" + BODY, "2020-12-07", {}),
        (TITLE + "Stand: 09.07.2019" + BODY, "2019-07-09", {}),
        (TITLE + "Version current as of: November 2016" + BODY, "2016-11", {}),
        (TITLE + "Last updated: Spring 2018" + BODY, "2018", {}),
        (TITLE + "Effective date: 2019" + BODY, "2019", {}),
        (TITLE + "Last modified on: 12\\-03\\-2017" + BODY, "2017-12-03", {"region": "us"}),
        (TITLE + "Last modified on: 12/03/2017" + BODY, "2017-03-12", {"region": "uk"}),
        (TITLE + "**Last Updated: \\[May 25, 2018\\]**" + BODY, "2018-05-25", {}),
        (TITLE + "_Effective: January 1st, 2020_" + BODY, "2020-01-01", {}),
        (TITLE + "Last Updated: 25th of May 2018" + BODY, "2018-05-25", {}),
        (TITLE + "Last updated on Friday, 25 May 2018" + BODY, "2018-05-25", {}),
        (
            TITLE + "This policy was last updated on 25 May 2018 and replaces the policy dated 3 March 2016." + BODY,
            "2018-05-25",
            {},
        ),
        (TITLE + "Previous version: 3 March 2016. Current version: 25 May 2018." + BODY, "2018-05-25", {}),
        (TITLE + BODY + "Copyright 2001-2018 Acme Inc. All rights reserved.", None, {}),
        (
            TITLE + BODY + "We comply with the GDPR of 27 April 2016, which took effect on 25 May 2018.",
            None,
            {},
        ),
        (TITLE + BODY + "Terms of Service last updated 4 June 2015.", None, {}),
        (TITLE + "Last updated: 4 June 2015" + BODY + "Terms of Service\nLast updated: 7 July 2016", "2015-06-04", {}),
        (TITLE + "Change history\n2021-03-01 Added cookies\n2019-02-02 First version" + BODY, "2021-03-01", {}),
        (
            TITLE
            + BODY
            + "Version history\nv1.0 - 2 February 2019 - first version\nv1.1 - 1 March 2021 - added cookies",
            "2021-03-01",
            {},
        ),
        (TITLE + "Date of last revision: Sept. 5, 2011" + BODY, "2011-09-05", {}),
        (TITLE + "Date last modified: 2011/09/05" + BODY, "2011-09-05", {}),
        (TITLE + "Last reviewed in Aug 2014" + BODY, "2014-08", {}),
        (TITLE + "Updated May 24th 2018" + BODY, "2018-05-24", {}),
        (TITLE + "UPDATED MAY 24, 2018" + BODY, "2018-05-24", {}),
        (TITLE + "Last update 24 May, 2018" + BODY, "2018-05-24", {}),
        (TITLE + "(as amended on 24.5.18)" + BODY, "2018-05-24", {}),
        (
            TITLE
            + "This Privacy Policy became effective on March 3, 2003 and was last revised on April 4, 2009."
            + BODY,
            "2003-03-03",
            {},
        ),
        (TITLE + "These changes will take effect on 1 June 2019." + BODY, "2019-06-01", {}),
        (TITLE + BODY + "If you opened an account before 25 May 2018, the old terms apply.", None, {}),
        (TITLE + BODY + "Our site was launched on 4 March 2009.", None, {}),
        (TITLE + BODY + "From 1 January 2020, Californian residents have the right to know.", None, {}),
        (TITLE + BODY + "The Privacy Shield was invalidated on 16 July 2020.", None, {}),
        (TITLE + BODY + "As of the effective date of this policy, April 1, 2012, we share no data.", "2012-04-01", {}),
        (TITLE + BODY + "This policy is effective as of 1/2/2012.", "2012-01-02", {"region": "us"}),
        (TITLE + BODY + "This policy is effective as of 1/2/2012.", "2012-02-01", {"region": "eu"}),
        (TITLE + "Last updated: 11/10/2012" + BODY, "2012-10-11", {"snapshot": "2012-10-20"}),
        (TITLE + "Last updated: 05.25.2018" + BODY, "2018-05-25", {}),
        (TITLE + "Last updated: 2018-05-25T10:00:00Z" + BODY, "2018-05-25", {}),
        (TITLE + "Last updated: 20180525" + BODY, "2018-05-25", {}),
        (TITLE + "Last updated: May, 2018" + BODY, "2018-05", {}),
        (TITLE + "Last updated: 05/2018" + BODY, "2018-05", {}),
        (TITLE + "Last Updated on\n\nMay 25, 2018\n" + BODY, "2018-05-25", {}),
        (TITLE + "Posted/Revised: May 25, 2018" + BODY, "2018-05-25", {}),
        (TITLE + "Publication date: 25 May 2018; effective date: 1 June 2018." + BODY, "2018-06-01", {}),
        ("Acme Privacy Policy - 25 May 2018\n" + BODY, "2018-05-25", {}),
        ("Acme Privacy Policy v2 (25 May 2018)\n" + BODY, "2018-05-25", {}),
        (TITLE + BODY + "Acme Ltd, London\nMay 2018", "2018-05", {}),
        (TITLE + BODY + "Last Updated: May 25, 2018 Copyright 2019 Acme", "2018-05-25", {}),
        (
            TITLE + "Our policy was changed on December 1st, 2015. Before, that of 1 June 2013 applied." + BODY,
            "2015-12-01",
            {},
        ),
        (TITLE + "Effective from 6 April 2021 to present" + BODY, "2021-04-06", {}),
        (TITLE + "The following privacy policy is valid from 6 April 2021." + BODY, "2021-04-06", {}),
        (TITLE + "In effect since 6 April 2021" + BODY, "2021-04-06", {}),
        (TITLE + "Dated 6 April 2021" + BODY, "2021-04-06", {}),
        (TITLE + "LAST UPDATED: APRIL 6 2021 |" + BODY, "2021-04-06", {}),
        (TITLE + "Last updated – 6th April, 2021." + BODY, "2021-04-06", {}),
        (TITLE + "Last Updated Date: 6-Apr-21" + BODY, "2021-04-06", {}),
        (TITLE + "Last Updated: '21 April" + BODY, None, {}),
        (TITLE + "Version 3.2 dated 2021-04-06" + BODY, "2021-04-06", {}),
        (TITLE + "Version: 06.04.21" + BODY, "2021-04-06", {}),
        (TITLE + "Policy number 2021-04 was approved by the board on 6 April 2021." + BODY, "2021-04-06", {}),
        (TITLE + "Last Revision: 04\\-06\\-2021" + BODY, "2021-04-06", {"region": "us"}),
        (TITLE + BODY + "Log: 127.0.0.1 - [10/Oct/2000:13:55:36] GET /", None, {}),
        (TITLE + BODY + "ISO 27001:2013 certified. Directive 2002/58/EC of 12 July 2002.", None, {}),
        (TITLE + BODY + "News\nMay 3, 2018 - We opened a shop in Rome.\nApril 2, 2018 - New shoes.", None, {}),
        (TITLE + "We last changed this notice in the month of June 2017." + BODY, "2017-06", {}),
        (TITLE + "Date de mise: Effective Date. 1/13/12" + BODY, "2012-01-13", {}),
        (TITLE + "Last updated October 1999" + BODY, "1999-10", {}),
        (TITLE + "Revision date: 3.X.2005" + BODY, None, {}),
        (
            TITLE + "This privacy notice was issued in March 2022 and will be reviewed in March 2023." + BODY,
            "2022-03",
            {},
        ),
        (TITLE + "Next review: March 2023. Last review: March 2022." + BODY, "2022-03", {}),
        (TITLE + "Privacy policy last updated 2 days ago." + BODY, None, {}),
        (
            TITLE
            + "This version was last updated on 2 March 2022 and historic versions can be obtained by contacting us. "
            + BODY,
            "2022-03-02",
            {},
        ),
        (TITLE + "It was last updated in the week of June 6, 2016." + BODY, "2016-06-06", {}),
        (
            TITLE
            + "We've updated our policy, effective Monday, June 6th, 2016. To see the version before, click here."
            + BODY,
            "2016-06-06",
            {},
        ),
        (TITLE + "Last edited by Legal, June 6, 2016" + BODY, "2016-06-06", {}),
        (TITLE + "Last Updated by: Acme Legal Team on June 6, 2016" + BODY, "2016-06-06", {}),
    ],
)
def test_policies_written_to_mislead(text, expected, options):
    stated = effective_date(text, **options)
    assert (stated.value if stated else None) == expected
