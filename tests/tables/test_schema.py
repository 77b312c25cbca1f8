"""The check of rows against the schemas."""

import json

import pandas as pd
import pytest
from frames import cues, version

from privacylab import paths
from privacylab.tables import schema


def test_check_sorts_by_the_key():
    assert schema.check("cues", cues()).to_dict("list")["segment_id"] == ["a", "b"]


def test_check_leaves_the_frame_as_it_is():
    frame = cues()
    before = frame.copy(deep=True)
    schema.check("cues", frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("name", "frame", "parts"),
    [
        ("versions", version(status="lost"), ["versions", "status", "lost"]),
        ("versions", version(reason="boring"), ["versions", "reason", "boring"]),
        ("versions", version(service=None), ["versions", "service"]),
        ("versions", version(n_words=-1), ["versions", "n_words", "-1"]),
        ("versions", version(n_words=3_000_000_000), ["versions", "n_words", "3000000000"]),
        ("versions", version(n_words=1.5), ["versions", "n_words", "1.5"]),
        ("versions", version(n_words=None), ["versions", "n_words"]),
        ("versions", version(date="soon"), ["versions", "date", "soon"]),
        ("versions", version(claims=None), ["versions", "claims"]),
        ("versions", pd.concat([version(), version()]), ["versions", "kites.com@2013-01-01.1"]),
        ("versions", version().drop(columns="source"), ["versions", "source"]),
        ("versions", version().assign(extra=1), ["versions", "extra"]),
        ("versions", version()[["collection", "version_id", *version().columns[2:]]], ["versions", "order"]),
        ("scores", pd.DataFrame({"segment_id": ["a"], **{c: [101] for c in schema.CATEGORIES}}), ["scores", "101"]),
        ("scores", pd.DataFrame({"segment_id": ["a"], **{c: [300] for c in schema.CATEGORIES}}), ["scores", "300"]),
        ("topics", pd.DataFrame({"segment_id": ["a"], "topic": [0], "probability": [1.5]}), ["topics", "1.5"]),
    ],
)
def test_check_names_table_column_and_value(name, frame, parts):
    with pytest.raises(ValueError, match=r"^table ") as caught:
        schema.check(name, frame)
    message = str(caught.value)
    assert [part for part in parts if part not in message] == []
    assert "\n" not in message


def test_check_takes_what_may_be_null():
    found = schema.check("versions", version(date=None, reason=None, same_as=None))
    assert found[["date", "reason", "same_as"]].isna().all(axis=None)


def test_an_empty_table_is_a_table():
    empty = schema.check("versions", version()[:0])
    assert (len(empty), str(empty["n_words"].dtype)) == (0, "int32")


def test_the_model_has_the_categories_of_the_tables():
    card = json.loads((paths.MODELS / "clauses.json").read_text(encoding="utf-8"))
    assert card["categories"] == list(schema.CATEGORIES)
