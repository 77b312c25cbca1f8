"""The explorer's tables: services behind a share, timelines, concordances and differences, worked out by hand."""

import base64
import html
import re

import archives
import pandas as pd
import pytest

from privacylab import build, explore, findings
from privacylab.build import annotate
from privacylab.findings import TooFewError

OLD = ["We keep it.", "We sell the boats that we build here.", "We share nothing.", "Our parrot reads."]
NEW = ["We keep it.", "We sell the kites that we build here.", "Ask us for a copy.", "We share nothing."]


@pytest.fixture(scope="module")
def read():
    """Two versions of one policy and another's, of one sentence a segment."""
    wanted = [("a@2017-01-01", OLD), ("a@2018-06-01", NEW), ("b@2016-01-01", ["We SHARE  nothing\nat all."])]
    sentences = list(dict.fromkeys(text for _, each in wanted for text in each))
    segments = pd.DataFrame({"segment_id": map(str, range(len(sentences))), "heading": None, "text": sentences})
    segments["categories"] = [("Data Retention",) if "keep" in text else () for text in sentences]
    occurrences = [
        {"policy_id": policy, "position": place, "segment_id": str(sentences.index(text))}
        for policy, each in wanted
        for place, text in enumerate(each)
    ]
    policies = pd.DataFrame({"policy_id": [policy for policy, _ in wanted]})
    policies["service"], dates = policies["policy_id"].str[0], policies["policy_id"].str[2:]
    return explore.Texts(policies.assign(date=pd.to_datetime(dates)), pd.DataFrame(occurrences), segments, "a test")


def test_a_concordance_has_each_line_once_with_its_first_date(read):
    lines = explore.kwic(read, "share nothing")
    assert lines[["left", "keyword", "right", "n_policies"]].to_numpy().tolist() == [
        ["We", "SHARE nothing", "at all.", 1],
        ["We", "share nothing", ".", 2],
    ]
    assert lines["date"].dt.year.tolist() == [2016, 2017]


@pytest.mark.parametrize("sort", list(explore.SORTS))
def test_a_concordance_is_sorted(sort, read):
    lines = explore.kwic(read, "we", sort=sort)
    values = lines[sort].str.casefold() if sort in ("left", "right") else lines[sort]
    assert values.is_monotonic_increasing
    assert len(lines) == 7


def test_left_context_is_sorted_from_the_keyword_outwards(read):
    lines = explore.kwic(read, "that we build", sort="left")
    assert lines["left"].tolist() == ["We sell the boats", "We sell the kites"]


@pytest.mark.parametrize(
    ("phrase", "found"),
    [("shar*", 2), ("shar", 0), ("a.l", 0), ("sell the", 2), ("sell  the", 2), ("(", None), ("", None)],
)
def test_a_phrase_is_words_and_no_pattern(phrase, found, read):
    if found is None:
        with pytest.raises(ValueError, match="must hold a word"):
            explore.kwic(read, phrase)
    else:
        assert len(explore.kwic(read, phrase)) == found


def test_context_is_cut_at_words(read):
    (line,) = explore.kwic(read, "boats", width=8).itertuples()
    assert (line.left, line.right) == ("the", "that we")


@pytest.mark.parametrize("options", [{"sort": "size"}, {"width": 0}])
def test_unknown_options_are_named(options, read):
    with pytest.raises(ValueError, match=f"{next(iter(options))} '?{next(iter(options.values()))}"):
        explore.kwic(read, "we", **options)


def test_differences_pair_similar_segments(read):
    found = explore.differences(read, "a@2017-01-01", "a@2018-06-01")
    assert found[["change", "before", "after"]].astype(object).where(found.notna(), None).to_numpy().tolist() == [
        ["same", OLD[0], NEW[0]],
        ["changed", OLD[1], NEW[1]],
        ["added", None, NEW[2]],
        ["same", OLD[2], NEW[3]],
        ["removed", OLD[3], None],
    ]
    assert found["categories_after"].tolist() == [("Data Retention",), (), (), (), ()]


@pytest.mark.parametrize(("before", "after"), [("a@2017-01-01", "a@2018-06-01"), ("a@2018-06-01", "b@2016-01-01")])
def test_differences_lose_no_segment(before, after, read):
    found = explore.differences(read, before, after)
    for policy, column in ((before, "before"), (after, "after")):
        assert found[column].dropna().tolist() == explore.segments_of(read, policy)["text"].tolist()


def test_a_version_has_no_differences_from_itself(read):
    assert set(explore.differences(read, "a@2017-01-01", "a@2017-01-01")["change"]) == {"same"}


def test_what_stands_elsewhere_has_moved_and_is_no_other_text_changed():
    rows = explore.aligned(["a b c d.", "We sell kites.", "e f g h."], ["We sell  kites.", "a b c x.", "e f g h."])
    assert rows.astype(object).where(rows.notna(), None).to_numpy().tolist() == [
        ["moved", None, "We sell  kites."],
        ["changed", "a b c d.", "a b c x."],
        ["moved", "We sell kites.", None],
        ["same", "e f g h.", "e f g h."],
    ]


def test_a_text_that_moved_is_not_marked_as_new():
    rows = explore.aligned(["We sell kites.", "We sell <b>.", "Bye."], ["We sell <b>.", "Bye.", "We sell kites."])
    shown = explore.side_by_side(rows, before="a", after="b", unit="sentence")
    assert "Sentences: 2 same, 0 changed, 2 moved, 0 removed, 0 added" in shown
    assert "<em>moved:</em> We sell kites." in shown
    assert "<ins>" not in shown
    assert "<del>" not in shown


