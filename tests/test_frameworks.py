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
    (
        "Since the Privacy Shield was struck down we use model clauses.",
        [("privacy_shield", "withdrawn"), ("scc", "relies")],
    ),
    ("We let our Privacy Shield certification lapse in 2021.", [("privacy_shield", "withdrawn")]),
    ("Directive 95/46/EC was repealed by the GDPR.", [("directive_95_46", "mentions"), ("gdpr", "mentions")]),
    ("Our window privacy shields come in grey.", []),
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


# Some sentences may be read in two ways; None: any stance.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme participated in the Safe Harbor program until 2015.", {"safe_harbor": "withdrawn"}),
        ("Until last year we relied on the U.S.-EU Safe Harbor; today we do not.", {"safe_harbor": "withdrawn"}),
        ("The Safe Harbor framework was declared invalid by the Court of Justice.", {"safe_harbor": "withdrawn"}),
        (
            "After the Schrems II ruling, Acme does not rely on the EU-U.S. Privacy Shield for transfers.",
            {"privacy_shield": "withdrawn"},
        ),
        (
            "The Privacy Shield was invalidated, but Acme continues to comply with the Privacy Shield.",
            {"privacy_shield": ["withdrawn", "adheres"]},
        ),
        ("Our hosting provider is certified under the EU-US Data Privacy Framework.", {"dpf": "third_party"}),
        (
            "Our vendors are in the USA; some of them are certified under the EU-US Data Privacy Framework.",
            {"dpf": "third_party"},
        ),
        (
            "We use Google Analytics. Google LLC participates in the Privacy Shield (https://www.privacyshield.gov).",
            {"privacy_shield": "third_party"},
        ),
        (
            "Acme has certified that it adheres to the Safe Harbor Privacy Principles of notice, choice and access.",
            {"safe_harbor": "adheres"},
        ),
        (
            "Acme abides by the safe harbor framework as set forth by the Department of Commerce.",
            {"safe_harbor": "adheres"},
        ),
        ("kidSAFE is an FTC-approved Safe Harbor program under COPPA.", {"coppa_safe_harbor": None, "coppa": None}),
        ("Acme is a member of the ESRB Privacy Certified Kids safe harbor program.", {"coppa_safe_harbor": "adheres"}),
        ("Our notice procedure follows the safe harbor of the Digital Millennium Copyright Act.", {}),
        (
            "Such statements fall under the safe harbor of the Private Securities Litigation Reform Act.",
            {},
        ),
        ("Data are de-identified under the HIPAA safe harbor method.", {"hipaa": None}),
        ("Our bank's capital adequacy is reviewed each year.", {}),
        ("We built our own privacy framework for data.", {}),
        ("Acme Shield blocks malware; Shield is sold by the year.", {}),
        ("Maximilian Schrems brought the case.", {}),
        ("Ask for Ms Schrems at our front desk.", {}),
        ("A privacy shield is mounted on every cash machine.", {}),
        ("The monitor comes with a privacy shield filter.", {}),
        ("We do not claim to be certified under the EU-U.S. Data Privacy Framework.", {"dpf": "mentions"}),
        (
            "Acme is not yet a participant in the Data Privacy Framework between the EU and the U.S.",
            {"dpf": "mentions"},
        ),
        ("We intend to certify to the EU-U.S. Privacy Shield.", {"privacy_shield": "mentions"}),
        ("See https://www.privacyshield.gov/list for more.", {}),
        ("[notice](https://acme.example/safe-harbor)", {}),
        ("Privacy Shield", {"privacy_shield": "mentions"}),
        ('"GDPR" means Regulation (EU) 2016/679.', {"gdpr": "mentions"}),
        ("Under the GDPR you have the right to ask for erasure.", {"gdpr": "adheres"}),
        ("Acme is subject to the GDPR.", {"gdpr": "adheres"}),
        ("Our parent company is subject to the GDPR, and so are we.", {"gdpr": "adheres"}),
        (
            "We process data in line with the UK GDPR and the Data Protection Act 2018.",
            {"uk_gdpr": "adheres", "uk_dpa_2018": "adheres"},
        ),
        ("Personal data has the meaning given in the General Data Protection Regulation.", {"gdpr": "mentions"}),
        ("Our legal basis is Art. 6 (1) (f) GDPR.", {"gdpr": "adheres"}),
        (
            "We understand that the members of the European Union have a Directive on Data Protection.",
            {"directive_95_46": "mentions"},
        ),
        ("Acme has signed the Standard Contractual Clauses with each recipient.", {"scc": "relies"}),
        ("Where we transfer data, we rely on the European Commission's adequacy decisions.", {"adequacy": "relies"}),
        ("Some countries have no adequacy decision.", {"adequacy": "mentions"}),
        ("Our processor has Binding Corporate Rules approved by the Dutch authority.", {"bcr": "third_party"}),
        ("Acme's Binding Corporate Rules govern transfers within the group.", {"bcr": "relies"}),
        ("The CCPA gives California residents the right to know.", {"ccpa": None}),
        ("If you live in California, you may have rights under the CCPA.", {"ccpa": "adheres"}),
        ("We comply with COPPA and collect nothing from children under 13.", {"coppa": "adheres"}),
        ("Acme is not a covered entity under HIPAA.", {"hipaa": "mentions"}),
        ("We are required to follow PIPEDA.", {"pipeda": "adheres"}),
        ("Brazilian residents have rights under the LGPD.", {"lgpd": "adheres"}),
        (
            "Acme complies with the EU-U.S. Data Privacy Framework (EU-U.S. DPF) and the UK Extension to it.",
            {"dpf": "adheres"},
        ),
        ("Acme no longer participates in the Swiss-U.S. Privacy Shield.", {"privacy_shield": "withdrawn"}),
        (
            "Acme has withdrawn from the Privacy Shield, but keeps protecting data received under it.",
            {"privacy_shield": "withdrawn"},
        ),
        ("Transfers to the US are covered by the Privacy Shield.", {"privacy_shield": "relies"}),
        ("We use service providers that are certified to the Privacy Shield.", {"privacy_shield": "third_party"}),
        (
            "TRUSTe is a provider of dispute resolution; its Safe Harbor programme reviewed our site.",
            {"safe_harbor": None},
        ),
        (
            "The European Commission has approved the Data Privacy Framework between the EU and the United States.",
            {"dpf": "mentions"},
        ),
        (
            "To learn more about the Privacy Shield program, visit www.privacyshield.gov.",
            {"privacy_shield": "mentions"},
        ),
        ("Acme and its affiliates adhere to the Privacy Shield Principles.", {"privacy_shield": "adheres"}),
        (
            "Our subsidiary Acme Labs Inc. is certified under the EU-US Privacy Shield.",
            {"privacy_shield": ["adheres", "third_party"]},
        ),
        ("We are committed to complying with the GDPR.", {"gdpr": "adheres"}),
        ("The GDPR entered into force in 2018.", {"gdpr": "mentions"}),
        ("Standard Contractual Clauses", {"scc": "mentions"}),
        ("The EU Commission's standard data protection clauses apply to this transfer.", {"scc": "relies"}),
        (
            "Because the Safe Harbor agreement no longer holds, we now use model clauses.",
            {"safe_harbor": "withdrawn", "scc": "relies"},
        ),
        (
            "The previous Safe Harbor has been replaced by the Privacy Shield, to which Acme has certified.",
            {"safe_harbor": "withdrawn", "privacy_shield": "adheres"},
        ),
        ("For residents of the UK: the Data Protection Act 1998 applies.", {}),
        ("Mailchimp relies on the Standard Contractual Clauses.", {"scc": ["third_party", "relies"]}),
    ],
)
def test_sentences_written_to_mislead(text, expected):
    found = {}
    for mention in frameworks.mentions(text):
        found.setdefault(mention.framework, set()).add(mention.stance)
    assert found.keys() == expected.keys()
    for framework, stances in expected.items():
        allowed = {stances} if isinstance(stances, str) else stances
        assert allowed is None or found[framework] <= set(allowed)
