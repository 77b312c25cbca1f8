"""Draws the policies that people then label by reading: one subcommand for each gold set.

A draw is made before anything is labelled and never after: it refuses to write over a file that exists. It stores
references (archive, source, snapshot, half), never text. Example:

    python corpus/gold/sample.py dates --tosback tosback2.git --ota contrib-versions.git \
        --through-time privacy-policies-through-time --seed 20 --out dates.csv

A second draw takes other services than the first: `--apart-from dates.csv --scale 0.6 --seed 61 --out dates_2.csv`.
"""

import argparse
import csv
import datetime as dt
import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

# Copied from eras.toml on purpose: the strata of a draw that is made must not move when an era does.
ERAS = (
    ("before_safe_harbor", "2000-07-26"),
    ("safe_harbor", "2015-10-06"),
    ("gap", "2016-07-12"),
    ("privacy_shield", "2018-05-25"),
    ("gdpr_shield", "2020-07-16"),
    ("gdpr_no_transfer_framework", "2023-07-10"),
    ("gdpr_dpf", "9999-12-31"),
)

# Which words may name a framework, and how many of each to draw: broader than any rule, and no part of the program.
# The `other_` families ask for words nearby, so that enough namesakes are among the 230.
PHRASES = {
    "safe_harbor": (32, r"safe[\s-]{0,3}harbou?r"),
    "shield": (30, r"privacy[\s-]{0,3}shield"),
    "dpf": (20, r"data privacy framework|\bDPF\b"),
    "gdpr": (24, r"\bGDPR\b|general data protection regulation|2016/679"),
    "ccpa": (15, r"\bCCPA\b|\bCPRA\b|california consumer privacy|california privacy rights act"),
    "coppa": (12, r"\bCOPPA\b|children.{0,3}s online privacy"),
    "hipaa": (6, r"\bHIPAA\b|health insurance portability"),
    "directive": (8, r"95/46|data protection directive|directive on data protection"),
    "uk": (10, r"\bUK[\s-]GDPR|data protection act"),
    "elsewhere": (9, r"\bLGPD\b|lei geral|\bPIPEDA\b|personal information protection and electronic|\bPECR\b"),
    "scc": (15, r"(?:standard|model) (?:\w+ ){0,3}clauses|\bSCCs?\b"),
    "bcr": (5, r"binding corporate rules|\bBCRs?\b"),
    "adequacy": (8, r"adequacy|adequate (?:level of )?(?:data )?protection"),
    "other_children": (9, r"safe[\s-]{0,3}harbou?r(?=.{0,80}(?:child|coppa|truste|esrb))"),
    "other_copyright": (4, r"safe[\s-]{0,3}harbou?r(?=.{0,200}(?:copyright|dmca|infring|512))"),
    "other_health": (4, r"safe[\s-]{0,3}harbou?r(?=.{0,200}(?:hipaa|identif|164\.514))"),
    "other_securities": (4, r"safe[\s-]{0,3}harbou?r(?=.{0,200}(?:securities|forward.looking|1995))"),
    "other_shield": (10, r"(?<!privacy )(?<!privacy-)\bshield\b"),
    "other_framework": (11, r"(?<!data )privacy framework"),
    "other_adequacy": (3, r"capital adequacy|adequacy of"),
    "other_schrems": (3, r"\bschrems\b"),
}

# A second draw: most of `other_children` came out as departments of TRUSTe; its programmes for children were missing.
# Where a pattern has a group, the group is the phrase.
NAMESAKES = {
    "children": (
        6,
        r"(?:coppa|esrb|kidsafe|\bcaru\b|privo\b|\bkids\b)(?:(?!swiss|commerce|europe|\beu\b).){0,60}"
        r"(safe[\s-]{0,3}harbou?r)",
    ),
    "copyright": (3, r"(?:copyright|dmca|512).{0,150}(safe[\s-]{0,3}harbou?r)"),
    "health": (3, r"(?:hipaa|identif|164\.514).{0,100}(safe[\s-]{0,3}harbou?r)(?= (?:method|de-?ident|standard))"),
    "securities": (4, r"(?:securities|forward.looking).{0,200}(safe[\s-]{0,3}harbou?r)"),
    "product": (16, r"(?<!privacy )(?<!privacy-)(?<!Swiss )(?<!the )((?-i:\bShield\b))"),
}


