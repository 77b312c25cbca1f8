"""No pattern that matches is ever suppressed by the quick look for its anchors."""

import examples
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacylab import cues, frameworks, paths
from privacylab.text.anchors import anchors, quick_look
from privacylab.text.phrases import phrases, words_of
from privacylab.text.visible import lowered, visible

CUES = {block["id"]: block for block in paths.rules("cues")["cue"]}
FRAMEWORKS = {block["id"]: block for block in paths.rules("frameworks")["framework"]}


def sentences():
    """The examples of the rules and of the tests."""
    names = ("cues", "frameworks")
    written = {row["text"] for name in names for row in examples.rows(name)}
    return sorted(written.union(*map(examples.of_rules, names)))


def patterns_of_cues():
    keys = ("patterns", "values", "exact", "items")
    return [(name, word) for name, block in CUES.items() for key in keys for word in words_of(block, key, cues._MACROS)]


def patterns_of_frameworks():
    keys = ("names", "abbreviations", "weak_names")
    return [(name, word) for name, block in FRAMEWORKS.items() for key in keys for word in block.get(key, [])]


def firing(text):
    """The cues of which a pattern matches, by the patterns alone."""
    view = visible(text)
    lower = lowered(view)
    for rule in cues._rules():
        searched = {"patterns": lower, "values": lower, "exact": view, "items": lower}
        if any(rule.has(key, where) for key, where in searched.items()):
            yield rule.block["id"]


def named(text):
    """The frameworks of which a name matches, by the patterns alone."""
    view = visible(text)
    return [framework for framework, names in frameworks._names().items() if names.search(view)]


@pytest.mark.parametrize(("name", "pattern"), patterns_of_cues())
def test_no_cue_that_matches_is_suppressed(name, pattern):
    @settings(max_examples=4)
    @given(st.from_regex(phrases([pattern], flags=0)))
    def is_looked_for(text):
        assert set(firing(text)) <= cues._quick_look()(text)

    is_looked_for()


@pytest.mark.parametrize(("name", "pattern"), patterns_of_frameworks())
def test_no_framework_that_is_named_is_suppressed(name, pattern):
    @settings(max_examples=4)
    @given(st.from_regex(phrases([pattern], r"\A{}")))
    def is_looked_for(text):
        glued = f"data{text[:1].upper()}{text[1:]}"  # as on a flattened page
        for each in (text, glued):
            assert set(named(each)) <= frameworks._quick_look()(each)

    is_looked_for()


@pytest.mark.parametrize("text", sentences())
def test_nothing_that_an_example_holds_is_suppressed(text):
    assert set(firing(text)) <= cues._quick_look()(text)
    assert set(named(text)) <= frameworks._quick_look()(text)


def test_every_pattern_of_the_rules_has_anchors():
    bare = [each for each in patterns_of_cues() if not anchors(each[1])]
    assert bare == []
    assert [each for each in patterns_of_frameworks() if not anchors(each[1], bounded=False)] == []


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("You can remove or modify your personal information at any time.", "right_rectification"),
        ("Revoking your consent is easy.", "right_withdraw_consent"),
        ("Our hosts passed a SOC2 audit.", "privacy_seal"),
    ],
)
def test_what_anchors_written_by_hand_forgot(text, cue):
    assert cue in {found.cue for found in cues.cues(text)}


@pytest.mark.parametrize("pattern", [r"\d{4}", r"\W+", r"(?:lynx)?", r"[a-z]+", r"lynx|\d", r"(?:lynx){0,3}"])
@pytest.mark.parametrize("text", ["", "1999", "\u65e5\u672c", "a lynx"])
def test_a_pattern_without_anchors_is_never_skipped(pattern, text):
    assert quick_look({"rule": [pattern]})(text) == {"rule"}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("privacy shield", "PR\u0130VACY \u017fHIELD"),
        ("(?:cookie|etag)s?", "COO\u212aIES"),
        ("g\\.?p\\.?s", "G.P.S"),
        ("lynx(?:es)?(?= den)", "lynxes"),
    ],
)
def test_how_a_word_is_written_hides_no_anchor(pattern, text):
    looked_for = quick_look({"rule": [pattern]})(text + " den")
    assert looked_for == {"rule"}
    assert quick_look({"rule": [pattern]})("an otter") == set()
