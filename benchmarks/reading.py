"""Plain baselines on the gold sets that `privacylab evaluate --gold` scores, counted in the same way.

    python benchmarks/reading.py ARCHIVES
    python benchmarks/reading.py --cases FOLDER

The second form prints how much of a policy PrivacyLab, trafilatura and resiliparse read from the pages of a folder of
cases: each is the page `00-base/base.html` in some trouble; its folder is its kind.

ARCHIVES is a folder that `privacylab fetch` made. Writes `results/reading.csv`: for each reader and gold set
the columns of `evaluate.score`. Needs the development extra (htmldate, trafilatura, resiliparse).
"""

import argparse
import datetime as dt
import html
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import cmarkgfm
import htmldate
import pandas as pd
import py3langid
import trafilatura
from dateparser.search import search_dates
from resiliparse.extract.html2text import extract_plain_text

from privacylab import evaluate, normalize, paths
from privacylab.clauses.labels import Version
from privacylab.evaluate import Row

RESULTS = Path(__file__).parent / "results"

HEAD = 1500
"""Characters in which dateparser searches: it takes minutes for the whole of a long policy."""

KEYWORDS = {
    "coppa_safe_harbor": r"coppa.{0,20}safe.?harbou?r|safe.?harbou?r.{0,20}coppa",
    "safe_harbor": r"safe.{0,3}harbou?r",
    "privacy_shield": r"shield",
    "dpf": r"data privacy framework|\bDPF\b",
    "uk_gdpr": r"UK.GDPR",
    "gdpr": r"GDPR|general data protection regulation|2016/679",
    "ccpa": r"CCPA|CPRA|california consumer|california privacy rights act",
    "coppa": r"COPPA|children.{0,3}s online privacy",
    "hipaa": r"HIPAA|health insurance portability",
    "directive_95_46": r"95/46|data protection directive|directive on data protection",
    "uk_dpa_2018": r"data protection act",
    "lgpd": r"LGPD|lei geral",
    "pipeda": r"PIPEDA|personal information protection and electronic",
    "pecr": r"PECR",
    "scc": r"clauses|SCC",
    "bcr": r"binding corporate rules|BCR",
    "adequacy": r"adequa",
}
"""The names of `docs/codebook.md`, matched in the labelled phrase and nowhere around it."""


def as_html(version: Version) -> str:
    """A version as the page that the tools for pages expect."""
    if version.media_type == "text/markdown":
        body = cmarkgfm.github_flavored_markdown_to_html(version.text)
    elif version.media_type == "text/html":
        body = version.text
    else:
        body = "\n".join(f"<p>{html.escape(line)}</p>" for line in version.text.splitlines() if line.strip())
    return f"<html><head><title>Privacy</title></head><body><article>{body}</article></body></html>"


def htmldate_date(row: Row, version: Version) -> str:
    """What htmldate takes for the date of the last change."""
    latest = row["snapshot"] or None
    return htmldate.find_date(as_html(version), original_date=False, extensive_search=True, max_date=latest) or ""


def dateparser_date(row: Row, version: Version) -> str:
    """The first date with a year that dateparser finds near the beginning."""
    found = search_dates(version.text[:HEAD], languages=["en"], settings={"REQUIRE_PARTS": ["year"]}) or []
    dated: list[tuple[str, dt.datetime]] = [(said, date) for said, date in found if re.search(r"(?:19|20)\d\d", said)]
    return dated[0][1].date().isoformat() if dated else ""


def keyword_mention(row: Row, version: Version) -> str:
    """The first framework whose keyword the phrase holds; everybody adheres."""
    phrase = version.text[int(row["start"]) : int(row["end"])]
    return next((f"{name} adheres" for name, word in KEYWORDS.items() if re.search(word, phrase, re.I)), "none")


def trafilatura_headings(row: Row, version: Version) -> str:
    """The headings of the main text that trafilatura extracts."""
    found = trafilatura.extract(as_html(version), output_format="markdown", include_formatting=True) or ""
    given = [line.lstrip("#").replace("*", "").strip() for line in found.splitlines() if line.startswith("#")]
    return evaluate.heading_counts(row, version.text, given)


def _marked_headings(page: str) -> list[str]:
    """The text of the headings that a page marks."""
    return [re.sub(r"<[^>]*>", "", each) for each in re.findall(r"<h[1-6][^>]*>(.*?)</h[1-6]>", page, re.DOTALL)]


def resiliparse_headings(row: Row, version: Version) -> str:
    """The headings of the main text that resiliparse extracts."""
    read = extract_plain_text(as_html(version), main_content=True, preserve_formatting="minimal_html")
    return evaluate.heading_counts(row, version.text, _marked_headings(read))


def short_lines(row: Row, version: Version) -> str:
    """Every line of at most eight words that does not end like a sentence or a list's item is a heading."""
    lines = [re.sub(r"<[^>]*>|[*#\\]", "", line).strip() for line in version.text.splitlines()]
    given = [line for line in lines if 0 < len(line.split()) <= 8 and line[-1] not in ".;,"]
    return evaluate.heading_counts(row, version.text, given)


