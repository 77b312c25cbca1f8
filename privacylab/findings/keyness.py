"""Which words mark a group of policies: effect sizes with intervals, tested over services.

A service's policy is one document, and a term counts once in it: a single long policy, or one that repeats itself, then
cannot make a keyword. Terms are the content words and two-word phrases of `segments.terms`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from privacylab.findings import intervals
from privacylab.findings.features import incidence
from privacylab.findings.intervals import SEED, Floats, TooFewError
from privacylab.tables import Corpus

CHUNK = 2_000
"""Terms that are resampled at a time: it bounds the memory to about 50 MB."""

RESAMPLES = 1000
"""Bootstrap resamples of services."""

PRIOR = 10.0
"""The weight of the log-odds' prior, in documents."""


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


def documents(corpus: Corpus, observed: pd.DataFrame) -> Documents:
    """The terms of the observed policies.

    Args:
        corpus: The corpus.
        observed: From `findings.observations` by era: one policy a service and era.

    Raises:
        ValueError: A service has two documents in one era, or a policy is not in the corpus.
    """
    if observed.duplicated(["service", "era"]).any():
        raise ValueError("a service has several policies in one era: keep one, as findings.observations does")
    where = incidence(corpus)
    rows = where.policies.get_indexer(pd.Index(observed["policy_id"]))
    if (rows < 0).any():
        raise ValueError(f"policy {observed['policy_id'].iloc[int(np.argmin(rows))]!r} is not in the corpus")
    matrix = where.matrix[rows]
    texts = corpus.segments(columns=["terms"])["terms"].iloc[np.flatnonzero(matrix.sum(axis=0))]
    words = texts.str.split().explode().dropna()
    codes, terms = words.factorize(sort=True)
    places = (words.index.to_numpy(), codes)
    counts = sparse.coo_array((np.ones(len(words), dtype=np.int32), places), (len(where.segments), len(terms)))
    return Documents(
        counts=sparse.csr_array(matrix @ counts.tocsr()),
        terms=np.asarray(terms, dtype=object),
        service=observed["service"].to_numpy(dtype=object),
        group=observed["era"].to_numpy(dtype=object),
        cells=tuple(observed["era"].astype("category").cat.categories),
    )


