import re

import examples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import cues, paths
from privacylab.text.patterns import PatternError, Patterns
from privacylab.text.units import units, words_of
from privacylab.text.visible import visible

RULES = paths.rules("cues")
FIRED = [(block["id"], *case) for block in RULES["cue"] for case in block["examples"]]
SILENT = [(block["id"], text) for block in RULES["cue"] for text in block["counter_examples"]]


@pytest.mark.parametrize(("cue", "text", "value"), FIRED)
def test_example_fires(cue, text, value):
    assert examples.values(text, cue) == [value or None]


@pytest.mark.parametrize(("cue", "text"), SILENT)
def test_counter_example_does_not_fire(cue, text):
    assert examples.values(text, cue) == []


@pytest.mark.parametrize("block", RULES["cue"], ids=lambda block: block["id"])
def test_every_cue_has_examples_both_ways(block):
    assert block["examples"]
    assert block["counter_examples"]


def test_ids_hold_the_vocabulary():
    assert {
        "right_access",
        "right_rectification",
        "right_erasure",
        "right_portability",
        "right_objection",
        "right_restriction",
        "right_withdraw_consent",
        "right_complaint",
        "basis_consent",
        "basis_contract",
        "basis_legal_obligation",
        "basis_vital_interests",
        "basis_public_task",
        "basis_legitimate_interests",
        "retention_period",
        "cookie_lifetime",
        "dpo",
        "supervisory_authority",
        "do_not_track",
        "global_privacy_control",
        "sale_of_data",
        "children_age",
        "privacy_seal",
        "tracker",
        "ai",
        "automated_decision",
        "profiling",
        "opt_out_signal",
        "targeted_advertising",
        "appeal",
        "authorized_agent",
        "representative",
        "trade_group",
    } <= set(cues.IDS)


def test_rights_in_a_list_are_found_under_their_lead():
    text = "You have the right to:\n- access your data\n- correct errors\n- erase them\n- object\n- restrict processing"
    assert {cue.cue for cue in cues.cues(text)} >= {
        "right_access",
        "right_rectification",
        "right_erasure",
        "right_objection",
        "right_restriction",
    }


def test_a_list_without_rights_gives_none():
    assert cues.cues("We do this to:\n- access the server\n- delete spam") == []


def test_of_each_cue_and_value_only_the_first_is_given():
    text = "We use cookies. Cookies help us. We set cookies and pixels."
    assert [(c.value, c.start) for c in cues.cues(text)] == [("cookie", 7), ("pixel", text.index("pixels"))]


def test_an_address_fires_nothing():
    assert cues.cues("See https://acme.example/cookies and mail dpo@acme.example now.") == []


DURATIONS = re.compile(r"P(?=.)(?:\d+[YMWD])*(?:T(?:\d+[HM])+)?|as-long-as-necessary")
PIECES = st.sampled_from(
    [
        "we keep",
        "deleted after",
        "30",
        "days",
        "twelve (12)",
        "months",
        "right to",
        "access",
        "under 13",
        "children",
        "do not sell",
        "your data",
        "cookies",
        "TRUSTe",
        "\n- ",
        "](",
        "İ",
        "six",
        "a year",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=25).map(" ".join)))
def test_any_text_gives_valid_ordered_cues(text):
    found = cues.cues(text)
    assert [cue.start for cue in found] == sorted(cue.start for cue in found)
    assert all(0 <= cue.start < len(text) and cue.cue in cues.IDS for cue in found)
    assert len({(cue.cue, cue.value) for cue in found}) == len(found)
    assert all(DURATIONS.fullmatch(cue.value) for cue in found if cue.cue in ("retention_period", "cookie_lifetime"))


def groups_of_patterns():
    """The patterns of each cue and what they are there for, with the texts in which they may match."""
    csv = examples.rows("cues")
    for block in RULES["cue"]:
        cue = block["id"]
        texts = [text for text, _ in block["examples"]] + block["counter_examples"]
        texts += [row["text"] for row in csv if row["cue"] == cue]
        groups = {key: block[key] for key in ("patterns", "unless", "context") if key in block}
        for name, patterns in (groups | block.get("values", {})).items():
            yield pytest.param(patterns, texts, id=f"{cue}: {name}")


@pytest.mark.parametrize(("patterns", "texts"), [*groups_of_patterns()])
def test_each_pattern_is_reached_by_an_example_that_no_other_reaches(patterns, texts):
    compiled = Patterns({pattern: [pattern] for pattern in patterns}, RULES["lists"])
    alone = set()
    for text in texts:
        looks = [compiled.look(words_of(unit.lead, unit.text)[0]) for unit in units(visible(text))]
        matching = {pattern for pattern in patterns for look in looks if compiled.spans(pattern, look)}
        alone |= matching if len(matching) == 1 else set()
    assert set(patterns) - alone == set()


def test_a_misspelt_key_is_named(monkeypatch):
    block = {**RULES["cue"][0], "pattern": ["a b"]}
    monkeypatch.setitem(cues._RULES, "cue", [block])
    with pytest.raises(PatternError, match=r"'pattern'.*patterns"):
        cues._compiled.__wrapped__()


@pytest.mark.parametrize("block", RULES["cue"], ids=lambda block: block["id"])
def test_a_label_counts_no_more_than_its_words_say(block):
    # Every pattern has an example of its own (above): one that widens the cue needs the words of its example.
    label = f"{block.get('name', block['id'])} {block['covers']} {' '.join(block.get('values', ()))}".replace("_", " ")
    texts = [text for text, _ in block["examples"]]
    texts += [row["text"] for row in examples.rows("cues") if row["cue"] == block["id"] and row["values"] != "none"]
    spans = [text[cue.start : cue.end] for text in texts for cue in cues.cues(text) if cue.cue == block["id"]]
    assert spans
    assert [span for span in spans if not examples.shares_a_word(span, label)] == []


def test_words_that_are_not_the_labels_are_told():
    # What "AI" once counted.
    ai = next(block for block in RULES["cue"] if block["id"] == "ai")
    assert examples.shares_a_word("A.I. sorts the mail", ai["covers"])
    assert not examples.shares_a_word("automated decision-making, including profiling", ai["covers"])


@pytest.mark.parametrize("row", examples.params("cues"))
def test_example(row):
    found = examples.values(row["text"], row["cue"])
    if row["values"] == "any":
        assert found
    else:
        assert found == ([] if row["values"] == "none" else row["values"].split())
