"""What of a page is its text: nothing is cut without asking how much of the policy goes. Words: ``rules/page.toml``.

A region is what one element holds: a run of chunks. Furniture (menus, feet, forms) goes only while most of the policy
stands elsewhere; banners and the bars of archives go by their names, by what they say and by where they stand.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from privacylab import paths
from privacylab.normalize.chunks import Chunk
from privacylab.normalize.lines import Line

RULES = paths.rules("page")

_ROLES = {
    **{"main": "main", "article": "article", "navigation": "nav", "contentinfo": "footer", "banner": "header"},
    **{"complementary": "aside", "dialog": "dialog", "alertdialog": "dialog", "search": "form"},
}
_FURNITURE = {
    **{tag: tag for tag in ("main", "article", "nav", "footer", "aside", "dialog", "form")},
    **dict.fromkeys("x-template noscript noframes iframe object canvas video audio select textarea".split(), "hidden"),
}
_BOXES = frozenset("div section p header table center ul td fieldset".split())
_ANY_LENGTH = frozenset(("vendor", "named", "touched", "dialog"))
_TEXT_TAGS = frozenset("a html body h1 h2 h3 h4 h5 h6 li b strong em i button input label img br".split())
_GROUPS = ("hidden", "nav", "dialog", "form", "aside", "header", "footer")
CONTROL_ROLES = frozenset(("button", "tab"))
_LITTLE = 60
"""Words of a policy: so many must remain where nothing but its name says that an element is a banner."""
_SHORT = 200
"""Words of a banner or bar that no name gives away."""


def _any(words: Iterable[str], form: str = "{}") -> re.Pattern[str]:
    return re.compile(form.format(f"(?:{'|'.join(words)})"), re.IGNORECASE)


_WORDS = RULES["banners"]
_VENDOR = _any(_WORDS["vendors"], r"(?<![a-z\d]){}")
_ARCHIVE = _any(RULES["archives"]["names"], r"(?: |^)-?{}(?: |$)")
_ABOUT = _any(_WORDS["about"])
_BANNER = re.compile(
    rf"{_ABOUT.pattern}[\w-]*{_any(_WORDS['in_a']).pattern}|{_any(_WORDS['in_a']).pattern}[\w-]*{_ABOUT.pattern}"
)
_CONSENTS = _any(_WORDS["buttons"])
_SAYS = _any(_WORDS["says"])
_ARCHIVE_SAYS = _any(RULES["archives"]["says"])
_SPEAKS = _any(RULES["policy"]["speaks"])
_CONTACT = _any(RULES["policy"]["contact"])
_CONTROLS = _any(RULES["policy"]["controls"])
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
_NO_NAME = re.compile(r"[^a-z\d ]+")
_NAMING = ("class", "id", "name", "aria-label", "role")


@dataclass(eq=False, slots=True)
class Button:
    """What can be pressed, and the region that took it away, if any did."""

    text: str
    is_cut: bool = False


@dataclass(eq=False, slots=True)
class Region:
    """The chunks from ``start`` to ``end``, which one element holds."""

    kind: str
    start: int
    end: int = 0
    buttons: list[Button] = field(default_factory=list)

    def holds(self, other: "Region") -> bool:
        """Whether another region stands within this one."""
        return self is not other and self.start <= other.start and other.end <= self.end


def region(tag: str, attributes: dict[str, str | None], start: int) -> Region | None:
    """The region that an element begins; None for an element that is nothing but text."""
    if tag in _TEXT_TAGS:
        return None
    naming = [attributes.get(name) or "" for name in _NAMING]
    naming += [value or "" for name, value in attributes.items() if name.startswith("data-") and len(value or "") < 60]
    name = _NO_NAME.sub("-", _CAMEL.sub("-", " ".join((tag if "-" in tag else "", *naming))).lower())
    kind = _ROLES.get(attributes.get("role") or "") or _FURNITURE.get(tag) or ("box" if tag in _BOXES else "")
    if _ARCHIVE.search(name):
        return Region("archive", start)
    if kind not in ("main", "article"):
        if _VENDOR.search(name):
            return Region("vendor", start)
        if _ABOUT.search(name):
            return Region("named" if _BANNER.search(name) else "touched", start)
    if kind == "hidden" and any(name.startswith("shadowroot") for name in attributes):
        return None
    return Region(kind, start) if kind else None


class _Page:
    """Which chunks of a page go, and what the policy loses by it."""

    def __init__(self, chunks: Sequence[Chunk], regions: Sequence[Region], linked: Sequence[bool]) -> None:
        self.chunks = chunks
        self.lines = [Line(chunk) for chunk in chunks]
        self.linked = linked
        self.is_cut = [False] * len(chunks)
        long = [0 if link or line.n_words < 8 else line.n_words for line, link in zip(self.lines, linked, strict=True)]
        speaking = [n if n and _SPEAKS.search(chunk.text) else 0 for n, chunk in zip(long, chunks, strict=True)]
        self.weights = speaking if any(speaking) else long
        self.regions = [each for each in regions if each.end > each.start]

    def weight(self, parts: Iterable[int]) -> int:
        """Words of the policy in these chunks, as far as they still stand."""
        return sum(self.weights[i] for i in parts if not self.is_cut[i])

    def cut(self, each: Region) -> None:
        self.is_cut[each.start : each.end] = [True] * (each.end - each.start)
        for button in each.buttons:
            button.is_cut = True

    def text(self, each: Region) -> str:
        return "\n".join(self.chunks[i].text for i in range(each.start, each.end) if not self.is_cut[i])

    def is_at_edge(self, each: Region) -> bool:
        """Whether nothing of the policy stands before it, or nothing behind."""
        return not (self.weight(range(each.start)) and self.weight(range(each.end, len(self.chunks))))

    def has_title(self, each: Region) -> bool:
        """Whether it holds the policy's own title."""
        return any(
            self.chunks[i].kind == "heading" and self.lines[i].stays and not self.is_cut[i]
            for i in range(each.start, each.end)
        )

    def remains(self, each: Region) -> bool:
        """Whether there is a policy without it."""
        inside = self.weight(range(each.start, each.end))
        return self.weight(range(len(self.chunks))) - inside >= min(_LITTLE, max(1, inside))


