import time

import examples
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from privacylab import frameworks, paths
from privacylab.text import units
from privacylab.text.patterns import Patterns
from privacylab.text.visible import visible

RULES = paths.rules("frameworks")
NAMED = [(block["id"], *case) for block in RULES["framework"] for case in block["examples"]]
UNNAMED = [(block["id"], text) for block in RULES["framework"] for text in block["counter_examples"]]
READ = [(*case,) for block in RULES["reading"] for case in block["examples"]]
NOT_READ = [(text, block["stance"]) for block in RULES["reading"] for text in block["counter_examples"]]


@pytest.mark.parametrize(("framework", "text", "stances"), NAMED)
def test_example_of_a_framework_is_found(framework, text, stances):
    assert [stance for name, stance in examples.mentions(text) if name == framework] == stances


@pytest.mark.parametrize(("framework", "text"), UNNAMED)
def test_counter_example_of_a_framework_is_not_found(framework, text):
    assert framework not in dict(examples.mentions(text))


@pytest.mark.parametrize(("text", "stances"), READ)
def test_example_of_a_reading_has_its_stance(text, stances):
    assert examples.mentions(text)[0][1] == stances[0]


@pytest.mark.parametrize(("text", "stance"), NOT_READ)
def test_counter_example_of_a_reading_has_another_stance(text, stance):
    assert examples.mentions(text)
    assert examples.mentions(text)[-1][1] != stance


@pytest.mark.parametrize(
    "block", RULES["framework"] + RULES["reading"], ids=lambda block: block.get("id") or block["name"]
)
def test_every_rule_has_examples_both_ways(block):
    assert block["examples"]
    assert block["counter_examples"]


def test_ids_and_stances_are_those_of_the_vocabulary():
    assert set(frameworks.IDS) == {
        "safe_harbor",
        "privacy_shield",
        "dpf",
        "gdpr",
        "uk_gdpr",
        "uk_dpa_2018",
        "directive_95_46",
        "ccpa",
        "coppa",
        "coppa_safe_harbor",
        "hipaa",
        "lgpd",
        "pipeda",
        "pecr",
        "scc",
        "bcr",
        "adequacy",
        "us_state",
        "shine_the_light",
        "swiss_fadp",
        "uk_idta",
        "ferpa",
        "glba",
    }
    assert frameworks.STANCES == ("adheres", "relies", "third_party", "withdrawn", "mentions")


def groups():
    """Each group of patterns of the rules with the frameworks or kinds that it is for."""
    for block in RULES["framework"]:
        for key in ("names", "weak_names", "context", "only", "never", "but"):
            if key in block:
                yield pytest.param(key, block[key], {block["id"]}, None, id=f"{block['id']} {key}")
    for block in RULES["reading"]:
        for key in ("patterns", "unless", "near"):
            if key in block:
                of = set(block.get("of", frameworks.IDS))
                yield pytest.param(key, block[key], of, block.get("heading", False), id=f"{block['name']} {key}")
    for key in ("introduces", "subject", "abbreviated"):
        yield pytest.param(key, RULES[key], set(frameworks.IDS), None, id=key)


@pytest.fixture(scope="module")
def read():
    """The examples as words, and the places of all names in them by framework and kind."""
    written = {*examples.of_rules("frameworks"), *(row["text"] for row in examples.rows("frameworks"))}
    views = [visible(text) for text in sorted(written)]
    texts = [frameworks._Text(view, frameworks._names().look(units.words(view))) for view in views]
    places = []
    for text in texts:
        for block in RULES["framework"]:
            last = None
            for key in frameworks._NAMED_BY:
                for span in text.names(f"{block['id']} {key}") if key in block else ():
                    places.append(({block["id"], block["kind"]}, text.place(*span, last)))
                    last = span
    return [text.words for text in texts], places


def covered(patterns, words):
    """Which words the patterns cover."""
    matcher = Patterns({"": patterns}, RULES["lists"])
    return {i for span in matcher.spans("", matcher.look(words)) for i in range(*span)}


