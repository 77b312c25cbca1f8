"""The part of a page that is its text: each cut checks how much policy it takes. Words: ``rules/page.toml``.

A region is the content of one element: a run of chunks. Furniture (menus, feet, forms) is removed only if most of the
policy is elsewhere. Banners and the bars of archives are recognised by their names, words and places.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from privacylab import paths
from privacylab.normalize.lines import Line, any_of
from privacylab.normalize.reader import Passage

RULES = paths.rules("page")

_ANY_LENGTH = frozenset(("vendor", "named", "touched", "dialog"))
_GROUPS = ("hidden", "nav", "dialog", "form", "aside", "header", "footer")
_OF_MAINS = frozenset(("aside", "header", "footer"))
"""Furniture that an article may have."""
_LITTLE = 60
"""Words of a policy that must remain if only its name says that an element is a banner."""
_SHORT = 200
"""Words of a banner or bar without a telling name."""
_UNSEEN_SHARE = 0.25
"""Share of the policy that may be hidden for good."""
_MOST_READ = 8_000
"""Characters of a region that are searched for a banner's words: regions are nested."""


def _kinds(by: str) -> dict[str | None, str]:
    rules: dict[str, Any] = RULES["regions"][by]
    return {name: kind for kind, names in rules.items() for name in names}


_BY_TAG, _BY_ROLE = _kinds("tags"), _kinds("roles")
_WORDS = RULES["banners"]
_VENDOR = any_of(_WORDS["vendors"], r"(?<![a-z\d]){}")
_ARCHIVE = any_of(RULES["archives"]["names"], r"(?: |^)-?{}(?: |$)")
_ABOUT, _IN_A = any_of(_WORDS["about"]), any_of(_WORDS["in_a"])
_BANNER = any_of((rf"{_ABOUT.pattern}[\w-]*{_IN_A.pattern}", rf"{_IN_A.pattern}[\w-]*{_ABOUT.pattern}"))
_CONSENTS = any_of(_WORDS["buttons"])
_SAYS = any_of(_WORDS["says"])
_ARCHIVE_SAYS = any_of(RULES["archives"]["says"])
_SPEAKS = any_of(RULES["policy"]["speaks"])
_CONTACT = any_of(RULES["policy"]["contact"])
_CONTROLS = any_of(RULES["policy"]["controls"])
_NEXT_WORD = re.compile(r"(?<=[a-z\d])(?=[A-Z])|[^a-zA-Z\d ]+")
_NAMING = frozenset(("class", "id", "name", "aria-label", "role"))


@dataclass(eq=False, slots=True)
class Button:
    """What can be pressed, and whether it is gone with a region."""

    text: str
    is_cut: bool = False


@dataclass(eq=False, slots=True)
class Region:
    """The passages from ``start`` to ``end``, the content of one element."""

    kind: str
    start: int = 0
    end: int = 0
    buttons: list[Button] = field(default_factory=list)

    @property
    def parts(self) -> range:
        """The numbers of its passages."""
        return range(self.start, self.end)

    def holds(self, other: "Region") -> bool:
        """Whether another region is within this one."""
        return self is not other and self.start <= other.start and other.end <= self.end


def region(tag: str, attributes: dict[str, str | None]) -> Region | None:
    """The region that an element begins; None for an element with only text."""
    if _BY_TAG.get(tag) == "text":
        return None
    names = [value for key, value in attributes.items() if value and (key in _NAMING or key.startswith("data-"))]
    name = _NEXT_WORD.sub("-", " ".join([tag if "-" in tag else "", *names])).lower()
    kind = _BY_ROLE.get(attributes.get("role")) or _BY_TAG.get(tag, "")
    if _ARCHIVE.search(name):
        kind = "archive"
    elif kind not in ("main", "article") and _VENDOR.search(name):
        kind = "vendor"
    elif kind not in ("main", "article") and _ABOUT.search(name):
        kind = "named" if _BANNER.search(name) else "touched"
    elif kind == "hidden" and any(key.startswith("shadowroot") for key in attributes):
        return None
    return Region(kind) if kind else None


class _Page:
    """Which passages of a page remain, and how much of each is policy."""

    def __init__(self, passages: Sequence[Passage], regions: Iterable[Region]) -> None:
        self.passages = passages
        self.regions = [each for each in regions if each.end > each.start]
        self.lines = [Line(passage.chunk) for passage in passages]
        self.standing = set(range(len(passages)))
        texts = {i: line for i, line in enumerate(self.lines) if line.n_words >= 8}
        texts = {i: line for i, line in texts.items() if not passages[i].is_linked}
        speaking = {i: line for i, line in texts.items() if _SPEAKS.search(line.text)}
        self.words = {i: line.n_words for i, line in (speaking or texts).items()}

    def weight(self, parts: Iterable[int]) -> int:
        """Words of the policy in those of these passages that remain."""
        return sum(self.words.get(i, 0) for i in self.standing.intersection(parts))

    def text(self, each: Region) -> str:
        return "\n".join(self.lines[i].text for i in each.parts if i in self.standing)

    def has_title(self, parts: Iterable[int]) -> bool:
        """Whether the policy's own title is among them."""
        return any(self.lines[i].is_marked and self.lines[i].stays for i in self.standing.intersection(parts))

    def is_titled(self, each: Region) -> bool:
        """Whether a heading or a button is directly before a region."""
        above = self.passages[each.start - 1] if each.start else None
        return above is not None and bool(above.button or above.chunk.bold or above.chunk.kind == "heading")

    def remains(self, each: Region) -> bool:
        """Whether there is a policy without it."""
        inside = self.weight(each.parts)
        return self.weight(self.standing) - inside >= min(_LITTLE, max(1, inside))

    def cut(self, each: Region) -> None:
        self.standing.difference_update(each.parts)
        for button in each.buttons:
            button.is_cut = True


