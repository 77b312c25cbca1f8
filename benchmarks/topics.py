"""Topic models beside each other on the same segments, with the same number of topics.

    python benchmarks/topics.py CORPUS [--segments 25000] [--topics 50] [--draws 10] [--only ours,lda]

CORPUS is a folder that `privacylab build` made. A quarter of the services is held out for coherence; the models are
fitted on a sample of the others in which services take turns. Each model runs in a process of its own, so that its
peak memory is its own. Prints the table and writes `results/topics.csv`: a row for each model, with means and standard
deviations over the draws of `topics.stability`.
"""

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.decomposition import NMF, LatentDirichletAllocation
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from privacylab import tables, topics

RESULTS = Path(__file__).parent / "results"
N_TERMS = 25


def decomposed(
    vectorizer: type[CountVectorizer], model: Callable[..., LatentDirichletAllocation | NMF]
) -> Callable[..., topics.Topics]:
    """A fitter for a model of scikit-learn whose components are topics, over the vocabulary that ours has."""

    def fit(segments: pd.DataFrame, *, services: "pd.Series[str]", n_topics: int, seed: int = 0) -> topics.Topics:
        rows = topics._door(segments, n_topics)
        vocabulary = topics._vocabulary(rows, "terms", services, 5, topics._kept_out((), topics.BOILERPLATE))
        counter = vectorizer(tokenizer=str.split, token_pattern=None, lowercase=False, vocabulary=vocabulary)
        fitted = model(n_topics, random_state=seed)
        counts = counter.fit_transform(rows["terms"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            strength = fitted.fit_transform(counts)

        def assign(others: pd.DataFrame) -> pd.DataFrame:
            given = topics._door(others)
            best = fitted.transform(counter.transform(given["terms"])).argmax(axis=1)
            return pd.DataFrame({"segment_id": given["segment_id"], "topic": best})

        order = np.argsort(-fitted.components_, axis=1, kind="stable")[:, :N_TERMS]
        terms = [
            (topic, rank, vocabulary[i], float(fitted.components_[topic, i]))
            for topic, best in enumerate(order)
            for rank, i in enumerate(best)
        ]
        found = pd.DataFrame(
            {"segment_id": rows["segment_id"], "topic": strength.argmax(axis=1), "probability": np.nan}
        )
        return topics.Topics(found, pd.DataFrame(terms, columns=["topic", "rank", "term", "weight"]), assign)

    return fit


def lda(n_topics: int, *, random_state: int) -> LatentDirichletAllocation:
    """LDA by online variational Bayes, as it is mostly run."""
    return LatentDirichletAllocation(n_topics, learning_method="online", max_iter=10, random_state=random_state)


def nmf(n_topics: int, *, random_state: int) -> NMF:
    """NMF from its deterministic start."""
    return NMF(n_topics, init="nndsvda", max_iter=200, random_state=random_state)


def bertopic_parts(segments: pd.DataFrame, *, seed: int = 0, **options: object) -> topics.Topics:
    """BERTopic's own reduction and clustering, UMAP and HDBSCAN, which finds a number of topics of its own."""
    from hdbscan import HDBSCAN
    from umap import UMAP

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        reducer = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    clusterer = HDBSCAN(min_cluster_size=max(10, len(segments) // 500), prediction_data=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return topics.fit(segments, seed=seed, reducer=reducer, clusterer=clusterer, **options)


def bertopic_defaults(segments: pd.DataFrame, **options: object) -> topics.Topics:
    """BERTopic as it comes: MiniLM, UMAP, HDBSCAN."""
    from sentence_transformers import SentenceTransformer

    return bertopic_parts(segments, encoder=SentenceTransformer("all-MiniLM-L6-v2"), **options)


MODELS: dict[str, Callable[..., topics.Topics]] = {
    "ours": topics.fit,
    "lda": decomposed(CountVectorizer, lda),
    "nmf": decomposed(TfidfVectorizer, nmf),
    "bertopic_umap_hdbscan": bertopic_parts,
    "bertopic_defaults": bertopic_defaults,
}
NEEDS = {
    "bertopic_umap_hdbscan": ("umap", "hdbscan"),
    "bertopic_defaults": ("sentence_transformers", "umap", "hdbscan"),
}


def held_out(service: str) -> bool:
    """A quarter of the services, the same on every run."""
    return blake2b(service.encode(), digest_size=1).digest()[0] < 64


def samples(corpus: tables.Corpus, n: int) -> tuple[pd.DataFrame, pd.DataFrame, "pd.Series[str]"]:
    """Segments to fit on, segments of other services, and the services of all."""
    policies = corpus.policies(columns=["policy_id", "service"])
    services = topics.services_of(corpus.occurrences(columns=["policy_id", "segment_id"]), policies)
    apart = services.map(held_out)
    some, every = apart.groupby(level=0).any(), apart.groupby(level=0).all()
    columns = ["segment_id", "terms", *(["text"] if corpus.has_text() else [])]
    segments = corpus.segments(columns=columns)
    segments = segments[segments["segment_id"].isin(services.index)]
    seen = segments[~segments["segment_id"].map(some).astype(bool)]
    unseen = segments[segments["segment_id"].map(every).astype(bool)]
    return topics.sample(seen, services=services, n=n), topics.sample(unseen, services=services, n=n), services


def measured(name: str, corpus: tables.Corpus, *, n_segments: int, n_topics: int, n_draws: int) -> dict[str, Any]:
    """One row of the table."""
    seen, unseen, services = samples(corpus, n_segments)
    options = {"services": services, "n_topics": n_topics}
    MODELS[name](seen.head(2000), **{**options, "n_topics": 5})  # imports and compilation are no part of the time
    before = time.perf_counter()
    found = MODELS[name](seen, **options)
    seconds = time.perf_counter() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    quality = topics.quality(found, unseen)
    aligned = topics.alignment(found.topics, corpus.labels())
    row = {
        "model": name,
        "note": "",
        "n_segments": len(seen),
        "n_topics": found.topic_terms["topic"].nunique(),
        "npmi": quality.npmi,
        "npmi_sd_over_topics": quality.npmi_by_topic.std(),
        "diversity": quality.diversity,
        "outlier_share": quality.outlier_share,
        "nmi_with_categories": aligned.nmi,
        "purity": aligned.purity,
        "seconds": seconds,
        "peak_gb": peak,
    }
    for change in ("bootstrap", "drop", "shuffle"):
        draws = topics.stability(seen, change=change, n_draws=n_draws, fit=MODELS[name], **options)
        for column in ("jaccard", "ari"):
            row[f"{change}_{column}"] = draws[column].mean()
            row[f"{change}_{column}_sd"] = draws[column].std()
    return row


def main() -> None:
    """Runs the models one after the other and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--segments", type=int, default=25_000)
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--only", default=",".join(MODELS), help="models, separated by commas")
    parser.add_argument("--model", choices=MODELS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.model:
        corpus = tables.Corpus.open(given.corpus)
        options = {"n_segments": given.segments, "n_topics": given.topics, "n_draws": given.draws}
        print(json.dumps(measured(given.model, corpus, **options)))
        return
    rows = []
    for name in given.only.split(","):
        missing = [package for package in NEEDS.get(name, ()) if importlib.util.find_spec(package) is None]
        if missing:
            rows.append({"model": name, "note": f"not installed: {', '.join(missing)}"})
            continue
        done = subprocess.run(
            [sys.executable, *sys.argv, "--model", name], stdout=subprocess.PIPE, check=True, text=True
        )
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    table = pd.DataFrame(rows)
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / "topics.csv", index=False, float_format="%.4g", lineterminator="\n")
    print(table.set_index("model").T.to_string(float_format="%.3f"))


if __name__ == "__main__":
    main()
