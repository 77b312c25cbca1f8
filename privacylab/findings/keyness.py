"""Which words mark a group of policies: effect sizes with intervals, tested over services.

A service's policy is one document, and a term counts once in it: a single long policy, or one that repeats itself, then
cannot make a keyword. Terms are the content words and two-word phrases of `segments.terms`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as arrow
from pyarrow import compute
from scipy import sparse

from privacylab.findings import intervals
from privacylab.findings.features import incidence
from privacylab.findings.intervals import TooFewError
from privacylab.tables import Corpus

Floats = npt.NDArray[np.float64]
CHUNK = 2_000
"""Terms that are resampled at a time: it bounds the memory to about 50 MB."""


class Documents(NamedTuple):
    """Documents and their terms.

    ``counts``: how often each term stands in each document, shape (documents, terms). ``service`` and ``group`` name
    each document's service and cell; ``terms`` the columns, sorted; ``cells`` are all cells there could be.
    """

    counts: sparse.csr_array
    terms: npt.NDArray[np.object_]
    service: npt.NDArray[np.object_]
    group: npt.NDArray[np.object_]
    cells: tuple[str, ...] = ()


def documents(corpus: Corpus, observed: pd.DataFrame, *, by: str = "era") -> Documents:
    """The terms of the observed policies.

    Args:
        corpus: The corpus.
        observed: From `findings.observations`: one policy a service and cell.
        by: The column of ``observed`` that names the group.

    Raises:
        ValueError: A service has two documents in one group, or a policy is not in the corpus.
    """
    if observed.duplicated(["service", by]).any():
        raise ValueError(f"a service has several policies in one {by}: keep one, as observe.observations does")
    where = incidence(corpus)
    rows = where.policies.get_indexer(pd.Index(observed["policy_id"]))
    if (rows < 0).any():
        raise ValueError(f"policy {observed['policy_id'].iloc[int(np.argmin(rows))]!r} is not in the corpus")
    # In Arrow: a million Python strings would take a gigabyte.
    words = compute.split_pattern(_arrow(corpus.segments(columns=["terms"])["terms"]), " ")
    encoded = compute.list_flatten(words).dictionary_encode()
    segment = compute.list_parent_indices(words).to_numpy()
    terms, codes = np.unique(encoded.dictionary.to_numpy(zero_copy_only=False).astype(object), return_inverse=True)
    places = (segment, codes[encoded.indices.to_numpy()])
    shape = (len(where.segments), len(terms))
    held = sparse.coo_array((np.ones(len(segment), dtype=np.int32), places), shape=shape).tocsr()
    counts = sparse.csr_array(where.matrix[rows] @ held)
    kept = np.flatnonzero((counts.sum(axis=0) > 0) & (np.asarray(terms) != ""))
    named = (observed["service"].astype(str).to_numpy(dtype=object), observed[by].astype(str).to_numpy(dtype=object))
    every = tuple(map(str, observed[by].astype("category").cat.categories))
    return Documents(sparse.csr_array(counts[:, kept]), np.asarray(terms, dtype=object)[kept], *named, every)


def _arrow(texts: pd.Series) -> arrow.Array:
    made = arrow.array(texts, type=arrow.string())
    return made.combine_chunks() if isinstance(made, arrow.ChunkedArray) else made


def log_odds(
    target: npt.ArrayLike, reference: npt.ArrayLike, *, n_target: int, n_reference: int, prior: float = 10.0
) -> tuple[Floats, Floats]:
    """Weighted log-odds ratios with an informative prior, and their z-scores.

    Each share is pulled towards the term's share in both groups together, as by ``prior`` more documents.

    Args:
        target: Documents of the target group with each term.
        reference: The same for the reference group.
        n_target: Documents in the target group.
        n_reference: Documents in the reference group.
        prior: Weight of the prior, in documents; above 0.

    Returns:
        Log-odds ratio (natural logarithm, above 0: more in the target) and z for each term.

    Note:
        Monroe et al. count tokens; here documents are counted, so that the variance has the terms of the documents
        without the word too. z takes the groups for independent: use it to rank, and the permutation p to test.

    References:
        Monroe, B. L., Colaresi, M. P. & Quinn, K. M. (2008). Fightin' words. Political Analysis 16, 372-403, eq. 15-22.
    """
    if prior <= 0:
        raise ValueError(f"prior {prior} must be above 0")
    ours, theirs = np.asarray(target, dtype=float), np.asarray(reference, dtype=float)
    # Half a document keeps a term that all or none have away from 0 and 1.
    expected = prior * (ours + theirs + 0.5) / (n_target + n_reference + 1)
    odds, variance = [], np.zeros(ours.shape)
    for count, n in ((ours, n_target), (theirs, n_reference)):
        with_term, without = count + expected, n + prior - count - expected
        odds.append(np.log(with_term / without))
        variance = variance + 1 / with_term + 1 / without
    difference = odds[0] - odds[1]
    return np.asarray(difference), np.asarray(difference / np.sqrt(variance))


def log_ratio(
    target: npt.ArrayLike, reference: npt.ArrayLike, *, n_target: npt.ArrayLike, n_reference: npt.ArrayLike
) -> Floats:
    """log2 of the ratio of the shares of documents with a term: 1 is twice, 2 four times as many.

    Half a document is added to each count and one to each n, so that a term that one group never uses has a value.

    References:
        Hardie, A. (2014). Log Ratio: an informal introduction. Lancaster: CASS.

    >>> float(log_ratio(79.5, 19.5, n_target=99, n_reference=99))
    2.0
    """
    ours = (np.asarray(target, dtype=float) + 0.5) / (np.asarray(n_target, dtype=float) + 1)
    theirs = (np.asarray(reference, dtype=float) + 0.5) / (np.asarray(n_reference, dtype=float) + 1)
    return np.asarray(np.log2(ours / theirs))


def dispersion(counts: sparse.csr_array) -> Floats:
    """Gries' deviation of proportions, normalised: 0 a term is spread as the text is, 1 it stands in one document.

    Args:
        counts: Shape (documents, terms), tokens.

    Returns:
        A value for each term; null for a term that does not occur or a single document.

    References:
        Gries, S. Th. (2008). Dispersions and adjusted frequencies in corpora. IJCL 13, 403-437; normalised as in
        Lijffijt, J. & Gries, S. Th. (2012), IJCL 17, 147-149.
    """
    table = sparse.coo_array(counts)
    row, column = table.coords
    size = np.asarray(table.sum(axis=1), dtype=float)
    if size.sum() == 0:
        return np.full(table.shape[1], np.nan)
    size = size / size.sum()
    whole = np.asarray(table.sum(axis=0), dtype=float)
    part = table.data / whole[column]
    # A document without the term adds its size; one with it the difference of its two shares.
    excess = np.bincount(column, np.abs(part - size[row]) - size[row], minlength=table.shape[1])
    scale = 1 - size[size > 0].min()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where((whole > 0) & (scale > 0), (1 + excess) / 2 / scale, np.nan))


class _Groups(NamedTuple):
    """Documents of two groups by service: those in both (in the same order), and those in one only."""

    both_target: sparse.csr_array
    both_reference: sparse.csr_array
    only_target: sparse.csr_array
    only_reference: sparse.csr_array


def _groups(docs: Documents, target: str, reference: str) -> _Groups:
    rows = {}
    for group in (target, reference):
        mine = np.flatnonzero(docs.group == group)
        if not len(mine) and group not in docs.cells:
            known = ", ".join(sorted(set(docs.group)))
            raise ValueError(f"group {group!r} has no document; there are {known or 'none'}")
        rows[group] = pd.Series(mine, index=docs.service[mine]).sort_index()
    if target == reference:
        raise ValueError("target and reference must be two groups")
    shared = rows[target].index.intersection(rows[reference].index)
    seen = sparse.csr_array((docs.counts > 0).astype(np.float32))
    parts = [
        seen[rows[target].loc[shared].to_numpy()],
        seen[rows[reference].loc[shared].to_numpy()],
        seen[rows[target].drop(shared).to_numpy()],
        seen[rows[reference].drop(shared).to_numpy()],
    ]
    return _Groups(*parts)


def _total(part: sparse.csr_array) -> Floats:
    return np.asarray(part.sum(axis=0), dtype=np.float64).ravel()


def keyness(
    docs: Documents,
    *,
    target: str,
    reference: str,
    minimum: int = 10,
    prior: float = 10.0,
    permutations: int = 1000,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """The terms that mark one group of policies against another.

    Args:
        docs: From `documents`.
        target: The group whose words these are (``value`` above 0).
        reference: The group that it is compared with.
        minimum: Services that must use a term, in either group.
        prior: As in `log_odds`.
        permutations: Random labellings for the test.
        resamples: Bootstrap resamples of services, for the intervals.
        level: Confidence level.
        seed: For both.

    Returns:
        ``term``; ``n`` (services that use it in either group), ``n_target``, ``n_reference`` (documents with it);
        ``target``, ``reference`` (shares); ``log_odds``, ``z``; ``value`` (`log_ratio`), ``low``, ``high``;
        ``dispersion`` (in the target; in the reference where the term marks that); ``p``, ``q``, ``p_family``; the
        strongest first. Empty if no term is frequent enough.

    Raises:
        ValueError: There is no such group, or the two are one.
        TooFewError: A group has no document.

    Note:
        Under the null hypothesis the era makes no difference: a service in both groups may have its two labels
        swapped, and services in one group only may change sides among themselves. ``p`` counts labellings with as
        large a difference of the documents' counts, standardised; ``q`` is Benjamini & Hochberg's; ``p_family``
        compares with the largest difference of any term (Westfall & Young 1993) and may be read at any number of terms.
    """
    whole = _groups(docs, target, reference)
    users = _total(sparse.csr_array(whole.both_target.maximum(whole.both_reference)))
    users = users + _total(whole.only_target) + _total(whole.only_reference)
    kept = np.flatnonzero(users >= max(minimum, 1))
    groups = _Groups(*(sparse.csr_array(part[:, kept]) for part in whole))
    ours = _total(groups.both_target) + _total(groups.only_target)
    theirs = _total(groups.both_reference) + _total(groups.only_reference)
    n_target = groups.both_target.shape[0] + groups.only_target.shape[0]
    n_reference = groups.both_reference.shape[0] + groups.only_reference.shape[0]
    if not n_target or not n_reference:
        raise TooFewError(f"no policy of {target if not n_target else reference}: there are no words to compare.")
    sizes = {"n_target": n_target, "n_reference": n_reference}
    odds, z = log_odds(ours, theirs, **sizes, prior=prior)
    low, high = _intervals(groups, resamples=resamples, level=level, seed=seed)
    p, p_family = _permuted(groups, permutations=permutations, seed=seed)
    # Of all terms, since the documents' sizes are those of their whole text.
    spread, other = (
        dispersion(sparse.csr_array(docs.counts[docs.group == group]))[kept] for group in (target, reference)
    )
    counts = {"n": users[kept].astype(int), "n_target": ours.astype(int), "n_reference": theirs.astype(int)}
    shares = {"target": ours / n_target, "reference": theirs / n_reference}
    effect = {"log_odds": odds, "z": z, "value": log_ratio(ours, theirs, **sizes), "low": low, "high": high}
    tests = {"p": p, "q": intervals.benjamini_hochberg(p), "p_family": p_family}
    evenness = {"dispersion": np.where(odds >= 0, spread, other)}
    found = pd.DataFrame({"term": docs.terms[kept].astype(str), **counts, **shares, **effect, **evenness, **tests})
    # Rounded: noise in the last digit must not decide between equals.
    ranked = found.assign(strength=-found["z"].abs().round(9)).sort_values(["strength", "term"], ignore_index=True)
    return ranked.drop(columns="strength")


def _intervals(groups: _Groups, *, resamples: int, level: float, seed: int) -> tuple[Floats, Floats]:
    """The log-ratio's percentile interval: services are drawn once for both groups."""
    sizes = [groups.both_target.shape[0], groups.only_target.shape[0], groups.only_reference.shape[0]]
    drawn = intervals.resampled_services(sum(sizes), resamples=resamples, seed=seed)
    both, only_target, only_reference = np.split(drawn, np.cumsum(sizes)[:-1], axis=1)
    n_target = (both.sum(axis=1) + only_target.sum(axis=1))[:, None]
    n_reference = (both.sum(axis=1) + only_reference.sum(axis=1))[:, None]
    low, high = np.empty(groups.both_target.shape[1]), np.empty(groups.both_target.shape[1])
    for part in _chunks(groups.both_target.shape[1]):
        ours = both @ groups.both_target[:, part] + only_target @ groups.only_target[:, part]
        theirs = both @ groups.both_reference[:, part] + only_reference @ groups.only_reference[:, part]
        ratio = log_ratio(ours, theirs, n_target=n_target, n_reference=n_reference)
        low[part], high[part] = intervals.percentiles(ratio, level=level)
    return low, high