class Version(NamedTuple):
    """One dated version of one document. `snapshot` is ISO, or "" where the archive does not record a crawl date."""

    collection: str
    service: str
    path: str
    blob: str
    date: str
    snapshot: str

    @property
    def source(self) -> str:
        """The reference that the gold file stores."""
        return f"{self.path}@{self.blob}" if self.blob else self.path

    @property
    def era(self) -> str:
        """The sampling stratum."""
        return next(name for name, end in ERAS if self.date < end)


class Hit(NamedTuple):
    """A phrase that may name a framework: characters `start` to `end` of the version's decoded text, and what is around."""

    service: str
    version: Version
    start: int
    end: int
    around: str


def git_versions(repository: Path, collection: str) -> Iterator[Version]:
    """All versions that a git archive ever held, in the order of its log. The service is the folder above the file."""
    command = ["git", "-c", "core.quotePath=false", "-C", str(repository), "log", "--all", "--raw", "--no-abbrev"]
    log = subprocess.run([*command, "--format=C %at"], capture_output=True, check=True, text=True).stdout
    date = ""
    for line in log.splitlines():
        if line.startswith("C "):
            date = dt.datetime.fromtimestamp(int(line[2:]), dt.UTC).date().isoformat()
        elif line.startswith(":"):
            (_, _, _, blob, action), path = line.split("\t", 1)[0].split(), line.split("\t", 1)[1]
            if action != "D":
                yield Version(collection, path.split("/")[-2], path, blob, date, date)


def folder_versions(folder: Path, collection: str) -> Iterator[Version]:
    """All versions of a folder of `<company>/<company>-YYYY-MM-DD.txt`, where the date is a revision date."""
    for path in sorted(folder.glob("*/*.txt")):
        date = re.search(r"\d{4}-\d\d-\d\d", path.stem)
        if date:
            yield Version(collection, path.parent.name, str(path.relative_to(folder)), "", date.group(), "")


def read(version: Version, root: Path) -> str:
    """The text of a version. Raises `IndexError` or `OSError` where `root` does not hold it."""
    if not version.blob:
        return (root / version.path).read_bytes().decode("utf-8", errors="replace")  # offsets count every byte of CRLF
    process = _cat_file(root)
    assert process.stdin and process.stdout
    process.stdin.write(f"{version.blob}\n".encode())
    process.stdin.flush()
    size = int(process.stdout.readline().split()[2])
    return process.stdout.read(size + 1)[:-1].decode("utf-8", errors="replace")


