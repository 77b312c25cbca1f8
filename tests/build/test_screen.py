"""`build.screen`: English or not, a policy or not.

``tests/data/documents`` holds policies and other documents of invented organisations; their names say which they are.
"""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import normalize
from privacylab.build import screen
from privacylab.tables import schema
from privacylab.text.segments import Segment, segments

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
        (page(RECIPE, times=20), "other_document", "it reads as another document does"),
        (page("Home", "Sign in", "Shop", times=40), "not_policy", "0 of 160 words are prose"),
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
    text = "We say here what we do with what you tell us when you write."
    (with_heading,) = screen.evidence(Segment("Privacy", text)).prose
    (without,) = screen.evidence(Segment(None, text)).prose
    assert with_heading[1] > without[1]


# --- A policy or another document


DOCUMENTS = sorted(Path(__file__).parents[1].joinpath("data", "documents").glob("*.md"))


def document(name: str) -> list[Segment]:
    path = next(path for path in DOCUMENTS if path.stem == name)
    return segments(normalize.blocks(path.read_bytes(), media_type="text/markdown"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_policies_are_told_from_other_documents_by_their_text(path):
    verdict = screen.judge(document(path.stem))
    kept = {"policy": {None}, "other": {"other_document", "not_policy"}}[path.stem.split("-")[0]]
    assert verdict.reason in kept, verdict.detail


@pytest.mark.parametrize(
    "name", ["other-terms-shop", "other-guidelines-forum", "other-cookie-policy", "other-dpa", "other-security-page"]
)
def test_another_document_is_named_so(name):
    verdict = screen.judge(document(name))
    assert verdict.reason == "other_document"
    assert "screen.toml" in verdict.detail  # where the limit stands


def test_terms_that_hold_a_whole_policy_are_kept():
    terms, policy = document("other-eula") * 12, document("policy-employees") * 6
    assert screen.judge(terms).reason == "other_document"
    assert screen.judge([*terms, *policy]).reason is None
    assert screen.judge([*terms, *document("policy-employees")]).reason == "other_document"


def test_what_a_search_found_is_no_prose():
    found = [segment._replace(text=f"{segment.text} ...") for segment in document("policy-b2b")]
    assert screen.judge(found).reason == "not_policy"


def test_a_policy_may_be_short_but_not_a_line():
    short = document("policy-app-70-words")
    assert screen.judge(short).n_words < 80
    assert screen.judge(short).reason is None
    assert screen.judge([Segment("Privacy", "We keep your information private.")]).reason == "too_short"


@pytest.mark.parametrize("text", screen.RULES["examples"]["policy"])
def test_examples_of_policies_have_the_points(text):
    assert points_of(text) > 0


@pytest.mark.parametrize("text", screen.RULES["examples"]["no_policy"])
def test_counter_examples_do_not(text):
    assert points_of(text) < 0


def points_of(text: str) -> int:
    return screen.said(text).points


def test_each_word_has_one_number_of_points():
    entries = [(entry["points"], word) for entry in screen.RULES["points"] for word in entry["words"]]
    plain = [(points, word) for points, word in entries if re.fullmatch(r"\w+", word)]
    for points, word in plain:
        assert {n for n, pattern in entries if re.fullmatch(pattern, word)} == {points}, word


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
    assert (found.n_words, found.fingerprints) == (whole.n_words, whole.fingerprints)
    assert found.prose in {(), ((whole.n_words, whole.points),)}
