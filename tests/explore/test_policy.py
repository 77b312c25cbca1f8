"""One policy as a person would read it."""

import html
import json
import re

import archives
import pandas as pd
import pytest
from archives import GDPR, SHIELD, policy

from privacylab import build, findings, paths, tables
from privacylab.build import annotate
from privacylab.explore import hits, others, versions
from privacylab.explore import policy as policy_page
from privacylab.tables import schema
from privacylab.text.segments import Segment


@pytest.fixture(autouse=True)
def model(monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)


TEXT = policy(SHIELD, GDPR, "You may write to our data protection officer.", stated="May 3, 2018")


def test_the_profile_tells_date_era_and_size():
    found = policy_page.of_data(TEXT, name="boats")
    assert (found.effective_date.value, found.effective_date.kind, found.era) == (
        "2018-05-03",
        "updated",
        "privacy_shield",
    )
    assert (found.name, found.reason, found.language) == ("boats", None, "en")


def test_the_size_is_that_of_the_tables(tmp_path):
    archives.write(tmp_path / "mine", {"boats/2018-05-03.md": TEXT})
    corpus = build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1)
    found = policy_page.of_file(tmp_path / "mine" / "boats" / "2018-05-03.md")
    assert found.n_segments == corpus.policies()["n_segments"].item()
    assert found.n_words == corpus.segments()["n_words"].sum()


def test_the_labels_are_those_of_the_tables(tmp_path):
    archives.write(tmp_path / "mine", {"boats/2018-05-03.md": TEXT})
    labels = build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1).labels()
    found = policy_page.of_file(tmp_path / "mine" / "boats" / "2018-05-03.md")
    assert sorted(c for clause in found.clauses for c in clause.categories) == sorted(labels["category"])


def test_frameworks_come_with_stance_and_sentence():
    hits = policy_page.of_data(TEXT, name="boats").hits
    assert {hit[:3] for hit in hits if hit.feature.startswith("framework:")} == {
        ("framework:privacy_shield", "adheres", SHIELD),
        ("framework:gdpr", "adheres", GDPR),
    }


def test_cues_come_with_their_sentence():
    (hit,) = [hit for hit in policy_page.of_data(TEXT, name="boats").hits if hit.feature == "cue:dpo"]
    assert hit.sentence == "You may write to our data protection officer."
    assert hit.sentence[hit.start : hit.end] == "data protection officer"


@pytest.mark.parametrize(
    ("start", "end", "width", "expected"),
    [
        (0, 2, 11, "We sell ..."),
        (8, 13, 40, "We sell boats and kites to you."),
        (8, 13, 14, "... boats and ..."),
        (27, 30, 10, "... to you."),
        (3, 26, 5, "... sell ..."),
    ],
)
def test_the_words_around_a_hit(start, end, width, expected):
    hit = policy_page.Hit("cue:ai", None, "We sell boats and kites to you.", start, end, "all")
    assert hit.around(width) == expected


def test_what_a_policy_says_is_said_once_by_group():
    text = policy(
        "We comply with the GDPR.",
        GDPR,
        "Read about the GDPR.",
        "We keep orders for 6 years.",
        "Retention periods differ.",
    )
    rows = [row[:3] for row in policy_page.said(policy_page.of_data(text, name="boats"))]
    assert len(rows) == len(set(rows))
    assert [row for row in rows if row[1] == "GDPR"] == [("Laws and programmes", "GDPR", "adhered to")]
    assert {value for _, name, value in rows if name == "Retention period"} == {"6 years", "no fixed time"}
    order = list(policy_page.GROUPS)
    assert [order.index(group) for group, _, _ in rows] == sorted(order.index(group) for group, _, _ in rows)


def test_a_right_of_some_tells_whose_it_is():
    text = policy() + "\n\n## Notice to California residents\n\nYou have the right to erasure of your data.\n"
    (row,) = [row for row in policy_page.said(policy_page.of_data(text, name="x")) if row.name == "Right to erasure"]
    assert row.detail() == "for Californians"


