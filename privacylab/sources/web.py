"""Web archives: WARC, ARC and WACZ -> the pages in them, each capture a version of its host's document."""

import contextlib
import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import IO, Any

import brotli
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import BufferedReader
from warcio.exceptions import ArchiveLoadFailed

from privacylab.sources import kinds
from privacylab.sources.kinds import DAMAGE, MAX_UNPACKED, PACKED, Kind
from privacylab.sources.pages import Page, Reading, place_of, why

_MEDIA_TYPES = {
    "text/html": "text/html",
    "application/xhtml+xml": "text/html",
    "application/pdf": "application/pdf",
    "text/plain": None,
    "text/markdown": "text/markdown",
    "": None,
}
"""A server's names for pages, and our names; anything else is not a page."""

_RECORDS = ("response", "resource", "conversion", "revisit")
_WEB = re.compile(r"https?://", re.I)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.I)
_OWN_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset|^\xef\xbb\xbf|^\xff\xfe|^\xfe\xff|^\s*<\?xml[^>]{0,200}encoding", re.I
)


MAX_LINE = 20_000_000
"""Bytes between line ends; warcio joins the parts of a line again and again."""


class _Brotli:
    """What warcio needs of a decompressor; brotli's own cannot hold `unused_data`."""

    unused_data = b""

    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def decompress(self, data: bytes) -> bytes:
        """The next bytes; a few packed ones may stand for any number."""
        unpacked: bytes = self._inner.process(data, output_buffer_limit=MAX_UNPACKED)
        return unpacked

    def flush(self) -> None:
        """Nothing is held back."""


BufferedReader.DECOMPRESSORS["br"] = _Brotli


class _Steady:
    """A file that is read as far as it goes, with an error for a sudden end or an endless line."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401 (whatever reads bytes)
        self._file = file
        self.tell = file.tell
        self._n_open = 0  # bytes since the last line's end

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        try:
            data: bytes = self._file.read1(size)
        except EOFError:
            raise OSError("it ends within a record") from None
        end = data.rfind(b"\n")
        self._n_open = len(data) - end - 1 if end >= 0 else self._n_open + len(data)
        if self._n_open > MAX_LINE:
            raise OSError(f"a line of more than {MAX_LINE:,} bytes")
        return data


def _records(file: IO[bytes]) -> Iterator[Any]:
    try:
        yield from ArchiveIterator(_Steady(file), arc2warc=True)
    except AttributeError:  # warcio takes it for granted
        raise ValueError("a record does not say of what address it is") from None


class _Archive:
    """Reads records one after the other; the first of equal payloads is read for all."""

    def __init__(self, reading: Reading) -> None:
        self._store = reading.store
        self._known: dict[str, Page] = {}
        self._repeats: list[tuple[Any, str]] = []
        self._captures: list[Page] = []
        self.others: Counter[str] = Counter()

    def read(self, file: IO[bytes]) -> None:
        """Reads all records of a file.

        Raises:
            ValueError: A record is cut.
        """
        with contextlib.redirect_stderr(io.StringIO()):  # where warcio reports a wrong length
            for record in _records(file):
                url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
                status = record.http_headers.get_statuscode() if record.http_headers else "200"
                if record.rec_type not in _RECORDS or not _WEB.match(url):
                    continue
                if record.rec_type == "revisit":
                    self._repeats.append((record.rec_headers, url))
                elif status != "200":
                    self.others[f"of status {status}"] += 1
                else:
                    self._take_page(record, url)

    def read_members(self, file: IO[bytes]) -> None:
        """Reads the WARCs in a zip."""
        with zipfile.ZipFile(file) as members:
            warcs = [name for name in members.namelist() if re.search(r"\.w?arc(?:\.\w+)?$", name, re.I)]
            if not warcs:
                raise ValueError("it has no WARC")
            for name in warcs:
                with members.open(name) as packed:
                    kind = kinds.kind_of(packed)
                    unpacker = PACKED.get(kind.media_type) if kind else None
                    self.read(unpacker(packed) if unpacker else packed)

    def _take_page(self, record: Any, url: str) -> None:  # noqa: ANN401 (warcio has no types)
        declared = (record.http_headers or record.rec_headers).get_header("Content-Type") or ""
        name = declared.partition(";")[0].strip().lower()
        if name not in _MEDIA_TYPES:
            kind = name.partition("/")[0]
            self.others[kind if kind in ("image", "video", "audio", "font") else name] += 1
            return
        digest = record.rec_headers.get_header("WARC-Payload-Digest")
        page = self._known.get(digest)
        if page is None:
            data = record.content_stream().read(MAX_UNPACKED)
            if record.raw_stream.read(1) == b"" and getattr(record.raw_stream, "limit", 0) > 0:
                raise ValueError("its last record is cut")
            page = Page(content=self._store.keep(_in_utf8(data, declared)), media_type=_MEDIA_TYPES[name])
        if digest:
            self._known[digest] = page
        self._capture(page, record.rec_headers, url)

    def _capture(self, page: Page, headers: Any, url: str) -> None:  # noqa: ANN401
        date = headers.get_header("WARC-Date") or ""
        host, path = place_of(url)
        place = f"{re.sub(r'[^0-9]', '', date)[:14]}/{url}"
        self._captures.append(page._replace(place=place, service=host, document=path, date=date))

    def pages(self) -> list[Page]:
        """All captures; records that say "as before" get the earlier text, those of another archive are counted.

        A document's name is the last word of its path, unless two share it on one day.
        """
        for headers, url in self._repeats:
            if page := self._known.get(headers.get_header("WARC-Payload-Digest")):
                self._capture(page, headers, url)
            else:
                self.others["that repeat a page of another archive"] += 1
        paths: dict[tuple[str | None, str, str], set[str]] = defaultdict(set)
        for page in self._captures:
            paths[page.service, _last(page), (page.date or "")[:10]].add(page.document)
        shared = {key[:2] for key, several in paths.items() if len(several) > 1}
        return [
            page if (page.service, _last(page)) in shared else page._replace(document=_last(page))
            for page in self._captures
        ]


def _last(page: Page) -> str:
    return page.document.rpartition("/")[2] or "home"


def _in_utf8(data: bytes, content_type: str) -> bytes:
    """A page converted to UTF-8 if only the server knew its encoding."""
    charset = _CHARSET.search(content_type)
    if charset and not _OWN_CHARSET.search(data[:4096]):
        with contextlib.suppress(LookupError, UnicodeError):
            return data.decode(charset[1]).encode()
    return data


def web_pages(file: IO[bytes], kind: Kind, reading: Reading) -> Iterator[Page]:
    """The pages of a WARC or ARC, or of the WARCs in a WACZ."""
    archive, failure = _Archive(reading), None
    try:
        (archive.read_members if kind.media_type == "application/wacz" else archive.read)(file)
    except (*DAMAGE, ArchiveLoadFailed) as error:
        failure = why(error)
    pages = archive.pages()
    yield from pages
    if archive.others:
        others = ", ".join(f"{n:,} {name or 'of no type'}" for name, n in archive.others.most_common(5))
        n_records = f"{archive.others.total():,} records of {kind.name}"
        reading.notes.append(f"{n_records} are not pages and are left out: {others}")
    if failure:
        detail = f"{kind.name} that is damaged after {len(pages):,} pages ({failure}): copy it here again"
        yield Page(reason="unreadable", detail=detail)
    elif not pages:
        yield Page(reason="empty", detail=f"{kind.name} without a page: crawl again, or leave it out")
