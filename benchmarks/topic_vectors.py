"""Makes `privacylab/models/topics.npz`: word vectors for topics, from those of the clause model.

    python benchmarks/topic_vectors.py [CORPUS] [--archives DIR]

The clause model ships vectors of words as written, learnt without labels from the archives' text
(`privacylab train --archives`). Here forms of one word become one vector (the mean of their directions, weighed by how
often each is used), the first hundred dimensions are kept, and the mean direction of CORPUS's segments is taken down.
Topics begin with what those segments are in general: fine clusters of them, and the order in which Ward's method merges
these. With --archives, whose texts take a minute or two to read, the forms in which words and phrases are most often
written are counted again; without, those of the file in place are kept.
"""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from privacylab import clauses, paths, tables, topics
from privacylab.clauses import model as clause_model
from privacylab.clauses import word_vectors
from privacylab.text.counts import content_words
from privacylab.topics import clusters
from privacylab.topics.clusters import Floats
from privacylab.topics.vectors import DomainVectors, Presence, domain_vectors, presence_of_terms

DIMENSIONS, ANCHORS = 100, 200
FORM = re.compile(r"[a-z][a-z'-]*[a-z]")  # a word as `text.counts` reads it


def by_lemma(words: list[str], vectors: Floats) -> tuple[list[str], npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Vectors of normalised words from those of words as written: words, whole numbers, and what to multiply them by.

    A vector's length is a / (a + the word's share of all words), so that the share can be told from it.
    """
    forms = defaultdict(list)
    for i, word in enumerate(words):
        if len(lemma := content_words(word)) == 1 and lemma[0]:
            forms[lemma[0]].append(i)
    lemmas = sorted(forms)
    lengths = np.minimum(np.linalg.norm(vectors, axis=1), 1 - 1e-9)
    share = word_vectors.RARITY * (1 / lengths - 1)
    rows = np.array([share[forms[w]] @ (vectors[forms[w]] / lengths[forms[w], None]) for w in lemmas])[:, :DIMENSIONS]
    whole = np.rint(rows / np.abs(rows).max(axis=1)[:, None] * 127).astype(np.int8)
    weight = word_vectors.RARITY / (word_vectors.RARITY + np.array([share[forms[w]].sum() for w in lemmas]))
    return lemmas, whole, (weight / np.linalg.norm(whole.astype(float), axis=1)).astype(np.float32)


def centred(
    words: list[str], whole: npt.NDArray[np.int8], scale: npt.NDArray[np.float32], seen: Presence
) -> DomainVectors:
    """The vectors with the mean direction of the segments in ``seen`` as their centre, and no anchors yet."""
    nothing = np.zeros((0, DIMENSIONS)), np.zeros((0, 2), dtype=np.intp), {}
    raw = DomainVectors(words, whole * scale.astype(float)[:, None], np.zeros(DIMENSIONS), *nothing)
    return raw._replace(centre=np.round(raw.directions(seen).mean(axis=0), 6))


def anchored(vectors: DomainVectors, seen: Presence, kept_out: Iterable[str] = topics.BOILERPLATE) -> DomainVectors:
    """The vectors with fine clusters of the segments in ``seen``, and the order in which Ward's method merges them."""
    rows = np.unique(clusters.whole(vectors.directions(seen, kept_out)), axis=0)
    rows = rows[rows.any(axis=1)]
    first = np.sort(np.random.default_rng(0).choice(len(rows), ANCHORS, replace=False))
    fine = clusters.lloyd(rows, clusters.centres(rows[first], np.arange(ANCHORS), ANCHORS), rounds=10)
    labels, _ = clusters.nearest(rows, fine)
    sums = np.stack([np.round(rows[labels == i].sum(axis=0) / 100) for i in range(ANCHORS)])
    return vectors._replace(anchors=sums, merges=ward(sums, np.bincount(labels, minlength=ANCHORS)))


def ward(sums: Floats, sizes: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Which cluster takes in which, the pair first whose union adds least to the squared distances from the middles."""
    sums, sizes = sums.copy(), np.maximum(sizes, 1).astype(float)
    never = np.tri(len(sums), dtype=bool)
    steps = []
    for _ in range(len(sums) - 1):
        apart = cdist(sums / sizes[:, None], sums / sizes[:, None], "sqeuclidean")
        cost = np.where(never, np.inf, apart * np.outer(sizes, sizes) / np.add.outer(sizes, sizes))
        kept, gone = np.unravel_index(np.argmin(cost), cost.shape)
        sums[kept] += sums[gone]
        sizes[kept] += sizes[gone]
        never[gone, :] = never[:, gone] = True
        steps.append((kept, gone))
    return np.array(steps)


def written(texts: Iterable[str], wanted: set[str]) -> dict[str, str]:
    """How terms are most often written, where that is not how they are normalised: ``unite_state``: "united states"."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    lemma_of = cache(lambda form: content_words(form)[0])
    for paragraph in word_vectors.paragraphs(texts):
        pairs = [(lemma_of(form), form) for form in FORM.findall(paragraph.lower())]
        for lemma, form in pairs:
            counts[lemma][form] += 1
        for (one, form), (other, next_form) in pairwise(pairs):
            if (phrase := f"{one}_{other}") in wanted:
                counts[phrase][f"{form} {next_form}"] += 1
    best = {term: min(counts[term].items(), key=lambda item: (-item[1], item[0]))[0] for term in wanted & set(counts)}
    return {term: form for term, form in sorted(best.items()) if form != term.replace("_", " ")}


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", default=paths.corpus())
    parser.add_argument("--archives", type=Path)
    parser.add_argument("--out", type=Path, default=paths.MODELS / "topics.npz")
    given = parser.parse_args()
    arrays = clauses.load().arrays
    words, whole, scale = by_lemma(clause_model.unpack(arrays["vector_words"]), clause_model.vectors_of(arrays))
    segments = tables.Corpus.open(given.corpus).segments(columns=["terms", "n_words"])
    vectors = centred(words, whole, scale, presence_of_terms(segments["terms"]))
    vectors = vectors._replace(centre=vectors.centre.astype(np.float32).astype(float))
    long = presence_of_terms(segments.loc[segments["n_words"] >= 15, "terms"].drop_duplicates())
    vectors = anchored(vectors, long)
    forms = domain_vectors().forms
    if given.archives:
        terms = {*words, *(paths.RULES / "phrases.txt").read_text(encoding="utf-8").split()}
        forms = written(word_vectors.texts_of(given.archives), terms)
    np.savez_compressed(
        given.out,
        words=clause_model.pack(words),
        vectors=whole,
        scale=scale,
        centre=vectors.centre.astype(np.float32),
        anchors=vectors.anchors.astype(np.int32),
        merges=vectors.merges.astype(np.int16),
        forms=clause_model.pack([f"{term} {form}" for term, form in forms.items()]),
    )
    print(f"{len(words):,} words, {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