def test_side_by_side_marks_words_and_labels_categories(read):
    shown = explore.side_by_side(explore.differences(read, "a@2017-01-01", "a@2018-06-01"), before="<old>", after="new")
    assert "We sell the <del>boats</del> that" in shown
    assert "We sell the <ins>kites</ins> that" in shown
    assert "<ins>Ask us for a copy.</ins>" in shown
    assert "&lt;old&gt;" in shown
    assert shown.count("1 unchanged segment<") == 2
    assert "Segments: 2 same, 1 changed, 1 removed, 1 added" in shown


def test_side_by_side_escapes_what_policies_say():
    row = {"change": "changed", "before": "<b>a", "after": "<i>a", "categories_before": (), "categories_after": ()}
    shown = explore.side_by_side(pd.DataFrame([row]), before="a", after="b")
    assert "<b>" not in shown
    assert html.unescape(re.sub(r"<[^>]*>", "", shown)).count("<b>a") == 1


def test_an_unknown_policy_is_named(read):
    with pytest.raises(ValueError, match="policy 'c' does not exist"):
        explore.differences(read, "c", "a@2017-01-01")


def test_behind_a_share_are_its_services(corpus, policies):
    features = findings.features(corpus)
    rows = explore.behind(policies, features, column="claims:dpf")
    assert rows.to_numpy().tolist() == [
        ["alder.example", pd.Timestamp("2024-01-10"), True],
        ["koa.example", pd.Timestamp("2023-12-01"), True],
    ]
    earlier = explore.behind(policies[policies["date"] < "2022-07-01"], features, column="claims:dpf")
    assert not earlier["has"].any()


def test_behind_names_a_column_that_is_not_there(corpus, policies):
    with pytest.raises(ValueError, match="'claims:x'"):
        explore.behind(policies, findings.features(corpus), column="claims:x")


def test_behind_a_share_of_nothing_is_nobody(corpus, policies):
    assert explore.behind(policies.iloc[:0], findings.features(corpus), column="claims:dpf").empty


def test_a_timeline_tells_what_was_gained_and_lost(corpus, policies):
    found = explore.service_timeline(policies, findings.features(corpus), "birch.example")
    assert found["n_words"].tolist() == [45, 45, 45, 100]
    assert found["claims"].tolist() == ["Safe Harbor", "Safe Harbor", "Privacy Shield", "GDPR; Privacy Shield"]
    assert found["gained"].tolist()[:3] == ["", "", "Privacy Shield"]
    assert found["lost"].tolist() == ["", "", "Privacy seal; Safe Harbor", ""]
    assert "Data Retention" in found["gained"].iloc[3]


def test_a_timeline_has_a_figure(corpus, policies):
    for service in ("birch.example", "ivy.example"):  # with frameworks, and one policy with none
        figure = explore.timeline_figure(explore.service_timeline(policies, findings.features(corpus), service))
        assert len(figure.axes) == 2
        figure.draw_without_rendering()


def test_a_timelines_line_is_broken_where_the_archive_changes(corpus, policies):
    timeline = explore.service_timeline(policies, findings.features(corpus), "birch.example")
    lines = explore.timeline_figure(timeline.assign(archive=["a", "a", "b", "b"])).axes[0].lines
    drawn = [list(line.get_xdata()) for line in lines if line.get_drawstyle() == "steps-post"]
    assert [len(x) for x in drawn] == [2, 2]


def test_an_unknown_service_is_named(corpus, policies):
    with pytest.raises(ValueError, match=r"'x\.example' has no main policy"):
        explore.service_timeline(policies, findings.features(corpus), "x.example")


def test_a_corpus_without_text_shows_the_samples(corpus, monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)
    read = explore.texts_of(corpus)
    assert "sample policies" in read.source
    assert "farwend" in set(read.policies["service"])
    assert len(explore.kwic(read, "safe harbor"))


def test_a_corpus_with_text_shows_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(annotate, "_model", archives.tiny_model)
    archives.write(tmp_path / "mine", {"boats/2018-05-03.md": archives.policy()})
    read = explore.texts_of(build.corpus([tmp_path / "mine"], tmp_path / "boats", workers=1))
    assert read.source == "the texts of the corpus boats"
    assert explore.kwic(read, "boat races").empty
    assert explore.kwic(read, "paper boats")["service"].tolist() == ["boats"]
    (keeps,) = [row for row in read.segments.itertuples() if row.text == archives.BASE[7]]
    assert keeps.categories == ("Data Retention",)


def test_a_csv_link_holds_the_table():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "å"]})
    link = explore.csv_link(frame, 'my "table"')
    data = re.search(r'href="data:text/csv;base64,([^"]+)"', link)[1]
    assert base64.b64decode(data).decode() == "a,b\n1,x\n2,å\n"
    assert 'download="my &#34;table&#34;.csv"' in link
    assert "(2 rows)" in link


def test_the_service_with_most_policies(policies):
    assert explore.most_seen(policies) == "larch.example"  # five; alder and birch have four
    with pytest.raises(TooFewError, match="no policy with a date"):
        explore.most_seen(policies.iloc[:0])


def test_two_versions_amid_the_longest_history(policies):
    assert explore.amid_the_longest_history(policies) == ("larch.example@2016-03-01", "larch.example@2017-01-01")
    with pytest.raises(TooFewError, match="no service of this corpus has two versions"):
        explore.amid_the_longest_history(policies.drop_duplicates("service"))
