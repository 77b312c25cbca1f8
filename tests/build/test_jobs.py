"""`build.jobs`: an executor that the user gives does the jobs, and what goes wrong there is one line."""

import inspect
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor

import archives
import pytest
from archives import GDPR, PARROT, policy

from privacylab import build
from privacylab.build import BuildError, annotate, jobs, versions, workers

LOST, SEEN = "boats.com", ["acorn.com", "boats.com", "kites.com"]


class KilledWorker(Exception):
    """As dask calls it."""


@pytest.fixture(autouse=True)
def model(monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)
    monkeypatch.setattr(workers, "READ_BATCH", 1)


@pytest.fixture
def mine(tmp_path):
    texts = {"acorn.com": policy(), "boats.com": policy(GDPR), "kites.com": policy(PARROT)}
    return archives.write(tmp_path / "mine", {f"{name}/2019-01-01.md": text for name, text in texts.items()})


class Changed(ThreadPoolExecutor):
    """An executor that does something else for a job: ``change`` gives another task, an exception, or None."""

    def __init__(self, change, first=None):
        super().__init__(1)
        self.change, self.first = change, first

    def submit(self, function, task):
        changed = self.change(task) if function is workers.read else self.first
        if isinstance(changed, Exception):
            return super().submit(raised, changed)
        if isinstance(changed, str):
            return super().submit(str, changed)
        return super().submit(function, changed or task)


class Unwanted(ProcessPoolExecutor):
    """Processes of our own, which nobody may make here."""

    def __init__(self, *given, **options):
        raise AssertionError("a process is made")


def raised(error):
    raise error


def built(mine, out, change=lambda task: None, **options):
    with Changed(change) as executor:
        return build.corpus([mine], out, executor=executor, **options)


def of_lost(task):
    return [name for name, _ in task.services] == [LOST]


def test_any_executor_gives_the_same_bytes_and_no_process_is_made(mine, tmp_path, monkeypatch):
    alone = build.corpus([mine], tmp_path / "alone", workers=1)
    monkeypatch.setattr(jobs, "ProcessPoolExecutor", Unwanted)
    told = []
    corpus = built(mine, tmp_path / "out", progress=lambda *now: told.append(now), workers=2)
    assert archives.contents(corpus.path) == archives.contents(alone.path)
    assert [now for now in told if now[0] == "reading"] == [("reading", done, 3) for done in range(4)]


@pytest.mark.parametrize("at_once", [1, 2])
def test_an_executor_holds_few_jobs_at_a_time(at_once, mine, tmp_path, monkeypatch):
    held = []
    monkeypatch.setattr(jobs, "AT_ONCE", at_once)
    wait = jobs.wait
    monkeypatch.setattr(jobs, "wait", lambda running, **options: held.append(len(running)) or wait(running, **options))
    built(mine, tmp_path / "out")
    assert max(held) == at_once


@pytest.mark.parametrize("loss", [BrokenExecutor, CancelledError, KilledWorker])
def test_a_lost_workers_job_runs_again(loss, mine, tmp_path):
    losses = iter([loss()] * jobs.MOST_LOSSES)
    corpus = built(mine, tmp_path / "out", lambda task: next(losses, None) if of_lost(task) else None)
    assert corpus.services()["service"].tolist() == SEEN
    assert next(losses, None) is None


def test_a_job_that_is_lost_again_and_again_ends_the_build_and_the_others_stay(mine, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    with pytest.raises(BuildError) as caught:
        built(mine, tmp_path / "out", lambda task: KilledWorker() if of_lost(task) else None)
    assert str(caught.value) == (
        "a worker died while reading boats.com, 4 times (out of memory, or killed): "
        "give --resume to go on, with more memory a worker"
    )
    read, real = [], versions.read
    monkeypatch.setattr(
        versions, "read", lambda service, *rest, **more: read.append(service) or real(service, *rest, **more)
    )
    assert built(mine, tmp_path / "out", mode="resume").services()["service"].tolist() == SEEN
    assert read == [LOST]


def test_a_job_that_fails_is_told_with_its_services(mine, tmp_path):
    with pytest.raises(BuildError) as caught:
        built(mine, tmp_path / "out", lambda task: OSError(28, "No space left") if of_lost(task) else None)
    said = "reading boats.com failed (OSError: No space left): mend that and give --resume, or report it"
    assert str(caught.value) == said


def other_software(task):
    return task._replace(software={**task.software, "numpy": "99"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda task: task._replace(marker="here-of-another-disk"),
            "does not see .*: give an --out on a disk that all",
        ),
        (other_software, r"a worker on .* has numpy [\d.]+, not 99: install the same on all machines"),
        (lambda task: ModuleNotFoundError("No module named 'a'"), "no job can begin .*: install privacylab where the"),
    ],
)
def test_the_first_job_tells_what_is_wrong_with_a_machine(change, message, mine, tmp_path, monkeypatch):
    monkeypatch.setattr(versions, "read", None)
    given = []
    with pytest.raises(BuildError, match=message):
        built(mine, tmp_path / "out", lambda task: given.append(task) or change(task))
    assert [task.services for task in given] == [()]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            ModuleNotFoundError("No module named 'privacylab'"),
            r"a worker cannot begin \(No module .*: install privacylab ",
        ),
        (AttributeError("no attribute"), "a worker cannot begin"),
        (BrokenExecutor("it died"), "a worker cannot begin"),
        ("0.0.9", r"a worker has privacylab 0\.0\.9, not [\d.]+: install the same on all machines"),
    ],
)
def test_a_worker_says_its_version_before_anything_of_the_package_is_sent(answer, message, mine, tmp_path):
    given = []
    with Changed(given.append, answer) as executor, pytest.raises(BuildError, match=message):
        build.corpus([mine], tmp_path / "out", executor=executor)
    assert given == []


def test_an_executor_that_was_shut_down_is_told_in_one_line(mine, tmp_path):
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(BuildError, match=r"takes no more jobs \(.*\): start it anew and give --resume"):
        build.corpus([mine], tmp_path / "out", executor=executor)


class Gone(ThreadPoolExecutor):
    """An executor whose scheduler goes when it has the jobs: they never end."""

    def submit(self, function, *given):
        inspect.signature(function)  # executorlib asks for it
        if function is workers.read and given[0].services:
            self.shutdown(wait=False)
            return Future()
        return super().submit(function, *given)


def test_an_executor_that_goes_with_its_jobs_is_noticed(mine, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "PATIENCE", 0.1)
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    with pytest.raises(BuildError, match=r"the executor takes no more jobs \(cannot schedule"):
        build.corpus([mine], tmp_path / "out", executor=Gone(1))


def test_a_job_carries_what_is_known_of_its_own_services_alone(mine, tmp_path):
    archives.write(mine, {"services.csv": "service,region\nboats.com,uk\nkites.com,eu\n"})
    given = []
    built(mine, tmp_path / "out", given.append)
    assert [task.regions for task in given if of_lost(task)] == [{"boats.com": "uk"}]
