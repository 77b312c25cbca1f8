"""Texts and files that nobody would write, by the hundred thousand: what a reader may not do with them.

    python benchmarks/fuzz.py [--inputs 200000] [--seed 1] [--kind NAME] [--only NUMBER]

Gives each door of the reading wing inputs drawn from a seed: pieces of policies, markup, dates, names of laws and
characters that mislead, put together, cut and flipped; files of every kind that `sources` reads; damaged corpora. A
fault is an error that the door does not document, more than 3 seconds of processor time for 100 kB, more than 1 GB of
memory, or a process that dies. Prints each fault with its kind and number (``--kind`` and ``--only`` repeat it) and
writes `results/fuzz.csv`. Takes an hour on one core.
"""

import argparse
import datetime as dt
import gzip
import io
import json
import random
import resource
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path

import pandas as pd

from privacylab import build, cues, dates, frameworks, normalize, paths, sources, tables
from privacylab.sources import kinds

RESULTS = Path(__file__).parent / "results"
MOST_SECONDS, FOR_BYTES, MOST_MEMORY = 3.0, 100_000, 1_000_000_000
CHUNK = 500
"""Inputs that a process reads, so that its memory is told by few."""

UNITS = [
    *(
        "<p>",
        "</p>",
        "<li>",
        "<ul>",
        "<table><tr><td>",
        "<h2>",
        "<script>",
        "</script",
        "<style>p{",
        "<!--",
        "-->",
        "<a href='",
    ),
    *(
        "# ",
        "**",
        "](",
        "[",
        "> ",
        "- ",
        "1. ",
        "|a|b|\n|-|-|\n",
        "```\n",
        "&amp;",
        "&#0;",
        "&#x110000;",
        "<br>",
        "\n\n",
    ),
    *(
        "\n",
        "\r",
        "\t",
        "\0",
        "\x1b[31m",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\ud800",
        "\U000e0041",
        "Ã©",
        "â€™",
        "ﬁ",
        "٣",
        "İ",
        "\x85",
    ),
    *(
        "May 25, 2018",
        "25/05/2018",
        "2018-05-25",
        "31.02.2019",
        "Last updated: ",
        "effective ",
        "1st of ",
        "0000",
        "99999999",
    ),
    *(
        "GDPR",
        "EU-U.S. Privacy Shield",
        "Safe Harbor",
        "CCPA",
        "not certified under ",
        "we comply with ",
        "U.K. ",
        "COPPA",
    ),
    *(
        "you may opt out ",
        "erase your data",
        "90 days",
        "cookies",
        "third parties ",
        "do not sell ",
        "a@b.example",
        "+44 20 7946 0000",
    ),
    *(
        "http://a.example/b?c=d",
        "www.",
        "Privacy Policy",
        "data:",
        "€",
        "$",
        "%",
        "{\\rtf1",
        "%PDF-1.4\n",
        "PK\x03\x04",
        ";",
        ",",
        '"',
        "'",
    ),
]
NAMES = "a-2018-05-25 privacy 2018 a.com/2018-05 metadata services index '=1+1' \u202e ..%2f -x".split()
SUFFIXES = (
    ".html .md .txt .pdf .docx .rtf .csv .tsv .jsonl .json .zip .tar .tar.gz .gz .warc .warc.gz .har .mhtml .eml .xml "
    ".odt .parquet .sqlite .xlsx .git .bundle"
).split()


@cache
def samples() -> list[str]:
    """The policies of invented services, to be cut and put together."""
    found = [path for path in sorted(paths.samples().rglob("*")) if path.suffix in (".md", ".html", ".txt")]
    return [path.read_text(encoding="utf-8", errors="replace") for path in found]


def text(draw: random.Random) -> str:
    """A text: pieces, samples in parts, and things again and again; now and then a long one."""
    parts = []
    for _ in range(draw.randrange(12)):
        part = draw.choice(UNITS)
        if draw.random() < 0.4:
            sample = draw.choice(samples())
            start = draw.randrange(len(sample))
            part = sample[start : start + draw.randrange(400)]
        if draw.random() < 0.1:
            part *= draw.choice((3, 50, 1_000 if draw.random() < 0.1 else 7))
        parts.append(part)
    return "".join(parts)[: FOR_BYTES * 2]


def data(draw: random.Random) -> bytes:
    """Bytes: a text in some encoding, with some bytes other than they were."""
    encoding = draw.choice(("utf-8", "utf-8", "utf-16", "cp1252", "utf-8-sig", "shift_jis", "utf-32"))
    raw = bytearray(text(draw).encode(encoding, "ignore"))
    for _ in range(draw.choice((0, 0, 0, 1, 30))):
        if raw:
            raw[draw.randrange(len(raw))] = draw.randrange(256)
    return bytes(raw)