def content(passages: Sequence[Passage], regions: Sequence[Region]) -> list[int]:
    """The numbers of the passages that are the page's text."""
    page = _Page(passages, regions)
    by_length = sorted(page.regions, key=lambda each: len(each.parts))
    for each in reversed(by_length):
        if _is_bar(each, page):
            page.cut(each)
    for each in by_length:
        if _is_banner(each, page):
            page.cut(each)
    for each in _unseen(page):
        page.cut(each)
    before = set(page.standing)
    mains = _mains(page)
    page.standing -= _furniture(page)
    if mains:
        page.standing.intersection_update(*[{i for each in mains for i in each.parts}])
    return sorted(page.standing | _rescued(page, before - page.standing))


def _is_bar(each: Region, page: _Page) -> bool:
    """Whether it is what an archive adds to the page."""
    if each.kind == "archive":
        return page.remains(each)
    text = page.text(each) if each.kind == "box" else ""
    if len(text.split()) > _SHORT or not _ARCHIVE_SAYS.search(text):
        return False
    is_first = not any(line.is_marked for line in page.lines[: each.end]) and not page.weight(range(each.start))
    return is_first and page.remains(each)


def _is_banner(each: Region, page: _Page) -> bool:
    """Whether it asks for consent: by its name, its buttons, its words and its place."""
    lines = page.lines[each.start : each.end]
    is_little = sum(line.n_words for line in lines) <= _SHORT
    choices = {b.text for b in each.buttons if (is_little or not b.is_cut) and _CONSENTS.fullmatch(b.text)}
    if each.kind in ("main", "article", "hidden", "archive") or (each.kind in ("box", "unseen") and not choices):
        return False
    text = page.text(each)
    n_words = len(text.split())
    if page.has_title(each.parts) or (each.kind not in _ANY_LENGTH and n_words > _SHORT):
        return False
    says = _SAYS.search(text, 0, _MOST_READ) is not None
    is_plain = each.kind not in ("box", "unseen") or len(choices) > 1 or any(map(_ABOUT.search, choices))
    if choices and (says or (is_plain and _ABOUT.search(text, 0, _MOST_READ))):
        return True
    is_note = n_words <= _SHORT // 2 and not any(line.is_marked for line in lines)
    if each.kind == "named" and (choices or is_note):
        # Only its name says it: text amid the policy is a section of it.
        is_at_edge = not (page.weight(range(each.start)) and page.weight(range(each.end, len(page.lines))))
        return (is_at_edge or (says and is_note)) and page.remains(each)
    return (each.kind == "vendor" or (each.kind == "touched" and says and is_note)) and page.remains(each)


def _unseen(page: _Page) -> list[Region]:
    """The elements that nobody sees: hidden, and not a panel that its title or button opens.

    Scripts show more than the page tells: if much of the policy is hidden, all of it is read.
    """
    group = [each for each in page.regions if each.kind == "unseen" and not page.is_titled(each)]
    weight = page.weight({i for each in group for i in each.parts})
    return group if weight < _UNSEEN_SHARE * page.weight(page.standing) else []


def _mains(page: _Page) -> list[Region]:
    """The elements marked as content, if they have nine tenths of the policy."""
    total = page.weight(page.standing)
    for kind in ("main", "article"):
        group = [each for each in page.regions if each.kind == kind]
        speaking = [each for each in group if page.weight(each.parts) or page.has_title(each.parts)]
        if speaking and page.weight(i for each in speaking for i in each.parts) >= 0.9 * total:
            first, last = min(each.start for each in speaking), max(each.end for each in speaking)
            return [each for each in group if first <= each.start and each.end <= last]
    return []


def _furniture(page: _Page) -> set[int]:
    """The passages of menus, feet, forms and the like, if most of the policy is elsewhere."""
    mains = [each for each in page.regions if each.kind in ("main", "article")]
    parts: set[int] = set()
    total = page.weight(page.standing)
    for kind in _GROUPS:
        group = [each for each in page.regions if each.kind == kind]
        is_policy = 2 * page.weight(i for each in group for i in each.parts) > total
        for each in group:
            weight = page.weight(each.parts)
            is_of_main = kind in _OF_MAINS and weight and any(main.holds(each) for main in mains)
            if not is_of_main and not (is_policy and 50 * weight >= total):
                parts.update(each.parts)
    return parts


def _rescued(page: _Page, aside: set[int]) -> set[int]:
    """What the policy needs from the passages set aside: title, date, contact."""
    first = min(page.standing, default=0)
    is_titled = page.has_title(page.standing)
    is_dated = any(page.lines[i].is_dated for i in page.standing)
    saved: set[int] = set()
    for i in aside:
        line = page.lines[i]
        is_title = line.stays and i < first and not is_titled
        is_date = line.is_dated and (i < first or not is_dated)
        asks_whom = i in page.words and _CONTACT.search(line.text) and not _SAYS.search(line.text)
        if (is_title or is_date or asks_whom) and not page.passages[i].is_linked:
            saved.add(i)
            if asks_whom and i - 1 in aside and page.lines[i - 1].is_marked:
                saved.add(i - 1)
    return saved


def is_title_button(line: Line) -> bool:
    """Whether the text of a button may be the title of what it opens."""
    presses = _CONTROLS.fullmatch(line.text) or _CONSENTS.fullmatch(line.text)
    return line.crumb != "furniture" and not presses
