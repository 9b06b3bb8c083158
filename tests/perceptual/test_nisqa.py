"""NISQA by weights that the user supplies: what is computed, what is refused, what a report says of it.

The weights here are drawn at random in the published layout; what the published ones say is tried only where
``AUDIOQA_NISQA_WEIGHTS`` names them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from audioqa.errors import MeasurementError, SettingsError, WeightsError
from audioqa.perceptual.estimator import Estimator
from audioqa.perceptual.loading import load_estimator
from audioqa.perceptual.nisqa_network import load_network
from audioqa.perceptual.nisqa_spectrogram import mel_filters, mel_spectrogram, segments
from audioqa.settings import load_settings

RATE = 16_000
REPOSITORY = Path(__file__).parents[2]

ARGUMENTS = {
    "model": "NISQA_DIM",
    "name": "random weights",
    "ms_sr": None,
    "ms_fmax": 20000,
    "ms_n_fft": 4096,
    "ms_hop_length": 0.01,
    "ms_win_length": 0.02,
    "ms_n_mels": 48,
    "ms_seg_length": 15,
    "ms_seg_hop_length": 4,
    "cnn_kernel_size": (3, 3),
    "cnn_pool_1": [24, 7],
    "cnn_pool_2": [12, 5],
    "cnn_pool_3": [6, 3],
    "td_sa_nhead": 1,
    "td_sa_pos_enc": False,
}


def shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the published tensors."""
    found: dict[str, tuple[int, ...]] = {}
    channels = (1, 16, 32, 64, 64, 64, 64)
    for i in range(1, 7):
        found[f"cnn.model.conv{i}.weight"] = (channels[i], channels[i - 1], 3, 3)
        found[f"cnn.model.conv{i}.bias"] = (channels[i],)
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"cnn.model.bn{i}.{part}"] = (channels[i],)
        found[f"cnn.model.bn{i}.num_batches_tracked"] = ()
    found |= {f"time_dependency.model.norm1.{part}": (64,) for part in ("weight", "bias")}
    found |= {"time_dependency.model.linear.weight": (64, 384), "time_dependency.model.linear.bias": (64,)}
    for layer in (f"time_dependency.model.layers.{i}" for i in range(2)):
        found |= {f"{layer}.self_attn.in_proj_weight": (192, 64), f"{layer}.self_attn.in_proj_bias": (192,)}
        for part in ("self_attn.out_proj", "linear1", "linear2"):
            found |= {f"{layer}.{part}.weight": (64, 64), f"{layer}.{part}.bias": (64,)}
        found |= {f"{layer}.{norm}.{part}": (64,) for norm in ("norm1", "norm2") for part in ("weight", "bias")}
    for head in (f"pool_layers.{i}.model" for i in range(5)):
        found |= {f"{head}.linear1.weight": (128, 64), f"{head}.linear1.bias": (128,)}
        found |= {f"{head}.linear2.weight": (1, 128), f"{head}.linear2.bias": (1,)}
        found |= {f"{head}.linear3.weight": (1, 64), f"{head}.linear3.bias": (1,)}
    return found


def random_tensors() -> dict[str, Tensor]:
    """Weights that let differences through: of unit gain, with the scores around 3."""
    generator = torch.Generator().manual_seed(1)
    tensors: dict[str, Tensor] = {}
    for name, shape in shapes().items():
        drawn = torch.randn(shape, generator=generator)
        if name.endswith("num_batches_tracked"):
            tensors[name] = torch.tensor(7)
        elif name.endswith("running_var"):
            tensors[name] = 0.5 + drawn.abs()
        elif len(shape) > 1:
            tensors[name] = drawn * math.sqrt(2 / math.prod(shape[1:]))
        else:
            tensors[name] = 0.1 * drawn + (1 if ".norm" in name or ".bn" in name else 0)
        if name.endswith("linear3.weight"):
            tensors[name] *= 0.2
        if name.endswith("linear3.bias"):
            tensors[name] += 3
    return tensors


def saved(path: Path, tensors: object, arguments: object = ARGUMENTS) -> Path:
    torch.save({"args": arguments, "model_state_dict": tensors}, path)
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("weights") / "random.tar", random_tensors())


