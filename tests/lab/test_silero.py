"""Speech activity: the network as its package runs it, however the recording is cut into blocks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.errors import MeasurementError
from audioqa.lab.silero import SpeechActivity

RATE = 16_000
REPOSITORY = Path(__file__).parents[2]

# The package's own way: one frame after the other through its streaming model.
PACKAGE = """
import sys
import numpy as np, torch
from silero_vad import load_silero_vad
model = load_silero_vad(onnx=True)
samples = torch.from_numpy(np.load(sys.argv[1]))
np.save(sys.argv[2], model.audio_forward(samples[None], sr=16000)[0].numpy())
"""


@pytest.fixture(scope="module")
def real_speech() -> NDArray[np.float32]:
    """About 20 s of read speech, 16 kHz."""
    soundfile = pytest.importorskip("soundfile")
    folder = Path(os.environ.get("AUDIOQA_DATA", REPOSITORY.parent / "shared" / "data")) / "speech" / "so762"
    if not folder.is_dir():
        pytest.skip("needs real speech: name the folder of the shared data by AUDIOQA_DATA")
    paths = sorted(folder.glob("*/*.flac"))[:200:33]
    return np.concatenate([soundfile.read(path, dtype="float32")[0] for path in paths])


def buzz(seconds: float) -> NDArray[np.float32]:
    """Harmonics with syllables and noise, mono: the network is sure of nothing in it."""
    t = np.arange(round(seconds * RATE)) / RATE
    harmonics = sum(np.sin(2 * np.pi * 130 * k * t + k) / k for k in range(1, 25))
    noise = np.random.default_rng(0).standard_normal(len(t))
    return np.asarray(0.1 * harmonics * np.sin(2 * np.pi * 2 * t) ** 2 + 0.01 * noise, np.float32)


def rate(samples: NDArray[np.float32], *, block: int | None = None) -> NDArray[np.float32]:
    """Probabilities of samples of shape (samples, channels), pushed `block` samples at a time."""
    activity = SpeechActivity(samples.shape[1])
    step = block or len(samples)
    found = [
        activity.push(samples[start : start + step], last=start + step >= len(samples))
        for start in range(0, len(samples), step)
    ]
    return np.concatenate(found)


@pytest.mark.parametrize("block", [97, 160, 512, 513, 32_768, 40_000])
def test_blocks_of_any_size_give_the_same_probabilities(block: int) -> None:
    samples = np.stack([buzz(7.1), buzz(7.1)[::-1]], axis=1)
    whole = rate(samples)
    assert len(whole) == -(-len(samples) // 512)
    np.testing.assert_array_equal(rate(samples, block=block), whole)
    assert np.ptp(whole[:, 0]) > 0.01


def test_the_probabilities_are_those_of_the_package(tmp_path: Path, real_speech: NDArray[np.float32]) -> None:
    np.save(tmp_path / "samples.npy", real_speech)
    command = [sys.executable, "-W", "ignore", "-c", PACKAGE, tmp_path / "samples.npy", tmp_path / "wanted.npy"]
    subprocess.run(command, check=True)
    found = rate(real_speech[:, None])[:, 0]
    np.testing.assert_allclose(found, np.load(tmp_path / "wanted.npy")[: len(found)], atol=2e-3)


def test_channels_do_not_hear_each_other() -> None:
    one, other = buzz(3), 0.5 * buzz(3)[::-1]
    together = rate(np.stack([one, other], axis=1))
    np.testing.assert_array_equal(together[:, :1], rate(one[:, None]))
    np.testing.assert_array_equal(together[:, 1:], rate(other[:, None]))


def test_speech_is_speech_and_noise_is_not(real_speech: NDArray[np.float32]) -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(len(real_speech)).astype(np.float32)
    speech, nothing = rate(np.stack([real_speech, noise], axis=1)).T
    assert np.mean(speech > 0.5) > 0.5
    assert np.mean(nothing > 0.5) < 0.01


def test_a_ringing_tone_is_not_speech() -> None:
    t = np.arange(4 * RATE) / RATE
    tone = 0.2 * (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) * (t % 3 < 2)
    assert np.mean(rate(tone[:, None].astype(np.float32)) > 0.5) < 0.05


def test_exact_silence_is_never_speech(real_speech: NDArray[np.float32]) -> None:
    # Cut in the middle of a word, where the network on its own needs some frames to notice.
    spoken = rate(real_speech[:, None])[:, 0]
    cut = int(np.flatnonzero(spoken[20:] > 0.95)[0]) + 21
    silenced = real_speech.copy()
    silenced[cut * 512 :] = 0
    found = rate(silenced[:, None])[:, 0]
    assert found[cut - 1] > 0.5
    assert (found[cut:] == 0).all()


def test_every_frame_begun_is_rated() -> None:
    for samples, frames in ((0, 0), (1, 1), (512, 1), (513, 2), (32_768, 64), (32_769, 65)):
        assert SpeechActivity(2).push(np.full((samples, 2), 0.01, np.float32), last=True).shape == (frames, 2)


@pytest.mark.parametrize("sample", [1e10, 1e30, np.inf])
def test_samples_beyond_full_scale_are_taken_as_full_scale(sample: float) -> None:
    samples = buzz(3)[:, None]
    samples[1000] = sample
    limited = np.clip(samples, -1, 1)
    np.testing.assert_array_equal(rate(samples), rate(limited))


def test_a_sample_that_is_not_a_number_is_refused() -> None:
    samples = buzz(3)[:, None]
    samples[40_000] = np.nan
    with pytest.raises(MeasurementError, match="NaN"):
        rate(samples)


def test_another_number_of_channels_is_refused() -> None:
    with pytest.raises(MeasurementError, match=r"shape \(samples, 2\), given \(100, 1\)"):
        SpeechActivity(2).push(np.zeros((100, 1), np.float32))


def test_nothing_may_follow_the_last_block() -> None:
    activity = SpeechActivity(1)
    activity.push(np.zeros((100, 1), np.float32), last=True)
    with pytest.raises(MeasurementError, match="had ended"):
        activity.push(np.zeros((100, 1), np.float32))


def test_neither_torch_nor_the_package_is_imported() -> None:
    script = """
import sys
import numpy as np
from audioqa.lab.silero import SpeechActivity
SpeechActivity(1).push(np.zeros((16000, 1), np.float32), last=True)
print([module for module in ("torch", "librosa", "scipy.signal", "silero_vad") if module in sys.modules])
"""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
