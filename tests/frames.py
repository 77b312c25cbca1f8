"""Frames that several test modules build on."""

import pandas as pd


def policies_of(histories):
    """Policies from {service: dates}."""
    rows = [
        {"policy_id": f"{service}@{date}", "service": service, "document": "main", "collection": "c", "date": date}
        for service, dates in histories.items()
        for date in dates
    ]
    frame = pd.DataFrame(rows).assign(date=lambda frame: pd.to_datetime(frame["date"]).astype("datetime64[ms]"))
    return frame.assign(last_seen=frame["date"])


def version(**changes):
    """A row of ``versions``."""
    row = {
        "version_id": "kites.com@2013-01-01.1",
        "collection": "crawl",
        "service": "kites.com",
        "document": "main",
        "date": pd.Timestamp("2013-01-01"),
        "date_basis": "snapshot",
        "source": "kites.md",
        "content_id": "0" * 16,
        "status": "kept",
        "reason": None,
        "detail": None,
        "same_as": None,
        "n_words": 200,
        "claims": ["gdpr:adheres"],
    }
    return pd.DataFrame([{**row, **changes}])


def cues(**changes):
    """Two rows of ``cues``, not in order."""
    rows = {"segment_id": ["b", "a"], "start": [3, 0], "end": [5, 9], "cue": ["dnt", "dpo"], "value": [None, "x"]}
    return pd.DataFrame({**rows, **changes})


def versions_of(rows):
    """Rows of ``versions`` from (service, date, claims[, status])."""
    ledger = [
        {
            "version_id": f"{service}#{i:03}",
            "service": service,
            "document": "main",
            "collection": "crawl",
            "date": date,
            "claims": claims.split(),
            "status": status[0] if status else "kept",
            "same_as": None,
        }
        for i, (service, date, claims, *status) in enumerate(rows)
    ]
    return pd.DataFrame(ledger).assign(date=lambda frame: pd.to_datetime(frame["date"]).astype("datetime64[ms]"))
