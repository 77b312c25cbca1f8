"""The command line: what it answers, how it fails, and that each command runs on the samples."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import archives
import nbformat
import pandas as pd
import psutil
import pytest
from archives import policy
from typer.testing import CliRunner

import privacylab
from privacylab import __main__, cli, paths, tables
from privacylab.build import annotate
from privacylab.cli import console
from privacylab.explore import others
from privacylab.explore import policy as policy_page
from privacylab.tables import schema, spreadsheet

COMMANDS = "build fetch report annotate compare export verify train evaluate".split()


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """The samples, built by the command line."""
    out = tmp_path_factory.mktemp("samples") / "corpus"
    result = CliRunner().invoke(cli.app, ["build", str(paths.samples()), "--out", str(out), "--workers", "1"])
    assert result.exit_code == 0, result.output
    return out


def one_line(text):
    return text.count("\n") == 1 and text.endswith("\n") and "Traceback" not in text


# --- Help and version -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_shows_an_example(command, call):
    code, out, _ = call(command, "--help")
    assert code == 0
    assert f"Example: privacylab {command}" in out


def test_the_help_lists_every_command(call):
    code, out, _ = call("--help")
    assert code == 0
    assert [command for command in COMMANDS if command not in out] == []


def test_the_version(call):
    assert call("--version") == (0, f"privacylab {privacylab.__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["build"], ["build", "x"], ["build", "x", "--out", "y", "--workers", "0"], ["verify"]]
)
def test_a_wrong_call_ends_with_2_and_says_how(arguments, call):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: " in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "place", "offered"),
    [("privacylab an", "1", "annotate"), ("privacylab build x --every ", "4", "half-year\nquarter\nall")],
)
def test_a_shell_completes_commands_and_values(words, place, offered):
    asked = {"_PRIVACYLAB_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": place}
    command = [str(Path(sys.executable).with_name("privacylab"))]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert done.stdout.split() == offered.split()


@pytest.mark.parametrize("columns", [40, 80])
def test_help_fits_the_terminal(columns):
    for command in ([], *([name] for name in COMMANDS)):
        result = CliRunner().invoke(
            cli.app, [*command, "--help"], terminal_width=columns, env={"COLUMNS": str(columns)}
        )
        assert result.exit_code == 0
        assert max(map(len, result.output.splitlines())) <= columns


def test_python_m_privacylab_is_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "privacylab", "verify", "gone"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "gone" in done.stderr
    assert "make one with privacylab build" in done.stderr
    assert one_line(done.stderr)


# --- build ----------------------------------------------------------------------------------------------------------


def test_build_says_what_it_made(tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {"boats/2019-01-01.md": policy(), "boats/2019-01-02.md": policy()})
    code, out, err = call("build", tmp_path / "mine", "--out", tmp_path / "out", "--workers", 1)
    assert (code, err) == (0, "")
    assert "1 kept, 1 sampled out" in out
    assert "1 policy, 12 distinct segments" in out
    assert str(tmp_path / "out") in out
    assert "a folder for each service" in out


def test_build_says_at_its_end_which_policies_have_no_date(tmp_path, call, tiny):
    names = ["boats/2019-01-01.md", "boats/2019-02-30.md", "kites/policy.md", "kites/2018.md"]
    archives.write(tmp_path / "mine", {name: policy(f"We sell boat number {name}.") for name in names})
    code, _, err = call("build", tmp_path / "mine", "--out", tmp_path / "out", "--workers", 1)
    assert code == 0
    (line,) = [line for line in err.splitlines() if "no usable date" in line]
    assert line.startswith("3 policies have no usable date and count nowhere: ")
    assert all(name in line for name in names[1:])


@pytest.mark.parametrize(("more", "expected"), [([], 0), (["--strict"], 1)])
def test_build_tells_each_rejection_in_a_line_and_strict_ends_with_1(more, expected, tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {"boats/2019-01-01.md": policy(), "boats/[b] 2019-01-02.md": b""})
    code, _, err = call("build", tmp_path / "mine", "--out", tmp_path / "out", "--workers", 1, *more)
    assert code == expected
    assert len(err.splitlines()) == 1
    assert err.startswith("boats/[b] 2019-01-02.md: rejected, empty")
    assert tables.verify(tmp_path / "out") == []


def test_strict_ends_with_0_where_nothing_was_rejected(tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {"boats/2019-01-01.md": policy()})
    assert call("build", tmp_path / "mine", "--out", tmp_path / "out", "--workers", 1, "--strict")[0] == 0


def test_many_rejections_are_cut_short(tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {f"boats/{n}.md": b"" for n in range(12)})
    _, _, err = call("build", tmp_path / "mine", "--out", tmp_path / "out", "--workers", 1)
    assert len(err.splitlines()) == 11
    assert "2 more" in err.splitlines()[-1]
    assert "-v" in err.splitlines()[-1]


@pytest.mark.parametrize("place", [0, 1, 7])
def test_verbose_tells_all_rejections_and_each_stage(place, tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {"boats/a.md": policy(), **{f"boats/{n}.md": b"" for n in range(12)}})
    command = ["build", tmp_path / "mine", "--out", tmp_path / "out", "--workers", 1]
    code, _, err = call(*command[:place], "-v", *command[place:])
    assert code == 0
    assert err.count("rejected, empty") == 12
    assert re.search(r"^ +\d+\.\d s  \w.*: \d+$", err, flags=re.M)
    assert "more: see" not in err


def test_names_with_spaces_and_beyond_ascii(tmp_path, call, tiny):
    source, out = tmp_path / "mine og øvrige", tmp_path / "ud [1] :boat:"
    archives.write(source, {"Blåbær & Søn/Blåbær & Søn 2019-01-01.md": policy(), "纸船/2019-01-01.md": policy()})
    code, told, _ = call("build", source, "--out", out, "--workers", 1)
    assert code == 0
    assert told.endswith(f"in {out}\n")
    corpus = tables.Corpus.open(out)
    assert corpus.policies()["policy_id"].tolist() == ["blåbær-søn@2019-01-01", "纸船@2019-01-01"]
    assert set(corpus.versions()["collection"]) == {"mine-og-øvrige"}


def test_build_takes_its_options(tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {f"boats/2019-01-0{n}.md": policy(*[archives.GDPR] * n) for n in (1, 2)})
    options = ["--every", "all", "--no-text", "--workers", 1]
    assert call("build", tmp_path / "mine", "--out", tmp_path / "out", *options)[0] == 0
    parameters = tables.Corpus.open(tmp_path / "out").manifest["parameters"]
    assert (parameters["every"], parameters["text"]) == ("all", False)


@pytest.mark.parametrize("mode", ["--update", "--force", "--resume"])
def test_build_over_a_corpus_needs_to_be_told(mode, tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {"boats/2019-01-01.md": policy()})
    command = ["build", tmp_path / "mine", "--out", tmp_path / "out", "--workers", 1]
    assert call(*command)[0] == 0
    code, out, err = call(*command)
    assert (code, out) == (2, "")
    assert one_line(err)
    assert str(tmp_path / "out") in err
    assert all(remedy in err for remedy in ("--update", "--resume", "--force", "--out"))
    assert call(*command, mode)[0] == 0


def test_an_update_says_what_is_new_and_what_is_gone(tmp_path, call, tiny):
    files = {f"{name}/2019-01-01.md": policy(f"We sell {name}.") for name in ("boats", "kites")}
    archives.write(tmp_path / "mine", files)
    command = ["build", tmp_path / "mine", "--out", tmp_path / "out", "--workers", 1]
    assert "new: " not in call(*command)[1]
    assert "new: none; gone: none" in call(*command, "--update")[1]
    (tmp_path / "mine" / "kites" / "2019-01-01.md").unlink()
    archives.write(tmp_path / "mine", {f"boats/2019-01-0{n}.md": policy(f"We sell {n} boats.") for n in (1, 2)})
    told = call(*command, "--update")[1]
    assert "new: 2 versions (boats); gone: 2 versions (boats, kites)" in told


def test_modes_exclude_each_other(tmp_path, call):
    code, _, err = call("build", tmp_path, "--out", tmp_path / "out", "--update", "--force")
    assert code == 2
    assert one_line(err)
    assert "--update and --force" in err


# --- Errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "gone", "--out", "out"], "gone .*name a folder"),
        (["build", "empty", "--out", "out"], r"empty .*\.html"),
        (["build", "short.zip", "--out", "out"], r"short\.zip .*damaged"),
        (["build", "short.bundle", "--out", "out"], r"short\.bundle .*damaged"),
        (["build", "code", "--out", "out"], "code .*copy them out of git"),
        (["build", "badcsv", "--out", "out"], r"metadata\.csv .*service,date,path.* path"),
        (["build", "short.zip", "--out", "out", "--every", "day"], "'day' .*half-year, quarter, all"),
        (["verify", "empty"], r"empty .*manifest\.json.*privacylab build"),
        (["export", "empty", "--csv", "csv"], "empty .*privacylab build"),
        (["annotate", "gone.md"], r"gone\.md"),
        (["annotate", "empty"], "directory: empty"),
        (["annotate", "photo.md"], r"photo\.md.*not_text"),
        (["report", "--corpus", "empty"], "empty .*privacylab build"),
        (["fetch", "boats"], "'boats' .*NAME=URL_OR_PATH"),
        (["fetch", "boats=ext::sh -c id"], "ext::sh -c id .*https .*path"),
        (["fetch", "boats=git@example.org:x.git"], r"git@example\.org:x\.git .*https .*path"),
        (["fetch", "../x=empty"], r"'\.\./x=empty' .*NAME=URL_OR_PATH"),
        (["fetch", "--", "-v=empty"], "'-v=empty' .*NAME=URL_OR_PATH"),
    ],
)
def test_an_error_is_one_line_and_ends_with_2(arguments, said, tmp_path, monkeypatch, call, tiny):
    archives.write(
        tmp_path,
        {
            "short.zip": b"PK\x03\x04 and no more",
            "short.bundle": b"# v2 git bundle\n",
            "photo.md": bytes(1000),
            "badcsv/metadata.csv": "path\na.md\n",
        },
    )
    (tmp_path / "empty").mkdir()
    archives.commit(tmp_path / "code", {"main.c": "int main;"}, "2020-01-01")
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("privacylab: ")
    assert re.search(said, err)
    assert one_line(err)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [["export", "--csv"], ["report", "--out", "--corpus"]])
def test_a_place_that_cannot_be_written_is_one_line(command, samples, tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    name, option, *corpus = command
    code, out, err = call(name, option, "file/out", *corpus, samples)
    assert (code, out) == (2, "")
    assert one_line(err)
    assert "Not a directory" in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_debug_shows_where_an_error_comes_from(tmp_path, call):
    with pytest.raises(tables.CorpusError):
        call("--debug", "verify", tmp_path)
    assert call("verify", tmp_path)[0] == 2


def test_debug_prints_a_traceback(tmp_path):
    command = [sys.executable, "-m", "privacylab", "--debug", "verify", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_an_interrupt_is_one_line(tmp_path, monkeypatch, call):
    def interrupt(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "verify", interrupt)
    code, out, err = call("verify", tmp_path)
    assert (code, out) == (130, "")
    assert one_line(err)
    assert "stopped; existing files are unchanged" in err


SLOWLY = """
import time, archives
from privacylab import __main__
from privacylab.build import annotate, versions, workers
read = versions.read
annotate._model, workers.READ_BATCH = archives.tiny_model, 1
versions.read = lambda *given, **options: time.sleep(0.3) or read(*given, **options)
__main__.main()
"""


@pytest.fixture
def slow_build(tmp_path):
    """A build by two workers that has read some of twelve services; its command and options."""
    archives.write(tmp_path / "mine", {f"shop-{n}/2019-01-01.md": policy(f"Shop {n}.") for n in range(12)})
    places = map(str, (Path(__file__).parent, paths.PACKAGE.parent))
    command = [sys.executable, "-c", SLOWLY, "build", "mine", "--out", "out", "--workers", "2"]
    options = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": os.pathsep.join(places)}, "text": True}
    build = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True, **options)
    while not list(tmp_path.glob(".out.parts/part-*")) and build.poll() is None:
        time.sleep(0.05)
    return build, command, options


def test_a_build_that_is_interrupted_says_what_stands_and_goes_on(slow_build, tmp_path):
    build, command, options = slow_build
    os.killpg(build.pid, signal.SIGINT)  # as a terminal does: all processes get it
    told = build.communicate()[1]
    assert build.returncode == 130
    assert one_line(told)
    assert "give --resume to go on" in told
    assert len(list(tmp_path.glob(".out.parts/part-*"))) < 12
    assert not (tmp_path / "out").exists()
    subprocess.run([*command, "--resume"], check=True, **options)
    assert tables.verify(tmp_path / "out") == []


def test_the_workers_of_a_killed_build_end_and_hold_no_lock(slow_build, tmp_path):
    build, command, options = slow_build
    workers = psutil.Process(build.pid).children()
    assert workers
    build.kill()
    build.wait()
    staying = psutil.wait_procs(workers, timeout=30)[1]
    for each in staying:
        each.kill()
    assert staying == []
    subprocess.run([*command, "--resume"], check=True, **options)
    assert tables.verify(tmp_path / "out") == []


def test_a_ctrl_c_that_python_drops_comes_again():
    program = """
