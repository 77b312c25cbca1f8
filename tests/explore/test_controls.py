"""The widgets: a control is moved, and what is shown changes as it should. No browser here (see test_browser)."""

import re

import archives
import pytest

from privacylab import explore, findings
from privacylab.build import annotate
from privacylab.explore import controls


def named(panel, name):
    (control,) = [child for child in panel.children if getattr(child, "description", None) == name]
    return control


def shown(panel):
    return panel.children[-1].value


def answers(panel):
    return re.findall(r'<p class="answer">(.*?)</p>', shown(panel))


@pytest.fixture
def trend(corpus, policies):
    return controls.trend(policies, findings.features(corpus), corpus.services())


@pytest.fixture(scope="module")
def read(corpus):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotate, "_model", archives.tiny_model)
        return explore.texts_of(corpus)


def test_a_trend_is_told_with_its_interval_and_services(trend):
    named(trend, "What").value = ("claims:dpf",)
    assert answers(trend) == ["Claims Data Privacy Framework: 100% (34% to 100%) of 2 services, 2024-H1."]
    assert "koa.example" in shown(trend)
    assert shown(trend).count('download="') == 2


def test_two_prices_are_no_formula(trend):
    assert shown(trend).startswith('<div class="mathjax_ignore">')
    named(trend, "Services").value = "nobody.example"
    assert shown(trend).startswith('<div class="mathjax_ignore">')


def test_a_region_and_names_narrow_the_trend(trend):
    named(trend, "What").value = ("claims:gdpr",)
    named(trend, "Region").value = "us"
    everywhere = answers(trend)
    named(trend, "Services").value = "Birch.example, elm.example"
    assert answers(trend) != everywhere
    named(trend, "Services").value = "nobody.example"
    assert "No service of the corpus matches all of this" in shown(trend)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("birch", "birch is not a service of this corpus: birch.example?"),
        ("brich.example, elm.example", "brich.example is not a service of this corpus: birch.example"),
        ("qqq", "qqq is not a service of this corpus."),
    ],
)
def test_an_unknown_name_is_told_and_known_ones_are_offered(typed, told, trend, corpus, policies):
    assert "birch.example" in named(trend, "Services").options
    named(trend, "Services").value = typed
    assert told in shown(trend)
    assert ("<img" in shown(trend) or "Not drawn" in shown(trend)) == ("elm" in typed), "known names are shown"
    history = controls.service(policies, findings.features(corpus))
    named(history, "Service").value = typed.partition(",")[0]
    assert told.partition(":")[0].rstrip(".") in shown(history)


def test_what_a_policy_does_with_a_framework_is_told_apart_everywhere(trend):
    names = ("framework:gdpr", "claims:gdpr", "claims:dpf", "framework:dpf")
    named(trend, "What").value = names
    called = [line.partition(":")[0] for line in answers(trend)]
    assert set(called) == {
        *("Names GDPR", "Says it is under GDPR"),
        *("Claims Data Privacy Framework", "Names Data Privacy Framework"),
    }
    assert all(f"<td>{name}</td>" in shown(trend) for name in called)
    assert len(named(trend, "What").options) == len(set(dict(named(trend, "What").options)))


def test_more_than_a_figure_holds_is_told(trend):
    some = list(dict(named(trend, "What").options).values())[:9]
    named(trend, "What").value = some
    assert "9 are chosen, the first 7 are shown." in answers(trend)[0]


def test_a_trend_can_be_by_era(trend):
    named(trend, "What").value = ("claims:gdpr", "claims:dpf")
    named(trend, "By").value = "era"
    assert len(answers(trend)) == 2
    assert all(", GDPR" in line for line in answers(trend))


def test_shares_of_the_classifier_say_that_they_are_not_corrected(trend):
    named(trend, "What").value = ("category:Data Retention",)
    assert "not corrected" in answers(trend)[0]


def test_nothing_chosen_is_told(trend):
    named(trend, "What").value = ()
    assert "Choose what to count" in shown(trend)


def test_a_service_shows_its_history(corpus, policies):
    panel = controls.service(policies, findings.features(corpus))
    assert answers(panel) == ["larch.example: 5 policies, 2014-02-01 to 2021-03-01, from 75 to 60 words."]
    named(panel, "Service").value = "birch.example"
    assert "birch.example: 4 policies, 2014-05-01 to 2018-05-25, from 45 to 100 words" in answers(panel)[0]


def test_without_a_date_there_is_no_history(corpus, policies):
    panel = controls.service(policies.assign(date=None), findings.features(corpus))
    assert "No service of the corpus has a dated policy" in shown(panel)


def test_a_concordance_follows_words_and_order(read):
    panel = controls.concordance(read, "safe harbor")
    before = answers(panel)
    named(panel, "Words").value = "privacy shield"
    assert answers(panel) != before
    assert "from the sample policies" in answers(panel)[0]
    named(panel, "Words").value = "<b>"
    assert "<b>" not in answers(panel)[0]
    named(panel, "Words").value = "?"
    assert "must hold a word" in shown(panel)


def test_who_writes_a_word_and_since_when(corpus):
    panel = controls.words(corpus, "Safe Harbor")
    assert answers(panel) == [
        "5 services with “Safe Harbor” in one segment of a policy, the first alder.example on 2013-03-01."
    ]
    named(panel, "Words").value = "zebra"
    assert answers(panel) == ["No service of this corpus writes “zebra”."]
    named(panel, "Words").value = "the"
    assert "holds no word to look for" in shown(panel)


def test_versions_follow_the_service(read):
    panel = controls.versions(read)
    assert "farwend@2013-11-20" in shown(panel)
    named(panel, "Service").value = "thistlewick"
    assert named(panel, "After").value == "thistlewick@2003-04-02"
    assert "thistlewick@1999-11-15" in shown(panel)
    assert 'download="versions.csv"' in shown(panel)


def test_a_long_table_is_cut_and_its_csv_is_not():
    frame = controls.pd.DataFrame({"n": range(500)})
    text = controls.table(frame, "long", caption="Many")
    assert text.count("<tr") == controls.MAX_ROWS + 1
    assert "the first 200 shown" in text
    assert "(500 rows)" in text


@pytest.mark.filterwarnings("error")
def test_a_table_of_a_panel_has_names_and_round_numbers():
    when = controls.pd.to_datetime(["2018-05-25"])
    frame = controls.pd.DataFrame({"service": ["a.example"], "first": when, "value": [1 / 3], "n_policies": [2]})
    text = controls.table(frame, "who", caption="Who")
    heads = ["<caption>Who</caption>", "Service</th>", "Policies</th>", 'row">a.example</th>']
    assert [part for part in [*heads, ">2018-05-25<", ">0.333<"] if part not in text] == []


def test_a_panel_says_in_words_how_to_use_it():
    assert repr(controls.tabs(one=controls.Panel([]))).startswith("Controls: open this notebook in JupyterLab")
    shown = controls.Panel([])._repr_mimebundle_()
    assert shown["text/html"].startswith('<p class="note">Controls: ')
    assert "application/vnd.jupyter.widget-view+json" in shown
