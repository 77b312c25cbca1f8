import pytest
import spacy
from spacy import displacy
from spacy.tokens import DocBin

from privacylab import cues, frameworks
from privacylab.tables.schema import CATEGORIES
from privacylab.text import pipeline

TEXT = "You may ask us to erase your data under the GDPR. We encrypt all data with SSL on secure servers."


def spans(doc, key):
    return [(span.label_, span.id_, span.text) for span in doc.spans[key]]


@pytest.fixture(scope="module")
def nlp():
    return pipeline.english()


def test_components_work_in_a_plain_pipeline():
    plain = spacy.blank("en")
    for name in pipeline.COMPONENTS:
        plain.add_pipe(name)
    doc = plain(TEXT)
    assert spans(doc, "frameworks") == [("gdpr", "adheres", "GDPR")]
    assert [label for label, _, _ in spans(doc, "cues")] == ["right_erasure"]
    assert set(doc.cats) == set(CATEGORIES)
    assert ("Data Security", "", "We encrypt all data with SSL on secure servers.") in spans(doc, "clauses")


def test_spans_are_what_the_functions_give(nlp):
    doc = nlp(TEXT)
    assert [(span.label_, span.id_ or None, span.start_char, span.end_char) for span in doc.spans["cues"]] == [
        tuple(cue) for cue in cues.cues(TEXT)
    ]
    assert [(span.label_, span.id_, span.start_char, span.end_char) for span in doc.spans["frameworks"]] == [
        tuple(mention) for mention in frameworks.mentions(TEXT)
    ]


def test_two_processes_give_the_same(nlp):
    texts = [TEXT, "We keep logs for 90 days.", ""]
    alone, two = ([spans(doc, "cues") for doc in nlp.pipe(texts, n_process=n)] for n in (1, 2))
    assert alone == two
    assert alone[1] == [("retention_period", "P90D", "keep logs for 90 days")]


def test_tokens_have_lemmas_and_lines_are_sentences(nlp):
    doc = nlp("We do this:\n- erased data\n- mails sent. Ask us.")
    assert [sentence.text.strip() for sentence in doc.sents] == [
        "We do this:",
        "- erased data",
        "- mails sent.",
        "Ask us.",
    ]
    assert next(token.lemma_ for token in doc if token.text == "erased") == "erase"


def test_a_docbin_keeps_spans_and_categories(nlp):
    doc = nlp(TEXT)
    (again,) = DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(nlp.vocab)
    assert {key: spans(again, key) for key in again.spans} == {key: spans(doc, key) for key in doc.spans}
    assert again.cats == doc.cats
    assert doc.to_json()["spans"]["cues"]


def test_the_page_of_a_hostile_text_escapes_it(nlp):
    doc = nlp("<script>alert(1)</script> You may ask us to erase your data.")
    page = displacy.render(doc, style="span", options={"spans_key": "cues"}, jupyter=False)
    assert "right_erasure" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    "text", ["", " \n", "x" * 100_000, "mot " * 20_000, "Nous traitons vos données.", "我们收集数据。"]
)
def test_any_text_is_read(nlp, text):
    doc = nlp(text)
    assert not doc.spans["cues"]
    assert not doc.spans["frameworks"]
