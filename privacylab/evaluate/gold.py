"""Compares the program with labels made by hand: OPP-115's for clauses, ``corpus/gold`` for the rest.

Gold labels are references (archive, path and blob, offsets), so predicting needs the archives. A prediction is one
string per row. Scores need only labels and predictions, so stored predictions can be scored without any text.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import classification_report
from sklearn.preprocessing import MultiLabelBinarizer
from statsmodels.stats.proportion import proportion_confint

from privacylab import clauses, cues, dates, eras, frameworks, normalize, tables
from privacylab.build import screen
from privacylab.clauses import labels
from privacylab.clauses.labels import Version
from privacylab.normalize.cleaning import clean
from privacylab.tables.schema import CATEGORIES, CODES
from privacylab.text.counts import count_words
from privacylab.text.segments import segments


def clauses_on(path: Path) -> pd.DataFrame:
    """Precision, recall and F1 of the clause model on labelled segments.

    Args:
        path: A JSON Lines file: ``policy``, ``text``, ``label`` (a list of categories).

    Returns:
        ``category`` (and ``micro``, ``macro``), ``support``, ``precision``, ``recall``, ``f1``, each 0 to 1.

    Raises:
        ValueError: A line lacks a field or has a label that is not a category.
    """
    rows = pd.DataFrame(labels.segments(path))
    matrix = MultiLabelBinarizer(classes=CATEGORIES).fit_transform
    truth, given = matrix(rows["label"]), matrix(clauses.load().labels(rows["text"].tolist()))
    report = classification_report(truth, given, target_names=CATEGORIES, output_dict=True, zero_division=0)
    table = pd.DataFrame(report).T.rename({"micro avg": "micro", "macro avg": "macro"}).rename_axis("category")
    table = table.loc[[*CATEGORIES, "micro", "macro"]].astype({"support": int}).rename(columns={"f1-score": "f1"})
    return table.reset_index()[["category", "support", "precision", "recall", "f1"]].round(3)


def was_trained_on(path: Path) -> bool:
    """Whether the shipped model learnt from this file: then its scores there mean nothing."""
    return tables.sha256(path) in clauses.load().card["data_sha256"].values()


# --- Gold sets: predictions ------------------------------------------------------------------------------------------

Row = Mapping[Any, str]
"""A row of labels, by column; `source` and `collection` name its text."""


def _date(row: Row, version: Version) -> str:
    stated = dates.effective_date(version.text, snapshot=row["snapshot"] or None)
    return stated.value if stated else ""


_mentions = lru_cache(maxsize=8)(frameworks.mentions)
_model = cache(clauses.load)


def _mention(row: Row, version: Version) -> str:
    """Framework and stance of the mention that overlaps the labelled phrase, or ``none``."""
    start, end = int(row["start"]), int(row["end"])
    overlapping = (m for m in _mentions(version.text) if m.start < end and start < m.end)
    return next((f"{mention.framework} {mention.stance}" for mention in overlapping), "none")


def _bare(text: str) -> str:
    """Letters and digits of a heading as a reader sees it: without tags, entities, links, marks and case."""
    text = re.sub(r"&(amp|lt|gt|quot|nbsp)\.(?=\s|$)", r"&\1;", text)
    text = re.sub(r"\]\([^)]*\)", "]", re.sub(r"<[^>]*>", " ", text))
    return "".join(re.findall(r"[^\W_]+", clean(text).lower()))


def heading_counts(row: Row, text: str, given: Iterable[str]) -> str:
    """Headings found, missed and invented, by their letters; labelled spans with ``?`` count for neither side."""
    spans = [span for span in row["spans"].split(";") if span]
    named = {span: _bare(text[slice(*map(int, span.lstrip("?").split("-")))]) for span in spans}
    wanted = Counter(named[span] for span in spans if not span.startswith("?"))
    optional = Counter(named[span] for span in spans if span.startswith("?"))
    stated = Counter(map(_bare, given))
    invented = (stated - wanted) - optional
    return f"{(wanted & stated).total()} {(wanted - stated).total()} {invented.total()}"


def _headings(row: Row, version: Version) -> str:
    blocks = normalize.blocks(version.text, media_type=version.media_type)
    return heading_counts(row, version.text, [block.text for block in blocks if block.kind == "heading"])


def _judged(version: Version) -> screen.Verdict | None:
    try:
        return screen.judge(segments(normalize.blocks(version.data, media_type=version.media_type)))
    except normalize.NormalizeError:
        return None


def _policy(row: Row, version: Version) -> str:
    verdict = _judged(version)
    return {None: "policy", "language": "foreign"}.get(verdict.reason, "not") if verdict else "not"


def _language(row: Row, version: Version) -> str:
    verdict = _judged(version)
    return f"{verdict.language} {verdict.language_share:.2f}" if verdict else "und 0"


def _passive(row: Row, version: Version) -> str:
    counts = count_words(clean(re.sub(r"<[^>]*>", " ", version.passage(row))))
    return "passive" if counts.n_passive else "active"


def _cues(row: Row, version: Version) -> str:
    """The cues of a paragraph, with values that say more than a name."""
    named = {f"{cue.cue}={cue.value}" if cue.cue in VALUED else cue.cue for cue in cues.cues(version.plain(row))}
    return " ".join(sorted(named))


def _clauses(row: Row, version: Version) -> str:
    """The ten probabilities in percent of a segment under its heading."""
    scores = _model().scores([version.plain(row)], [row["heading"] or None])[0]
    return " ".join(f"{100 * score:.1f}" for score in scores)


# --- Gold sets: scores of predictions -------------------------------------------------------------------------------

Outcome = tuple[str, float, float]
"""A measure, how many were right, and of how many; F1 counts half a heading for each that is missed or invented."""


def _date_outcomes(row: Row, predicted: str) -> Iterator[Outcome]:
    yield ("dated: the date" if row["label"] else "undated: none"), predicted == row["label"], 1


def _mention_outcomes(row: Row, predicted: str) -> Iterator[Outcome]:
    framework, _, stance = predicted.partition(" ")
    is_right = framework == row["framework"]
    yield ("namesake: none" if row["framework"] == "none" else "framework: its id"), is_right, 1
    if "safe_harbor" in row["framework"] or row["note"] in HARBOR_NAMESAKES:
        yield "Safe Harbor or namesake", is_right, 1
    if is_right and stance:
        yield "stance: first reading", stance == row["stance"], 1
        yield "stance: either reading", stance in (row["stance"], row["second"]), 1


def _heading_outcomes(row: Row, predicted: str) -> Iterator[Outcome]:
    n_right, n_missed, n_invented = map(int, predicted.split())
    yield "precision", n_right, n_right + n_invented
    yield "recall", n_right, n_right + n_missed
    yield "F1", n_right, n_right + (n_missed + n_invented) / 2


def _policy_outcomes(row: Row, predicted: str) -> Iterator[Outcome]:
    is_right = predicted == row["label"]
    if row["label"] != "either":
        for measure, counts in (("precision", predicted), ("recall", row["label"]), ("verdict", "policy")):
            if counts == "policy":
                yield measure, is_right, 1


def _language_outcomes(row: Row, predicted: str) -> Iterator[Outcome]:
    language, share = predicted.split()
    is_mixed = language != "en" or float(share) < MIXED_SHARE
    yield "language", is_mixed if row["label"] == "mixed" else language == row["label"], 1


def _passive_outcomes(row: Row, predicted: str) -> Iterator[Outcome]:
    for sentences in (row["label"], "all"):
        yield f"{sentences} sentences", predicted == row["label"], 1


def _cue_outcomes(row: Row, predicted: str) -> Iterator[Outcome]:
    """Whether found cues are right and labelled cues are found: overall, and by the cue's group."""
    given, labelled = set(predicted.split()) - UNASKED, set(row["label"].split())
    for measure, some, others in (("precision", given, labelled), ("recall", labelled, given)):
        for cue in sorted(some):
            name = cue.partition("=")[0]
            for group in ("all", re.sub("^(right|basis)_.*", r"\1", name)):
                yield f"{group}: {measure}", cue in others, 1


