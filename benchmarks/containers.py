"""Pages a second out of containers, beside a folder of the same pages.

    python benchmarks/containers.py [--pages 2000] [--rows 2000000]

Makes a WARC, a gzipped WARC, a table of JSON lines and a folder of the same pages (policies of invented words, each its
own), reads each to its blocks in a process of its own, and prints pages a second and the peak of memory. Then a table
of rows without text: seconds and memory. Writes `results/containers.csv`. Takes two minutes.
"""

import argparse
import gzip
import io
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from privacylab import normalize, sources

RESULTS = Path(__file__).parent / "results"
WORDS = "kite paper boat string tail wind shop basket order letter parcel bank address name email copy year".split()


def page(number: int) -> bytes:
    """A policy of some 20 kB, of words drawn by its number."""
    draw = random.Random(number)
    sections = []
    for _ in range(40):
        said = " ".join(draw.choices(WORDS, k=40))
        sections.append(
            f"<h2>{draw.choice(WORDS)} and {draw.choice(WORDS)}</h2><p>We collect your personal information, and with "
            f"your consent we share it with third parties: {said}. You may opt out of cookies when you {said}.</p>"
        )
    return f"<html><body><h1>Privacy Policy</h1>{''.join(sections)}</body></html>".encode()


def make(folder: Path, n_pages: int) -> Iterator[Path]:
    """The same pages as folder, WARC, gzipped WARC, and JSON lines."""
    pages = folder / "pages"
    for number in range(n_pages):
        own = pages / f"shop-{number}.org"
        own.mkdir(parents=True)
        (own / "2019-03-20.html").write_bytes(page(number))
    yield pages
    for name, packed in (("plain.warc", False), ("packed.warc.gz", True)):
        with (folder / name).open("wb") as file:
            writer = WARCWriter(file, gzip=packed, warc_version="WARC/1.0")
            for number in range(n_pages):
                head = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
                url, dated = f"https://shop-{number}.org/privacy", {"WARC-Date": "2019-03-20T08:15:30Z"}
                writer.write_record(
                    writer.create_warc_record(
                        url, "response", payload=io.BytesIO(page(number)), http_headers=head, warc_headers_dict=dated
                    )
                )
        yield folder / name
    with gzip.open(folder / "rows.jsonl.gz", "wt") as lines:
        for number in range(n_pages):
            row = {"domain": f"shop-{number}.org", "date": "2019-03-20", "html": page(number).decode()}
            lines.write(json.dumps(row) + "\n")
    yield folder / "rows.jsonl.gz"


def measured(source: Path, scratch: Path) -> tuple[float, float, int]:
    """Seconds of reading, the peak of its memory in megabytes, and its pages; in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_read, (source, scratch))


def _read(source: Path, scratch: Path) -> tuple[float, float, int]:
    """Opens a source and reads every page of it to its blocks: what a build does before it looks at words."""
    begun, n_pages = time.perf_counter(), 0
    scratch.mkdir()
    opened = sources.open_source(source, scratch=scratch)
    keys = list(dict.fromkeys(entry.content for entry in opened.entries() if not entry.reason))
    for _, data, _ in opened.contents(keys):
        n_pages += bool(normalize.blocks(data or b""))
    return time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, n_pages


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=2_000_000)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        for source in make(folder, arguments.pages):
            seconds, memory, n_read = measured(source, folder / f"of-{source.name}")
            rows.append({"source": source.name, "seconds": seconds, "a second": arguments.pages / seconds})
            rows[-1] |= {"megabytes": memory, "pages": n_read}
            print(rows[-1], flush=True)
        empty = folder / "empty.csv"
        with empty.open("w", encoding="utf-8") as file:
            file.write("domain,date,text\n")
            file.writelines(f"shop-{number}.org,2019-03-20,\n" for number in range(arguments.rows))
        seconds, memory, n_read = measured(empty, folder / "of-empty")
        rows.append({"source": "rows without text", "seconds": seconds, "a second": arguments.rows / seconds})
        rows[-1] |= {"megabytes": memory, "pages": n_read}
    table = pd.DataFrame(rows).round(1)
    table.to_csv(RESULTS / "containers.csv", index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