def log_odds(target: Floats, reference: Floats, *, n_target: int, n_reference: int) -> tuple[Floats, Floats]:
    """Weighted log-odds ratios with an informative prior, and their z-scores.

    Each share is pulled towards the term's share in both groups together, as by `PRIOR` more documents.

    Args:
        target: Documents of the target group with each term.
        reference: The same for the reference group.
        n_target: Documents in the target group.
        n_reference: Documents in the reference group.

    Returns:
        Log-odds ratio (natural logarithm, above 0: more in the target) and z for each term.

    Note:
        Monroe et al. count tokens; here documents are counted, so that the variance has the terms of the documents
        without the word too. z takes the groups for independent: use it to rank, and the permutation p to test.

    References:
        Monroe, B. L., Colaresi, M. P. & Quinn, K. M. (2008). Fightin' words. Political Analysis 16, 372-403, eq. 15-22.
    """
    # Half a document keeps a term that all or none have away from 0 and 1.
    expected = PRIOR * (target + reference + 0.5) / (n_target + n_reference + 1)
    with_term, without = target + expected, n_target + PRIOR - target - expected
    with_other, without_other = reference + expected, n_reference + PRIOR - reference - expected
    difference = np.log(with_term / without) - np.log(with_other / without_other)
    variance = 1 / with_term + 1 / without + 1 / with_other + 1 / without_other
    return difference, difference / np.sqrt(variance)


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
    share = (np.asarray(target, dtype=float) + 0.5) / (np.asarray(n_target, dtype=float) + 1)
    other = (np.asarray(reference, dtype=float) + 0.5) / (np.asarray(n_reference, dtype=float) + 1)
    return np.asarray(np.log2(share / other))


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
    document, term = table.coords
    size = np.asarray(table.sum(axis=1), dtype=float)
    size = size / max(size.sum(), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = table.data / table.sum(axis=0)[term]
        # A document without the term adds its size; one with it the difference of its two shares.
        excess = np.bincount(term, np.abs(share - size[document]) - size[document], minlength=table.shape[1])
        spread = (1 + excess) / 2 / (1 - float(np.min(size[size > 0], initial=1)))
    return np.where((table.sum(axis=0) > 0) & np.isfinite(spread), spread, np.nan)


class _Groups(NamedTuple):
    """Which service uses which term in either group, shape (services, terms), and which service is in it (1 or 0).

    Services in both groups come first, then those in the target only, then those in the reference only.
    """

    target: sparse.csr_array
    reference: sparse.csr_array
    in_target: npt.NDArray[np.float32]
    in_reference: npt.NDArray[np.float32]


def _groups(docs: Documents, target: str, reference: str, minimum: int) -> tuple[_Groups, npt.NDArray[np.intp]]:
    """The two groups, and the places of the terms that are in use by so many services."""
    for group in (target, reference):
        if group not in docs.group:
            if group in docs.cells:
                raise TooFewError(f"no policy of {group}: there are no words to compare.")
            groups = ", ".join(sorted(set(docs.group))) or "none"
            raise ValueError(f"group {group!r} has no document; there are {groups}")
    if target == reference:
        raise ValueError("target and reference must be two groups")
    ours, theirs = (pd.Index(docs.service[docs.group == group]).sort_values() for group in (target, reference))
    shared = ours.intersection(theirs)
    services = shared.append([ours.difference(theirs), theirs.difference(ours)])
    used = sparse.csr_array(docs.counts > 0).astype(np.float32)
    uses, speaks = [], []
    for group in (target, reference):
        document = np.flatnonzero(docs.group == group)
        places = (services.get_indexer(pd.Index(docs.service[document])), document)
        selected = sparse.coo_array((np.ones(len(document), np.float32), places), (len(services), len(docs.group)))
        uses.append(selected.tocsr() @ used)
        speaks.append(services.isin(docs.service[document]).astype(np.float32))
    terms = np.flatnonzero(uses[0].maximum(uses[1]).sum(axis=0) >= max(minimum, 1))
    return _Groups(sparse.csr_array(uses[0][:, terms]), sparse.csr_array(uses[1][:, terms]), *speaks), terms


def keyness(
    docs: Documents, *, target: str, reference: str, minimum: int = 10, permutations: int = 1000
) -> pd.DataFrame:
    """The terms that mark one group of policies against another.

    Args:
        docs: From `documents`.
        target: The group whose words these are (``value`` above 0).
        reference: The group that it is compared with.
        minimum: Services that must use a term, in either group.
        permutations: Random labellings for the test.

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
    groups, places = _groups(docs, target, reference, minimum)
    ours, theirs = groups.target.sum(axis=0).astype(float), groups.reference.sum(axis=0).astype(float)
    sizes = {"n_target": int(groups.in_target.sum()), "n_reference": int(groups.in_reference.sum())}
    odds, z = log_odds(ours, theirs, **sizes)
    low, high = _intervals(groups)
    p, p_family = _permuted(groups, permutations)
    # Of all terms, since the documents' sizes are those of their whole text.
    spread, other = (dispersion(docs.counts[docs.group == group])[places] for group in (target, reference))
    words = pd.DataFrame(
        {
            "term": docs.terms[places].astype(str),
            "n": groups.target.maximum(groups.reference).sum(axis=0).astype(int),
            "n_target": ours.astype(int),
            "n_reference": theirs.astype(int),
            "target": ours / sizes["n_target"],
            "reference": theirs / sizes["n_reference"],
            "log_odds": odds,
            "z": z,
            "value": log_ratio(ours, theirs, **sizes),
            "low": low,
            "high": high,
            "dispersion": np.where(odds >= 0, spread, other),
            "p": p,
            "q": intervals.benjamini_hochberg(p),
            "p_family": p_family,
        }
    )
    # Rounded: noise in the last digit must not decide between equals.
    strength = -words["z"].abs().round(9)
    return words.assign(strength=strength).sort_values(["strength", "term"], ignore_index=True).drop(columns="strength")


def _intervals(groups: _Groups) -> tuple[Floats, Floats]:
    """The log-ratio's percentile interval: services are drawn once for both groups."""
    drawn = intervals.resampled_services(groups.target.shape[0], resamples=RESAMPLES)
    sizes = {"n_target": (drawn @ groups.in_target)[:, None], "n_reference": (drawn @ groups.in_reference)[:, None]}
    low, high = np.empty(groups.target.shape[1]), np.empty(groups.target.shape[1])
    for start in range(0, len(low), CHUNK):
        part = slice(start, start + CHUNK)
        ratio = log_ratio(drawn @ groups.target[:, part], drawn @ groups.reference[:, part], **sizes)
        low[part], high[part] = intervals.percentiles(ratio)
    return low, high


def _permuted(groups: _Groups, permutations: int) -> tuple[Floats, Floats]:
    """Permutation p of each term, and p against the largest statistic of all terms.

    The statistic is the target's document count less its mean under permutation, over its standard deviation; both
    have closed forms, so that terms of any frequency can be compared.
    """
    rng = np.random.default_rng(SEED)
    both = int(groups.in_target @ groups.in_reference)
    ours = int(groups.in_target.sum()) - both
    alone = groups.target.shape[0] - both
    chance = np.float32(ours / max(alone, 1))
    # A row a labelling: half a difference up or down for services in both groups, in or out for the others.
    swapped = rng.choice(np.array([-0.5, 0.5], dtype=np.float32), size=(permutations, both))
    moved = (np.argsort(rng.random((permutations, alone)), axis=1) < ours) - chance
    difference = sparse.csr_array(groups.target[:both] - groups.reference[:both])
    single = sparse.csr_array(groups.target[both:] + groups.reference[both:])
    # Variance of the sum of fair signs, and of a draw without replacement.
    share = single.sum(axis=0, dtype=float) / max(alone, 1)
    variance = difference.power(2).sum(axis=0, dtype=float) / 4 + ours * (alone - ours) / max(alone - 1, 1) * share * (
        1 - share
    )
    scale = np.sqrt(np.where(variance > 0, variance, np.inf))
    # Equal counts must count as equal, whatever the order of the sums.
    observed = np.abs(difference.sum(axis=0, dtype=float) / 2 + single[:ours].sum(axis=0) - ours * share) / scale - 1e-4
    exceeded, largest = np.zeros(len(scale)), np.zeros(permutations)
    for start in range(0, len(scale), CHUNK):
        part = slice(start, start + CHUNK)
        statistic = np.abs(swapped @ difference[:, part] + moved @ single[:, part]) / scale[part]
        exceeded[part] = (statistic >= observed[part]).sum(axis=0)
        largest = np.maximum(largest, statistic.max(axis=1))
    family = (largest[:, None] >= observed).sum(axis=0)
    return (1 + exceeded) / (1 + permutations), (1 + family) / (1 + permutations)
