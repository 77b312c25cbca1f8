"""The pipeline from sources to tables: whole, repeatable, resumable, and never half-written."""

import fcntl
import os
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import archives
import pandas as pd
import pytest
from archives import GDPR, HARBOR, LETTERS, PARROT, SHIELD, page, policy

from privacylab import build, paths, sources, tables
from privacylab.build import BuildError, annotate, assemble, jobs, versions, workers
from privacylab.sources import SourceError
from privacylab.tables import CorpusError, corpus, schema, storage

BOATS, KITES = "crawl/boats.com/Privacy Policy.txt", "crawl_reviewed/kites.com/Privacy Policy.txt"
DICE = "crawl/dice.com/Privacy Policy.txt"


@pytest.fixture(autouse=True)
def model(monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Three services over six years."""
    root = tmp_path_factory.mktemp("archive") / "tosback2"
    archives.commit(root, {BOATS: page(HARBOR), KITES: page(LETTERS)}, "2013-02-03")
    archives.commit(root, {BOATS: page(HARBOR, LETTERS), DICE: archives.NO_POLICY}, "2013-03-04")
    archives.commit(root, {KITES: page(LETTERS) + " "}, "2014-05-06")
    archives.commit(root, {BOATS: page(SHIELD)}, "2017-01-01")
    archives.commit(root, {BOATS: page(SHIELD, GDPR), KITES: page(GDPR, PARROT)}, "2018-06-01")
    return root


@pytest.fixture(scope="module")
def built(repository, tmp_path_factory):
    """The corpus of the repository, by one worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotate, "_model", archives.tiny_model)
        return build.corpus([repository], tmp_path_factory.mktemp("built") / "corpus", workers=1)


@pytest.fixture
def small_batches(monkeypatch):
    """A service a task."""
    monkeypatch.setattr(workers, "READ_BATCH", 1)


def beside(folder):
    return sorted(path.name for path in folder.parent.iterdir())


# --- What comes out -------------------------------------------------------------------------------------------------


def test_a_built_corpus_is_whole(built):
    assert tables.verify(built.path) == []


def test_beside_the_corpus_stand_the_parts_of_its_services(built):
    assert beside(built.path) == [".corpus.parts", "corpus"]
    assert len(list(built.path.with_name(".corpus.parts").glob("part-*.arrow"))) == 3


def test_inputs_are_rows(built):
    versions = built.versions()
    assert len(versions) == 8
    assert versions["status"].value_counts().to_dict() == {
        "kept": 6,
        "sampled_out": 1,
        "rejected": 1,
    }


def test_the_policies_are_the_last_of_each_half_year_and_era(built):
    found = built.policies()[["policy_id", "era", "last_seen"]].astype({"last_seen": str}).to_numpy().tolist()
    assert found == [
        ["boats.com@2013-03-04", "safe_harbor", "2013-03-04"],
        ["boats.com@2017-01-01", "privacy_shield", "2017-01-01"],
        ["boats.com@2018-06-01", "gdpr", "2018-06-01"],
        ["kites.com@2013-02-03", "safe_harbor", "2014-05-06"],
        ["kites.com@2014-05-06", "safe_harbor", "2014-05-06"],
        ["kites.com@2018-06-01", "gdpr", "2018-06-01"],
    ]


def test_the_ledger_tells_the_claims_of_each_version_also_of_those_left_out(built):
    claims = {row.version_id: list(row.claims) for row in built.versions().itertuples()}
    assert claims["boats.com@2013-02-03.1"] == ["safe_harbor:adheres"]  # sampled out
    assert claims["boats.com@2018-06-01.1"] == ["gdpr:adheres", "privacy_shield:adheres"]
    assert claims["dice.com@2013-03-04.1"] == []


def test_the_era_by_frameworks_is_the_latest_that_is_claimed(built):
    found = built.policies().set_index("policy_id")["era_by_frameworks"]
    assert found["boats.com@2017-01-01"] == "privacy_shield"
    assert found["boats.com@2018-06-01"] == "gdpr"
    assert found[["kites.com@2013-02-03"]].isna().all()


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ((), None),
        (("safe_harbor:adheres", "gdpr:adheres"), "gdpr"),
        (("safe_harbor:adheres", "privacy_shield:withdrawn", "gdpr:mentions"), "safe_harbor"),
        (("privacy_shield:third_party",), None),
        (("scc:relies",), None),
    ],
)
def test_era_by_frameworks(claims, expected):
    assert annotate.era_by_frameworks(claims) == expected


def test_segments_stand_where_they_occur(built):
    occurrences = built.occurrences()
    texts = built.segments().set_index("segment_id")["text"]
    first = occurrences[occurrences["policy_id"] == "boats.com@2017-01-01"].sort_values("position")
    assert first["position"].tolist() == list(range(13))
    assert texts[first["segment_id"]].tolist() == [*archives.BASE, SHIELD]


def test_each_distinct_segment_has_one_row(built):
    # Twelve sentences, and harbor, letters, shield, GDPR, parrot; the sampled-out version holds no other.
    assert len(built.segments()) == len(built.scores()) == 17


def test_the_reading_grade_is_that_of_kincaid(built):
    first = built.policies().iloc[0]
    counts = built.occurrences().merge(built.segments(), on="segment_id")
    n = counts[counts["policy_id"] == first["policy_id"]][["n_words", "n_sentences", "n_syllables"]].sum()
    grade = 0.39 * n["n_words"] / n["n_sentences"] + 11.8 * n["n_syllables"] / n["n_words"] - 15.59
    assert first["reading_grade"] == pytest.approx(grade, abs=0.001)