def test_a_heading_is_shown_only_where_no_sentence_says_it():
    text = policy("Log files.", "- Google Analytics", "Whatever you open is written into log files.")
    rows = {row.detail(): row for row in policy_page.said(policy_page.of_data(text, name="x")) if row.name == "Tracker"}
    assert rows["log file"].hits[0].sentence == "Whatever you open is written into log files."
    assert rows["Google Analytics"].hits[0].sentence == "Google Analytics"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("We sell boats. You buy.", "You buy."),
        ("You can ask us to:\n- look it up;\n- erase it", "You can ask us to: erase it"),
        ("These are your rights:\n- You can see all the boats.", "You can see all the boats."),
        (
            "We keep your boats on a ship that sails\nthe sea for you.",
            "We keep your boats on a ship that sails the sea for you.",
        ),
    ],
)
def test_a_line_has_what_a_reader_needs(text, shown):
    line = hits.lines(text)[-1]
    assert line.text == shown
    assert line.text[line.shift :].startswith(text[line.start :][:8])


def test_a_heading_is_shown_before_the_sentence_after_it():
    first, second = hits.lines("Log files\nWe write down what you do on this site.")
    assert (first.text, first.is_label) == ("Log files: We write down what you do on this site.", True)
    assert not second.is_label
    assert hits.lines("- Cookies\n- Your rights\n- Contact")[0].text == "Cookies"


@pytest.mark.parametrize(("score", "is_sure"), [(0.1, True), (0.24, True), (0.26, False)])
def test_a_category_with_half_its_least_probability_is_perhaps_dropped(score, is_sure, monkeypatch):
    class Model(archives.TinyModel):
        def scores(self, texts, headings=None):
            return super().scores(texts) + [[(score - 0.1) * ("padlock" in text)] * 10 for text in texts]

    monkeypatch.setattr(annotate, "_model", Model)
    old, new = (policy_page.of_data(text, name="x") for text in (TEXT, TEXT.replace("encryption", "padlocks")))
    found = versions.compared(old, new)
    names = [[row.name for row in rows] for rows in (found.went, found.perhaps_went)]
    assert names == [["Data Security"], []] if is_sure else [[], ["Data Security"]]


def test_a_right_is_shown_by_the_sentence_that_speaks_for_rights():
    text = policy("You may erase your data if a boat sinks.", "You may erase your data: ask us for a copy, too.")
    (row,) = [row for row in policy_page.said(policy_page.of_data(text, name="x")) if row.name == "Right to erasure"]
    assert [hit.sentence[-6:] for hit in row.hits] == [", too.", "sinks."]


def test_a_cue_is_shown_by_the_sentence_that_speaks_for_its_category():
    told = "In a merger we share the information of our customers."
    text = policy("In a merger the information on our boats stays here.", told)
    (row,) = [row for row in policy_page.said(policy_page.of_data(text, name="x")) if row.name == "Business transfer"]
    assert row.hits[0].sentence == told


def test_a_sentence_is_not_for_those_that_the_next_one_speaks_to():
    first, second = "You may write to our data protection officer.", "If you live in Germany, you may object to it."
    found = {hit.feature: hit.audience for hit in hits.hits_of(Segment(None, f"{first} {second}", "children"))}
    assert found == {"cue:dpo": "children", "cue:right_objection": "eu_uk"}


def test_a_law_tells_nobody_for_whom_it_is():
    text = policy() + "\n\n## Notice to California residents\n\nWe comply with the GDPR.\n"
    (row,) = [row for row in policy_page.said(policy_page.of_data(text, name="x")) if row.name == "GDPR"]
    assert row.detail() == "adhered to"


