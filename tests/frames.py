"""Frames that several test modules build on."""

import pandas as pd


def policies_of(histories):
    """Policies from {service: dates}."""
    rows = [
        {"policy_id": f"{service}@{date}", "service": service, "document": "main", "collection": "c", "date": date}
        for service, dates in histories.items()
        for date in dates
    ]
    return pd.DataFrame(rows).assign(date=lambda frame: pd.to_datetime(frame["date"]).astype("datetime64[ms]"))
