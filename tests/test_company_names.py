"""A rule knows no company of the examples by its name: whatever it is called, the same is read of it."""

import itertools
import re
import tomllib

import pytest
import test_clauses
import test_counts
import test_cues
import test_cues_hard
import test_dates
import test_dates_hard
import test_frameworks
import test_frameworks_hard
import test_screen

from privacylab import paths

MODULES = (
    test_frameworks,
    test_frameworks_hard,
    test_cues,
    test_cues_hard,
    test_dates,
    test_dates_hard,
    test_clauses,
    test_screen,
    test_counts,
)

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


def cases():
    """Each test of a text, with what it is called with; only texts that name an invented company."""
    for module in MODULES:
        for name, test in vars(module).items():
            marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
            for rows in itertools.product(*(arguments(mark) for mark in marks)) if name.startswith("test_") else ():
                given = {key: value for row in rows for key, value in row.items()}
                if given.get("ambiguous") == "True":  # how a date is written may be told from the company's legal form
                    continue
                if COMPANY.search(given.get("text", "")) or ("text" in given and hasattr(module, "HEAD")):
                    yield pytest.param(module, test, given, id=f"{name}-{given['text'][:60]!r}")


def arguments(mark):
    keys, values = mark.args[:2]
    keys = keys.split(",") if isinstance(keys, str) else keys
    return [dict(zip(keys, value if len(keys) > 1 else [value], strict=True)) for value in values]


@pytest.mark.parametrize("names", CALLED.values(), ids=CALLED)
@pytest.mark.parametrize(("module", "test", "given"), list(cases()))
def test_another_name_is_read_alike(module, test, given, names, monkeypatch):
    for constant in ("HEAD", "BODY", "TITLE"):
        if hasattr(module, constant):
            monkeypatch.setattr(module, constant, renamed(getattr(module, constant), names))
    test(**{**given, "text": renamed(given["text"], names)})


def patterns(block):
    """All strings of a rule file but its sentences and what is said of the rules."""
    if isinstance(block, str):
        return [block]
    if isinstance(block, dict):
        said = ("examples", "counter_examples", "name", "title", "covers", "source", "claim", "what")
        return [each for key, value in block.items() if key not in said for each in patterns(value)]
    return [each for value in block for each in patterns(value)] if isinstance(block, list) else []


@pytest.mark.parametrize("path", sorted(paths.RULES.glob("*.toml")), ids=lambda path: path.stem)
def test_no_pattern_holds_the_name_of_an_invented_company(path):
    words = {word.lower() for name in INVENTED for word in name.split()} - {"labs", "club", "books", "kids", "travel"}
    words -= {"bank", "row", "games", "clinic", "hosting", "boats"}  # common words, by which nobody is known
    for pattern in patterns(tomllib.loads(path.read_text(encoding="utf-8"))):
        assert words.isdisjoint(re.findall(r"[a-z]+", pattern.lower())), pattern
