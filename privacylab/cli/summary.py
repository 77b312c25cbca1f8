"""What is told of a corpus that was just built."""

from privacylab import tables
from privacylab.cli.console import err, out
from privacylab.tables import schema


def summary(corpus: tables.Corpus, *, verbose: bool) -> int:
    """Tells what a build made and what it left out, all of it if ``verbose``; gives the number of rejected versions."""
    versions = corpus.versions(columns=["status", "reason", "source", "detail", "date"])
    n_versions = versions["status"].value_counts()
    statuses = [status for status in schema.STATUSES if status in n_versions]
    counts = ", ".join(f"{n_versions[status]:,} {status.replace('_', ' ')}" for status in statuses)
    out.print(f"{len(versions):,} versions: {counts}")
    rejected = versions[versions["status"] == "rejected"]
    most = len(rejected) if verbose else 10
    for row in rejected.head(most).itertuples():
        err.print(f"{row.source}: rejected, {row.reason} ({row.detail})")
    if len(rejected) > most:
        err.print(f"... and {len(rejected) - most:,} more: see versions.parquet, status rejected, or give -v")
    no_date = versions[(versions["reason"] == "bad_date") | ((versions["status"] == "kept") & versions["date"].isna())]
    if len(no_date):
        shown = ", ".join(no_date["source"].head(3)) + (" ..." if len(no_date) > 3 else "")
        policies = "1 policy has" if len(no_date) == 1 else f"{len(no_date):,} policies have"
        err.print(f"{policies} no usable date and count nowhere: {shown}")
    for label, source in corpus.manifest["sources"].items():
        for note in source.get("notes", ()):
            out.print(f"{label}: {note}")
    n_policies, n_segments = corpus.manifest["counts"]["policies"], corpus.manifest["counts"]["segments"]
    out.print(f"{n_policies:,} policies, {n_segments:,} distinct segments in {corpus.path}")
    return len(rejected)