def content(chunks: Sequence[Chunk], regions: Sequence[Region], linked: Sequence[bool]) -> list[int]:
    """The numbers of the chunks that are the page's text."""
    page = _Page(chunks, regions, linked)
    by_length = sorted(page.regions, key=lambda each: each.end - each.start)
    for each in reversed(by_length):
        if _is_bar(each, page):
            page.cut(each)
    for each in by_length:
        if _is_banner(each, page):
            page.cut(each)
    kept = _kept_mains(page)
    aside = _furniture(page, kept)
    for i in aside:
        page.is_cut[i] = True
    if kept:
        inside = {i for each in kept for i in range(each.start, each.end)}
        outside = {i for i in range(len(chunks)) if i not in inside and not page.is_cut[i]}
        aside |= outside
        for i in outside:
            page.is_cut[i] = True
    for i in _rescued(page, aside):
        page.is_cut[i] = False
    return [i for i in range(len(chunks)) if not page.is_cut[i]]


def _is_bar(each: Region, page: _Page) -> bool:
    """Whether it is what an archive adds to the page."""
    if each.kind == "archive":
        return page.remains(each)
    if each.kind != "box" or any(chunk.kind == "heading" for chunk in page.chunks[: each.end]):
        return False
    text = page.text(each)
    is_first = not page.weight(range(each.start)) and len(text.split()) <= _SHORT
    return is_first and _ARCHIVE_SAYS.search(text) is not None and page.remains(each)


