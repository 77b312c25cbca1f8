"""One line of text as a reader means it."""

import pytest

from privacylab.normalize.cleaning import clean


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("we\u00a0don\u2019t  sell\u00ad it", "we don't sell it"),
        ("donâ€™t", "don't"),
        ("Q&amp;A", "Q&A"),
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
    ],
)
def test_clean(text, cleaned):
    assert clean(text) == cleaned
