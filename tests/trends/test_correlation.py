"""Scores and numbers of one's own: coefficients are SciPy's, by basis, with counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from audioqa.errors import SettingsError
from audioqa.store import Store, open_store
from audioqa.store.trend_keeping import bring_up_to_date
from audioqa.trends.correlation import correlated, correlated_with, numeric_names, read_numbers
from audioqa.trends.report import Question
from audioqa.types.trends import Estimate, TooFew
from tests.store.examples import begin, item, put, report


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Store, np.ndarray, np.ndarray]]:
    """Calls with a satisfaction that goes with the MOS, of one estimator; and a few of another."""
    rng = np.random.default_rng(5)
    mos = np.round(rng.uniform(1, 4.5, 80), 4)
    csat = np.clip(np.round(mos + rng.normal(0, 0.8, 80)), 1, 5)
    with open_store(str(tmp_path / "calls.db")) as opened:
        run = begin(opened)
        for number in range(80):
            tags = {"csat": f"{csat[number]:g}", "shift": "early"}
            put(opened, run, item(f"{number}", tags=tags, network={"loss": number / 10}), report(float(mos[number])))
        for number in range(5):
            made = replace(report(4.0), estimator="two")
            put(opened, run, item(f"other {number}", tags={"csat": "5"}), made, content=f"two {number}")
        yield opened, mos, csat


def test_coefficients_are_scipys(store: tuple[Store, np.ndarray, np.ndarray]) -> None:
    opened, mos, csat = store
    one, other = correlated(opened, Question(), "csat")
    assert isinstance(one.pearson, Estimate)
    assert isinstance(one.spearman, Estimate)
    found = stats.pearsonr(mos, csat)
    interval = found.confidence_interval()
    assert (one.pearson.value, one.pearson.low, one.pearson.high) == pytest.approx(
        (found.statistic, interval.low, interval.high), abs=1e-6
    )
    assert one.spearman.value == pytest.approx(stats.spearmanr(mos, csat).statistic)
    assert one.spearman.low < one.spearman.value < one.spearman.high
    assert (other.estimator, other.calls, other.pearson) == ("two", 5, TooFew(5, 30))
    assert correlated(opened, Question(least=5), "csat")[1].why == "csat is the same in all calls"
    (loss,) = correlated(opened, Question(), "network.loss")
    assert loss.calls == 80


def test_a_file_says_the_same_as_the_tag(store: tuple[Store, np.ndarray, np.ndarray]) -> None:
    opened, _, csat = store
    rows = "\n".join(f"{number};{value:g};x" for number, value in enumerate(csat)).replace(".", ",")
    numbers = read_numbers(f"\ufeffcall_id;csat;note\n{rows}\nnobody;1;x\nother 0;;x\n")
    assert set(numbers.columns) == {"csat"}
    found, unknown = correlated_with(opened, Question(), numbers)
    assert unknown == 1
    assert found[0] == correlated(opened, Question(), "csat")[0]
    assert found[1].calls == 0


def test_numbers_are_told_from_words(store: tuple[Store, np.ndarray, np.ndarray]) -> None:
    bring_up_to_date(store[0].engine)
    assert numeric_names(store[0], ["csat", "shift", "nothing"], tenant=None) == ["csat"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("call,csat\n1,2\n", "call_id is missing"), ("call_id,a\n1,x\n", "no column holds"), ("", "missing")],
)
def test_a_file_without_numbers_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_numbers(text)
