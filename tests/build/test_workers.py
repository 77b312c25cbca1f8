"""`build.workers`: which services are read in one task."""

import os
import signal

import pytest

from privacylab.build import workers
from privacylab.sources import Entry


def listed(*contents: str) -> list[tuple[Entry, str]]:
    return [(Entry("mine", "x", "main", 0, f"x@{each}", each, None, "snapshot"), "main") for each in contents]


def names(services, monkeypatch, size):
    monkeypatch.setattr(workers, "READ_BATCH", size)
    return [[name for name, _ in batch] for batch in workers.batches(services)]


def test_services_with_a_content_in_common_are_read_together(monkeypatch):
    services = {
        "kites.com": listed("k"),
        "acorn.com": listed("a", "b"),
        "boats.com": listed("c"),
        "dice.com": listed("k"),
    }
    assert names(services, monkeypatch, 2) == [["acorn.com"], ["dice.com", "kites.com"], ["boats.com"]]


def test_a_family_is_parted_at_twice_the_size_of_a_batch(monkeypatch):
    services = {f"s{i}.com": listed("k", f"own-{i}") for i in range(5)}
    assert [len(batch) for batch in names(services, monkeypatch, 2)] == [2, 2, 1]


def test_an_error_page_that_many_services_have_makes_no_family_of_them(monkeypatch):
    services = {f"s{i:02}.com": listed("error") for i in range(workers.MAX_HOLDERS + 1)}
    assert names(services, monkeypatch, 1) == [[name] for name in services]


def test_ctrl_c_waits_until_the_workers_are_there():
    done = []
    with pytest.raises(KeyboardInterrupt), workers.undisturbed():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("began")
    assert done == ["began"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