def test_scores_are_percents_of_the_model(built):
    scores = built.scores().set_index("segment_id")
    parrot = built.segments().set_index("segment_id")["text"].eq(PARROT)
    assert scores.loc[parrot[parrot].index[0], "Other"] == 90
    assert built.labels().groupby("category", observed=True).size()["Other"] == 1


def test_services_carry_their_facts_and_their_names(tmp_path):
    archives.write(tmp_path / "mine", {"Amazon/2019-01-01.md": policy(), "Paper Boats/2019-01-01.md": policy(PARROT)})
    services = build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1).services().set_index("service")
    assert services.loc["amazon.com", "region"] == "us"
    assert list(services.loc["paper-boats", "names"]) == ["Paper Boats"]
    assert services.loc[["paper-boats"], "region"].isna().all()


def test_the_manifest_says_what_the_corpus_was_made_of(built):
    manifest = built.manifest
    assert manifest["parameters"]["every"] == "half-year"
    assert manifest["parameters"]["thresholds"] == dict.fromkeys(schema.CATEGORIES, 50)
    assert manifest["sources"]["tosback2"]["n_versions"] == 8
    assert manifest["versions"]["privacylab"]


def test_without_text_no_text_is_written(repository, tmp_path):
    corpus = build.corpus([repository], tmp_path / "out", text=False, workers=1)
    assert not corpus.has_text()
    assert corpus.segments()["text"].isna().all()
    assert corpus.segments()["terms"].ne("").all()


def test_every_chooses_the_sample(repository, tmp_path):
    corpus = build.corpus([repository], tmp_path / "out", every="all", workers=1)
    assert corpus.versions()["status"].eq("sampled_out").sum() == 0
    assert len(corpus.policies()) == 6


def test_two_sources_make_one_history_of_a_service(repository, tmp_path):
    archives.commit(tmp_path / "ota", {"boats.com/Privacy Policy.md": policy(GDPR, PARROT)}, "2021-01-01")
    corpus = build.corpus([repository, tmp_path / "ota"], tmp_path / "out", workers=1)
    boats = corpus.policies().query("service == 'boats.com'")
    assert boats["collection"].tolist() == ["tosback2", "tosback2", "tosback2", "ota"]


def test_progress_is_told_by_stage(repository, tmp_path):
    told = []
    build.corpus([repository], tmp_path / "out", workers=1, progress=lambda *what: told.append(what))
    assert told[0] == ("reading", 0, 1)
    assert [what for what in told if what[1] == what[2]] == [("reading", 1, 1), ("writing", 1, 1)]


# --- The same bytes -------------------------------------------------------------------------------------------------


def test_a_second_build_gives_the_same_bytes(repository, built, tmp_path):
    again = build.corpus([repository], tmp_path / "again", workers=1)
    assert archives.contents(again.path) == archives.contents(built.path)


def test_two_workers_and_small_batches_give_the_same_bytes(repository, built, tmp_path, small_batches):
    again = build.corpus([repository], tmp_path / "again", workers=2)
    assert archives.contents(again.path) == archives.contents(built.path)


def test_tables_of_small_row_groups_have_the_same_rows(repository, built, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "PART_ROWS", 4)
    again = build.corpus([repository], tmp_path / "again", workers=1)
    for name in schema.TABLES:
        pd.testing.assert_frame_equal(again.table(name), built.table(name))


def test_workers_that_end_after_one_job_each_give_the_same_bytes(
    repository, built, tmp_path, monkeypatch, small_batches
):
    monkeypatch.setattr(jobs, "TASKS_OF_A_WORKER", 1)
    told = []
    again = build.corpus([repository], tmp_path / "again", workers=2, progress=lambda *now: told.append(now))
    assert archives.contents(again.path) == archives.contents(built.path)
    assert [now for now in told if now[0] == "reading"] == [("reading", done, 3) for done in range(4)]


