"""The token patterns of ``rules/*.toml``, and where they match in a row of spaCy's tokens.

A pattern is a row of tokens, separated by blanks:

    word        this word, upper or lower case; hyphens in a text count as blanks, so write none
    =Word       this word in exactly this case
    erase~      any form of this lemma (simplemma's dictionary)
    a|b~|c      any of these
    $list       any entry of a named list; an entry may have several tokens
    #           a number, in digits or words
    token?      the token before the mark, or nothing
    ..4         up to four tokens of any kind

Contractions are two words: "don't" is ``do not``, "we'll" is ``we will`` (spaCy's norms).

A set of places in a sentence is the bits of an integer, and a pattern moves them all at once: a gap costs as much as a
word. `spacy.matcher.Matcher` tries each way to fill a gap, which takes seconds on a sentence of 200 words.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from simplemma.strategies import DefaultDictionaryFactory
from spacy.lang.norm_exceptions import BASE_NORMS
from spacy.strings import get_string_id

from privacylab import paths
from privacylab.text.units import Word, tokenizer

MAX_TOKENS = 12
MAX_CHARS = 160

Lists = Mapping[str, Sequence[str]]
"""Named lists: entries are rows of tokens."""

NUMBER = "#"


class PatternError(ValueError):
    """An invalid pattern; the message names it and says what to do."""


class Words(NamedTuple):
    """One token that is one of some words: in lower case, as written (``=Word``), or `NUMBER`."""

    any_of: frozenset[str]


class Gap(NamedTuple):
    """Up to ``most`` tokens of any kind."""

    most: int


class Choice(NamedTuple):
    """One of some rows; a row without tokens makes it optional."""

    rows: tuple["Row", ...]


Row = tuple["Words | Gap | Choice", ...]


@cache
def _forms() -> Mapping[str, frozenset[str]]:
    """The forms of each English lemma."""
    forms = defaultdict(set)
    for form, lemma in DefaultDictionaryFactory().get_dictionary("en").items():
        forms[lemma].add(form)
    return {lemma: frozenset(each) for lemma, each in forms.items()}


def forms(lemma: str) -> frozenset[str]:
    """The forms of a lemma, including itself.

    >>> sorted(forms("rectify"))
    ['rectified', 'rectifies', 'rectify', 'rectifying']
    """
    return _forms().get(lemma, frozenset()) | {lemma}


# --- Reading written patterns ---------------------------------------------------------------------------------------


def row(pattern: str, lists: Lists) -> Row:
    """The tokens of a pattern.

    Raises:
        PatternError: It is too long, names an unknown list, has an empty alternative, or needs no word at all.

    >>> row("right ..3 erase", {})
    (Words(any_of=frozenset({'right'})), Gap(most=3), Words(any_of=frozenset({'erase'})))
    """
    if len(pattern.split()) > MAX_TOKENS or len(pattern) > MAX_CHARS:
        raise PatternError(f"{pattern!r} is longer than {MAX_TOKENS} tokens or {MAX_CHARS} characters: split it")
    try:
        tokens = _row(pattern, lists)
    except PatternError as error:
        raise PatternError(f"{pattern!r}: {error}") from None
    if not needs(tokens):
        raise PatternError(f"{pattern!r} may match nothing at all: name a word that must be there")
    return tokens


def _row(written: str, lists: Lists) -> Row:
    return tuple(_token(token, lists) for token in written.split())


def _token(written: str, lists: Lists) -> Words | Gap | Choice:
    if gap := re.fullmatch(r"\.\.(\d+)", written):
        return Gap(int(gap[1]))
    is_optional = written.endswith("?") and len(written) > 1
    rows = [each for word in written.removesuffix("?").split("|") for each in _alternatives(word, lists)]
    single = [each[0].any_of for each in rows if len(each) == 1 and isinstance(each[0], Words)]
    others = [each for each in rows if not (len(each) == 1 and isinstance(each[0], Words))]
    words = [Words(frozenset().union(*single))] if single else []
    if words and not others and not is_optional:
        return words[0]
    return Choice((*[(each,) for each in words], *others, *([()] if is_optional else [])))


def _alternatives(word: str, lists: Lists) -> list[Row]:
    """The rows for one alternative of a token."""
    if not word.startswith("$"):
        return [(Words(_spellings(word)),)]
    if word[1:] not in lists:
        raise PatternError(f"there is no list {word}: take one of {', '.join(sorted(lists))}")
    others = {name: entries for name, entries in lists.items() if name != word[1:]}
    return [_row(entry, others) for entry in lists[word[1:]]]


def _spellings(word: str) -> frozenset[str]:
    """The words for a word of a pattern, with ``=`` before those in exact case."""
    bare = word.strip("~=")
    if not bare:
        raise PatternError("an alternative is empty: remove a bar or a blank")
    if word == NUMBER:
        return frozenset({NUMBER})
    spelt = [bare, bare.upper(), bare.capitalize()] if "." in bare else [bare]  # "U.S." and "Inc." are one word each
    read_as = min(([token.norm_ for token in tokenizer()(each)] for each in spelt), key=len)
    if len(read_as) != 1:
        apart = " ".join(each for each in read_as if each != "-")
        raise PatternError(f"{bare!r} is several words in a text: write {apart!r}")
    if word.startswith("="):
        return frozenset({word})
    return forms(read_as[0].lower()) if word.endswith("~") else frozenset({read_as[0].lower()})


# --- What a text needs ----------------------------------------------------------------------------------------------


def needs(tokens: Row) -> set[frozenset[str]]:
    """Sets of words; a sentence must have a word of each for a row to match.

    >>> sorted(map(sorted, needs(row("right ..3 erase|delete please?", {}))))
    [['delete', 'erase'], ['right']]
    >>> sorted(map(sorted, needs(row("$end", {"end": ["merger", "change in|of control"]}))))
    [['control', 'merger']]
    """
    needed = set()
    for token in tokens:
        if isinstance(token, Words):
            needed.add(token.any_of)
        elif isinstance(token, Choice) and all(options := [needs(each) for each in token.rows]):
            needed.add(frozenset().union(*[min(option, key=_share) for option in options]))
    return needed


_RANKS = {word: rank for rank, word in enumerate(paths.rules("wording")["frequent"]["words"], 1)}
_UNRANKED = 2000
"""The rank of other words."""


def _share(words: frozenset[str]) -> float:
    """How many sentences have the letters of some words, up to a factor: that of a word falls so with its rank."""
    if NUMBER in words:
        return 1.0
    return float(sum([_RANKS.get(word.lstrip("=").lower(), _UNRANKED) ** -1.5 for word in words]))


@cache
def _written_otherwise() -> frozenset[str]:
    """The words that a text may write in other letters: numbers, and those of contractions ("won't")."""
    tokens = chain.from_iterable(map(tokenizer(), (*tokenizer().rules, *BASE_NORMS)))
    return frozenset({NUMBER, *(token.norm_ for token in tokens if token.norm_ not in token.text.lower())})


def _letters(words: frozenset[str]) -> list[str]:
    """The letters of which a text has some if it has one of some words."""
    return [""] if words & _written_otherwise() else [word.removeprefix("=").lower() for word in words]


# --- Matching -------------------------------------------------------------------------------------------------------


class Look:
    """A sentence in the form that patterns use.

    Attributes:
        at: The words of the patterns in it, each with its tokens, as bits.
        absent: The sets of words that it has none of, as bits.
        groups: The groups of which a pattern may match, among those that begin a search.
        n_tokens: Its length.
    """

    def __init__(self, at: Mapping[str, int], absent: int, groups: frozenset[str], n_tokens: int) -> None:
        self.at, self.absent, self.groups, self.n_tokens = at, absent, groups, n_tokens
        self._places: dict[frozenset[str], int] = {}

    def places(self, any_of: frozenset[str]) -> int:
        """The tokens that are one of some words, as bits."""
        if any_of not in self._places:
            self._places[any_of] = _union(map(self.at.__getitem__, any_of & self.at.keys()))
        return self._places[any_of]


class Patterns:
    """Groups of patterns, each with a name, that are searched together.

    Args:
        written: The patterns of each group.
        lists: The meaning of each ``$list``.
        begin: The groups that begin a search; all if None. Others are asked for only where one of these matches.

    Raises:
        PatternError: As `row` does.
    """

    def __init__(
        self, written: Mapping[str, Iterable[str]], lists: Lists, *, begin: Collection[str] | None = None
    ) -> None:
        rows = {name: [row(pattern, lists) for pattern in patterns] for name, patterns in written.items()}
        needed = {each: needs(each) for group in rows.values() for each in group}
        bits = {words: 1 << i for i, words in enumerate(frozenset().union(*needed.values()))}
        every = {word for each in needed for any_of in _sets(each) for word in any_of}
        self._exact = {get_string_id(word[1:]): word for word in every if word.startswith("=")}
        self._norms = {get_string_id(word): word for word in every if not word.startswith("=")}
        self._bits = {word: _union(bit for words, bit in bits.items() if word in words) for word in every | {NUMBER}}
        # Each row with the sets of words that it needs, as bits.
        self._rows = {
            name: [(_union(bits[words] for words in needed[each]), each) for each in group]
            for name, group in rows.items()
        }
        self._begun: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._letters: dict[str, list[list[list[str]]]] = defaultdict(list)
        for name in rows if begin is None else begin:
            for bits_needed, each in self._rows[name]:
                rarest = min(needed[each], key=_share)
                for word in rarest:
                    self._begun[word].append((bits_needed, name))
                for letters in _letters(rarest):
                    self._letters[letters].append([*map(_letters, needed[each])])

    def look(self, words: Sequence[Word]) -> Look:
        """Which words of the patterns are in a sentence, and where, and which groups may match."""
        norms, exact = self._norms, self._exact
        at: dict[str, int] = defaultdict(int)
        place = 1
        for norm, orth, is_number in words:
            if norm in norms:
                at[norms[norm]] |= place
            if orth in exact:
                at[exact[orth]] |= place
            if is_number:
                at[NUMBER] |= place
            place <<= 1
        absent = ~_union(map(self._bits.__getitem__, at))
        begun = [candidate for word in at.keys() & self._begun.keys() for candidate in self._begun[word]]
        groups = frozenset([group for needed, group in begun if not needed & absent])
        return Look(at, absent, groups, place.bit_length() - 1)

    def may_match(self, text: str) -> bool:
        """Whether a visible text has the letters of all words that some pattern needs: quicker than its tokens."""
        low = text.lower()
        for letters, rows in self._letters.items():  # a plain loop: this runs on every segment
            if letters in low and any(all(any(map(low.__contains__, each)) for each in row) for row in rows):
                return True
        return False

    def spans(self, name: str, look: Look) -> list[tuple[int, int]]:
        """First and end token of each match of a group; of a pattern's matches with the same end, the shortest."""
        rows = [each for needed, each in self._rows.get(name, ()) if not needed & look.absent]
        return sorted({span for each in rows for span in _spans(each, look)})


