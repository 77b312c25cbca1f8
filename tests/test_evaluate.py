import json
import os
from pathlib import Path

import pandas as pd
import pytest

from privacylab import evaluate, paths


def _write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_scores_worked_by_hand():
    # 3 hits, 1 false, 2 missed: precision 3/4, recall 3/5, F1 = 2 * 3 / (2 * 3 + 1 + 2) = 2/3.
    row = evaluate._scores("Other", 3, 1, 2)
    assert (row["support"], row["precision"], row["recall"]) == (5, 0.75, 0.6)
    assert row["f1"] == pytest.approx(2 / 3)


def test_scores_of_a_category_never_seen_are_zero_not_undefined():
    row = evaluate._scores("Do Not Track", 0, 0, 0)
    assert (row["support"], row["precision"], row["recall"], row["f1"]) == (0, 0.0, 0.0, 0.0)


def test_clauses_on_counts_micro_over_all_categories(tmp_path, monkeypatch):
    class Model:
        def labels(self, texts):
            return [{"Data Security"}, {"Data Security", "Other"}]

    monkeypatch.setattr(evaluate.clauses, "load", Model)
    rows = [{"policy": "a", "text": "x", "label": ["Data Security"]}, {"policy": "a", "text": "y", "label": ["Other"]}]
    frame = evaluate.clauses_on(_write(tmp_path / "t.jsonl", rows)).set_index("category")
    # Two hits, one false "Data Security", none missed.
    assert frame.loc["micro", "precision"] == pytest.approx(2 / 3, abs=1e-3)
    assert frame.loc["micro", "recall"] == 1
    assert frame.loc["Data Security", "f1"] == pytest.approx(2 / 3, abs=1e-3)


@pytest.mark.parametrize(
    ("row", "message"),
    [({"text": "x"}, "needs policy, text and label"), ({"text": "x", "label": ["Nonsense"]}, "'Nonsense' is none of")],
)
def test_clauses_on_names_the_bad_line(tmp_path, row, message):
    with pytest.raises(ValueError, match=message):
        evaluate.clauses_on(_write(tmp_path / "t.jsonl", [row]))


def test_gold_needs_the_archives(tmp_path):
    with pytest.raises(ValueError, match="give --archives FOLDER"):
        evaluate.gold(paths.gold(), archives=tmp_path / "nowhere")


def test_shares_per_half_and_era():
    rows = [("date", "tune", "gdpr", True), ("date", "tune", "gdpr", False), ("date", "held", "gap", True)]
    frame = evaluate._shares(rows).set_index(["half", "era"])
    assert frame.loc[("tune", "all"), ["n", "right"]].tolist() == [2, 1]
    assert frame.loc[("held", "gap"), "share"] == 1


@pytest.mark.skipif("PRIVACYLAB_ARCHIVES" not in os.environ, reason="PRIVACYLAB_ARCHIVES does not name the archives")
def test_gold_on_the_archives_reaches_what_the_notes_say():
    dates, mentions = evaluate.gold(paths.gold(), archives=Path(os.environ["PRIVACYLAB_ARCHIVES"]))
    held = pd.concat([dates, mentions]).query("half == 'held' and era == 'all'").set_index("measure")["share"]
    assert held["date, dated policies"] >= 0.95
    assert held["framework, mentions"] >= 0.97
    assert held["stance, either reading"] >= 0.93
