import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from themes import THEMES, digest, services_in_turn, theme_segments

from privacylab import tables, topics
from privacylab.tables import schema
from privacylab.topics import vectors


@pytest.fixture(scope="module")
def segments() -> pd.DataFrame:
    return theme_segments()


@pytest.fixture(scope="module")
def fitted(segments: pd.DataFrame) -> topics.Topics:
    return topics.fit(segments, n_topics=3, names=["Acme"])


def test_the_three_themes_are_found(segments, fitted):
    theme = fitted.topics["segment_id"].str[4:]
    assert pd.crosstab(theme, fitted.topics["topic"]).gt(0).sum().tolist() == [1, 1, 1]


def test_terms_of_a_topic_are_those_of_its_theme(fitted):
    found = {frozenset(group["term"]) for _, group in fitted.topic_terms.groupby("topic")}
    assert found == {frozenset(words.split()) for words in THEMES.values()}


def test_frames_fit_the_tables(fitted):
    for name, frame in (("topics", fitted.topics), ("topic_terms", fitted.topic_terms)):
        pd.testing.assert_frame_equal(schema.check(name, frame), frame)


def test_topics_are_numbered_by_size_then_first_term():
    found = topics.fit(theme_segments(61), n_topics=3)
    assert found.topics["topic"].value_counts().sort_index().tolist() == [21, 20, 20]
    first = found.topic_terms[found.topic_terms["rank"] == 0].set_index("topic")["term"]
    assert first[1] < first[2]


def test_boilerplate_and_names_are_kept_out(fitted):
    assert not set(fitted.topic_terms["term"]) & {"acme", "privacy_policy"}


@pytest.mark.parametrize(
    ("name", "term"), [("acme.example", "acme"), ("Acme Shop", "acme_shop"), ("acme-shop.co.uk", "acme-shop")]
)
def test_a_name_or_domain_becomes_the_term_that_it_would_be(name, term):
    assert topics.kept_out_of_terms([name]) - topics.BOILERPLATE == {term}


def test_the_words_of_a_long_name_stay():
    assert topics.kept_out_of_terms(["The New Data Company"]) == topics.BOILERPLATE


def test_a_term_of_too_few_services_is_kept_out(segments):
    services = services_in_turn(segments)
    own = segments["segment_id"].isin(services[services == services.iloc[0]].index)  # six segments of one service
    mine = segments.assign(terms=segments["terms"].where(~own, segments["terms"] + " ownword"))
    anywhere = topics.fit(mine, n_topics=3)
    assert "ownword" in set(anywhere.topic_terms["term"])
    in_services = topics.fit(mine, n_topics=3, services=services)
    assert "ownword" not in set(in_services.topic_terms["term"])


def test_a_segment_without_terms_has_no_topic(segments):
    more = pd.concat([segments, pd.DataFrame({"segment_id": ["zz"], "terms": [""]})])
    row = topics.fit(more, n_topics=3).topics.iloc[-1]
    assert (row["segment_id"], row["topic"], pd.isna(row["probability"])) == ("zz", -1, True)


def test_the_order_of_rows_does_not_matter(segments, fitted):
    shuffled = topics.fit(segments.sample(frac=1, random_state=1), n_topics=3, names=["Acme"])
    assert digest(shuffled) == digest(fitted)


def test_the_callers_frame_is_left_as_it_is(segments):
    before = segments.copy()
    topics.fit(segments, n_topics=3)
    pd.testing.assert_frame_equal(segments, before)


def test_text_serves_where_there_are_no_terms(segments):
    text = segments["terms"].str.replace(" ", " and the ").str.replace("_", " ")
    found = topics.fit(segments[["segment_id"]].assign(terms=None, text=text), n_topics=3)
    assert pd.crosstab(found.topics["segment_id"].str[4:], found.topics["topic"]).gt(0).to_numpy().sum() == 3


def test_other_segments_get_the_topics_of_the_model(segments, fitted):
    given = fitted.assign(segments.iloc[::-1])
    pd.testing.assert_frame_equal(given, fitted.topics)


def test_the_model_has_the_same_numbers(fitted):
    assert fitted.model.topics_ == fitted.topics["topic"].tolist()
    terms = fitted.topic_terms[fitted.topic_terms["topic"] == 2]["term"].tolist()
    assert [term for term, _ in fitted.model.get_topic(2)] == terms


class CountingEncoder:
    """A vector of how often each theme's words occur."""

    def encode(self, texts):
        return np.array(
            [[sum(text.count(word) for word in words.split()) for words in THEMES.values()] for text in texts]
        )


def test_an_encoder_of_ones_own_is_used(segments):
    found = topics.fit(segments, n_topics=3, encoder=CountingEncoder())
    assert pd.crosstab(found.topics["segment_id"].str[4:], found.topics["topic"]).gt(0).to_numpy().sum() == 3


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (theme_segments(2), {"n_topics": 3}, "n_topics is 3, but there are 2 segments"),
        (theme_segments().assign(terms="age child parent"), {"n_topics": 3}, "only 1 of 60 segments differ"),
        (theme_segments().drop(columns="terms"), {}, "neither terms nor text"),
        (theme_segments().assign(terms=""), {"n_topics": 3}, "no segment has a term"),
        (theme_segments().head(0), {}, "segments has no rows: choose an era"),
        (theme_segments().assign(terms="wort satz zeile"), {"n_topics": 1}, "pass an encoder for this language"),
        (theme_segments().drop(columns="segment_id"), {}, "no column segment_id"),
        (pd.concat([theme_segments()] * 2), {}, "occurs more than once"),
        (theme_segments(), {"n_topics": 0}, "give 1 or more"),
        (theme_segments(4), {"n_topics": 1}, "give more segments"),
        (theme_segments(), {"services": pd.Series(["a"], index=["0000co"])}, "services lacks 59 segments"),
    ],
)
def test_bad_input_is_named(rows, options, message):
    with pytest.raises(ValueError, match=message):
        topics.fit(rows, **options)


