import hashlib
import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from privacylab import clauses, paths
from privacylab.clauses import labels

OPP115 = Path(os.environ.get("PRIVACYLAB_ARCHIVES", "none")) / "opp115"
needs_opp115 = pytest.mark.skipif(not OPP115.is_dir(), reason="OPP-115 is not at $PRIVACYLAB_ARCHIVES/opp115")


@pytest.fixture(scope="module")
def model():
    return clauses.load()


def test_marks_by_hand():
    expected = [1, 0, 0, 0, 0.5, 0, 0, 0, 0, 1]
    assert labels.marks(["FrO", "N"], Path("x.csv")).tolist() == [expected, [0] * 10]


@pytest.mark.parametrize("label", ["", "FX", "F T"])
def test_an_unknown_mark_is_named(label):
    with pytest.raises(ValueError, match="allowed: letters of FTCARSPDIO"):
        labels.marks([label], Path("x.csv"))


def test_repeats_are_found_by_their_runs_of_words():
    long = "we keep the record of your visit for as long as the law asks us to"
    texts = [long + " and then some", "an altogether different sentence that shares no run", long.upper()]
    assert labels.repeats(texts, ["unrelated words stand in this line here", long]).tolist() == [
        [False, True],
        [False, False],
        [False, True],
    ]


def test_read_segments_are_cut_out_of_the_archive(tmp_path):
    folder = tmp_path / "privacy-policies-through-time" / "acme"
    folder.mkdir(parents=True)
    raw = "Intro.\n\nWe keep café logs for 30 days.\n\nBye."
    (folder / "acme-2019-01-02.txt").write_text(raw, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "through-time.zip", "w") as file:
        file.write(folder / "acme-2019-01-02.txt", "privacy-policies-through-time/acme/acme-2019-01-02.txt")
    start = raw.index("We keep")
    table = tmp_path / "read.csv"
    table.write_text(
        "collection,source,start,end,heading,label\n"
        f"through-time,acme/acme-2019-01-02.txt,{start},{start + 30},How long,Rf\n"
    )
    read = labels.read_segments(table, tmp_path)
    assert read.texts == ["how long\nwe keep café logs for 00 days."]
    assert read.marks[0].tolist() == [0.5, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert read.files == {"read.csv": hashlib.sha256(table.read_bytes()).hexdigest()}
    table.write_text(table.read_text().replace("acme-2019", "acme-1999"))
    with pytest.raises(ValueError, match="acme-1999"):
        labels.read_segments(table, tmp_path)


def test_training_names_an_unknown_label(tmp_path):
    (tmp_path / "train.jsonl").write_text('{"policy": "p", "text": "t", "label": ["Cookies"]}\n')
    with pytest.raises(ValueError, match="line 1: label 'Cookies'"):
        labels.opp115(tmp_path)


def test_training_names_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"train\.jsonl is missing"):
        labels.opp115(tmp_path)


@needs_opp115
def test_train_and_valid_share_no_policy():
    train, valid = (set(labels.opp115(OPP115, [name]).policies) for name in labels.FILES)
    assert (len(train), len(valid)) == (85, 10)
    assert not train & valid


@needs_opp115
def test_the_shipped_weights_name_the_data_that_made_them(model):
    made_from = {name: hashlib.sha256((OPP115 / name).read_bytes()).hexdigest() for name in labels.FILES}
    made_from[labels.READ] = hashlib.sha256((paths.gold() / labels.READ).read_bytes()).hexdigest()
    assert model.card["data_sha256"] == made_from


def test_what_was_read_to_learn_from_shares_no_service_with_what_is_scored():
    names = ("clause_training", "clause_segments")
    services = [
        set(pd.read_csv(paths.gold() / f"{n}.csv")["service"]) for n in names if (paths.gold() / f"{n}.csv").is_file()
    ]
    assert services[0]
    assert not services[0] & set().union(*services[1:])
