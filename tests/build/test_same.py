"""What was made fast says what the plain way says: on versions read one by one, and part by part."""

import os
import re
from collections import Counter
from itertools import chain
from pathlib import Path

import archives
import plain
import pytest
from cmarkgfm import cmark
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from privacylab import build, normalize, sources
from privacylab.build import cache, screen
from privacylab.clauses import ngrams
from privacylab.dates import formats
from privacylab.normalize import cleaning, html, markdown
from privacylab.normalize.html import read_tree
from privacylab.sources import services
from privacylab.text import counts
from privacylab.text import sentences as sentences_module
from privacylab.text.counts import content_words, count_words, syllables
from privacylab.text.segments import Segment
from privacylab.text.segments import segments as segments_segments
from privacylab.text.sentences import sentences

THROUGH_TIME = Path(os.environ.get("PRIVACYLAB_ARCHIVES", "none")) / "through-time.zip"
OTA = THROUGH_TIME.with_name("ota-contrib.bundle")
TEXT = st.text(
    st.sampled_from(
        "ab sd;.,&<>/p\u00a0\u2019\u201c\u2011\u00ad\u200b\x1c\x0b\u2028*[](){}:=%1_\tÃ©â€™\u3000\n\r\ufeffÉıß"
    ),
    max_size=60,
)


def versions(root):
    """An archive whose versions share most of their lines."""
    boats, kites = "boats.com/Privacy Policy.md", "kites.com/Privacy Policy.md"
    policy = archives.policy
    archives.commit(root, {boats: policy(archives.HARBOR)}, "2013-02-03")
    archives.commit(root, {boats: policy(archives.HARBOR, archives.LETTERS)}, "2014-01-01")
    archives.commit(root, {boats: policy(archives.SHIELD, stated="May 1, 2017")}, "2017-05-06")
    archives.commit(root, {kites: policy(archives.GDPR, archives.PARROT)}, "2018-06-01")
    archives.commit(root, {"dice.com/Privacy Policy.md": archives.NO_POLICY}, "2018-07-01")
    return {"ota": sources.open_source(root, scratch=root)}


def test_a_build_says_what_the_plain_way_says(tmp_path):
    opened = versions(tmp_path / "ota")
    corpus = build.corpus(opened.values(), tmp_path / "out", every="all", workers=1)
    assert plain.differences(corpus, opened, 100) == []


def test_a_difference_from_the_plain_way_is_seen(tmp_path, monkeypatch):
    opened = versions(tmp_path / "ota")
    corpus = build.corpus(opened.values(), tmp_path / "out", every="all", workers=1)
    monkeypatch.setattr(plain.annotate.cues, "cues", lambda text: [])
    assert any("its cues differ" in fault for fault in plain.differences(corpus, opened, 100))


@pytest.mark.skipif(not OTA.is_file(), reason="the archives are not at $PRIVACYLAB_ARCHIVES")
def test_a_build_of_real_policies_says_what_the_plain_way_says(tmp_path):
    given = {s.label: s for s in (sources.open_source(path, scratch=tmp_path) for path in (OTA, THROUGH_TIME))}
    opened = plain.parts(given, 60)
    corpus = build.corpus(opened.values(), tmp_path / "out", workers=1)
    assert len(corpus.versions()) > 100
    assert plain.differences(corpus, opened, 40) == []


# --- Part by part: the fast way beside a definition of what it gives ------------------------------------------------

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


@given(st.sampled_from(["p", "li"]), TEXT, st.booleans(), st.sampled_from(["", "\n", "  \n"]))
def test_a_simple_piece_is_read_as_the_parser_reads_it(tag, text, closed, end):
    piece = f"<{tag}>{text}{f'</{tag}>' if closed else ''}{end}"
    assert html._html_piece(piece) == html.read_tree(LexborHTMLParser(html._mended(piece)).body)


MARKS = "We,  ,\n,*b*,_i_,[a](b),&amp;,<b>x</b>,`c`,\\-,~~s~~,|,!,- ,# ,1. ,===,(c),\",',:,\t,    ".split(",")


@given(st.lists(st.sampled_from(MARKS), max_size=6).map("".join) | TEXT.map("a".__add__))
@example("# We").via("a mark of each kind")
@example("We*b*").via("a mark of each kind")
@example("We &copy; you").via("a mark of each kind")
@example("We <b>x</b>").via("a mark of each kind")
@example("We\\-").via("a mark of each kind")
@example("We~~s~~").via("a mark of each kind")
@example("aâ€ ").via("a blank at the end of mojibake")
def test_a_simple_line_is_read_as_the_parsers_read_it(text):
    html = cmark.markdown_to_html_with_extensions(text, options=markdown._UNSAFE, extensions=markdown._EXTENSIONS)
    assert markdown._markdown_part(text) == read_tree(LexborHTMLParser(html).body)


