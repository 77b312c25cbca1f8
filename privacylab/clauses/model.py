"""OPP-115 clause categories: load the shipped model, score segments.

A segment's score in a category is the sum of three parts (see `models/README.md`): the weights of its words and word
pairs, the weights of its character n-grams, and its likeness to each training segment in a space of word vectors learnt
from unlabelled policies. A logistic curve (Platt 1999) fitted on held-out policies turns the sum into a probability.
Nothing here learns: `training.train` makes the arrays.
"""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from privacylab import paths
from privacylab.tables import schema

CATEGORIES = schema.CATEGORIES
ARRAYS = "clauses.npz"
CARD = "clauses.json"
FORMAT = 1
MAX_CHARS = 20_000  # read of a segment; the longest in OPP-115 has 2,282
HEADING_CHARS = 300  # read of a heading: a longer one is really a paragraph
# Unit vectors are whole numbers of this scale. A dot product of two is at most 2048**2 < 2**24, so float32 arithmetic
# on them is exact, and neither the batch, the threads nor the processor can change a score.
UNIT = 2048
LIKENESS = 4096  # steps per unit of likeness; with whole-number weights the float64 sums are also exact
BATCH = 4096
LIKENESS_ROWS = 128  # texts whose likenesses stay in a processor's cache
REMEMBERED = 1 << 15  # chunks between blanks

FloatArray = npt.NDArray[np.float64]
WORD = r"\w\w+"
_AGAIN = "reinstall the package, or make the model again with `privacylab train`"
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00ad": None, "\x00": None})
_PLAIN |= dict.fromkeys(map(ord, "123456789"), "0")


def cleaned(text: str) -> str:
    """The text as the model reads it: lower case, plain quotes, every digit a zero.

    Example:
        >>> cleaned("We keep it for 18 Months")
        'we keep it for 00 months'
    """
    return text.lower().translate(_PLAIN)


def words_of(text: str) -> list[str]:
    """The words of two characters or more of a text.

    Example:
        >>> words_of("We keep it for 18 Months")
        ['we', 'keep', 'it', 'for', '00', 'months']
    """
    return re.findall(WORD, cleaned(text))


def with_heading(text: str, heading: str | None) -> str:
    """The text after its heading, as in OPP-115's own segments."""
    return f"{heading[:HEADING_CHARS]}\n{text[:MAX_CHARS]}" if heading else text[:MAX_CHARS]


def word_counter(vocabulary: Sequence[str] | None = None, *, longest: int = 2) -> CountVectorizer:
    """Counts words of cleaned texts, and runs of up to `longest` neighbouring words."""
    return CountVectorizer(
        lowercase=False, token_pattern=WORD, ngram_range=(1, longest), vocabulary=vocabulary, dtype=np.float64
    )


def char_counter(vocabulary: Sequence[str] | None = None) -> CountVectorizer:
    """Counts character 2- to 4-grams within space-delimited chunks of cleaned texts, with the spaces around them."""
    return CountVectorizer(
        lowercase=False, analyzer="char_wb", ngram_range=(2, 4), vocabulary=vocabulary, dtype=np.float64
    )


Columns = Callable[[str], Sequence[int]]


def columns_of(counter: CountVectorizer) -> Columns:
    """What gives the columns of a text's n-grams, repeats kept; `transform` is slower: it raises for unknown ones."""
    ngrams, columns = counter.build_analyzer(), {name: i for i, name in enumerate(counter.get_feature_names_out())}
    return lambda text: [columns[each] for each in ngrams(text) if each in columns]


def counted(rows: Iterable[Sequence[int]], n_columns: int) -> sp.csr_matrix:
    """How often each row has each column, shape (n_rows, n_columns), the columns sorted."""
    listed = list(rows)
    columns = np.fromiter(itertools.chain.from_iterable(listed), np.int32)
    starts = np.cumsum([0, *map(len, listed)])
    counts = sp.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(listed), n_columns))
    counts.sum_duplicates()
    return counts


def char_counts(of_chunk: Columns, n_columns: int, texts: Sequence[str]) -> sp.csr_matrix:
    """The counts of the texts' n-grams, shape (n_texts, n_columns); a chunk that texts share is cut up once."""
    numbers: dict[str, int] = {}
    rows = [[numbers.setdefault(chunk, len(numbers)) for chunk in text.split()] for text in texts]
    counts: sp.csr_matrix = counted(rows, len(numbers)) @ counted(map(of_chunk, numbers), n_columns)
    return counts.tocsc().tocsr()  # converting there and back sorts the columns, faster than sorting


