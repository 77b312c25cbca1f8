"""The best evidence sentence for each clause category of a segment, and the categories as a spaCy component."""

from spacy.language import Language
from spacy.tokens import Doc

from privacylab.clauses.model import CATEGORIES, load
from privacylab.text.pipeline import set_spans
from privacylab.text.sentences import ranges, sentences


def evidence(text: str, heading: str | None = None) -> dict[str, int]:
    """The number of the sentence with the highest probability, for each category of a segment.

    Args:
        text: A segment.
        heading: The heading above it.

    Returns:
        For each of the segment's labels an index into `sentences` of the text.

    >>> evidence("We mind the shop. We encrypt all data with SSL on secure servers.", "Security")
    {'Data Security': 1}
    """
    model = load()
    scores = model.scores(sentences(text))
    if not len(scores):
        return {}
    labels = model.labels([text], [heading])[0]
    return {name: int(scores[:, i].argmax()) for i, name in enumerate(CATEGORIES) if name in labels}


@Language.component("privacylab_clauses", assigns=["doc.cats", "doc.spans"])
def component(doc: Doc) -> Doc:
    """Sets ``doc.cats``, each category's probability, and ``doc.spans["clauses"]``, the evidence for those assigned."""
    model = load()
    doc.cats = dict(zip(CATEGORIES, map(float, model.scores([doc.text])[0]), strict=True))
    places = ranges(doc.text)
    return set_spans(doc, "clauses", [(*places[i], name, "") for name, i in evidence(doc.text).items()])
