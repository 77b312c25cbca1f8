"""Where policies come from: a folder, a file, a zip or tar, a git repository or bundle of one of the public archives.

Web archives and tables among the files become one entry per page or row.

A source lists its entries first (cheap: names and dates) and hands out their bytes on request, so that a build reads
each distinct content once.
"""

from collections.abc import Collection
from pathlib import Path

from privacylab.sources.archives import ARCHIVES, archive, clone, collection_of
from privacylab.sources.entries import END, FIRST, UNREAD, Entry, Source, SourceError, content_id, slug
from privacylab.sources.files import Files
from privacylab.sources.git import GitArchive, layout_of
from privacylab.sources.kinds import MAX_UNPACKED
from privacylab.sources.listing import counted, media_type_of
from privacylab.sources.pages import Columns
from privacylab.sources.repository import MAX_BYTES, TOO_LARGE, Change, Repository
from privacylab.sources.repository_files import folder_of, is_bundle


def open_source(path: Path, *, scratch: Path, columns: Columns | None = None, taken: Collection[str] = ()) -> Source:
    """The reader for a path, chosen by its layout.

    Args:
        path: A folder, a file, a git repository, a git bundle, a zip or a tar.
        scratch: A folder for temporary files, such as an unpacked bundle.
        columns: Which columns of tables to use, if their names do not show it.
        taken: The names of other sources: a second archive of one layout gets its folder's name.

    Raises:
        SourceError: It does not exist, is empty, or git cannot read it.
    """
    if not path.exists():
        raise SourceError(f"{path} does not exist: name a folder, a file, a git repository, a bundle, a zip or a tar")
    label = collection_of(path)
    if is_bundle(path) or (path.is_dir() and folder_of(path)):
        own = scratch / f"{path.stem}-{content_id(str(path.resolve()).encode())}.git"
        repository = Repository(path, own=own)
        layout = layout_of(repository)
        if layout:
            usual = layout.collection if layout.collection not in taken else slug(path.stem)
            return GitArchive(repository, layout._replace(collection=label or usual))
        if not label:
            raise SourceError(
                f"{path} is a git repository with an unknown layout: crawl/<domain>/*.txt (ToSBack2) or "
                "<Service>/Privacy Policy.md (Open Terms Archive); for a folder of files, copy them out of git"
            )
        path = repository.newest_files(own.with_suffix(".tar"))
    files = Files(path, scratch=scratch, columns=columns or Columns(), label=label)
    if not files.entries():
        raise SourceError(f"{path} has no policy: files must end in .html, .md, .txt, .pdf or as docs/formats.md lists")
    return files
