import json
import os
from pathlib import Path

import pandas as pd
import pytest

from privacylab import evaluate, paths
from privacylab.evaluate import gold


def _write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_clauses_on_counts_micro_over_all_categories(tmp_path, monkeypatch):
    class Model:
        def labels(self, texts):
            return [{"Data Security"}, {"Data Security", "Other"}]

    monkeypatch.setattr(gold.clauses, "load", Model)
    rows = [{"policy": "a", "text": "x", "label": ["Data Security"]}, {"policy": "a", "text": "y", "label": ["Other"]}]
    frame = evaluate.clauses_on(_write(tmp_path / "t.jsonl", rows)).set_index("category")
    # Two hits, one false "Data Security", none missed.
    assert frame.loc["micro", "precision"] == pytest.approx(2 / 3, abs=1e-3)
    assert frame.loc["micro", "recall"] == 1
    assert frame.loc["Data Security", "f1"] == pytest.approx(2 / 3, abs=1e-3)
    # Never labelled, never given: zero, not undefined.
    assert frame.loc["Do Not Track", ["support", "precision", "recall", "f1"]].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "x"}, "needs policy, text and label"),
        ({"text": "x", "label": ["Nonsense"]}, "'Nonsense'.*First Party"),
    ],
)
def test_clauses_on_names_the_bad_line(tmp_path, row, message):
    with pytest.raises(ValueError, match=message):
        evaluate.clauses_on(_write(tmp_path / "t.jsonl", [row]))


def test_predicting_needs_the_archives(tmp_path):
    with pytest.raises(ValueError, match="give --archives FOLDER"):
        evaluate.predict(paths.gold(), archives=tmp_path / "nowhere")


def test_an_unknown_gold_set_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no gold set 'dates': expected dates\.csv"):
        evaluate.gold_labels(tmp_path, "dates")


def test_shares_per_half_and_era():
    rows = [("date", "tune", "gdpr", 1.0, 1.0), ("date", "tune", "gdpr", 0.0, 1.0), ("date", "held", "gap", 1.0, 1.0)]
    frame = gold._shares(rows).set_index(["half", "era"])
    assert frame.loc[("tune", "all"), ["n", "right"]].tolist() == [2, 1]
    assert frame.loc[("held", "gap"), "share"] == 1
    assert frame.loc[("tune", "all"), "low"] == pytest.approx(0.095, abs=1e-3)  # Wilson's interval of 1 in 2


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        (["Cookies", "Your rights"], "2 0 0"),
        (["cookies:"], "1 1 0"),
        (["Cookies", "Cookies", "Menu", "Oops"], "1 1 2"),  # a title found twice is invented once; "Menu" is optional
    ],
)
def test_headings_are_told_by_their_letters(given, counts):
    text = "Menu\n**Cookies**\nWe bake.\nYour <b>rights</b>\n"
    assert evaluate.heading_counts({"spans": "?0-4;5-16;26-44"}, text, given) == counts


@pytest.mark.parametrize(
    ("gold", "row", "said", "outcomes"),
    [
        ("dates", {"label": "2018-05"}, "2018-05", [("dated: the date", 1, 1)]),
        ("dates", {"label": ""}, "2018", [("undated: none", 0, 1)]),
        (
            "mentions",
            {"framework": "gdpr", "stance": "adheres", "second": "mentions", "note": ""},
            "gdpr mentions",
            [("framework: its id", 1, 1), ("stance: first reading", 0, 1), ("stance: either reading", 1, 1)],
        ),
        ("mentions", {"framework": "none", "note": ""}, "none", [("namesake: none", 1, 1)]),
        ("headings", {}, "3 1 2", [("precision", 3, 5), ("recall", 3, 4), ("F1", 3, 4.5)]),
        ("policies", {"label": "not"}, "policy", [("precision", 0, 1), ("verdict", 0, 1)]),
        ("policies", {"label": "either"}, "policy", []),
        ("languages", {"label": "mixed"}, "en 0.70", [("language", 1, 1)]),
        ("languages", {"label": "mixed"}, "en 1.00", [("language", 0, 1)]),
        ("languages", {"label": "de"}, "en 0.10", [("language", 0, 1)]),
        ("passive", {"label": "active"}, "passive", [("active sentences", 0, 1), ("all sentences", 0, 1)]),
    ],
)
def test_what_a_prediction_is_worth(gold, row, said, outcomes):
    assert list(evaluate.SETS[gold].outcomes(row, said)) == outcomes