def test_an_era_without_policies_is_named(segments):
    policies = pd.DataFrame({"policy_id": ["p"], "service": ["a"], "era": ["gdpr"]})
    occurrences = pd.DataFrame({"policy_id": "p", "position": range(60), "segment_id": segments["segment_id"]})
    owners = topics.services_of(occurrences, policies)
    here = topics.services_of(occurrences, policies[policies["era"] == "safe_harbor"]).index
    rows = topics.sample(segments[segments["segment_id"].isin(here)], services=owners)
    with pytest.raises(ValueError, match="no rows: choose an era"):
        topics.fit(rows, services=owners)


def test_more_topics_than_the_archives_have_clusters_start_from_the_sample(monkeypatch):
    words = vectors.domain_vectors().words[:1200]
    bags = [" ".join(words[i : i + 4]) for i in range(0, 1200, 4)]
    rows = pd.DataFrame({"segment_id": [f"s{i:03d}" for i in range(300)], "terms": bags})
    monkeypatch.setattr(topics, "MIN_COUNT", 1)
    found = topics.fit(rows, n_topics=210)
    assert found.topics["topic"].nunique() == 210


def test_no_warning_escapes(segments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ImportWarning)  # of a package that is not there; Python shows none of these
        topics.fit(segments, n_topics=3)


def test_services_take_turns_in_a_sample():
    rows = pd.DataFrame({"segment_id": [f"a{i}" for i in range(9)] + ["b0"], "terms": [f"t{i}" for i in range(10)]})
    services = pd.Series(["a"] * 9 + ["b"], index=rows["segment_id"])
    taken = topics.sample(rows, services=services, n=3)["segment_id"]
    assert taken.str[0].tolist() == ["a", "a", "b"]


def test_a_sample_has_the_same_terms_once():
    rows = pd.DataFrame({"segment_id": ["1", "2"], "terms": ["x y", "x y"]})
    services = pd.Series(["a", "b"], index=["1", "2"])
    assert topics.sample(rows, services=services)["segment_id"].tolist() == ["1"]


def test_services_of_gives_a_row_for_each_pair():
    occurrences = pd.DataFrame({"policy_id": ["p", "q", "q"], "position": [0, 0, 1], "segment_id": ["s", "s", "t"]})
    policies = pd.DataFrame({"policy_id": ["p", "q"], "service": ["b", "a"]})
    assert list(topics.services_of(occurrences, policies).items()) == [("s", "a"), ("s", "b"), ("t", "a")]


def test_written_tables_come_back(tmp_path, fitted):
    topics.save(tmp_path, fitted)
    pd.testing.assert_frame_equal(tables.read_table(tmp_path / "topics.parquet", "topics"), fitted.topics)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["topic_terms.parquet", "topics.parquet"]


def test_a_failed_write_leaves_the_old_tables(tmp_path, fitted):
    topics.save(tmp_path, fitted)
    before = tables.sha256(tmp_path / "topics.parquet")
    broken = topics.Topics(fitted.topics.head(1), fitted.topic_terms.assign(weight=-1.0), fitted.assign)
    with pytest.raises(ValueError, match="weight"):
        topics.save(tmp_path, broken)
    assert tables.sha256(tmp_path / "topics.parquet") == before
    assert len(list(tmp_path.iterdir())) == 2


PROGRAM = """
import hashlib, os
import numpy as np, pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from privacylab import topics
from privacylab.topics import vectors
random = np.random.default_rng(0)
words = np.array(vectors.domain_vectors().words[::150][:30])
bags = [" ".join(words[random.choice(30, 4, replace=False)]) for _ in range(900)]
segments = pd.DataFrame({"segment_id": [f"s{i:03d}" for i in range(900)], "terms": bags})
services = pd.Series([f"service{i % 70}" for i in range(900)], index=segments["segment_id"])

class OneHot:  # four words of thirty: many segments lie as near to one centre as to another
    def encode(self, texts):
        return np.array([np.isin(words, text.split()) for text in texts], dtype=float)

class Svd:  # its last digits are the machine's
    def encode(self, texts):
        weighed = TfidfVectorizer(token_pattern="[a-z'-]+").fit_transform(texts)
        return TruncatedSVD(10, algorithm="arpack", random_state=0).fit_transform(weighed)

rows = segments.sample(frac=1, random_state=int(os.environ["SEED"]))
fitted = [topics.fit(rows, n_topics=12, services=services, encoder=encoder) for encoder in (None, OneHot(), Svd())]
text = "".join(frame.to_csv() for model in fitted for frame in (model.topics, model.topic_terms))
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_processor_threads_hash_seed_and_order_do_not_matter():
    machines = {"Haswell": "1", "Nehalem": "2"}
    running = []
    for kernel, n in machines.items():
        settings = os.environ | {"OPENBLAS_CORETYPE": kernel, "PYTHONHASHSEED": n}
        settings |= {"OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n, "SEED": n}
        running.append(subprocess.Popen([sys.executable, "-c", PROGRAM], env=settings, stdout=subprocess.PIPE))
    hashes = {program.communicate(timeout=300)[0] for program in running}
    if -signal.SIGILL in {program.returncode for program in running}:
        pytest.skip("this processor lacks what a kernel of OpenBLAS needs")
    assert [program.returncode for program in running] == [0, 0]
    assert len(hashes) == 1