def test_a_category_is_shown_by_the_sentence_that_speaks_for_it():
    text = policy("Encryption\n\nWe mind our shop by day and by night. Our kites are under encryption all day long.")
    (row,) = [row for row in policy_page.said(policy_page.of_data(text, name="x")) if row.name == "Data Security"]
    assert all("encryption" in hit.sentence for hit in row.hits)
    assert "Encryption" != row.hits[0].sentence


def test_a_category_is_shown_by_the_sentence_of_its_cue():
    kites, right = "Each copy of the kite has its settings.", "You may correct your data at any time."
    clauses = [hits.Clause(Segment(None, f"{kites} {right}"), {"User Access, Edit and Deletion": 0.9})]
    assert [hit.sentence for hit in hits.evidence(clauses)] == [kites]
    cued = [*hits.hits_of(clauses[0].segment)]
    assert [hit.sentence for hit in hits.evidence(clauses, cued)] == [right]
    assert [hit.sentence for hit in hits.evidence(clauses, [cued[0]._replace(value="mentions")])] == [kites]


def test_a_title_with_a_stop_is_a_label():
    text = "In the Event of Merger, Sale, or Bankruptcy. We may sell our boats. We Sell the boats that you like."
    assert [line.is_label for line in hits.lines(text)] == [True, True, False]
    assert hits.lines(text)[0].text == "In the Event of Merger, Sale, or Bankruptcy. We may sell our boats."
    assert not hits.lines("WE SELL ALL THE BOATS THAT YOU LIKE.")[0].is_label


def test_the_recall_beside_the_program_is_that_of_the_gold():
    measured = others.recall(tables.Corpus.open(paths.corpus()), paths.gold())
    pd.testing.assert_frame_equal(measured.reset_index(drop=True), pd.read_csv(others.RECALL))


def test_a_clause_has_the_categories_that_reach_their_threshold():
    (clause,) = [c for c in policy_page.of_data(TEXT, name="boats").clauses if "encryption" in c.segment.text]
    assert clause.categories == {"Data Security": 0.9}


@pytest.mark.parametrize(("score", "given"), [(0.494, False), (0.496, True), (0.51, True)])
def test_a_score_counts_in_whole_percent_as_in_the_tables(score, given, monkeypatch):
    class Model(archives.TinyModel):
        def scores(self, texts, headings=None):
            return archives.np.full((len(texts), 10), score)

    monkeypatch.setattr(annotate, "_model", Model)
    assert bool(policy_page.of_data("We sell boats.", name="x").clauses[0].categories) is given


@pytest.mark.parametrize(("value", "percent"), [(0.5, 50), (0.07, 7), (0.561, 57), (0.29, 29)])
def test_a_threshold_is_the_next_whole_percent(value, percent, monkeypatch):
    class Model(archives.TinyModel):
        thresholds = archives.np.full(10, value)

    monkeypatch.setattr(annotate, "_model", Model)
    assert annotate.thresholds() == dict.fromkeys(schema.CATEGORIES, percent)


def test_a_period_that_still_stands_somewhere_is_perhaps_dropped():
    old, new = "We delete your boats after 2 years.", "A boat that nobody sails for two years is gone."
    first, second, third = (policy_page.of_data(policy(text), name="x") for text in (old, new, "We have no boats."))
    dropped = versions.compared(first, second)
    assert ([row.value for row in dropped.went], [row.value for row in dropped.perhaps_went]) == ([], ["2 years"])
    assert [row.value for row in versions.compared(first, third).went] == ["2 years"]


def test_a_page_that_is_no_policy_says_why():
    assert policy_page.of_data(archives.NO_POLICY, name="race").reason == "other_document"


@pytest.mark.parametrize("data", [b"", "", b"   \n"])
def test_an_empty_policy_has_an_empty_profile(data):
    found = policy_page.of_data(data, name="nothing")
    assert (found.reason, found.era, found.effective_date, found.clauses) == ("empty", "undated", None, [])


