import pytest

from privacylab import paths
from privacylab.tables import schema
from privacylab.text import audiences

RULES = paths.rules("audiences")["audience"]
CASES = [(block["id"], *case) for block in RULES for case in block["examples"]]
OTHERS = [(block["id"], *case) for block in RULES for case in block["counter_examples"]]


def audience(headings, text):
    return audiences.of_text(text) or audiences.of_headings(headings.split(" > "))


@pytest.mark.parametrize(("name", "headings", "text"), CASES)
def test_example(name, headings, text):
    assert audience(headings, text) == name


@pytest.mark.parametrize(("name", "headings", "text"), OTHERS)
def test_counter_example(name, headings, text):
    assert audience(headings, text) == audiences.ALL


def test_the_nearest_heading_that_names_somebody_counts():
    assert audiences.of_headings(["Notice to European users", "California", "Contact"]) == "california"


def test_own_words_outrank_the_heading():
    assert audience("Notice to European users", "If you live in Nevada, you may opt out.") == "us_states"


def test_the_schema_allows_what_the_rules_name():
    assert [*audiences.IDS] == schema.TABLES["segments"].columns["audience"].allowed


def test_no_heading_speaks_to_all():
    assert audiences.of_headings([]) == "all"
