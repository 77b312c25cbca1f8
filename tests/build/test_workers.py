"""`build.workers`: which services are read in one task."""

import os
import signal

import archives
import pytest

from privacylab.build import workers
from privacylab.sources import Entry, open_source


def listed(*contents: str) -> list[tuple[Entry, str]]:
    return [(Entry("mine", "x", "main", 0, f"x@{each}", each, None, "snapshot"), "main") for each in contents]


def names(services, monkeypatch, size):
    monkeypatch.setattr(workers, "READ_BATCH", size)
    monkeypatch.setattr(workers, "TYPICAL_BYTES", 1)
    return [[name for name, _ in batch] for batch in workers.batches(services, {})]


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


def test_a_task_has_so_many_bytes_of_what_its_sources_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "READ_BATCH", 30)
    files = {
        "mine/a.com/2019-01-01.md": "x" * 30,
        "mine/b.com/2019-01-01.md": "y" * 15,
        "mine/c.com/2019-01-01.md": "z",
    }
    archives.write(tmp_path, {**files, "mine/d.com/2019-01-01.md": "z" * 20})
    archives.commit(tmp_path / "ota", {"b.com/Privacy Policy.md": "y" * 15}, "2020-01-01")
    opened = {name: open_source(tmp_path / name, scratch=tmp_path) for name in ("mine", "ota")}
    services = {}
    for source in opened.values():
        for entry in source.entries():
            services.setdefault(entry.name, []).append((entry, "main"))
    sizes = workers.sizes(opened, services)
    assert sorted(sizes.values()) == [1, 15, 15, 20, 30]
    found = [[name for name, _ in batch] for batch in workers.batches(services, sizes)]
    assert found == [["a.com"], ["b.com"], ["d.com", "c.com"]]


def test_a_stored_text_is_about_as_long_as_it_is(tmp_path):
    text = "We keep your letters for a year. " * 100
    archives.write(tmp_path / "mine", {"rows.csv": f"service,date,text\na.com,2019-01-01,{text}\n"})
    source = open_source(tmp_path / "mine", scratch=tmp_path)
    (entry,) = source.entries()
    assert 0 < source.sizes([entry.content])[entry.content] < 2 * len(text)
