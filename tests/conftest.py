"""A small corpus written for the tests: twelve invented services, policies in every era but the first."""

import os
import sys
from typing import NamedTuple

import hypothesis
import pandas as pd
import pytest

from privacylab import cli, eras, tables
from privacylab.tables import schema

# What passes here passes elsewhere: the same examples in every run, and no deadline on a busy machine.
# HYPOTHESIS_PROFILE=search looks for new ones, many of them.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", max_examples=5_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

COUNTS = ("n_words", "n_sentences", "n_syllables", "n_passive", "n_vague")

# What the policies are made of. Counts: words, sentences, syllables, passive, vague. Categories by their beginning.
SEGMENTS = """
collect | What we collect | collect email email name personal_data | 20 1 30 0 1 | First Party | |
share | Sharing | advertiser partner share third_party | 30 2 48 1 2 | Third Party | |
harbor | Transfers | comply safe_harbor | 25 1 40 1 0 | International | safe_harbor | privacy_seal=truste
shield | Transfers | certify comply privacy_shield | 25 1 42 0 0 | International | privacy_shield |
gdpr | Your rights | access erasure portability right | 40 2 70 1 0 | User Access | gdpr | right_access
keep | Retention | keep long_necessary retention | 15 1 25 1 1 | Data Retention | | retention_period=P1Y
dpf | Transfers | certify data_privacy_framework | 25 1 45 0 0 | International | dpf |
"""

# Each service with its region (- if unknown), then the dates and segments of its policies.
HISTORIES = """
alder us | 2013-03-01 collect share harbor | 2017-02-01 collect share shield | 2019-01-15 collect share shield gdpr
    | 2024-01-10 collect gdpr dpf
birch us | 2014-05-01 collect harbor | 2016-02-01 collect harbor | 2017-09-01 collect shield
    | 2018-05-25 collect shield gdpr keep
cedar eu | 2014-06-01 collect share | 2018-04-01 collect share keep | 2018-06-01 collect share gdpr keep
dogwood eu | 2012-11-01 collect share | 2019-03-01 collect gdpr keep
elm us | 2013-08-01 collect harbor | 2015-10-06 collect
fir us | 2014-01-01 collect share harbor | 2016-08-01 collect share | 2020-02-01 collect share
ginkgo - | 2015-01-01 collect | 2017-05-01 collect keep
hazel uk | 2014-09-01 collect share | 2017-11-01 collect share | 2019-06-01 collect share gdpr
ivy other | 2012-12-01 collect
juniper us | 2021-09-01 collect share gdpr
koa eu | 2022-02-01 collect gdpr keep | 2023-12-01 collect gdpr keep dpf
larch us | 2014-02-01 collect share harbor | 2016-03-01 collect share | 2017-01-01 collect share shield
    | 2019-02-01 collect shield gdpr | 2021-03-01 collect gdpr
"""


class Passage(NamedTuple):
    heading: str
    terms: str
    counts: tuple[int, ...]
    category: str
    framework: str
    cue: str


def _passages() -> dict[str, Passage]:
    rows = [[cell.strip() for cell in line.split("|")] for line in SEGMENTS.strip().splitlines()]
    return {name: Passage(h, t, tuple(map(int, n.split())), c, f, cue) for name, h, t, n, c, f, cue in rows}


def _histories() -> dict[str, tuple[str | None, dict[str, list[str]]]]:
    found = {}
    for line in HISTORIES.strip().replace("\n    ", " ").splitlines():
        (service, region), *policies = (cell.split() for cell in line.split("|"))
        found[f"{service}.example"] = (None if region == "-" else region, {date: names for date, *names in policies})
    return found


def _annotations() -> dict[str, pd.DataFrame]:
    segments, scores, mentions, cues = [], [], [], []
    for name, passage in _passages().items():
        key = {"segment_id": name.ljust(16, "0")}
        counts = dict(zip(COUNTS, passage.counts, strict=True))
        said = {"heading": passage.heading, "text": None, "audience": "all", "terms": passage.terms}
        segments.append({**key, **said, **counts})
        scores.append({**key, **{each: 90 if each.startswith(passage.category) else 5 for each in schema.CATEGORIES}})
        if passage.framework:
            mentions.append({**key, "start": 0, "end": 9, "framework": passage.framework, "stance": "adheres"})
        if passage.cue:
            cue, _, value = passage.cue.partition("=")
            cues.append({**key, "start": 0, "end": 9, "cue": cue, "value": value or None})
    made = {"segments": segments, "scores": scores, "mentions": mentions, "cues": cues}
    return {name: pd.DataFrame(rows) for name, rows in made.items()}


def _policy(service: str, date: str, segments: list[str]) -> dict[str, object]:
    identifier, day = f"{service}@{date}", pd.Timestamp(date)
    return {
        "policy_id": identifier,
        "version_id": identifier,
        "collection": "crawl" if date < "2020-11" else "archive",
        "service": service,
        "document": "main",
        "snapshot_date": day,
        "effective_date": None,
        "date": day,
        "date_basis": "snapshot",
        "first_seen": day,
        "last_seen": day,
        "era": eras.era(date),
        "era_by_frameworks": None,
        "language": "en",
        "language_share": 1.0,
        "n_words": sum(_passages()[name].counts[0] for name in segments),
        "n_segments": len(segments),
        "reading_grade": None,
        "source": f"{service}/{date}.txt",
    }


def _version(service: str, date: str, segments: list[str], **changes: object) -> dict[str, object]:
    policy = _policy(service, date, segments)
    claims = [f"{framework}:adheres" for framework in (_passages()[name].framework for name in segments) if framework]
    made = {"content_id": "0" * 16, "status": "kept", "reason": None, "detail": None, "same_as": None}
    row = {**policy, **made, "claims": claims, **changes}
    return {column: row[column] for column in schema.TABLES["versions"].columns}


@pytest.fixture
def call(monkeypatch, capsys):
    """Runs `main` as the shell does; gives exit code, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["privacylab", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    monkeypatch.setenv("COLUMNS", "80")
    return run


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> tables.Corpus:
    """The corpus, written and opened; no test may write into it."""
    frames, histories = _annotations(), _histories()
    dated = [(service, date, names) for service, (_, each) in histories.items() for date, names in each.items()]
    versions = [_version(*each) for each in dated]
    again = {"status": "near_duplicate", "same_as": "elm.example@2013-08-01"}
    versions.append(_version("elm.example", "2014-08-01", ["collect", "harbor"], **again))
    versions.append(_version("ivy.example", "2013-12-01", ["collect"], status="rejected", reason="language"))
    frames["versions"] = pd.DataFrame(versions)
    frames["policies"] = pd.DataFrame([_policy(*each) for each in dated])
    frames["services"] = pd.DataFrame(
        {
            "service": service,
            "names": [service.split(".")[0].title()],
            "region": region,
            "industry": None,
            "ground": None,
            "owner": service,
            "owner_ground": "an example",
        }
        for service, (region, _) in histories.items()
    )
    frames["occurrences"] = pd.DataFrame(
        {"policy_id": f"{service}@{date}", "position": place, "segment_id": name.ljust(16, "0")}
        for service, date, names in dated
        for place, name in enumerate(names)
    )
    parameters = {"text": False, "thresholds": dict.fromkeys(schema.CATEGORIES, 50)}
    return tables.write(tmp_path_factory.mktemp("corpus") / "panel", frames, {"parameters": parameters, "sources": {}})


@pytest.fixture(scope="session")
def policies(corpus) -> pd.DataFrame:
    return corpus.policies()
