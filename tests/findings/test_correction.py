import numpy as np
import pandas as pd
import pytest

from privacylab import findings


def gold(hits, misses, false_alarms, rejections, *, feature="a", weight=1.0, **more):
    """A gold of so many services each: found and there, not found but there, found but not there, neither."""
    rows = (
        [(True, True)] * hits
        + [(False, True)] * misses
        + [(True, False)] * false_alarms
        + [(False, False)] * rejections
    )
    frame = pd.DataFrame(rows, columns=["predicted", "truth"])
    return frame.assign(service=[f"s{i}" for i in range(len(rows))], feature=feature, weight=weight, **more)


def shares(value, n, *, feature="a", **more):
    return pd.DataFrame([{"feature": feature, "n": n, "value": value, **more}])


@pytest.mark.parametrize(
    ("share", "sensitivity", "specificity", "true"),
    [
        (0.30, 0.8, 0.9, 0.2 / 0.7),  # (0.30 + 0.9 - 1) / (0.8 + 0.9 - 1)
        (0.05, 0.8, 0.9, 0.0),  # fewer than false alarms alone would give
        (0.85, 0.8, 0.9, 1.0),
        (0.42, 1.0, 1.0, 0.42),
    ],
)
def test_rogan_gladen_by_hand(share, sensitivity, specificity, true):
    assert findings.rogan_gladen(share, sensitivity=sensitivity, specificity=specificity) == pytest.approx(true)


def test_rogan_gladen_undoes_the_error():
    true = np.linspace(0, 1, 11)
    apparent = true * 0.7 + (1 - true) * 0.05
    assert findings.rogan_gladen(apparent, sensitivity=0.7, specificity=0.95) == pytest.approx(true)


def test_rogan_gladen_of_a_coin_is_not_known():
    assert np.isnan(findings.rogan_gladen(0.5, sensitivity=0.5, specificity=0.5))


def test_corrected_shares_by_hand():
    # Sensitivity 16/20, specificity 36/40: (0.3 + 0.9 - 1) / 0.7. Of those found 16/20 have it, of the others 4/40:
    # 0.3 * 0.8 + 0.7 * 0.1.
    row = findings.corrected(shares(0.3, 500), gold=gold(16, 4, 4, 36)).iloc[0]
    assert row["rogan_gladen"] == pytest.approx(0.2 / 0.7)
    assert row["rogan_gladen_low"] < 0.2 / 0.7 < row["rogan_gladen_high"]
    assert row["corrected"] == pytest.approx(0.31)
    assert row["corrected_low"] < 0.31 < row["corrected_high"]
    assert (row["n_gold"], row["correction"]) == (60, "prediction-powered and Rogan-Gladen")


def test_the_double_sampling_share_is_the_best_tuned_ppi():
    # PPI++: power * mean(predicted) + mean(truth - power * gold_predicted), the power being the covariance of
    # prediction and truth over the prediction's variance, where the unlabelled are many.
    labelled = gold(16, 4, 4, 36)
    predicted, truth = labelled["predicted"].to_numpy(dtype=float), labelled["truth"].to_numpy(dtype=float)
    power = np.cov(predicted, truth)[0, 1] / predicted.var(ddof=1)
    tuned = power * 0.3 + (truth - power * predicted).mean()
    row = findings.corrected(shares(0.3, 100_000), gold=labelled).iloc[0]
    assert row["corrected"] == pytest.approx(tuned)


def test_weights_of_the_gold_count():
    labelled = gold(30, 10, 0, 40)
    labelled["weight"] = np.where(labelled["truth"] & ~labelled["predicted"], 3.0, 1.0)
    row = findings.corrected(shares(0.25, 100), gold=labelled).iloc[0]
    # Sensitivity 30 / (30 + 10 * 3) = 0.5, specificity 1: 0.25 / 0.5. Not found: 30 / 70 have it: .25 + .75 * 3 / 7.
    assert row["rogan_gladen"] == pytest.approx(0.5)
    assert row["corrected"] == pytest.approx(0.25 + 0.75 * 3 / 7)


