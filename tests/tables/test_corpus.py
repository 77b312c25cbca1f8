"""Reading and writing of tables, and what `verify` finds."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as arrow
import pytest
from frames import cues, version
from pyarrow import parquet

from privacylab import tables
from privacylab.tables import Corpus, CorpusError, schema, storage
from privacylab.tables import corpus as corpus_module

# --- write_table, read_table ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected"),
    [("version_id", "str"), ("date", "datetime64[ms]"), ("n_words", "int32"), ("reason", "str"), ("claims", "object")],
)
def test_a_table_is_read_with_the_types_of_its_schema(column, expected, tmp_path):
    tables.write_table(tmp_path / "t.parquet", "versions", version())
    assert str(tables.read_table(tmp_path / "t.parquet", "versions")[column].dtype) == expected


def test_a_table_comes_back_as_it_went(tmp_path):
    tables.write_table(tmp_path / "t.parquet", "versions", version())
    (row,) = tables.read_table(tmp_path / "t.parquet", "versions").to_dict("records")
    assert row["date"] == pd.Timestamp("2013-01-01")
    assert list(row["claims"]) == ["gdpr:adheres"]
    assert (row["n_words"], row["service"]) == (200, "kites.com")


def test_the_order_of_the_rows_does_not_change_the_bytes(tmp_path):
    tables.write_table(tmp_path / "a", "cues", cues())
    tables.write_table(tmp_path / "b", "cues", cues()[::-1])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_table_of_several_row_groups_comes_back_as_it_went(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "PART_ROWS", 1)
    tables.write_table(tmp_path / "t", "cues", cues())
    assert parquet.read_metadata(tmp_path / "t").num_row_groups == 2
    assert tables.read_table(tmp_path / "t", "cues")["segment_id"].tolist() == ["a", "b"]


def test_only_the_columns_asked_for_are_read(tmp_path):
    tables.write_table(tmp_path / "t", "cues", cues())
    assert list(tables.read_table(tmp_path / "t", "cues", columns=["cue"]).columns) == ["cue"]


def test_a_column_that_is_not_there_is_an_error(tmp_path):
    tables.write_table(tmp_path / "t", "cues", cues())
    with pytest.raises(ValueError, match="table cues has no column right: it has segment_id, start, end, cue, value"):
        tables.read_table(tmp_path / "t", "cues", columns=["right"])


# --- Corpus ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(corpus, tmp_path):
    """A copy of the small corpus that a test may damage."""
    return shutil.copytree(corpus.path, tmp_path / "copy")


def remanifest(folder, **changes):
    path = folder / tables.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rewrite(folder, name, change):
    """Changes a table, and the manifest with it, so that only the table's contents are wrong."""
    path = folder / f"{name}.parquet"
    found = parquet.read_table(path).to_pandas(date_as_object=False)
    changed = arrow.Table.from_pandas(change(found), preserve_index=False)
    parquet.write_table(changed, path)
    manifest = json.loads((folder / tables.MANIFEST).read_text())
    manifest["counts"][name] = changed.num_rows
    manifest["sha256"][name] = tables.sha256(path)
    remanifest(folder, **manifest)


def test_open_refuses_a_folder_without_manifest(tmp_path):
    with pytest.raises(CorpusError, match="make one with privacylab build"):
        Corpus.open(tmp_path)


