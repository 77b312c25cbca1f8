"""The annotators as a spaCy pipeline: frameworks, cues and clause categories on a ``Doc``.

    nlp = pipeline.english()
    doc = nlp("You may ask us to erase your data under the GDPR.")
    doc.spans["frameworks"], doc.spans["cues"], doc.cats

Each component also works by itself: ``spacy.blank("en").add_pipe("privacylab_cues")``.
"""

from bisect import bisect_right
from collections.abc import Iterable

import spacy
from simplemma import lemmatize
from spacy.language import Language
from spacy.tokens import Doc

from privacylab.text.sentences import stops
from privacylab.text.visible import visible

COMPONENTS = ("privacylab_frameworks", "privacylab_cues", "privacylab_clauses")
"""The annotators, by their names in spaCy (entry points of this package)."""


def english() -> Language:
    """A pipeline with English tokens, sentences, lemmas and all annotators.

    >>> doc = english()("You may ask us to erase your data.")
    >>> [(span.label_, span.text) for span in doc.spans["cues"]]
    [('right_erasure', 'ask us to erase')]
    """
    nlp = spacy.blank("en")
    for name in ("privacylab_sentences", "privacylab_lemmas", *COMPONENTS):
        nlp.add_pipe(name)
    return nlp


@Language.component("privacylab_sentences", assigns=["token.is_sent_start"])
def sentences(doc: Doc) -> Doc:
    """Sets where sentences start: lines, list items and table cells are separate sentences."""
    ends = [match.end() for match in stops(visible(doc.text))]
    part_of_last = -1
    for token in doc:
        part = bisect_right(ends, token.idx)
        token.is_sent_start = part != part_of_last
        part_of_last = part
    return doc


@Language.component("privacylab_lemmas", assigns=["token.lemma"])
def lemmas(doc: Doc) -> Doc:
    """Sets the lemma of each token, from simplemma's dictionary."""
    for token in doc:
        token.lemma_ = lemmatize(token.text, lang="en")
    return doc


def set_spans(doc: Doc, key: str, found: Iterable[tuple[int, int, str, str]]) -> Doc:
    """Sets a group of a doc's spans.

    Args:
        doc: The doc.
        key: The group's name.
        found: First and end character, label and id of each span; it grows to whole tokens.
    """
    spans = [
        doc.char_span(start, end, label=label, span_id=span_id, alignment_mode="expand")
        for start, end, label, span_id in found
    ]
    doc.spans[key] = [span for span in spans if span is not None]
    return doc
