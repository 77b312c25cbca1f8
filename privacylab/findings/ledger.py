"""What the sources have, and what was left out."""

import datetime as dt
from typing import Any

import pandas as pd

from privacylab import eras
from privacylab.findings.sampling import cells
from privacylab.tables import schema


def exclusion_flow(versions: pd.DataFrame) -> pd.DataFrame:
    """What was left out between the sources and the kept policies, and why: each input once.

    Returns:
        ``stage``, ``kind`` (``remaining`` or ``left_out``), ``reason`` (null except for rejected rows), ``n_versions``,
        ``n`` (services), ``examples`` (the three services with the most of them), in the order of the pipeline's
        decisions.
    """
    status, reason = versions["status"], versions["reason"].fillna("unknown")
    rejected = status == "rejected"
    rows = [_stage("all versions", "remaining", versions)]
    for name in sorted(reason[rejected].unique()):
        rows.append(_stage("rejected", "left_out", versions[rejected & (reason == name)], name))
    rows.append(_stage("English privacy policies", "remaining", versions[~rejected]))
    for name in [name for name in reversed(schema.STATUSES) if name not in ("kept", "rejected")]:
        rows.append(_stage(name, "left_out", versions[status == name]))
    rows.append(_stage("kept", "remaining", versions[status == "kept"]))
    return pd.DataFrame(rows)


def _stage(stage: str, kind: str, versions: pd.DataFrame, reason: str | None = None) -> dict[str, Any]:
    counts = versions["service"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    sizes = {"n_versions": len(versions), "n": len(counts), "examples": ", ".join(counts.index[:3])}
    return {"stage": stage, "kind": kind, "reason": reason, **sizes}


def archive_timeline(versions: pd.DataFrame) -> pd.DataFrame:
    """When each collection watched: services with a version in each half-year.

    Returns:
        ``collection``, ``half_year``, ``n`` (services), ``n_versions``; every half-year from the first to the last.
        Rejected and undated versions are left out.
    """
    sighted = _sighted(versions)
    keys = [sighted["collection"].astype("category"), cells(sighted["date"], by="half_year").rename("half_year")]
    groups = sighted["service"].groupby(keys, observed=False)
    return pd.DataFrame({"n": groups.nunique(), "n_versions": groups.size()}).astype(int).reset_index()


def _sighted(versions: pd.DataFrame) -> pd.DataFrame:
    """The versions that show a policy on a day, with any status."""
    return versions[versions["date"].notna() & (versions["status"] != "rejected")]


def on_both_sides(versions: pd.DataFrame, day: dt.date | str = eras.LAST_CRAWL) -> list[str]:
    """The services that were sighted on or before a day, and after it; sorted."""
    dates = _sighted(versions).groupby("service")["date"].agg(["min", "max"])
    border = pd.Timestamp(eras.as_date(day))
    return sorted(dates.index[(dates["min"] <= border) & (dates["max"] > border)])


def sighted_again(versions: pd.DataFrame, *, silent: tuple[int, ...] = (6, 12, 18), follow: int = 24) -> pd.DataFrame:
    """How many of the series not sighted for some months ever were again: what silence says about a text.

    Args:
        versions: The table.
        silent: Months without a sighting.
        follow: Months that the collection must continue after these, so that a return could be seen.

    Returns:
        ``collection``, ``months``, ``n`` (silences of main policies), ``count`` (those that ended), ``value`` (share;
        null without any).
    """
    rows = _sighted(versions).query("document == 'main'").drop_duplicates(["collection", "service", "date"])
    rows = rows.sort_values(["collection", "service", "date"])
    back = rows.groupby(["collection", "service"])["date"].shift(-1)
    end = rows.groupby("collection")["date"].transform("max")
    groups = []
    for months in silent:
        followed = rows["date"] + pd.DateOffset(months=months + follow) <= end
        lasting = followed & ~(back <= rows["date"] + pd.DateOffset(months=months))
        returns = back[lasting].notna().groupby(rows["collection"]).agg(["size", "sum"])
        groups.append(returns.set_axis(["n", "count"], axis=1).assign(months=months))
    again = pd.concat(groups).reset_index().sort_values(["collection", "months"], ignore_index=True)
    return again[["collection", "months", "n", "count"]].assign(value=again["count"] / again["n"])
