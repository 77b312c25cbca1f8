"""What the clause model counts in a text: words, pairs of neighbouring words, character n-grams."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

CHAR_GRAMS = range(2, 5)
MAX_KNOWN = 200_000  # chunks of which words and n-grams are kept

_Ints = npt.NDArray[np.int64]
_WORD = re.compile(r"\w\w+")
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00ad": None, "\x00": None})
_SAME |= dict.fromkeys(map(ord, "123456789"), "0")


def cleaned(text: str) -> str:
    """The text as the model reads it: lower case, plain quotes, every digit a zero.

    Example:
        >>> cleaned("We keep it for 18 Months")
        'we keep it for 00 months'
    """
    return text.lower().translate(_SAME)


def words_of(text: str) -> list[str]:
    """The words of two characters or more of a text.

    Example:
        >>> words_of("We keep it for 18 Months")
        ['we', 'keep', 'it', 'for', '00', 'months']
    """
    return _WORD.findall(cleaned(text))


def word_grams(text: str) -> list[str]:
    """Words and pairs of neighbouring words of a cleaned text."""
    words = _WORD.findall(text)
    return words + [f"{first} {second}" for first, second in itertools.pairwise(words)]


def char_grams(chunk: str) -> list[str]:
    """Character 2- to 4-grams of one space-delimited chunk, with the spaces around it (scikit-learn's `char_wb`)."""
    padded = f" {chunk} "
    return [padded[start : start + size] for size in CHAR_GRAMS for start in range(len(padded) - size + 1)]


class Counts(NamedTuple):
    """How often each text has each n-gram and word, shapes (n_texts, n_columns); columns ascend within a row."""

    grams: sp.csr_matrix
    chars: sp.csr_matrix
    words: sp.csr_matrix


class Vocabulary:
    """Counts in texts. They share most of their space-delimited chunks: what one holds is found once and kept.

    Args:
        grams: words and word pairs, one a column.
        chars: character n-grams, one a column.
        words: words, one a column.
    """

    def __init__(self, grams: Sequence[str] = (), chars: Sequence[str] = (), words: Sequence[str] = ()) -> None:
        self._n_columns = len(grams), len(chars), len(words)
        self._chars = {gram: i for i, gram in enumerate(chars)}
        self._numbers = {word: i for i, word in enumerate(dict.fromkeys(" ".join([*grams, *words]).split()))}
        # The columns by a word's number; the last number is that of words not known.
        self._unknown = len(self._numbers)
        self._gram_of, self._word_of = np.full((2, self._unknown + 1), -1)
        self._word_of[[self._numbers[word] for word in words]] = np.arange(len(words))
        pairs = {np.iinfo(np.int64).max: -1}
        for i, gram in enumerate(grams):
            first, *second = (self._numbers[word] for word in gram.split(" "))
            if second:
                pairs[first * self._unknown + second[0]] = i
            else:
                self._gram_of[first] = i
        self._pairs, self._pair_of = np.array(sorted(pairs.items())).T
        self._known: dict[str, int] = {}
        self._held: tuple[list[list[int]], list[list[int]]] = ([], [])

    def _rows(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of each text's chunks; chunks that are new are cut up."""
        if len(self._known) > MAX_KNOWN:
            self._known, self._held = {}, ([], [])
        split = [text.split() for text in texts]
        words, chars = self._held
        for chunk in set(itertools.chain.from_iterable(split)) - self._known.keys():
            self._known[chunk] = len(words)
            words.append([self._numbers.get(word, self._unknown) for word in _WORD.findall(chunk)])
            chars.append([i for gram in char_grams(chunk) if (i := self._chars.get(gram)) is not None])
        return [list(map(self._known.__getitem__, chunks)) for chunks in split]

    def counts(self, texts: Sequence[str]) -> Counts:
        """Counts in cleaned texts."""
        rows, (words, chars) = self._rows(texts), self._held
        n_grams, n_chars, n_words = self._n_columns
        # An unknown word after each text, so that no pair reaches into the next.
        starts, numbers = _flat([*_chained(words, row), self._unknown] for row in rows)
        text_of = np.repeat(np.arange(len(texts)), np.diff(starts))
        known = np.maximum(numbers[:-1], numbers[1:]) < self._unknown
        keys = np.where(known, numbers[:-1] * self._unknown + numbers[1:], -1)
        places = np.searchsorted(self._pairs, keys)
        pairs = np.where(self._pairs[places] == keys, self._pair_of[places], -1)
        grams = np.concatenate([self._gram_of[numbers], pairs])
        starts, chunks = _flat(rows)
        distinct, places = np.unique(chunks, return_inverse=True)
        in_text = _ones(starts, places, len(distinct))
        in_chunk = _ones(*_flat(map(chars.__getitem__, distinct.tolist())), n_chars)
        return Counts(
            _summed(np.concatenate([text_of, text_of[:-1]]), grams, (len(texts), n_grams)),
            (in_text @ in_chunk).tocsc().tocsr(),  # there and back sorts the columns, faster than sorting does
            _summed(text_of, self._word_of[numbers], (len(texts), n_words)),
        )


def _chained(held: Sequence[list[int]], numbers: Iterable[int]) -> Iterator[int]:
    return itertools.chain.from_iterable(map(held.__getitem__, numbers))


def _flat(rows: Iterable[list[int]]) -> tuple[_Ints, _Ints]:
    """Rows one after another: where each starts, and the values."""
    listed = list(rows)
    starts = np.concatenate([[0], np.cumsum(list(map(len, listed)), dtype=np.int64)])
    return starts, np.fromiter(itertools.chain.from_iterable(listed), np.int64, starts[-1])


def _ones(starts: _Ints, columns: _Ints, n_columns: int) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(starts) - 1, n_columns))


def _summed(rows: _Ints, columns: _Ints, shape: tuple[int, int]) -> sp.csr_matrix:
    found = columns >= 0
    return sp.csr_matrix((np.ones(np.count_nonzero(found)), (rows[found], columns[found])), shape=shape)


def tfidf(counts: sp.csr_matrix, idf: npt.NDArray[np.floating]) -> sp.csr_matrix:
    """Rows of (1 + log count) x idf, of length 1 (or all zero)."""
    values = (1.0 + np.log(counts.data)) * idf[counts.indices]
    weighted = sp.csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)
    lengths = np.sqrt(weighted.multiply(weighted) @ np.ones(counts.shape[1]))
    values = values / np.repeat(np.maximum(lengths, 1e-12), np.diff(counts.indptr))
    return sp.csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)
