"""`build.cache`: a reader that remembers says of each version what is said of it alone."""

import gc
import weakref

from hypothesis import given
from hypothesis import strategies as st
from strange import LEFTOVERS, MARKDOWN

from privacylab import normalize
from privacylab.build import cache, screen
from privacylab.text.segments import segments


@given(st.lists(MARKDOWN | LEFTOVERS, max_size=4), st.sampled_from(["text/html", "text/markdown", "text/plain"]))
def test_a_reader_says_of_each_version_what_is_said_of_it_alone(versions, media_type):
    known = cache.Reader()
    found = [known.read(text.encode(), media_type=media_type) for text in [*versions, *versions]]
    for page, text in zip(found, [*versions, *versions], strict=True):
        blocks = normalize.blocks(text.encode(), media_type=media_type)
        expected = segments(blocks)
        assert list(page.blocks) == blocks
        assert [known.segments[number] for number in page.segment_ids] == expected
        assert page.verdict == screen.judge(expected)


def test_what_a_reader_holds_goes_with_it_while_nobody_looks_for_garbage():
    reader = cache.Reader()
    reader.read(b"<h1>Privacy</h1><p>We keep the names of kites.</p><p>We ask them to fly.</p>", media_type="text/html")
    left = [weakref.ref(reader), weakref.ref(reader._normalized)]
    gc.disable()
    try:
        del reader
        assert [each() for each in left] == [None, None]
    finally:
        gc.enable()
