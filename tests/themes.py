"""Segments of three plain themes, for the tests of topics."""

import hashlib

import numpy as np
import pandas as pd

from privacylab import topics

THEMES = {
    "cookies": "cookie browser storage setting session advertiser tracker banner",
    "children": "child parent guardian age school consent_form minor teacher",
    "security": "encryption firewall password breach server access_control audit backup",
}
SERVICES = [f"service{n}.example" for n in range(10)]


def theme_segments(n: int = 60) -> pd.DataFrame:
    """Segments of five words of one of three themes, the themes taking turns."""
    random = np.random.default_rng(3)
    rows = []
    for i in range(n):
        theme = list(THEMES)[i % 3]
        words = random.choice(THEMES[theme].split(), 5, replace=False)
        rows.append((f"{i:04d}{theme[:2]}", " ".join(sorted([*words, "privacy_policy", "acme"]))))
    return pd.DataFrame(rows, columns=["segment_id", "terms"])


def services_in_turn(segments: pd.DataFrame) -> "pd.Series[str]":
    ids = sorted(segments["segment_id"])
    return pd.Series([SERVICES[i % 10] for i in range(len(ids))], index=ids)


def digest(found: topics.Topics) -> str:
    text = found.topic_terms.to_csv() + found.topics.to_csv()
    return hashlib.sha256(text.encode()).hexdigest()
