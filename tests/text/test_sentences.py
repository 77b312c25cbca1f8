"""`text.sentences`: where sentences end."""

import re

from hypothesis import given
from hypothesis import strategies as st

from privacylab.text import sentences

STOP = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n")


@given(st.text(" .!?\n\u00a0\"')([A1b", max_size=30))
def test_a_stop_is_a_stop_however_it_is_looked_for(text):
    assert [match.span() for match in sentences._STOP.finditer(text)] == [match.span() for match in STOP.finditer(text)]
