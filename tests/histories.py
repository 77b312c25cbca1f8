"""Histories in git that tests make, also such as git itself would not write."""

import subprocess

import archives
from archives import day, texts

KITES = "Kites/Privacy Policy.md"
LOST = "the object is missing or damaged in the repository"


def ota(root, *versions):
    """An Open Terms Archive of one service: a commit for each (date, text)."""
    for date, text in versions:
        archives.commit(root, {KITES: text}, date)
    return root


def dated_texts(source):
    """Name, day and text of each version."""
    read = texts(source)
    return sorted((entry.name, day(entry), read[entry.source].decode()) for entry in source.entries())


def stored(root, kind, content):
    """Writes an object as it is, whatever git thinks of it; its name."""
    command = ["git", "-C", str(root), "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode().strip()


AUTHOR = "author A <a@example.org> 1577836800 +0000"


def commit_raw(root, text, author=AUTHOR, *more):
    """Commits another text of the policy under a header that git itself might not write."""
    archives.git(root, "update-index", "--cacheinfo", f"100644,{stored(root, 'blob', text.encode())},{KITES}")
    parent, committer = archives.git(root, "rev-parse", "HEAD"), AUTHOR.replace("author", "committer")
    header = [f"tree {archives.git(root, 'write-tree')}", f"parent {parent}", author, committer, *more]
    content = "\n".join([*header, "", "crawl", ""])
    archives.git(root, "update-ref", "HEAD", stored(root, "commit", content.encode()))


def lose(root, name):
    """Takes an object away; where its file stood."""
    path = root / ".git" / "objects" / name[:2] / name[2:]
    path.unlink()
    return path


def merged(root, resolution, first="a"):
    """Two branches change one policy, another service stands on one of them, and a merge says what holds."""
    ota(root, ("2020-01-01", first))
    archives.git(root, "checkout", "--quiet", "-b", "other")
    archives.commit(root, {KITES: "b", "Boats/Privacy Policy.md": "s"}, "2020-02-01")
    archives.git(root, "checkout", "--quiet", "main")
    archives.commit(root, {KITES: "c"}, "2020-03-01")
    archives.git(root, "merge", "--quiet", "--no-commit", "--strategy=ours", "other")
    archives.git(root, "checkout", "other", "--", "Boats")
    (root / KITES).write_text(resolution)
    archives.git(root, "commit", "--quiet", "--all", "--message", "merge", date="2020-04-01")
    return root
