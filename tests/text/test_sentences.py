"""`text.sentences`: where sentences end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab.text import sentences

STOP = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n")


@given(st.text(" .!?\n\u00a0\"')([A1b", max_size=30))
def test_a_stop_is_a_stop_however_it_is_looked_for(text):
    assert [match.span() for match in sentences._STOP.finditer(text)] == [match.span() for match in STOP.finditer(text)]


@pytest.mark.parametrize(
    "cited", ["Art. 6 para. 1 lit. b GDPR", "Article 6 sec. 1 sent. 1 lit. f GDPR", "Art. 6 Par. 1 GDPR"]
)
def test_an_article_of_a_law_is_not_cut(cited):
    assert sentences.sentences(f"It was sent. This rests on {cited}. So it is.") == [
        "It was sent.",
        f"This rests on {cited}.",
        "So it is.",
    ]