def packed(draw: random.Random, suffix: str) -> bytes:
    """A file as its suffix says, more or less; a part of it may be missing."""
    inner = data(draw)
    buffer = io.BytesIO()
    if suffix in (".zip", ".docx", ".odt", ".xlsx"):
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in ("word/document.xml", "content.xml", f"{draw.choice(NAMES)}.md", "a-2018-05-25.txt"):
                archive.writestr(name, data(draw))
    elif suffix.startswith(".tar"):
        with tarfile.open(fileobj=buffer, mode="w:gz" if suffix.endswith("gz") else "w") as archive:
            member = tarfile.TarInfo(draw.choice(NAMES) + ".md")
            member.size = len(inner)
            archive.addfile(member, io.BytesIO(inner))
    elif suffix in (".csv", ".tsv"):
        cell = draw.choice(("2018-05-25", "", "x", "a.com", *UNITS))
        buffer.write(f"service,date,text\na,2018-05-25,{cell}\n".encode("utf-8", "ignore") + inner)
    elif suffix in (".json", ".jsonl"):
        row = {"url": "http://a.example", "date": draw.choice(("2018-05-25", 7, None, [])), "text": text(draw)}
        buffer.write(json.dumps(draw.choice(([row], row, {"rows": row}))).encode() + b"\n" + inner * draw.randrange(2))
    elif suffix.startswith(".warc"):
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {draw.choice(UNITS)}\r\n"
        head += f"Content-Length: {len(inner)}\r\nWARC-Date: 2018-05-25T00:00:00Z\r\n\r\n"
        buffer.write(head.encode("utf-8", "ignore") + inner + b"\r\n\r\n")
    else:
        buffer.write(inner)
    made = buffer.getvalue()
    made = gzip.compress(made) if suffix.endswith(".gz") and not suffix.startswith(".tar") else made
    return made if draw.random() < 0.7 else made[: draw.randrange(len(made) + 1)]


def _normalize(draw: random.Random, folder: Path) -> int:
    kind = draw.choice((None, None, *normalize.READERS, *sorted(kinds.by_media_type())))
    given: str | bytes = draw.choice((text, data))(draw) if draw.random() < 0.8 else packed(draw, draw.choice(SUFFIXES))
    try:
        blocks = normalize.blocks(given, media_type=kind)
    except normalize.NormalizeError:
        return len(given)
    assert all(block.text.strip() and "\n" not in block.text for block in blocks), "an empty block, or one of two lines"
    return len(given)


def _dates(draw: random.Random, folder: Path) -> int:
    given = text(draw)
    day = draw.choice((None, dt.date(1999, 1, 1), dt.date.min, dt.date.max, "2018-05-25"))
    found = dates.effective_date(given, snapshot=day, region=draw.choice((None, "us", "eu", "uk", "other")))
    assert found is None or dt.date.fromisoformat((found.value + "-01-01")[:10]), "no date"
    return len(given)


def _frameworks(draw: random.Random, folder: Path) -> int:
    given = text(draw)
    assert all(0 <= each.start < each.end <= len(given) for each in frameworks.mentions(given)), "outside the text"
    return len(given)


def _cues(draw: random.Random, folder: Path) -> int:
    given = text(draw)
    assert all(0 <= each.start <= each.end <= len(given) for each in cues.cues(given)), "outside the text"
    return len(given)


def _sources(draw: random.Random, folder: Path) -> int:
    place = folder / "given"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    size = 0
    for _ in range(draw.randrange(1, 4)):
        suffix = draw.choice(SUFFIXES)
        content = packed(draw, suffix)
        size += len(content)
        (place / (draw.choice(NAMES).replace("/", "-") + suffix)).write_bytes(content)
    try:
        source = sources.open_source(draw.choice((place, next(place.iterdir()))), scratch=folder)
    except (sources.SourceError, OSError):
        return size
    for _ in source.contents(list(dict.fromkeys(entry.content for entry in source.entries() if not entry.reason))):
        pass
    return size


