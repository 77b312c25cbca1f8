"""Tables: a policy a row."""

import bz2
import gzip
import json
import lzma
import sqlite3

import archives
import pandas as pd
import pytest
from archives import opened, texts

from privacylab import sources

TEXT = archives.policy()
ROWS = [
    {"domain": "kites.org", "date": "2019-03-20", "policy_text": TEXT},
    {"domain": "boats.org", "date": "2020-01-02", "policy_text": TEXT + "\n\nWe, too.\n"},
]
EXPECTED = [("boats.org", "2020-01-02"), ("kites.org", "2019-03-20")]


def rows(source):
    return sorted((entry.name, archives.day(entry)) for entry in source.entries() if not entry.reason)


def reasons(source):
    return [(entry.reason, entry.detail) for entry in source.entries() if entry.reason]


def _sqlite(path, frame):
    with sqlite3.connect(path) as database:
        frame.to_sql("policies", database)
    database.close()


def _lines(frame):
    return frame.to_json(orient="records", lines=True).encode()


def _with_part(row):
    return json.dumps(
        {"policy_text": row["policy_text"], "meta": {key: row[key] for key in row if key != "policy_text"}}
    )


WRITERS = {
    "a.csv": lambda path, frame: frame.to_csv(path, index=False),
    "semicolons.csv": lambda path, frame: frame.to_csv(path, index=False, sep=";"),
    "excel.csv": lambda path, frame: path.write_text("sep=;\r\n" + frame.to_csv(index=False, sep=";"), "utf-8-sig"),
    "utf-16.csv": lambda path, frame: frame.to_csv(path, index=False, encoding="utf-16", sep="\t"),
    "a.tsv": lambda path, frame: frame.to_csv(path, index=False, sep="\t"),
    "a.tab": lambda path, frame: frame.to_csv(path, index=False, sep="\t"),
    "csv.txt": lambda path, frame: frame.to_csv(path, index=False),
    "a.csv.gz": lambda path, frame: frame.to_csv(path, index=False),
    "a.json": lambda path, frame: frame.to_json(path, orient="records"),
    "indented.json": lambda path, frame: frame.to_json(path, orient="records", indent=2),
    "columns.json": lambda path, frame: frame.to_json(path),
    "split.json": lambda path, frame: frame.to_json(path, orient="split"),
    "index.json": lambda path, frame: frame.to_json(path, orient="index"),
    "nested.json": lambda path, frame: path.write_text(json.dumps({"policies": frame.to_dict("records")}, indent=1)),
    "in.jsonl": lambda path, frame: path.write_text("\n".join(map(_with_part, frame.to_dict("records")))),
    "a.jsonl": lambda path, frame: frame.to_json(path, orient="records", lines=True),
    "a.ndjson": lambda path, frame: frame.to_json(path, orient="records", lines=True),
    "jsonl.txt": lambda path, frame: frame.to_json(path, orient="records", lines=True),
    "jsonl": lambda path, frame: frame.to_json(path, orient="records", lines=True),
    "a.jsonl.gz": lambda path, frame: path.write_bytes(gzip.compress(_lines(frame))),
    "a.jsonl.bz2": lambda path, frame: path.write_bytes(bz2.compress(_lines(frame))),
    "a.jsonl.xz": lambda path, frame: path.write_bytes(lzma.compress(_lines(frame))),
    "a.parquet": lambda path, frame: frame.to_parquet(path),
    "parquet": lambda path, frame: frame.to_parquet(path),
    "a.feather": lambda path, frame: frame.to_feather(path),
    "a.sqlite": _sqlite,
    "a.db": _sqlite,
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_row_is_a_policy(name, tmp_path):
    WRITERS[name](tmp_path / name, pd.DataFrame(ROWS))
    source = opened(tmp_path / name, tmp_path)
    assert rows(source) == EXPECTED
    assert not reasons(source)
    assert {text.decode().replace("\r", "") for text in texts(source).values()} == {row["policy_text"] for row in ROWS}


@pytest.mark.parametrize(
    ("text", "date", "service"),
    [
        ("text", "timestamp", "url"),
        ("html", "crawl_date", "website"),
        ("content", "fetchedAt", "hostname"),
        ("Policy Text", "Snapshot Date", "Company"),
        ("policyText", "retrieved_at", "policy_url"),
        ("clean_text", "scraped_on", "site_url"),
        ("body", "Year", "organisation"),
    ],
)
def test_columns_are_known_by_their_usual_names(text, date, service, tmp_path):
    frame = pd.DataFrame([{"id": 1, "title": "x", service: "kites.org", date: "2019-03-20", text: TEXT, "lang": "en"}])
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    assert rows(opened(tmp_path / "a.jsonl", tmp_path)) == [("kites.org", "2019-03-20")]


@pytest.mark.parametrize(
    "value",
    ["https://www.kites.org/legal/privacy?x=1", "http://www.kites.org:8080/", "www.kites.org/privacy", "www.kites.org"],
)
def test_of_an_address_the_host_is_the_service(value, tmp_path):
    pd.DataFrame([{**ROWS[0], "domain": value}]).to_csv(tmp_path / "a.csv")
    assert rows(opened(tmp_path / "a.csv", tmp_path)) == [("www.kites.org", "2019-03-20")]


@pytest.mark.parametrize(
    "value",
    [
        "2019-03-20T08:15:30Z",
        "2019-03-20 08:15:30+00:00",
        "20190320081530",
        "20190320",
        "1553069730",
        "1553069730000",
        "20 March 2019",
        "20/03/2019",
        "Wed, 20 Mar 2019 08:15:30 GMT",
        "2019/3/20",
        "3/20/2019 8:15",
    ],
)
def test_dates_are_read_in_the_forms_that_programs_write(value, tmp_path):
    pd.DataFrame([{**ROWS[0], "date": value}]).to_csv(tmp_path / "a.csv")
    assert rows(opened(tmp_path / "a.csv", tmp_path)) == [("kites.org", "2019-03-20")]


def test_one_date_shows_in_which_order_the_others_are(tmp_path):
    dates = ("05/06/2019", "25/06/2019")
    pd.DataFrame([{**ROWS[0], "date": date} for date in dates]).to_csv(tmp_path / "a.csv")
    assert rows(opened(tmp_path / "a.csv", tmp_path)) == [("kites.org", "2019-06-05"), ("kites.org", "2019-06-25")]


@pytest.mark.parametrize("value", ["31/31/2019", "yesterday", "05/06/2019", "2077-01-01"])
def test_a_date_that_cannot_be_read_is_a_row_of_the_ledger(value, tmp_path):
    pd.DataFrame([{**ROWS[0], "date": value}, ROWS[1]]).to_csv(tmp_path / "a.csv")
    source = opened(tmp_path / "a.csv", tmp_path)
    assert rows(source) == EXPECTED[:1]
    ((reason, detail),) = reasons(source)
    assert reason == "bad_date"
    assert value in detail


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.sqlite"])
def test_columns_of_other_names_are_asked_for_and_taken(name, tmp_path):
    frame = pd.DataFrame(ROWS).set_axis(["wer", "wann", "was"], axis=1)
    WRITERS[name](tmp_path / name, frame)
    ((reason, detail),) = reasons(opened(tmp_path / name, tmp_path))
    assert reason == "not_a_policy_file"
    assert "--text-column" in detail
    columns = sources.Columns("was", "wann", "wer")
    source = sources.open_source(tmp_path / name, scratch=tmp_path / "scratch", columns=columns)
    assert rows(source) == EXPECTED


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    pd.DataFrame(ROWS).to_csv(tmp_path / "a.csv", index=False)
    source = sources.open_source(tmp_path / "a.csv", scratch=tmp_path, columns=sources.Columns(text="was"))
    ((reason, detail),) = reasons(source)
    assert reason == "unreadable"
    assert "no column 'was' but domain, date, policy_text" in detail
    assert "--text-column" in detail


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.sqlite"])
def test_rows_without_text_are_one_row_of_the_ledger(name, tmp_path):
    empty = [{**ROWS[0], "policy_text": text} for text in (None, "", " ", "NaN")]
    WRITERS[name](tmp_path / name, pd.DataFrame([*empty, *ROWS]))
    source = opened(tmp_path / name, tmp_path)
    assert rows(source) == EXPECTED
    ((reason, detail),) = reasons(source)
    assert reason == "empty"
    assert "4 of its 6 rows" in detail


def test_a_table_of_many_empty_rows_takes_no_memory(tmp_path):
    lines = "kites.org,2019-03-20,\n" * 100_000
    (tmp_path / "a.csv").write_text("domain,date,text\n" + lines)
    ((reason, detail),) = reasons(opened(tmp_path / "a.csv", tmp_path))
    assert reason == "empty"
    assert "100,000 of its 100,000 rows" in detail


def test_rows_without_a_service_are_each_one_and_a_note_says_so(tmp_path):
    pd.DataFrame(ROWS)[["date", "policy_text"]].to_csv(tmp_path / "mine.csv", index=False)
    source = opened(tmp_path / "mine.csv", tmp_path)
    assert rows(source) == [("mine-1", "2019-03-20"), ("mine-2", "2020-01-02")]
    assert "--service-column" in " ".join(source.notes)


def test_one_object_a_file_is_a_policy_of_the_folder(tmp_path):
    row = json.dumps({"date": "2019-03-20", "text": TEXT}, indent=2)
    archives.write(tmp_path / "in", {"kites.org/one.json": row, "boats.org/one.json": row})
    assert rows(opened(tmp_path / "in", tmp_path)) == [("boats.org", "2019-03-20"), ("kites.org", "2019-03-20")]


def test_texts_that_stand_in_a_table_of_their_own_are_joined_to_what_is_said_of_them(tmp_path):
    with sqlite3.connect(tmp_path / "release.sqlite") as database:
        database.executescript(
            """CREATE TABLE sites (id INTEGER PRIMARY KEY, domain TEXT);
            CREATE TABLE policy_texts (id INTEGER PRIMARY KEY, policy_text TEXT);
            CREATE TABLE policy_snapshots (id INTEGER PRIMARY KEY, site_id INTEGER, year INTEGER, phase TEXT,
                policy_text_id INTEGER);
            INSERT INTO sites VALUES (7, 'kites.org'), (8, 'boats.org');
            INSERT INTO policy_snapshots VALUES (1, 7, 2018, 'A', 3), (2, 8, 2018, 'B', 4), (3, 8, 2019, 'A', 4);"""
        )
        database.executemany("INSERT INTO policy_texts VALUES (?, ?)", [(3, TEXT), (4, TEXT + "x")])
    database.close()
    source = opened(tmp_path / "release.sqlite", tmp_path)
    assert rows(source) == [("boats.org", "2018-01-01"), ("boats.org", "2019-01-01"), ("kites.org", "2018-01-01")]
    assert {entry.precision for entry in source.entries()} == {"year"}
    assert len({entry.content for entry in source.entries()}) == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.parquet", b"PAR1 and no more"),
        ("a.sqlite", b"SQLite format 3\0 and no more"),
        ("a.json", b'[{"text": "We collect'),
        ("a.jsonl.gz", gzip.compress(b'{"text": "We collect"}\n' * 9000)[:-20]),
    ],
)
def test_a_damaged_table_is_a_row_and_the_others_are_read(name, data, tmp_path):
    archives.write(tmp_path / "in", {name: data, "kites.org/2019-03-20.md": TEXT})
    source = opened(tmp_path / "in", tmp_path)
    assert ("kites.org", "2019-03-20") in rows(source)
    assert [reason for reason, _ in reasons(source)] == ["unreadable"]


def test_lines_that_are_no_json_are_counted(tmp_path):
    lines = [json.dumps(ROWS[0]), '{"domain": "cut.org", "pol', json.dumps(ROWS[1])]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    source = opened(tmp_path / "a.jsonl", tmp_path)
    assert rows(source) == EXPECTED
    assert "1 of its lines are not JSON" in reasons(source)[0][1]


def test_a_long_array_is_read_piece_by_piece(tmp_path):
    many = [{**ROWS[0], "domain": f"kites{n}.org", "policy_text": TEXT * 40} for n in range(60)]
    (tmp_path / "a.json").write_text(json.dumps(many, indent=1))
    assert len(rows(opened(tmp_path / "a.json", tmp_path))) == 60


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.db"])
def test_a_page_that_is_called_a_table_is_a_page(name, tmp_path):
    archives.write(tmp_path / "in", {name: archives.page()})
    ((source, text),) = texts(opened(tmp_path / "in", tmp_path)).items()
    assert (source, text) == (name, archives.page().encode())
