"""The commands of the Makefile, with stand-ins for the programs that they call."""

import os
import shutil
import subprocess

import pytest

from privacylab import paths

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")


@pytest.fixture
def make(tmp_path):
    """Runs a target: programs fail whose call holds ``failing``; gives the exit status and the calls."""

    def run(target, *, failing="nothing", user=1000):
        programs = {name: f'echo "{name} $*" >> {tmp_path / "calls"}' for name in ("ruff", "mypy", "pytest", "jupyter")}
        failure = f'case "$0 $*" in *{failing}*) exit 3;; esac'
        for name, line in {**programs, "id": f"echo {user}"}.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n{failure}\n")
            (tmp_path / name).chmod(0o755)
        command = ["make", "--old-file=.venv/installed", f"BIN={tmp_path}", target]
        env = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(command, cwd=paths.PACKAGE.parent, env=env, capture_output=True, check=False)
        return done.returncode, (tmp_path / "calls").read_text().splitlines()

    return run


@pytest.mark.parametrize("failing", ["nothing", "ruff", "mypy", "doctest", "nbval"])
def test_every_check_runs_and_one_that_fails_fails_in_the_end(failing, make):
    status, calls = make("test", failing=failing)
    assert [call.split()[0] for call in calls] == ["ruff", "ruff", "mypy", "pytest", "pytest"]
    assert "--nbval" in calls[-1]
    assert (status == 0) == (failing == "nothing")


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_may_open_the_notebooks(user, allowed, make):
    status, (call,) = make("lab", user=user)
    assert status == 0
    assert ("--allow-root" in call) == allowed
