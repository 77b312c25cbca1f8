"""A build on dask's workers: other processes, which start from nothing and may be killed."""

import os
import re
import signal
import subprocess
import sys
import time

import archives
import pytest
from typer.testing import CliRunner

from privacylab import build, cli, paths
from privacylab.build import BuildError, workers
from privacylab.cli import scheduler

distributed = pytest.importorskip("distributed", reason="needs the extra dask: pip install 'privacylab[dask]'")


@pytest.fixture(scope="module")
def client():
    """Two workers on this machine; a job whose worker dies is lost at once."""
    import dask

    options = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(**options, silence_logs=50) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return archives.contents(build.corpus([paths.samples()], tmp_path_factory.mktemp("alone") / "out", workers=1).path)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(workers, "READ_BATCH", 1)


def built(client, out, progress=None, mode="new"):
    executor = client.get_executor(pure=False)
    return archives.contents(build.corpus([paths.samples()], out, executor=executor, progress=progress, mode=mode).path)


def test_two_workers_give_the_bytes_of_one_machine(client, alone, tmp_path):
    assert built(client, tmp_path / "out") == alone
    assert len(client.scheduler_info()["workers"]) == 2


def test_a_worker_that_is_killed_midway_changes_nothing(client, alone, tmp_path):
    client.wait_for_workers(2, timeout=30)
    killed = []

    def kill(stage, done, total):
        if (stage, done) == ("reading", 1):
            assert total == 7
            killed.extend(client.run(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)

    assert built(client, tmp_path / "out", kill) == alone
    assert len(killed) == 2


def takes_all_memory():
    """Takes a worker's memory, and holds it until the nanny ends the worker."""
    taken = [b"x" * 100_000_000 for _ in range(12)]
    time.sleep(60)
    return len(taken)


def test_a_worker_that_runs_out_of_memory_changes_nothing(alone, tmp_path):
    import dask

    options = {"n_workers": 2, "threads_per_worker": 2, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(**options, memory_limit="1.2GB", silence_logs=50) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        before = set(client.run(os.getpid).values())
        (first, *_) = client.scheduler_info()["workers"]
        hungry = []

        def feed(stage, done, total):
            if (stage, done) == ("reading", 1):
                hungry.append(client.submit(takes_all_memory, workers=[first], pure=False))

        assert built(client, tmp_path / "out", feed) == alone
        assert type(hungry[0].exception(timeout=60)).__name__ == "KilledWorker"
        client.wait_for_workers(2, timeout=30)
        assert len(before & set(client.run(os.getpid).values())) == 1


def test_a_job_that_fails_every_time_is_one_line(client, tmp_path):
    class Failing(distributed.cfexecutor.ClientExecutor):
        def submit(self, function, given):
            fails = function is workers.read and [name for name, _ in given.services] == ["thistlewick"]
            return super().submit(divmod, 1, 0) if fails else super().submit(function, given)

    with pytest.raises(BuildError) as caught:
        build.corpus([paths.samples()], tmp_path / "out", executor=Failing(client, pure=False))
    said = "(ZeroDivisionError: integer division or modulo by zero): mend that and give --resume, or report it"
    assert str(caught.value) == f"reading thistlewick failed {said}"
    assert not (tmp_path / "out").exists()


# --- The command line -----------------------------------------------------------------------------------------------


def run(address, out, *more):
    command = ["build", str(paths.samples()), "--out", str(out), "--scheduler", address, *more]
    return CliRunner().invoke(cli.app, command, catch_exceptions=True)


def test_a_build_by_the_address_of_a_scheduler(client, alone, tmp_path):
    done = run(client.scheduler.address, tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert archives.contents(tmp_path / "out") == alone


@pytest.mark.parametrize(
    ("address", "more", "message"),
    [
        ("tcp://127.0.0.1:9", (), "no scheduler answers at tcp://127.0.0.1:9: start one with dask scheduler"),
        ("nonsense", (), "--scheduler nonsense is not the address of a scheduler: write tcp://HOST:8786"),
        ("tcp://127.0.0.1:9", ("--workers", "2"), "--workers and --scheduler exclude each other: give one"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_line(address, more, message, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduler, "PATIENCE", 1)
    assert str(run(address, tmp_path / "out", *more).exception) == message


@pytest.fixture
def lone_scheduler():
    """The address of a scheduler without workers."""
    options = {"n_workers": 0, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster:
        yield cluster.scheduler_address


def test_a_scheduler_without_workers_is_one_line(lone_scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduler, "PATIENCE", 1)
    said = str(run(lone_scheduler, tmp_path / "out").exception)
    assert said.startswith(f"the scheduler at {lone_scheduler} has no worker: start some with dask worker tcp://")


def test_a_worker_without_the_package_is_one_line(lone_scheduler, tmp_path):
    archives.write(tmp_path / "other", {"privacylab/__init__.py": ""})
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", lone_scheduler, *options],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "other")},
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    try:
        said = str(run(lone_scheduler, tmp_path / "out").exception)
        assert re.fullmatch(r"a worker cannot begin \(module 'privacylab' has .*\): install privacylab \S+ there", said)
    finally:
        worker.terminate()
        worker.wait()