@pytest.mark.parametrize("text", ['{"format": 1', "[]", "null", '"corpus"', "\x00\xff"])
def test_open_refuses_a_damaged_manifest(text, copy):
    (copy / tables.MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(CorpusError, match=r"make (it|the corpus) again with privacylab build --force"):
        Corpus.open(copy)


@pytest.mark.parametrize("found", [0, tables.FORMAT + 1, None, "2"])
def test_open_refuses_another_format(found, copy):
    remanifest(copy, format=found)
    with pytest.raises(CorpusError, match=f"has format {found}, this version reads {tables.FORMAT}: .*--force"):
        Corpus.open(copy)


def test_open_names_the_tables_that_are_missing(copy):
    (copy / "cues.parquet").unlink()
    (copy / "scores.parquet").unlink()
    with pytest.raises(CorpusError, match="lacks scores, cues: make it again"):
        Corpus.open(copy)


def test_a_table_that_is_not_there_yet_says_who_writes_it(corpus):
    with pytest.raises(CorpusError, match="no table topics: run the notebook or command that writes it"):
        corpus.topics()


@pytest.mark.parametrize("data", [b"", b"PAR1 no table PAR1", b"text"])
def test_a_damaged_table_says_so(data, copy):
    (copy / "cues.parquet").write_bytes(data)
    with pytest.raises(CorpusError, match=r"cues\.parquet is damaged .* make the corpus again"):
        Corpus.open(copy).cues()


@pytest.mark.parametrize("name", list(schema.TABLES))
def test_each_table_is_a_method(name, corpus):
    pd.testing.assert_frame_equal(getattr(corpus, name)(), corpus.table(name))


def test_topics_are_read_once_they_are_written(copy):
    topics = pd.DataFrame({"segment_id": ["a"], "topic": [-1], "probability": [None]})
    tables.write_table(copy / "topics.parquet", "topics", topics)
    terms = pd.DataFrame({"topic": [0, 0], "rank": [1, 0], "term": ["boat", "kite"], "weight": [0.5, 1.5]})
    tables.write_table(copy / "topic_terms.parquet", "topic_terms", terms)
    opened = Corpus.open(copy)
    assert opened.topics()["topic"].tolist() == [-1]
    assert opened.topic_terms()["term"].tolist() == ["kite", "boat"]


def test_labels_are_the_scores_that_reach_their_threshold(copy):
    first, second, *rest = schema.CATEGORIES
    scores = pd.DataFrame([{"segment_id": i, **dict.fromkeys(schema.CATEGORIES, 0)} for i in ("a", "b", "c")])
    scores.loc[0, [first, second]] = [50, 70]  # reaches its threshold; just under it
    scores.loc[2, [first, second]] = [49, 71]
    tables.write_table(copy / "scores.parquet", "scores", scores)
    limits = {first: 50, second: 71, **dict.fromkeys(rest, 1)}
    remanifest(copy, parameters={"thresholds": limits, "text": False})
    labels = Corpus.open(copy).labels()
    assert labels.to_dict("list") == {"segment_id": ["a", "c"], "category": [first, second], "score": [50, 71]}


def test_labels_need_every_threshold(copy):
    remanifest(copy, parameters={"text": False, "thresholds": {}})
    with pytest.raises(CorpusError, match=r"no threshold of .*Data Retention.*: make it again"):
        Corpus.open(copy).labels()


def test_a_name_that_is_no_text_is_damage(copy, monkeypatch):
    def undecodable(*arguments, **options):
        return b"\xe2".decode()

    monkeypatch.setattr(corpus_module.parquet, "ParquetFile", undecodable)
    with pytest.raises(CorpusError, match=r"cues\.parquet is damaged"):
        Corpus.open(copy).cues()


def test_labels_keep_all_categories_in_their_order(corpus):
    assert tuple(corpus.labels()["category"].cat.categories) == schema.CATEGORIES


@pytest.mark.parametrize("text", [True, False])
def test_the_manifest_says_whether_there_is_text(text, copy):
    remanifest(copy, parameters={"text": text, "thresholds": {}})
    assert Corpus.open(copy).has_text() is text


# --- write ----------------------------------------------------------------------------------------------------------


def frames(corpus):
    return {name: corpus.table(name) for name in schema.TABLES}


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


PARAMETERS = {"parameters": {"text": False, "thresholds": dict.fromkeys(schema.CATEGORIES, 50)}, "sources": {}}


def test_write_makes_a_whole_corpus_and_nothing_beside_it(corpus, tmp_path):
    written = tables.write(tmp_path / "new" / "corpus", frames(corpus), PARAMETERS)
    assert tables.verify(written.path) == []
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["corpus"]


def test_write_gives_the_same_bytes_again(corpus, tmp_path):
    found = [files(tables.write(tmp_path / name, frames(corpus), PARAMETERS).path) for name in ("one", "two")]
    assert found[0] == found[1]


def test_the_manifest_counts_rows_and_hashes_files(copy):
    manifest = json.loads((copy / tables.MANIFEST).read_text())
    assert manifest["counts"]["services"] == 12
    assert manifest["sha256"]["cues"] == tables.sha256(copy / "cues.parquet")


def test_write_replaces_the_whole_folder_or_nothing(corpus, copy):
    (copy / "cues.parquet").write_bytes(b"of the old corpus")
    tables.write(copy, frames(corpus), PARAMETERS)
    written = files(copy)
    assert sorted(written) == sorted(
        [*(f"{name}.parquet" for name in schema.TABLES), "croissant.json", tables.MANIFEST]
    )
    (copy / "topics.parquet").write_bytes(b"somebody's model")
    with pytest.raises(tables.CorpusError, match=r"topics\.parquet, which would be lost"):
        tables.write(copy, frames(corpus), PARAMETERS)
    assert files(copy) == written | {"topics.parquet": b"somebody's model"}


def test_a_bad_frame_leaves_the_old_corpus(corpus, copy):
    before = files(copy)
    with pytest.raises(ValueError, match="table cues, column cue"):
        tables.write(copy, {**frames(corpus), "cues": cues(cue=[None, None])}, PARAMETERS)
    assert files(copy) == before
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


@pytest.mark.parametrize("function", ["write_table", "sha256"])
def test_a_full_disk_leaves_the_old_corpus(function, corpus, copy, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    before = files(copy)
    monkeypatch.setattr(corpus_module, function, full)
    with pytest.raises(OSError, match="No space left"):
        tables.write(copy, frames(corpus), PARAMETERS)
    assert files(copy) == before
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_where_the_new_folder_cannot_be_put_the_old_one_comes_back(corpus, copy, monkeypatch):
    rename = Path.rename

    def fail_once(path, target):
        if path.parent.name.startswith(".copy.") and target == copy:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    before = files(copy)
    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(OSError, match="No space left"):
        tables.write(copy, frames(corpus), PARAMETERS)
    assert files(copy) == before


def test_a_corpus_that_a_kill_left_under_its_other_name_is_put_back(copy):
    before = files(copy)
    copy.rename(copy.with_name(".copy.old"))
    tables.restore(copy)
    assert files(copy) == before


def test_nothing_is_put_back_over_a_corpus_that_stands(copy):
    before = files(copy)
    copy.with_name(".copy.old").mkdir()
    tables.restore(copy)
    assert files(copy) == before


# --- verify ---------------------------------------------------------------------------------------------------------


def test_a_whole_corpus_has_no_faults(corpus):
    assert tables.verify(corpus.path) == []


def test_verify_finds_a_changed_byte(copy):
    path = copy / "occurrences.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    assert "occurrences.parquet: its sha256 is not the manifest's" in tables.verify(copy)


def test_verify_finds_a_truncated_table(copy):
    path = copy / "occurrences.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    faults = tables.verify(copy)
    assert faults[0] == "occurrences.parquet: its sha256 is not the manifest's"
    assert "is damaged" in faults[1]


def test_verify_finds_a_row_that_the_manifest_does_not_count(copy):
    manifest = json.loads((copy / tables.MANIFEST).read_text())
    remanifest(copy, counts={**manifest["counts"], "cues": 99})
    (fault,) = tables.verify(copy)
    assert fault.startswith("cues.parquet: ")
    assert fault.endswith("rows, the manifest says 99")


def test_verify_finds_a_manifest_without_hashes(copy):
    remanifest(copy, sha256={}, counts={})
    assert len(tables.verify(copy)) == 2 * len(schema.TABLES)


def test_verify_finds_a_value_outside_its_vocabulary(copy):
    rewrite(copy, "versions", lambda frame: frame.assign(status="lost"))
    (fault,) = tables.verify(copy)
    assert fault.startswith("versions.parquet: table versions, column status")
    assert "lost" in fault


def test_verify_finds_a_foreign_column(copy):
    rewrite(copy, "cues", lambda frame: frame.assign(colour="red"))
    assert tables.verify(copy) == [
        "cues.parquet: table cues has no column colour: it has segment_id, start, end, cue, value"
    ]


def test_verify_finds_a_key_that_stands_twice(copy):
    rewrite(copy, "services", lambda frame: pd.concat([frame, frame[:1]]))
    (fault,) = tables.verify(copy)
    assert "alder.example" in fault


@pytest.mark.parametrize(
    ("name", "column", "target"),
    [
        ("policies", "version_id", "versions"),
        ("policies", "service", "services"),
        ("versions", "service", "services"),
        ("versions", "same_as", "versions"),
        ("occurrences", "policy_id", "policies"),
        ("occurrences", "segment_id", "segments"),
        ("scores", "segment_id", "segments"),
        ("mentions", "segment_id", "segments"),
        ("cues", "segment_id", "segments"),
    ],
)
def test_verify_finds_a_key_that_points_nowhere(name, column, target, copy):
    def lose(frame):
        return frame.assign(**{column: ["nowhere", *frame[column][1:]]})

    rewrite(copy, name, lose)
    assert f"{name}.{column}: 1 values are not in {target}, as nowhere" in tables.verify(copy)


def test_verify_refuses_what_is_no_corpus(tmp_path):
    with pytest.raises(CorpusError, match="not a corpus"):
        tables.verify(tmp_path)


# --- Tables in parts, and samples -----------------------------------------------------------------------------------


@pytest.fixture
def in_parts(corpus, tmp_path):
    """The corpus with two tables in three parts each."""
    frames = {name: corpus.table(name) for name in schema.TABLES}
    for name in ("occurrences", "segments"):
        third = len(frames[name]) // 3
        borders = [(0, third), (third, 2 * third), (2 * third, None)]
        frames[name] = [lambda rows=frames[name][start:end]: rows for start, end in borders]
    return tables.write(tmp_path / "in-parts", frames, {**PARAMETERS, "parameters": corpus.manifest["parameters"]})


def test_a_saved_sample_is_a_corpus_of_its_own(in_parts, tmp_path):
    sample = in_parts.sample(3, seed=1)
    saved = sample.save(tmp_path / "saved")
    assert tables.verify(saved.path) == []
    assert saved.manifest["sample"]["owners"] == 3
    for name in ("services", "policies", "segments", "cues"):
        pd.testing.assert_frame_equal(saved.table(name), sample.table(name))


def test_a_version_of_a_saved_sample_names_none_outside_it(copy, tmp_path):
    def linked(rows):
        first = rows.groupby("service")["version_id"].first()
        of_next = dict(zip(first.index, [*first[1:], first.iloc[0]], strict=True))
        return rows.assign(same_as=rows["service"].map(of_next))

    rewrite(copy, "versions", linked)
    whole = Corpus.open(copy)
    assert whole.save(tmp_path / "whole").versions()["same_as"].notna().all()
    assert whole.sample(1).save(tmp_path / "one").versions()["same_as"].isna().all()


@pytest.mark.parametrize("name", list(schema.TABLES))
def test_a_folder_of_parts_gives_the_frames_of_one_file(name, corpus, in_parts):
    pd.testing.assert_frame_equal(in_parts.table(name), corpus.table(name))
    key = list(schema.TABLES[name].key)
    pd.testing.assert_frame_equal(in_parts.table(name, columns=key), corpus.table(name, columns=key))
    assert in_parts.manifest["counts"][name] == corpus.manifest["counts"][name]


def test_parts_are_files_in_a_folder_and_verified(in_parts):
    assert sorted(path.name for path in (in_parts.path / "segments").iterdir()) == [
        f"part-000{number}.parquet" for number in range(3)
    ]
    assert tables.verify(in_parts.path) == []
    (in_parts.path / "segments" / "part-0002.parquet").unlink()
    assert "segments: its sha256 is not the manifest's" in tables.verify(in_parts.path)


def test_a_corpus_in_parts_is_replaced_and_nothing_that_lies_in_it(in_parts):
    tables.check_replaceable(in_parts.path)
    (in_parts.path / "segments" / "notes.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r"holds segments/notes\.txt, which would be lost"):
        tables.check_replaceable(in_parts.path)


def test_mlcroissant_reads_a_corpus_in_parts(in_parts):
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(in_parts.path / "croissant.json")
    assert len(list(dataset.records("segments"))) == in_parts.manifest["counts"]["segments"]


@pytest.mark.parametrize("form", ["corpus", "in_parts"])
def test_a_sample_has_all_rows_of_the_services_of_some_owners(form, request):
    whole = request.getfixturevalue(form)
    sample = whole.sample(3, seed=1)
    services = set(sample.services()["service"])
    assert len(services) == 3
    for name in ("versions", "policies"):
        rows = whole.table(name)
        pd.testing.assert_frame_equal(sample.table(name), rows[rows["service"].isin(services)].reset_index(drop=True))
    occurrences = whole.occurrences()
    occurrences = occurrences[occurrences["policy_id"].isin(sample.policies()["policy_id"])]
    pd.testing.assert_frame_equal(sample.occurrences(), occurrences.reset_index(drop=True))
    for name in ("segments", "scores", "mentions", "cues"):
        rows = whole.table(name)
        rows = rows[rows["segment_id"].isin(occurrences["segment_id"])]
        pd.testing.assert_frame_equal(sample.table(name), rows.reset_index(drop=True))
        assert sample.manifest["counts"][name] == len(rows)
    assert len(sample.labels()) == len(sample.segments())


def test_a_sample_is_drawn_by_owner_and_by_its_seed(corpus, copy):
    rewrite(copy, "services", lambda rows: rows.assign(owner=["one"] * 6 + [None] + ["two"] * 5))
    whole = Corpus.open(copy)
    drawn = {tuple(whole.sample(1, seed=seed).services()["service"]) for seed in range(20)}
    assert sorted(map(len, drawn)) == [1, 5, 6]
    assert list(whole.sample(2, seed=5).services()["service"]) == list(whole.sample(2, seed=5).services()["service"])
    assert len(whole.sample(3).services()) == 12
    assert "sha256" not in whole.sample(1).manifest


@pytest.mark.parametrize("n", [0, 13])
def test_a_sample_of_more_owners_than_there_are_is_refused(n, corpus):
    with pytest.raises(ValueError, match=f"n {n} must be from 1 to 12, the number of owners"):
        corpus.sample(n)
