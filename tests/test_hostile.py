"""Texts and files that cost much of little: what one byte repeated may take of time, and a bomb of memory."""

import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import textwrap
import time
import zipfile

import archives
import pandas as pd
import pytest

from privacylab import build, cues, explore, files, frameworks, normalize, paths
from privacylab.build import annotate
from privacylab.explore import policy
from privacylab.explore.texts import Texts
from privacylab.text.segments import MAX_CHARACTERS, segments

MOST_SECONDS = 3
"""Of processor time, for any of these."""

# --- Time -----------------------------------------------------------------------------------------------------------

UNITS = [
    *("a", "1.", "a.", "w.", "data:", "é", "Ã", "\ufb01", "_a_", "# a\n", "<h1>a</h1>", "1) a\n", "b>", '[a](/b "c'),
    *("|a|b|\n|-|-|\n|a|b|\n", "<title>", "&", "%2", "May 25, 2018 ", "tel 1", "we may share it with you, "),
]
NESTED = ["div", "ul><li", "ol><li", "blockquote", "table><tr><td", "a", "pre"]


def nested(tags, n):
    opening = [f"<{tag}>" for tag in tags.split("><")]
    closing = [f"</{tag}>" for tag in reversed(tags.split("><"))]
    return f"<html><body>{''.join(opening) * n}text{''.join(closing) * n}"


