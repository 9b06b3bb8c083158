"""A wrong sample rate: the figures of speed move with the rate, and a short or silent recording says nothing."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from conversation import AGENT, CUSTOMER, RATE, conversation, measured

from audioqa.detectors._speed import speed_figures
from audioqa.detectors._speed_weights import WEIGHTS
from audioqa.detectors.relabelled import RateRelabelled
from audioqa.lab.corpus import calls, data_folder
from audioqa.measure import measure, measure_samples
from audioqa.types import Finding


def found(samples: np.ndarray, rate: int) -> tuple[Finding, ...]:
    return RateRelabelled()(measure_samples(samples, rate, channels=("agent", "customer"))).findings


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """Two voices of the fixtures, 8 kHz."""
    from pathlib import Path

    path = Path(__file__).parents[2] / "fixtures" / "clean-pcm.wav"
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


def octaves(samples: np.ndarray, rate: int) -> float:
    channel = measure([samples[:, None]], rate, channels=("one",), activity=None).channels[0]
    figures = speed_figures(channel)
    assert figures is not None
    return float(figures @ np.array(WEIGHTS[:-1]) + WEIGHTS[-1])


def test_speech_under_twice_its_rate_is_an_octave_fast(spoken: np.ndarray) -> None:
    for party in range(2):
        column = np.ascontiguousarray(spoken[:, party])
        assert 0.4 < octaves(column, 2 * RATE) - octaves(column, RATE) < 1.4


def test_the_figures_have_a_weight_each() -> None:
    agent, _ = conversation()
    figures = speed_figures(measured([agent], [AGENT]).channels[0])
    assert figures is not None
    assert len(figures) == len(WEIGHTS) - 1


def test_a_right_rate_is_not_doubted(spoken: np.ndarray) -> None:
    assert found(spoken, RATE) == ()


def test_too_little_speech_says_nothing() -> None:
    short = [party[: 4 * RATE] for party in conversation()]
    assert RateRelabelled()(measured(short, [((0.5, 3.9),), ()])).findings == ()
    silent = [np.zeros(40 * RATE, np.float32)] * 2
    assert RateRelabelled()(measured(silent, [AGENT[:1], CUSTOMER[:1]])).findings == ()


@pytest.mark.skipif(data_folder() is None, reason="no real speech here: set AUDIOQA_DATA")
def test_real_speech_under_a_wrong_rate_is_found_with_its_rate() -> None:
    made = [call for call in calls("test") if call.corpus == "so762"][:4]
    right, fast = 0, 0
    for one, other in zip(made[::2], made[1::2], strict=True):
        count = min(len(one.samples), len(other.samples))
        call = np.stack([one.samples[:count], other.samples[:count]], axis=1)
        right += len(found(call, RATE))
        fast += sum(finding.evidence["likely_hz"] == RATE for finding in found(call, 2 * RATE))
    assert right == 0
    assert fast >= 1
