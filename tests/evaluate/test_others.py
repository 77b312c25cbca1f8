import json

import pandas as pd
import pytest

from privacylab import cues, evaluate, findings, paths
from privacylab.evaluate import others

RIGHT = {"requirement": "Right to Erasure", "performed": True}
DENIED = {"requirement": "Right to Access", "performed": False}


def policy(name, *passages):
    return {
        "policy": name,
        "passages": [dict(zip(("type", "passage", "annotations"), each, strict=True)) for each in passages],
    }


def write(path, rows):
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_policies_are_counted_by_who_says_it(tmp_path):
    erase = ("text", "You may ask us to erase your data.", [RIGHT])
    both = policy("a", erase, ("text", "Mail us.", [DENIED]))
    ours = policy("b", ("text", "You may ask us to erase your data.", []))
    theirs = policy("c", ("text", "Mail us.", [RIGHT, RIGHT]))
    table = evaluate.passages(write(tmp_path / "p.jsonl", [both, both, ours, theirs])).set_index("cue")
    assert table.loc["right_erasure"].tolist() == [2, 1, 1, 0.667, 0.667]
    assert table.loc[others.POOLED].tolist() == [2, 1, 1, 0.667, 0.667]
    assert table.loc["right_access", ["both", "only_ours", "only_theirs"]].tolist() == [0, 0, 0]


def test_items_are_read_with_what_introduces_them(tmp_path):
    listed = policy("a", ("text", "You have the right to:", []), ("list_item", "erase your data", [RIGHT]))
    table = evaluate.passages(write(tmp_path / "p.jsonl", [listed])).set_index("cue")
    assert table.loc["right_erasure", "both"] == 1


def test_a_line_that_lacks_a_field_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"line 2.*'passages'"):
        evaluate.passages(write(tmp_path / "p.jsonl", [policy("a"), {"policy": "b"}]))


POLICIES = pd.DataFrame(
    [("old", "a.example", "2018-01-01"), ("new", "a.example", "2020-08-01"), ("b", "b.example", "2021-01-01")],
    columns=["policy_id", "service", "date"],
).assign(date=lambda rows: pd.to_datetime(rows["date"]), document="main")
"""Two services; the policy of 2018 was not in force when the coders read."""


def answer(url, question, *options):
    return {"url": url, "question": question, "responses": [{"selected_option_labels": [each]} for each in options]}


@pytest.fixture
def coded(tmp_path):
    answers = [
        answer("a.example", "UC-4", "1", "2"),
        answer("b.example", "UC-4", "0", "1"),
        answer("a.example", "SE-6", "0"),
        answer("b.example", "GDPR-1", "1", "1", "0"),
        answer("elsewhere.example", "UC-4", "1"),
    ]
    write(tmp_path / "coding_values.ndjson", answers)
    names = [rule["feature"] for rule in paths.rules("others")["ppl2020"]]
    features = pd.DataFrame(False, index=POLICIES["policy_id"], columns=list(dict.fromkeys(names)))
    features.loc["old", "cue:breach_notice"] = features.loc["new", "cue:right_erasure"] = True
    features.loc["b", "claims:gdpr"] = True
    return evaluate.coded(evaluate.answers(tmp_path), POLICIES, features)


def test_agreement_with_coders_stands_beside_their_own(coded):
    table = evaluate.coders(coded).set_index("feature")
    assert table.columns.tolist() == ["ours", "theirs", "with_coders", "among_coders", "sites"]
    assert table.loc["cue:right_erasure"].tolist() == [0.5, 0.75, 0.75, 0.5, 2]
    assert table.loc["cue:breach_notice", ["ours", "with_coders"]].tolist() == [0, 1]
    assert table.loc["claims:gdpr", ["with_coders", "among_coders"]].tolist() == [0.667, 0.333]


def test_what_most_coders_say_is_gold_and_a_tie_is_nothing(coded):
    gold = evaluate.coders_gold(coded).set_index(["service", "feature"])
    assert gold.loc[("b.example", "claims:gdpr"), ["predicted", "truth"]].tolist() == [True, True]
    assert ("b.example", "cue:right_erasure") not in gold.index
    rates = findings.error_rates(gold.reset_index(), by=None).set_index("feature")
    assert rates.loc["cue:right_erasure", ["n_true", "sensitivity"]].tolist() == [1, 1]


def test_the_rules_name_what_there_is(corpus):
    rules = paths.rules("others")
    there = set(findings.features(corpus))
    assert {rule["feature"] for rule in rules["ppl2020"]} <= there
    assert {*rules["gt200"].values(), *rules["gt200_otherwise"].values()} <= set(cues.IDS)
