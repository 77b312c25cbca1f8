"""A rule knows no company of the examples by its name: whatever it is called, the same is read of it."""

import re
import tomllib

import examples
import pytest

from privacylab import clauses, cues, paths
from privacylab.build import screen

# The invented companies of the rules' examples and of the tests, the longer name first where one begins another.
INVENTED = (
    "Acme Labs|Acme Boats|Acme Club|Acme|Larkspur Books|Larkspur Looms|Larkspur Kids|Larkspur Clinic|Larkspur|Webloom|"
    "Statloom|Coinloom|Mapyarn|Marlow Hosting|Vexel|Pebblebox|Umbra Teas|Brightwater Travel|Fernhill Clinic|"
    "Maple Row Bank|Quillon Games|Warp|Weft"
).split("|")
COMPANY = re.compile(rf"(?<![\w@./])(?:{'|'.join(INVENTED)})(?![\w@/]|\.\w)")
LEGAL_FORM = re.compile(r",? (?:Inc|LLC|Ltd|Corp|GmbH)\b")

# Each text is read with its companies called by the names of one row: of two companies each has its own.
CALLED = {
    "one word": ["Marigold", "Teasel", "Sorrel", "Yarrow"],
    "two words": ["Tern Harbour", "Moss Lantern", "Gull Rock", "Ash Ferry"],
    "with a legal form": ["Marigold GmbH", "Teasel Inc.", "Sorrel, LLC", "Yarrow Ltd"],
    "with an and": ["Reed & Sons", "Birch & Bell", "Finch & Co", "Oak & Ivy"],
    "with a figure": ["Marigold 24", "Teasel7", "Sorrel 365", "4Yarrow"],
    "with a hyphen": ["Fern-Hill", "Moss-Lantern", "Gull-Rock", "Ash-Ferry"],
}


def renamed(text, names):
    """The text with its companies called by other names; a legal form that stands there already is not said twice."""
    called = dict(zip(dict.fromkeys(COMPANY.findall(text)), names, strict=False))

    def rename(match):
        name = called[match.group()]
        return LEGAL_FORM.sub("", name).rstrip(".") if LEGAL_FORM.match(text, match.end()) else name

    return COMPANY.sub(rename, text)


def cue_values(text):
    return [(cue.cue, cue.value) for cue in cues.cues(text)]


def points(text):
    return screen.said(text).points


def labels(text):
    return clauses.load().labels([text])


READERS = {"cues": cue_values, "frameworks": examples.mentions, "screen": points, "clauses": labels}


def texts(name):
    """The examples of a rule file and of the tests; only those that name an invented company."""
    written = [row["text"] for row in examples.rows(name)] if (examples.DATA / f"{name}.csv").is_file() else []
    return [text for text in dict.fromkeys([*examples.of_rules(name), *written]) if COMPANY.search(text)]


@pytest.mark.parametrize("names", CALLED.values(), ids=CALLED)
@pytest.mark.parametrize(("name", "text"), [(name, text) for name in READERS for text in texts(name)])
def test_another_name_is_read_alike(name, text, names):
    assert READERS[name](renamed(text, names)) == READERS[name](text)


@pytest.mark.parametrize("names", CALLED.values(), ids=CALLED)
@pytest.mark.parametrize("row", examples.params("dates"))
def test_a_date_is_read_alike(row, names):
    if row["ambiguous"] == "true":
        return  # how a date is written may be told from the company's legal form
    for form in examples.PLACES[row["place"]]:
        value, kind, _ = examples.stated({**row, "text": renamed(row["text"], names)}, renamed(form, names))
        assert (value, row["kind"] or kind) == (row["value"], kind)


def patterns(block):
    """All strings of a rule file but its sentences and what is said of the rules."""
    if isinstance(block, str):
        return [block]
    if isinstance(block, dict):
        said = ("examples", "counter_examples", "name", "covers", "source", "claim", "what")
        return [each for key, value in block.items() if key not in said for each in patterns(value)]
    return [each for value in block for each in patterns(value)] if isinstance(block, list) else []


@pytest.mark.parametrize("path", sorted(paths.RULES.glob("*.toml")), ids=lambda path: path.stem)
def test_no_pattern_holds_the_name_of_an_invented_company(path):
    words = {word.lower() for name in INVENTED for word in name.split()} - {"labs", "club", "books", "kids", "travel"}
    words -= {"bank", "row", "games", "clinic", "hosting", "boats"}  # common words, by which nobody is known
    for pattern in patterns(tomllib.loads(path.read_text(encoding="utf-8"))):
        assert words.isdisjoint(re.findall(r"[a-z]+", pattern.lower())), pattern
