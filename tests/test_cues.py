import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import cues, paths

RULES = tomllib.loads((paths.RULES / "cues.toml").read_text(encoding="utf-8"))
FIRED = [(block["id"], *case) for block in RULES["cue"] for case in block["examples"]]
SILENT = [(block["id"], text) for block in RULES["cue"] for text in block["counter_examples"]]


def values(text: str, cue: str) -> list[str | None]:
    return [found.value for found in cues.cues(text) if found.cue == cue]


@pytest.mark.parametrize(("cue", "text", "value"), FIRED)
def test_example_fires(cue, text, value):
    assert values(text, cue) == [value or None]


@pytest.mark.parametrize(("cue", "text"), SILENT)
def test_counter_example_does_not_fire(cue, text):
    assert values(text, cue) == []


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
        "dpo",
        "supervisory_authority",
        "do_not_track",
        "global_privacy_control",
        "sale_of_data",
        "children_age",
        "privacy_seal",
        "tracker",
        "ai",
    } <= set(cues.IDS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("We keep backups for two weeks.", "P2W"),
        ("Applications are stored for six (6) months.", "P6M"),
        ("Logs are deleted after 24 hours.", "PT24H"),
        ("Videos are retained for a maximum of 30 days.", "P30D"),
        ("Records are kept for a year.", "P1Y"),
        ("The retention period is 10 years.", "P10Y"),
        ("We hold data no longer than is necessary for our purposes.", "as-long-as-necessary"),
    ],
)
def test_retention_period_is_normalised(text, value):
    assert values(text, "retention_period") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "We will respond to your request within 45 days.",
        "We disclose what we sold in the preceding 12 months.",
        "Children under 13 years may not register; keep them away.",
        "Start your free trial and keep it for 30 days.",
    ],
)
def test_other_periods_are_no_retention(text):
    assert values(text, "retention_period") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("We never sell your personal information.", "does-not-sell"),
        ("Your data will not be sold or rented.", "does-not-sell"),
        ("Click Do Not Sell or Share My Personal Information.", "opt-out"),
        ("We may rent our mailing lists of customer addresses.", "sells"),
    ],
)
def test_sale_of_data(text, value):
    assert values(text, "sale_of_data") == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("This site is not for children under the age of thirteen (13).", "13"),
        ("Users must be 18 years of age or older.", "18"),
        ("We obtain parental consent for anyone younger than 16.", "16"),
    ],
)
def test_children_age(text, value):
    assert values(text, "children_age") == [value]


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


DURATIONS = re.compile(r"P(?:\d+[DWMY]|T\d+H)|as-long-as-necessary")
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
    assert all(DURATIONS.fullmatch(cue.value) for cue in found if cue.cue == "retention_period")