def tfidf(counts: sp.csr_matrix, idf: npt.NDArray[np.floating]) -> sp.csr_matrix:
    """Rows of (1 + log count) x idf, of length 1 (or all zero)."""
    values = (1.0 + np.log(counts.data)) * idf[counts.indices]
    weighted = sp.csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)
    return sp.csr_matrix(normalize(weighted, copy=False))


def unit_rows(matrix: FloatArray) -> FloatArray:
    """Each row divided by its length; a row of zeros stays zero."""
    lengths = np.sqrt((matrix * matrix).sum(axis=1, keepdims=True))
    return np.asarray(matrix / np.maximum(lengths, 1e-12))


def likeness(points: npt.NDArray[np.int16], landmarks: npt.NDArray[np.int16 | np.float32]) -> FloatArray:
    """Likeness of unit vectors, in whole steps of 1/LIKENESS: h**4 + h**16, where h = (1 + cosine) / 2.

    The two powers replace a wide and a narrow bell curve around each landmark; unlike exp, they give the same bits on
    every processor.

    Args:
        points: whole-number unit vectors (scale UNIT), shape (n, d).
        landmarks: the same, shape (m, d).

    Returns:
        Whole numbers from 0 to 2 x LIKENESS, shape (n, m).
    """
    wide = points.astype(np.float32) @ landmarks.astype(np.float32, copy=False).T
    wide /= np.float32(2 * UNIT * UNIT)  # in place: these arrays are the largest here
    wide += np.float32(0.5)
    np.square(np.square(wide, out=wide), out=wide)
    narrow = np.square(wide)
    np.square(narrow, out=narrow)
    narrow += wide
    narrow *= LIKENESS
    return np.asarray(np.rint(narrow, out=narrow), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class ClauseModel:
    """The trained classifier. `load` gives the shipped one.

    Attributes:
        card: the JSON card: its data and parameters, its scores in cross-validation.
        arrays: the weights, by name.
    """

    card: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]

    @property
    def thresholds(self) -> FloatArray:
        """The lowest probability that gives a label, for each category; shape (10,)."""
        return self.arrays["thresholds"]

    @functools.cached_property
    def _words(self) -> tuple[Columns, int, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The columns of words and pairs, how many, which of them are n-grams with weights, and which have vectors."""
        grams, words = unpack(self.arrays["grams"]), unpack(self.arrays["vector_words"])
        columns = sorted({*grams, *words})
        with_weights, with_vectors = (np.flatnonzero(np.isin(columns, names)) for names in (grams, words))
        return columns_of(word_counter(columns)), len(columns), with_weights, with_vectors

    @functools.cached_property
    def _chars(self) -> tuple[Columns, int]:
        """The columns of a chunk's character n-grams, which remember earlier chunks, and how many there are."""
        names = unpack(self.arrays["chars"])
        return functools.lru_cache(REMEMBERED)(columns_of(char_counter(names))), len(names)

    @functools.cached_property
    def _dense(self) -> tuple[FloatArray, npt.NDArray[np.float32], FloatArray]:
        """Word vectors, landmarks and the landmarks' weights as floats."""
        landmarks, weights = self.arrays["landmarks"], self.arrays["landmark_weights"]
        return vectors_of(self.arrays), landmarks.astype(np.float32), weights.astype(np.float64)

    def margins(self, texts: Sequence[str]) -> FloatArray:
        """Scores before calibration, shape (n_texts, 10); texts are cleaned ones."""
        a, (of_text, n_columns, grams, words) = self.arrays, self._words
        counts = counted(map(of_text, texts), n_columns)
        total = tfidf(counts[:, grams], a["gram_idf"]) @ a["gram_weights"].astype(np.float64)
        total += tfidf(char_counts(*self._chars, texts), a["char_idf"]) @ a["char_weights"].astype(np.float64)
        vectors, landmarks, weights = self._dense
        points = points_from(directions(counts[:, words], vectors), a["centre"])
        rows = range(0, len(points), LIKENESS_ROWS)
        near = np.concatenate([likeness(points[row : row + LIKENESS_ROWS], landmarks) @ weights for row in rows])
        return np.asarray(total + near * a["landmark_scale"] + a["bias"])

    def scores(self, texts: Sequence[str], headings: Sequence[str | None] | None = None) -> npt.NDArray[np.float32]:
        """Calibrated probability of each category for each segment.

        Args:
            texts: segments; of each, the first 20,000 characters are read.
            headings: the heading above each segment, or None.

        Returns:
            Probabilities, shape (n_texts, 10), columns in the order of CATEGORIES. A text's row does not
            depend on the other texts.

        Raises:
            ValueError: if `texts` is a single string, or `headings` has another length.

        Note:
            Calibrated on policies of 2015, in English; a text in another language gets scores near the base rates.

        Example:
            >>> load().scores(["We encrypt data with SSL."])[0].argmax() == CATEGORIES.index("Data Security")
            np.True_
        """
        if isinstance(texts, str):
            raise ValueError("texts is one string; pass a list of segments, e.g. [text]")
        if headings is not None and len(headings) != len(texts):
            raise ValueError(f"headings has {len(headings)} entries for {len(texts)} texts: give one or None each")
        read = [cleaned(with_heading(t, h)) for t, h in zip(texts, headings or [None] * len(texts), strict=True)]
        out = np.empty((len(read), len(CATEGORIES)), dtype=np.float32)
        for start in range(0, len(read), BATCH):
            margins = self.margins(read[start : start + BATCH])
            slope, offset = self.arrays["platt"]
            out[start : start + BATCH] = 1.0 / (1.0 + np.exp(-(slope * margins + offset)))
        return out

    def labels(self, texts: Sequence[str], headings: Sequence[str | None] | None = None) -> list[set[str]]:
        """The categories whose probability reaches its threshold, a set for each segment (it may be empty)."""
        passed = self.scores(texts, headings) >= self.thresholds.astype(np.float32)
        return [set(itertools.compress(CATEGORIES, row)) for row in passed]


def vectors_of(arrays: Mapping[str, npt.NDArray[Any]]) -> FloatArray:
    """The word vectors, shape (n_words, d), rarer words with more weight (Arora et al. 2017, SIF)."""
    return np.asarray(arrays["vectors"].astype(np.float64) * arrays["vector_scale"][:, None])


def directions(counts: sp.csr_matrix, vectors: FloatArray) -> FloatArray:
    """Direction of each text's weighted mean word vector, shape (n_texts, d); zero where no word is known.

    Args:
        counts: of the words in each text, shape (n_texts, n_words).
        vectors: of the words, shape (n_words, d).
    """
    weighted = sp.csr_matrix((1.0 + np.log(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    return unit_rows(np.asarray(weighted @ vectors))


def points_from(directions: FloatArray, centre: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    """Directions minus `centre`, the mean of policies: whole-number unit vectors of scale UNIT, shape (n_texts, d)."""
    known = np.abs(directions).sum(axis=1, keepdims=True) > 0
    return np.asarray(np.rint(np.where(known, unit_rows(directions - centre), 0.0) * UNIT), dtype=np.int16)


def pack(words: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Words as one array of UTF-8 bytes, one word per line, so that no pickle is needed."""
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def unpack(data: npt.NDArray[np.uint8]) -> list[str]:
    """The words that `pack` packed."""
    return data.tobytes().decode().split("\n")


def load(path: str | Path | None = None) -> ClauseModel:
    """The shipped clause model, or the one in the folder `path` (its `clauses.npz` and `clauses.json`).

    Raises:
        ValueError: if a file is missing, truncated or altered.
    """
    folder = Path(path).resolve() if path is not None else paths.MODELS
    try:
        data, card = (folder / ARRAYS).read_bytes(), (folder / CARD).read_bytes()
    except OSError as error:
        raise ValueError(f"clause model: {error.filename} cannot be read ({error.strerror}); {_AGAIN}") from None
    return _read(folder, data, card)


@functools.lru_cache(maxsize=2)
def _read(folder: Path, data: bytes, card_bytes: bytes) -> ClauseModel:
    try:
        card = json.loads(card_bytes)
    except ValueError:
        raise ValueError(f"clause model: {folder / CARD} is not JSON; {_AGAIN}") from None
    if not isinstance(card, dict) or card.get("format") != FORMAT or card.get("categories") != list(CATEGORIES):
        raise ValueError(f"clause model: {folder / CARD} is not format {FORMAT} with the ten categories; {_AGAIN}")
    if hashlib.sha256(data).hexdigest() != card.get("arrays_sha256"):
        raise ValueError(
            f"clause model: {folder / ARRAYS} is cut short or altered (its sha256 is not the one in {CARD}); {_AGAIN}"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return ClauseModel(card, arrays)