def test_the_record_is_plain_json():
    record = json.loads(json.dumps(policy_page.of_data(TEXT, name="boats").record()))
    assert (record["effective_date"], record["date_kind"], record["is_policy"]) == ("2018-05-03", "updated", True)
    first = {"framework": "privacy_shield", "stance": "adheres", "sentence": SHIELD, "audience": "all"}
    assert record["frameworks"][0] == first
    assert record["clauses"][1]["text"] == archives.BASE[0]
    assert len(record["clauses"]) == record["n_segments"]


def test_a_file_is_read_as_its_suffix_says(tmp_path):
    text = "We sell <b>boats</b>.\n\n<p>And kites.</p>"
    for name in ("a.html", "a.txt"):
        (tmp_path / name).write_text(text)
    (tmp_path / "b.html").write_text("# Boats and kites #")
    assert policy_page.of_file(tmp_path / "b.html").clauses[0].segment.text == "# Boats and kites #"


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "photo.txt").write_bytes(bytes(1000))
    with pytest.raises(ValueError, match=r"photo\.txt: not_text: .*NUL bytes"):
        policy_page.of_file(tmp_path / "photo.txt")


@pytest.mark.parametrize(("price", "begins"), [("5 dollars", '<div class="policy">'), ("$5 or $9", 'mathjax_ignore">')])
def test_two_prices_are_no_formula(price, begins):
    shown = policy_page.show(policy_page.of_data(policy(f"We ask for {price}."), name="a")).data
    assert begins in shown[:40]


def test_show_marks_what_it_found_and_escapes_the_rest():
    shown = policy_page.show(
        policy_page.of_data(TEXT + "\n\nWe collect <script>alert(1)</script> & more.", name="<b>x</b>")
    ).data
    assert "<script" not in shown
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert "<mark>General Data Protection Regulation</mark><small> [GDPR: adhered to]</small>" in shown
    assert ">Data Security</span>" in shown


@pytest.mark.parametrize(
    "text", ["", "no mark", "We do not sell your data. GDPR & <i>you</i>.", "GDPR GDPR", SHIELD + GDPR]
)
def test_marks_change_no_text(text):
    plain = re.sub(r"<small>.*?</small>|</?mark>", "", policy_page.marked(text))
    assert html.unescape(plain.replace("<br>", "\n")) == text


SHARES = pd.DataFrame(
    [
        ("gdpr", "framework:gdpr", 30, 0.9, 0.8, 0.95),
        ("gdpr", "cue:dpo", 30, 0.6, 0.5, 0.7),
        ("gdpr", "cue:ai", 30, 0.49, 0.3, 0.6),
        ("gdpr", "cue:sale_of_data", 30, 0.7, 0.5, 0.8),
        ("safe_harbor", "cue:dpo", 3, 0.9, 0.2, 1.0),
    ],
    columns=["era", "feature", "n", "value", "low", "high"],
)


def test_not_found_is_what_most_of_the_era_have_with_the_recall():
    found = policy_page.of_data(policy(stated="May 30, 2018"), name="boats")  # the twelve sentences sell nothing
    rows = others.not_found(found, SHARES)
    assert rows["feature"].tolist() == ["framework:gdpr", "cue:dpo"]
    assert rows["recall"].between(0.5, 1).all()


@pytest.mark.parametrize(("stated", "why"), [(None, "states no date"), ("May 30, 2014", "fewer than 20 services")])
def test_not_found_needs_an_era_with_services(stated, why):
    with pytest.raises(ValueError, match=why):
        others.not_found(policy_page.of_data(policy(stated=stated), name="boats"), SHARES)


def test_a_policy_and_the_tables_name_features_alike(tmp_path):
    archives.write(tmp_path / "mine", {"boats/2018-05-03.md": TEXT})
    held = findings.features(build.corpus([tmp_path / "mine"], tmp_path / "out", workers=1))
    names = {name for name in held if held[name].item() and "=" not in name}
    assert policy_page.of_data(TEXT, name="boats").features() == names
