"""Agreement with listeners: figures whose answers are known, a mapping that rises, differences that are paired."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioqa.errors import MeasurementError, SettingsError
from audioqa.evaluation.compare import evaluate
from audioqa.evaluation.labels import Label, read_labels
from audioqa.evaluation.listeners import fit_listeners
from audioqa.evaluation.mapping import fit_mapping, mapping_order
from audioqa.evaluation.measures import bias, outlier_ratio, pearson, rmse, rmse_star, spearman
from audioqa.evaluation.results import Agreement, Estimate, EstimatorAgreement, Figures
from audioqa.types import Skipped

QUICK = 200  # draws


def label(index: int, mos: float, condition: str | None = None, ci: float | None = None) -> Label:
    return Label(f"{index}.wav", Path(f"{index}.wav"), mos, condition, ci)


def rated(conditions: int, files: int, *, ci: float | None = 0.1) -> list[Label]:
    """Conditions from MOS 1.5 to 4.5, each with files that were rated on their own, 0.1 apart."""
    found = []
    for row, mos in enumerate(np.linspace(1.5, 4.2, conditions)):
        found += [label(row * files + k, float(mos) + 0.1 * k, f"c{row}", ci) for k in range(files)]
    return found


def values(figures: Figures) -> dict[str, float]:
    return {name: figure.value for name, figure in figures.items() if isinstance(figure, Estimate)}


def per_condition(one: EstimatorAgreement) -> Agreement:
    assert isinstance(one.per_condition, Agreement)
    return one.per_condition


def test_measures_of_agreement_are_their_definitions() -> None:
    predicted, observed = np.array([1.0, 2.0, 2.0, 5.0]), np.array([1.0, 2.0, 3.0, 4.0])
    assert pearson(predicted, observed) == pytest.approx(np.cov(predicted, observed)[0, 1] / np.sqrt(3 * 5 / 3))
    # Tied values share rank 2.5: Pearson of (1, 2.5, 2.5, 4) with (1, 2, 3, 4).
    assert spearman(predicted, observed) == pytest.approx(4.5 / math.sqrt(4.5 * 5))
    assert rmse(predicted, observed) == pytest.approx(math.sqrt(2 / 4))
    assert rmse(predicted, observed, fitted=2) == pytest.approx(math.sqrt(2 / 2))
    assert bias(predicted, observed) == 0
    assert bias(predicted + 0.25, observed) == pytest.approx(0.25)


def test_only_the_error_beyond_the_interval_of_the_votes_counts() -> None:
    predicted, observed = np.array([3.0, 2.0, 4.0, 1.5, 2.5]), np.array([3.1, 2.5, 3.4, 1.5, 2.7])
    ci = np.array([0.2, 0.2, 0.3, 0.1, 0.2])
    # Errors -0.1, -0.5, 0.6, 0, -0.2; beyond the intervals 0, 0.3, 0.3, 0, 0.
    assert rmse_star(predicted, observed, ci) == pytest.approx(math.sqrt(0.18 / 5))
    assert rmse_star(predicted, observed, ci, fitted=4) == pytest.approx(math.sqrt(0.18 / 1))
    assert math.isnan(rmse_star(predicted, observed, ci, fitted=5))
    assert outlier_ratio(predicted, observed, ci) == pytest.approx(2 / 5)


def test_a_straight_line_correlates_fully_and_a_constant_not_at_all() -> None:
    line = np.linspace(1, 5, 9)
    assert (pearson(line, 3 - line / 2), spearman(line, line**3)) == pytest.approx((-1, 1))
    assert math.isnan(pearson(np.full(9, 0.1) * 3, line))


def test_a_rising_cubic_is_found_again() -> None:
    x = np.linspace(1.2, 4.7, 20)
    y = 1.5 + 0.4 * (x - 1.2) + 0.05 * (x - 1.2) ** 3
    mapping = fit_mapping(x, y, order=3)
    np.testing.assert_allclose(mapping(x), y, atol=1e-9)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1, 5), st.floats(1, 5)), min_size=3, max_size=30),
    st.sampled_from([1, 3]),
)
def test_a_mapping_never_falls_on_the_range_of_the_data(points: list[tuple[float, float]], order: int) -> None:
    x, y = np.array(points).T
    mapping = fit_mapping(x, y, order=order)
    line = mapping(np.linspace(mapping.low, mapping.high, 1001))
    assert np.diff(line).min() >= -1e-9
    # A constant rises too, so that no fit is worse than the mean.
    assert np.sum((mapping(x) - y) ** 2) <= np.sum((y - y.mean()) ** 2) + 1e-9


def test_no_other_rising_cubic_fits_better() -> None:
    from scipy.optimize import minimize

    rng = np.random.default_rng(5)
    grid = np.linspace(0, 1, 201)
    slopes = np.stack([0 * grid, 1 + 0 * grid, 2 * grid, 3 * grid**2], axis=1)
    bordering = 0
    for draw in range(20):
        x = rng.uniform(1, 5, 15)
        y = np.clip(x * rng.choice([-0.3, 0.3, 0.8]) + 2 + rng.normal(0, 0.6, 15), 1, 5)
        if draw % 4 == 0:  # falls in the middle of the range only: the best rising cubic has a double zero there
            y = 3 + 0.2 * (x - 3) ** 3 - 0.4 * (x - 3)
        mapping = fit_mapping(x, y, order=3)
        powers = np.vander((x - mapping.low) / (mapping.high - mapping.low), 4, increasing=True)
        best = minimize(
            lambda c, p=powers, y=y: np.sum((p @ c - y) ** 2),
            [y.mean(), 0.1, 0, 0],
            constraints={"type": "ineq", "fun": lambda c: slopes @ c, "jac": lambda _: slopes},
            method="SLSQP",
        )
        bordering += np.min(slopes @ np.array(mapping.coefficients)) < 1e-3
        assert np.sum((mapping(x) - y) ** 2) <= best.fun + 1e-3
    assert bordering > 5


def test_few_points_are_mapped_by_a_line() -> None:
    assert (mapping_order(7), mapping_order(8)) == (1, 3)
    with pytest.raises(MeasurementError, match="order of 1 or 3"):
        fit_mapping(np.ones(3), np.ones(3), order=2)


def test_agreement_is_perfect_where_there_is_no_error() -> None:
    labels = rated(8, 3)
    (one,) = evaluate(labels, {"net": [item.mos + 0.5 for item in labels]}, draws=QUICK).estimators
    for agreement in (one.per_file, per_condition(one)):
        assert values(agreement.unmapped) == pytest.approx(
            {"PLCC": 1, "SRCC": 1, "RMSE": 0.5, "RMSE*": 0.4, "bias": 0.5, "outliers": 1}, abs=0.05
        )
        assert values(agreement.mapped) == pytest.approx(
            {"PLCC": 1, "SRCC": 1, "RMSE": 0, "RMSE*": 0, "bias": 0, "outliers": 0}, abs=1e-9
        )


def test_a_condition_is_the_mean_of_its_files() -> None:
    labels = [
        label(0, 2.0, "a", 0.3),
        label(1, 3.0, "a", 0.4),
        label(2, 3.0, "b", 0.2),
        label(3, 4.0, "c", 0.1),
        label(4, 4.2, "c", 0.1),
    ]
    (one,) = evaluate(labels, {"net": [2.0, 2.0, 3.2, 4.5, 4.5]}, draws=QUICK).estimators
    found = values(per_condition(one).unmapped)
    # Opinions 2.5, 3, 4.1; predictions 2, 3.2, 4.5; errors -0.5, 0.2, 0.4.
    assert found["RMSE"] == pytest.approx(math.sqrt((0.25 + 0.04 + 0.16) / 3))
    assert found["bias"] == pytest.approx(0.1 / 3)
    assert found["PLCC"] == pytest.approx(np.corrcoef([2.0, 3.2, 4.5], [2.5, 3.0, 4.1])[0, 1])
    # Intervals sqrt(0.3^2 + 0.4^2) / 2 = 0.25, 0.2 and sqrt(0.02) / 2 = 0.0707.
    beyond = [0.25, 0.0, 0.4 - math.sqrt(0.02) / 2]
    assert found["RMSE*"] == pytest.approx(math.sqrt(sum(x * x for x in beyond) / 3))
    assert per_condition(one).order == 1


def test_the_interval_that_all_files_of_a_condition_share_is_the_conditions_own() -> None:
    labels = [label(4 * row + k, 1.5 + row, f"c{row}", 0.2) for row in range(3) for k in range(4)]
    (one,) = evaluate(labels, {"net": [item.mos + 0.3 for item in labels]}, draws=QUICK).estimators
    assert values(per_condition(one).unmapped)["RMSE*"] == pytest.approx(0.1)


def test_the_difference_of_an_estimator_to_itself_is_exactly_nothing() -> None:
    labels = rated(10, 4)
    noisy = [item.mos + noise for item, noise in zip(labels, np.random.default_rng(1).normal(0, 0.4, 40), strict=True)]
    _, again = evaluate(labels, {"net": noisy, "again": list(noisy)}, draws=QUICK).estimators
    for agreement in (again.per_file, per_condition(again)):
        for figures in (agreement.unmapped_difference, agreement.mapped_difference):
            assert set(figures.values()) == {Estimate(0.0, 0.0, 0.0)}


def test_pairing_makes_the_interval_of_a_difference_narrow() -> None:
    labels = rated(10, 4)
    noisy = [item.mos + noise for item, noise in zip(labels, np.random.default_rng(1).normal(0, 0.6, 40), strict=True)]
    first, second = evaluate(labels, {"net": noisy, "higher": [s + 0.1 for s in noisy]}, draws=QUICK).estimators
    own, difference = second.per_file.unmapped["bias"], second.per_file.unmapped_difference["bias"]
    assert isinstance(own, Estimate)
    assert isinstance(difference, Estimate)
    assert (difference.low, difference.high) == pytest.approx((0.1, 0.1))
    assert own.high - own.low > 0.1
    assert first.per_file.unmapped_difference == {}


def test_an_interval_holds_its_value_grows_with_noise_and_repeats() -> None:
    labels = rated(12, 6)
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, len(labels))
    grid = {name: [x.mos + s * n for x, n in zip(labels, noise, strict=True)] for name, s in (("a", 0.1), ("b", 1.0))}
    small, large = (one.per_file.unmapped["PLCC"] for one in evaluate(labels, grid, draws=QUICK).estimators)
    assert isinstance(small, Estimate)
    assert isinstance(large, Estimate)
    assert small.low <= small.value <= small.high
    assert large.high - large.low > small.high - small.low
    assert evaluate(labels, grid, draws=QUICK) == evaluate(labels, grid, draws=QUICK)


def test_without_conditions_or_intervals_what_they_are_for_is_skipped() -> None:
    labels = [label(k, 1.5 + 0.3 * k) for k in range(8)]
    evaluation = evaluate(labels, {"net": [item.mos for item in labels]}, draws=QUICK)
    (one,) = evaluation.estimators
    assert evaluation.drawn == "files"
    assert isinstance(one.per_condition, Skipped)
    assert one.per_file.unmapped["RMSE*"] == Skipped("RMSE*", None, "the labels have no column ci")
    constant = evaluate(labels, {"net": [3.0] * 8}, draws=QUICK).estimators[0]
    assert isinstance(constant.per_file.unmapped["PLCC"], Skipped)


def test_two_files_agree_about_nothing() -> None:
    with pytest.raises(MeasurementError, match="needs 3 scored files, given 2"):
        evaluate([label(0, 2), label(1, 3)], {"net": [2, 3]})
    with pytest.raises(MeasurementError, match="3 finite scores"):
        evaluate([label(k, 2 + k) for k in range(3)], {"net": [2, 3, math.nan]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mos\n3\n", "line 1: the column file is missing; there is mos"),
        ("file,score\na.wav,3\n", "line 1: the column mos is missing"),
        ("file,mos\na.wav,good\n", "line 2: mos must be a number from 1 to 5, given 'good'"),
        ("file,mos\na.wav,3\nb.wav,5.1\n", "line 3: mos must be"),
        ("file,mos\na.wav,nan\n", "line 2: mos must be"),
        ("file,mos\na.wav\n", "line 2: mos must be"),
        ("file,mos\n,3\n", "line 2: there is no file name"),
        ("file,mos,ci\na.wav,3,-0.1\n", "line 2: ci must be a number of at least 0, given '-0.1'"),
        ("file,mos,ci\na.wav,3,\n", "line 2: ci must be"),
        ("file,mos,condition\na.wav,3,\n", "line 2: there is no condition"),
        ("file,mos\na.wav,3\nx/../a.wav,4\n", r"line 3: x/\.\./a\.wav has a line already"),
        ("file,mos\n", "no labels below the header"),
        ("", "the column file is missing; there is nothing"),
        ("\xff\xfe", "not a CSV file in UTF-8"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=rf"labels\.csv: .*{message}"):
        read_labels(path)


def test_labels_are_read_relative_to_their_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "\ufefffile, mos ,votes,condition,ci\nclips/a.wav,3.5,20,G.711,0.2\n/b.wav,1,20,loss,0\n", encoding="utf-8"
    )
    assert read_labels(path) == (
        Label("clips/a.wav", tmp_path / "clips" / "a.wav", 3.5, "G.711", 0.2),
        Label("/b.wav", Path("/b.wav"), 1.0, "loss", 0.0),
    )
    with pytest.raises(SettingsError, match="the labels cannot be read"):
        read_labels(tmp_path / "other.csv")


def fitted(labels: list[Label], raw: list[float]) -> tuple[float, float, int]:
    fit = fit_listeners(labels, raw, name="ours", estimator="net 1", context="narrowband")
    return fit.srcc, fit.calibration.residual, fit.conditions


def test_listeners_who_rate_half_a_mos_higher_are_met() -> None:
    labels = rated(8, 3)
    fit = fit_listeners(labels, [x.mos - 0.5 for x in labels], name="ours", estimator="net 1", context="narrowband")
    assert fit.calibration.apply(2.5) == pytest.approx(3.0, abs=0.05)
    assert (fit.calibration.name, fit.calibration.estimator, fit.conditions) == ("ours", "net 1", 8)
    assert not fit.doubtful


def test_the_residual_is_that_of_files_the_fit_has_not_seen() -> None:
    # As for the shipped maps: the middle condition of a line is predicted exactly, the upper one by the knot (5, 4.5).
    labels = [label(4 * row + k, float(2 + row), f"c{row}") for row in range(3) for k in range(4)]
    raw = [x.mos + (0.1 if k % 2 else -0.1) for k, x in enumerate(labels)]
    errors = [-0.1, 0.1, -0.1, 0.1, 3 + 0.9 * 1.5 / 2 - 4, 3 + 1.1 * 1.5 / 2 - 4]
    assert fitted(labels, raw)[1] == pytest.approx(math.sqrt(np.mean(np.square(errors))), abs=0.001)


def test_files_without_conditions_are_fitted_in_ten_parts() -> None:
    rng = np.random.default_rng(2)
    labels = [label(k, float(mos)) for k, mos in enumerate(np.linspace(1.5, 4.4, 40))]
    correlation, residual, conditions = fitted(
        labels, [x.mos - 0.5 + e for x, e in zip(labels, rng.normal(0, 0.3, 40), strict=True)]
    )
    assert conditions == 0
    assert correlation > 0.9
    assert 0.25 < residual < 0.6


def test_listeners_who_cannot_be_fitted_are_refused() -> None:
    labels = rated(8, 3)
    with pytest.raises(MeasurementError, match="needs 8 scored files at least, given 7"):
        fitted(labels[:7], [3.0] * 7)
    same = [replace(item, mos=3.0 + index % 2) for index, item in enumerate(labels)]
    with pytest.raises(MeasurementError, match="3 different mos at least, given 2"):
        fitted(same, [item.mos for item in labels])
    with pytest.raises(MeasurementError, match="do not rise with"):
        fitted(labels, [6 - item.mos for item in labels])
    with pytest.raises(MeasurementError, match="do not rise with"):
        fitted(labels, [3.0] * len(labels))
    falling = [label(k, mos) for k, mos in enumerate([1.0, 4.4, 4.0, 3.6, 3.2, 2.8, 2.4, 2.0, 1.6])]
    with pytest.raises(MeasurementError, match="do not rise with"):
        fitted(falling, [1.5 + 0.3 * k for k in range(len(falling))])


def test_a_low_rank_correlation_is_doubtful() -> None:
    labels = rated(8, 3)
    raw = [item.mos if item.condition in ("c0", "c7") else 6 - item.mos for item in labels]
    assert fit_listeners(labels, raw, name="ours", estimator="net 1", context="wideband").doubtful