VALUED = frozenset(("retention_period", "children_age", "sale_of_data"))
"""Cues that are labelled with their value."""
UNASKED = frozenset(
    "retention_period=mentions appeal authorized_agent opt_out_signal representative targeted_advertising".split()
)
"""Cues newer than the labels, which readers were not asked for."""


def _clause_outcomes(row: Row, predicted: str) -> Iterator[Outcome]:
    """F1 of each category, as for headings; one touched only in passing (a small letter) counts for neither side."""
    given = [float(score) >= 100 * limit for score, limit in zip(predicted.split(), _model().thresholds, strict=True)]
    for code, name, is_given in zip(CODES, CATEGORIES, given, strict=True):
        if code in row["label"] or (is_given and code.lower() not in row["label"]):
            hit = is_given and code in row["label"]
            for measure in (name, "all categories"):
                yield measure, hit, 1 if hit else 0.5


HARBOR_NAMESAKES = frozenset(("DMCA", "HIPAA de-identification"))
"""Notes of labelled phrases that say "safe harbor" but mean something else."""

MIXED_SHARE = 0.9
"""Share of English words below which a page counts as mixed."""


class GoldSet(NamedTuple):
    """How a kind of label is predicted from a text, and how a prediction is scored."""

    predict: Callable[[Row, Version], str]
    outcomes: Callable[[Row, str], Iterable[Outcome]]


