import json

import pandas as pd
import pytest

from privacylab import cues, evaluate, paths
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


class Tables:
    """Two services; the policy of 2018 was not in force when the coders read."""

    def policies(self, columns):
        rows = [
            ("old", "a.example", "2018-01-01"),
            ("new", "a.example", "2020-08-01"),
            ("b", "b.example", "2021-01-01"),
        ]
        frame = pd.DataFrame(rows, columns=["policy_id", "service", "date"])
        return frame.assign(date=pd.to_datetime(frame["date"]))[columns]

    def occurrences(self, columns):
        return pd.DataFrame({"policy_id": ["old", "new", "b"], "segment_id": ["1", "2", "3"]})[columns]

    def cues(self, columns):
        return pd.DataFrame({"segment_id": ["1", "2"], "cue": ["breach_notice", "right_erasure"]})[columns]

    def mentions(self, columns):
        return pd.DataFrame({"segment_id": ["3"], "framework": ["gdpr"], "stance": ["adheres"]})[columns]


def answer(url, question, *options):
    return {"url": url, "question": question, "responses": [{"selected_option_labels": [each]} for each in options]}


def test_agreement_with_coders_stands_beside_their_own(tmp_path):
    answers = [
        answer("a.example", "UC-4", "1", "2"),
        answer("b.example", "UC-4", "0", "1"),
        answer("a.example", "SE-6", "0"),
        answer("b.example", "GDPR-1", "1", "1", "0"),
        answer("elsewhere.example", "UC-4", "1"),
    ]
    write(tmp_path / "coding_values.ndjson", answers)
    table = evaluate.coders(tmp_path, Tables()).set_index("feature")
    assert table.loc["right_erasure"].tolist() == [0.5, 0.75, 0.75, 0.5, 2]
    assert table.loc["breach_notice", ["ours", "with_coders"]].tolist() == [0, 1]
    assert table.loc["adheres:gdpr", ["with_coders", "among_coders"]].tolist() == [0.667, 0.333]


def test_the_rules_name_cues_that_there_are():
    rules = paths.rules("others")
    features = {rule["feature"] for rule in rules["ppl2020"] if ":" not in rule["feature"]}
    assert features | {*rules["gt200"].values(), *rules["gt200_otherwise"].values()} <= set(cues.IDS)
