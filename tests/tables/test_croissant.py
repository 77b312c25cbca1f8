"""What croissant.json says of a corpus, read as its readers do."""

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest

from privacylab import paths, tables
from privacylab.tables import croissant, schema

NEURIPS = {
    *("rai:dataLimitations", "rai:dataBiases", "rai:personalSensitiveInformation", "rai:dataUseCases"),
    *("rai:dataSocialImpact", "rai:hasSyntheticData", "prov:wasDerivedFrom", "prov:wasGeneratedBy"),
}
ARCHIVES = paths.rules("archives")


def written(corpus, folder, *sources, text=False):
    """What a corpus of such sources says of itself."""
    manifest = {"parameters": {"text": text, "thresholds": {}}, "sources": {name: {} for name in sources}}
    frames = {name: corpus.table(name) for name in schema.TABLES}
    path = tables.write(folder / "corpus", frames, manifest).path / croissant.FILE
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_files_are_those_of_the_manifest(corpus):
    described = json.loads((corpus.path / croissant.FILE).read_text(encoding="utf-8"))
    assert {file["contentUrl"]: file["sha256"] for file in described["distribution"]} == {
        f"{name}.parquet": digest for name, digest in corpus.manifest["sha256"].items()
    }
    for file in described["distribution"]:
        assert file["contentSize"] == f"{(corpus.path / file['contentUrl']).stat().st_size} B"


def test_a_corpus_says_the_same_wherever_it_lies(corpus, tmp_path):
    first, second = (written(corpus, tmp_path / name, "mine") for name in ("one", "two"))
    assert first == second
    assert str(tmp_path) not in json.dumps(first)


def test_the_public_archives_without_text_are_the_panel(corpus, tmp_path):
    described = written(corpus, tmp_path, "ota", "tosback2")
    assert described.keys() >= NEURIPS | {"license", "creator", "datePublished", "citeAs"}
    assert corpus.manifest["sha256"]["policies"][:16] in described["citeAs"]
    assert [origin["url"] for origin in described["prov:wasDerivedFrom"]] == [
        ARCHIVES[name]["url"] for name in ("ota", "tosback2")
    ]


@pytest.mark.parametrize(
    ("sources", "text"), [(("ota", "mine"), False), (("ota",), True), ((), False)], ids=["own", "text", "unknown"]
)
def test_nobody_elses_corpus_is_taken_for_the_panel(sources, text, corpus, tmp_path):
    described = written(corpus, tmp_path, *sources, text=text)
    panels = paths.rules("dataset")["panel"].keys() - paths.rules("dataset")["any"].keys()
    assert not described.keys() & panels
    assert [origin["name"] for origin in described["prov:wasDerivedFrom"] if origin["name"] == "mine"] == [
        name for name in sources if name == "mine"
    ]


def test_a_source_with_an_odd_name_is_only_a_name(corpus, tmp_path):
    described = written(corpus, tmp_path, '$version "</script>')
    assert '$version "</script>' in described["rai:dataCollection"]


def test_words_of_the_panel_are_those_of_the_citation_file():
    citation = (Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8")
    panel = paths.rules("dataset")["panel"]
    assert f"date-released: {panel['datePublished']}\n" in citation
    assert f"keywords: [{', '.join(panel['keywords'])}]" in citation
    assert re.findall(r'- name: "(.+)"', citation) == [creator["name"] for creator in panel["creator"]]


def test_a_search_engine_is_told_no_files_and_no_columns(corpus, tmp_path):
    entry = croissant.search_entry(written(corpus, tmp_path, "ota"))
    assert entry["@type"] == "Dataset"
    assert entry.keys() >= {"name", "description", "license", "creator", "version"}
    assert not entry.keys() & {"distribution", "recordSet", "conformsTo"}
    assert not [key for key in entry if ":" in key]


@pytest.fixture(params=["panel", "own", "small"])
def folder(request, corpus, tmp_path):
    """The embedded panel, a corpus of somebody's own, and a copy that lies elsewhere."""
    if request.param == "panel":
        return paths.checkout() / "corpus" / "panel"
    if request.param == "own":
        written(corpus, tmp_path, "mine")
        return tmp_path / "corpus"
    return shutil.copytree(corpus.path, tmp_path / "moved")


def test_mlcroissant_finds_no_fault_and_reads_the_rows(folder):
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(folder / croissant.FILE)  # raises where the format is not kept
    assert not dataset.metadata.ctx.issues.errors
    opened = tables.Corpus.open(folder)
    assert {file.id: file.sha256 for file in dataset.metadata.file_objects} == {
        f"{name}.parquet": digest for name, digest in opened.manifest["sha256"].items()
    }
    for name in schema.TABLES:
        (row,) = itertools.islice(dataset.records(name), 1)
        key = schema.TABLES[name].key[0]
        assert row[f"{name}/{key}"].decode() == opened.table(name, columns=[key])[key].iloc[0]


def test_the_panel_says_all_that_neurips_asks_for():
    folder = paths.checkout() / "corpus" / "panel"
    described = json.loads((folder / croissant.FILE).read_text(encoding="utf-8"))
    assert described.keys() >= NEURIPS | {"license", "creator", "datePublished"}
