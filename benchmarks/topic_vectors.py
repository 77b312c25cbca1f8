"""Makes `privacylab/models/topics.npz`: word vectors for topics, from those of the clause model.

    python benchmarks/topic_vectors.py [CORPUS]

The clause model ships vectors of words as written, learnt without labels from the archives' text
(`privacylab train --archives`). Here forms of one word become one vector (the mean of their directions, weighed by how
often each is used), the first hundred dimensions are kept, and the mean direction of CORPUS's segments is taken down.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from privacylab import clauses, embedding, paths, tables, wording
from privacylab.topic_parts import DomainVectors, Floats, Presence, presence_of_terms

DIMENSIONS = 100


def by_lemma(words: list[str], vectors: Floats) -> tuple[list[str], npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Vectors of normalised words from those of words as written: words, whole numbers, and what to multiply them by.

    A vector's length is a / (a + the word's share of all words), so that the share can be told from it.
    """
    forms = defaultdict(list)
    for i, word in enumerate(words):
        if len(lemma := wording.content_words(word)) == 1 and lemma[0]:
            forms[lemma[0]].append(i)
    lemmas = sorted(forms)
    lengths = np.minimum(np.linalg.norm(vectors, axis=1), 1 - 1e-9)
    share = embedding.RARITY * (1 / lengths - 1)
    rows = np.array([share[forms[w]] @ (vectors[forms[w]] / lengths[forms[w], None]) for w in lemmas])[:, :DIMENSIONS]
    whole = np.rint(rows / np.abs(rows).max(axis=1)[:, None] * 127).astype(np.int8)
    weight = embedding.RARITY / (embedding.RARITY + np.array([share[forms[w]].sum() for w in lemmas]))
    return lemmas, whole, (weight / np.linalg.norm(whole.astype(float), axis=1)).astype(np.float32)


def centred(
    words: list[str], whole: npt.NDArray[np.int8], scale: npt.NDArray[np.float32], seen: Presence
) -> DomainVectors:
    """The vectors with the mean direction of the segments in ``seen`` as their centre."""
    raw = DomainVectors(words, whole * scale.astype(float)[:, None], np.zeros(DIMENSIONS))
    return raw._replace(centre=np.round(raw.directions(seen).mean(axis=0), 6))


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", default=paths.corpus())
    parser.add_argument("--out", type=Path, default=paths.MODELS / "topics.npz")
    given = parser.parse_args()
    arrays = clauses.load().arrays
    words, whole, scale = by_lemma(clauses.unpack(arrays["vector_words"]), clauses.vectors_of(arrays))
    seen = presence_of_terms(tables.Corpus.open(given.corpus).segments(columns=["terms"])["terms"])
    centre = centred(words, whole, scale, seen).centre.astype(np.float32)
    np.savez_compressed(given.out, words=clauses.pack(words), vectors=whole, scale=scale, centre=centre)
    print(f"{len(words):,} words, {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
