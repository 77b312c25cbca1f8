import pandas as pd
import pytest

from privacylab import findings

SIDES = {"before": "safe_harbor", "after": "gdpr"}


@pytest.fixture(scope="module")
def words(corpus, policies):
    return findings.keyness(corpus, policies, minimum=1, **SIDES)


def test_terms_of_a_policy_by_hand(corpus):
    held = findings.terms(corpus, pd.Index(["elm.example@2015-10-06"]))
    assert held.columns[held.iloc[0]].tolist() == ["collect", "email", "name", "personal_data"]


def test_a_policy_that_is_not_there_is_named(corpus):
    with pytest.raises(ValueError, match="'nobody' is not in the corpus"):
        findings.terms(corpus, pd.Index(["nobody"]))


def test_a_word_counts_once_in_a_service_and_only_in_services_of_both_sides(corpus, policies, words):
    both = findings.pairs(policies, **SIDES)
    held = findings.terms(corpus, pd.Index([*both["before"], *both["after"]]))
    row = words.set_index("term").loc["erasure"]
    assert (row["n"], row["gained"], row["lost"]) == (len(both), held.loc[both["after"], "erasure"].sum(), 0)
    assert row["before"] == held.loc[both["before"], "erasure"].mean() == 0


def test_other_services_words_are_no_change(corpus, policies):
    # The old test compared eras: services seen in one era only made their words keywords of that era.
    both = findings.pairs(policies, **SIDES)
    alone = policies[policies["service"].isin(both["service"])]
    options = {"minimum": 1, **SIDES}
    pd.testing.assert_frame_equal(
        findings.keyness(corpus, policies, **options), findings.keyness(corpus, alone, **options)
    )


def test_services_of_one_owner_are_one_voice(corpus, policies, words):
    services = pd.DataFrame({"service": policies["service"].unique(), "owner": "one"})
    owned = findings.keyness(corpus, findings.with_owners(policies, services), minimum=1, **SIDES)
    assert words["p"].min() < 0.5
    assert (owned["p"] >= 0.5).all()  # an owner alone gives no evidence: its sum is as far from 0 either way


def test_the_strongest_come_first_and_q_is_over_all_terms(words):
    assert words["p"].is_monotonic_increasing
    assert words["q"].tolist() == findings.benjamini_hochberg(words["p"]).tolist()


def test_a_term_that_few_use_is_left_out(corpus, policies):
    assert findings.keyness(corpus, policies, minimum=99, **SIDES).empty


def test_without_a_service_on_both_sides_there_is_no_word(corpus, policies):
    assert findings.keyness(corpus, policies, before="1990-01-01", after="1991-01-01").empty
