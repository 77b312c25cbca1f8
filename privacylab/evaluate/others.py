"""Compares the program with labels that others made.

``rules/others.toml`` maps their labels to our cues, mentions and clauses.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from privacylab import cues, paths
from privacylab.normalize import Block
from privacylab.text.segments import segments

POOLED = "these together"
CODED = ("2019-07-01", "2021-12-31")
"""The days between which PrivacyPolicyLong's coders read policies, in 2020 and 2021."""
ANSWERS = "coders.csv"
"""The file with their answers in terms of our features (`answers`), in a folder of labels."""

_KINDS: dict[str, Literal["heading", "paragraph", "item"]] = {"headline": "heading", "list_item": "item"}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


# --- Passages of policies that meet the GDPR's requirements (GDPR Transparency 200) ----------------------------------


def passages(path: Path) -> pd.DataFrame:
    """Cues by policy compared with the labelled passages of GDPR Transparency 200 (Cory et al. 2026).

    Args:
        path: A JSON Lines file, one policy per line: ``policy`` and its ``passages``, each with ``type``, ``passage``
            and ``annotations`` (``requirement``, ``performed``).

    Returns:
        By ``cue``: the number of policies that have it by ``both``, ``only_ours`` and ``only_theirs``; ``precision``
        and ``recall``, 0 to 1. Cues that they define differently come below `POOLED`.

    Raises:
        ValueError: A line lacks one of the fields.
    """
    alike, unlike = paths.rules("others")["gt200"], paths.rules("others")["gt200_otherwise"]
    cue_of = alike | unlike
    rows = []
    for number, policy in enumerate(_lines(path), 1):
        try:
            theirs = {
                cue_of[label["requirement"]]
                for passage in policy["passages"]
                for label in passage["annotations"]
                if label["performed"] and label["requirement"] in cue_of
            }
            blocks = [Block(_KINDS.get(each["type"], "paragraph"), each["passage"], 2) for each in policy["passages"]]
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: no field {error} in a policy or its passages") from None
        ours = {cue.cue for segment in segments(blocks) for cue in cues.cues(segment.text)}
        rows += [(cue, cue in ours, cue in theirs) for cue in dict.fromkeys(cue_of.values())]
    frame = pd.DataFrame(rows, columns=["cue", "ours", "theirs"])
    same = frame["cue"].isin(alike.values())
    every = pd.concat([frame[same], frame[same].assign(cue=POOLED), frame[~same]])
    counts = every.assign(
        both=every["ours"] & every["theirs"],
        only_ours=every["ours"] & ~every["theirs"],
        only_theirs=every["theirs"] & ~every["ours"],
    )
    table = counts.groupby("cue", sort=False).sum().reset_index()
    table = table.assign(precision=table["both"] / table["ours"], recall=table["both"] / table["theirs"])
    return table.drop(columns=["ours", "theirs"]).round(3)


# --- Answers of coders about whole policies (PrivacyPolicyLong) ------------------------------------------------------


def answers(folder: Path) -> pd.DataFrame:
    """The coders' answers for each site, in terms of our features (``rules/others.toml``).

    Args:
        folder: It has ``coding_values.ndjson`` of PrivacyPolicyLong (Marotta-Wurgler and Stein 2025): ``url``,
            ``question``, ``responses`` (``selected_option_labels``).

    Returns:
        ``site``, ``feature``, ``n`` (coders who answered), ``yes`` (those whose answer means yes), sorted.
    """
    yes_of: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
    for rule in paths.rules("others")["ppl2020"]:
        yes_of[rule["question"]].append((rule["feature"], set(rule["yes"])))
    rows = []
    for answer in _lines(folder / "coding_values.ndjson"):
        chosen = [set(each["selected_option_labels"]) for each in answer["responses"]]
        chosen = [options for options in chosen if options]
        for feature, yes in yes_of[answer["question"]] if chosen else ():
            rows.append((answer["url"], feature, len(chosen), sum(not options.isdisjoint(yes) for options in chosen)))
    return pd.DataFrame(rows, columns=["site", "feature", "n", "yes"]).sort_values(["site", "feature"])


def coded(answers: pd.DataFrame, policies: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Coders' answers beside the program's for the policies that were in force when they read.

    Args:
        answers: From `answers`.
        policies: The table.
        features: From `findings.features`.

    Returns:
        For each site in the corpus, by the policy dated in `CODED` nearest to its middle: ``policy_id``,
        ``service``, ``feature``, ``n``, ``yes``, ``predicted``.
    """
    first, last = map(pd.Timestamp, CODED)
    dated = policies[policies["date"].between(first, last) & (policies["document"] == "main")]
    distance = (dated["date"] - (first + (last - first) / 2)).abs()
    chosen = dated.assign(distance=distance).sort_values(["service", "distance", "policy_id"])
    chosen = chosen.drop_duplicates("service")[["policy_id", "service"]]
    rows = answers.merge(chosen, left_on="site", right_on="service")
    columns = features.columns.get_indexer(pd.Index(rows["feature"]))
    predicted = features.loc[rows["policy_id"]].to_numpy(dtype=bool)[np.arange(len(rows)), columns]
    return rows.assign(predicted=predicted)[["policy_id", "service", "feature", "n", "yes", "predicted"]]


def coders(coded: pd.DataFrame) -> pd.DataFrame:
    """How often the program agrees with a coder, and how often two coders agree: the ceiling.

    Args:
        coded: From `coded`.

    Returns:
        By ``feature``: ``sites``, the share of them that has it by ``ours`` and by the coders (``theirs``, the mean of
        their answers), and the mean agreement of ours with a coder (``with_coders``) and of two coders of one site
        (``among_coders``), 0 to 1.
    """
    n, yes = coded["n"], coded["yes"]
    pairs = n * (n - 1) / 2
    alike = (yes * (yes - 1) + (n - yes) * (n - yes - 1)) / 2
    rows = {
        "ours": coded["predicted"].astype(float),
        "theirs": yes / n,
        "with_coders": (yes / n).where(coded["predicted"], 1 - yes / n),
        "among_coders": alike / pairs.where(pairs > 0),
        "sites": 1,
    }
    grouped = pd.DataFrame(rows).groupby(coded["feature"], sort=False)
    table = grouped.mean().assign(sites=grouped["sites"].size())
    return table.round(3).reset_index()


def coders_gold(coded: pd.DataFrame) -> pd.DataFrame:
    """The coders' answers as a gold: what most of a site's coders say; unknown if they are split.

    Args:
        coded: From `coded`.

    Returns:
        As `findings.policy_gold`: ``service``, ``feature``, ``predicted``, ``truth``, ``weight`` (1). Their sites are
        not a random sample of the corpus: they give sensitivity, specificity and Rogan and Gladen's correction, but not
        the prediction-powered one.
    """
    clear = coded[2 * coded["yes"] != coded["n"]]
    return clear.assign(truth=2 * clear["yes"] > clear["n"], weight=1.0)[
        ["policy_id", "service", "feature", "predicted", "truth", "weight"]
    ]
