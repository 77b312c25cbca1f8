"""`build.screen`: English or not, a policy or not, and which versions repeat another."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab.build import duplicates, screen
from privacylab.build.duplicates import Repeat, Sighting
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


# --- Histories


def history(keys: str, step: int = 10) -> list[Sighting]:
    """One letter a sighting, `step` days apart; equal letters are equal texts; ids are `0`, `1`, ..."""
    first = dt.date(2018, 1, 1)
    return [Sighting(str(i), first + dt.timedelta(days=step * i), ord(key)) for i, key in enumerate(keys)]


def statuses(keys: str, step: int = 10) -> str:
    """The first letter of each status: k(ept), n(ear duplicate), f(lip)."""
    found = duplicates.repeats(history(keys, step))
    return "".join(found[str(i)].status[0] for i in range(len(keys)))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", ""),
        ("a", "k"),
        ("aaa", "knn"),
        ("aab", "knk"),
        ("aabaa", "knfnn"),
        ("abab", "kfnk"),  # the last b has come to stay, for all that is known
        ("aabaabb", "knfnnkn"),
        ("aacbbaa", "knkknkn"),
        ("abbba", "kknnk"),  # the longer stand between two days of another is no flip
        ("aabaacaa", "knfnnfnn"),
    ],
)
def test_a_text_that_comes_and_goes_is_a_flip(keys, expected):
    assert statuses(keys) == expected


def test_what_returns_after_sixty_days_is_a_change_and_back():
    assert statuses("aabaa", step=61) == "knkkn"


def test_repeats_name_the_version_that_they_repeat():
    found = duplicates.repeats(history("aaba"))
    assert found["1"] == Repeat("near_duplicate", "0")
    assert found["2"] == Repeat("flip", "0")
    assert found["3"] == Repeat("near_duplicate", "0")


@given(st.text("abc", max_size=30), st.sampled_from([1, 10, 61]))
def test_every_sighting_has_one_status_and_repeats_a_kept_text(keys, step):
    sightings = history(keys, step)
    found = duplicates.repeats(sightings)
    assert found.keys() == {each.version_id for each in sightings}
    text = {each.version_id: each.key for each in sightings}
    for version_id, repeat in found.items():
        assert (repeat.same_as is None) == (repeat.status == "kept")
        if repeat.status == "near_duplicate":
            assert found[str(repeat.same_as)].status == "kept"
            assert text[str(repeat.same_as)] == text[version_id]