import time, weakref
from privacylab import __main__, cli
class Thing: pass
def interrupted(reference):
    raise KeyboardInterrupt
def run():
    thing = Thing()
    kept = weakref.ref(thing, interrupted)
    del thing
    try:
        time.sleep(10)
    except KeyboardInterrupt:
        print("came again")
cli.main = run
__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("came again\n", "")


def test_an_interrupt_while_python_loads_is_one_line(capsys, monkeypatch):
    class Interrupted:
        def find_spec(self, name, *rest):
            raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "privacylab.cli")
    monkeypatch.delattr(privacylab, "cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupted()])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130
    assert one_line(capsys.readouterr().err)


# --- What strangers wrote is shown, not obeyed ------------------------------------------------------------------------

HOSTILE = "a\x1b]0;x\x07\x1b[31m\x9b\u202e\u2066b\r\nfake line.md"
SHOWN = r"a\x1b]0;x\x07\x1b[31m\x9b\u202e\u2066b\r\nfake line.md"


@pytest.mark.parametrize("text", [policy(), "too short"])
def test_a_name_is_shown_with_what_is_not_printed(text, tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {HOSTILE: text})
    _, *printed = call("build", tmp_path / "mine", "--out", tmp_path / "corpus", "--workers", "1")
    _, *annotated = call("annotate", tmp_path / "mine" / HOSTILE)
    lines = "".join([*printed, *annotated]).split("\n")
    assert [line for line in lines if not line.isprintable() or line.startswith("fake")] == []
    assert SHOWN in "".join(annotated).replace("\n", "")


def test_json_is_plain_ascii(tmp_path, call, tiny):
    archives.write(tmp_path, {HOSTILE: policy()})
    _, out, _ = call("annotate", tmp_path / HOSTILE, "--json")
    assert out.isascii()
    assert json.loads(out)["name"] == HOSTILE


@pytest.mark.parametrize("place", ["pipe", "/dev/zero"])
def test_annotate_refuses_what_is_no_ordinary_file(place, tmp_path, call):
    os.mkfifo(tmp_path / "pipe")
    code, _, err = call("annotate", tmp_path / place)
    assert (code, one_line(err)) == (2, True)
    assert "a pipe or a device" in err


# --- verify, export -------------------------------------------------------------------------------------------------


def test_verify_says_that_the_samples_are_whole(samples, call):
    code, out, err = call("verify", samples)
    assert (code, err) == (0, "")
    assert str(samples) in out


def test_verify_tells_each_fault_and_ends_with_2(samples, tmp_path, call):
    copy = shutil.copytree(samples, tmp_path / "copy")
    (copy / "cues.parquet").write_bytes((copy / "scores.parquet").read_bytes())
    code, out, err = call("verify", copy)
    assert (code, out) == (2, "")
    *faults, summary = err.splitlines()
    assert len(faults) == 2
    assert faults[0].startswith("cues.parquet: ")
    assert str(copy) in summary
    assert "privacylab build --force" in summary


def test_export_writes_csv_that_pandas_reads(samples, tmp_path, call):
    code, out, _ = call("export", samples, "--csv", tmp_path / "csv")
    assert code == 0
    assert str(tmp_path / "csv") in out
    assert {path.stem for path in (tmp_path / "csv").iterdir()} == {*schema.TABLES, "codebook"}
    corpus = tables.Corpus.open(samples)
    for name in schema.TABLES:
        table = pd.read_csv(tmp_path / "csv" / f"{name}.csv", keep_default_na=False)
        assert list(table.columns) == list(schema.TABLES[name].columns)
        assert len(table) == corpus.manifest["counts"][name]
    policies = pd.read_csv(tmp_path / "csv" / "policies.csv", parse_dates=["date"])
    assert policies["date"].tolist() == corpus.policies()["date"].tolist()
    segments = pd.read_csv(tmp_path / "csv" / "segments.csv", keep_default_na=False)
    as_help_says = segments["text"].str.replace(r"^'(?='*[=+@\t-])", "", regex=True)
    assert as_help_says.tolist() == corpus.segments()["text"].tolist()
    assert (tmp_path / "csv" / "segments.csv").read_bytes().startswith(b"\xef\xbb\xbf")


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1"]


def test_no_cell_of_a_csv_is_a_formula_and_numbers_stay():
    frame = pd.DataFrame({"text": [*FORMULAS, "it's"], "n": [-1, *range(6)]})
    cells = spreadsheet.harmless(frame)
    assert cells["text"].tolist() == [*(f"'{text}" for text in FORMULAS), "it's"]
    assert cells["n"].tolist() == frame["n"].tolist()


def test_a_workbook_holds_texts_numbers_and_no_formula(tmp_path):
    pytest.importorskip("xlsxwriter")
    frame = pd.DataFrame({"text": [*FORMULAS, "x" * 40_000], "n": [-1.5, *range(6)], "day": [pd.NaT] * 7})
    spreadsheet.to_xlsx({"mine": frame}, tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        sheet, strings = (book.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "sharedStrings"))
    assert "<f>" not in sheet
    assert "<v>-1.5</v>" in sheet
    assert [text for text in FORMULAS if f">{text}<" not in strings.replace("&apos;", "'")] == []
    assert "x" * spreadsheet.MAX_CELL in strings


def test_a_table_longer_than_a_sheet_is_for_csv(tmp_path, monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_ROWS", 2)
    with pytest.raises(ValueError, match="mine has 2 rows, a sheet has 2: use --csv"):
        spreadsheet.to_xlsx({"mine": pd.DataFrame({"n": [1, 2]})}, tmp_path / "a.xlsx")


@pytest.mark.parametrize("options", [[], ["--csv", "a", "--xlsx", "b.xlsx"]])
def test_export_writes_one_of_csv_and_workbook(options, samples, call):
    code, _, err = call("export", samples, *options)
    assert (code, one_line(err)) == (2, True)
    assert "give one of --csv" in err


def test_export_joins_lists_with_semicolons(samples, tmp_path, call):
    call("export", samples, "--csv", tmp_path / "csv")
    versions = pd.read_csv(tmp_path / "csv" / "versions.csv", keep_default_na=False)
    expected = [";".join(claims) for claims in tables.Corpus.open(samples).versions()["claims"]]
    assert versions["claims"].tolist() == expected


def test_export_replaces_nothing(samples, tmp_path, call):
    archives.write(tmp_path / "csv", {"mine.txt": "x"})
    code, _, err = call("export", samples, "--csv", tmp_path / "csv")
    assert code == 2
    assert one_line(err)
    assert str(tmp_path / "csv") in err
    assert "another folder" in err
    assert [path.name for path in tmp_path.iterdir()] == ["csv"]


def test_an_export_that_fails_leaves_nothing(samples, tmp_path, call, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    assert call("export", samples, "--csv", tmp_path / "csv")[0] == 2
    assert list(tmp_path.iterdir()) == []


# --- fetch ----------------------------------------------------------------------------------------------------------


def test_fetch_clones_a_local_repository_that_build_reads(tmp_path, call, tiny):
    archives.commit(tmp_path / "theirs", {"boats.com/Privacy Policy.md": policy()}, "2020-01-01")
    code, out, _ = call("fetch", f"ota={tmp_path / 'theirs'}", "--into", tmp_path / "archives")
    assert code == 0
    assert str(tmp_path / "archives" / "ota") in out
    assert call("build", tmp_path / "archives" / "ota", "--out", tmp_path / "out", "--workers", 1)[0] == 0


def test_fetch_clones_what_was_named_whatever_the_caller_told_git(tmp_path, call, monkeypatch):
    for name in ("theirs", "mine"):
        archives.commit(tmp_path / name, {f"{name}.com/Privacy Policy.md": policy()}, "2020-01-01")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "mine" / ".git"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "broken")
    assert call("fetch", f"ota={tmp_path / 'theirs'}", "--into", tmp_path / "archives")[0] == 0
    (entry,) = archives.opened(tmp_path / "archives" / "ota", tmp_path).entries()
    assert entry.name == "theirs.com"


def test_fetch_leaves_what_is_there(tmp_path, call):
    archives.commit(tmp_path / "theirs", {"boats.com/Privacy Policy.md": "x"}, "2020-01-01")
    archives.write(tmp_path / "archives" / ".ota.fetching", {"mine": "x"})
    command = ["fetch", f"ota={tmp_path / 'theirs'}", "--into", tmp_path / "archives"]
    cloned = call(*command)[1]
    code, out, _ = call(*command)
    assert code == 0
    assert str(tmp_path / "archives" / "ota") in out
    assert out != cloned
    assert sorted(path.name for path in (tmp_path / "archives").iterdir()) == [".ota.fetching", "ota"]


# --- annotate -------------------------------------------------------------------------------------------------------

with (paths.samples() / "expected.csv").open(encoding="utf-8") as file:
    EXPECTED = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def records():
    """What ``annotate --json`` says of each sample, by path."""
    files = [str(paths.samples() / row["path"]) for row in EXPECTED]
    result = CliRunner().invoke(cli.app, ["annotate", "--json", *files])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    return {row["path"]: json.loads(line) for row, line in zip(EXPECTED, lines, strict=True)}


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row["path"])
def test_annotate_finds_the_date_of_a_sample(row, records):
    assert (records[row["path"]]["effective_date"] or "") == row["effective_date"]


def stances(claims):
    """The stances of each framework; a mere mention counts only where there is no other stance."""
    found = {}
    for framework, _, stance in (claim.partition(":") for claim in claims):
        found.setdefault(framework, set()).add(stance)
    return {framework: each - {"mentions"} or each for framework, each in found.items()}


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row["path"])
def test_annotate_finds_the_frameworks_of_a_sample(row, records):
    found = {f"{mention['framework']}:{mention['stance']}" for mention in records[row["path"]]["frameworks"]}
    expected = filter(None, row["frameworks"].split(";"))
    assert stances(found) == stances(expected)


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row["path"])
def test_the_corpus_says_of_a_sample_what_annotate_says(row, records, samples):
    versions = tables.Corpus.open(samples).versions().set_index("source")
    found = {f"{mention['framework']}:{mention['stance']}" for mention in records[row["path"]]["frameworks"]}
    assert set(versions.loc[row["path"], "claims"]) == found