SETS = {
    "dates": GoldSet(_date, _date_outcomes),
    "mentions": GoldSet(_mention, _mention_outcomes),
    "headings": GoldSet(_headings, _heading_outcomes),
    "policies": GoldSet(_policy, _policy_outcomes),
    "languages": GoldSet(_language, _language_outcomes),
    "passive": GoldSet(_passive, _passive_outcomes),
    "clause_segments": GoldSet(_clauses, _clause_outcomes),
    "cues": GoldSet(_cues, _cue_outcomes),
}
# A second draw, of other services: nobody used its held half to fix anything.
SETS |= {f"{name}_2": SETS[name] for name in ("dates", "mentions", "cues")}
"""The gold sets: ``NAME.csv`` in the folder of labels."""

PREDICTIONS = "predictions.csv"
SEGMENTS = Path("clause_segments.csv")


def gold_labels(folder: Path, name: str) -> pd.DataFrame:
    """The labels of one gold set, all columns as text, in the order of the file.

    Raises:
        ValueError: The set is unknown, or its file is missing.
    """
    if name not in SETS or not (folder / f"{name}.csv").is_file():
        raise ValueError(f"{folder} has no gold set {name!r}: expected {name}.csv, one of {', '.join(SETS)}")
    return pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)


def predict(
    folder: Path, *, archives: Path | None, by: Mapping[str, Callable[[Row, Version], str]] | None = None
) -> pd.DataFrame:
    """The program's answer for every labelled text.

    Args:
        folder: The labels, as in ``corpus/gold``.
        archives: The folder with the archives, named as in `sources.ARCHIVES`.
        by: Other predictors, one per gold set, for a comparison; by default the program's.

    Returns:
        ``gold``, ``row`` (in the labels' file, from 0), ``source``, ``era`` (of the version), ``prediction``.

    Raises:
        ValueError: The archives are missing: the labels have no text.
    """
    if archives is None or not archives.is_dir():
        raise ValueError(
            "gold labels are references into the archives: give --archives FOLDER (privacylab fetch makes it)"
        )
    predictors = by or {name: gold_set.predict for name, gold_set in SETS.items()}
    frames = {name: gold_labels(folder, name) for name in predictors}
    versions = labels.versions(pd.concat(frames.values()), archives)
    rows = []
    for name, frame in frames.items():
        for number, row in enumerate(frame.to_dict("records")):
            version = versions[row["collection"], row["source"]]
            predicted = predictors[name](row, version)
            rows.append((name, number, row["source"], eras.era(version.day or None), predicted))
    return pd.DataFrame(rows, columns=["gold", "row", "source", "era", "prediction"])