def _is_banner(each: Region, page: _Page) -> bool:
    """Whether it asks for consent: by its name, its buttons, what it says and where it stands."""
    is_little = sum(line.n_words for line in page.lines[each.start : each.end]) <= _SHORT
    choices = {b.text for b in each.buttons if (is_little or not b.is_cut) and _CONSENTS.fullmatch(b.text)}
    asks = bool(choices)
    if each.kind in ("main", "article", "hidden", "archive") or (each.kind == "box" and not asks):
        return False
    text = page.text(each)
    n_words = len(text.split())
    says = _SAYS.search(text) is not None
    if page.has_title(each) or (each.kind not in _ANY_LENGTH and n_words > _SHORT):
        return False
    is_plain = each.kind != "box" or len(choices) > 1 or any(map(_ABOUT.search, choices))
    if asks and (says or (is_plain and _ABOUT.search(text))):
        return True
    is_short = n_words <= _SHORT // 2 and not any(page.chunks[i].kind == "heading" for i in range(each.start, each.end))
    is_named = each.kind == "named" and (asks or is_short) and page.is_at_edge(each)
    return (
        each.kind == "vendor" or is_named or (each.kind in ("named", "touched") and says and is_short)
    ) and page.remains(each)


def _kept_mains(page: _Page) -> list[Region]:
    """The elements that say that they hold the content, if they hold nine tenths of the policy."""
    total = page.weight(range(len(page.chunks)))
    for kind in ("main", "article"):
        group = [each for each in page.regions if each.kind == kind]
        parts = {i for each in group for i in range(each.start, each.end)}
        if parts and total and page.weight(parts) >= 0.9 * total:
            speaking = [each for each in group if page.weight(range(each.start, each.end))]
            first, last = min(each.start for each in speaking), max(each.end for each in speaking)
            return [each for each in group if first <= each.start and each.end <= last]
    return []


def _furniture(page: _Page, kept: Sequence[Region]) -> set[int]:
    """The chunks of menus, feet, forms and the like, while most of the policy stands elsewhere."""
    mains = [each for each in page.regions if each.kind in ("main", "article")]
    parts: set[int] = set()
    for kind in _GROUPS:
        group = [each for each in page.regions if each.kind == kind]
        total = page.weight(range(len(page.chunks)))
        held = {i for each in group for i in range(each.start, each.end)}
        is_policy = 2 * page.weight(held) > total
        for each in group:
            weight = page.weight(range(each.start, each.end))
            if is_policy and 50 * weight >= total > 0:
                continue
            if kind in ("aside", "header", "footer") and weight and any(main.holds(each) for main in mains):
                continue
            parts.update(i for i in range(each.start, each.end) if not page.is_cut[i])
    return parts


def _rescued(page: _Page, aside: set[int]) -> set[int]:
    """What the policy needs of the chunks set aside: title, date, whom to ask."""
    standing = [i for i in range(len(page.chunks)) if not page.is_cut[i]]
    first = standing[0] if standing else 0
    is_titled = any(page.chunks[i].kind == "heading" and page.lines[i].stays for i in standing)
    is_dated = any(page.lines[i].is_dated for i in standing)
    saved: set[int] = set()
    for i in sorted(aside):
        line, is_heading = page.lines[i], page.chunks[i].kind == "heading"
        if page.linked[i] or not line.n_words:
            continue
        if i < first and not is_titled and line.stays and line.n_words <= 16:
            saved.add(i)
        elif line.is_dated and (i < first or not is_dated):
            saved.add(i)
        elif page.weights[i] and _CONTACT.search(line.text) and not _SAYS.search(line.text):
            saved.update((i - 1, i) if i - 1 in aside and page.chunks[i - 1].kind == "heading" else (i,))
        elif is_heading and i < first and page.chunks[i].level == 1 and not is_titled:
            saved.add(i)
    return saved


def is_title_button(line: Line) -> bool:
    """Whether the text of a button may be the title of what it opens."""
    return line.crumb != "furniture" and not _CONTROLS.fullmatch(line.text) and not _CONSENTS.fullmatch(line.text)