def test_every_sample_is_a_policy(records):
    assert {record["reason"] for record in records.values()} == {None}


def test_annotate_shows_date_frameworks_clauses_and_cues(tmp_path, call, tiny):
    text = policy(archives.GDPR, "You may write to our data protection officer.", stated="May 30, 2018")
    archives.write(tmp_path, {"boats [draft].md": text})
    code, out, err = call("annotate", tmp_path / "boats [draft].md")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("boats [draft].md: ")
    assert lines[1] == "date 2018-05-30 (updated), era GDPR"
    assert [line for line in lines if line in policy_page.GROUPS] == [
        *("Rights", "Retention", "Laws and programmes", "Also said", "Clauses"),
    ]
    assert any(re.match(r" GDPR +adhered to +(?:\.\.\. )?\w.*personal data", line) for line in lines)
    assert any(line.startswith(" Data Security") for line in lines)
    assert any(re.match(r" Data-protection officer +You may write to our", line) for line in lines)


@pytest.mark.parametrize("columns", ["60", "80", "160"])
def test_annotate_uses_the_width_and_shows_the_words_that_say_it(columns, tmp_path, call, tiny, monkeypatch):
    monkeypatch.setattr(console.out, "width", int(columns))
    long = "Where the law of the land asks us to do so, and there are many lands with many laws, you may, " * 3
    archives.write(tmp_path, {"boats.md": policy(f"{long} write to our data protection officer, who is a parrot.")})
    _, out, _ = call("annotate", tmp_path / "boats.md")
    assert "officer, who" in " ".join(out.split())
    assert int(columns) - 20 < max(map(len, out.splitlines())) <= int(columns)