def privacy_word(row: Row, version: Version) -> str:
    """A policy is what has the word in it."""
    return "policy" if "privacy" in version.text.lower() else "not"


def plain_langid(row: Row, version: Version) -> str:
    """The language of the whole raw text."""
    return f"{py3langid.classify(version.text)[0]} 1"


def be_and_ed(row: Row, version: Version) -> str:
    """A form of "be" and a word in -ed right after it."""
    sentence = version.text[int(row["start"]) : int(row["end"])]
    return "passive" if re.search(r"\b(?:is|are|was|were|be|been|being)\s+\w+ed\b", sentence, re.I) else "active"


BASELINES: tuple[Mapping[str, tuple[str, Callable[[Row, Version], str]]], ...] = (
    {
        **dict.fromkeys(("dates", "dates_2"), ("htmldate", htmldate_date)),
        **dict.fromkeys(("mentions", "mentions_2"), ("keywords, all adhere", keyword_mention)),
        "headings": ("trafilatura", trafilatura_headings),
        "policies": ("the word privacy", privacy_word),
        "languages": ("py3langid", plain_langid),
        "passive": ("be and -ed", be_and_ed),
    },
    {
        **dict.fromkeys(("dates", "dates_2"), ("dateparser", dateparser_date)),
        "headings": ("short lines", short_lines),
    },
    {"headings": ("resiliparse", resiliparse_headings)},
)
"""In rounds, for the archives are read once a round: for each gold set a reader's name and what it says."""


def _privacylab(page: str) -> tuple[str, list[str]]:
    blocks = normalize.blocks(page, media_type="text/html")
    return " ".join(block.text for block in blocks), [block.text for block in blocks if block.kind == "heading"]


def _trafilatura(page: str) -> tuple[str, list[str]]:
    lines = (trafilatura.extract(page, output_format="markdown", include_formatting=True) or "").splitlines()
    return " ".join(line.lstrip("# ") for line in lines), [line.lstrip("# ") for line in lines if line.startswith("#")]


def _resiliparse(page: str) -> tuple[str, list[str]]:
    read = extract_plain_text(page, main_content=True, preserve_formatting="minimal_html")
    return html.unescape(re.sub(r"<[^>]*>", " ", read)), _marked_headings(read)


def page_table(cases: Path) -> pd.DataFrame:
    """What each reader makes of the pages of a folder of cases.

    Returns:
        ``kind`` (the folder) and ``reader``; ``pages``, ``kept`` (share of the policy's words), ``foreign`` (share of
        the words read that are not the policy's), ``headings`` (share of the policy's), ``lost`` (pages with less
        than half of the policy).
    """
    text, titles = _privacylab((cases / "00-base" / "base.html").read_text(encoding="utf-8"))
    policy, wanted = Counter(re.findall(r"\w+", text)), Counter(titles)
    rows = []
    for path in sorted(cases.glob("*/*")):
        page = path.read_text(encoding="utf-8", errors="replace") if "htm" in path.suffix.lower() else ""
        if "<" not in page:
            continue
        for reader in (_privacylab, _trafilatura, _resiliparse):
            said, given = reader(page)
            words = Counter(re.findall(r"\w+", said))
            kept = (words & policy).total() / policy.total()
            foreign = (words - policy).total() / max(1, words.total())
            headings = (Counter(map(str.strip, given)) & wanted).total() / wanted.total()
            rows.append((path.parent.name, reader.__name__.strip("_"), kept, foreign, headings, kept < 0.5))
    frame = pd.DataFrame(rows, columns=["kind", "reader", "kept", "foreign", "headings", "lost"])
    frame = pd.concat([frame.assign(kind="all"), frame])
    grouped = frame.groupby(["kind", "reader"])
    means = grouped[["kept", "foreign", "headings"]].mean().round(3)
    return means.assign(pages=grouped.size(), lost=grouped["lost"].sum()).reset_index()


def main() -> None:
    """Scores the baselines and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", type=Path, nargs="?")
    parser.add_argument("--cases", type=Path, help="a folder of pages in trouble, a kind a folder")
    options = parser.parse_args()
    if options.cases:
        print(page_table(options.cases).to_string(index=False))
        return
    frames = []
    for readers in BASELINES:
        by = {gold: said for gold, (_, said) in readers.items()}
        found = evaluate.predict(paths.gold(), archives=options.archives, by=by)
        for gold, table in evaluate.score(paths.gold(), found).items():
            frames.append(table.assign(reader=readers[gold][0], gold=gold))
    scored = pd.concat(frames)
    first = ["reader", "gold"]
    scored = scored[[*first, *scored.columns.drop(first)]]
    scored.to_csv(RESULTS / "reading.csv", index=False)
    print(scored.query("half == 'held' and era == 'all'").to_string(index=False))


if __name__ == "__main__":
    main()
