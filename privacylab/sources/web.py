"""Web archives: WARC, ARC and WACZ -> the pages in them, each capture a version of its host's document."""

import contextlib
import io
import lzma
import re
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from privacylab.sources import kinds
from privacylab.sources.containers import Page, Reading, place_of
from privacylab.sources.kinds import MAX_UNPACKED, PACKED, Kind

_MEDIA_TYPES = {
    "text/html": "text/html",
    "application/xhtml+xml": "text/html",
    "application/pdf": "application/pdf",
    "text/plain": None,
    "text/markdown": "text/markdown",
    "": None,
}
"""What a server calls a page, and what it is here; anything else is no page."""

_DAMAGE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, ArchiveLoadFailed)


class _Capture(NamedTuple):
    """A page as an archive holds it."""

    host: str
    path: str
    date: str
    place: str
    content: str
    media_type: str | None


class _Steady:
    """A file of which each part is read that is there, and whose sudden end is no usual one."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401 (whatever reads bytes)
        self._file = file
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        try:
            data: bytes = self._file.read1(size)
        except EOFError:
            raise OSError("it ends within a record") from None
        return data


class _Archive:
    """Reads records one after the other; of equal payloads the first is read and stands for all."""

    def __init__(self, reading: Reading) -> None:
        self._store = reading.store
        self._contents: dict[str, tuple[str, str | None]] = {}
        self.captures: list[_Capture] = []
        self.others: Counter[str] = Counter()
        self.unresolved: list[Any] = []

    def read(self, file: IO[bytes]) -> None:
        """Reads all records of a file.

        Raises:
            ValueError: A record is cut.
        """
        with contextlib.redirect_stderr(io.StringIO()):  # where warcio speaks of a wrong length
            for record in ArchiveIterator(_Steady(file), arc2warc=True):
                self._take(record)

    def _take(self, record: Any) -> None:  # noqa: ANN401 (warcio has no types)
        url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
        if record.rec_type not in ("response", "resource", "conversion", "revisit") or not _WEB.match(url):
            return
        status = record.http_headers.get_statuscode() if record.http_headers else "200"
        if record.rec_type == "revisit":
            self.unresolved.append((record.rec_headers, url))
        elif status != "200":
            self.others[f"of status {status}"] += 1
        else:
            self._take_page(record, url)

    def _take_page(self, record: Any, url: str) -> None:  # noqa: ANN401
        headers = record.http_headers or record.rec_headers
        declared = headers.get_header("Content-Type") or ""
        name = declared.partition(";")[0].strip().lower()
        if name not in _MEDIA_TYPES:
            self.others[name.partition("/")[0] if name.startswith(("image", "video", "audio", "font")) else name] += 1
            return
        digest = record.rec_headers.get_header("WARC-Payload-Digest") or ""
        if digest not in self._contents or not digest:
            data = record.content_stream().read(MAX_UNPACKED)
            if record.raw_stream.read(1) == b"" and getattr(record.raw_stream, "limit", 0) > 0:
                raise ValueError("its last record is cut")
            self._contents[digest] = self._store(_in_utf8(data, declared)), _MEDIA_TYPES[name]
        self._capture(record.rec_headers, url, *self._contents[digest])

    def _capture(self, headers: Any, url: str, content: str, media_type: str | None) -> None:  # noqa: ANN401
        date = headers.get_header("WARC-Date") or ""
        host, path = place_of(url)
        place = f"{re.sub(r'[^0-9]', '', date)[:14]}/{url}"
        self.captures.append(_Capture(host, path, date, place, content, media_type))

    def resolve(self) -> None:
        """Gives records that say "as before" the text of before; those of another archive are counted."""
        for headers, url in self.unresolved:
            earlier = self._contents.get(headers.get_header("WARC-Payload-Digest") or "-")
            if earlier:
                self._capture(headers, url, *earlier)
            else:
                self.others["that repeat a page of another archive"] += 1


_WEB = re.compile(r"https?://", re.I)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.I)
_OWN_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset|^\xef\xbb\xbf|^\xff\xfe|^\xfe\xff|^\s*<\?xml[^>]{0,200}encoding", re.I
)


def _in_utf8(data: bytes, content_type: str) -> bytes:
    """A page in UTF-8 where only the server knew its encoding."""
    charset = _CHARSET.search(content_type)
    if charset and not _OWN_CHARSET.search(data[:4096]):
        with contextlib.suppress(LookupError, UnicodeError):
            return data.decode(charset[1]).encode()
    return data


def _pages(archive: _Archive, kind: Kind, reading: Reading, failure: str | None) -> Iterator[Page]:
    archive.resolve()
    titles = _titles(archive.captures)
    for each in archive.captures:
        document = titles[each.host, each.path]
        yield Page(each.place, each.content, each.host, document, each.date, media_type=each.media_type)
    others = ", ".join(f"{n:,} {name or 'of no type'}" for name, n in archive.others.most_common(5))
    if others:
        reading.note(f"{sum(archive.others.values()):,} records of {kind.name} are no pages and are left out: {others}")
    if failure:
        detail = f"{kind.name} that is damaged behind {len(archive.captures):,} pages ({failure}): copy it here again"
        yield Page(reason="unreadable", detail=detail)
    elif not archive.captures:
        yield Page(reason="empty", detail=f"{kind.name} without a page: crawl again, or leave it out")


def _titles(captures: list[_Capture]) -> dict[tuple[str, str], str]:
    """What the document at each address is called: the last word of its path, unless two had it on one day."""
    paths: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for each in captures:
        paths[each.host, _last(each.path), each.date[:10]].add(each.path)
    shared = {key[:2] for key, several in paths.items() if len(several) > 1}
    return {
        (each.host, each.path): each.path if (each.host, _last(each.path)) in shared else _last(each.path)
        for each in captures
    }


def _last(path: str) -> str:
    return path.rpartition("/")[2] or "home"


def _warc_pages(file: IO[bytes], kind: Kind, reading: Reading) -> Iterator[Page]:
    """The pages of a WARC or ARC."""
    archive, failure = _Archive(reading), None
    try:
        archive.read(file)
    except _DAMAGE as error:
        failure = str(error).strip().partition("\n")[0] or type(error).__name__
    yield from _pages(archive, kind, reading, failure)


def _wacz_pages(file: IO[bytes], kind: Kind, reading: Reading) -> Iterator[Page]:
    """The pages of the WARCs in a WACZ."""
    archive, failure = _Archive(reading), None
    try:
        with zipfile.ZipFile(file) as members:
            warcs = [name for name in members.namelist() if re.search(r"\.w?arc(?:\.\w+)?$", name, re.I)]
            if not warcs:
                failure = "it holds no WARC"
            for name in warcs:
                with members.open(name) as packed:
                    packing = kinds.kind_of(packed)
                    packed.seek(0)
                    archive.read(
                        PACKED[packing.media_type](packed) if packing and packing.media_type in PACKED else packed
                    )
    except (*_DAMAGE, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        failure = str(error).strip().partition("\n")[0] or type(error).__name__
    yield from _pages(archive, kind, reading, failure)


READERS: Mapping[str, Callable[[IO[bytes], Kind, Reading], Iterator[Page]]] = {
    "application/warc": _warc_pages,
    "application/x-internet-archive": _warc_pages,
    "application/wacz": _wacz_pages,
}
"""What reads which container."""