def test_several_files_are_told_in_a_table_first(tmp_path, call, tiny):
    archives.write(tmp_path, {"a.md": policy(archives.GDPR, stated="May 30, 2018"), "b.md": policy()})
    _, out, _ = call("annotate", tmp_path / "a.md", tmp_path / "b.md")
    lines = out.splitlines()
    assert lines[0] == "2 files"
    first = " ".join(out.partition("b.md")[0].split())
    assert all(part in first for part in ("a.md", "2018-05-30", "rights: 2", "periods: 1", "GDPR"))
    assert out.index("a.md: ") < out.index("b.md: ")


def test_annotate_tells_rights_durations_and_contacts(tmp_path, call, tiny):
    text = policy(archives.GDPR, "We keep your orders for 6 years.", "Write to boats@example.org.")
    archives.write(tmp_path, {"boats.md": text})
    _, out, _ = call("annotate", tmp_path / "boats.md")
    assert re.search(r"^ Right to erasure +You have the right to erasure", out, flags=re.M)
    assert re.search(r"^ Retention period +6 years +We keep your orders for 6 years", out, flags=re.M)
    assert re.search(r"^ email +boats@example\.org", out, flags=re.M)


@pytest.fixture
def small_panel(corpus, monkeypatch):
    monkeypatch.setenv("PRIVACYLAB_CORPUS", str(corpus.path))
    monkeypatch.setattr(others, "FEW", 5)


