import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from privacylab import findings
from privacylab.findings import TooFewError


def docs(target, reference, terms):
    """Documents from {service: words} of two groups."""
    rows = [(s, "new", w.split()) for s, w in target.items()] + [(s, "old", w.split()) for s, w in reference.items()]
    counts = np.array([[words.count(term) for term in terms] for _, _, words in rows])
    names = (np.array([row[0] for row in rows], dtype=object), np.array([row[1] for row in rows], dtype=object))
    return findings.Documents(sparse.csr_array(counts), np.array(terms, dtype=object), *names)


GROUPS = {"target": "new", "reference": "old"}


def test_log_odds_by_hand():
    # 30 of 100 against 10 of 100, prior 10 at (40.5 / 201) * 10 = 2.014925:
    # log(32.014925 / 77.985075) - log(12.014925 / 97.985075) = -0.890315 + 2.098666 = 1.208350;
    # variance 1/32.014925 + 1/77.985075 + 1/12.014925 + 1/97.985075 = 0.137494.
    odds, z = findings.log_odds(np.array([30]), np.array([10]), n_target=100, n_reference=100)
    assert odds[0] == pytest.approx(1.208350, abs=1e-5)
    assert z[0] == pytest.approx(1.208350 / np.sqrt(0.137494), abs=1e-4)


def test_log_odds_of_equal_shares_is_zero():
    odds, z = findings.log_odds(np.array([20]), np.array([10]), n_target=100, n_reference=50)
    assert abs(odds[0]) < 0.01 and abs(z[0]) < 0.03


def test_log_odds_of_a_rare_word_is_drawn_to_the_middle():
    odds, z = findings.log_odds(np.array([2, 60]), np.array([0, 10]), n_target=100, n_reference=100)
    assert abs(z[0]) < abs(z[1])
    assert np.isfinite(odds).all()


@pytest.mark.parametrize(("target", "reference", "expected"), [(79.5, 19.5, 2), (19.5, 79.5, -2), (49.5, 49.5, 0)])
def test_log_ratio_by_hand(target, reference, expected):
    assert findings.log_ratio(target, reference, n_target=99, n_reference=99) == pytest.approx(expected)


def test_dispersion_by_hand():
    # Documents of 10, 10, 20 and 60 words; the first term stands 2, 2, 4, 12 times: as the text is spread, 0.
    # The second 4 times in the first: (|1 - .1| + .1 + .2 + .6) / 2 = .9, over 1 - .1: 1.
    # The third once in each of the first two: (.4 + .4 + .2 + .6) / 2 / .9 = .8 / .9.
    counts = np.array([[2, 4, 1, 3], [2, 0, 1, 7], [4, 0, 0, 16], [12, 0, 0, 48]])
    assert findings.dispersion(sparse.csr_array(counts))[:3] == pytest.approx([0, 1, 0.8 / 0.9])


def test_dispersion_of_an_absent_term_is_null():
    assert np.isnan(findings.dispersion(sparse.csr_array(np.array([[1, 0], [1, 0]])))[1])


def test_a_word_of_the_new_policies_is_found():
    new = {f"s{i}": "data gdpr" for i in range(20)}
    old = {f"s{i}": "data" for i in range(20)}
    found = findings.keyness(docs(new, old, ["data", "gdpr"]), **GROUPS, permutations=200)
    assert found["term"].tolist() == ["gdpr", "data"]
    row = found.iloc[0]
    assert row[["n", "n_target", "n_reference", "target", "reference"]].tolist() == [20, 20, 0, 1, 0]
    # log2((20.5 / 21) / (0.5 / 21)) = 5.357552
    assert row["value"] == pytest.approx(5.357552, abs=1e-5)
    assert row["p"] == pytest.approx(1 / 201)
    assert found.iloc[1]["p"] == 1


def test_the_permutation_p_of_pairs_is_the_sign_test():
    # Of 8 services that changed, 7 gained the word: P(|X - 4| >= 3), X ~ Bin(8, 1/2) = 18 / 256.
    new = {f"s{i}": "w x" if i < 7 else "x" for i in range(8)}
    old = {f"s{i}": "x" if i < 7 else "w x" for i in range(8)}
    found = findings.keyness(docs(new, old, ["w", "x"]), **GROUPS, minimum=1, permutations=20_000)
    assert found.set_index("term").loc["w", "p"] == pytest.approx(18 / 256, abs=0.006)


def test_the_permutation_p_of_unpaired_services_is_fishers():
    # 5 of 6 against 1 of 6, other services: Fisher's exact test, two-sided.
    new = {f"a{i}": "w x" if i < 5 else "x" for i in range(6)}
    old = {f"b{i}": "w x" if i < 1 else "x" for i in range(6)}
    found = findings.keyness(docs(new, old, ["w", "x"]), **GROUPS, minimum=1, permutations=20_000)
    expected = stats.fisher_exact([[5, 1], [1, 5]]).pvalue
    assert found.set_index("term").loc["w", "p"] == pytest.approx(expected, abs=0.008)