@pytest.mark.parametrize(("key", "patterns", "of", "heading"), [*groups()])
def test_every_pattern_is_reached_by_an_example_that_no_other_reaches(read, key, patterns, of, heading):
    texts, places = read
    if key in ("names", "weak_names", "context"):
        rows = texts
    else:
        fitting = [at for either, at in places if either & of and heading in (None, at.is_heading)]
        near = key in ("near", "introduces")
        rows = [[*at.earlier, *at.sentence, *at.later] if near else at.sentence for at in fitting]
    each = Patterns({pattern: [pattern] for pattern in patterns}, RULES["lists"])
    alone = set()
    for words in rows:
        look = each.look(words)
        hit = {pattern for pattern in patterns if each.spans(pattern, look)}
        if len(hit) == 1:
            alone |= hit
        elif rows is texts:  # of names that overlap, one may join the others
            alone |= {name for name in hit - alone if covered(hit - {name}, words) != covered(hit, words)}
    assert [pattern for pattern in patterns if pattern not in alone] == []


@pytest.mark.parametrize("block", RULES["framework"], ids=lambda block: block["id"])
def test_a_label_counts_no_more_than_its_words_say(block):
    texts = [text for text, _ in block["examples"]] + [row["text"] for row in examples.rows("frameworks")]
    mentions = [(text, each) for text in texts for each in frameworks.mentions(text) if each.framework == block["id"]]
    named = {text[each.start : each.end] for text, each in mentions}
    assert named
    assert [name for name in sorted(named) if not examples.shares_a_word(name, block["name"] + block["covers"])] == []


def test_a_component_of_a_plain_pipeline_sets_the_spans():
    nlp = spacy.blank("en")
    nlp.add_pipe("privacylab_frameworks")
    doc = nlp("Acme complies with the EU-U.S. Privacy Shield.")
    (span,) = doc.spans["frameworks"]
    assert (span.label_, span.id_, span.text) == ("privacy_shield", "adheres", "Privacy Shield")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "gdpr" * 250_000,
        "word " * 50_000 + "GDPR",
        "GDPR" + " " * 300_000 + "\n" + " " * 300_000,
        "\n" * 100_000 + "GDPR",
    ],
    ids=["nothing", "a blank", "one word", "no sentence end", "blanks", "lines"],
)
def test_an_odd_text_is_read_soon(text):
    start = time.process_time()
    frameworks.mentions(text)
    assert time.process_time() - start < 20


def test_offsets_hold_in_the_text_given_where_markdown_is_hidden():
    text = '[See](https://acme.example/gdpr "GDPR") how we comply with the **GDPR**\u00a0here.'
    (mention,) = frameworks.mentions(text)
    assert (mention.start, text[mention.start : mention.end]) == (text.index("**GDPR") + 2, "GDPR")


def test_data_privacy_framework_needs_its_context():
    sentence = "We comply with the Data Privacy Framework."
    assert examples.mentions(sentence) == []
    assert examples.mentions(sentence + " It was agreed by the EU and the U.S. Department of Commerce.") == [
        ("dpf", "adheres")
    ]


def test_text_without_a_framework_has_no_mentions():
    assert frameworks.mentions("We collect your name and your e-mail address.") == []


PIECES = st.sampled_from(
    [
        "Safe Harbor",
        "the Privacy Shield",
        "GDPR",
        "UK and EU GDPR",
        "SCCs",
        "adequacy decision",
        "we comply with",
        "U.S.",
        "\n",
        "\n- ",
        "](",
        "<li>",
        "**",
        ". ",
        "İ",
        "invalid",
        ": ",
        "Google is",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=25).map(" ".join)))
def test_any_text_gives_valid_ordered_offsets(text):
    found = frameworks.mentions(text)
    assert [m.start for m in found] == sorted(m.start for m in found)
    assert all(0 <= m.start < m.end <= len(text) for m in found)
    assert all(m.framework in frameworks.IDS and m.stance in frameworks.STANCES for m in found)


@pytest.mark.parametrize("row", examples.params("frameworks"))
def test_example(row):
    """Each mention as ``framework:stance``; ``*`` is any, ``|`` parts what is right as well."""
    expected = [each.split(":") for each in row["mentions"].split()]
    found = examples.mentions(row["text"])
    assert len(found) == len(expected), found
    for (framework, stance), (right_framework, right_stance) in zip(found, expected, strict=True):
        assert right_framework in ("*", framework)
        assert right_stance == "*" or stance in right_stance.split("|")
