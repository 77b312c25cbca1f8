"""`build.cache`: a reader that remembers says of each version what is said of it alone."""

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
