from privacylab.text.units import tokens_of, units, words


def read(text):
    doc = tokens_of(text)
    return [" ".join(doc[word.index].text for word in unit.words) for unit in units(doc.text, words(doc))]


def test_sentences_and_lines_are_read_apart():
    assert read("We log, e.g. errors. We keep them!\nNothing else") == [
        "We log , e.g. errors .",
        "We keep them !",
        "Nothing else",
    ]


def test_each_sentence_of_an_item_stands_behind_the_lead():
    assert read("You may:\n- see it. Ask us.\n- drop it\nBye") == [
        "You may :",
        "You may : see it .",
        "You may : Ask us .",
        "You may : drop it",
        "Bye",
    ]


def test_what_a_reader_does_not_see_is_no_word():
    assert read("our [site](https://a.example/right-to-object) <b>now</b>") == ["our [ site ] now"]


def test_positions_are_those_of_the_text():
    text = "see [x](http://a.example/y) e-mail"
    doc = tokens_of(text)
    assert [text[word.position :].startswith(doc[word.index].text) for word in words(doc)] == [True] * 6
