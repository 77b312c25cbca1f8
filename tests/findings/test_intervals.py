import numpy as np
import pytest

from privacylab import findings
from privacylab.findings import intervals


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        # By hand for 8 of 10, z = 1.959964: centre (0.8 + 3.841459 / 20) / 1.3841459 = 0.716738,
        # half 1.959964 * sqrt(0.8 * 0.2 / 10 + 3.841459 / 400) / 1.3841459 = 0.226575.
        (8, 10, 0.490162, 0.943312),
        # 0 of n: the upper end is z^2 / (n + z^2) = 3.841459 / 23.841459.
        (0, 20, 0.0, 0.161125),
        (20, 20, 0.838875, 1.0),
        # Newcombe (1998), table I: 81 of 263, 15 of 148.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson_by_hand_and_published(count, n, low, high):
    assert findings.wilson(count, n) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_wilson_of_nothing_is_null():
    low, high = findings.wilson(0, 0)
    assert np.isnan(low) and np.isnan(high)


@pytest.mark.parametrize(("count", "n"), [(3, 2), (-1, 2)])
def test_wilson_refuses_impossible_counts(count, n):
    with pytest.raises(ValueError, match="count must lie between 0 and n"):
        findings.wilson(count, n)


def test_benjamini_hochberg_by_hand():
    # Sorted .01 .02 .03 .50 times 4/rank: .04 .04 .04 .50.
    assert findings.benjamini_hochberg([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.04, 0.04])


def test_benjamini_hochberg_does_not_count_nulls_as_tests():
    adjusted = findings.benjamini_hochberg([0.01, np.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[1])


def test_resamples_draw_n_services_each():
    weights = findings.resampled_services(7, resamples=50)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_resamples_are_seeded():
    first, second = (findings.resampled_services(9, resamples=20) for _ in range(2))
    assert (first == second).all()
    assert (first[0] != first[1]).any()


def test_resampling_nobody_draws_nobody():
    assert findings.resampled_services(0, resamples=10).shape == (10, 0)


def test_percentiles_leave_undefined_replicates_out():
    replicates = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    low, high = findings.percentiles(replicates)
    # 2.5% of the way from 1 to 3, and 97.5%.
    assert (low[0], high[0]) == pytest.approx((1.05, 2.95))
    assert np.isnan(low[1]) and np.isnan(high[1])


@pytest.mark.parametrize("n", [4, 5])
def test_medians_of_resamples_are_numpys(n):
    values = np.random.default_rng(0).normal(size=n)
    weights = findings.resampled_services(n, resamples=40)
    expected = [np.median(np.repeat(values, row.astype(int))) for row in weights]
    assert intervals.averages(values, weights, "median") == pytest.approx(expected)


def test_medians_of_part_of_a_resample_count_what_was_drawn():
    values, weights = np.array([10.0, 20.0, 30.0]), np.array([[0, 1, 0], [2, 0, 0], [1, 0, 1], [0, 0, 0]], np.float32)
    np.testing.assert_array_equal(intervals.averages(values, weights, "median"), [20, 10, 20, np.nan])