@pytest.mark.parametrize("rows", [3, 16])
def test_a_corpus_of_long_tables_has_the_same_rows_in_parts(rows, repository, built, tmp_path, monkeypatch):
    monkeypatch.setattr(assemble, "ROWS", rows)
    monkeypatch.setattr(assemble, "PARTS_AT_ONCE", 2)
    again = build.corpus([repository], tmp_path / "again", workers=1)
    assert tables.verify(again.path) == []
    for name in schema.TABLES:
        pd.testing.assert_frame_equal(again.table(name), built.table(name))
    assert len(list((again.path / "occurrences").iterdir())) == -(-len(built.occurrences()) // rows)
    assert (again.path / "versions").is_dir() == (rows == 3)
    assert beside(again.path) == [".again.parts", "again"]
    assert not [*again.path.with_name(".again.parts").glob("*.rows")]
    assert build.corpus([repository], again.path, workers=1, mode="update").manifest == again.manifest


SCRIPT = """
import sys, archives
from privacylab import build
from privacylab.build import annotate
annotate._model = archives.tiny_model
build.corpus([sys.argv[1]], sys.argv[2], workers=1, mode=sys.argv[3])
"""


def run(repository, out, mode="new", **options):
    """A build in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **options.pop("env", {})}
    command = [sys.executable, "-c", SCRIPT, str(repository), str(out), mode]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, **options)


def test_another_hash_seed_gives_the_same_bytes(repository, built, tmp_path):
    done = run(repository, tmp_path / "again", env={"PYTHONHASHSEED": "12345"})
    assert done.returncode == 0, done.stderr
    assert archives.contents(tmp_path / "again") == archives.contents(built.path)


def test_a_bundle_gives_the_same_bytes(repository, built, tmp_path):
    archives.git(repository, "bundle", "create", "--quiet", str(tmp_path / "all.bundle"), "--all")
    again = build.corpus([tmp_path / "all.bundle"], tmp_path / "again", workers=1)
    assert archives.contents(again.path) == archives.contents(built.path)


# --- Update ---------------------------------------------------------------------------------------------------------


def updated(first, second, out, monkeypatch):
    """Builds twice, the second time as an update; gives the corpus and the services that the update read."""
    build.corpus(first, out, workers=1)
    read = []
    real = versions.read
    monkeypatch.setattr(
        versions, "read", lambda service, *rest, **more: read.append(service) or real(service, *rest, **more)
    )
    return build.corpus(second() if callable(second) else second, out, workers=1, mode="update"), read


def same_as_fresh(corpus, given, tmp_path):
    fresh = build.corpus(given, tmp_path / "fresh", workers=1)
    return archives.contents(corpus.path) == archives.contents(fresh.path)


@pytest.fixture
def ota(tmp_path):
    root = tmp_path / "ota"
    for date, more in (("2019-01-01", ()), ("2020-01-01", (GDPR,))):
        files = {
            f"{name}/Privacy Policy.md": policy(*more, *own)
            for name, own in (("boats.com", ()), ("kites.com", (PARROT,)))
        }
        archives.commit(root, files, date)
    return root


@pytest.mark.parametrize(
    ("files", "date", "read"),
    [
        ({"boats.com/Privacy Policy.md": policy(SHIELD)}, "2021-01-01", ["boats.com"]),
        (
            {"boats.com/Privacy Policy.md": policy(GDPR, LETTERS)},
            "2020-02-01",
            ["boats.com"],
        ),  # now 2020-01-01 is sampled out
        ({"boats.com/Privacy Policy.md": policy()}, "2021-01-01", ["boats.com"]),  # an old text returns
        ({"dice.com/Privacy Policy.md": policy(HARBOR)}, "2021-01-01", ["dice.com"]),
        ({"boats.com/Terms of Service.md": "x"}, "2021-01-01", []),
    ],
)
def test_an_update_reads_only_what_changed_and_gives_the_bytes_of_a_fresh_build(
    files, date, read, ota, tmp_path, monkeypatch
):
    corpus, found = updated([ota], lambda: archives.commit(ota, files, date) or [ota], tmp_path / "out", monkeypatch)
    assert found == read
    assert same_as_fresh(corpus, [ota], tmp_path)


def test_an_update_after_a_rewritten_history_forgets_what_went(ota, tmp_path, monkeypatch):
    archives.commit(ota, {"dice.com/Privacy Policy.md": policy(HARBOR)}, "2021-01-01")
    corpus, found = updated(
        [ota], lambda: archives.git(ota, "reset", "--quiet", "--hard", "HEAD~1") or [ota], tmp_path / "out", monkeypatch
    )
    assert found == []
    assert same_as_fresh(corpus, [ota], tmp_path)


def test_an_update_after_a_rename_reads_the_service_under_its_new_name(ota, tmp_path, monkeypatch):
    def rename():
        archives.git(ota, "mv", "kites.com", "kestrels.com")
        archives.commit(ota, {}, "2021-01-01")
        return [ota]

    corpus, found = updated([ota], rename, tmp_path / "out", monkeypatch)
    assert found == ["kestrels.com"]
    assert set(corpus.versions()["service"]) == {"boats.com", "kestrels.com"}
    assert same_as_fresh(corpus, [ota], tmp_path)


@pytest.mark.parametrize("more_at", ["first", "second"])
def test_an_update_with_a_source_more_or_less_reads_what_it_holds(more_at, ota, tmp_path, monkeypatch):
    mine = archives.write(
        tmp_path / "mine", {f"{name}/2019-05-05.md": policy(SHIELD) for name in ("dice.com", "kites.com")}
    )
    first, second = ([ota, mine], [ota]) if more_at == "first" else ([ota], [ota, mine])
    corpus, found = updated(first, second, tmp_path / "out", monkeypatch)
    assert found == (["kites.com"] if more_at == "first" else ["kites.com", "dice.com"])
    assert same_as_fresh(corpus, second, tmp_path)


def test_an_update_that_finds_nothing_new_changes_nothing(ota, tmp_path, monkeypatch):
    corpus, found = updated([ota], [ota], tmp_path / "out", monkeypatch)
    assert found == []
    assert same_as_fresh(corpus, [ota], tmp_path)


def test_what_a_table_of_services_says_stands_in_the_corpus_and_settles_dates(tmp_path, model):
    table = "service,region,industry,owner\nboats,eu,toys,Paper Ltd.\n"
    files = {"boats/policy.md": policy(stated="03/04/2014"), "services.csv": table}
    archives.write(tmp_path / "mine", files)
    corpus = build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1)
    (row,) = corpus.services().to_dict("records")
    assert (row["region"], row["industry"], row["owner"]) == ("eu", "toys", "Paper Ltd.")
    assert "services.csv" in row["ground"]
    assert corpus.policies()["date"].dt.strftime("%Y-%m-%d").tolist() == ["2014-04-03"]
    archives.write(tmp_path / "mine", {"services.csv": table.replace(",eu,", ",us,")})
    corpus = build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1, mode="update")
    assert corpus.policies()["date"].dt.strftime("%Y-%m-%d").tolist() == ["2014-03-04"]


def edit(folder):
    (folder / "boats.com" / "2019-01-01.md").write_text(policy(LETTERS, GDPR))


def date_by_metadata(folder):
    (folder / "metadata.csv").write_text("service,date,path\n,2020-02-02,boats.com/2019-01-01.md\n")


def take_away(folder):
    (folder / "boats.com" / "2019-01-01.md").unlink()


def add(folder):
    archives.write(folder, {"boats.com/2020-03-04.md": policy(PARROT)})


def empty(folder):
    (folder / "boats.com" / "2019-01-01.md").write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (edit, ["boats.com"]),
        (date_by_metadata, ["boats.com"]),
        (add, ["boats.com"]),
        (empty, ["boats.com"]),
        (take_away, []),
        (lambda folder: None, []),
    ],
)
def test_an_update_sees_every_change_of_a_folder(change, read, tmp_path, monkeypatch):
    mine = archives.write(tmp_path / "mine", {f"{name}/2019-01-01.md": policy() for name in ("boats.com", "kites.com")})
    corpus, found = updated([mine], lambda: change(mine) or [mine], tmp_path / "out", monkeypatch)
    assert found == read
    assert same_as_fresh(corpus, [mine], tmp_path)


def test_an_update_after_a_change_of_the_rules_reads_everything(ota, tmp_path, monkeypatch):
    def change():
        monkeypatch.setattr(workers, "software", lambda: {**software(), "code": "new"})
        return [ota]

    assert updated([ota], change, tmp_path / "out", monkeypatch)[1] == ["kites.com", "boats.com"]


def test_an_update_with_other_software_reads_everything(ota, tmp_path, monkeypatch):
    def upgrade():
        monkeypatch.setattr(workers, "software", lambda: {**software(), "numpy": "99"})
        return [ota]

    assert updated([ota], upgrade, tmp_path / "out", monkeypatch)[1] == ["kites.com", "boats.com"]


def test_an_update_of_a_damaged_corpus_takes_nothing_from_its_tables(ota, tmp_path, monkeypatch):
    def damage():
        path = tmp_path / "out" / "cues.parquet"
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        return [ota]

    corpus, found = updated([ota], damage, tmp_path / "out", monkeypatch)
    assert found == []
    assert same_as_fresh(corpus, [ota], tmp_path)


def parts(out):
    return out.with_name(f".{out.name}.parts")


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-9], lambda data: data[:-40] + b"?" + data[-39:]]
)
def test_a_damaged_part_is_read_again(damage, ota, tmp_path, monkeypatch):
    def damaged():
        path = workers.part_of(parts(tmp_path / "out"), "kites.com")
        path.write_bytes(damage(path.read_bytes()))
        return [ota]

    corpus, found = updated([ota], damaged, tmp_path / "out", monkeypatch)
    assert found == ["kites.com"]
    assert same_as_fresh(corpus, [ota], tmp_path)


def test_a_copied_corpus_without_its_parts_is_updated_by_reading_all(ota, tmp_path, monkeypatch):
    corpus, found = updated(
        [ota], lambda: shutil.rmtree(parts(tmp_path / "out")) or [ota], tmp_path / "out", monkeypatch
    )
    assert found == ["kites.com", "boats.com"]
    assert same_as_fresh(corpus, [ota], tmp_path)


def test_parts_of_services_that_went_go_too(ota, tmp_path, monkeypatch):
    archives.commit(ota, {"dice.com/Privacy Policy.md": policy(HARBOR)}, "2021-01-01")
    updated(
        [ota], lambda: archives.git(ota, "reset", "--quiet", "--hard", "HEAD~1") or [ota], tmp_path / "out", monkeypatch
    )
    expected = {workers.part_of(parts(tmp_path / "out"), name).name for name in ("boats.com", "kites.com")}
    assert {path.name for path in parts(tmp_path / "out").glob("part-*")} == expected


def test_a_refused_build_leaves_the_parts(ota, tmp_path):
    build.corpus([ota], tmp_path / "out", workers=1)
    before = archives.contents(parts(tmp_path / "out"))
    with pytest.raises(BuildError, match="exists: give --update"):
        build.corpus([ota], tmp_path / "out", workers=1)
    assert archives.contents(parts(tmp_path / "out")) == before


def test_what_could_not_be_read_is_tried_again_by_an_update(tmp_path, monkeypatch):
    archives.commit(
        tmp_path / "ota", {f"{name}/Privacy Policy.md": policy(name) for name in ("a.com", "b.com")}, "2020-01-01"
    )
    blob = archives.git(tmp_path / "ota", "rev-parse", "HEAD:a.com/Privacy Policy.md")
    path = tmp_path / "ota" / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    given = [tmp_path / "ota"]
    corpus, found = updated(given, lambda: path.write_bytes(whole) and given, tmp_path / "out", monkeypatch)
    assert found == ["a.com"]
    assert corpus.versions()["status"].tolist() == ["kept", "kept"]


# --- Resume ---------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What a build does not catch."""


def killed(*arguments, **options):
    raise Killed


@pytest.mark.parametrize(("module", "function"), [(assemble, "assemble"), (corpus, "write_table"), (corpus, "sha256")])
def test_a_resumed_build_reads_nothing_again_and_gives_the_same_bytes(
    module, function, repository, built, tmp_path, monkeypatch, small_batches
):
    with monkeypatch.context() as patch:
        patch.setattr(module, function, killed)
        with pytest.raises(Killed):
            build.corpus([repository], tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(versions, "read", killed)
    corpus = build.corpus([repository], tmp_path / "out", workers=1, mode="resume")
    assert archives.contents(corpus.path) == archives.contents(built.path)
    assert beside(corpus.path) == [".out.parts", "out"]


def test_a_build_killed_while_reading_goes_on_after_its_last_batch(
    repository, built, tmp_path, monkeypatch, small_batches
):
    read = []
    real = versions.read

    def counted(service, *rest, **more):
        read.append(service)
        if len(read) == 2:
            raise Killed
        return real(service, *rest, **more)

    monkeypatch.setattr(versions, "read", counted)
    with pytest.raises(Killed):
        build.corpus([repository], tmp_path / "out", workers=1)
    corpus = build.corpus([repository], tmp_path / "out", workers=1, mode="resume")
    assert read == ["boats.com", "kites.com", "kites.com", "dice.com"]
    assert archives.contents(corpus.path) == archives.contents(built.path)


@pytest.mark.parametrize("function", ["tables", "scores", "_spans"])
def test_a_build_killed_while_annotating_goes_on_to_the_same_bytes(
    function, repository, built, tmp_path, monkeypatch, small_batches
):
    with monkeypatch.context() as patch:
        patch.setattr(annotate, function, killed)
        with pytest.raises(Killed):
            build.corpus([repository], tmp_path / "out", workers=1)
    corpus = build.corpus([repository], tmp_path / "out", workers=1, mode="resume")
    assert archives.contents(corpus.path) == archives.contents(built.path)


def test_parts_of_other_parameters_are_not_resumed(repository, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(assemble, "assemble", killed)
        with pytest.raises(Killed):
            build.corpus([repository], tmp_path / "out", workers=1)
    corpus = build.corpus([repository], tmp_path / "out", workers=1, every="all", mode="resume")
    assert same_as_fresh_all(corpus, repository, tmp_path)


def same_as_fresh_all(corpus, repository, tmp_path):
    fresh = build.corpus([repository], tmp_path / "fresh", workers=1, every="all")
    return archives.contents(corpus.path) == archives.contents(fresh.path)


def test_a_file_edited_after_the_kill_is_read_again(tmp_path, monkeypatch):
    mine = archives.write(tmp_path / "mine", {"boats.com/2019-01-01.md": policy()})
    with monkeypatch.context() as patch:
        patch.setattr(assemble, "assemble", killed)
        with pytest.raises(Killed):
            build.corpus([mine], tmp_path / "out", workers=1)
    edit(mine)
    corpus = build.corpus([mine], tmp_path / "out", workers=1, mode="resume")
    assert same_as_fresh(corpus, [mine], tmp_path)


def test_a_killed_update_is_resumed_to_what_a_fresh_build_gives(ota, tmp_path, monkeypatch):
    build.corpus([ota], tmp_path / "out", workers=1)
    archives.commit(ota, {"boats.com/Privacy Policy.md": policy(SHIELD)}, "2021-01-01")
    with monkeypatch.context() as patch:
        patch.setattr(assemble, "assemble", killed)
        with pytest.raises(Killed):
            build.corpus([ota], tmp_path / "out", workers=1, mode="update")
    corpus = build.corpus([ota], tmp_path / "out", workers=1, mode="resume")
    assert same_as_fresh(corpus, [ota], tmp_path)


# --- What is refused ------------------------------------------------------------------------------------------------


def test_a_corpus_that_exists_is_not_replaced_unasked(repository, built):
    before = archives.contents(built.path)
    with pytest.raises(BuildError, match="exists: give --update, --resume or --force, or another --out"):
        build.corpus([repository], built.path)
    assert archives.contents(built.path) == before
    assert beside(built.path) == [".corpus.parts", "corpus"]


def test_force_replaces_a_corpus(repository, built, tmp_path):
    build.corpus([repository], tmp_path / "out", every="all", workers=1)
    corpus = build.corpus([repository], tmp_path / "out", workers=1, mode="force")
    assert archives.contents(corpus.path) == archives.contents(built.path)


REPLACING = pytest.mark.parametrize("mode", ["force", "update", "resume"])
NO_CORPUS = "exists and is not a corpus, so it is not replaced: name another --out"


@REPLACING
def test_a_folder_of_other_things_is_never_replaced(mode, repository, tmp_path):
    archives.write(tmp_path / "thesis", {"chapter-1.tex": "years of work", "manifest.json": "{}"})
    with pytest.raises(CorpusError, match=f"thesis {NO_CORPUS}"):
        build.corpus([repository], tmp_path / "thesis", mode=mode, workers=1)
    assert (tmp_path / "thesis" / "chapter-1.tex").read_text() == "years of work"
    assert beside(tmp_path / "thesis") == ["thesis"]


def test_a_file_is_never_replaced(repository, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CorpusError, match=rf"thesis\.tex {NO_CORPUS}"):
        build.corpus([repository], tmp_path / "thesis.tex", mode="force", workers=1)


def put(name, content=""):
    return lambda folder: archives.write(folder, {name: content})


@REPLACING
@pytest.mark.parametrize(
    ("add", "names"),
    [
        (put("notes.txt"), "notes.txt"),
        (put("topics.parquet"), "topics.parquet"),
        (put(".hidden"), ".hidden"),
        (put("mine/2019-01-01.md"), "mine"),
        (lambda folder: (folder / "elsewhere").symlink_to(folder.parent), "elsewhere"),
        (lambda folder: [put(f"{n}.csv")(folder) for n in range(5)], "0.csv, 1.csv, 2.csv and 2 more"),
        (lambda folder: [(folder / "cues.parquet").unlink(), (folder / "cues.parquet").mkdir()], "cues.parquet"),
    ],
)
def test_a_corpus_that_holds_something_else_is_not_replaced(mode, add, names, repository, built, tmp_path):
    out = shutil.copytree(built.path, tmp_path / "out")
    add(out)
    before = sorted(out.rglob("*"))
    with pytest.raises(CorpusError, match=f"holds {re.escape(names)}, which would be lost"):
        build.corpus([repository], out, mode=mode, workers=1)
    assert sorted(out.rglob("*")) == before
    assert beside(out) == ["out"]


def test_a_corpus_that_somebody_looked_at_is_replaced(repository, built, tmp_path):
    out = shutil.copytree(built.path, tmp_path / "out")
    (out / ".DS_Store").touch()
    assert archives.contents(build.corpus([repository], out, mode="force", workers=1).path).keys() == {
        path.name for path in built.path.iterdir()
    }


@REPLACING
@pytest.mark.parametrize("place", ["out", "out/mine", "out/mine/kites", "link", "out/mine.zip"])
def test_an_output_that_holds_a_source_is_refused(mode, place, built, tmp_path):
    out = shutil.copytree(built.path, tmp_path / "out")
    archives.write(out, {"mine/kites/2019-01-01.md": policy()})
    (tmp_path / "link").symlink_to(out / "mine")
    with zipfile.ZipFile(out / "mine.zip", "w") as archive:
        archive.write(out / "mine/kites/2019-01-01.md", "kites/2019-01-01.md")
    given = tmp_path / place
    for source in (given, sources.open_source(given, scratch=tmp_path)):
        with pytest.raises(BuildError, match="contains the source"):
            build.corpus([source], out, mode=mode, workers=1)
    assert (out / "mine/kites/2019-01-01.md").is_file()


@pytest.mark.parametrize("name", [".out.parts", ".out.old"])
@pytest.mark.parametrize("files", [["thesis.tex"], ["thesis.tex", "lock"], ["manifest.json"]])
def test_a_folder_that_has_the_name_of_a_builds_own_is_not_emptied(name, files, repository, built, tmp_path):
    shutil.copytree(built.path, tmp_path / "out")
    archives.write(tmp_path / name, dict.fromkeys(files, '{"years": "of work"}'))
    with pytest.raises((BuildError, CorpusError), match=f"{name} "):
        build.corpus([repository], tmp_path / "out", mode="force", workers=1)
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == sorted(files)
    assert tables.verify(tmp_path / "out") == []


def test_what_is_no_corpus_takes_no_corpus_place(repository, tmp_path):
    archives.write(tmp_path / ".out.old", {"thesis.tex": "years of work"})
    build.corpus([repository], tmp_path / "out", workers=1)
    assert beside(tmp_path / "out") == [".out.old", ".out.parts", "out"]


@pytest.mark.parametrize("mode", ["force", "resume"])
@pytest.mark.parametrize("link", [".out.parts", ".out.parts/lock", ".out.parts/part-0123456789abcdef.arrow"])
def test_a_link_in_the_place_of_a_builds_own_is_not_followed(link, mode, repository, tmp_path):
    archives.write(tmp_path / "mine", {"lock": "years of work"})
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / "mine" / ("" if link == ".out.parts" else "lock"))
    with pytest.raises(BuildError, match="is not a build's folder"):
        build.corpus([repository], tmp_path / "out", mode=mode, workers=1)
    assert (tmp_path / "mine" / "lock").read_text() == "years of work"


@pytest.mark.parametrize("name", [".out.parts", ".out.old"])
def test_a_source_in_a_folder_of_the_builds_own_is_refused(name, tmp_path):
    archives.write(tmp_path / name, {"lock": "", "mine/kites/2019-01-01.md": policy()})
    with pytest.raises(BuildError, match="contains the source"):
        build.corpus([tmp_path / name / "mine"], tmp_path / "out", workers=1)
    assert (tmp_path / name / "mine/kites/2019-01-01.md").is_file()


@REPLACING
def test_files_that_have_the_names_of_a_corpus_are_not_replaced(mode, repository, tmp_path):
    archives.write(tmp_path / "out", {"manifest.json": '{"mine": 1}', "versions.parquet": "mine"})
    with pytest.raises(CorpusError, match=NO_CORPUS):
        build.corpus([repository], tmp_path / "out", mode=mode, workers=1)


def test_what_somebody_lays_into_the_output_meanwhile_is_not_lost(repository, built, tmp_path, monkeypatch):
    out = shutil.copytree(built.path, tmp_path / "out")
    work = assemble.assemble
    monkeypatch.setattr(
        assemble, "assemble", lambda *parts, **rows: put("notes.txt", "mine")(out) and work(*parts, **rows)
    )
    with pytest.raises(CorpusError, match=r"notes\.txt"):
        build.corpus([repository], out, mode="force", workers=1)
    assert (out / "notes.txt").read_text() == "mine"


def test_a_second_build_into_one_folder_says_so_and_stops(repository, tmp_path):
    (tmp_path / ".out.parts").mkdir()
    with (tmp_path / ".out.parts" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(
            BuildError, match=r"another build into .*out is running: wait for it, or name another --out"
        ):
            build.corpus([repository], tmp_path / "out", workers=1)
        assert beside(tmp_path / "out") == [".out.parts"]


def test_the_folder_of_a_build_goes_while_it_is_still_locked(tmp_path, monkeypatch):
    remove = build.shutil.rmtree
    free = []

    def watched(path, **options):
        if Path(path).name == ".out.parts":
            with (Path(path) / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    free.append(path)
                except OSError:
                    pass
        remove(path, **options)

    monkeypatch.setattr(build.shutil, "rmtree", watched)
    with pytest.raises(SourceError, match="gone does not exist"):
        build.corpus([tmp_path / "gone"], tmp_path / "out", workers=1)
    assert free == []
    assert beside(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "no source is given"),
        (["gone"], "gone does not exist"),
        (["empty"], "empty has no policy"),
    ],
)
def test_without_anything_to_read_nothing_is_made(given, message, tmp_path):
    (tmp_path / "in" / "empty").mkdir(parents=True)
    with pytest.raises((BuildError, SourceError), match=message):
        build.corpus([tmp_path / "in" / name for name in given], tmp_path / "out" / "corpus", workers=1)
    assert list((tmp_path / "out").iterdir()) == []


def test_two_sources_of_one_name_are_refused(tmp_path):
    for name in ("a", "b"):
        archives.write(tmp_path / name / "mine", {"x.md": policy()})
    with pytest.raises(SourceError, match="both called mine: give them different names"):
        build.corpus([tmp_path / "a" / "mine", tmp_path / "b" / "mine"], tmp_path / "out", workers=1)


@pytest.mark.parametrize(("option", "value"), [("every", "day"), ("mode", "replace")])
def test_an_unknown_option_names_the_allowed_ones(option, value, repository, tmp_path):
    with pytest.raises(ValueError, match=f"{option} '{value}' must be one of "):
        build.corpus([repository], tmp_path / "out", **{option: value})


# --- What goes wrong ------------------------------------------------------------------------------------------------


def die(task):
    os._exit(9)


def test_a_worker_that_dies_is_told_in_one_line(repository, tmp_path, monkeypatch, small_batches):
    monkeypatch.setattr(workers, "read", die)
    with pytest.raises(BuildError) as caught:
        build.corpus([repository], tmp_path / "out", workers=2)
    assert str(caught.value) == (
        "a worker died while reading (out of memory, or killed): give --resume to go on, with fewer --workers"
    )
    assert not (tmp_path / "out").exists()
    assert not isinstance(caught.value, BrokenProcessPool)


read_task, software = workers.read, workers.software


def die_over_another_service(task):
    """As a worker that is killed while it writes: a service is done, another half written."""
    if task.services[0][0] == "boats.com":
        read_task(task)
        return
    (task.folder / ".part-0123456789abcdef.arrow.abcd1234").mkdir(exist_ok=True)
    os._exit(9)


def test_a_build_whose_worker_died_goes_on_to_the_same_bytes(repository, built, tmp_path, monkeypatch, small_batches):
    with monkeypatch.context() as patch:
        patch.setattr(workers, "read", die_over_another_service)
        with pytest.raises(BuildError, match=r"a worker died while reading .*: give --resume to go on"):
            build.corpus([repository], tmp_path / "out", workers=2)
    assert not (tmp_path / "out").exists()
    corpus = build.corpus([repository], tmp_path / "out", workers=2, mode="resume")
    assert archives.contents(corpus.path) == archives.contents(built.path)
    assert beside(corpus.path) == [".out.parts", "out"]


def fail(*arguments, **options):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("module", "function"), [(workers.feather, "write_feather"), (corpus, "write_table"), (os, "fsync")]
)
def test_a_full_disk_leaves_the_old_corpus(module, function, ota, tmp_path, monkeypatch):
    build.corpus([ota], tmp_path / "out", workers=1)
    before = archives.contents(tmp_path / "out")
    archives.commit(ota, {"boats.com/Privacy Policy.md": policy(SHIELD)}, "2021-01-01")
    with monkeypatch.context() as patch:
        patch.setattr(module, function, fail)
        with pytest.raises(OSError, match="No space left"):
            build.corpus([ota], tmp_path / "out", workers=1, mode="update")
    assert archives.contents(tmp_path / "out") == before
    assert same_as_fresh(build.corpus([ota], tmp_path / "out", workers=1, mode="resume"), [ota], tmp_path)


def test_a_limit_on_file_size_leaves_the_old_corpus(repository, built, tmp_path):
    build.shutil.copytree(built.path, tmp_path / "out")
    done = run(
        repository,
        tmp_path / "out",
        "force",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr.splitlines()[-1]
    assert archives.contents(tmp_path / "out") == archives.contents(built.path)


def test_an_output_that_cannot_be_written_is_told_in_one_line(repository, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match=r"file cannot be written .*: name another --out"):
        build.corpus([repository], tmp_path / "file" / "out", workers=1)


def test_versions_that_would_get_lost_are_an_error(repository, tmp_path, monkeypatch):
    real = assemble._rows
    monkeypatch.setattr(assemble, "_rows", lambda parts, name: real(parts, name)[name == "versions" :])
    with pytest.raises(BuildError, match="8 versions came in, 7 would go out"):
        build.corpus([repository], tmp_path / "out", workers=1)


# --- Several archives, and what is said of services ------------------------------------------------------------------


def test_before_2008_every_text_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)
    texts = {f"kites/2005-0{month}-01.md": policy(*sentence) for month, sentence in ((1, ()), (2, (HARBOR,)))}
    texts |= {f"kites/2015-0{month}-01.md": policy(*sentence) for month, sentence in ((1, ()), (2, (HARBOR,)))}
    archives.write(tmp_path / "mine", texts)
    corpus = build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1)
    assert [str(day.date()) for day in corpus.policies()["date"]] == ["2005-01-01", "2005-02-01", "2015-02-01"]


