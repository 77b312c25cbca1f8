"""How good topics are by numbers: coherence on other services, diversity, and how much of a model comes back.

Readers do not always see the winners that coherence declares (Hoyle et al. 2021); no reader has judged these topics.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sparse
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from privacylab.topics import Topics, door, fit


class Quality(NamedTuple):
    """How good topics look by numbers; see `quality`."""

    npmi: float
    diversity: float
    outlier_share: float
    npmi_by_topic: "pd.Series[float]"


def quality(topics: Topics, segments: pd.DataFrame, *, n_coherence: int = 10, n_diversity: int = 25) -> Quality:
    """How good the topics look by numbers, on segments that they were not fitted on.

    Args:
        topics: What `fit` gives.
        segments: Other segments, best of other services: ``segment_id`` and ``terms`` (or ``text``).
        n_coherence: Terms of a topic whose co-occurrence is measured.
        n_diversity: Terms of a topic whose repetition in other topics is measured.

    Returns:
        ``npmi`` (-1 to 1): the mean over topics of the normalised pointwise mutual information of all pairs of their
        first terms, co-occurrence being in a segment (a phrase counts for its words too); a pair that never meets
        counts -1. ``diversity`` (0 to 1): the
        share of distinct terms among the first of all topics. ``outlier_share``: of the fitted segments.

    Note:
        Readers do not always see the winners that such scores declare (Hoyle et al. 2021). Differences below .02 in
        NPMI are noise.

    References:
        Bouma, G. (2009). Normalized (pointwise) mutual information in collocation extraction. GSCL. Dieng, A. B. et al.
        (2020). Topic modeling in embedding spaces. TACL 8 (diversity).
    """
    first = topics.topic_terms[topics.topic_terms["rank"] < n_coherence]
    vocabulary = sorted(first["term"].unique())
    shown = door(segments)[1].of(vocabulary).tocsc()
    column = {term: i for i, term in enumerate(vocabulary)}
    by_topic = first.groupby("topic")["term"].apply(lambda terms: _npmi(shown[:, [column[term] for term in terms]]))
    repeated = topics.topic_terms.loc[topics.topic_terms["rank"] < n_diversity, "term"]
    return Quality(
        float(by_topic.mean()),
        repeated.nunique() / len(repeated),
        float((topics.topics["topic"] < 0).mean()),
        by_topic.rename("npmi"),
    )


def _npmi(counts: sparse.csc_matrix) -> float:
    """The mean over all pairs of columns; NaN for a single one."""
    joint = (counts.T @ counts).toarray() / counts.shape[0]
    alone = np.diag(joint)
    one, other = np.tril_indices(len(joint), -1)
    if not len(one):
        return math.nan
    together, apart = joint[one, other], alone[one] * alone[other]
    met = (together > 0) & (together < 1)
    scores = np.where(together >= 1, 1.0, -1.0)
    scores[met] = np.log(together[met] / apart[met]) / -np.log(together[met])
    return float(scores.mean())


def agreement(one: pd.DataFrame, other: pd.DataFrame, *, n: int = 10) -> float:
    """How alike the terms of two models are: the mean Jaccard coefficient of their first n terms, 0 to 1.

    Topics are matched one to one so that the sum is largest (Hungarian method); topics left over count 0.
    """
    left, right = (
        [set(group["term"]) for _, group in frame[frame["rank"] < n].groupby("topic")] for frame in (one, other)
    )
    shared = np.array([[len(a & b) / len(a | b) for b in right] for a in left])
    rows, columns = linear_sum_assignment(-shared)
    return float(shared[rows, columns].sum() / max(shared.shape))


Change = Literal["bootstrap", "drop", "shuffle"]


def stability(
    segments: pd.DataFrame,
    *,
    services: "pd.Series[str]",
    change: Change = "bootstrap",
    n_draws: int = 10,
    seed: int = 0,
    held_out: pd.DataFrame | None = None,
    fit: Callable[..., Topics] = fit,
    **options: object,
) -> pd.DataFrame:
    """How much of a model comes back when it is fitted again on other services, fewer, or rows in another order.

    Args:
        segments: As for `fit`.
        services: As for `fit`, which gets them too.
        change: ``bootstrap`` draws as many services with replacement; ``drop`` leaves out one in a hundred; ``shuffle``
            changes the order of the rows.
        n_draws: How often.
        seed: Of the draws, not of the models.
        held_out: Other segments, to take each new model's `quality` on.
        fit: What fits a model, called as ``fit(segments, services=services, **options)``.
        **options: For ``fit``.

    Returns:
        ``change``, ``draw``, ``jaccard`` (see `agreement`) and ``ari`` (adjusted Rand index, about 0 to 1, of the
        topics that the first and the new model give to the first model's segments), and ``npmi`` and ``diversity``
        of the new model where ``held_out`` is given.
    """
    base = fit(segments, services=services, **options)
    first = base.topics.set_index("segment_id")["topic"]
    found = []
    for draw in range(n_draws):
        rows, owners = _changed(segments, services, change, np.random.default_rng([seed, draw]))
        again = fit(rows, services=owners, **options)
        second = again.assign(segments).set_index("segment_id")["topic"]
        alike = agreement(base.topic_terms, again.topic_terms)
        row = {"change": change, "draw": draw, "jaccard": alike, "ari": _rand(first, second)}
        if held_out is not None:
            scores = quality(again, held_out)
            row.update(npmi=scores.npmi, diversity=scores.diversity)
        found.append(row)
    return pd.DataFrame(found)


def _rand(one: "pd.Series[int]", other: "pd.Series[int]") -> float:
    return float(adjusted_rand_score(one, other.reindex(one.index)))


def _changed(
    segments: pd.DataFrame, services: "pd.Series[str]", change: Change, random: np.random.Generator
) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    """The segments of a changed set of services; a service that is drawn twice counts as two, with ids of their own."""
    if change == "shuffle":
        return segments.iloc[random.permutation(len(segments))], services
    owned = services[services.index.isin(segments["segment_id"])].groupby(level=0).min()
    listed = sorted(owned.unique())
    if change == "bootstrap":
        drawn = list(random.choice(listed, len(listed)))
    elif change == "drop":
        drawn = sorted(random.choice(listed, len(listed) - math.ceil(len(listed) / 100), replace=False))
    else:
        raise ValueError(f"change is {change!r}: give 'bootstrap', 'drop' or 'shuffle'")
    rows = segments.assign(_service=segments["segment_id"].map(owned))
    draws = pd.DataFrame({"_service": drawn})
    draws["_copy"] = "~" + draws.groupby("_service").cumcount().astype(str)
    copies = draws.merge(rows, on="_service")
    copies["segment_id"] = copies["segment_id"] + copies["_copy"]
    owners = (copies["_service"] + copies["_copy"]).set_axis(pd.Index(copies["segment_id"]))
    return copies[list(segments.columns)], owners