@pytest.mark.parametrize(
    ("name", "stated", "given", "told"),
    [
        ("boats-2018-05-30", None, None, "date none stated; 2018-05-30 (from the file's name), era GDPR"),
        ("boats-2018-05-30", "May 3, 2018", None, "date 2018-05-03 (updated), era Privacy Shield"),
        ("boats-2018-05-30", "May 3, 2018", "2018-06-01", "date 2018-05-03 (updated); 2018-06-01 (given), era GDPR"),
        ("boats-2018-05", None, None, "date none stated; 2018-05 (from the file's name), era undated"),
        ("boats-2018-13-45", None, None, "the file's name: '2018-13-45' is not a day from 1990 to 2030, era undated"),
    ],
)
def test_annotate_takes_a_date_that_is_given_or_in_the_name(name, stated, given, told, tmp_path, call, tiny):
    archives.write(tmp_path, {f"{name}.md": policy(stated=stated)})
    command = ["annotate", tmp_path / f"{name}.md", *(["--date", given] if given else [])]
    assert told in " ".join(call(*command)[1].split())
    record = json.loads(call(*command, "--json")[1])
    assert (record["other_date"] or "") in told
    assert record["era"] == {"GDPR": "gdpr", "Privacy Shield": "privacy_shield"}.get(
        told.rpartition("era ")[2], "undated"
    )


