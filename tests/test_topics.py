import hashlib
import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from privacylab import tables, topics

THEMES = {
    "cookies": "cookie browser storage setting session advertiser tracker banner",
    "children": "child parent guardian age school consent_parent minor teacher",
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


@pytest.fixture(scope="module")
def segments() -> pd.DataFrame:
    return theme_segments()


@pytest.fixture(scope="module")
def fitted(segments: pd.DataFrame) -> topics.Topics:
    return topics.fit(segments, n_topics=3, names=["Acme"])


def digest(found: topics.Topics) -> str:
    text = found.topic_terms.to_csv() + found.topics.to_csv()
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_three_themes_are_found(segments, fitted):
    theme = fitted.topics["segment_id"].str[4:]
    assert pd.crosstab(theme, fitted.topics["topic"]).gt(0).sum().tolist() == [1, 1, 1]


def test_terms_of_a_topic_are_those_of_its_theme(fitted):
    found = {frozenset(group["term"]) for _, group in fitted.topic_terms.groupby("topic")}
    assert found == {frozenset(words.split()) for words in THEMES.values()}


def test_frames_fit_the_tables(fitted):
    for name, frame in (("topics", fitted.topics), ("topic_terms", fitted.topic_terms)):
        pd.testing.assert_frame_equal(tables.check(name, frame), frame)


def test_topics_are_numbered_by_size_then_first_term():
    found = topics.fit(theme_segments(61), n_topics=3)
    assert found.topics["topic"].value_counts().sort_index().tolist() == [21, 20, 20]
    first = found.topic_terms[found.topic_terms["rank"] == 0].set_index("topic")["term"]
    assert first[1] < first[2]


def test_terms_are_ranked_by_weight_then_alphabet(fitted):
    for _, group in fitted.topic_terms.groupby("topic"):
        assert list(zip(-group["weight"], group["term"], strict=True)) == sorted(
            zip(-group["weight"], group["term"], strict=True)
        )


def test_boilerplate_and_names_are_kept_out(fitted):
    assert not set(fitted.topic_terms["term"]) & {"acme", "privacy_policy"}


@pytest.mark.parametrize(
    ("name", "term"), [("acme.example", "acme"), ("Acme Shop", "acme_shop"), ("acme-shop.co.uk", "acme-shop")]
)
def test_a_name_or_domain_becomes_the_term_that_it_would_be(name, term):
    assert topics._kept_out([name], []) == {term}


def test_the_words_of_a_long_name_stay():
    assert topics._kept_out(["The New Data Company"], []) == set()


def test_a_term_of_too_few_services_is_kept_out(segments):
    services = services_in_turn(segments)
    own = segments["segment_id"].isin(["0000co", "0030co"])  # of one theme and one service
    mine = segments.assign(terms=segments["terms"].where(~own, segments["terms"] + " ownword"))
    anywhere = topics.fit(mine, n_topics=3, min_count=2)
    assert "ownword" in set(anywhere.topic_terms["term"])
    in_services = topics.fit(mine, n_topics=3, min_count=2, services=services)
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
    pd.testing.assert_frame_equal(given, fitted.topics[["segment_id", "topic"]])


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


def test_hdbscan_may_leave_segments_out(segments):
    hdbscan = pytest.importorskip("hdbscan")
    odd = pd.DataFrame({"segment_id": ["zz"], "terms": ["audit child cookie"]})
    clusterer = hdbscan.HDBSCAN(min_cluster_size=8, min_samples=2, prediction_data=True)
    found = topics.fit(pd.concat([segments, odd]), clusterer=clusterer)
    assert found.topics["topic"].max() >= 1
    assert found.topics.loc[found.topics["topic"] < 0, "probability"].isna().all()


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (theme_segments(2), {"n_topics": 3}, "n_topics is 3, but there are 2 segments"),
        (theme_segments().assign(terms="age child parent"), {"n_topics": 3}, "only 1 of 60 segments differ"),
        (theme_segments().drop(columns="terms"), {}, "neither terms nor text"),
        (theme_segments().assign(terms=""), {"n_topics": 3}, "no segment has a term"),
        (theme_segments().head(0), {}, "there are 0 segments"),
        (theme_segments().drop(columns="segment_id"), {}, "no column segment_id"),
        (pd.concat([theme_segments()] * 2), {}, "occurs more than once"),
        (theme_segments(), {"n_topics": 0}, "give 1 or more"),
        (theme_segments(), {"n_topics": 3, "min_count": 1000}, "lower min_count"),
        (theme_segments(), {"services": pd.Series(["a"], index=["0000co"])}, "services lacks 59 segments"),
    ],
)
def test_bad_input_is_named(rows, options, message):
    with pytest.raises(ValueError, match=message):
        topics.fit(rows, **options)