def test_two_archives_of_one_layout_are_two_collections(tmp_path, monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)
    for name in ("first", "second"):
        archives.commit(tmp_path / name, {"Kites/Privacy Policy.md": policy()}, "2020-01-01")
    corpus = build.corpus([tmp_path / "first", tmp_path / "second"], tmp_path / "out", workers=1)
    documents = corpus.versions().set_index("collection")["document"].to_dict()
    assert documents == {"ota": "main", "second": "seen-by-second"}


def test_a_services_csv_may_name_owners_and_is_told_of_services_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)
    table = "service,owner\nkites,Wind Holding\nkyte,Wind Holding\n"
    archives.write(tmp_path / "mine", {"kites/2015-01-01.md": policy(), "services.csv": table})
    corpus = build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1)
    assert corpus.services()["owner"].tolist() == ["Wind Holding"]
    assert corpus.services()["owner_ground"].tolist() == ["services.csv of mine"]
    (note,) = [note for note in corpus.manifest["sources"]["mine"]["notes"] if "spelling" in note]
    assert note.startswith("services.csv names kyte, ")


# --- Bad input: each has its row, and the good ones are read ---------------------------------------------------------


@pytest.fixture(scope="module")
def bad_input(tmp_path_factory):
    """The ledger of a folder of bad files beside a good one, by source."""
    root = tmp_path_factory.mktemp("bad")
    files = {
        "good.md": policy(),
        "latin.txt": policy("Our café keeps your letters about paper boats in its château.").encode("latin-1"),
        "utf16.txt": policy(LETTERS).encode("utf-16"),
        "empty.md": b"",
        "picture.txt": bytes(range(256)) * 20,
        "photo.png": b"\x89PNG\r\n\x1a\n" + bytes(1000),
        "line.txt": b"we collect your personal data " * 1_700_000,
        "broken.pdf": b"%PDF-1.7\n" + b"x" * 500,
        "locked.md": policy(PARROT),
        "bl\xe5 b\xe6r.md": policy(HARBOR),
    }
    archives.write(root / "mine", files)
    opened = os.open

    def refuse(path, *given, **options):
        if str(path).endswith("locked.md"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *given, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotate, "_model", archives.tiny_model)
        patch.setattr(os, "open", refuse)
        return build.corpus([root / "mine"], root / "out", workers=1)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("good.md", "kept"),
        ("latin.txt", "kept"),
        ("utf16.txt", "kept"),
        ("bl\xe5 b\xe6r.md", "kept"),
        ("empty.md", "empty"),
        ("picture.txt", "not_text"),
        ("photo.png", "unreadable_kind"),
        ("line.txt", "too_large"),
        ("broken.pdf", "unreadable"),
        ("locked.md", "unreadable"),
    ],
)
def test_bad_input_has_a_row_and_a_reason(source, expected, bad_input):
    row = bad_input.versions().set_index("source").loc[source]
    assert (row["status"] if row["status"] == "kept" else row["reason"]) == expected
    assert row["status"] == "kept" or row["detail"]