@pytest.mark.parametrize("given", ["2018-05", "2018-13-45", "5/6/2018", "soon"])
def test_annotate_needs_a_day(given, tmp_path, call, tiny):
    archives.write(tmp_path, {"boats.md": policy()})
    code, out, err = call("annotate", tmp_path / "boats.md", "--date", given)
    assert (code, out, one_line(err)) == (2, "", True)
    assert "write YYYY-MM-DD" in err


def test_annotate_tells_what_its_era_mostly_has_and_was_not_found(tmp_path, call, tiny, small_panel):
    # Of the ten services of the GDPR era in the test corpus nine name the GDPR, the policy here does not.
    archives.write(tmp_path, {"boats.md": policy(stated="May 30, 2018")})
    _, out, _ = call("annotate", tmp_path / "boats.md")
    assert "look yourself" in out
    assert re.search(r"^ GDPR .*\d+% \(\d+% to \d+%\) .*not found by the program \(it finds it in \d", out, flags=re.M)


def test_json_tells_the_same_as_numbers(tmp_path, call, tiny, small_panel):
    archives.write(tmp_path, {"boats.md": policy(stated="May 30, 2018")})
    record = json.loads(call("annotate", "--json", tmp_path / "boats.md")[1])
    (row,) = [row for row in record["not_found"] if row["feature"] == "framework:gdpr"]
    assert row["low"] <= row["value"] <= row["high"]
    assert 0 < row["recall"] <= 1
    assert record["not_found_unknown"] is None


@pytest.mark.parametrize(
    ("stated", "panel", "why"),
    [(None, "there", "it states no date"), ("May 30, 2018", "gone", "privacylab build")],
)
def test_annotate_says_why_it_cannot_compare(stated, panel, why, tmp_path, call, tiny, corpus, monkeypatch):
    monkeypatch.setenv("PRIVACYLAB_CORPUS", str(corpus.path if panel == "there" else tmp_path / "gone"))
    archives.write(tmp_path, {"boats.md": policy(stated=stated)})
    code, out, _ = call("annotate", tmp_path / "boats.md")
    assert code == 0
    assert "not known" in " ".join(out.split())
    assert why in " ".join(out.split())
    assert json.loads(call("annotate", "--json", tmp_path / "boats.md")[1])["not_found"] is None