def _sets(tokens: Row) -> Iterator[frozenset[str]]:
    """The sets of words of a row."""
    for token in tokens:
        if isinstance(token, Words):
            yield token.any_of
        elif isinstance(token, Choice):
            yield from chain.from_iterable(map(_sets, token.rows))


def _spans(tokens: Row, look: Look) -> Iterator[tuple[int, int]]:
    inside = (1 << look.n_tokens + 1) - 1
    ends = _moved(tokens, look, inside >> 1) & inside
    while ends:
        end = ends & -ends
        yield _moved(tokens, look, end, back=True).bit_length() - 1, end.bit_length() - 1
        ends ^= end


def _moved(tokens: Row, look: Look, places: int, *, back: bool = False) -> int:
    """Where a row that begins at some places may end (the token after it), as bits; ``back``: the reverse."""
    for token in reversed(tokens) if back else tokens:
        if isinstance(token, Words):
            there = look.places(token.any_of)
            places = there & places >> 1 if back else (places & there) << 1
        elif isinstance(token, Gap):
            for step in _steps(token.most):
                places |= places >> step if back else places << step
        else:
            places = _union(_moved(each, look, places, back=back) for each in token.rows)
        if not places:
            break
    return places


@cache
def _steps(most: int) -> tuple[int, ...]:
    """Shifts that together spread a bit over up to ``most`` places.

    >>> _steps(10)
    (1, 2, 4, 3)
    """
    doubled = [1 << i for i in range(most.bit_length()) if (2 << i) - 1 <= most]
    return (*doubled, most - sum(doubled)) if sum(doubled) < most else tuple(doubled)


def _union(sets: Iterable[int]) -> int:
    union = 0
    for each in sets:
        union |= each
    return union