def test_bad_input_is_counted(bad_input):
    assert len(bad_input.versions()) == 10
    assert tables.verify(bad_input.path) == []


@pytest.mark.parametrize(
    ("source", "text"), [("latin", "Our café keeps your letters about paper boats in its château."), ("utf16", LETTERS)]
)
def test_other_encodings_are_read_as_text(source, text, bad_input):
    assert text in bad_input.segments()["text"].tolist()


def test_a_source_of_bad_files_only_is_a_corpus_of_rejections(tmp_path):
    archives.write(tmp_path / "mine", {"empty.md": b"", "race.md": archives.NO_POLICY})
    corpus = build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1)
    assert tables.verify(corpus.path) == []
    assert corpus.versions()["reason"].tolist() == ["empty", "other_document"]
    assert len(corpus.policies()) == len(corpus.segments()) == 0


def test_a_damaged_object_is_one_rejected_version(tmp_path):
    files = {f"s{n}.com/Privacy Policy.md": policy(*[LETTERS] * n) for n in range(3)}
    archives.commit(tmp_path / "ota", files, "2020-01-01")
    blob = archives.git(tmp_path / "ota", "rev-parse", "HEAD:s1.com/Privacy Policy.md")
    path = tmp_path / "ota" / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:200])
    versions = build.corpus([tmp_path / "ota"], tmp_path / "out", workers=1).versions().set_index("service")
    assert versions["status"].to_dict() == {"s0.com": "kept", "s1.com": "rejected", "s2.com": "kept"}
    assert versions.loc["s1.com", "reason"] == "unreadable"