def documents(*lines):
    """Documents of some of these lines, with and without blank ones between them."""
    gaps = st.sampled_from(["\n", "\n\n", "\n\n", "\n \n", "\n\n\u00a0\n"])
    return st.lists(st.tuples(st.sampled_from(lines), gaps), max_size=12).map(lambda parts: "".join(sum(parts, ())))


MARKDOWN = documents(
    *(
        "",
        "**Our Rule**",
        "We share data.",
        "- pixels",
        "    - tags",
        "          deeper",
        "<script>x</script>",
        "* * *",
    ),
)
LEFTOVERS = documents(
    *("<p>We keep &amp.", "data.", "<p>Inc.", "<li>•", "<b>it is stored</b> for you.</p>", "</ul>", "o")
)


@given(MARKDOWN)
def test_pieces_of_markdown_are_read_as_the_whole(text):
    flat = markdown._SCRIPT.sub(" ", markdown._DEEP_INDENT.sub("    ", text))
    parts = markdown._markdown_parts(markdown._BOLD_LINE.sub(r"\n\n\1\n\n", flat))
    cut = markdown.markdown_pieces(text)
    assert [chunk for piece in cut.texts for chunk in cut.read(piece)] == [
        chunk for part in parts for chunk in markdown._markdown_part(part)
    ]


@given(LEFTOVERS)
def test_stops_are_mended_in_pieces_as_in_the_whole(text):
    pieces = html._PIECE.split(text)
    assert list(map(html._mended, pieces)) == html._PIECE.split(html._mended(text))


@given(st.lists(MARKDOWN | LEFTOVERS, max_size=4), st.sampled_from(["text/html", "text/markdown", "text/plain"]))
def test_a_reader_says_of_each_version_what_is_said_of_it_alone(versions, media_type):
    with cache.reading() as known:
        found = [known.read(text.encode(), media_type=media_type) for text in [*versions, *versions]]
    for page, text in zip(found, [*versions, *versions], strict=True):
        blocks = normalize.blocks(text.encode(), media_type=media_type)
        segments = segments_segments(blocks)
        assert page.blocks == blocks
        assert [known.segments[number] for number in page.segment_ids] == segments
        assert page.verdict == screen.judge(segments)


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
def test_what_lines_say_is_what_the_sentences_of_their_text_say(lines):
    text = "\n".join(lines)
    found = screen.evidence(Segment("Privacy", text), said=cache.Known(screen.said).__getitem__)
    text = f"Privacy\n{text}"
    each = sentences(text.lower())
    assert found.n_words == len(re.findall(r"[^\W\d_]+", text.lower()))
    assert found.groups == tuple(sum(len(group.exact.findall(one)) for one in each) for group in screen._groups())
    words = [re.findall(r"[^\W\d_]+", one.lower()) for one in sentences(LINK.sub(" ", text))]
    left = [[word for word in one if word not in screen._MONTH] for one in words]
    kept = [one for one in left if len(one) >= 6 and not screen._substantive().isdisjoint(one)]
    assert found.fingerprints == set(map(screen._fingerprint, kept))


LINK = re.compile(r"\S*(?:://|www\.|@)\S*")
STOP = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n")


@given(st.text(" .!?\n\u00a0\"')([A1b", max_size=30))
def test_a_stop_is_a_stop_however_it_is_looked_for(text):
    assert [match.span() for match in sentences_module._STOP.finditer(text)] == [
        match.span() for match in STOP.finditer(text)
    ]


@given(st.text(" /:w.@a\n", max_size=30))
def test_links_are_the_runs_that_hold_their_marks(text):
    assert screen._LINK.sub(" ", text) == LINK.sub(" ", text)


ENTRIES = [
    *chain.from_iterable(screen.rules()["policy"]["groups"].values()),
    "a|b c",
    "(?:a|b)+ cd?",
    r"x\.y",
    "(?:a) b",
]


@given(st.data(), st.sampled_from(ENTRIES))
def test_an_entry_of_a_group_matches_one_word_or_needs_some_letters(data, entry):
    text = data.draw(st.from_regex(entry, fullmatch=True))
    assert text.isalpha() if screen._WITHIN_WORD.fullmatch(entry) else screen._needed(entry) in text


def test_every_entry_of_the_rules_begins_with_a_letter():
    entries = chain.from_iterable(screen.rules()["policy"]["groups"].values())
    assert [entry for entry in entries if not ("a" <= entry[0] <= "z")] == []


YEARS = re.compile(r"20[0-4]\d(?!\d)"), re.compile(r"20[0-4]\d[01]\d[0-3]\d(?!\d)")