def _chunks(terms: int) -> Sequence[slice]:
    return [slice(start, min(start + CHUNK, terms)) for start in range(0, terms, CHUNK)]


def _permuted(groups: _Groups, *, permutations: int, seed: int) -> tuple[Floats, Floats]:
    """Permutation p of each term, and p against the largest statistic of all terms.

    The statistic is the target's document count less its mean under permutation, over its standard deviation; both
    have closed forms, so that terms of any frequency can be compared.
    """
    rng = np.random.default_rng(seed)
    pairs, ours, theirs = groups.both_target.shape[0], groups.only_target.shape[0], groups.only_reference.shape[0]
    swap = rng.choice(np.array([-0.5, 0.5], dtype=np.float32), size=(permutations, pairs))
    side = np.argsort(rng.random((permutations, ours + theirs)), axis=1) < ours
    moved = side.astype(np.float32) - np.float32(ours / max(ours + theirs, 1))
    difference = sparse.csr_array(groups.both_target - groups.both_reference)
    single = sparse.csr_array(sparse.vstack([groups.only_target, groups.only_reference]))
    actual = np.concatenate([np.ones(ours), np.zeros(theirs)]) - ours / max(ours + theirs, 1)
    n_terms, alone = difference.shape[1], ours + theirs
    share = _total(single) / max(alone, 1)
    # Variance of the sum of fair signs, and of a draw without replacement.
    variance = _total(sparse.csr_array(difference.multiply(difference))) / 4
    if alone > 1:
        variance = variance + ours * theirs / (alone - 1) * share * (1 - share)
    scale = np.sqrt(np.where(variance > 0, variance, np.inf))
    observed = np.abs(_total(difference) / 2 + actual @ single) / scale
    exceeded, largest = np.zeros(n_terms), np.zeros(permutations)
    for part in _chunks(n_terms):
        statistic = np.abs(swap @ difference[:, part] + moved @ single[:, part]) / scale[part]
        # Equal counts must count as equal, whatever the order of the sums.
        exceeded[part] = (statistic >= observed[part] - 1e-4).sum(axis=0)
        largest = np.maximum(largest, statistic.max(axis=1, initial=0))
    family = (largest[:, None] >= observed[None, :] - 1e-4).sum(axis=0)
    return (1 + exceeded) / (1 + permutations), (1 + family) / (1 + permutations)
