"""The speech that detectors are judged on."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.lab import corpus
from audioqa.lab.clean import CONSTANT_RUN
from audioqa.mend.level import active_level


@pytest.fixture
def _speech() -> None:
    if corpus.data_folder() is None:
        pytest.skip("no real speech here: set AUDIOQA_DATA to the folder of shared audio data")


def test_a_speaker_is_on_one_side_for_good() -> None:
    names = [f"{number:04}" for number in range(2000)]
    tune = sum(corpus.split_of("so762", name) == "tune" for name in names)
    assert 0.15 < tune / 2000 < 0.23
    assert corpus.split_of("so762", "0120") == corpus.split_of("asterisk", "0120")
    assert corpus.split_of("intent", "unknown") == corpus.split_of("wakeword", "unknown") == "tune"


def test_without_data_there_are_no_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOQA_DATA", str(tmp_path))
    monkeypatch.setattr(corpus, "ASTERISK", tmp_path)
    assert corpus.data_folder() is None
    assert list(corpus.calls("test")) == []


@pytest.mark.usefixtures("_speech")
def test_calls_are_half_a_minute_of_faultless_speech() -> None:
    for call in islice(corpus.calls("test"), 5):
        assert 15 <= call.seconds <= 50
        level = 10 * np.log10(np.mean(call.samples.astype(np.float64) ** 2))
        assert -50 < level < -5
        equal = np.diff(np.flatnonzero(np.diff(call.samples) != 0), prepend=-1)
        assert equal.max() < CONSTANT_RUN * corpus.RATE + 2
        assert np.array_equal(call.samples, np.rint(call.samples * 32768) / 32768)


@pytest.mark.usefixtures("_speech")
def test_calls_are_those_of_their_split_and_always_the_same() -> None:
    first, again = (next(iter(corpus.calls("test"))) for _ in range(2))
    assert corpus.split_of(first.corpus, first.speaker) == "test"
    assert np.array_equal(first.samples, again.samples)


@pytest.mark.usefixtures("_speech")
def test_children_and_unknown_speakers_are_not_tested_on() -> None:
    speakers = [(name, speaker) for name, speaker, _ in corpus._speakers()]
    assert sum(name == "so762" for name, _ in speakers) == 128
    tested = {name for name, speaker in speakers if corpus.split_of(name, speaker) == "test"}
    assert "so762" in tested
    assert not tested & {"intent", "wakeword"}


def test_utterances_of_one_speaker_are_brought_to_one_level_without_clipping() -> None:
    def spoken(level: float, peak: float = 0.0) -> NDArray[np.float32]:
        out = np.random.default_rng(1).normal(0, 10 ** (level / 20), 2 * corpus.RATE)
        out[0] = peak
        return out.astype(np.float32)

    short = spoken(-20)[:800]
    given = [spoken(-26), spoken(-14), spoken(-26), spoken(-38, peak=0.9), short]
    levelled = list(corpus._levelled(given))
    assert [active_level(samples, corpus.RATE) for samples in levelled[:3]] == pytest.approx([-26] * 3, abs=0.3)
    assert np.abs(levelled[3]).max() == pytest.approx(0.99)
    assert levelled[4] is short