def test_a_service_that_was_read_twice_counts_for_one():
    once, twice = gold(16, 4, 4, 36), pd.concat([gold(16, 4, 4, 36)] * 2, ignore_index=True)
    rows = [findings.corrected(shares(0.3, 500), gold=each).iloc[0] for each in (once, twice)]
    assert (
        rows[0][["corrected_low", "corrected_high"]].tolist() == rows[1][["corrected_low", "corrected_high"]].tolist()
    )
    assert rows[1]["n_gold"] == 60


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (gold(16, 4, 4, 36, feature="b"), "not corrected: no gold"),
        (gold(10, 0, 0, 9), "not corrected: gold has 19 services, needs 20"),
    ],
)
def test_where_there_is_no_correction_the_table_says_why(labels, reason):
    row = findings.corrected(shares(0.3, 500), gold=labels).iloc[0]
    assert row["correction"] == reason
    assert row[["corrected", "corrected_low", "corrected_high", "rogan_gladen"]].isna().all()


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (gold(6, 1, 4, 36), "prediction-powered only: 7 services that have it were read, 10 are needed"),
        (gold(16, 4, 1, 3), "prediction-powered only: 4 services that lack it were read, 10 are needed"),
        (gold(10, 10, 5, 5), "prediction-powered only: sensitivity 0.50 and specificity 0.50 are too low"),
    ],
)
def test_where_only_ppi_carries_the_table_says_why(labels, reason):
    row = findings.corrected(shares(0.3, 500), gold=labels).iloc[0]
    assert row["correction"] == reason
    assert 0 <= row["corrected_low"] < row["corrected"] < row["corrected_high"] <= 1
    assert row[["rogan_gladen", "rogan_gladen_low", "rogan_gladen_high"]].isna().all()


def test_what_the_gold_has_never_seen_is_anything():
    # All 30 were found: of the tenth that was not, nothing is known.
    row = findings.corrected(shares(0.9, 10_000), gold=gold(30, 0, 0, 0)).iloc[0]
    assert row["corrected"] == pytest.approx(0.95)
    assert row["corrected_high"] - row["corrected_low"] > 0.1


def test_an_empty_cell_stays_empty():
    row = findings.corrected(shares(np.nan, 0), gold=gold(16, 4, 4, 36)).iloc[0]
    assert row["correction"] == "not corrected: no service"


def test_several_services_of_an_owner_are_read_once():
    apart, one = gold(16, 4, 4, 36), gold(16, 4, 4, 36)
    one["owner"] = [f"o{i // 2}" for i in range(len(one))]
    widths = []
    for labelled in (apart, one):
        row = findings.corrected(shares(0.3, 500), gold=labelled).iloc[0]
        widths.append(row["corrected_high"] - row["corrected_low"])
    assert widths[1] > 1.2 * widths[0]


def test_a_share_of_few_owners_is_less_exact():
    rows = [
        findings.corrected(shares(0.3, 500, n_effective=number), gold=gold(80, 2, 2, 160)).iloc[0]
        for number in (500, 50)
    ]
    widths = [row["corrected_high"] - row["corrected_low"] for row in rows]
    assert widths[1] > 1.5 * widths[0]


def test_how_far_a_share_may_be_off_by_hand():
    row = findings.may_be_off(shares(0.3, 500), gold=gold(16, 4, 4, 36)).iloc[0]
    (low, high), (least, most) = findings.wilson(16, 20), findings.wilson(36, 40)
    assert row["true_low"] == pytest.approx((0.3 + least - 1) / (high + least - 1))
    assert row["true_high"] == pytest.approx((0.3 + most - 1) / (low + most - 1))
    assert row["true_low"] < 0.2 / 0.7 < row["true_high"]


@pytest.mark.parametrize("labels", [gold(16, 4, 0, 3), gold(9, 0, 0, 40), gold(16, 4, 4, 36, feature="b")])
def test_what_is_not_known_of_the_errors_is_null(labels):
    row = findings.may_be_off(shares(0.3, 500), gold=labels).iloc[0]
    assert row[["true_low", "true_high"]].isna().all()


def test_what_is_not_corrected_stays_as_found():
    both = pd.concat([shares(0.3, 500, low=0.2, high=0.4), shares(0.6, 500, feature="b", low=0.5, high=0.7)])
    better = findings.as_corrected(findings.corrected(both.reset_index(drop=True), gold=gold(16, 4, 4, 36)))
    assert better["is_corrected"].tolist() == [True, False]
    assert better["found"].tolist() == [0.3, 0.6]
    assert better.loc[0, "value"] == pytest.approx(0.31)
    assert better.loc[0, "low"] == better.loc[0, "corrected_low"]
    assert better.loc[1, ["value", "low", "high"]].tolist() == [0.6, 0.5, 0.7]


