import examples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import frameworks, paths

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
