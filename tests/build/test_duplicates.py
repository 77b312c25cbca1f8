"""`build.duplicates`: which versions repeat another."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab.build import duplicates
from privacylab.build.duplicates import Repeat, Sighting


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