@cache
def _cat_file(root: Path) -> subprocess.Popen[bytes]:
    """One git for all texts of an archive: starting it for each takes longer than reading."""
    command = ["git", "-C", str(root), "cat-file", "--batch"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def is_english_policy(text: str) -> bool:
    """A mechanical test, so that nobody's choice enters the draw: 200 words, English, privacy named twice."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    english = sum(word in {"the", "and", "of", "to", "you", "your"} for word in words)
    return (
        len(words) >= 200
        and english / len(words) > 0.1
        and len(re.findall(r"privacy|personal (?:data|information)", text, re.IGNORECASE)) >= 2
    )


def service_key(service: str) -> str:
    """One name for a service in all archives: "Stack Overflow" and "stackoverflow.com" are one."""
    return re.sub(r"\W", "", re.sub(r"\.\w+$", "", service.lower()))


def drawn_before(options: argparse.Namespace) -> set[str]:
    """The services of earlier draws, as `draw` names them: of through-time with the era, for it has few."""
    taken = set()
    for path in options.apart_from:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                parts = row["source"].rpartition("@")[0].split("/") if "@" in row["source"] else []
                if parts:
                    taken.add(service_key(parts[-2]))
                else:
                    service, _, name = row["source"].rpartition("/")
                    date = name.removesuffix(".txt")[-len("2000-01-01") :]
                    taken.add(f"{service_key(service)}@{next(era for era, end in ERAS if date < end)}")
    return taken


def is_taken(version: Version, taken: set[str]) -> bool:
    """Whether an earlier draw, or this one, took the version's service."""
    key = service_key(version.service)
    return (key if version.blob else f"{key}@{version.era}") in taken


def scaled(n: int, options: argparse.Namespace) -> int:
    """How many to draw where the first draw took `n`."""
    return round(n * options.scale)


def draw(
    versions: list[Version], root: Path, n: int, rng: random.Random, *, taken: set[str], per_era: bool = False
) -> list[Version]:
    """Draws `n` versions, one a service, turn by turn from each era, each service equally likely.

    Args:
        versions: what the archive holds.
        root: where its texts are.
        n: how many to draw; fewer come back where the archive runs out.
        rng: the seeded generator.
        taken: the services that stand in the draw already; this draw's are added.
        per_era: one a service and era, for an archive of few services.
    """
    strata: defaultdict[str, defaultdict[str, list[Version]]] = defaultdict(lambda: defaultdict(list))
    for version in versions:
        strata[version.era][version.service].append(version)
    queues = {}
    for era, services in sorted(strata.items()):
        queues[era] = sorted(services)
        rng.shuffle(queues[era])
    drawn: list[Version] = []
    while len(drawn) < n and any(queues.values()):
        for era in queues:
            while queues[era] and len(drawn) < n:
                service = queues[era].pop()
                version = rng.choice(strata[era][service])
                key = service_key(service) + (f"@{era}" if per_era else "")
                if key not in taken and is_english_policy(read(version, root)):
                    taken.add(key)
                    drawn.append(version)
                    break
    return drawn


def dates(options: argparse.Namespace) -> None:
    """140 policies for the stated date: 60 of ToSBack2, 55 of Open Terms Archive, 25 of through-time."""
    archives = (
        (git_versions, options.tosback, "tosback2", 60),
        (git_versions, options.ota, "ota", 55),
        (folder_versions, options.through_time, "through-time", 25),
    )
    rng = random.Random(options.seed)
    rows = []
    taken = drawn_before(options)
    for reader, root, collection, n in archives:
        few_services = reader is folder_versions
        drawn = draw(list(reader(root, collection)), root, scaled(n, options), rng, taken=taken, per_era=few_services)
        halves = ["tune" if i % 2 else "held" for i in range(len(drawn))]
        rng.shuffle(halves)
        rows += [(v.collection, v.source, v.snapshot, "", "", half, "") for v, half in zip(drawn, halves, strict=True)]
    write(options.out, ("collection", "source", "snapshot", "label", "kind", "half", "note"), sorted(rows))


# What a text that states a date has, crudely: a word of change and a year close together.
DATED = re.compile(
    r"(?:updat|effective|revis|modif|amend|chang|posted|publish|version|as of|date|force).{0,60}(?:19|20)\d\d",
    re.IGNORECASE | re.DOTALL,
)


def undated(options: argparse.Namespace) -> None:
    """40 policies more for the stated date, of those that may state none: few of `dates` do not."""
    rng = random.Random(options.seed)
    taken = drawn_before(options)
    rows = []
    for (versions, root), n in zip(archives(options)[:2], (25, 15), strict=True):
        drawn: list[Version] = []
        for version in by_service(versions, rng):
            if len(drawn) < scaled(n, options) and not is_taken(version, taken):
                text = read(version, root)
                if is_english_policy(text) and not DATED.search(text):
                    taken.add(service_key(version.service))
                    drawn.append(version)
        lot = halves(len(drawn), rng)
        rows += [(v.collection, v.source, v.snapshot, "", "", half, "") for v, half in zip(drawn, lot, strict=True)]
    write(options.out, ("collection", "source", "snapshot", "label", "kind", "half", "note"), sorted(rows))


def around(text: str, start: int, end: int) -> str:
    """The letters around a phrase, to tell near copies: services of one owner share their texts."""
    return "".join(re.findall(r"[a-z]+", (text[max(0, start - 60) : start] + "|" + text[end : end + 60]).lower()))


def phrases_before(options: argparse.Namespace) -> set[str]:
    """What stands around the phrases of earlier draws."""
    roots = {"tosback2": options.tosback, "ota": options.ota, "through-time": options.through_time}
    seen = set()
    for path in options.apart_from:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                name, _, blob = row["source"].rpartition("@") if "@" in row["source"] else (row["source"], "", "")
                text = read(Version(row["collection"], "", name, blob, "", ""), roots[row["collection"]])
                seen.add(around(text, int(row["start"]), int(row["end"])))
    return seen


def phrases(
    archives: list[tuple[list[Version], Path]],
    families: dict[str, tuple[int, str]],
    n_read: int,
    rng: random.Random,
    taken: set[str],
) -> dict[str, dict[str, list[Hit]]]:
    """One occurrence of each family of phrases in `n_read` versions of each service and era, by family and stratum."""
    compiled = {family: re.compile(pattern, re.IGNORECASE | re.DOTALL) for family, (_, pattern) in families.items()}
    found: dict[str, dict[str, list[Hit]]] = {family: defaultdict(list) for family in families}
    for versions, root in archives:
        documents: defaultdict[tuple[str, str], list[Version]] = defaultdict(list)
        for version in versions:
            if not is_taken(version, taken):
                documents[service_key(version.service), version.era].append(version)
        for (service, era), candidates in sorted(documents.items()):
            for version in rng.sample(candidates, min(n_read, len(candidates))):
                text = read(version, root)
                for family, pattern in compiled.items():
                    hits = list(pattern.finditer(text)) if is_english_policy(text) else []
                    if hits:
                        span = rng.choice(hits).span(pattern.groups)
                        hit = Hit(service, version, *span, around(text, *span))
                        found[family][f"{version.collection} {era}"].append(hit)
    return found


def mentions(options: argparse.Namespace) -> None:
    """230 phrases that may name a legal framework: by family of phrase, archive and era; at most two a service."""
    draw_phrases(options, PHRASES, n_read=1)


def namesakes(options: argparse.Namespace) -> None:
    """30 more phrases, from the families where namesakes of the frameworks are found.

    So few services have any that a second draw may take the first one's services, but not its phrases.
    """
    draw_phrases(options, NAMESAKES, n_read=4, new_services=False)


def draw_phrases(
    options: argparse.Namespace, families: dict[str, tuple[int, str]], *, n_read: int, new_services: bool = True
) -> None:
    """Draws and writes as many phrases of each family as it asks for, turn by turn from each archive and era."""
    rng = random.Random(options.seed)
    found = phrases(archives(options), families, n_read, rng, drawn_before(options) if new_services else set())
    seen = phrases_before(options)
    drawn: list[Hit] = []
    # The rarest families choose first, or the common ones would use up their services.
    for family in sorted(found, key=lambda name: (sum(map(len, found[name].values())), name)):
        strata = [rng.sample(hits, len(hits)) for _, hits in sorted(found[family].items())]
        left = scaled(families[family][0], options)
        while left and any(strata):
            for hits in strata:
                while hits and left:
                    hit = hits.pop()
                    same = [other for other in drawn if other.service == hit.service]
                    # The first draw did not look for near copies, and must come out as it did.
                    if options.apart_from and hit.around in seen:
                        continue
                    if len(same) < 2 and all(other.version != hit.version for other in same):
                        seen.add(hit.around)
                        drawn.append(hit)
                        left -= 1
                        break
    lot = halves(len(drawn), rng)
    rows = [
        (hit.version.collection, hit.version.source, str(hit.start), str(hit.end), "", "", "", half, "")
        for hit, half in zip(drawn, lot, strict=True)
    ]
    columns = ("collection", "source", "start", "end", "framework", "stance", "second", "half", "note")
    write(options.out, columns, sorted(rows))


def archives(options: argparse.Namespace) -> list[tuple[list[Version], Path]]:
    """All versions of the three archives, each with where its texts are."""
    return [
        (list(git_versions(options.tosback, "tosback2")), options.tosback),
        (list(git_versions(options.ota, "ota")), options.ota),
        (list(folder_versions(options.through_time, "through-time")), options.through_time),
    ]


def halves(n: int, rng: random.Random) -> list[str]:
    """`tune` and `held` for `n` rows, by lot."""
    lot = ["tune" if i % 2 else "held" for i in range(n)]
    rng.shuffle(lot)
    return lot


def by_service(versions: list[Version], rng: random.Random, *, per_era: bool = False) -> list[Version]:
    """One version of each service (and era), in an order by lot."""
    documents: defaultdict[tuple[str, ...], list[Version]] = defaultdict(list)
    for version in versions:
        documents[(service_key(version.service), *([version.era] if per_era else []))].append(version)
    keys = sorted(documents)
    rng.shuffle(keys)
    return [rng.choice(documents[key]) for key in keys]


def headings(options: argparse.Namespace) -> None:
    """40 policies whose headings bear no mark-up of their own, of 300 to 3,000 words, one a service.

    ToSBack2 and through-time lost theirs; of Open Terms Archive those are drawn that have fewer than three.
    """
    rng = random.Random(options.seed)
    taken: set[str] = set()
    rows = []
    for (versions, root), n in zip(archives(options), (16, 10, 14), strict=True):
        drawn: list[Version] = []
        for version in by_service(versions, rng, per_era=len(versions) < 1000):
            key = service_key(version.service)
            text = read(version, root) if key not in taken or not version.blob else ""
            n_marked = len(re.findall(r"^#{1,6} |^(?:={3,}|-{3,})\s*$|<h[1-6]", text, re.MULTILINE))
            if is_english_policy(text) and 300 <= len(text.split()) <= 3000 and n_marked < 3:
                taken.add(key)
                drawn.append(version)
            if len(drawn) == n:
                break
        rows += [(v.collection, v.source, "", half, "") for v, half in zip(drawn, halves(len(drawn), rng), strict=True)]
    write(options.out, ("collection", "source", "spans", "half", "note"), sorted(rows))


def privacy_density(text: str) -> tuple[int, float]:
    """Words, and words on privacy in 1,000: a crude count, and no part of the program."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"<[^>]*>", " ", text).lower())
    about = {"privacy", "personal", "information", "data", "cookies", "collect", "third", "disclose", "consent"}
    return len(words), 1000 * sum(word in about for word in words) / max(1, len(words))


def policies(options: argparse.Namespace) -> None:
    """200 pages, half of them from those that are short or low in privacy words, at most one a service and half.

    `weight`: how many pages of its stratum a row stands for.
    """
    rng = random.Random(options.seed)
    found: defaultdict[tuple[str, str], list[Version]] = defaultdict(list)
    for versions, root in archives(options)[:2]:
        for _ in range(2):
            for version in by_service(versions, rng):
                n_words, density = privacy_density(read(version, root))
                stratum = "doubtful" if n_words < 300 or density < 30 else "likely"
                found[version.collection, stratum].append(version)
    rows = []
    for (collection, stratum), candidates in sorted(found.items()):
        drawn = sorted(rng.sample(candidates, min(len(candidates), 60 if collection == "tosback2" else 40)))
        weight = f"{len(candidates) / len(drawn):.2f}"
        lot = halves(len(drawn), rng)
        rows += [(v.collection, v.source, stratum, weight, "", h, "") for v, h in zip(drawn, lot, strict=True)]
    write(options.out, ("collection", "source", "stratum", "weight", "label", "half", "note"), sorted(rows))


def languages(options: argparse.Namespace) -> None:
    """60 pages, 35 of them from those with few English words, one a service."""
    rng = random.Random(options.seed)
    found: defaultdict[str, list[Version]] = defaultdict(list)
    for versions, root in archives(options)[:2]:
        for version in by_service(versions, rng):
            words = re.findall(r"[^\W\d_]+", re.sub(r"<[^>]*>|\]\([^)]*\)", " ", read(version, root)).lower())
            english = sum(word in {"the", "and", "of", "to", "you", "your"} for word in words)
            if len(words) >= 60:
                found["other" if english < 0.08 * len(words) else "english"].append(version)
    drawn = rng.sample(sorted(found["other"]), 35) + rng.sample(sorted(found["english"]), 25)
    lot = halves(len(drawn), rng)
    rows = [(v.collection, v.source, "", h, "") for v, h in zip(drawn, lot, strict=True)]
    write(options.out, ("collection", "source", "label", "half", "note"), sorted(rows))


# Frequent words of ten languages that English has not; who draws by them must not judge by them.
OTHER_WORDS = frozenset(
    "und der das nicht et les des vous nous los las para del que uw het een van och att som nie oraz jest il della che "
    "não dos você hogy ve bir için".split()
)


def foreign(options: argparse.Namespace) -> None:
    """25 more pages for the language: of those with many frequent words of other languages, or of another script."""
    rng = random.Random(options.seed)
    found = []
    for versions, root in archives(options)[:2]:
        for version in by_service(versions, rng):
            words = re.findall(r"[^\W\d_]+", re.sub(r"<[^>]*>|\]\([^)]*\)", " ", read(version, root)).lower())
            n_other = sum(word in OTHER_WORDS or word[0] > "\u0370" for word in words)
            if len(words) >= 30 and n_other > 0.04 * len(words):
                found.append(version)
    drawn = rng.sample(sorted(found), min(25, len(found)))
    lot = halves(len(drawn), rng)
    rows = [(v.collection, v.source, "", h, "") for v, h in zip(drawn, lot, strict=True)]
    write(options.out, ("collection", "source", "label", "half", "note"), sorted(rows))


def passive(options: argparse.Namespace) -> None:
    """100 sentences of 6 to 60 words, one a service: runs of text from a capital to a full stop."""
    rng = random.Random(options.seed)
    sentence = re.compile(
        r"(?<=[.>\n] )[A-Z][^.<>|\n\[\]*#]{30,400}\.(?=\s)|^[A-Z][^.<>|\n\[\]*#]{30,400}\.(?=\s)", re.M
    )
    rows = []
    for (versions, root), n in zip(archives(options), (45, 40, 15), strict=True):
        drawn: list[tuple[Version, int, int]] = []
        for version in by_service(versions, rng):
            text = read(version, root)
            spans = [hit.span() for hit in sentence.finditer(text) if 6 <= len(hit.group().split()) <= 60]
            if is_english_policy(text) and len(spans) > 10 and len(drawn) < n:
                drawn.append((version, *rng.choice(spans)))
        lot = halves(len(drawn), rng)
        rows += [
            (v.collection, v.source, str(start), str(end), "", h, "")
            for (v, start, end), h in zip(drawn, lot, strict=True)
        ]
    write(options.out, ("collection", "source", "start", "end", "label", "half", "note"), sorted(rows))


# Words that a statement of each group may hold: broader than any rule, and no part of the program.
STATEMENTS = {
    "rights": r"\baccess|correct|delet|\beras|portab|\bobject\b|withdraw|complain|restrict",
    "bases": r"legitimate|consent|contract|obligation|vital|public interest",
    "retention": r"\bretain|retention|\bkeep|\bkept|\bstored?\b|\bdays\b|\bmonths\b|\byears\b",
    "sale": r"\bsell|\bsale|\bsold\b|\brent|\btrade\b",
    "children": r"child|\b1[368]\b|parent|minors",
    "trackers": r"cookie|beacon|pixel|analytics|log file|fingerprint|\bSDK",
    "signals": r"do.not.track|\bDNT\b|privacy control|truste|\bseal\b|bbb|supervisory|commissioner|protection officer",
    "uses": r"automated|profiling|machine learning|artificial|biometric|location|breach|merger|acqui|log in|sign in",
    "any": r"\bthe\b",
}


# A paragraph ends at a blank line; texts of ToSBack2 and through-time have none, and there it is a line.
PARAGRAPH = r"\S(?:[^\n]|\n(?![ \t]*\n))*"
LINE = r"\S[^\n]*"


def cues(options: argparse.Namespace) -> None:
    """108 paragraphs of 15 to 110 words that may hold a statement of a group: 12 a group, in turn from each era."""
    rng = random.Random(options.seed)
    before = drawn_before(options)
    found: defaultdict[str, defaultdict[str, list[tuple[Version, int, int]]]] = defaultdict(lambda: defaultdict(list))
    for versions, root in archives(options):
        for version in by_service(versions, rng, per_era=len(versions) < 1000):
            text = read(version, root) if not is_taken(version, before) else ""
            runs = [run.span() for run in re.finditer(LINE if options.lines else PARAGRAPH, text)]
            spans = [span for span in runs if 15 <= len(text[slice(*span)].split()) <= 110]
            for group, pattern in STATEMENTS.items() if is_english_policy(text) else ():
                held = [span for span in spans if re.search(pattern, text[slice(*span)], re.IGNORECASE)]
                if held:
                    found[group][version.era].append((version, *rng.choice(held)))
    taken: set[str] = set()
    drawn: list[tuple[str, Version, int, int]] = []
    for group in STATEMENTS:
        strata = [rng.sample(hits, len(hits)) for _, hits in sorted(found[group].items())]
        n_left = scaled(12, options)
        while n_left and any(strata):
            for hits in strata:
                while hits and n_left:
                    version, start, end = hits.pop()
                    if service_key(version.service) not in taken:
                        taken.add(service_key(version.service))
                        drawn.append((group, version, start, end))
                        n_left -= 1
                        break
    lot = halves(len(drawn), rng)
    rows = [
        (v.collection, v.source, str(start), str(end), group, "", half, "")
        for (group, v, start, end), half in zip(drawn, lot, strict=True)
    ]
    write(options.out, ("collection", "source", "start", "end", "group", "label", "half", "note"), sorted(rows))


def write(out: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Writes a draw. Raises `FileExistsError` rather than lose labels."""
    with out.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main() -> None:
    """Parses the command line; the function named like the subcommand draws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for function in (dates, undated, mentions, namesakes, headings, policies, languages, foreign, passive, cues):
        command = commands.add_parser(function.__name__, help=function.__doc__)
        command.add_argument("--tosback", type=Path, required=True, help="git repository of tosdr/tosback2")
        command.add_argument("--ota", type=Path, required=True, help="the same of contrib-versions")
        command.add_argument("--through-time", type=Path, required=True, help="folder of the through-time texts")
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--apart-from", type=Path, nargs="*", default=[], help="CSVs of draws to avoid")
        if function is cues:
            command.add_argument("--lines", action="store_true", help="paragraphs are lines, as in the second draw")
        command.add_argument("--scale", type=float, default=1.0, help="draw this many times as much as the first draw")
        command.add_argument("--out", type=Path, required=True, help="the CSV to write; must not exist")
        command.set_defaults(run=function)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
