"""The rated set is read as it is, the mixture is an equal one, and PLCMOS repeats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audioqa.evaluation.compare import evaluate
from audioqa.evaluation.labels import Label
from audioqa.lab.agreement import MIXTURE, mixture, rated_set, rows
from audioqa.lab.plcmos import Plcmos
from audioqa.perceptual.estimator import RATE


def test_the_rated_set_has_8_files_in_each_of_12_conditions(audio_data: Path) -> None:
    labels = rated_set(audio_data / "rated" / "noizeus_nb")
    assert len(labels) == 96
    assert {sum(other.condition == label.condition for other in labels) for label in labels} == {8}
    assert all(label.path.is_file() and label.ci for label in labels)


def test_a_mixture_weighs_each_network_by_its_spread() -> None:
    mixed = mixture({"distillmos": [1.0, 2.0, 3.0], "plcmos": [1.0, 1.2, 1.4], "else": [9.0, 0.0, 0.0]})
    assert mixed == pytest.approx((-2 * np.sqrt(1.5), 0, 2 * np.sqrt(1.5)))


def test_of_the_mixture_only_the_correlation_is_printed() -> None:
    labels = [Label(f"{k}.wav", Path(f"{k}.wav"), 1.5 + 0.3 * k, f"c{k // 2}") for k in range(10)]
    scores = {"distillmos": [label.mos for label in labels], MIXTURE: [label.mos - 3 for label in labels]}
    lines = list(rows(evaluate(labels, scores, draws=20), "own"))
    assert [line.split("  ")[0] for line in lines] == ["distillmos"] * 4 + [MIXTURE, f"{MIXTURE} - distillmos"] * 2
    assert {line.count("[") for line in lines if line.startswith(MIXTURE)} == {1}
    assert {line.count("[") for line in lines if line.startswith("distillmos")} == {4}  # and no RMSE* without intervals


def test_plcmos_repeats_and_hears_gaps() -> None:
    rng = np.random.default_rng(1)
    tone = np.sin(2 * np.pi * 150 * np.arange(4 * RATE) / RATE) * (1 + np.sin(np.arange(4 * RATE) / 3000))
    whole = (0.2 * tone + rng.normal(0, 0.003, len(tone))).astype(np.float32)
    gaps = whole.copy()
    gaps.reshape(-1, 1600)[::3] = 0
    network = Plcmos()
    first, again, worse = network.score(np.stack([whole, whole, gaps]))
    assert first == again
    assert worse.mos < first.mos - 0.3
