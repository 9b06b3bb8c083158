"""callmos as it runs: streamed or whole, by ONNX or torch, at 8 or 16 kHz one answer, and by the right files only."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.audio import Resampler
from audioqa.errors import MeasurementError, SettingsError, WeightsError
from audioqa.measure import measure_samples
from audioqa.perceptual import callmos_layout
from audioqa.perceptual.callmos import CallMos
from audioqa.perceptual.callmos_features import FEATURES, FLOOR, features
from audioqa.perceptual.callmos_stream import CallMosStream, Heard, whole_bins
from audioqa.perceptual.callmos_weights import Intervals, load_weights, write_manifest

RATE = 8000
FORMS = ("frames.onnx", "frames-int8.onnx")


@pytest.fixture(scope="module", params=FORMS)
def callmos(request: pytest.FixtureRequest, untrained: Path) -> CallMos:
    return CallMos(folder=untrained, file=request.param)


def some_rows(count: int) -> NDArray[np.uint8]:
    """Rows that rise and fall, with noise: no two stretches are alike."""
    rng = np.random.default_rng(count)
    level = 140 + 50 * np.sin(np.arange(count) / 17)[:, None]
    return np.clip(level + rng.normal(0, 25, (count, FEATURES)), 0, 255).astype(np.uint8)


def talk(seconds: float, rate: int, *, top: float = 3200.0) -> NDArray[np.float32]:
    """Harmonics up to `top` Hz with syllables, over noise in the same band, float32."""
    t = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 125 * k * t + k * k) / k for k in range(1, int(top / 125)))
    rng = np.random.default_rng(3)
    hiss = sum(
        np.sin(2 * np.pi * f * t + p) for f, p in zip(rng.uniform(100, top, 60), rng.uniform(0, 6, 60), strict=True)
    )
    return np.asarray(0.1 * buzz * np.clip(np.sin(2 * np.pi * 1.5 * t), 0.02, 1) + 3e-4 * hiss, np.float32)


def streamed(stream: CallMosStream, rows: NDArray[np.uint8], block: int) -> Heard:
    parts = [
        stream.push(rows[start : start + block], last=start + block >= len(rows))
        for start in range(0, max(1, len(rows)), block)
    ]
    return Heard(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("speech", "kinds", "sums")))


@pytest.mark.parametrize("block", [1, 19, 20, 333, 2000])
def test_the_answers_do_not_depend_on_the_blocks(callmos: CallMos, block: int) -> None:
    rows = some_rows(1013)
    whole, pieces = (streamed(callmos.stream(chunk=200), rows, size) for size in (len(rows), block))
    for name in ("speech", "kinds", "sums"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(pieces, name))
    assert np.ptp(whole.sums, axis=0).max() > 1
    assert set(whole.kinds) == {callmos_layout.KINDS.index("background"), callmos_layout.SPEECH}


@pytest.mark.parametrize("count", [13, 20, 39, 320, 321, 1000, 1013])
def test_chunks_add_up_to_one_whole_run(callmos: CallMos, count: int) -> None:
    rows = some_rows(count)
    logits, sums = callmos._run(whole_bins(rows))
    found = streamed(callmos.stream(chunk=200), rows, 100)
    np.testing.assert_array_equal(found.kinds, logits[:count].argmax(axis=1))
    np.testing.assert_allclose(found.speech, callmos.speech_of(rows), atol=1e-5)
    np.testing.assert_allclose(found.sums, sums[: count // 20], rtol=1e-5, atol=1e-4)


def test_a_recording_without_rows_is_heard_as_nothing(callmos: CallMos) -> None:
    found = callmos.stream().push(np.zeros((0, FEATURES), np.uint8), last=True)
    assert [len(found.speech), len(found.kinds), found.sums.shape] == [0, 0, (0, callmos_layout.SUMS)]


def test_the_answers_come_after_a_chunk_and_what_it_hears(callmos: CallMos) -> None:
    stream = callmos.stream(chunk=200)
    rows = some_rows(400)
    assert len(stream.push(rows[:319]).speech) == 0
    assert len(stream.push(rows[319:320]).speech) == 200


def test_chunks_that_would_cut_a_sum_are_refused(callmos: CallMos) -> None:
    with pytest.raises(MeasurementError, match="multiple of 20 rows, given 30"):
        callmos.stream(chunk=30)


def test_int8_hears_what_float32_hears(untrained: Path) -> None:
    rows = features(talk(8, RATE), RATE)
    exact, small = (CallMos(folder=untrained, file=file) for file in FORMS)
    assert small.opinion_of(rows).mos == pytest.approx(exact.opinion_of(rows).mos, abs=0.1)
    assert np.mean(np.abs(small.speech_of(rows) - exact.speech_of(rows))) < 0.05


def test_a_band_limited_signal_has_the_same_rows_at_8_and_at_16_khz() -> None:
    slow = talk(4, 8000)
    fast = Resampler(8000, 16_000, channels=1).push(slow[:, None], last=True)[:, 0]
    apart = np.abs(features(slow, 8000)[5:-5].astype(int) - features(fast, 16_000)[5:-5].astype(int))
    levels = np.r_[0:45, 64:74]  # mel bands below 3.4 kHz, subframes, peaks
    assert apart[:, levels].mean() < 1.0  # half a decibel
    assert np.quantile(apart[:, levels], 0.99) <= 6
    assert (features(fast, 16_000)[:, 55:64] == FLOOR).all()
    assert apart[:, 78:].mean() < 3


def test_level_is_heard_two_bytes_to_the_decibel() -> None:
    rows, quieter = (features(gain * talk(2, RATE), RATE).astype(int) for gain in (1.0, 10 ** (-6 / 20)))
    audible = (rows > FLOOR + 12) & (np.arange(FEATURES) < 74)
    assert np.median((rows - quieter)[audible]) == 12
    assert np.abs((rows - quieter)[audible] - 12).max() <= 1


def test_a_window_scored_alone_is_the_one_scored_in_the_pass(callmos: CallMos) -> None:
    samples = talk(8, 16_000)
    (channel,) = measure_samples(samples[:, None], 16_000, channels=["one"], estimator=callmos).channels
    (window,) = channel.windows
    (alone,) = callmos.score(samples[None])
    assert window.opinion.mos == pytest.approx(alone.mos, abs=1e-4)
    assert window.opinion.dimensions == pytest.approx(dict(alone.dimensions), abs=1e-4)
    assert sum(alone.codecs.values()) == pytest.approx(1)
    assert tuple(alone.dimensions) == callmos_layout.DIMENSIONS


def test_any_span_pools_exactly(callmos: CallMos) -> None:
    rows = some_rows(600)
    _, sums = callmos._run(rows)
    (whole,) = callmos.pool(sums[None])
    (folded,) = callmos.pool((sums[:15] + sums[15:])[None])
    assert folded.mos == pytest.approx(whole.mos, abs=1e-4)
    assert whole == callmos.opinion_of(rows)


@pytest.mark.parametrize("samples", [1, 159, 320, 6399, 6400, 128_000])
def test_a_window_of_any_length_gets_an_opinion(callmos: CallMos, samples: int) -> None:
    (opinion,) = callmos.score(np.full((1, samples), 0.01, np.float32))
    assert 1 <= opinion.mos <= 5
    assert opinion.wideband is not None
    assert 1 <= opinion.wideband <= 5


def test_torch_and_onnx_agree(untrained: Path) -> None:
    from audioqa.perceptual.callmos_torch import load_network

    frames, opinions = load_network(untrained / "callmos.safetensors", device="cpu")
    onnx = CallMos(folder=untrained, file="frames.onnx")
    rows = some_rows(900)
    for ours, theirs in zip(onnx._run(rows), frames(rows), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    sums = onnx._run(rows)[1][:20].sum(axis=0, keepdims=True)
    np.testing.assert_allclose(onnx._opinions(sums), opinions(sums), atol=1e-3)


def test_what_is_unlike_the_training_gets_a_wider_spread(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from audioqa.lab.callmos_files import write_onnx
    from audioqa.perceptual.callmos_network import CallMosNetwork
    from audioqa.perceptual.session import open_session

    torch.manual_seed(4)
    network = CallMosNetwork().eval()
    known = torch.rand(4000, callmos_layout.SUMS).cumsum(dim=1)
    strange = known[:500] * torch.where(torch.arange(callmos_layout.SUMS) < 2, 1.0, 20.0)
    with torch.no_grad():
        before = [network.opinions(sums)[:, 2] for sums in (known, strange)]
        network.opinions.learn_domain(known)
        wider = [network.opinions(sums)[:, 2] - b for sums, b in zip((known, strange), before, strict=True)]
    assert float((wider[0] > 0).float().mean()) == pytest.approx(0.05, abs=0.005)
    assert float(wider[1].min()) > np.log(2)
    write_onnx(network, tmp_path)
    answers = open_session(tmp_path / "opinions.onnx", threads=1).run(None, {"sums": strange.numpy()})[0]
    assert np.allclose(answers[:, 2], (before[1] + wider[1]).numpy(), atol=1e-3)


def test_a_gpu_that_is_not_there_is_told_and_auto_does_without(untrained: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(SettingsError, match="torch finds no GPU"):
        CallMos(folder=untrained, device="cuda")
    assert CallMos(folder=untrained, device="auto").identity == CallMos(folder=untrained).identity
    with pytest.raises(SettingsError, match="no device 'tpu'; there are auto, cpu, cuda"):
        CallMos(folder=untrained, device="tpu")


def test_the_layout_is_the_networks() -> None:
    network = pytest.importorskip("audioqa.perceptual.callmos_network")
    assert len(callmos_layout.KINDS) == network.KINDS
    for name in ("ROWS", "CONTEXT", "SUMS", "DIMENSIONS", "CODECS"):
        assert getattr(network, name) == getattr(callmos_layout, name), name
    assert set(callmos_layout.CODEC_WORDS) == set(callmos_layout.CODECS)
    assert set(callmos_layout.KIND_WORDS) == set(callmos_layout.KINDS) - {"background", "speech"}


def test_the_identity_names_the_release_and_the_file_in_use(untrained: Path) -> None:
    files = json.loads((untrained / "manifest.json").read_text())["files"]
    exact, default = CallMos(folder=untrained, file="frames.onnx"), CallMos(folder=untrained)
    assert exact.identity == f"callmos 1 sha256:{files['frames.onnx'][:12]}"
    assert default.identity == f"callmos 1 sha256:{files['frames-int8.onnx'][:12]}"
    assert exact.calibrated == default.identity


@pytest.fixture
def copied(untrained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untrained, tmp_path / "callmos"))


@pytest.mark.parametrize("file", ["frames-int8.onnx", "frames.onnx", "opinions.onnx", "callmos.safetensors"])
def test_a_file_that_is_not_the_one_named_is_refused(copied: Path, file: str) -> None:
    content = bytearray((copied / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / file).write_bytes(content)
    with pytest.raises(WeightsError, match=rf"{file} has SHA-256 .*damaged, a Git LFS pointer"):
        CallMos(folder=copied)


def test_a_missing_file_or_manifest_is_named_with_the_likely_cause(copied: Path) -> None:
    (copied / "opinions.onnx").unlink()
    with pytest.raises(
        WeightsError, match=r"opinions.onnx is missing, though manifest.json names it: an incomplete copy"
    ):
        CallMos(folder=copied)
    with pytest.raises(WeightsError, match=r"lacks opinions.onnx: export"):
        write_manifest(copied, version="1", default="frames.onnx", intervals=Intervals(1.0))
    (copied / "manifest.json").unlink()
    with pytest.raises(WeightsError, match=r"manifest.json: the weights of callmos are missing .*install"):
        CallMos(folder=copied)


@pytest.mark.parametrize(
    "damage", [{"name": "other"}, {"default": "frames-int4.onnx"}, {"files": {}}, {"intervals": {"width": 1.0}}, []]
)
def test_a_manifest_of_something_else_is_refused(copied: Path, damage: object) -> None:
    path = copied / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **damage} if isinstance(damage, dict) else damage))
    with pytest.raises(WeightsError, match="not a manifest of callmos"):
        load_weights(copied)


def test_intervals_survive_the_manifest_and_widen_out_of_the_domain(copied: Path) -> None:
    intervals = Intervals(2.0, condition_residual=0.2, spread_limit=0.5, wider_beyond=1.5, label_to_listener=0.3)
    assert write_manifest(copied, version="2", default="frames.onnx", intervals=intervals).intervals == intervals
    assert [intervals.half_width(spread) for spread in (0.4, 0.6)] == pytest.approx([0.8, 1.8])
    callmos = CallMos(folder=copied)
    opinion = callmos.opinion_of(some_rows(100))
    assert callmos.half_width(replace(opinion, spread=0.6)) == pytest.approx(1.8)
    with pytest.raises(WeightsError, match="outside their ranges"):
        Intervals(-1.0)


def test_the_weights_that_come_along_are_what_their_manifest_says() -> None:
    weights = load_weights()
    assert weights.default in FORMS
    assert CallMos().identity == weights.identity(weights.default)
