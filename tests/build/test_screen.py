"""`build.screen`: English or not, a policy or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab.build import screen
from privacylab.tables import schema
from privacylab.text.segments import Segment

POLICY = [
    "We collect the personal information that you give us when you order, and we may share it with third parties.",
    "Our site sets cookies. You may opt out of them at any time, and we keep what we know about you secure.",
]
GERMAN = (
    "Wir erheben nur die Daten, die Sie uns bei der Bestellung mitteilen, und geben sie nicht an andere weiter. "
    "Sie können jederzeit Auskunft verlangen."
)
FRENCH = "Nous gardons vos données aussi longtemps que votre compte est ouvert, et pas plus longtemps que cela."
RECIPE = "Put the kettle on and wait for it to boil, then pour the water over the leaves and let them stand in it."


def page(*texts: str, times: int = 1) -> list[Segment]:
    return [Segment(None, text) for text in texts * times]


def test_a_policy_is_kept():
    verdict = screen.judge(page(*POLICY, times=5))
    assert (verdict.reason, verdict.detail, verdict.language, verdict.language_share) == (None, None, "en", 1.0)


@pytest.mark.parametrize(
    ("found", "reason", "detail"),
    [
        ([], "empty", "no words"),
        (page("12 345", "***"), "empty", "no words"),
        (page(*POLICY), "too_short", "42 words, a policy has at least"),
        (page(RECIPE, times=20), "not_policy", "0 privacy words in 460, of 0 kinds, 0 clauses"),
        (page(GERMAN, times=20), "language", "de"),
        (page(FRENCH, times=20), "language", "fr"),
    ],
)
def test_what_is_left_out_says_why(found, reason, detail):
    verdict = screen.judge(found)
    assert verdict.reason == reason
    assert verdict.reason in schema.REASONS
    assert str(verdict.detail).startswith(detail)


def test_the_share_of_a_page_in_two_languages_counts_words():
    english, german = page(*POLICY, times=5), page(GERMAN, times=3)
    n_english = sum(screen.evidence(each).n_words for each in english)
    n_all = n_english + sum(screen.evidence(each).n_words for each in german)
    verdict = screen.judge([*english, *german])
    assert verdict.reason is None
    assert verdict.language_share == pytest.approx(n_english / n_all)


def test_a_menu_of_countries_is_in_no_language():
    countries = "Belgique Deutschland España Ελλάδα Guinée Italia Россия Österreich Polska Suomi Sverige Türkiye "
    english = page(*POLICY, times=5)
    n_words = sum(screen.evidence(each).n_words for each in english)
    menu = Segment(None, countries * (n_words // 6))  # twice as many words as the policy has
    verdict = screen.judge([menu, *english])
    assert verdict.language_share < 0.5
    assert (verdict.reason, verdict.language) == (None, "en")


def test_the_heading_is_read_with_the_text():
    assert screen.evidence(Segment("Privacy", "Yes.")).groups[0] == 1


@pytest.mark.parametrize("text", screen.rules()["examples"]["policy"])
def test_examples_of_policies_speak_of_three_things_or_more(text):
    assert sum(1 for count in screen.evidence(Segment(None, text)).groups if count) >= 3


@pytest.mark.parametrize("text", screen.rules()["examples"]["no_policy"])
def test_counter_examples_do_not(text):
    assert sum(1 for count in screen.evidence(Segment(None, text)).groups if count) < 3


# --- Fingerprints: what two versions must share to be one


@pytest.mark.parametrize(
    "other",
    [
        "WE COLLECT YOUR NAME AND YOUR STREET SINCE MAY 2019.",
        "We collect your name and your street since 3 June 2021!",
        "We collect your name and your street since http://bramblecot.example/7.",
        "We collect your name, and your street, since 2021. Buy 3 kettles for the price of 2 today only!",
    ],
)
def test_case_dates_counts_links_and_advertisements_make_no_new_version(other):
    first = screen.evidence(Segment(None, "We collect your name and your street since May 2018."))
    assert screen.evidence(Segment(None, other)).fingerprints == first.fingerprints != frozenset()


def test_another_sentence_makes_one():
    first = screen.evidence(Segment(None, "We collect your name and your street for one year."))
    other = screen.evidence(Segment(None, "We collect your name and your photo for one year."))
    assert first.fingerprints != other.fingerprints


SAID = (
    "We may.",
    "See www.a.com. We keep your data, for Kettles & Co.",
    "Boats U.S.",
    "Acme Inc. http://b.c",
    "We share your 3rd-party data_1 since May 3.",
    "Third parties of E. Boats get what you may tell us about you.",
    'and "our" information about users.) ',
    "3 kites",
    "é our Data",
    "",
)


@given(st.lists(st.sampled_from(SAID), max_size=5))
def test_lines_say_together_what_their_text_says(lines):
    text = "\n".join(lines)
    found, whole = screen.evidence(Segment("Privacy", text)), screen.said(f"Privacy\n{text}")
    assert (found.n_words, found.groups, found.fingerprints) == (whole.n_words, whole.groups, whole.fingerprints)
