"""The estimators: as their packages score, without what their packages do wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.errors import MeasurementError, SettingsError, WeightsError
from audioqa.perceptual.estimator import Estimator
from audioqa.perceptual.loading import ESTIMATORS, load_estimator

RATE = 16_000
REPOSITORY = Path(__file__).parents[2]

# Stand-ins for what the packages import and the scores do not need.
DISTILLMOS_PACKAGE = """
import sys, types
sys.modules["torchaudio"] = types.ModuleType("torchaudio")
import numpy as np, torch
from distillmos import ConvTransformerSQAModel
torch.set_num_threads(1)
network = ConvTransformerSQAModel().eval()
clips = np.load(sys.argv[1])
with torch.no_grad():
    scores = [float(network(torch.from_numpy(clips[name])[None])) for name in clips.files]
np.save(sys.argv[2], scores)
"""
DNSMOS_PACKAGE = """
import sys, types
import numpy as np
librosa, requests = types.ModuleType("librosa"), types.ModuleType("requests")
requests.session = None
librosa.power_to_db = lambda spectrogram, ref: spectrogram
librosa.feature = types.SimpleNamespace(melspectrogram=lambda **_: np.zeros((120, 900)))
sys.modules.update(librosa=librosa, requests=requests)
from speechmos import dnsmos
clips = np.load(sys.argv[1])
found = [dnsmos.run(clips[name], 16000) for name in clips.files]
np.save(sys.argv[2], [[one["ovrl_mos"], one["sig_mos"], one["bak_mos"]] for one in found])
"""


@pytest.fixture(scope="module")
def distillmos() -> Estimator:
    return load_estimator("distillmos")


@pytest.fixture(scope="module")
def dnsmos() -> Estimator:
    return load_estimator("dnsmos")


@pytest.fixture(scope="module", params=ESTIMATORS)
def estimator(request: pytest.FixtureRequest) -> Estimator:
    return load_estimator(request.param)


@pytest.fixture(scope="module")
def real_speech() -> list[NDArray[np.float32]]:
    """Eight real clips of 2 s and more, 16 kHz."""
    soundfile = pytest.importorskip("soundfile")
    folder = Path(os.environ.get("AUDIOQA_DATA", REPOSITORY.parent / "shared" / "data")) / "speech" / "so762"
    if not folder.is_dir():
        pytest.skip("needs real speech: name the folder of the shared data by AUDIOQA_DATA")
    clips = [soundfile.read(path, dtype="float32")[0] for path in sorted(folder.glob("*/*.flac"))[::120]]
    return [clip for clip in clips if len(clip) >= 2 * RATE][:8]


def voiced(seconds: float, *, seed: int) -> NDArray[np.float32]:
    """A buzz with syllables over a noise floor: no speech, but nothing that a network finds trivial."""
    generator = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * t + seed)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 25))
    syllables = np.clip(np.sin(2 * np.pi * 3 * t), 0, None)
    return np.asarray(0.1 * buzz * syllables + 0.002 * generator.standard_normal(len(t)), np.float32)


def package_scores(script: str, clips: list[NDArray[np.float32]], folder: Path) -> NDArray[np.float64]:
    """What the package itself says of each clip, in a process of its own."""
    np.savez(folder / "clips.npz", **{f"{i:03}": clip for i, clip in enumerate(clips)})  # type: ignore[arg-type]
    command = [sys.executable, "-W", "ignore", "-c", script, str(folder / "clips.npz"), str(folder / "scores.npy")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(folder / "scores.npy")


def mos(estimator: Estimator, clips: list[NDArray[np.float32]]) -> list[float]:
    return [estimator.score(clip[None])[0].mos for clip in clips]


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(SettingsError, match=r"no estimator 'nisqua'; there are callmos, distillmos, dnsmos, nisqa"):
        load_estimator("nisqua")


def test_no_threads_at_all_are_refused() -> None:
    with pytest.raises(SettingsError, match="threads must be at least 1, given 0"):
        load_estimator("dnsmos", threads=0)


def test_distillmos_scores_as_its_package_at_every_length(distillmos: Estimator, tmp_path: Path) -> None:
    clips = [voiced(seconds, seed=i) for i, seconds in enumerate((0.05, 1.0, 3.3, 7.0, 7.68))]
    assert mos(distillmos, clips) == pytest.approx(package_scores(DISTILLMOS_PACKAGE, clips, tmp_path), abs=0.002)


def test_distillmos_scores_real_speech_as_its_package(
    distillmos: Estimator, real_speech: list[NDArray[np.float32]], tmp_path: Path
) -> None:
    clips = [clip[: round(7.68 * RATE)] for clip in real_speech]
    assert mos(distillmos, clips) == pytest.approx(package_scores(DISTILLMOS_PACKAGE, clips, tmp_path), abs=0.002)


def test_distillmos_scores_the_centre_of_a_window(distillmos: Estimator) -> None:
    window = voiced(8, seed=1)
    margin = round((8 - 7.68) / 2 * RATE)
    altered = window.copy()
    altered[:margin] = altered[-margin:] = 0.9
    assert mos(distillmos, [altered]) == mos(distillmos, [window])
    altered[margin] = 0.9
    assert mos(distillmos, [altered]) != mos(distillmos, [window])


def test_dnsmos_scores_as_its_package_where_that_rates_a_clip_once(dnsmos: Estimator, tmp_path: Path) -> None:
    clips = [voiced(seconds, seed=i) for i, seconds in enumerate((4.6, 5.2))]
    found = [opinion for clip in clips for opinion in dnsmos.score(clip[None])]
    ours = [[one.mos, one.dimensions["sig"], one.dimensions["bak"]] for one in found]
    np.testing.assert_allclose(ours, package_scores(DNSMOS_PACKAGE, clips, tmp_path), atol=1e-4)


def test_noise_added_to_speech_lowers_the_score(estimator: Estimator, real_speech: list[NDArray[np.float32]]) -> None:
    noise = np.random.default_rng(0).standard_normal(8 * RATE).astype(np.float32)
    for clip in real_speech[:3]:
        level = np.sqrt(np.mean(clip**2)) * noise[: len(clip)]
        clean, slight, heavy = mos(estimator, [clip, clip + 0.1 * level, clip + 0.5 * level])
        assert clean > slight > heavy


def test_dnsmos_finds_noise_in_the_background_dimension(
    dnsmos: Estimator, real_speech: list[NDArray[np.float32]]
) -> None:
    clip = real_speech[0]
    noise = np.sqrt(np.mean(clip**2)) * np.random.default_rng(0).standard_normal(len(clip)).astype(np.float32)
    clean, noisy = (dnsmos.score(signal[None])[0].dimensions for signal in (clip, clip + 0.2 * noise))
    assert clean["bak"] - noisy["bak"] > clean["sig"] - noisy["sig"]


def test_a_window_scores_the_same_alone_and_among_others(estimator: Estimator) -> None:
    windows = np.stack([voiced(8, seed=seed) for seed in range(3)])
    together = estimator.score(windows)
    assert together == [estimator.score(window[None])[0] for window in windows]
    assert len({opinion.mos for opinion in together}) == 3


def test_no_windows_have_no_scores(estimator: Estimator) -> None:
    assert estimator.score(np.zeros((0, 8 * RATE), np.float32)) == []


@pytest.mark.parametrize("shape", [(8 * RATE,), (1, 8 * RATE + 1), (1, 0)])
def test_another_shape_is_refused(estimator: Estimator, shape: tuple[int, ...]) -> None:
    with pytest.raises(MeasurementError, match=r"shape \(count, 1 to 128000 samples\)"):
        estimator.score(np.zeros(shape, np.float32))


@pytest.mark.parametrize("sample", [np.nan, np.inf])
def test_a_sample_that_is_not_finite_is_refused(estimator: Estimator, sample: float) -> None:
    window = np.zeros((1, RATE), np.float32)
    window[0, 100] = sample
    with pytest.raises(MeasurementError, match="finite"):
        estimator.score(window)


def test_digital_silence_has_a_finite_score(estimator: Estimator) -> None:
    (opinion,) = estimator.score(np.zeros((1, 8 * RATE), np.float32))
    assert 1 <= opinion.mos <= 5


def test_the_identity_names_release_and_weights(distillmos: Estimator, dnsmos: Estimator) -> None:
    assert distillmos.identity == "distillmos 0.9.1 sha256:b18b3ac60227"
    assert dnsmos.identity == "dnsmos 0.0.1.1 sha256:269fbebdb513"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_scoring_is_light_and_its_memory_does_not_grow(name: str) -> None:
    load_estimator(name)  # so that the process below has nothing to export
    script = f"""
import resource, sys
import numpy as np
from audioqa.perceptual.loading import load_estimator
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
estimator = load_estimator({name!r})
windows = np.zeros((12, 128000), np.float32)
windows[:, ::50] = 0.1
estimator.score(windows[:1])
before = peak()
estimator.score(windows)
loaded = [module for module in ("torch", "librosa", "scipy.signal", "distillmos", "speechmos") if module in sys.modules]
print(peak() - before, loaded)
"""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    growth, loaded = done.stdout.split(maxsplit=1)
    assert float(growth) < 40  # MB; one window more at a time would take 75 to 110
    assert loaded.strip() == "[]"


def test_a_failing_export_says_why_and_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xls_r_sqa.py").write_text("raise ImportError('broken on purpose')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("AUDIOQA_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WeightsError, match=r"could not be exported.*broken on purpose.*pip install.*xls-r-sqa"):
        load_estimator("distillmos")