def test_a_file_that_goes_while_the_build_runs_is_rejected(tmp_path, monkeypatch):
    mine = archives.write(tmp_path / "mine", {"boats.com/a.md": policy(), "kites.com/b.md": policy(PARROT)})
    read = workers.read
    monkeypatch.setattr(workers, "read", lambda task: (mine / "boats.com" / "a.md").unlink() or read(task))
    versions = build.corpus([mine], tmp_path / "out", workers=1).versions().set_index("service")
    assert versions.loc["boats.com", "reason"] == "unreadable"
    assert versions.loc["kites.com", "status"] == "kept"


def test_a_file_that_changes_after_it_was_read_is_read_again_by_an_update(tmp_path, monkeypatch):
    mine = archives.write(tmp_path / "mine", {f"{name}/2019-01-01.md": policy() for name in ("boats.com", "kites.com")})
    tables_of = annotate.tables
    with monkeypatch.context() as patch:
        patch.setattr(annotate, "tables", lambda *given, **options: edit(mine) or tables_of(*given, **options))
        first = build.corpus([mine], tmp_path / "out", workers=1)
    assert LETTERS not in first.segments()["text"].tolist()
    corpus = build.corpus([mine], tmp_path / "out", workers=1, mode="update")
    assert LETTERS in corpus.segments()["text"].tolist()
    assert same_as_fresh(corpus, [mine], tmp_path)


# --- The samples ----------------------------------------------------------------------------------------------------


def test_the_samples_are_all_kept(tmp_path):
    corpus = build.corpus([paths.samples()], tmp_path / "out", workers=1)
    assert tables.verify(corpus.path) == []
    assert corpus.versions()["status"].tolist() == ["kept"] * 13
    assert len(corpus.services()) == 7


def test_the_sources_of_the_samples_are_read_once_each(tmp_path, monkeypatch):
    read = []
    real = sources.Files.contents
    monkeypatch.setattr(sources.Files, "contents", lambda self, keys: read.extend(keys) or real(self, keys))
    build.corpus([paths.samples()], tmp_path / "out", workers=1)
    policies = [name for name in read if not name.endswith("metadata.csv")]
    assert len(policies) == len(set(policies)) == 13
