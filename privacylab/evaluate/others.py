"""The reading wing against labels that others made.

Which of their labels say the same as which of our cues, mentions and clauses stands in ``rules/others.toml``.
"""

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from privacylab import cues, paths, tables
from privacylab.normalize import Block
from privacylab.text.segments import segments

POOLED = "these together"
CODED = ("2019-07-01", "2021-12-31")
"""The days between which a policy may be that PrivacyPolicyLong's coders read, in 2020 and 2021."""

_KINDS: dict[str, Literal["heading", "paragraph", "item"]] = {"headline": "heading", "list_item": "item"}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


# --- Passages of policies that say what the GDPR asks for (GDPR Transparency 200) -------------------------------------


def passages(path: Path) -> pd.DataFrame:
    """Cues by policy against labelled passages, as GDPR Transparency 200 has them (Cory et al. 2026).

    Args:
        path: A JSON Lines file, a policy a line: ``policy`` and its ``passages``, each with ``type``, ``passage`` and
            ``annotations`` (``requirement``, ``performed``).

    Returns:
        By ``cue``: how many policies ``both`` say it for, ``only_ours`` and ``only_theirs``; ``precision`` and
        ``recall``, 0 to 1. Below `POOLED` stand cues that they define otherwise.

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
    counts = pd.DataFrame(
        {
            "cue": every["cue"],
            "both": every["ours"] & every["theirs"],
            "only_ours": every["ours"] & ~every["theirs"],
            "only_theirs": every["theirs"] & ~every["ours"],
        }
    )
    table = counts.groupby("cue", sort=False).sum().reset_index()
    precision = table["both"] / (table["both"] + table["only_ours"])
    recall = table["both"] / (table["both"] + table["only_theirs"])
    return table.assign(precision=precision, recall=recall).round(3)


# --- Answers of coders about whole policies (PrivacyPolicyLong) ------------------------------------------------------


def coders(folder: Path, corpus: tables.Corpus) -> pd.DataFrame:
    """Features of policies against coders' answers, as PrivacyPolicyLong has them (Marotta-Wurgler and Stein 2025).

    Args:
        folder: It holds ``coding_values.ndjson``: ``url``, ``question``, ``responses`` (``selected_option_labels``).
        corpus: What is compared: of each site the policy in force in `CODED` that is nearest to the middle of it.

    Returns:
        By ``feature`` (a cue, or a stance with its framework): ``sites`` compared, the share of them that has it by
        ``ours`` and by the coders (``theirs``, the mean of their answers), the mean agreement of ours with a coder
        (``with_coders``), and of two coders of one site (``among_coders``), 0 to 1.
    """
    features = _features(corpus)
    rules = paths.rules("others")["ppl2020"]
    rows = []
    for answer in _lines(folder / "coding_values.ndjson"):
        chosen = [set(each["selected_option_labels"]) for each in answer["responses"]]
        if answer["url"] not in features or not any(chosen):
            continue
        for rule in rules:
            if rule["question"] == answer["question"]:
                theirs = [not options.isdisjoint(rule["yes"]) for options in chosen if options]
                rows.append(_compared(rule["feature"], rule["feature"] in features[answer["url"]], theirs))
    table = pd.DataFrame(rows, columns=["feature", "ours", "theirs", "with_coders", "among_coders"])
    grouped = table.groupby("feature", sort=False)
    return grouped.mean().assign(sites=grouped.size()).reset_index().round(3)


def _compared(feature: str, ours: bool, theirs: list[bool]) -> tuple[str, float, float, float, float | None]:
    pairs = [one == other for one, other in combinations(theirs, 2)]
    agree = sum(ours == each for each in theirs) / len(theirs)
    return feature, float(ours), sum(theirs) / len(theirs), agree, sum(pairs) / len(pairs) if pairs else None


def _features(corpus: tables.Corpus) -> dict[str, set[str]]:
    """What the policy of each service says that was in force when the coders read it."""
    policies = corpus.policies(columns=["policy_id", "service", "date"]).dropna(subset="date")
    first, last = map(pd.Timestamp, CODED)
    policies = policies[policies["date"].between(first, last)]
    distance = (policies["date"] - (first + (last - first) / 2)).abs()
    chosen = policies.assign(distance=distance).sort_values(["service", "distance"]).drop_duplicates("service")
    segments_of = chosen.merge(corpus.occurrences(columns=["policy_id", "segment_id"]), on="policy_id")
    mentions = corpus.mentions(columns=["segment_id", "framework", "stance"])
    said = pd.concat(
        [
            corpus.cues(columns=["segment_id", "cue"]).rename(columns={"cue": "feature"}),
            mentions.assign(feature=mentions["stance"] + ":" + mentions["framework"])[["segment_id", "feature"]],
        ]
    )
    by_service = segments_of.merge(said, on="segment_id").groupby("service")["feature"].agg(set)
    return {service: by_service.get(service, set()) for service in chosen["service"]}