@given(st.text("01234 ", max_size=30))
def test_years_and_days_in_digits_are_found_together(text):
    found = [match.span() for match in formats._ANCHORS[0][1].finditer(text)]
    assert found == sorted(match.span() for pattern in YEARS for match in pattern.finditer(text))


@given(
    st.sampled_from(formats._ANCHORS).flatmap(lambda anchor: st.tuples(st.just(anchor[0]), st.from_regex(anchor[1])))
)
def test_where_a_date_stands_the_text_holds_its_characters(held_and_text):
    held, text = held_and_text
    assert held in text


DATES = ["In May 2018 ", "<b>5/25/18</b> ", "20180525\n", "two thousand and nine ", "we keep data. ", "31.12.2019, "]


@given(st.lists(st.sampled_from(DATES), max_size=8))
def test_dates_that_are_known_are_those_found_anew(parts):
    text = "".join(parts)
    known = list(formats.named_dates(text))
    formats._date_at.cache_clear()
    assert list(formats.named_dates(text)) == known


WORDS = st.lists(
    st.sampled_from(
        "we share sharing your data datas the third-party third parties opt-out opt_in unshared é9".split()
    ),
    max_size=20,
).flatmap(lambda words: st.sampled_from([" ", "", "-", "_"]).map(lambda gap: gap.join(words)))


@given(WORDS)
def test_the_words_of_each_group_are_counted(text):
    for group in screen._groups():
        assert screen._n_found(group, text) == len(group.exact.findall(text))


@given(TEXT)
def test_words_are_runs_of_letters(text):
    assert screen._words(text.lower()) == re.findall(r"[^\W\d_]+", text.lower())
    assert screen._runs(text.lower()) == re.findall(r"\w+", text.lower())


NGRAMS = ["ab", "ab abc", "abc", "b0", "é_", "b0 ab"], ["ab", "b ", " a", "abc", "é_ "], ["abc", "zz", "b0"]


@given(st.lists(st.text("abcé_0.,-’\u00a0\x1c ", max_size=40), max_size=6))
def test_a_vocabulary_counts_what_each_text_by_itself_holds(texts):
    vocabulary = ngrams.Vocabulary(*NGRAMS)
    for given_texts in (texts, texts[::-1]):  # the second time all is known
        found = vocabulary.counts(given_texts)
        grams = [Counter(ngrams.word_grams(text)) for text in given_texts]
        chars = [Counter(gram for chunk in text.split() for gram in ngrams.char_grams(chunk)) for text in given_texts]
        for counted, expected, names in zip(found, (grams, chars, grams), NGRAMS, strict=True):
            assert counted.toarray().tolist() == [[row[name] for name in names] for row in expected]
            assert counted.has_sorted_indices


def test_what_is_known_is_forgotten_when_it_is_too_much(monkeypatch):
    monkeypatch.setattr(ngrams, "MAX_KNOWN", 2)
    vocabulary = ngrams.Vocabulary(*NGRAMS)
    first = vocabulary.counts(["ab abc b0", "zz"])
    assert (vocabulary.counts(["zz", "abc"]).words.toarray() == [[0, 1, 0], [1, 0, 0]]).all()
    assert (vocabulary.counts(["ab abc b0", "zz"]).grams != first.grams).nnz == 0


WORDING = st.lists(
    st.sampled_from(
        "We may might-be as needed from time to time. including but not limited to, privacy@a.example HTTP://x "
        "http://k.example/may www.may.example WWW.MAY Kettles' party's third-party \u00a0 \n \u2028 \x1c É K É".split(
            " "
        )
    ),
    max_size=12,
).map(" ".join)


@given(WORDING)
def test_the_counts_of_chunks_are_those_of_the_text(text):
    shown = re.sub(r"\S*(?:https?://|www\.|@)\S*", " ", text).lower()
    words = re.findall(r"[A-Za-z]+(?:['-][A-Za-z]+)*", shown)
    found = count_words(text)
    assert found.n_words == len(words)
    assert found.n_syllables == sum(map(syllables, words))
    assert found.n_vague == len(counts._vague()[0].findall(shown))
    assert content_words(text) == list(map(counts._lemma, re.findall(r"[a-z][a-z'-]*[a-z]", shown)))


NAMES = st.text("aBkKſsS ß-İi.", min_size=1, max_size=5)


@given(NAMES, NAMES, NAMES, st.sampled_from([" ", "-", " - ", ""]))
def test_a_title_loses_the_name_of_its_service(name, service, title, gap):
    for document in (name + gap + title, service.swapcase() + gap + title, title):
        left = document
        for word in (name, service, service.split(".")[0]):
            left = re.sub(rf"^{re.escape(word)}[ -]+", "", left, flags=re.IGNORECASE)
        assert services._title(name, document, service) == (left or "Privacy Policy")
