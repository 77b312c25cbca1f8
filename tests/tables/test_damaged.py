"""A corpus that is damaged, older or newer, or not alone in its folder: each command says so and changes nothing."""

import json
import os
import shutil

import archives
import pyarrow as arrow
import pytest
from pyarrow import parquet

from privacylab import build, tables
from privacylab.build import annotate


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A corpus of three policies, and their folder beside it."""
    folder = tmp_path_factory.mktemp("whole")
    texts = {f"{name}/2019-01-01.md": archives.policy(archives.GDPR, text) for name, text in TEXTS.items()}
    archives.write(folder / "mine", texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotate, "_model", archives.tiny_model)
        build.corpus([folder / "mine"], folder / "corpus", workers=1)
    return folder


TEXTS = {"kites": "We sell kites.", "boats": "We sell boats.", "rope": "We sell rope."}


@pytest.fixture
def copy(whole, tmp_path):
    """A copy that a test may damage, with its source and its parts."""
    return shutil.copytree(whole, tmp_path / "copy") / "corpus"


@pytest.fixture
def call(call):
    """Runs the command line; gives the exit code and the lines of both streams."""

    def run(*arguments):
        code, out, err = call(*arguments)
        return code, out.splitlines(), err.splitlines()

    return run


def text(content):
    """The manifest is this text."""
    return lambda folder: (folder / tables.MANIFEST).write_bytes(content.encode("latin-1"))


def manifest(*path, value=None, gone=False):
    """A value of the manifest is another one, or is missing."""

    def change(folder):
        known = inner = json.loads((folder / tables.MANIFEST).read_bytes())
        for name in path[:-1]:
            inner = inner[name]
        if gone:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        (folder / tables.MANIFEST).write_text(json.dumps(known))

    return change


def table(name, content=None):
    """A table is another file, or none."""

    def change(folder):
        path = folder / f"{name}.parquet"
        path.unlink() if content is None else path.write_bytes(content)

    return change


def column(name, change):
    """A table with another schema, whose hash and count are right."""

    def changed(folder):
        path = folder / f"{name}.parquet"
        parquet.write_table(change(parquet.read_table(path)), path)
        manifest("sha256", name, value=tables.sha256(path))(folder)

    return changed


def recast(name, kind):
    def change(found):
        place = found.schema.get_field_index(name)
        return found.set_column(place, name, arrow.array(["x"] * found.num_rows, kind))

    return change


def cut(folder):
    path = folder / "policies.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def flipped(folder):
    path = folder / "segments.parquet"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 255]) + data[len(data) // 2 + 1 :])


def pipe(folder):
    (folder / tables.MANIFEST).unlink()
    os.mkfifo(folder / tables.MANIFEST)


UNREADABLE = {
    **{repr(each[:12]): text(each) for each in ("", "{", "[]", "null", '"x"', "7", "\xff\x00", "[" * 100_000)},
    "a number too long": text('{"format": ' + "9" * 5_000 + "}"),
    "no manifest": lambda folder: (folder / tables.MANIFEST).unlink(),
    "a pipe": pipe,
    **{f"format {value!r}": manifest("format", value=value) for value in (1, tables.FORMAT + 1, "2", None, [], {})},
    **{f"no {name}": manifest(name, gone=True) for name in ("format", "parameters")},
    **{
        f"{'.'.join(path)} {value!r}": manifest(*path, value=value)
        for path in (
            *(("parameters",), ("parameters", "thresholds"), ("parameters", "thresholds", "Other"), ("counts",)),
            *(("counts", "policies"), ("sha256",), ("sha256", "cues"), ("sources",), ("sources", "mine")),
            *(("versions",), ("versions", "numpy"), ("parameters", "text"), ("sources", "mine", "notes")),
        )
        for value in (None, [3])
    },
    **{f"{name} is gone": table(name) for name in ("versions", "cues")},
}
"""Damage that a command sees when it opens the corpus."""

UNWHOLE = {
    **{f"no {'.'.join(path)}": manifest(*path, gone=True) for path in (("sha256",), ("counts",), ("sources",))},
    "no hash of a table": manifest("sha256", "cues", gone=True),
    "no count of a table": manifest("counts", "cues", gone=True),
    "another hash": manifest("sha256", "cues", value="0" * 64),
    "no threshold": manifest("parameters", "thresholds", "Other", gone=True),
    **{f"a table {content!r}": table("scores", content) for content in (b"", b"PAR1", b"PAR1 no table PAR1", b"text")},
    "a table cut short": cut,
    "a byte of a table": flipped,
    "a table of another": lambda folder: shutil.copy(folder / "cues.parquet", folder / "mentions.parquet"),
    "a column too few": column("versions", lambda found: found.drop_columns(["claims"])),
    "a column too many": column("cues", lambda found: found.append_column("mine", found["cue"])),
    "a column of text for numbers": column("policies", recast("n_words", arrow.string())),
    "a column of text for lists": column("versions", recast("claims", arrow.string())),
    "a column of text for dates": column("policies", recast("date", arrow.string())),
}
"""Damage that `verify` finds."""


def said(result):
    """What a command said that could not do its work: a line."""
    code, out, err = result
    assert (code, out, len(err)) == (2, [], 1), result
    assert err[0].startswith("privacylab: ")
    assert not any(word in err[0] for word in ("Error", "recursion", "NoneType", "object"))
    return err[0]


@pytest.mark.parametrize("damage", UNREADABLE.values(), ids=UNREADABLE)
def test_a_corpus_that_cannot_be_opened_is_a_line(damage, copy, tmp_path, call):
    damage(copy)
    lines = {
        said(call("verify", copy)),
        said(call("report", "--corpus", copy, "--out", tmp_path / "site")),
        said(call("export", copy, "--csv", tmp_path / "csv")),
    }
    assert len(lines) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]


@pytest.mark.parametrize("name", ["'[]'", "'{'", "no format", "no parameters", "versions is gone", "no manifest"])
def test_what_the_line_advises_works(name, copy, call):
    UNREADABLE[name](copy)
    advice = said(call("verify", copy))
    build = call("build", copy.parent / "mine", "--out", copy, "--force", "--workers", 1)
    if "build --force" in advice:
        assert build[0] == 0, build
        assert tables.verify(copy) == []
    else:
        assert "is not a corpus, so it is not replaced" in said(build)


@pytest.mark.parametrize("damage", UNWHOLE.values(), ids=UNWHOLE)
def test_a_corpus_that_is_not_whole_has_a_line_a_fault_and_an_update_mends_it(damage, copy, tmp_path, call):
    damage(copy)
    code, out, err = call("verify", copy)
    assert (code, out) == (2, [])
    assert len(err) >= 2
    assert "is not intact" in err[-1]
    assert not any("Traceback" in line for line in err)
    code, _, err = call("export", copy, "--csv", tmp_path / "csv")
    assert code == 0 or len(err) == 1, err
    assert call("build", copy.parent / "mine", "--out", copy, "--update", "--workers", 1)[0] == 0
    assert tables.verify(copy) == []


@pytest.mark.parametrize("content", [b"", b"PAR1", b"text"])
def test_a_report_of_a_damaged_table_is_a_line_before_anything_runs(content, copy, tmp_path, call):
    table("mentions", content)(copy)
    assert "mentions.parquet is damaged" in said(call("report", "--corpus", copy, "--out", tmp_path / "site"))


def test_a_strangers_file_stays_and_hinders_no_reading(copy, tmp_path, call):
    (copy / "notes.txt").write_text("mine")
    assert call("verify", copy)[0] == 0
    assert call("export", copy, "--csv", tmp_path / "csv")[0] == 0
    for mode in ("--update", "--force", "--resume"):
        assert "notes.txt, which would be lost" in said(call("build", copy.parent / "mine", "--out", copy, mode))
    assert (copy / "notes.txt").read_text() == "mine"
