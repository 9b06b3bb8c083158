"""Intervals hold what they promise, and agree with those of SciPy; a figure on few calls is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audioqa.trends.counting import STEPS, VALUES
from audioqa.trends.figures import means, percentiles, shares
from audioqa.types.trends import Estimate, TooFew


def known(figure: object) -> Estimate:
    assert isinstance(figure, Estimate)
    return figure


def test_the_mean_has_students_interval() -> None:
    values = np.random.default_rng(1).normal(4, 0.5, 50)
    figure = known(means(np.array([values.sum()]), np.array([(values**2).sum()]), np.array([50]), 30)[0])
    low, high = stats.t.interval(0.95, 49, values.mean(), stats.sem(values))
    assert (figure.value, figure.low, figure.high) == pytest.approx((values.mean(), low, high))


@pytest.mark.parametrize(("part", "count"), [(0, 40), (3, 40), (40, 40), (500, 1000)])
def test_a_share_has_wilsons_interval(part: int, count: int) -> None:
    figure = known(shares(np.array([part]), np.array([count]), 30, times=1000)[0])
    found = stats.binomtest(part, count).proportion_ci(method="wilson")
    assert (figure.low, figure.high) == pytest.approx((1000 * found.low, 1000 * found.high), abs=1e-5)


def histogram(values: np.ndarray) -> np.ndarray:
    return np.bincount(((values * 100).astype(int) - 100), minlength=STEPS)[None, :]


@pytest.mark.parametrize("level", [5.0, 50.0, 90.0])
def test_the_interval_of_a_percentile_lies_between_two_calls(level: float) -> None:
    values = np.sort(np.random.default_rng(2).integers(100, 450, 200)) / 100
    figure = known(percentiles(histogram(values + 0.001), VALUES, level, 30)[0])
    low, high = (int(rank) for rank in stats.binom.ppf([0.025, 0.975], 200, level / 100))
    assert figure.low == pytest.approx(values[low - 1])
    assert figure.high == pytest.approx(values[high])
    assert figure.value == pytest.approx(np.quantile(values, level / 100, method="inverted_cdf"))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    held = {"mean": 0, "share": 0, "percentile": 0}
    repeats = 400
    for _ in range(repeats):
        values = 1 + 4 * rng.beta(6, 2, 120)
        mean = known(means(np.array([values.sum()]), np.array([(values**2).sum()]), np.array([120]), 30)[0])
        held["mean"] += mean.low <= 1 + 4 * 0.75 <= mean.high
        share = known(shares(np.array([(values < 3.6).sum()]), np.array([120]), 30)[0])
        held["share"] += share.low <= stats.beta.cdf(0.65, 6, 2) <= share.high
        fifth = known(percentiles(histogram(values), VALUES, 10.0, 30)[0])
        held["percentile"] += fifth.low <= 1 + 4 * stats.beta.ppf(0.1, 6, 2) <= fifth.high + 0.01
    assert all(0.92 <= count / repeats <= 0.985 for count in held.values()), held


def test_few_calls_have_no_figure() -> None:
    assert means(np.array([80.0]), np.array([330.0]), np.array([20]), 30) == [TooFew(20, 30)]
    assert shares(np.array([3]), np.array([29]), 30) == [TooFew(29, 30)]
    few = percentiles(histogram(np.full(71, 4.0)), VALUES, 5.0, 30)
    assert few == [TooFew(71, 72)]  # 0.95**72 < 0.025: only then is the worst call below the limit
    assert isinstance(percentiles(histogram(np.full(72, 4.0)), VALUES, 5.0, 30)[0], Estimate)
    assert isinstance(percentiles(histogram(np.full(30, 4.0)), VALUES, 50.0, 30)[0], Estimate)
