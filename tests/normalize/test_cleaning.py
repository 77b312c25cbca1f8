"""One line of text as a reader means it."""

import re

import pytest
from hypothesis import given
from strange import TEXT

from privacylab.normalize import cleaning
from privacylab.normalize.cleaning import clean


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("we\u00a0don\u2019t  sell\u00ad it", "we don't sell it"),
        ("donâ€™t", "don't"),
        ("Q&amp;A", "Q&A"),
        ("Don&rsquo;t sell &#x201C;it&#x201D;", 'Don\'t sell "it"'),
        ("AT&T; R&D", "AT&T; R&D"),
        ("Itâ€™s ours. Voilà, that’s it! Q&amp;A; dÃ©jÃ  vu.", "It's ours. Voilà, that's it! Q&A; déjà vu."),
        ("Itâ€™s 1 < 2 now. Q&amp;A", "It's 1 < 2 now. Q&amp;A"),  # entities beside tags are left
        ("Itâ€™s <b>ours</b> now. Q&amp;amp;A? &lt;Yes.", "It's ours now. Q&A? <Yes."),
        ("&amp;lt;b&amp;gt;no&amp;lt;/b&amp;gt;", "no"),
        ("write to <a@b.example>", "write to <a@b.example>"),
        ("a < b and c > d", "a < b and c > d"),
        ("<b>bold</b> <o:p>word</o:p>", "bold word"),
        ("see [our list](https://x.example/a_b) now", "see our list now"),
        ("**Note** this", "Note this"),
        ("pin ****1234", "pin ****1234"),
        ("a <!-- no --> b <!-- open", "a b <!-- open"),
        (
            "o\ufb03cer, noti\ufb01cation, pro\ufb01ling, a\ufb00ect, \ufb02ow, \ufb06",
            "officer, notification, profiling, affect, flow, st",
        ),
        ("１８ Ｍａｙ ２０１８：", "18 May 2018:"),
        ("\U0001d403\U0001d41a\U0001d42d\U0001d41a", "Data"),
        ("Ⅳ. o\ufe0f\ufb03cer\u034f", "IV. officer"),
        ("con\uf001rm, \uf0b7 item", "confirm, • item"),
        ("Pell™ kites², 5³ ½ © № ①", "Pell™ kites², 5³ ½ © № ①"),  # a note's number is no digit
        ("third\u2010party", "third-party"),
    ],
)
def test_clean(text, cleaned):
    assert clean(text) == cleaned


SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
ENTITY = re.compile(r"[\u0080-\u009f]|[ÂÃâ][\u0080-\u00bf€™œ\u201a-\u2122]|&(?:amp|nbsp|quot|lt|gt|#\d+);")


@given(TEXT)
def test_one_blank_stands_for_any_white_space_and_nothing_invisible_is_left(text):
    plain_text = text.translate({ord(mark): sign for mark, sign in cleaning._QUOTES})
    # Mojibake is looked for before quotes are made plain: a curly quote is the second half of some.
    if not re.search(r"[&<]|\]\(|\*\*", plain_text) and not ENTITY.search(text):
        assert cleaning._cleaned(text) == SPACES.sub(" ", cleaning._INVISIBLE.sub("", plain_text)).strip()


@given(TEXT)
def test_mojibake_is_seen_by_any_of_its_signs(text):
    if "&" in text or not text.isascii():
        assert cleaning._is_mojibake(text) == bool(ENTITY.search(text))