def _tables(draw: random.Random, folder: Path) -> int:
    """One file of a small corpus is damaged, and put right again."""
    corpus = folder / "corpus"
    if not corpus.is_dir():
        (folder / "mine" / "a").mkdir(parents=True)
        (folder / "mine" / "a" / "2018-06-01.md").write_text(samples()[0])
        build.corpus([folder / "mine"], corpus, workers=1)
    path = draw.choice(sorted(corpus.iterdir()))
    whole = path.read_bytes()
    changed = bytearray(whole)
    for _ in range(draw.choice((1, 1, 5))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    path.write_bytes(changed if draw.random() < 0.8 else changed[: draw.randrange(len(changed))])
    try:
        faults = tables.verify(corpus)
        opened = tables.Corpus.open(corpus)
        opened.labels(), opened.policies(), opened.has_text()
        assert faults or path.read_bytes() == whole or path.suffix == ".json", "a changed table that is whole"
    except ValueError:  # CorpusError; or a column is none of the table's
        pass
    finally:
        path.write_bytes(whole)
    return len(whole)


KINDS: dict[str, tuple[int, Callable[[random.Random, Path], int]]] = {
    "normalize": (25, _normalize),
    "dates": (20, _dates),
    "frameworks": (20, _frameworks),
    "cues": (20, _cues),
    "sources": (10, _sources),
    "tables": (5, _tables),
}
"""Of 100 inputs so many, and what reads one: it gives the bytes read."""


def chunk(kind: str, numbers: range, seed: int) -> tuple[list[str], float, float]:
    """Faults, the slowest in seconds for 100 kB, and the peak of memory of some inputs."""
    faults, slowest = [], 0.0
    with tempfile.TemporaryDirectory() as name:
        for number in numbers:
            draw = random.Random(f"{seed} {kind} {number}")
            signal.setitimer(signal.ITIMER_PROF, 20 * MOST_SECONDS)  # who hangs, dies
            begun, size, wrong = time.process_time(), FOR_BYTES, ""
            try:
                size = KINDS[kind][1](draw, Path(name))
            except Exception as error:  # whatever it is, it is what we look for
                wrong = f"{type(error).__name__}: {str(error)[:120]!r}"
            seconds = (time.process_time() - begun) / max(1.0, size / FOR_BYTES)
            slowest = max(slowest, seconds if number > numbers.start else 0)  # the first one reads the rules
            if seconds > MOST_SECONDS and number > numbers.start:
                wrong = wrong or f"{seconds:.1f} s for 100 kB"
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if memory > MOST_MEMORY:
                return [*faults, f"{kind} {number}: {memory:,} bytes of memory"], slowest, memory
            faults += [f"{kind} {number}: {wrong}"] if wrong else []
    signal.setitimer(signal.ITIMER_PROF, 0)
    return faults, slowest, memory


def chunks(kind: str, n: int, seed: int) -> Iterator[tuple[list[str], float, float]]:
    """All chunks of a kind, each in a process of its own."""
    for start in range(0, n, CHUNK):
        numbers = range(start, min(n, start + CHUNK))
        with ProcessPoolExecutor(1) as pool:
            try:
                yield pool.submit(chunk, kind, numbers, seed).result()
            except BrokenProcessPool:
                yield [f"{kind} {numbers.start} to {numbers.stop}: the process died"], 0.0, 0.0


def main() -> int:
    """Reads all inputs; exit 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=200_000, help="how many in all (200,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, help="one kind alone")
    parser.add_argument("--only", type=int, help="one input of that kind, with its traceback")
    given = parser.parse_args()
    if given.only is not None:
        with tempfile.TemporaryDirectory() as name:
            KINDS[given.kind][1](random.Random(f"{given.seed} {given.kind} {given.only}"), Path(name))
        return 0
    n_faults = 0
    for kind in [given.kind] if given.kind else KINDS:
        n, begun, faults, slowest, memory = given.inputs * KINDS[kind][0] // 100, time.monotonic(), 0, 0.0, 0.0
        for found, seconds, peak in chunks(kind, n, given.seed):
            print("\n".join(found), end="\n" if found else "", flush=True)
            faults, slowest, memory = faults + len(found), max(slowest, seconds), max(memory, peak)
        took = time.monotonic() - begun
        row = {"inputs": n, "seed": given.seed, "faults": faults, "slowest_s_per_100_kB": round(slowest, 2)}
        row |= {"peak_MB": round(memory / 1e6), "seconds": round(took)}
        print(kind, *row.values(), flush=True)
        store("fuzz.csv", kind, row)
        n_faults += faults
    return int(n_faults > 0)


def store(name: str, kind: str, row: Mapping[str, float]) -> None:
    """Writes the row of a kind into a table of results, in the place of its older one."""
    path = RESULTS / name
    rows = pd.read_csv(path).to_dict("records") if path.exists() else []
    kept = {each["kind"]: each for each in rows} | {kind: {"kind": kind, **row}}
    pd.DataFrame(kept.values()).to_csv(path, index=False, lineterminator="\n")


if __name__ == "__main__":
    sys.exit(main())