HOSTILE = {
    **{f"{unit!r} again and again": (unit * (100_000 // len(unit.encode())), None) for unit in UNITS},
    **{f"{tags} in {tags}": (nested(tags, 700_000 // (5 + 2 * len(tags))), "text/html") for tags in NESTED},
    "frames that hold the nested": (f"<html><iframe srcdoc='{nested('ul><li', 35_000)}'></iframe>", "text/html"),
    "quotation marks": (">" * 700_000, "text/markdown"),
    "scripts that do not end": ("</script" + "<script>" * 12_000, "text/markdown"),
    "attributes": (f"<html><p {' '.join(f'a{i}=1' for i in range(90_000))}>x</p>", "text/html"),
    "escapes of escapes": ("&" + "amp;" * 25_000 + "lt;", None),
    "escapes of escapes, by numbers": ("&" + "#38;#x26;" * 11_000 + "lt;", None),
    "links in links": ("[" * 11_000 + "a" + "](/x)" * 11_000, "text/markdown"),
    "a table with many rows": ("|a|b|\n|-|-|\n" + "|a|b|\n" * 15_000, "text/markdown"),
    "a table with many heads": (f"<table><tr>{'<th>a' * 9_000}</tr>{'<tr><td>a' * 5_000}", "text/html"),
    "styles": (f"<html><style>{'p{white-space: pre}' * 2_500}</style>{'<p>a</p>' * 5_000}", "text/html"),
    "banners in banners": ("<html>" + "<div id=cookie><button>Accept all</button>" * 2_200, "text/html"),
    "one printed line": ("We share data with partners. " * 13_800, None),
    "one printed word": ("a" * 400_000, None),
}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)
    policy.of_data(archives.policy(archives.GDPR), name="warm")  # rules are read, whatever runs first


@pytest.fixture
def clock():
    """Says that a test took too long."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < MOST_SECONDS


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_the_square_of_its_length(name, clock):
    text, media_type = HOSTILE[name]
    policy.of_data(text, name="a", media_type=media_type)


@pytest.mark.parametrize("read", [cues.cues, frameworks.mentions])
def test_nor_does_a_line_that_says_the_same_again_and_again(read, clock):
    read("reach our Data Protection Officer under the GDPR at [dp" * 1_500)


@pytest.mark.parametrize("name", ["'# a\\n' again and again", "'1) a\\n' again and again", "one printed line"])
def test_nor_does_the_difference_of_two(name, clock):
    text, media_type = HOSTILE[name]
    middle = len(text) // 2
    sides = [
        segments(normalize.blocks(each, media_type=media_type))
        for each in (text, f"{text[:middle]} something else {text[middle:]}")
    ]
    rows = {segment: str(number) for number, segment in enumerate(dict.fromkeys(sides[0] + sides[1]))}
    columns = ["policy_id", "position", "segment_id"]
    occurrences = [(name, i, rows[each]) for name, side in zip("ab", sides, strict=True) for i, each in enumerate(side)]
    texts = pd.DataFrame([(number, *segment[:2], ()) for segment, number in rows.items()])
    texts.columns = ["segment_id", "heading", "text", "categories"]
    read = Texts(pd.DataFrame({"policy_id": ["a", "b"]}), pd.DataFrame(occurrences, columns=columns), texts, "a test")
    assert explore.side_by_side(explore.differences(read, "a", "b"), before="a", after="b")


def test_half_a_letter_is_a_blank():
    text = "\ud800GDPR\udfff and \ud800We keep logs for 90 days."
    assert [(found.framework, found.start) for found in frameworks.mentions(text)] == [("gdpr", 1)]
    assert [(found.cue, found.value) for found in cues.cues(text)] == [("retention_period", "P90D")]


def test_a_sentence_without_an_end_is_cut_at_a_blank_and_loses_no_word():
    text = "word " * 5_000 + "x" * 12_000
    parts = [segment.text for segment in segments(normalize.blocks(text))]
    assert max(map(len, parts)) <= MAX_CHARACTERS
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert {len(part.split()[-1]) for part in parts[:4]} == {4}


# --- Memory ---------------------------------------------------------------------------------------------------------

UNPACKED = 1_500
"""Megabytes that each bomb unpacks to."""

MOST_MEMORY = 2_500_000_000
"""Bytes of address space."""


def megabytes():
    return io.BufferedReader(_Megabytes())


class _Megabytes(io.RawIOBase):
    left = UNPACKED * 1_000_000

    def readable(self):
        return True

    def readinto(self, target):
        n = min(len(target), self.left)
        target[:n] = b"a" * n
        self.left -= n
        return n


def poured(file, head=b"", tail=b""):
    with file:
        file.write(head)
        for _ in range(UNPACKED):
            file.write(b"a" * 1_000_000)
        file.write(tail)


def bomb_zip(path, member="evil-2018-05-26.txt"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("word/document.xml", "<w:document xmlns:w='a'/>")
        poured(archive.open(member, "w", force_zip64=True))


def bomb_tar(path):
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        info = tarfile.TarInfo("evil-2018-05-26.txt")
        info.size = UNPACKED * 1_000_000
        archive.addfile(info, megabytes())


def bomb_tar_note(path):
    note = tarfile.TarInfo("note")
    note.type, note.size = tarfile.XHDTYPE, UNPACKED * 1_000_000
    poured(gzip.open(path, "wb", 1), tarfile.TarInfo("a.txt").tobuf() + note.tobuf(tarfile.USTAR_FORMAT))


RECORD = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nX: "
BOMBS = {
    "a.zip": bomb_zip,
    "a.tar.gz": bomb_tar,
    "note.tar.gz": bomb_tar_note,
    "a.docx": lambda path: bomb_zip(path, "word/_rels/document.xml.rels"),
    "a.html.gz": lambda path: poured(gzip.open(path, "wb", 1)),
    "a.html.xz": lambda path: poured(lzma.open(path, "wb", preset=0)),
    "a.csv.gz": lambda path: poured(gzip.open(path, "wb", 1), b"service,date,text\na,2018-05-25,"),
    "a.jsonl.gz": lambda path: poured(gzip.open(path, "wb", 1), b'{"text": "a"}\n{"text": "b"}\n{"text": "'),
    "a.warc.gz": lambda path: poured(gzip.open(path, "wb", 1), RECORD),
}

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({most}, {most}))
sys.argv = ["privacylab", *sys.argv[1:]]
from privacylab import cli
cli.main()
"""


def run_limited(*arguments):
    """The command line with little memory."""
    program = textwrap.dedent(LIMITED.format(most=MOST_MEMORY))
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(paths.PACKAGE.parent)}
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], env=os.environ | threads, capture_output=True, text=True
    )


QUICK = {"a.zip", "a.tar.gz", "a.warc.gz"}
SLOW = pytest.mark.skipif("PRIVACYLAB_HOSTILE" not in os.environ, reason="half a minute: set PRIVACYLAB_HOSTILE")


@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=SLOW) for name in BOMBS])
def test_a_bomb_costs_a_line(name, tmp_path):
    BOMBS[name](tmp_path / name)
    done = run_limited("build", tmp_path / name, "--out", tmp_path / "corpus", "--workers", "1")
    assert "Traceback" not in done.stderr
    about = [
        line
        for line in done.stderr.splitlines()
        if "rejected, unreadable" in line or "too_large" in line or "damaged or" in line
    ]
    assert len(about) == 1, done


@pytest.mark.parametrize("name", ["a.html.gz", "a.docx"])
def test_annotate_reads_a_bomb_to_its_limit(name, tmp_path):
    BOMBS[name](tmp_path / name)
    done = run_limited("annotate", tmp_path / name)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done
    assert "too_large" in done.stderr


def test_more_than_the_memory_holds_costs_a_line(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise MemoryError

    archives.write(tmp_path / "mine", {"a-2018-05-25.md": archives.policy()})
    monkeypatch.setattr(normalize, "read", full)

    versions = build.corpus([tmp_path / "mine"], tmp_path / "corpus", workers=1).versions()
    assert versions["reason"].tolist() == ["too_large"]


def test_an_ordinary_file_is_opened_and_a_pipe_is_not(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    with files.ordinary(tmp_path / "file") as file:
        assert file.read() == b"x"
    with pytest.raises(OSError, match="a pipe or a device"):
        files.ordinary(tmp_path / "pipe")
