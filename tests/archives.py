"""What the tests of the reading wing read: policies of invented services, archives in git, a tiny clause model."""

import datetime as dt
import os
import subprocess
from pathlib import Path

import numpy as np

from privacylab import sources
from privacylab.tables import schema

BASE = """
This privacy policy tells you how our shop for paper boats treats the personal information of its visitors.
We collect your name, your postal address and your email address when you order a boat from us.
We collect the address of your computer and the pages that you look at on our website.
Our shop sets cookies on your computer so that your basket is still there when you come back.
You may switch cookies off in your browser, and you may still read every page of our shop.
We share your personal information with the post office and with the third parties that handle our payments.
We do not sell your personal information to anybody, and we do not rent it to third parties.
We keep the information about your orders for as long as the tax office asks us to keep it.
Our website uses encryption, and only two people of our shop can open the list of your orders.
You may opt out of our letters about new boats with the link at the end of each of them.
You may ask us for a copy of the personal information that we hold about you at any time.
We will write on this page when we change our privacy policy, so please look at it again.
""".strip().split("\n")
"""Twelve sentences, 200 words: enough to pass as a policy."""

HARBOR = "We comply with the U.S.-EU Safe Harbor Framework as set forth by the United States Department of Commerce."
SHIELD = "We comply with the EU-U.S. Privacy Shield Framework as set forth by the United States Department of Commerce."
GDPR = "You have the right to erasure of your personal data under the General Data Protection Regulation (GDPR)."
LETTERS = "We send our letters about new paper boats to you no more than twice in each month of the year."
PARROT = "Our parrot reads the letters that you send us about your personal information and forgets them at once."

NO_POLICY = "The boat race begins at noon by the old mill, and the winner takes home a cake with blue icing. " * 10


def policy(*sentences: str, stated: str | None = None) -> str:
    """A policy in Markdown: the twelve sentences, and others after them, each a paragraph."""
    head = ["# Privacy Policy", *([f"Last updated: {stated}"] if stated else [])]
    return "\n\n".join([*head, *BASE, *sentences]) + "\n"


def page(*sentences: str) -> str:
    """The same as HTML."""
    paragraphs = "".join(f"<p>{sentence}</p>" for sentence in [*BASE, *sentences])
    return f"<html><body><h1>Privacy Policy</h1>{paragraphs}</body></html>"


def git(repository: Path, *arguments: str, date: str = "2020-01-01") -> str:
    """Runs git, its author dated."""
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    who |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
    env = {**os.environ, **who, "GIT_AUTHOR_DATE": f"{date}T12:00:00+0000", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", "-C", str(repository), *arguments], env=env, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit(repository: Path, files: dict[str, str | None], date: str) -> None:
    """Commits files (None: taken away) on a day, and makes the repository where there is none."""
    if not (repository / ".git").exists():
        repository.mkdir(parents=True, exist_ok=True)
        git(repository, "init", "--quiet", "--initial-branch=main")
    for name, text in files.items():
        path = repository / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "crawl", date=date)


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Writes files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def day(entry):
    """The day of an entry; None if it has no date."""
    return None if entry.moment is None else dt.datetime.fromtimestamp(entry.moment, dt.UTC).date().isoformat()


def seen(source):
    """Name, document and day of each entry, in order of day."""
    found = ((entry.name, entry.document, day(entry)) for entry in source.entries())
    return sorted(found, key=lambda row: (row[2] or "", row))


def texts(source):
    """The bytes of each version by its source, or why they could not be read."""
    entries = source.entries()
    keys = list(dict.fromkeys(entry.content for entry in entries))
    contents = {key: detail if data is None else data for key, data, detail in source.contents(keys)}
    return {entry.source: contents[entry.content] for entry in entries}


def opened(path, tmp_path):
    """The source at a path."""
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return sources.open_source(path, scratch=scratch)


class TinyModel:
    """A clause model of one word a category; all it needs to know of it is `scores` and `thresholds`."""

    thresholds = np.full(10, 0.5)
    words = ("collect", "share", "opt out", "copy", "keep", "encryption", "change", "track", "california", "parrot")

    def scores(self, texts, headings=None):
        found = [[0.9 if word in text.lower() else 0.1 for word in self.words] for text in texts]
        return np.array(found, dtype=np.float32).reshape(-1, len(schema.CATEGORIES))


def tiny_model() -> TinyModel:
    return TinyModel()


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of each file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
