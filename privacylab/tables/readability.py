"""The reading grade: for the table of policies, and for the findings."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def reading_grade(n_words: npt.ArrayLike, n_sentences: npt.ArrayLike, n_syllables: npt.ArrayLike) -> Floats:
    """The Flesch-Kincaid grade: the US school years that a text asks for.

    Args:
        n_words: Words of each text.
        n_sentences: Sentences, of the same shape.
        n_syllables: Syllables, of the same shape.

    Returns:
        The grade, below 0 for texts of very short words; null where a text has no word or no sentence.

    References:
        Kincaid, J. P. et al. (1975). Derivation of new readability formulas for Navy enlisted personnel. RBR 8-75.

    >>> reading_grade(50, 3, 78).round(2).item()
    9.32
    """
    counts = (np.asarray(count, dtype=float) for count in (n_words, n_sentences))
    words, sentences = (np.where(count > 0, count, np.nan) for count in counts)
    return 0.39 * words / sentences + 11.8 * np.asarray(n_syllables) / words - 15.59
