"""Which words mark a time: those that the same services added or dropped."""

import numpy as np
import pandas as pd

from privacylab.findings.change import Side, paired, pairs
from privacylab.findings.features import incidence
from privacylab.tables import Corpus


def terms(corpus: Corpus, policy_ids: "pd.Index[str]") -> pd.DataFrame:
    """Which policy has which content word or phrase of `segments.terms`, however often.

    Args:
        corpus: The corpus.
        policy_ids: The policies, each once.

    Returns:
        A boolean frame, index ``policy_id``, one column per term, sorted.

    Raises:
        ValueError: A policy is not in the corpus.
    """
    where = incidence(corpus)
    rows = where.policies.get_indexer(policy_ids)
    if (rows < 0).any():
        raise ValueError(f"policy {policy_ids[int(np.argmin(rows))]!r} is not in the corpus")
    where = where._replace(matrix=where.matrix[rows], policies=policy_ids)
    bags = corpus.segments(columns=["segment_id", "terms"]).set_index("segment_id")["terms"]
    words = bags.iloc[np.flatnonzero(where.matrix.sum(axis=0))].str.split().explode().dropna()
    return where.having(words, sorted(words.unique()))


def keyness(corpus: Corpus, policies: pd.DataFrame, *, before: Side, after: Side, minimum: int = 10) -> pd.DataFrame:
    """The terms that the same services added or dropped from one time to another.

    A service's policy is one document, and a term counts once in it, so a long or repetitive policy cannot make a
    keyword. Services on only one side do not count: their words may be other services' words.

    Args:
        corpus: The corpus.
        policies: The table, with ``owner`` (`findings.with_owners`).
        before: As in `findings.pairs`.
        after: The same for the other side.
        minimum: Services that must use a term, on either side.

    Returns:
        `findings.paired` with ``term`` instead of ``feature``, without terms that all sides or none have; q is over all
        terms; sorted by p, then by the largest change. Empty if too few services use any term.

    Note:
        Where policies grow, more words are added than dropped: read both lists.
    """
    both = pairs(policies, before=before, after=after)
    uses = terms(corpus, pd.Index(pd.unique(both[["before", "after"]].to_numpy().ravel())))
    old, new = (uses.loc[both[side]].to_numpy(dtype=bool) for side in ("before", "after"))
    used = old | new
    frequent = uses.columns[used.sum(axis=0) >= max(minimum, 1)]
    words = paired(policies, uses, before=before, after=after, columns=frequent).rename(columns={"feature": "term"})
    # Rounded: noise in the last digit must not decide between equals.
    words = words.assign(weakness=np.log(words["p"]).round(9), size=-words["value"].abs().round(9))
    words = words.sort_values(["weakness", "size", "term"], ignore_index=True)
    return words.drop(columns=["kept", "neither", "weakness", "size"])