@pytest.fixture(scope="module")
def nisqa(weights: Path) -> Estimator:
    return load_estimator("nisqa", weights=weights)


def voiced(seconds: float, *, seed: int = 0) -> NDArray[np.float32]:
    """A buzz with syllables over a noise floor."""
    t = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * (110 + 10 * seed) * k * t) / k for k in range(1, 25))
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return np.asarray(0.1 * buzz * np.clip(np.sin(2 * np.pi * 3 * t), 0, None) + 0.002 * noise, np.float32)


def rated_by_the_paper(w: dict[str, Tensor], maps: Tensor) -> Tensor:
    """The network written down once more, on the published names: the second route to the same answer."""
    for i, pooled in enumerate([(24, 7), (12, 5), None, (6, 3), None, None], start=1):
        maps = functional.conv2d(
            maps, w[f"cnn.model.conv{i}.weight"], w[f"cnn.model.conv{i}.bias"], padding=(1, 1 if i < 6 else 0)
        )
        scale, shift, mean, variance = (
            w[f"cnn.model.bn{i}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
        )
        maps = torch.relu(scale * (maps - mean) / torch.sqrt(variance + 1e-5) + shift)
        if pooled:
            maps = functional.adaptive_max_pool2d(maps, pooled)

    def linear(name: str, x: Tensor) -> Tensor:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def normalised(name: str, x: Tensor) -> Tensor:
        spread = torch.sqrt(x.var(1, correction=0, keepdim=True) + 1e-5)
        return (x - x.mean(1, keepdim=True)) / spread * w[f"{name}.weight"] + w[f"{name}.bias"]

    x = normalised("time_dependency.model.norm1", linear("time_dependency.model.linear", maps.flatten(1)))
    for name in (f"time_dependency.model.layers.{i}" for i in range(2)):
        asked = x @ w[f"{name}.self_attn.in_proj_weight"].T + w[f"{name}.self_attn.in_proj_bias"]
        query, key, value = asked.split(64, dim=1)
        attended = torch.softmax(query @ key.T / 8, dim=1) @ value
        x = normalised(f"{name}.norm1", x + linear(f"{name}.self_attn.out_proj", attended))
        x = normalised(f"{name}.norm2", x + linear(f"{name}.linear2", torch.relu(linear(f"{name}.linear1", x))))
    answers = []
    for head in (f"pool_layers.{i}.model" for i in range(5)):
        share = torch.softmax(linear(f"{head}.linear2", torch.relu(linear(f"{head}.linear1", x))), dim=0)
        answers.append(linear(f"{head}.linear3", share.T @ x)[0])
    return torch.cat(answers)


def test_the_network_answers_as_the_paper_describes_it() -> None:
    tensors = random_tensors()
    drawn = 20 * torch.randn((40, 1, 48, 15), generator=torch.Generator().manual_seed(2)) - 40
    with torch.no_grad():
        given = load_network(tensors)(drawn)
        wanted = rated_by_the_paper(tensors, drawn)
    np.testing.assert_allclose(given, wanted, atol=1e-4)
    assert given.std() > 0.05


@pytest.mark.parametrize("samples", [2240, 16_000, 20_001])
def test_the_spectrogram_is_that_of_librosa_at_16_khz(samples: int) -> None:
    librosa = pytest.importorskip("librosa")
    signal = voiced(2)[:samples]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty filters, and of signals shorter than the transform
        magnitude = librosa.feature.melspectrogram(
            y=signal, sr=RATE, n_fft=4096, hop_length=160, win_length=320, power=1.0, n_mels=48, fmax=20_000,
            pad_mode="reflect",
        )  # fmt: skip
    wanted = librosa.amplitude_to_db(magnitude, ref=1.0, amin=1e-4, top_db=80.0)
    given = mel_spectrogram(torch.from_numpy(signal), mel_filters())
    assert given.dtype == torch.float32
    np.testing.assert_allclose(given, wanted, atol=0.01)


def test_a_window_is_rated_by_segments_of_15_frames_every_4(nisqa: Estimator) -> None:
    window = voiced(3)
    spectrogram = mel_spectrogram(torch.from_numpy(window), mel_filters())
    cut = torch.stack([spectrogram[:, i : i + 15] for i in range(0, spectrogram.shape[1] - 14, 4)])[:, None]
    assert torch.equal(segments(window, mel_filters()), cut)
    wanted = rated_by_the_paper(random_tensors(), cut)
    (opinion,) = nisqa.score(window[None])
    np.testing.assert_allclose([opinion.mos, *opinion.dimensions.values()], wanted, atol=1e-3)


def test_the_heads_are_overall_noisiness_discontinuity_coloration_and_loudness(tmp_path: Path) -> None:
    tensors = random_tensors()
    for i, constant in enumerate((1.5, 2.0, 3.0, 4.0, 4.5)):
        tensors[f"pool_layers.{i}.model.linear3.weight"] *= 0
        tensors[f"pool_layers.{i}.model.linear3.bias"] = torch.tensor([constant])
    (opinion,) = load_estimator("nisqa", weights=saved(tmp_path / "w", tensors)).score(voiced(1)[None])
    assert opinion.mos == 1.5
    assert opinion.dimensions == {"noi": 2.0, "dis": 3.0, "col": 4.0, "loud": 4.5}


def test_scores_stay_on_the_scale_of_the_ratings(tmp_path: Path) -> None:
    tensors = random_tensors()
    tensors["pool_layers.0.model.linear3.bias"] += 40
    tensors["pool_layers.1.model.linear3.bias"] -= 40
    (opinion,) = load_estimator("nisqa", weights=saved(tmp_path / "w", tensors)).score(voiced(1)[None])
    assert (opinion.mos, opinion.dimensions["noi"]) == (5.0, 1.0)


def test_a_window_scores_the_same_alone_and_among_others(nisqa: Estimator) -> None:
    windows = np.stack([voiced(8, seed=seed) for seed in range(3)])
    together = nisqa.score(windows)
    assert together == [nisqa.score(window[None])[0] for window in windows]
    assert len({opinion.mos for opinion in together}) == 3
    assert nisqa.score(windows[:0]) == []


@pytest.mark.parametrize("samples", [1, 160, 161, 2239, 2241, 128_000])
def test_every_length_has_a_score_and_the_shortest_are_completed_with_zeros(nisqa: Estimator, samples: int) -> None:
    window = np.resize(voiced(4), samples)
    completed = np.pad(window, (0, max(0, 2240 - samples)))
    assert nisqa.score(window[None]) == nisqa.score(completed[None])


def test_silence_and_extreme_samples_have_finite_scores(nisqa: Estimator) -> None:
    for level in (0.0, 1e-30, 1e30):
        (opinion,) = nisqa.score(np.full((1, RATE), level, np.float32))
        assert all(1 <= value <= 5 for value in (opinion.mos, *opinion.dimensions.values()))


@pytest.mark.parametrize("shape", [(RATE,), (1, 8 * RATE + 1), (1, 0)])
def test_another_shape_is_refused(nisqa: Estimator, shape: tuple[int, ...]) -> None:
    with pytest.raises(MeasurementError, match=r"shape \(count, 1 to 128000 samples\)"):
        nisqa.score(np.zeros(shape, np.float32))


def test_the_identity_names_release_and_weights(nisqa: Estimator, weights: Path) -> None:
    assert nisqa.identity == f"nisqa 2.0 sha256:{hashlib.sha256(weights.read_bytes()).hexdigest()[:12]}"


class Runs:
    """A pickle that would make a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


def changed(name: str, value: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    tensors = random_tensors()
    tensors[name] = value(tensors[name])
    return tensors


LACKING = {name: tensor for name, tensor in random_tensors().items() if name != "cnn.model.conv6.bias"}
BIAS = "pool_layers.4.model.linear3.bias"
UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no file": (lambda _: None, "cannot be read: No such file"),
    "a folder": (lambda path: path.mkdir(), "cannot be read: Is a directory"),
    "empty": (lambda path: path.touch(), "not a checkpoint"),
    "text": (lambda path: path.write_text("Dear customer"), "not a checkpoint"),
    "noise": (lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)), "not a checkpoint"),
    "code": (lambda path: saved(path, Runs()), "could run code and is refused"),
    "old code": (lambda path: path.write_bytes(pickle.dumps(Runs())), "could run code and is refused"),
    "a list": (lambda path: torch.save([1], path), "no weights of NISQA"),
    "another dictionary": (lambda path: torch.save({"model": {}}, path), "no weights of NISQA"),
    "MOS only": (lambda path: saved(path, {}, {"model": "NISQA"}), "model is 'NISQA', not 'NISQA_DIM'.*mos_only"),
    "other bands": (lambda path: saved(path, {}, ARGUMENTS | {"ms_fmax": 8000}), "ms_fmax is 8000, not 20000"),
    "a tensor short": (lambda path: saved(path, LACKING), r"no tensor cnn\.model\.conv6\.bias"),
    "a tensor too many": (
        lambda path: saved(path, random_tensors() | {"cnn.model.conv7.bias": torch.zeros(1)}),
        r"1 tensors too many, cnn\.model\.conv7\.bias",
    ),
    "no tensor": (lambda path: saved(path, random_tensors() | {BIAS: 3.0}), f"no tensor {BIAS}"),
    "another shape": (
        lambda path: saved(path, changed(BIAS, lambda t: t.repeat(2))),
        r"float32 \(2,\).*float32 \(1,\)",
    ),
    "another type": (lambda path: saved(path, changed(BIAS, Tensor.double)), r"float64 \(1,\)"),
    "NaN": (lambda path: saved(path, changed(BIAS, lambda t: t * math.nan)), "holds NaN"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_cannot_be_used_is_named_with_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "given.tar"
    make, cause = UNUSABLE[name]
    make(path)
    with pytest.raises(WeightsError, match=rf"given\.tar: .*{cause}.*nisqa\.tar of github\.com/gabrielmittag/NISQA"):
        load_estimator("nisqa", weights=path)
    assert not (tmp_path / "ran").exists()


def test_a_damaged_file_is_refused_and_never_a_traceback(weights: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    whole = np.frombuffer(weights.read_bytes(), np.uint8)
    path = tmp_path / "damaged.tar"
    refused = 0
    for draw in range(60):
        content = whole.copy()
        # The pickle stands at the start and the directory of the archive at the end.
        places = rng.integers(0, 12_000, 20) * (1 if draw % 2 else -1)
        content[places] = rng.integers(0, 256, 20)
        path.write_bytes(content[: len(content) if draw % 3 else rng.integers(1, len(content))].tobytes())
        try:
            load_estimator("nisqa", weights=path)
        except WeightsError:
            refused += 1
    assert refused > 30


def test_weights_are_asked_for_and_refused_where_they_do_not_belong(weights: Path) -> None:
    with pytest.raises(SettingsError, match=r"nisqa needs a file of weights .--weights, AUDIOQA_WEIGHTS"):
        load_estimator("nisqa")
    with pytest.raises(SettingsError, match=r"dnsmos takes no weights, given .*random\.tar: only nisqa does"):
        load_estimator("dnsmos", weights=weights)
    with pytest.raises(SettingsError, match="threads must be at least 1, given 0"):
        load_estimator("nisqa", weights=weights, threads=0)


def test_weights_are_an_option_a_variable_and_a_key(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AUDIOQA_CONFIG", "AUDIOQA_ESTIMATOR", "AUDIOQA_WEIGHTS", "AUDIOQA_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("audioqa.toml").write_text('estimator = "nisqa"\nweights = "file.tar"\n', encoding="utf-8")
    assert load_settings().weights == Path("file.tar")
    monkeypatch.setenv("AUDIOQA_WEIGHTS", "variable.tar")
    assert load_settings().weights == Path("variable.tar")
    assert load_settings(weights=weights).weights == weights
    assert load_settings(estimator="nisqa").weights == Path("variable.tar")
    assert load_settings(estimator="none").analyser().estimator is None  # the variable is for another
    with pytest.raises(SettingsError, match="no estimator was asked for"):
        load_settings(estimator="none", weights=weights).analyser()


def score(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(REPOSITORY)}
    environment.pop("AUDIOQA_WEIGHTS", None)
    command = [sys.executable, "-m", "audioqa", "score", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of both parties."""
    samples, rate = soundfile.read(REPOSITORY / "fixtures" / "clean-pcm.wav", frames=12 * 8000)
    path = tmp_path_factory.mktemp("calls") / "call.wav"
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


def test_a_call_is_reported_on_the_models_own_scale_without_bands_or_flags_of_the_mos(
    call: Path, tmp_path: Path
) -> None:
    low = random_tensors()
    low["pool_layers.0.model.linear3.bias"] -= 1.5  # far below every threshold of the bands
    path = saved(tmp_path / "low.tar", low)
    shown = score(call, "--estimator", "nisqa", "--weights", path, "--json")
    assert shown.returncode == 0, shown.stderr
    report = json.loads(shown.stdout)
    assert report["mos"]["context"] == "model"
    assert report["mos"]["value"] < 3
    assert report["mos"]["source"].startswith("nisqa 2.0 sha256:")
    assert report["mos"]["source"].endswith("not calibrated")
    assert "on the model's own scale" in report["band"]["skipped"]
    assert {flag["rule"] for flag in report["flags"]} & {"low-mos", "painful-stretch"} == set()
    windows = [window for party in report["parties"] for window in party["mos"].get("windows", [])]
    assert windows
    assert all(set(window["dimensions"]) == {"noi", "dis", "col", "loud"} for window in windows)


def test_table_page_and_csv_say_that_bands_do_not_apply(call: Path, weights: Path, tmp_path: Path) -> None:
    given = (call, "--estimator", "nisqa", "--weights", weights)
    table = score(*given, "--html", tmp_path / "page.html")
    assert table.returncode == 0, table.stderr
    words = "the score is on the model's own scale, which no calibration ties to the bands: they do not apply"
    assert f"no band: {words}" in " ".join(table.stdout.split())
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"No band: {words}" in page.replace("&#x27;", "'").replace("&#39;", "'")
    assert '"bands": []' in page or '"bands":[]' in page
    rows = list(csv.DictReader(io.StringIO(score(*given, "--csv").stdout)))
    scored = [row for row in rows if row["mos_pred"]]
    assert scored
    for row in scored:
        assert (row["mos_scale"], row["band"]) == ("MOS-LQO model", "")
        assert words in row["skipped"]
        assert all(1 <= float(row[f"{name}_pred"]) <= 5 for name in ("noi", "dis", "col", "loud"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--estimator", "nisqa"), "nisqa needs a file of weights"),
        (("--estimator", "nisqa", "--weights", "nowhere.tar"), "nowhere.tar: the weights cannot be read"),
        (("--weights", "nowhere.tar"), "callmos takes no weights, given nowhere.tar"),
    ],
)
def test_bad_usage_exits_with_2_and_says_why(call: Path, arguments: tuple[str, ...], message: str) -> None:
    shown = score(call, *arguments)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr
    assert shown.stdout == ""


def test_torch_and_librosa_are_imported_only_with_the_weights() -> None:
    code = (
        "import sys, audioqa.perceptual.nisqa, audioqa.settings\n"
        "audioqa.settings.load_settings(estimator='dnsmos').analyser()\n"
        "print(sorted({'torch', 'librosa', 'numba', 'scipy.signal'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_published_weights_hear_noise_as_noise(audio_data: Path) -> None:
    named = os.environ.get("AUDIOQA_NISQA_WEIGHTS")
    if not named:
        pytest.skip("no published weights: name nisqa.tar by AUDIOQA_NISQA_WEIGHTS")
    published = load_estimator("nisqa", weights=Path(named))
    paths = sorted((audio_data / "speech" / "so762").glob("*/*.flac"))[::200]
    noise = np.random.default_rng(0).standard_normal(8 * RATE).astype(np.float32)
    heard = []
    for path in paths:
        clip = soundfile.read(path, dtype="float32")[0][: 8 * RATE]
        level = np.sqrt(np.mean(clip**2)) * noise[: len(clip)]
        clean, slight, heavy = (published.score((clip + k * level)[None])[0] for k in (0, 0.1, 0.5))
        assert clean.mos > slight.mos > heavy.mos
        heard.append([opinion.dimensions["noi"] for opinion in (clean, slight, heavy)])
    assert len(heard) > 3
    clean_noise, slight_noise, heavy_noise = np.mean(heard, axis=0)  # single clips may hold noise of their own
    assert clean_noise > slight_noise > heavy_noise
