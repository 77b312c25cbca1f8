"""metadata.csv and services.csv as spreadsheets write them."""

import archives
import pytest
from archives import opened, seen

from privacylab import sources
from privacylab.sources import SourceError, services

HEAD, ROW = "service,date,path", "kites,2014-05-06,a.md"
PLAIN = f"{HEAD}\n{ROW}\n"


def given(tmp_path, metadata, name="metadata.csv", **files):
    """The source of a table and the files that it names; sub/a.md if no other is given."""
    content = metadata.encode() if isinstance(metadata, str) else metadata
    return opened(archives.write(tmp_path / "mine", {name: content, **(files or {"a.md": "x"})}), tmp_path)


@pytest.mark.parametrize(
    "metadata",
    [
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        "sep=;\r\n" + PLAIN.replace(",", ";").replace("\n", "\r\n"),
        '"sep=,"\n' + PLAIN,
        PLAIN.replace("\n", "\r"),
        ("\ufeff" + PLAIN).encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        "Service, DATE ,Path\n" + ROW,
        f"id,{HEAD},note\n1,{ROW},\"two\nlines\"\n,,,,\n",
        PLAIN.replace("a.md", "./a.md"),
        PLAIN.replace("a.md", "A.MD"),
        PLAIN.replace("a.md", r"C:\Users\me\mine\a.md"),
        PLAIN.replace("a.md", "/home/me/mine/a.md"),
        PLAIN.replace("a.md", "https://kites.example/a.md"),
        PLAIN.replace("a.md", r".\a.md"),
        PLAIN + ROW,
    ],
)  # fmt: skip
def test_a_table_is_read_however_a_spreadsheet_wrote_it(metadata, tmp_path):
    assert seen(given(tmp_path, metadata)) == [("kites", "", "2014-05-06")]


@pytest.mark.parametrize("name", ["Metadata.CSV", "METADATA.csv", "metadata.tsv"])
def test_the_name_of_the_table_may_have_capitals(name, tmp_path):
    assert seen(given(tmp_path, PLAIN, name)) == [("kites", "", "2014-05-06")]


@pytest.mark.parametrize("path", [r"sub\my file.md", "sub/my%20file.md", "SUB/My File.md", r"D:\data\sub\my file.md"])
def test_a_path_finds_its_file(path, tmp_path):
    source = given(tmp_path, f"{HEAD}\nkites,2014-05-06,{path}\n", **{"sub/my file.md": "x"})
    assert [(entry.name, entry.source, entry.reason) for entry in source.entries()] == [
        ("kites", "sub/my file.md", None)
    ]


def test_a_table_in_a_folder_of_its_own_names_files_from_the_root_or_beside_it(tmp_path):
    rows = "kites,2014-05-06,../a/1.md\nboats,2014-05-06,a/2.md\n"
    source = given(tmp_path, f"{HEAD}\n{rows}", "tables/metadata.csv", **{"a/1.md": "x", "a/2.md": "x"})
    assert sorted(row[0] for row in seen(source)) == ["boats", "kites"]


def test_a_table_of_western_windows_is_read_and_told(tmp_path):
    source = given(tmp_path, PLAIN.replace("kites", "Café").encode("cp1252"))
    assert seen(source) == [("Café", "", "2014-05-06")]
    assert any("Windows-1252" in note for note in source.notes)


@pytest.mark.parametrize("value", ["2014-02-30", "3/4/2014", "May-14", "soon", "2035-01-01"])
def test_a_date_that_cannot_be_read_names_its_row_and_loses_no_other(value, tmp_path):
    metadata = f"{HEAD}\nkites,2014-05-06,a.md\nkites,{value},b.md\n"
    source = given(tmp_path, metadata, **{"a.md": "x", "b.md": "x"})
    good, bad = source.entries()
    assert (good.reason, bad.reason, bad.source) == (None, "bad_date", "b.md")
    for said in ("metadata.csv, row 2", value, "YYYY-MM-DD"):
        assert said in bad.detail


def test_each_row_of_a_file_is_a_version(tmp_path):
    source = given(tmp_path, f"{PLAIN}kites,2015-05-06,a.md\nboats,2015-05-06,a.md\n")
    assert seen(source) == [("kites", "", "2014-05-06"), ("boats", "", "2015-05-06"), ("kites", "", "2015-05-06")]


def test_the_files_that_a_table_numbers_are_versions_of_one_document(tmp_path):
    rows = "".join(f"kites,201{n}-05-06,kites/000{n}.md\n" for n in range(3))
    source = given(tmp_path, f"{HEAD}\n{rows}", **{f"kites/000{n}.md": "x" for n in range(3)})
    assert {row[:2] for row in seen(source)} == {("kites", "")}


def test_a_row_without_a_path_is_told(tmp_path):
    (_, bad) = given(tmp_path, f"{PLAIN}boats,2014-05-06,\n").entries()
    assert bad.reason == "unreadable"
    assert "metadata.csv, row 2" in bad.detail


def test_a_row_gives_a_date_where_the_name_has_a_bad_one(tmp_path):
    source = given(tmp_path, f"{HEAD}\nkites,2014-05-06,a-2014-02-30.md\n", **{"a-2014-02-30.md": "x"})
    assert seen(source) == [("kites", "", "2014-05-06")]


# --- services.csv ---------------------------------------------------------------------------------------------------


def test_a_table_of_services_says_what_is_known_of_them(tmp_path):
    table = "Service;Region;Industry;Owner\nkites;EU;toys;Paper Ltd.\nboats.com;;;Paper Ltd.\n"
    source = given(tmp_path, table, "Services.csv", **{"kites/2014-05-06.md": "x"})
    assert [entry.source for entry in source.entries()] == ["kites/2014-05-06.md"]
    facts = services.stated([source])
    assert [(fact.region, fact.industry, fact.owner) for fact in facts.values()] == [
        ("eu", "toys", "Paper Ltd."),
        (None, None, "Paper Ltd."),
    ]
    assert set(facts) == {"kites", "boats.com"}


def test_what_a_table_of_services_leaves_open_stays_as_it_is_known(tmp_path):
    (service, known) = next(iter(sources.services.facts_of_domains().items()))
    source = given(tmp_path, f"service,owner\n{service},Paper Ltd.\n", "services.csv")
    fact = services.stated([source])[service]
    assert (fact.region, fact.industry, fact.owner) == (known.region, known.industry, "Paper Ltd.")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("service,region\nkites,europe\n", ["services.csv, row 1", "europe", "eu"]),
        ("name,region\nkites,eu\n", ["services.csv", "service", "name"]),
        ("service,region\n,eu\n", ["services.csv, row 1", "service"]),
    ],
)
def test_a_table_of_services_that_cannot_be_read_is_refused(table, said, tmp_path):
    with pytest.raises(SourceError) as caught:
        given(tmp_path, table, "services.csv")
    for word in said:
        assert word in str(caught.value)