def test_no_warning_escapes(segments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        topics.fit(segments, n_topics=3)


PROGRAM = """
import numpy as np, pandas as pd
from privacylab import topics
random = np.random.default_rng(0)
words = np.array([f"w{i:03d}" for i in range(300)])
rows = []
for i in range(1500):
    theme = i % 12
    near = random.choice(40, 9) + theme * 22
    rows.append((f"s{i:05d}", " ".join(words[near]) + " " + " ".join(words[random.integers(0, 300, 6)])))
segments = pd.DataFrame(rows, columns=["segment_id", "terms"]).iloc[random.permutation(1500)]
found = topics.fit(segments, n_topics=15)
import hashlib
print(hashlib.sha256((found.topic_terms.to_csv() + found.topics.to_csv()).encode()).hexdigest())
"""


def test_processor_threads_and_hash_seed_do_not_matter():
    running = []
    for kernel, threads, hash_seed in [("Haswell", 1, 1), ("SkylakeX", 2, 2), ("Prescott", 2, 1), ("Zen", 1, 2)]:
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
        settings = {**os.environ, **limits, "OPENBLAS_CORETYPE": kernel, "PYTHONHASHSEED": str(hash_seed)}
        running.append(subprocess.Popen([sys.executable, "-c", PROGRAM], env=settings, stdout=subprocess.PIPE))
    said = [program.communicate(timeout=600)[0] for program in running]
    # A processor without AVX-512 cannot run the kernel SkylakeX.
    found = [text for text, program in zip(said, running, strict=True) if program.returncode != -signal.SIGILL]
    assert [program.returncode for program in running if program.returncode not in (0, -signal.SIGILL)] == []
    assert len(found) >= 2
    assert len(set(found)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_kmeans_does_not_depend_on_the_order_of_what_it_adds_up(seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(400, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    whole = topics._whole(vectors)
    products = whole @ topics._centres(whole, np.arange(400) % 7, 7).T
    assert np.array_equal(products, np.round(products))
    assert np.abs(products).max() < 2**53


def test_kmeans_of_two_directions():
    vectors = np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0], [0.0, 0.0]])
    labels = topics.SphericalKMeans(2).fit(vectors).labels_
    assert labels[0] == labels[1] != labels[2]
    assert labels[3] == -1


def test_names_join_the_first_terms_that_repeat_no_word():
    terms = ["hard_drive", "drive", "cookie", "web_browser", "file"]
    frame = pd.DataFrame({"topic": 0, "rank": range(5), "term": terms})
    assert topics.names(frame)["name"].tolist() == ["hard drive · cookie · web browser"]


def test_names_that_would_be_the_same_grow():
    frame = pd.DataFrame({"topic": [0, 0, 0, 1, 1, 1], "rank": [0, 1, 2] * 2, "term": ["a", "b", "c", "a", "b", "d"]})
    assert topics.names(frame, n=2)["name"].tolist() == ["a · b · c", "a · b · d"]


def alignment_of(categories):
    found = pd.DataFrame({"segment_id": list("abcd"), "topic": [0, 0, 1, 1]})
    labels = pd.DataFrame(categories, columns=["segment_id", "category"])
    return topics.alignment(found, labels)


def test_alignment_of_topics_that_are_the_categories():
    result = alignment_of([("a", "X"), ("b", "X"), ("c", "Y"), ("d", "Y")])
    assert (result.nmi, result.purity) == (pytest.approx(1), 1)


def test_alignment_of_topics_that_cut_across_the_categories():
    result = alignment_of([("a", "X"), ("b", "Y"), ("c", "X"), ("d", "Y")])
    assert (result.nmi, result.purity) == (pytest.approx(0), 0.5)


def test_alignment_shares_are_of_the_topics_segments():
    shares = alignment_of([("a", "X"), ("a", "Y"), ("c", "Y")]).shares
    rows = list(shares.itertuples(index=False, name=None))
    assert rows == [(0, "X", 1, 0.5), (0, "Y", 1, 0.5), (1, "Y", 1, 0.5), (1, "X", 0, 0.0)]


def test_alignment_without_labels_says_so():
    with pytest.raises(ValueError, match="no segment has both"):
        alignment_of([("z", "X")])


def test_presence_is_true_where_a_policy_has_a_segment_of_the_topic():
    found = pd.DataFrame({"segment_id": list("abc"), "topic": [0, 1, -1]})
    occurrences = pd.DataFrame({"policy_id": ["p", "p", "q", "r"], "segment_id": ["a", "a", "b", "c"]})
    table = topics.presence(found, occurrences)
    assert table.index.tolist() == ["p", "q", "r"]
    assert table.to_numpy().tolist() == [[True, False], [False, True], [False, False]]
    assert table.dtypes.tolist() == [bool, bool]


def small_model(terms):
    rows = [(topic, rank, term, 1.0) for topic, listed in enumerate(terms) for rank, term in enumerate(listed)]
    frame = pd.DataFrame(rows, columns=["topic", "rank", "term", "weight"])
    found = pd.DataFrame({"segment_id": list("abcd"), "topic": [0, 1, -1, 0], "probability": [1, 1, None, 1]})
    return topics.Topics(found, frame, assign=lambda rows: rows)


def test_npmi_by_hand():
    # In 4 segments: x in 2, y in 2, together in 1: log(.25 / .25) / -log(.25) = 0; u and v only together, in 1: 1.
    segments = pd.DataFrame({"segment_id": list("1234"), "terms": ["x y", "x", "y u v", "other"]})
    result = topics.quality(small_model([["x", "y"], ["u", "v"]]), segments)
    assert result.npmi_by_topic.tolist() == [pytest.approx(0), pytest.approx(1)]
    assert result.npmi == pytest.approx(0.5)


def test_terms_that_never_meet_count_minus_one():
    segments = pd.DataFrame({"segment_id": list("12"), "terms": ["x", "y"]})
    assert topics.quality(small_model([["x", "y"]]), segments).npmi == -1


def test_diversity_and_outliers_by_hand():
    segments = pd.DataFrame({"segment_id": list("12"), "terms": ["x", "y"]})
    result = topics.quality(small_model([["x", "y"], ["x", "z"]]), segments)
    assert (result.diversity, result.outlier_share) == (0.75, 0.25)


def test_agreement_matches_topics_before_it_compares():
    one, other = small_model([["a", "b"], ["c", "d"]]), small_model([["d", "c"], ["a", "x"]])
    # {c, d} with {d, c}: 1; {a, b} with {a, x}: 1/3.
    assert topics.agreement(one.topic_terms, other.topic_terms) == pytest.approx((1 + 1 / 3) / 2)


def test_a_topic_without_a_match_counts_nothing():
    one, other = small_model([["a", "b"], ["c", "d"]]), small_model([["a", "b"]])
    assert topics.agreement(one.topic_terms, other.topic_terms) == 0.5


def test_shuffled_rows_are_perfectly_stable(segments):
    found = topics.stability(segments, services=services_in_turn(segments), change="shuffle", n_draws=1, n_topics=3)
    assert found.iloc[0].tolist() == ["shuffle", 0, 1.0, 1.0]


@pytest.mark.parametrize("change", ["bootstrap", "drop"])
def test_clear_themes_come_back(segments, change):
    services = services_in_turn(segments)
    found = topics.stability(segments, services=services, change=change, n_draws=2, n_topics=3)
    assert found["ari"].tolist() == [1.0, 1.0]


def test_an_unknown_change_is_named(segments):
    with pytest.raises(ValueError, match="'bootstrap', 'drop' or 'shuffle'"):
        topics.stability(segments, services=services_in_turn(segments), change="flip", n_topics=3)


def test_a_service_drawn_twice_is_two_services(segments):
    rows, owners = topics._changed(segments, services_in_turn(segments), "bootstrap", np.random.default_rng(0))
    assert len(rows) == 60
    assert rows["segment_id"].is_unique
    assert owners.nunique() == 10


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
    topics.write(tmp_path, fitted)
    pd.testing.assert_frame_equal(tables.read_table(tmp_path / "topics.parquet", "topics"), fitted.topics)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["topic_terms.parquet", "topics.parquet"]


def test_a_failed_write_leaves_the_old_tables(tmp_path, fitted):
    topics.write(tmp_path, fitted)
    before = tables.sha256(tmp_path / "topics.parquet")
    broken = topics.Topics(fitted.topics.head(1), fitted.topic_terms.assign(weight=-1.0), fitted.assign)
    with pytest.raises(ValueError, match="weight"):
        topics.write(tmp_path, broken)
    assert tables.sha256(tmp_path / "topics.parquet") == before
    assert len(list(tmp_path.iterdir())) == 2
