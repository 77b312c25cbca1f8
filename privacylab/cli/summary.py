"""The summary of a new corpus."""

from pathlib import Path

import pandas as pd

from privacylab import tables
from privacylab.cli.console import err, out
from privacylab.sources.listing import counted, shown
from privacylab.tables import schema

_VERSION = ["collection", "source", "content_id"]
"""What makes a version the one that it was."""


def ledger(folder: Path) -> pd.DataFrame | None:
    """What `summary` compares with: the versions of the corpus that an update replaces, if one is there."""
    try:
        return tables.Corpus.open(folder).versions(columns=[*_VERSION, "service"])
    except (tables.CorpusError, OSError):
        return None


def summary(corpus: tables.Corpus, *, verbose: bool, before: pd.DataFrame | None = None) -> int:
    """Shows what a build made and left out, everything if ``verbose``; returns the number of rejected versions.

    Args:
        corpus: What was built.
        verbose: Whether all that was rejected is told.
        before: From `ledger`: what is new and what is gone since then is told as well.
    """
    versions = corpus.versions(columns=[*_VERSION, "service", "status", "reason", "detail", "date"])
    n_versions = versions["status"].value_counts()
    statuses = [status for status in schema.STATUSES if status in n_versions]
    counts = ", ".join(f"{n_versions[status]:,} {status.replace('_', ' ')}" for status in statuses)
    out.print(f"{counted(len(versions), 'version')}: {counts}")
    if before is not None:
        out.print(f"new: {_beyond(versions, before)}; gone: {_beyond(before, versions)}")
    rejected = versions[versions["status"] == "rejected"]
    most = len(rejected) if verbose else 10
    for row in rejected.head(most).itertuples():
        err.print(f"{row.source}: rejected, {row.reason} ({row.detail})")
    if len(rejected) > most:
        err.print(f"... and {len(rejected) - most:,} more: see versions.parquet, status rejected, or give -v")
    no_date = versions[(versions["reason"] == "bad_date") | ((versions["status"] == "kept") & versions["date"].isna())]
    if len(no_date):
        names = shown(no_date["source"].tolist())
        verbs = ("has", "counts") if len(no_date) == 1 else ("have", "count")
        err.print(f"{counted(len(no_date), 'policy')} {verbs[0]} no usable date and {verbs[1]} nowhere: {names}")
    for label, source in corpus.manifest["sources"].items():
        for note in source.get("notes", ()):
            out.print(f"{label}: {note}")
    n_policies, n_segments = corpus.manifest["counts"]["policies"], corpus.manifest["counts"]["segments"]
    out.print(f"{counted(n_policies, 'policy')}, {counted(n_segments, 'distinct segment')} in {corpus.path}")
    return len(rejected)


def _beyond(versions: pd.DataFrame, others: pd.DataFrame) -> str:
    """How many versions are not among others, and of which services."""
    known = pd.MultiIndex.from_frame(others[_VERSION].astype(object))
    rows = versions[~pd.MultiIndex.from_frame(versions[_VERSION].astype(object)).isin(known)]
    names = [*dict.fromkeys(rows["service"])]
    return f"{counted(len(rows), 'version')} ({shown(names)})" if names else "none"
