"""Word vectors from unlabelled policies: which words are near each other in the public archives.

The vectors are the factorised positive pointwise mutual information of words within a window (Levy, Goldberg and Dagan
2015, "Improving distributional similarity with lessons learned from word embeddings": context smoothing 0.75, square
root of the singular values). A paragraph is read once, however many versions repeat it.
"""

from __future__ import annotations

import itertools
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

from privacylab import sources
from privacylab.clauses import model

COLLECTIONS = ("tosback2", "ota")
MIN_COUNT = 15  # a rarer word says little about its neighbours
WINDOW = 8  # words to each side
DIMENSIONS = 300
RARITY = 1e-3  # a of Arora et al. 2017: a word of this share of all words counts half
LENGTHS = range(60, 3001)  # characters of a paragraph
ENGLISH_SHARE = 0.12  # of a paragraph's words must be common English ones

_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li|/?h\d|/?td|/?tr)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,500}>")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[*_#>|\\]+")
_ENGLISH = re.compile(r"\b(?:the|and|of|to|you|your|we|our|information)\b", re.IGNORECASE)
_NOT_WORD = re.compile(r"\W+")


def texts_of(folder: Path) -> Iterator[str]:
    """The last text of each document and calendar year in a folder's git archives, in the order of their git ids.

    Raises:
        ValueError: if the folder lacks one of the archives.
    """
    places = [sources.archive(collection, folder) for collection in COLLECTIONS]
    return itertools.chain.from_iterable(map(_yearly_texts, places))


def fit(texts: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    """Word vectors from running texts, as arrays of the clause model.

    Args:
        texts: documents; a shared paragraph is read once.

    Returns:
        ``vector_words``, packed (`model.pack`); ``vectors``, their directions, int8, shape (n_words, DIMENSIONS) or
        narrower where there are fewer words; ``vector_scale``, how many times each direction counts, shape (n_words,).

    Raises:
        ValueError: if fewer than two words occur MIN_COUNT times.
    """
    read = pd.Series([model.words_of(paragraph) for paragraph in paragraphs(texts)], dtype=object).explode()
    counts = read.value_counts()
    words = sorted(counts.index[counts >= MIN_COUNT])
    if len(words) < 2:
        raise ValueError(f"only {len(words)} words occur {MIN_COUNT} times or more: give more text")
    codes = pd.Index(words).get_indexer(read)
    size = min(DIMENSIONS, len(words) - 1)
    information = _ppmi(codes, read.index.to_numpy(), len(words))
    left, strength, _ = randomized_svd(information, size, n_iter=5, random_state=0)
    directions = model.unit_rows(left * np.sqrt(strength))
    largest = np.maximum(np.abs(directions).max(axis=1), 1e-12)
    share = counts[words].to_numpy() / len(read)
    return {
        "vector_words": model.pack(words),
        "vectors": np.rint(directions / largest[:, None] * 127).astype(np.int8),
        "vector_scale": (largest / 127 * RARITY / (RARITY + share)).astype(np.float32),
    }


def _ppmi(flat: npt.NDArray[np.intp], document: npt.NDArray[np.intp], n_words: int) -> sp.csr_matrix:
    """Positive pointwise mutual information of words within WINDOW of each other, shape (n_words, n_words)."""
    together: Any = 0
    for gap in range(1, WINDOW + 1):
        first, second = flat[:-gap], flat[gap:]
        near = (document[:-gap] == document[gap:]) & (first >= 0) & (second >= 0)
        ones = np.ones(int(near.sum()), dtype=np.float32)
        together = together + sp.csr_matrix((ones, (first[near], second[near])), shape=(n_words, n_words))
    pairs = sp.coo_matrix(together + together.T)
    total = np.bincount(pairs.row, weights=pairs.data, minlength=n_words)
    smoothed = total**0.75
    chance = total[pairs.row] * (smoothed / smoothed.sum())[pairs.col]
    information = np.log(pairs.data / chance)
    more = information > 0
    values = information[more].astype(np.float32)
    return sp.csr_matrix((values, (pairs.row[more], pairs.col[more])), shape=(n_words, n_words))


def paragraphs(texts: Iterable[str]) -> Iterator[str]:
    """The distinct English paragraphs of the texts, in order of appearance."""
    keys: set[str] = set()
    for text in texts:
        plain = _LINK.sub(r"\1", _TAG.sub(" ", _BREAK.sub("\n", text)))
        for line in plain.split("\n"):
            paragraph = " ".join(_MARKS.sub(" ", line).split())
            key = _NOT_WORD.sub(" ", paragraph.lower())
            if len(paragraph) not in LENGTHS or key in keys:
                continue
            keys.add(key)
            if len(_ENGLISH.findall(paragraph)) >= ENGLISH_SHARE * (paragraph.count(" ") + 1):
                yield paragraph


def _yearly_texts(place: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as scratch:
        archive = sources.Repository(place, own=Path(scratch) / "archive.git")
        for _, data, _ in archive.texts(sorted(last_of_year(archive.changes()))):
            yield (data or b"").decode("utf-8", "replace")


def last_of_year(changes: Iterable[sources.Change]) -> set[str]:
    """The blobs that were the last of a path and calendar year."""
    last: dict[tuple[str, int], tuple[int, str]] = {}
    for change in changes:
        seconds = change.seconds
        if not change.is_deletion and seconds is not None and sources.FIRST <= seconds < sources.END:
            key = (change.path, time.gmtime(seconds).tm_year)
            last[key] = max(last.get(key, (-1, "")), (seconds, change.blob))
    return {blob for _, blob in last.values()}