# --- Other corpora --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["report", "--corpus"], ["verify"], ["export", "--csv", "csv"]])
def test_a_corpus_of_an_older_version_says_how_to_rebuild_it(command, samples, tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copy = shutil.copytree(samples, tmp_path / "old")
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 0}))
    code, out, err = call(*command, copy)
    assert (code, out) == (2, "")
    assert one_line(err)
    assert re.search(rf"format 0\b.*\b{tables.FORMAT}\b.*privacylab build --force", err)


def test_a_missing_panel_is_one_line(tmp_path, call, monkeypatch):
    monkeypatch.setenv("PRIVACYLAB_CORPUS", str(tmp_path / "panel"))
    code, _, err = call("report", "--out", tmp_path / "site")
    assert code == 2
    assert one_line(err)
    assert str(tmp_path / "panel") in err
    assert "privacylab build" in err


def test_a_corpus_without_a_policy_is_one_line_before_anything_runs(tmp_path, call, tiny):
    archives.write(tmp_path / "mine", {"race/2019-01-01.md": archives.NO_POLICY, "boats/2019-01-01.md": b""})
    assert call("build", tmp_path / "mine", "--out", tmp_path / "none", "--workers", 1)[0] == 0
    code, out, err = call("report", "--corpus", tmp_path / "none", "--out", tmp_path / "site", "--keep-going")
    assert (code, out) == (2, "")
    assert one_line(err)
    assert all(part in err for part in (str(tmp_path / "none"), "no policy", "1 empty", "1 other_document", "build"))
    assert not (tmp_path / "site").exists()


def test_what_fails_costs_one_page(samples, tmp_path, call, monkeypatch):
    for name, source in {"0-fine": "print('it runs')", "1-dead": "import os; os._exit(1)", "2-wrong": "1 / 0"}.items():
        cells = [nbformat.v4.new_code_cell(source)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    archives.write(tmp_path, {"3-unread.ipynb": "{"})
    monkeypatch.setattr(paths, "notebooks", lambda: sorted(tmp_path.glob("*.ipynb")))
    code, out, err = call("report", "--corpus", samples, "--out", tmp_path / "site")
    assert (code, out) == (1, f"{tmp_path / 'site' / 'index.html'}\n")
    told = {line.partition(".ipynb")[0] for line in err.splitlines()}
    assert told == {"not shown: 1-dead", "not shown: 2-wrong", "not shown: 3-unread"}
    pages = [(tmp_path / "site" / path.name).with_suffix(".html").read_text() for path in paths.notebooks()]
    assert "it runs" in pages[0]
    assert ["Not shown for this corpus" in page for page in pages] == [False, True, True, True]


def test_nothing_is_coloured_where_nobody_sees_it(tmp_path):
    command = [sys.executable, "-m", "privacylab", "verify", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "\x1b" not in done.stdout + done.stderr


def test_annotate_says_where_a_page_is_no_policy(tmp_path, call, tiny):
    archives.write(tmp_path, {"race.md": archives.NO_POLICY, "empty.md": b""})
    code, out, _ = call("annotate", tmp_path / "race.md", tmp_path / "empty.md")
    assert code == 0
    assert out.count("none stated") >= 2
    assert "other_document" in out
    assert "not a policy: empty" in out


@pytest.mark.parametrize("columns", ["40", "20"])
def test_a_narrow_terminal_still_shows_everything(columns, tmp_path):
    archives.write(tmp_path, {"boats.md": policy(archives.GDPR, archives.SHIELD)})
    command = [sys.executable, "-m", "privacylab", "annotate", str(tmp_path / "boats.md")]
    environment = os.environ | {"COLUMNS": columns}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert max(map(len, out.splitlines())) <= int(columns)
    assert "GDPR" in out.replace("\n", "")


# --- compare, and pages -----------------------------------------------------------------------------------------------

BEFORE = policy(archives.SHIELD, "We keep your orders for 6 years.", archives.LETTERS)
AFTER = BEFORE.replace(archives.SHIELD, archives.GDPR).replace("6 years", "2 years").split("\n\n")
AFTER = "\n\n".join([AFTER[0], archives.LETTERS, *AFTER[1:-1]])  # the letters went to the top
HOSTILE_TEXT = (
    "We share &lt;script&gt;alert(1)&lt;/script&gt; &amp; boats, &lt;img src=x onerror=alert(1)&gt;, with friends."
)


@pytest.fixture
def two(tmp_path):
    return archives.write(tmp_path, {"old.md": BEFORE, "new.md": AFTER})


def test_compare_tells_what_came_what_went_and_what_moved(two, call, tiny):
    code, out, err = call("compare", two / "old.md", two / "new.md")
    assert (code, err) == (0, "")
    head, came, went, sentences = re.split(r"^(?:ADDED|DROPPED.*|SENTENCES .*)$", out, flags=re.M)
    assert "1 changed, 2 moved" in " ".join(head.split())
    assert re.search("GDPR +adhered to", came)
    assert "Right to erasure" in came
    assert re.search("Retention period +2 years", came)
    assert re.search("Retention period +6 years", went)
    assert re.search("Privacy Shield +adhered to", went)
    assert "Privacy Shield" not in came
    assert re.findall(r"^([-+~]) We (?:keep your|send our)", sentences, flags=re.M) == ["~", "-", "+", "~"]


@pytest.mark.parametrize(
    ("new", "title"),
    [
        (
            "Tailored ads, which may follow you from page to page for as long as we like, end if you opt out.",
            "PERHAPS DROPPED",
        ),
        (
            "## Tailored, as we like it from page to page and for as long as we like it, are all our ads: opt out",
            "PERHAPS DROPPED",
        ),
        ("Tailored ads may follow you. You opt out of mail.", "DROPPED"),
    ],
)
def test_compare_drops_nothing_of_which_the_other_has_the_words(new, title, two, call, tiny):
    archives.write(two, {"a.md": f"{BEFORE}\n\nYou may opt out of tailored ads.", "b.md": f"{BEFORE}\n\n{new}"})
    _, out, _ = call("compare", two / "a.md", two / "b.md")
    assert re.findall("^(PERHAPS DROPPED|DROPPED)", out, flags=re.M) == [title]


def test_compare_drops_no_period_that_is_still_stated(two, call, tiny):
    archives.write(two, {"asked.md": BEFORE + "\n\nAsk us about specific retention periods."})
    for names in (("asked.md", "old.md"), ("old.md", "asked.md")):
        code, out, _ = call("compare", *(two / name for name in names))
        assert code == 0
        assert "specific retention periods" in out
        assert not re.search("^(ADDED|DROPPED|Retention)", out, flags=re.M)


def test_compare_of_a_file_with_itself_says_so(two, call, tiny):
    code, out, _ = call("compare", two / "old.md", two / "old.md")
    assert code == 0
    assert "say the same" in out
    assert not re.search("^(ADDED|DROPPED|[-+~])", out, flags=re.M)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (archives.NO_POLICY, "other_document"),
        (b"", "empty"),
        ("Wir verarbeiten personenbezogene Daten nur, soweit dies zur Bereitstellung der Seite nötig ist. " * 30, "de"),
    ],
)
@pytest.mark.parametrize("names", [("bad.md", "old.md"), ("old.md", "bad.md"), ("bad.md", "bad.md")])
def test_compare_needs_two_policies_in_english(names, text, why, two, call, tiny):
    archives.write(two, {"bad.md": text})
    code, out, err = call("compare", *(two / name for name in names))
    assert (code, out) == (2, "")
    assert one_line(err)
    assert re.search(rf"bad\.md is not a policy in English \(.*{why}\)", err)