def score(folder: Path, predictions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Predictions against labels; needs no text.

    Args:
        folder: The labels.
        predictions: From `predict`, or from the file with its results.

    Returns:
        For each gold set ``measure``, ``half`` (``tune`` was seen while the rules were written, ``held`` was not),
        ``era`` (or ``all``), ``n``, ``right``, ``share``, ``low``, ``high`` (Wilson, 95%).

    Raises:
        ValueError: A prediction is for another text than the label in its row: the labels have changed since.
    """
    scores = {}
    for name in predictions["gold"].unique():
        labelled = gold_labels(folder, name).to_dict("records")
        rows: list[tuple[str, str, str, float, float]] = []
        for of in predictions[predictions["gold"] == name].itertuples():
            label = labelled[of.row]
            if label["source"] != of.source:
                raise ValueError(
                    f"{name}, row {of.row}: predicted of {of.source}, labelled {label['source']}; predict again"
                )
            for measure, right, n in SETS[name].outcomes(label, of.prediction):
                rows.append((measure, label.get("half", "held"), of.era, float(right), float(n)))
        scores[name] = _shares(rows)
    return scores


def stored(folder: Path) -> pd.DataFrame:
    """The predictions that ``privacylab evaluate --predictions`` stored beside the labels."""
    return pd.read_csv(folder / PREDICTIONS, dtype={"row": int}, keep_default_na=False)


def reliability(labelled_segments: pd.DataFrame, probabilities: pd.DataFrame, *, steps: int = 10) -> pd.DataFrame:
    """How often a category is there, compared with the model's probability; all categories together.

    Args:
        labelled_segments: The gold set ``clause_segments``, with the columns ``label`` and ``weight``.
        probabilities: Shape (n_segments, 10), 0 to 1, in the same order.
        steps: The number of equally wide intervals of probability.

    Returns:
        ``step``, ``n`` (segments times categories), ``given`` (mean probability), ``share`` (that clearly have the
        category; one touched in passing counts half), both weighted to all segments of the eras; steps without a
        segment are left out. ``error``: the expected calibration error of the whole, in every row.
    """
    truth = labels.marks(labelled_segments["label"], SEGMENTS).ravel()
    given = probabilities.to_numpy(dtype=float).ravel()
    weight = np.repeat(labelled_segments["weight"].to_numpy(dtype=float), len(CATEGORIES))
    step = np.minimum((given * steps).astype(int), steps - 1)
    flat = pd.DataFrame({"step": step, "n": 1, "weight": weight, "given": given * weight, "share": truth * weight})
    sums = flat.groupby("step").sum()
    table = sums[["given", "share"]].div(sums["weight"], axis=0).assign(n=sums["n"])
    error = np.average((table["given"] - table["share"]).abs(), weights=sums["weight"])
    return table.reset_index()[["step", "n", "given", "share"]].assign(error=error).round(4)


def errors(labelled_segments: pd.DataFrame, probabilities: pd.DataFrame) -> pd.DataFrame:
    """The model's errors: for each category, what it misses, invents and confuses.

    Args:
        labelled_segments: The gold set ``clause_segments``.
        probabilities: Shape (n_segments, 10), 0 to 1, in the same order.

    Returns:
        ``category``, ``n`` (segments that clearly have it), ``missed``, ``seen_instead`` (the category wrongly given
        to most of the segments where it was missed), ``invented`` (where it is not even touched in passing),
        ``there_instead`` (what most of these clearly have and the model missed); empty if there is none.
    """
    truth = labels.marks(labelled_segments["label"], SEGMENTS)
    given = probabilities.to_numpy(dtype=float) >= np.asarray(_model().thresholds)
    missed, invented = (truth == 1) & ~given, (truth == 0) & given
    rows = []
    for i, category in enumerate(CATEGORIES):
        instead = [_most(kind[where]) for kind, where in ((invented, missed[:, i]), (missed, invented[:, i]))]
        n_missed, n_invented = int(missed[:, i].sum()), int(invented[:, i].sum())
        rows.append((category, int((truth[:, i] == 1).sum()), n_missed, instead[0], n_invented, instead[1]))
    columns = ["category", "n", "missed", "seen_instead", "invented", "there_instead"]
    return pd.DataFrame(rows, columns=columns)


def _most(flags: npt.NDArray[np.bool_]) -> str:
    """The category with most flags, and how many."""
    counts = flags.sum(axis=0)
    return f"{CATEGORIES[int(counts.argmax())]} ({counts.max()})" if counts.any() else ""


def _shares(rows: list[tuple[str, str, str, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["measure", "half", "era", "right", "n"])
    both = pd.concat([frame.assign(era="all"), frame])
    both["era"] = pd.Categorical(both["era"], ["all", *(era.id for era in eras.eras()), eras.UNDATED])
    both["measure"] = pd.Categorical(both["measure"], frame["measure"].unique())
    table = both.groupby(["measure", "half", "era"], observed=True)[["n", "right"]].sum().reset_index()
    table = table[table["n"] > 0]
    low, high = proportion_confint(table["right"], table["n"], method="wilson")
    return table.assign(share=table["right"] / table["n"], low=low, high=high).round(3)