def test_each_era_with_its_own_gold():
    both = pd.concat([shares(0.3, 500, era="gap"), shares(0.3, 500, era="gdpr")], ignore_index=True)
    labelled = gold(16, 4, 4, 36, era="gdpr")
    assert list(findings.corrected(both, gold=labelled, by="era")["correction"]) == [
        "not corrected: no gold",
        "prediction-powered and Rogan-Gladen",
    ]


def test_a_row_does_not_depend_on_the_rows_beside_it():
    both = pd.concat([shares(0.1, 50, feature="z"), shares(0.3, 500)], ignore_index=True)
    labelled = pd.concat([gold(16, 4, 4, 36), gold(16, 4, 4, 36, feature="z")])
    alone = findings.corrected(shares(0.3, 500), gold=labelled).iloc[0]
    assert findings.corrected(both, gold=labelled).iloc[1]["corrected_low"] == alone["corrected_low"]


def test_a_share_of_zero_and_a_flawless_gold_still_have_a_width():
    row = findings.corrected(shares(0.0, 30), gold=gold(20, 0, 0, 20)).iloc[0]
    assert row["rogan_gladen"] == 0
    assert row["rogan_gladen_high"] > 0.05
    assert row["corrected"] == 0
    assert row["corrected_high"] > 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [({"weight": 0.0}, "not positive"), ({"truth": None}, "column 'truth' without nulls")],
)
def test_bad_gold_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        findings.corrected(shares(0.3, 500), gold=gold(16, 4, 4, 36).assign(**change))


def test_error_rates_by_hand():
    labelled = pd.concat([gold(16, 4, 4, 36, era="gap"), gold(5, 0, 0, 0, era="gdpr")])
    rates = findings.error_rates(labelled).set_index("era")
    assert rates.loc["gap", ["n", "n_true", "sensitivity", "n_false", "specificity"]].tolist() == [60, 20, 0.8, 40, 0.9]
    low, high = findings.wilson(16, 20)
    assert rates.loc["gap", ["sensitivity_low", "sensitivity_high"]].tolist() == pytest.approx([low, high])
    assert rates.loc["gdpr", "n_false"] == 0
    assert rates.loc["gdpr", ["specificity", "specificity_low", "specificity_high"]].isna().all()


def test_error_rates_without_gold_have_no_rows():
    assert findings.error_rates(gold(0, 0, 0, 0, era="gdpr")).empty


def changes(gained, lost, kept, neither):
    n = gained + lost + kept + neither
    before, after = (lost + kept) / n, (gained + kept) / n
    row = {"feature": "a", "gained": gained, "lost": lost, "kept": kept, "neither": neither}
    return pd.DataFrame([{**row, "before": before, "after": after, "value": after - before}])


def test_a_change_by_hand():
    # Before: 30% found, 0.3 * 0.8 + 0.7 * 0.1 = 0.31; after: 50% found and a gold without error: 0.5.
    # Errors alike: of 60 + 60, sensitivity (16 + 20) / (20 + 20), specificity (36 + 40) / (40 + 40): 0.2 / 0.85.
    labelled = pd.concat([gold(16, 4, 4, 36, era="gap"), gold(20, 0, 0, 40, era="gdpr")])
    row = findings.corrected_change(changes(70, 30, 60, 140), gold=labelled, before="gap", after="gdpr").iloc[0]
    plain = changes(70, 30, 60, 140).iloc[0]
    assert row["corrected"] == pytest.approx(plain["after"] - (plain["before"] * 0.8 + (1 - plain["before"]) * 0.1))
    assert row["alike"] == pytest.approx(plain["value"] / (36 / 40 + 76 / 80 - 1))
    assert row["corrected_low"] < row["corrected"] < row["corrected_high"]
    assert row["alike_high"] - row["alike_low"] < row["corrected_high"] - row["corrected_low"]