@pytest.mark.parametrize("columns", ["40", "20"])
def test_compare_fits_a_narrow_terminal_and_has_no_colour(columns, two, tiny):
    command = [sys.executable, "-m", "privacylab", "compare", str(two / "old.md"), str(two / "new.md")]
    environment = os.environ | {"COLUMNS": columns, "NO_COLOR": "1", "FORCE_COLOR": "1"}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert not re.search(r"\x1b\[[\d;]*[34]\d", out)  # bold is no colour
    lines = re.sub(r"\x1b\[[\d;]*m", "", out).splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert "GDPR" in out


@pytest.mark.parametrize("command", ["annotate", "compare"])
def test_a_page_is_one_file_without_scripts_that_escapes_what_strangers_wrote(command, two, call, tiny):
    name = "<b>&x.html"
    archives.write(two, {name: archives.page(HOSTILE_TEXT, archives.GDPR)})
    given = [two / name] if command == "annotate" else [two / "old.md", two / name]
    code, out, _ = call(command, *given, "--html", two / "page.html")
    assert (code, out.replace("\n", "")) == (0, str(two / "page.html"))
    page = (two / "page.html").read_text()
    assert not re.search(r"<(?:script|img|iframe)\b|<link (?!rel=\"icon\" href=\"data:,\")|\bsrc=[\"']|url\(", page)
    assert "alert(1)" in page
    assert "&lt;b&gt;&amp;x.html" in page
    assert page.count("<h1>") == 1
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page
    assert "Found by a program" in page


def test_a_page_of_a_policy_tells_what_it_says_and_shows_the_text(tmp_path, call, tiny, small_panel):
    archives.write(tmp_path, {"boats.md": policy("We keep your orders for 6 years.", stated="May 30, 2018")})
    call("annotate", tmp_path / "boats.md", "--html", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert re.search(r"Retention period</th><td>6 years</td><td>We <mark>keep your orders for 6 years</mark>", page)
    assert re.search(r"GDPR</th><td>\d+% .*?</td><td>not found by the program \(it finds", page)
    assert page.index("What it says") < page.index("What others of its era have") < page.index('<div class="policy">')
    assert "6 years</mark><small> [Retention period: 6 years]" in page


def test_a_page_replaces_nothing(two, call, tiny):
    code, out, err = call("annotate", two / "old.md", "--html", two / "new.md")
    assert (code, out, one_line(err)) == (2, "", True)
    assert (two / "new.md").read_text() == AFTER
    code, _, err = call("annotate", two / "old.md", two / "new.md", "--html", two / "page.html")
    assert (code, one_line(err)) == (2, True)
    assert "--html takes one policy" in err
