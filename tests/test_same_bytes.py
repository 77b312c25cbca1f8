"""The same policies give the same tables, figures and pages, to the byte, in whatever surroundings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import archives
import pytest

from privacylab import paths

MAKE = """
import hashlib, locale, sys
from pathlib import Path
import matplotlib.font_manager as fonts
if "nofonts" in sys.argv:
    fonts.findSystemFonts = lambda *given, **options: []
locale.setlocale(locale.LC_ALL, "")
import nbformat
from privacylab import build, findings, paths, plots, report
from privacylab.plots import publishing

out = Path("out")
corpus = build.corpus([paths.samples(), Path(sys.argv[1])], out / "corpus", workers=2)
(out / "figures").mkdir()
figure = plots.exclusion_flow(findings.exclusion_flow(corpus.versions()))
(out / "figures" / "flow.png").write_bytes(plots.png(figure))
(out / "figures" / "flow.svg").write_bytes(publishing.svg(figure, title="Flow"))
first = paths.notebooks()[:1]
report.write_pages(out, first, [nbformat.read(first[0], as_version=4)], corpus=corpus.path)
print(locale.localeconv()["decimal_point"])
for path in sorted(out.rglob("*.*")):
    if path.suffix in (".parquet", ".json", ".html", ".png", ".svg"):
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.relative_to(out).as_posix())
"""

GITCONFIG = """[core]
fsmonitor = {program}
hooksPath = {hooks}
pager = {program}
sshCommand = {program}
[alias]
log = !{program}
cat-file = !{program}
[log]
showSignature = true
showRoot = false
[gpg]
program = {program}
[i18n]
logOutputEncoding = UTF-16
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("git") / "kites-versions"
    for day, sentence in (("2018-06-01", archives.GDPR), ("2019-06-01", archives.SHIELD)):
        archives.commit(folder, {"Kites/Privacy Policy.md": archives.policy(sentence)}, day)
    return folder


def made(folder, repository, *options, **surroundings):
    """The decimal point of the locale, and the hashes of all files that are made in some surroundings."""
    folder.mkdir()
    env = {**os.environ, "MPLCONFIGDIR": str(folder / "mpl"), "PYTHONPATH": str(paths.PACKAGE.parent), **surroundings}
    command = [sys.executable, "-c", MAKE, str(repository), *options]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    point, *files = done.stdout.splitlines()
    return point, dict(reversed(line.split(" ", 1)) for line in files)


@pytest.fixture(scope="module")
def plain(repository, tmp_path_factory):
    plain = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    return made(tmp_path_factory.mktemp("plain") / "here", repository, **plain)[1]


def hostile_home(folder):
    """A home whose git settings would run a program that leaves a mark."""
    folder.mkdir()
    program = folder / "program"
    program.write_text(f"#!/bin/sh\ntouch '{folder}/ran'\n")
    program.chmod(0o755)
    hooks = folder / "hooks"
    hooks.mkdir()
    shutil.copy(program, hooks / "post-index-change")
    (folder / ".gitconfig").write_text(GITCONFIG.format(program=program, hooks=hooks))
    return folder


def test_the_files_are_there(plain):
    kinds = {Path(name).suffix for name in plain}
    assert kinds == {".parquet", ".json", ".html", ".png", ".svg"}


def test_threads_hash_seed_and_time_zone_change_nothing(plain, repository, tmp_path):
    other = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3", "PYTHONHASHSEED": "4242", "TZ": "Pacific/Kiritimati"}
    assert made(tmp_path / "here", repository, LC_ALL="C", **other)[1] == plain


def test_a_hostile_home_and_no_fonts_change_nothing_and_nothing_runs(plain, repository, tmp_path):
    home = hostile_home(tmp_path / "home")
    other = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "FONTCONFIG_FILE": os.devnull, "TZ": "America/St_Johns"}
    assert made(tmp_path / "here", repository, "nofonts", **other)[1] == plain
    assert not (home / "ran").exists()


def test_a_locale_with_a_comma_and_another_i_changes_nothing(plain, repository, tmp_path):
    localedef = shutil.which("localedef")
    if localedef is None:
        pytest.skip("no localedef, so no Turkish locale can be made (Debian: apt-get install locales)")
    target = tmp_path / "locales" / "tr_TR.UTF-8"
    target.parent.mkdir()
    subprocess.run([localedef, "-i", "tr_TR", "-f", "UTF-8", str(target)], capture_output=True, check=False)
    if not target.exists():
        pytest.skip("localedef made no tr_TR.UTF-8: its sources are missing (Debian: apt-get install locales)")
    turkish = {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LOCPATH": str(target.parent)}
    point, files = made(tmp_path / "here", repository, **turkish)
    assert point == ","
    assert files == plain
