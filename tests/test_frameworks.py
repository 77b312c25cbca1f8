import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import frameworks, paths

RULES = tomllib.loads((paths.RULES / "frameworks.toml").read_text(encoding="utf-8"))
NAMED = [(block["id"], *case) for block in RULES["framework"] for case in block["examples"]]
UNNAMED = [(block["id"], text) for block in RULES["framework"] for text in block["counter_examples"]]
READ = [(*case,) for block in RULES["reading"] for case in block["examples"]]
NOT_READ = [(text, block["stance"]) for block in RULES["reading"] for text in block["counter_examples"]]


def pairs(text: str) -> list[tuple[str, str]]:
    return [(mention.framework, mention.stance) for mention in frameworks.mentions(text)]


@pytest.mark.parametrize(("framework", "text", "stances"), NAMED)
def test_example_of_a_framework_is_found(framework, text, stances):
    assert [stance for name, stance in pairs(text) if name == framework] == stances


@pytest.mark.parametrize(("framework", "text"), UNNAMED)
def test_counter_example_of_a_framework_is_not_found(framework, text):
    assert framework not in dict(pairs(text))


@pytest.mark.parametrize(("text", "stances"), READ)
def test_example_of_a_reading_has_its_stance(text, stances):
    assert pairs(text)[0][1] == stances[0]


@pytest.mark.parametrize(("text", "stance"), NOT_READ)
def test_counter_example_of_a_reading_has_another_stance(text, stance):
    assert pairs(text)
    assert pairs(text)[-1][1] != stance


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
    }
    assert frameworks.STANCES == ("adheres", "relies", "third_party", "withdrawn", "mentions")


CASES = [
    # one mention for one naming phrase
    ("Acme adheres to the EU-U.S. and Swiss-U.S. Privacy Shield Frameworks.", [("privacy_shield", "adheres")]),
    (
        "Acme follows the U.S.-EU Safe Harbor and the U.S.-Swiss Safe Harbor.",
        [("safe_harbor", "adheres"), ("safe_harbor", "adheres")],
    ),
    ("The controller under the EU and UK GDPR is Acme Ltd.", [("gdpr", "adheres"), ("uk_gdpr", "adheres")]),
    # stances
    ("Acme Inc. no longer participates in the EU-U.S. Privacy Shield.", [("privacy_shield", "withdrawn")]),
    ("In 2015 the Safe Harbor was declared invalid by the Court.", [("safe_harbor", "withdrawn")]),
    ("Acme is not certified under the Data Privacy Framework between the EU and the U.S.", [("dpf", "mentions")]),
    (
        "Our hosting provider, which is certified under the Privacy Shield, stores it.",
        [("privacy_shield", "third_party")],
    ),
    ("We only use processors who participate in the Privacy Shield.", [("privacy_shield", "third_party")]),
    ("If the GDPR applies to you, you have the right to object.", [("gdpr", "adheres")]),
    ("We rely on the Commission's adequacy decision for Canada.", [("adequacy", "relies")]),
    (
        "We use safeguards for transfers, such as:\n- Standard Contractual Clauses\n- Binding Corporate Rules",
        [("scc", "relies"), ("bcr", "relies")],
    ),
    (
        "Residents of Quebec may complain under PIPEDA to the Commissioner, and you may write to us.",
        [("pipeda", "adheres")],
    ),
    ("Health information covered under HIPAA is outside this notice.", [("hipaa", "mentions")]),
    # what the eye does not see
    ("Read [our notice](https://www.acme.example/privacy-shield-notice) on it.", []),
    ("Read [our Privacy Shield notice](https://www.acme.example/ps).", [("privacy_shield", "adheres")]),
    ("See http://www.privacyshield.gov and https://acme.example/gdpr for more.", []),
    ('<a href="/safe-harbor">Our statement</a> is short.', []),
    ("We comply with the <b>Privacy</b> Shield in full.", [("privacy_shield", "adheres")]),
    # lines broken by an archive
    (
        "We comply with the U.S.\n- E.U.\nSafe Harbor framework of the U.S.\nDepartment of Commerce.",
        [("safe_harbor", "adheres")],
    ),
    ("We comply with the EU-U.S.\nPrivacy\nShield.", [("privacy_shield", "adheres")]),
    # a flattened page
    (
        "Children's dataPrivacy ShieldWe comply with the Privacy Shield.",
        [("privacy_shield", "adheres"), ("privacy_shield", "adheres")],
    ),
    # headings
    ("Privacy Shield\n\nWe collect e-mail addresses.", [("privacy_shield", "mentions")]),
    ("Safe Harbor Certification\n\nWe collect e-mail addresses.", [("safe_harbor", "adheres")]),
    # false friends
    ("Uploads are covered by the safe harbour of the Digital Millennium Copyright Act.", []),
    ("This statement is a forward-looking one within the safe harbor of the 1995 Act on securities.", []),
    ("Records are de-identified under the safe harbor of 45 CFR 164.514.", []),
    ("The Schrems II ruling changed much.", []),
    ("Our privacy framework for data keeps you safe.", []),
    ("The bank's capital adequacy is sound.", []),
    ("Acme Shield protects your phone.", []),
    ("Our games are part of a COPPA safe harbor run by PRIVO.", [("coppa_safe_harbor", "adheres")]),
    ("Acme is registered under the Data Protection Act 1998.", []),
    ("Write to gdpr@acme.example.", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_mentions_by_hand(text, expected):
    assert pairs(text) == expected


def test_offsets_hold_in_the_text_given_where_markdown_is_hidden():
    text = '[See](https://acme.example/gdpr "GDPR") how we comply with the **GDPR**\u00a0here.'
    (mention,) = frameworks.mentions(text)
    assert (mention.start, text[mention.start : mention.end]) == (text.index("**GDPR") + 2, "GDPR")


def test_data_privacy_framework_needs_its_context():
    sentence = "We comply with the Data Privacy Framework."
    assert pairs(sentence) == []
    assert pairs(sentence + " It was agreed by the EU and the U.S. Department of Commerce.") == [("dpf", "adheres")]


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