def test_the_stored_predictions_are_of_these_labels_and_reach_what_the_notes_say():
    scores = evaluate.score(paths.gold(), evaluate.stored(paths.gold()))
    assert set(scores) == set(evaluate.SETS)
    held = {
        (name, measure): share
        for name, frame in scores.items()
        for measure, share in frame.query("half == 'held' and era == 'all'")[["measure", "share"]].itertuples(
            index=False
        )
    }
    assert held["dates", "dated: the date"] >= 0.97
    assert held["mentions", "framework: its id"] >= 0.98
    assert held["mentions", "stance: either reading"] >= 0.93
    assert held["headings", "F1"] >= 0.92
    assert held["policies", "precision"] >= 0.99
    assert held["policies", "recall"] >= 0.96
    assert held["languages", "language"] >= 0.99
    # The second draw, of other services.
    assert held["dates_2", "dated: the date"] >= 0.97
    assert held["dates_2", "undated: none"] >= 0.97
    assert held["mentions_2", "framework: its id"] >= 0.985
    assert held["mentions_2", "stance: first reading"] >= 0.85
    assert held["mentions_2", "stance: either reading"] >= 0.93
    assert held["mentions_2", "Safe Harbor or namesake"] >= 0.99
    assert held["cues_2", "all: precision"] >= 0.9
    assert held["cues_2", "all: recall"] >= 0.8


def test_predictions_of_other_texts_are_refused():
    stored = evaluate.stored(paths.gold()).query("gold == 'dates'")
    with pytest.raises(ValueError, match="predict"):
        evaluate.score(paths.gold(), stored.assign(row=stored["row"] - 1).iloc[1:])


def test_the_second_draw_has_other_services_and_phrases():
    for name in ("dates", "cues"):
        first, second = (set(evaluate.gold_labels(paths.gold(), f"{name}{n}")["source"]) for n in ("", "_2"))
        git = [{source.split("/")[-2] for source in sources if "@" in source} for sources in (first, second)]
        assert not git[0] & git[1]
    phrases = [evaluate.gold_labels(paths.gold(), f"mentions{n}")[["source", "start"]] for n in ("", "_2")]
    assert phrases[0].merge(phrases[1]).empty


@pytest.mark.skipif("PRIVACYLAB_ARCHIVES" not in os.environ, reason="PRIVACYLAB_ARCHIVES does not name the archives")
def test_the_archives_hold_every_labelled_text():
    archives = Path(os.environ["PRIVACYLAB_ARCHIVES"])
    found = evaluate.predict(paths.gold(), archives=archives, by={"passive": lambda row, version: version.text[:1]})
    assert found["prediction"].ne("").all()
    assert set(found["era"]) <= {era.id for era in gold.eras.eras()}


def test_reliability_worked_by_hand():
    # Two segments, the second of weight 3. The first step of five holds all but the first category's .9 (there, weight
    # 1) and .5 (in passing: a half, weight 3).
    read = pd.DataFrame({"label": ["F", "f"], "weight": ["1", "3"]})
    given = pd.DataFrame([[0.9, *9 * [0.1]], [0.5, *9 * [0.0]]])
    table = evaluate.reliability(read, given, steps=5)
    assert table["step"].tolist() == [0, 2, 4]
    assert table["n"].tolist() == [18, 1, 1]
    assert table["given"].tolist() == [0.025, 0.5, 0.9]  # (9 * 0.1 * 1 + 9 * 0 * 3) / 36
    assert table["share"].tolist() == [0.0, 0.5, 1.0]
    # (36 * 0.025 + 3 * 0 + 1 * 0.1) / 40
    assert table["error"].tolist() == [0.025] * 3


def test_a_category_in_passing_counts_for_neither_side(monkeypatch):
    class Model:
        thresholds = [0.5] * 10

    monkeypatch.setattr(gold, "_model", Model)
    # Found F; T in passing and given: no matter; C missed; A invented.
    outcomes = list(gold._clause_outcomes({"label": "FCt"}, "90 90 10 90 0 0 0 0 0 0"))
    assert [o for o in outcomes if o[0] == "all categories"] == [
        ("all categories", True, 1), ("all categories", False, 0.5), ("all categories", False, 0.5)
    ]  # fmt: skip
    assert {name for name, _, _ in outcomes} - {"all categories"} == {
        "First Party Collection/Use", "User Choice/Control", "User Access, Edit and Deletion"
    }  # fmt: skip


def test_errors_name_what_was_taken_for_what(monkeypatch):
    class Model:
        thresholds = [0.5] * 10

    monkeypatch.setattr(gold, "_model", Model)
    # Twice F is missed and T given instead; once T is given where it is only touched in passing: no error.
    read = pd.DataFrame({"label": ["F", "F", "Ft"]})
    given = pd.DataFrame([[0.0, 1.0, *8 * [0.0]], [0.0, 1.0, *8 * [0.0]], [1.0, 1.0, *8 * [0.0]]])
    first, third = evaluate.errors(read, given).iloc[:2].to_numpy().tolist()
    assert first == ["First Party Collection/Use", 3, 2, "Third Party Sharing/Collection (2)", 0, ""]
    assert third == ["Third Party Sharing/Collection", 0, 0, "", 2, "First Party Collection/Use (2)"]