def test_one_gold_for_both_sides_counts_once():
    both = pd.concat([gold(16, 4, 4, 36, era=era) for era in ("gap", "gdpr")])
    twice = findings.corrected_change(changes(70, 30, 60, 140), gold=both, before="gap", after="gdpr").iloc[0]
    once = findings.corrected_change(changes(70, 30, 60, 140), gold=both, before="gap", after="gap").iloc[0]
    assert once["alike"] == pytest.approx(twice["alike"]) == pytest.approx(40 / 300 / 0.7)
    assert once["alike_high"] - once["alike_low"] > twice["alike_high"] - twice["alike_low"]
    assert (once["n_gold"], once["correction"]) == (60, "errors alike")
    assert pd.isna(once["corrected"])


def test_a_change_of_cross_sections_is_wider_than_one_of_the_same_services():
    labelled = pd.concat([gold(20, 0, 0, 40, era="gap"), gold(20, 0, 0, 40, era="gdpr")])
    paired = changes(30, 10, 130, 130)
    apart = paired[["feature", "before", "after", "value"]].assign(n_before=300, n_after=300)
    rows = [
        findings.corrected_change(each, gold=labelled, before="gap", after="gdpr").iloc[0] for each in (paired, apart)
    ]
    widths = [row["alike_high"] - row["alike_low"] for row in rows]
    assert rows[0]["corrected"] == pytest.approx(rows[1]["corrected"])
    assert widths[0] < 0.7 * widths[1]


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (gold(0, 0, 0, 0, era="gap"), "not corrected: gold has 0 services on one side, needs 20"),
        (gold(20, 0, 1, 0, era="gap"), "own errors only: 5 services that lack it were read, 10 are needed"),
    ],
)
def test_a_change_that_the_gold_cannot_carry_says_so(before, reason):
    labelled = pd.concat([before, gold(20, 0, 1, 3, era="gdpr")])
    row = findings.corrected_change(changes(30, 10, 130, 130), gold=labelled, before="gap", after="gdpr").iloc[0]
    assert row["correction"] == reason
    assert row[["alike", "alike_low", "alike_high"]].isna().all()


@pytest.mark.parametrize(
    ("n", "true", "sensitivity", "specificity"),
    [(200, 0.2, 0.9, 0.99), (1000, 0.8, 0.7, 0.95), (30, 0.2, 0.7, 0.95)],
)
def test_the_intervals_cover_the_truth(n, true, sensitivity, specificity):
    # 200 simulated corpora, each with a gold of 100 services; of a nominal 95%, 90 to 99% is what 200 runs can tell.
    rng = np.random.default_rng(5)
    covered = {"corrected": 0, "rogan_gladen": 0}
    for _ in range(200):
        found = rng.binomial(n, true * sensitivity + (1 - true) * (1 - specificity))
        positives = rng.binomial(100, true)
        hits, alarms = rng.binomial(positives, sensitivity), rng.binomial(100 - positives, 1 - specificity)
        labelled = gold(hits, positives - hits, alarms, 100 - positives - alarms)
        row = findings.corrected(shares(found / n, n), gold=labelled).iloc[0]
        for name in covered:
            covered[name] += row[f"{name}_low"] <= true <= row[f"{name}_high"]
    assert all(180 <= count <= 198 for count in covered.values())


def test_the_columns_of_each_frame():
    def named(*names):
        return [f"{name}{end}" for name in names for end in ("", "_low", "_high")]

    labelled = pd.concat([gold(16, 4, 4, 36, era="gap"), gold(20, 0, 0, 40, era="gdpr")])
    share, change = shares(0.3, 500, era="gap"), changes(30, 10, 130, 130)
    rates = ["n", "n_true", *named("sensitivity"), "n_false", *named("specificity")]
    own, other = ["n_gold", "correction"], {"gold": labelled, "before": "gap", "after": "gdpr"}
    assert list(findings.error_rates(labelled)) == ["era", "feature", *rates]
    assert list(findings.error_rates(labelled, by=None)) == ["feature", *rates]
    for labels in (labelled, labelled.iloc[:0]):
        table = findings.corrected(share, gold=labels, by="era")
        assert list(table) == [*share, *named("corrected", "rogan_gladen"), *own]
    assert list(findings.corrected_change(change, **other)) == [*change, *named("corrected", "alike"), *own]
