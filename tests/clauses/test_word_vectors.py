import pytest

from privacylab import sources
from privacylab.clauses import model as clause_model
from privacylab.clauses import word_vectors


def test_words_in_the_same_company_have_like_vectors(monkeypatch):
    monkeypatch.setattr(word_vectors, "MIN_COUNT", 5)
    monkeypatch.setattr(word_vectors, "DIMENSIONS", 6)
    lines = (
        "we retain the record of our customer information today and always, as you know",
        "we keep the record of our customer information today and always, as you know",
        "they sell the boat of another marine you and the harbour of a village far away",
    )
    texts = [f"{line} xxx{i:c}" for i in range(97, 117) for line in lines]
    arrays = word_vectors.fit(texts)
    words, unit = clause_model.unpack(arrays["vector_words"]), clause_model.unit_rows(arrays["vectors"].astype(float))
    near = unit @ unit[words.index("retain")]
    assert near[words.index("keep")] > near[words.index("sell")]


def test_too_few_words_are_refused():
    with pytest.raises(ValueError, match="only 0 words occur 15 times or more: give more text"):
        word_vectors.fit([])


def test_a_repeated_paragraph_is_read_once():
    text = "This is the notice of our firm and it tells you what we do with your information. " * 2
    assert list(word_vectors.paragraphs([text + "\n" + text, text])) == [text.strip()]


def test_the_last_change_of_each_year_counts():
    blob = "a" * 40, "b" * 40, "c" * 40
    changes = [
        sources.Change("c" * 40, when, "x/Privacy Policy.md", b, "100644")
        for when, b in zip((1340000000, 1386000000, 1370000000, None, 10**18), (*blob, "d" * 40, "e" * 40), strict=True)
    ]
    assert word_vectors.last_of_year(changes) == {blob[0], blob[1]}


def test_a_folder_without_archives_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"tosback2\.bundle"):
        word_vectors.texts_of(tmp_path)