@pytest.mark.parametrize("paired", [True, False])
def test_p_is_uniform_under_the_null(paired):
    # 400 words that depend on the service but not on the group; 60 services in both groups, or 60 in each.
    rng = np.random.default_rng(11)
    n = 60 if paired else 120
    service = np.tile(np.arange(60), 2) if paired else np.arange(120)
    counts = (rng.random((120, 400)) < rng.uniform(0.25, 0.75, (n, 400))[service]).astype(int)
    terms = np.array([f"w{i:03}" for i in range(400)], dtype=object)
    group = np.repeat(np.array(["new", "old"], dtype=object), 60)
    made = findings.Documents(sparse.csr_array(counts), terms, service.astype(str).astype(object), group)
    found = findings.keyness(made, **GROUPS, permutations=800).sort_values("term")
    new, old = counts[:60], counts[60:]
    ours = new.sum(axis=0)
    # Counts are whole numbers, so that p moves in steps: spread each evenly over its step, of known size, to test it.
    if paired:
        gained, lost = ((new > old).sum(axis=0), (new < old).sum(axis=0))
        step = stats.binom.pmf(gained, gained + lost, 0.5) * np.where(gained == lost, 1, 2)
    else:
        total = ours + old.sum(axis=0)
        step = stats.hypergeom.pmf(ours, 120, total, 60) * np.where(2 * ours == total, 1, 2)
    assert stats.kstest(found["p"] - rng.random(400) * step, "uniform").pvalue > 0.05
    assert (found["p_family"] < 0.05).sum() <= 1


def test_swapping_the_groups_turns_the_sign():
    rng = np.random.default_rng(0)
    words = ["a", "b", "c", "d"]
    new = {f"s{i}": " ".join(w for w in words if rng.random() < 0.6) for i in range(30)}
    old = {f"s{i}": " ".join(w for w in words if rng.random() < 0.4) for i in range(10, 40)}
    made = docs(new, old, words)
    options = {"permutations": 100}
    there = findings.keyness(made, **GROUPS, **options).set_index("term")
    back = findings.keyness(made, target="old", reference="new", **options).set_index("term").loc[there.index]
    assert there["log_odds"].to_numpy() == pytest.approx(-back["log_odds"].to_numpy())
    assert there["value"].to_numpy() == pytest.approx(-back["value"].to_numpy())


def test_one_long_document_makes_no_keyword():
    new = {f"s{i}": "data" for i in range(19)} | {"s19": "data " + "banana " * 500}
    old = {f"s{i}": "data" for i in range(20)}
    found = findings.keyness(docs(new, old, ["data", "banana"]), **GROUPS, minimum=1, permutations=100)
    row = found.set_index("term").loc["banana"]
    assert row["n_target"] == 1
    assert row["p"] == 1


def test_the_order_of_the_documents_does_not_matter():
    rng = np.random.default_rng(1)
    new = {f"s{i}": "w x" if rng.random() < 0.7 else "x" for i in range(20)}
    old = {f"s{i}": "w x" if rng.random() < 0.3 else "x" for i in range(5, 25)}
    made = docs(new, old, ["w", "x"])
    order = rng.permutation(40)
    mixed = findings.Documents(sparse.csr_array(made.counts[order]), made.terms, made.service[order], made.group[order])
    options = {"permutations": 50}
    pd.testing.assert_frame_equal(
        findings.keyness(made, **GROUPS, **options), findings.keyness(mixed, **GROUPS, **options)
    )


def test_a_term_that_few_use_is_left_out():
    made = docs({"a": "w"}, {"b": "x"}, ["w", "x"])
    assert findings.keyness(made, **GROUPS, minimum=2, permutations=10).empty


@pytest.mark.parametrize(
    ("groups", "message"),
    [({"target": "gap", "reference": "old"}, "'gap' has no document; there are new, old"),
     ({"target": "old", "reference": "old"}, "must be two groups")],
)  # fmt: skip
def test_groups_that_are_none_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        findings.keyness(docs({"a": "w"}, {"b": "w"}, ["w"]), **groups)


def test_a_group_without_a_document_says_so():
    made = docs({"a": "w"}, {"b": "x"}, ["w", "x"])._replace(cells=("old", "new", "gap"))
    with pytest.raises(TooFewError, match="no policy of gap"):
        findings.keyness(made, target="gap", reference="old")


def test_documents_of_the_corpus(corpus, policies):
    made = findings.documents(corpus, findings.observations(policies))
    row = int(np.flatnonzero((made.service == "elm.example") & (made.group == "gap"))[0])
    counts = made.counts[[row]].toarray()[0]
    held = {term: count for term, count in zip(made.terms, counts, strict=True) if count}
    assert held == {"collect": 1, "email": 2, "name": 1, "personal_data": 1}


def test_keywords_of_the_corpus(corpus, policies):
    made = findings.documents(corpus, findings.observations(policies))
    found = findings.keyness(made, target="gdpr", reference="safe_harbor", minimum=3, permutations=200)
    top = found.set_index("term")
    assert top.loc["erasure", "value"] > 0 > top.loc["safe_harbor", "value"]


def test_two_policies_of_a_service_in_one_era_are_refused(corpus, policies):
    with pytest.raises(ValueError, match="several policies in one era"):
        findings.documents(corpus, policies.assign(era="gdpr"))
